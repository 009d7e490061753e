/*
** Kinds of file: how their columns are found in a header, and which texts they can hold.
*/
#include "read/kind.h"
#include "rows.h"
#include "storage.h"
#include "support.h"

static void kinds(void **state) {
  (void)state;
  static const char *const names[] = {"polls",        "hours",      "timezones",
                                      "special_days", "exclusions", "attributes"};
  enum loom_kind kind;
  for (int k = 0; k < LOOM_KIND_COUNT; k++) {
    loom_error error;
    struct loom_csv_row row;
    struct loom_columns columns;
    assert_true(loom_kind_from_name(names[k], &kind));
    assert_int_equal(kind, k);
    /* What Loom writes is what it reads. */
    make_row(&row, loom_kind_header(kind));
    assert_status(loom_columns_find(kind, &row, &columns, &error), LOOM_OK, &error);
    for (int c = 0; c < (int)row.count; c++)
      assert_int_equal(columns.fields[c], c);
  }
  kind = LOOM_HOURS;
  assert_false(loom_kind_from_name("Polls", &kind));
  assert_false(loom_kind_from_name("", &kind));
  assert_int_equal(kind, LOOM_HOURS);
}

static void columns(void **state) {
  (void)state;
  loom_error error;
  struct loom_csv_row row;
  struct loom_columns found;
  make_row(&row, "x,END_TIME_LOCAL,Start_Time_Local,DAYOFWEEK,,Store_Id");
  assert_status(loom_columns_find(LOOM_HOURS, &row, &found, &error), LOOM_OK, &error);
  static const int fields[] = {5, 3, 2, 1, -1};
  assert_int_equal(found.kind, LOOM_HOURS);
  assert_int_equal(found.field_count, 6);
  assert_memory_equal(found.fields, fields, sizeof fields);
  make_row(&row, "store_id,status,timestamp_utc,timestamp_utc");
  assert_int_equal(loom_columns_find(LOOM_POLLS, &row, &found, &error), LOOM_EINPUT);
  make_row(&row, "store_id,status,timestamp");
  assert_int_equal(loom_columns_find(LOOM_POLLS, &row, &found, &error), LOOM_EINPUT);
  assert_string_equal(error.message,
                      "the header has no column timestamp_utc: expected store_id, status,"
                      " timestamp_utc; found \"store_id,status,timestamp\"");
}

/* Columns beyond the fields that are kept do not count, and are not reached for. */
static void very_many_columns(void **state) {
  (void)state;
  loom_error error;
  struct loom_csv_row row;
  struct loom_columns found;
  struct buffer text = {0};
  for (int i = 0; i < 254; i++)
    buffer_printf(&text, "x%d,", i);
  buffer_printf(&text, "store_id,status,timestamp_utc");
  make_row(&row, text.bytes);
  assert_int_equal(row.count, 257);
  assert_int_equal(loom_columns_find(LOOM_POLLS, &row, &found, &error), LOOM_EINPUT);
  assert_non_null(strstr(error.message, "no column timestamp_utc"));
  make_row(&row, strchr(text.bytes, ',') + 1);
  assert_status(loom_columns_find(LOOM_POLLS, &row, &found, &error), LOOM_OK, &error);
  assert_int_equal(found.fields[2], 255);
  buffer_free(&text);
}

static loom_status find_attributes(struct loom_id_table *texts, struct loom_attributes *found,
                                   const char *header, loom_error *error) {
  struct loom_csv_row row;
  struct loom_columns columns;
  make_row(&row, header);
  loom_status status = loom_columns_find(LOOM_ATTRIBUTES, &row, &columns, error);
  return status == LOOM_OK ? loom_attributes_find(&row, columns.fields[0], texts, found, error)
                           : status;
}

