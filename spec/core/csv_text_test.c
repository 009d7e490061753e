/*
** Fields of CSV: which are quoted, and that Loom's own reader gets them back.
*/
#include "base/csv_text.h"
#include "read/csv.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static void fields(void **state) {
  (void)state;
  static const struct {
    const char *field, *expected;
  } cases[] = {
      {"", ""},
      {"abc", "abc"},
      {"a b", "a b"},
      {"8419537941919820732", "8419537941919820732"},
      {"a,b", "\"a,b\""},
      {"a\"b", "\"a\"\"b\""},
      {"\"", "\"\"\"\""},
      {"a\nb", "\"a\nb\""},
      {"\r", "\"\r\""},
      {",", "\",\""},
      {"a;b\t'c", "a;b\t'c"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct loom_text text = {0};
    assert_true(loom_text_reserve(&text, LOOM_CSV_FIELD_SIZE(strlen(cases[i].field))));
    loom_csv_put_field(&text, cases[i].field, strlen(cases[i].field));
    assert_int_equal(text.length, strlen(cases[i].expected));
    if (text.length)
      assert_memory_equal(text.bytes, cases[i].expected, text.length);
    loom_text_free(&text);
  }
}

static void formulas(void **state) {
  (void)state;
  static const char *const yes[] = {"=1",
                                    "+1",
                                    "-1",
                                    "@a",
                                    "\t",
                                    "\r=",
                                    "\n",
                                    "\x01",
                                    "\x7f",
                                    "\xef\xbc\x9d"
                                    "1",
                                    "\xef\xbc\x8b",
                                    "\xef\xbc\x8d",
                                    "\xef\xbc\xa0"
                                    "a",
                                    "'=1",
                                    "'''-",
                                    "="};
  static const char *const no[] = {"",
                                   "a=1",
                                   "1-1",
                                   "'",
                                   "''",
                                   "'s-Hertogenbosch",
                                   "\xef\xbc\x91",
                                   "\xef\xbc",
                                   "\xef",
                                   " =1",
                                   "caf\xc3\xa9",
                                   "8419537941919820732"};
  assert_true(loom_csv_is_formula("\0", 1));
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    assert_true(loom_csv_is_formula(yes[i], strlen(yes[i])));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    assert_false(loom_csv_is_formula(no[i], strlen(no[i])));
}

/* Reads a field that was written back, from room of exactly the promised size, so that checkers see a write past it. */
static struct loom_csv_field read_back(loom_csv *csv,
                                       void (*put)(struct loom_text *, const char *, size_t),
                                       const char *field, size_t length, struct loom_text *text) {
  static struct loom_csv_row row;
  *text = (struct loom_text){malloc(LOOM_CSV_FIELD_SIZE(length)), 0, LOOM_CSV_FIELD_SIZE(length)};
  assert_non_null(text->bytes);
  put(text, field, length);
  assert_true(text->length <= text->capacity);
  loom_csv_start(csv, text->bytes, text->length, 1, true);
  assert_int_equal(loom_csv_next(csv, &row), LOOM_CSV_ROW);
  assert_int_equal(row.count, 1);
  return row.fields[0];
}

static size_t random_field(char *field, size_t most, const char *kinds, uint64_t *random) {
  size_t length = 1 + random_below(random, most);
  for (size_t i = 0; i < length; i++)
    field[i] = kinds[random_below(random, strlen(kinds))];
  return length;
}

/* What nobody could run is as it was; of the rest, no two become the same, and one apostrophe less gives them back. */
static void harmless_fields_read_back(void **state) {
  (void)state;
  static const char kinds[] = "a''==+-@\t\x01,\"\n\r\xef\xbc\x9d";
  uint64_t random = 11;
  loom_csv *csv = loom_csv_new();
  assert_non_null(csv);
  for (int round = 0; round < 20000; round++) {
    char field[8];
    struct loom_text text;
    size_t length = random_field(field, sizeof field, kinds, &random);
    struct loom_csv_field found = read_back(csv, loom_csv_put_harmless_field, field, length, &text);
    bool changed = loom_csv_is_formula(found.text, found.length);
    assert_true(!changed || found.text[0] == '\'');
    assert_int_equal(changed, loom_csv_is_formula(field, length));
    assert_int_equal(found.length, length + changed);
    assert_memory_equal(found.text + changed, field, length);
    loom_text_free(&text);
  }
  loom_csv_free(csv);
}

static void fields_read_back(void **state) {
  (void)state;
  uint64_t random = 9;
  loom_csv *csv = loom_csv_new();
  assert_non_null(csv);
  for (int round = 0; round < 20000; round++) {
    char field[12];
    struct loom_text text;
    size_t length = random_field(field, sizeof field, "ab,\"\n\r\"", &random);
    struct loom_csv_field found = read_back(csv, loom_csv_put_field, field, length, &text);
    assert_int_equal(found.length, length);
    assert_memory_equal(found.text, field, length);
    loom_text_free(&text);
  }
  loom_csv_free(csv);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields),
      cmocka_unit_test(fields_read_back),
      cmocka_unit_test(formulas),
      cmocka_unit_test(harmless_fields_read_back),
  };
  return cmocka_run_group_tests_name("csv_text", tests, NULL, NULL);
}
