/*
** Tests of one block's parsing: what a batch holds, what is left over, and which ids it reports as new. What comes of
** whole files is in ingest_test.
*/
#include "storage.h"

#include "read/ingest_parse.h"

#define HEADER "store_id,status,timestamp_utc"

/* A parser that numbers stores itself, as those of threads do. */
static void begin(struct loom_parser *parser, loom_zones *zones, loom_staging *staging) {
  loom_error error;
  struct loom_csv_row row;
  struct loom_parser_options options = {.max_rejects = LOOM_ALL_REJECTS, .beside_others = true};
  assert_true(loom_parser_init(parser, zones, &options, staging));
  loom_csv_start(parser->csv, HEADER, strlen(HEADER), 1, true);
  assert_int_equal(loom_csv_next(parser->csv, &row), LOOM_CSV_ROW);
  assert_status(loom_columns_find(LOOM_POLLS, &row, &parser->reader.columns, &error), LOOM_OK,
                &error);
}

static void blocks(void **state) {
  (void)state;
  static const char first[] =
      "a,active,1970-01-01 00:00:00\n\nb,on,1970-01-01 "
      "00:00:00\nc,active,1970-01-02 00:00:00\na,acti";
  static const char second[] = "a,active,1970-01-03 00:00:00\nd,inactive,1970-01-03 00:00:00";
  loom_zones *zones = loom_zones_new(NULL);
  struct loom_parser parser;
  struct loom_batch batch = {0};
  loom_staging *staging = new_staging(&(struct loom_staging_options){.kind = LOOM_POLLS});
  begin(&parser, zones, staging);
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
  assert_int_equal(staging->ids->count, 0);
  loom_staging_free(staging);
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(blocks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