/* The longest name, the most columns, and what is beyond. */
static void attribute_headers(void **state) {
  (void)state;
  static const char name_64[] = "1234567890123456789012345678901234567890123456789012345678901234";
  loom_error error;
  struct buffer header = {0};
  struct loom_id_table texts;
  static struct loom_attributes found;
  loom_id_table_init(&texts);
  assert_status(find_attributes(&texts, &found, "store_id", &error), LOOM_OK, &error);
  assert_int_equal(found.count, 0);
  buffer_printf(&header, "%s,store_id", name_64);
  assert_status(find_attributes(&texts, &found, header.bytes, &error), LOOM_OK, &error);
  assert_int_equal(found.count, 1);
  buffer_printf(&header, ",%sx", name_64);
  assert_int_equal(find_attributes(&texts, &found, header.bytes, &error), LOOM_EINPUT);
  assert_non_null(strstr(error.message,
                         "an attribute whose name is not of 1 to 64 bytes: expected "
                         "store_id; found \"1234567890"));
  assert_int_equal(find_attributes(&texts, &found, "store_id,a,,b", &error), LOOM_EINPUT);
  assert_string_equal(error.message,
                      "the header has an attribute whose name is not of 1 to 64 bytes:"
                      " expected store_id; found \"store_id,a,,b\"");
  assert_int_equal(find_attributes(&texts, &found, "a,store_id,b,a", &error), LOOM_EINPUT);
  assert_string_equal(error.message,
                      "the header has an attribute twice: expected store_id; found"
                      " \"a,store_id,b,a\"");
  assert_int_equal(find_attributes(&texts, &found, "store_id,a,Store_ID", &error), LOOM_EINPUT);
  assert_non_null(strstr(error.message, "the header has the column store_id twice"));
  assert_int_equal(find_attributes(&texts, &found, "a,b", &error), LOOM_EINPUT);
  assert_non_null(strstr(error.message, "the header has no column store_id"));
  /* Names are told apart by case. */
  assert_status(find_attributes(&texts, &found, "store_id,a,A", &error), LOOM_OK, &error);
  assert_int_equal(found.count, 2);

  header.length = 0;
  buffer_printf(&header, "store_id");
  for (int i = 0; i < LOOM_CSV_FIELDS_MAX - 1; i++)
    buffer_printf(&header, ",a%d", i);
  assert_status(find_attributes(&texts, &found, header.bytes, &error), LOOM_OK, &error);
  assert_int_equal(found.count, 255);
  assert_int_equal(found.items[254].field, 255);
  buffer_printf(&header, ",x");
  assert_int_equal(find_attributes(&texts, &found, header.bytes, &error), LOOM_EINPUT);
  assert_non_null(
      strstr(error.message, "the header has more than 255 attributes: expected store_id"));
  buffer_free(&header);
  loom_id_table_free(&texts);
}

/* Of the lengths around each limit: what is good is what a row of a file can hold. */
static void texts_have_limits(void **state) {
  (void)state;
  char text[LOOM_NOTE_MAX + 2];
  memset(text, 'x', sizeof text);
  for (size_t length = 0; length <= sizeof text; length++) {
    assert_int_equal(loom_store_id_is_good(text, length), length >= 1 && length <= LOOM_ID_MAX);
    assert_int_equal(loom_note_is_good(text, length), length <= LOOM_NOTE_MAX);
    assert_int_equal(loom_attribute_name_is_good(text, length),
                     length >= 1 && length <= LOOM_ATTRIBUTE_NAME_MAX);
  }
  assert_false(loom_store_id_is_good(" a", 2));
  assert_false(loom_store_id_is_good("a\t", 2));
  assert_true(loom_store_id_is_good("a\n", 2));
  assert_false(loom_store_id_is_good("a\0b", 3));
  assert_false(loom_note_is_good("a\0b", 3));
  assert_true(loom_note_is_good(" \n", 2));
  assert_false(loom_attribute_name_is_good("a\x7f", 2));
  assert_false(loom_attribute_name_is_good(" Store_ID ", 10));
  assert_true(loom_attribute_name_is_good("store id", 8));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),
      cmocka_unit_test(columns),
      cmocka_unit_test(very_many_columns),
      cmocka_unit_test(attribute_headers),
      cmocka_unit_test(texts_have_limits),
  };
  return cmocka_run_group_tests_name("kind", tests, NULL, NULL);
}
