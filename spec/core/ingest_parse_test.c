/*
** Tests of one block's parsing: what a batch holds, what is left over, and which ids it reports as new. What comes of
** whole files is in ingest_test.
*/
#include "storage.h"

#include "ingest_parse.h"

#define HEADER "store_id,status,timestamp_utc"

static void begin(struct loom_parser *parser, loom_zones *zones) {
  loom_error error;
  struct loom_csv_row row;
  struct loom_ingest_options options = {.kind = LOOM_POLLS, .max_rejects = LOOM_ALL_REJECTS};
  assert_true(loom_parser_init(parser, zones, &options));
  loom_csv_start(parser->csv, HEADER, strlen(HEADER), 1, true);
  assert_int_equal(loom_csv_next(parser->csv, &row), LOOM_CSV_ROW);
  assert_status(loom_columns_find(LOOM_POLLS, &row, &parser->reader.columns, &error), LOOM_OK,
                &error);
}

static void blocks(void **state) {
  (void)state;
  static const char first[] = "a,active,1970-01-01 00:00:00\n\nb,on,1970-01-01 "
                              "00:00:00\nc,active,1970-01-02 00:00:00\na,acti";
  static const char second[] = "a,active,1970-01-03 00:00:00\nd,inactive,1970-01-03 00:00:00";
  loom_zones *zones = loom_zones_new(NULL);
  struct loom_parser parser;
  struct loom_batch batch = {0};
  begin(&parser, zones);
  assert_int_equal(loom_parser_run(&parser, first, sizeof first - 1, 10, false, &batch), 6);
  assert_false(batch.failure.code);
  assert_int_equal(batch.rows, 3);
  assert_int_equal(batch.first_line, 10);
  assert_int_equal(batch.end_line, 14);
  assert_int_equal(batch.poll_count, 2);
  assert_int_equal(batch.polls[0].store, 0);
  assert_int_equal(batch.polls[1].store, 1);
  assert_int_equal(batch.polls[1].day, 1);
  /* Length, text; the refused row's id has no number. */
  assert_int_equal(batch.new_ids_size, 4);
  assert_memory_equal(batch.new_ids, "\1a\1c", 4);
  assert_int_equal(batch.rejected, 1);
  assert_int_equal(batch.rejects.first->line, 12);
  assert_string_equal(batch.rejects.first->column, "status");
  assert_memory_equal(batch.rejects.first->text, "onb,on,1970-01-01 00:00:00", 26);
  loom_reject_list_free(&batch.rejects);

  /* The next block replaces the polls and reports what is new since. */
  assert_int_equal(loom_parser_run(&parser, second, sizeof second - 1, 14, true, &batch), 0);
  assert_int_equal(batch.rows, 2);
  assert_int_equal(batch.end_line, 16);
  assert_int_equal(batch.poll_count, 2);
  assert_int_equal(batch.polls[0].store, 0);
  assert_int_equal(batch.polls[1].store, 2);
  assert_memory_equal(batch.new_ids, "\1d", batch.new_ids_size);
  assert_int_equal(batch.rejected, 0);
  loom_batch_free(&batch);
  loom_batch_free(&batch);
  loom_parser_free(&parser);
  loom_zones_free(zones);
}

static struct loom_reject_list list_of(const uint64_t *lines, size_t count) {
  struct loom_reject_list list = {0};
  for (size_t i = 0; i < count; i++) {
    struct loom_reject_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    entry->line = lines[i];
    loom_reject_list_append(&list, &(struct loom_reject_list){entry, &entry->next});
  }
  return list;
}

static void lists_of_rejects(void **state) {
  (void)state;
  static const uint64_t lines[] = {1, 2, 3, 4, 5};
  for (size_t cut = 0; cut <= COUNT_OF(lines); cut++) {
    struct loom_reject_list list = list_of(lines, cut),
                            more = list_of(lines + cut, COUNT_OF(lines) - cut);
    struct loom_reject_list none = {0};
    loom_reject_list_append(&list, &none);
    loom_reject_list_append(&list, &more);
    assert_null(more.first);
    uint64_t next = 1;
    for (struct loom_reject_entry *entry = list.first; entry; entry = entry->next)
      assert_int_equal(entry->line, next++);
    assert_int_equal(next, 6);
    loom_reject_list_free(&list);
    assert_null(list.first);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(lists_of_rejects)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
