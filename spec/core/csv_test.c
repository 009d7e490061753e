/*
** CSV rows: cases by hand, and three ways to read the same random bytes that must agree: rows split where they
** lie, every row through libcsv, and blocks cut anywhere.
*/
#include "read/csv.h"
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that goes by the text and one that takes every row through libcsv, for one text after the other: making one
** costs far more than most texts here. */
static loom_csv *parsers[2];

static int make_parsers(void **state) {
  (void)state;
  for (int always = 0; always < 2; always++) {
    parsers[always] = loom_csv_new();
    assert_non_null(parsers[always]);
    loom_csv_always_libcsv(parsers[always], always);
  }
  return 0;
}

static int free_parsers(void **state) {
  (void)state;
  loom_csv_free(parsers[0]);
  loom_csv_free(parsers[1]);
  return 0;
}

/* ---- everything that a text's rows are, as one text ---- */

struct transcript {
  char *bytes;
  size_t length, capacity;
};

static void note(struct transcript *t, const char *bytes, size_t length) {
  if (t->length + length + 1 > t->capacity) {
    t->capacity = (t->length + length + 1) * 2;
    t->bytes = realloc(t->bytes, t->capacity);
    assert_non_null(t->bytes);
  }
  if (length)
    memcpy(t->bytes + t->length, bytes, length);
  t->length += length;
  t->bytes[t->length] = '\0';
}

/* `3[a|b]{raw}` for a row on line 3, `4!why{raw}` for a bad one. */
static void note_row(struct transcript *t, enum loom_csv_result result,
                     const struct loom_csv_row *row) {
  char number[32];
  note(t, number, (size_t)sprintf(number, "%llu", (unsigned long long)row->line));
  if (result == LOOM_CSV_ROW) {
    assert_true(row->count > 0);
    note(t, "[", 1);
    for (size_t i = 0; i < row->count && i < LOOM_CSV_FIELDS_MAX; i++) {
      note(t, "|", i > 0);
      note(t, row->fields[i].text, row->fields[i].length);
    }
    note(t, "]", 1);
  } else {
    note(t, "!", 1);
    note(t, row->reason, strlen(row->reason));
    if (strstr(row->reason, "longer"))
      return; /* how much of it was kept depends on the block */
  }
  note(t, "{", 1);
  note(t, row->raw, row->raw_length);
  note(t, "}", 1);
}

static void take_rows(loom_csv *csv, struct transcript *t) {
  static struct loom_csv_row row;
  enum loom_csv_result result;
  while ((result = loom_csv_next(csv, &row)) != LOOM_CSV_END) {
    assert_int_not_equal(result, LOOM_CSV_NOMEM);
    note_row(t, result, &row);
  }
}

/*
** Reads a text in blocks of `size` bytes, the first one of `first`. What a block leaves is put before the next one.
** Each block is memory of its own, of exactly its size, so that checkers see a read past its end.
*/
static struct transcript transcribe(const char *text, size_t length, size_t first, size_t size,
                                    bool always_libcsv) {
  struct transcript t = {0};
  loom_csv *csv = parsers[always_libcsv];
  uint64_t line = 1;
  size_t begin = 0, end = first < length ? first : length;
  note(&t, "", 0);
  for (;;) {
    bool last = end == length;
    char *block = malloc(end - begin + 1);
    assert_non_null(block);
    char *shifted = block + 1; /* ends where the memory ends, even when it is empty */
    memcpy(shifted, text + begin, end - begin);
    loom_csv_start(csv, shifted, end - begin, line, last);
    take_rows(csv, &t);
    size_t rest = loom_csv_rest(csv);
    line = loom_csv_line(csv);
    free(block);
    assert_true(rest <= LOOM_CSV_ROW_MAX);
    begin = end - rest;
    if (last) {
      assert_int_equal(rest, 0);
      break;
    }
    end = length - end < size ? length : end + size;
  }
  return t;
}

static struct transcript transcribe_whole(const char *text, size_t length) {
  return transcribe(text, length, length, 1, false);
}

static void expect_same(const char *text, size_t length, const struct transcript *expected,
                        size_t first, size_t size, bool always_libcsv) {
  struct transcript t = transcribe(text, length, first, size, always_libcsv);
  if (t.length != expected->length || memcmp(t.bytes, expected->bytes, t.length) != 0) {
    char shown[LOOM_QUOTED_SIZE], was[LOOM_QUOTED_SIZE], should[LOOM_QUOTED_SIZE];
    fail_msg("%s in blocks of %zu, then %zu%s: %s, not %s", loom_quote(shown, text, length), first,
             size, always_libcsv ? ", through libcsv" : "", loom_quote(was, t.bytes, t.length),
             loom_quote(should, expected->bytes, expected->length));
  }
  free(t.bytes);
}

/* ---- by hand ---- */

static const struct {
  const char *text, *expected;
} by_hand[] = {
    {"", ""},
    {"a", "1[a]{a}"},
    {"a\n", "1[a]{a}"},
    {"a,b\nc,d", "1[a|b]{a,b}2[c|d]{c,d}"},
    {"a,b\r\nc,d\r\n", "1[a|b]{a,b}2[c|d]{c,d}"},
    {"a,b\rc,d\r", "1[a|b]{a,b}2[c|d]{c,d}"},
    {"a\nb\r\nc\rd", "1[a]{a}2[b]{b}3[c]{c}4[d]{d}"},
    {"a\n\r\nb", "1[a]{a}3[b]{b}"},
    {"a\r\r\nb", "1[a]{a}3[b]{b}"},
    {"\n\n \t\na\n\n", "4[a]{a}"},
    {" a , b\t\n", "1[a|b]{ a , b\t}"},
    {"a b,c\td", "1[a b|c\td]{a b,c\td}"},
    {",", ""},
    {",,\n", ""},
    {"a\n,\n\n , \t,\nb", "1[a]{a}5[b]{b}"},
    {",\"\"", "1[|]{,\"\"}"},
    {"a,", "1[a|]{a,}"},
    {" , ", ""},
    {"\"a\"", "1[a]{\"a\"}"},
    {"\"\"", "1[]{\"\"}"},
    {"\"a,b\",c", "1[a,b|c]{\"a,b\",c}"},
    {"\"a\"\"b\"", "1[a\"b]{\"a\"\"b\"}"},
    {" \"a\" , \"b\" ", "1[a|b]{ \"a\" , \"b\" }"},
    {"\" a \"", "1[ a ]{\" a \"}"},
    {"\t\"\ta \" ,\" \",\t b\t, ", "1[\ta | |b|]{\t\"\ta \" ,\" \",\t b\t, }"},
    {"\"a\nb\",c\nd", "1[a\nb|c]{\"a\nb\",c}3[d]{d}"},
    {"\"a\r\nb\"\r\nc", "1[a\r\nb]{\"a\r\nb\"}3[c]{c}"},
    {"\"a\rb\"\rc", "1[a\rb]{\"a\rb\"}3[c]{c}"},
    {"\"a\n\n\nb\"\nc", "1[a\n\n\nb]{\"a\n\n\nb\"}5[c]{c}"},
    {"a\"b\nc", "1!has an invalid quote{a\"b}2[c]{c}"},
    {"\"a\"b\nc", "1!has an invalid quote{\"a\"b}2[c]{c}"},
    {"\"a\nb\"c\nd", "1!has an invalid quote{\"a}2!has an invalid quote{b\"c}3[d]{d}"},
    {"\"a\nb\nc", "1!has a quote that is not closed{\"a}2[b]{b}3[c]{c}"},
    {"x\n\"a", "1[x]{x}2!has a quote that is not closed{\"a}"},
    {"x\n\"a\n", "1[x]{x}2!has a quote that is not closed{\"a}"},
    {"\xef\xbb\xbf\xc3\xa9,\xff", "1[\xef\xbb\xbf\xc3\xa9|\xff]{\xef\xbb\xbf\xc3\xa9,\xff}"},
};

static void cases_by_hand(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
    size_t length = strlen(by_hand[i].text);
    const struct transcript expected = {(char *)(uintptr_t)by_hand[i].expected,
                                        strlen(by_hand[i].expected), 0};
    for (size_t size = 1; size <= length + 1; size++) {
      expect_same(by_hand[i].text, length, &expected, size, size, false);
      expect_same(by_hand[i].text, length, &expected, size, size, true);
    }
  }
}

static void a_nul_byte_spoils_its_row(void **state) {
  (void)state;
  static const char text[] = "a,b\0c\nd\n\"e\n\0\"\nf";
  static const char found[] =
      "1!has a NUL byte{a,b\0c}2[d]{d}3!has a NUL byte{\"e}"
      "4!has a NUL byte{\0\"}5[f]{f}";
  const struct transcript expected = {(char *)(uintptr_t)found, sizeof found - 1, 0};
  for (size_t size = 1; size < sizeof text; size++) {
    expect_same(text, sizeof text - 1, &expected, size, size, false);
    expect_same(text, sizeof text - 1, &expected, size, size, true);
  }
}

/* ---- random bytes ---- */

static size_t random_text(char *text, size_t most, uint64_t *random) {
  static const char kinds[] = "aab ,,,\"\"\n\n\r \t";
  size_t length = random_below(random, most + 1);
  bool quotes = random_below(random, 3), nul = random_below(random, 10) == 0;
  for (size_t i = 0; i < length; i++) {
    char c = kinds[random_below(random, sizeof kinds - 1)];
    if (c == '"' && !quotes)
      c = 'q';
    text[i] = nul && random_below(random, 10) == 0 ? '\0' : c;
  }
  return length;
}

/* Rows that are mostly well-formed: random bytes alone have few quotes that pass. */
static size_t random_rows(char *text, size_t most, uint64_t *random) {
  static const char *const fields[] = {"",          "a",       " b ",    "\"\"",
                                       "\"c\"",     "\"d,e\"", "\"\n\"", "\"\r\n\"",
                                       "\"f\"\"\"", " \"g\" ", "\" h\"", "\""};
  static const char *const ends[] = {",", ",", ",", "\n", "\r\n", "\r", "\n\n"};
  size_t length = 0;
  while (length + 16 < most && random_below(random, 30)) {
    /* The last field is a quote without its other half: once in a while. */
    const char *field = fields[random_below(random, random_below(random, 8) ? 11 : 12)];
    const char *end = ends[random_below(random, sizeof ends / sizeof *ends)];
    memcpy(text + length, field, strlen(field));
    length += strlen(field);
    memcpy(text + length, end, strlen(end));
    length += strlen(end);
  }
  return length;
}

static void libcsv_and_the_cuts_make_no_difference(void **state) {
  (void)state;
  uint64_t random = 5;
  int good = 0, bad = 0;
  for (int round = 0; round < 2500; round++) {
    char text[160];
    size_t length =
        round % 2 ? random_text(text, 40, &random) : random_rows(text, sizeof text, &random);
    struct transcript whole = transcribe_whole(text, length);
    good += whole.length > 0 && memchr(whole.bytes, '[', whole.length) != NULL;
    bad += whole.length > 0 && memchr(whole.bytes, '!', whole.length) != NULL;
    expect_same(text, length, &whole, length, 1, true);
    for (size_t size = 1; size <= length && size < 24; size++)
      expect_same(text, length, &whole, size, size, size % 2);
    for (size_t first = 0; first <= length; first++)
      expect_same(text, length, &whole, first, length, first % 2);
    free(whole.bytes);
  }
  assert_true(good > 1000 && bad > 400);
}

static void swap_separators(char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    text[i] = text[i] == ',' ? ';' : text[i] == ';' ? ',' : text[i];
}

static void separate_by(char separator) {
  loom_csv_separate_by(parsers[0], separator);
  loom_csv_separate_by(parsers[1], separator);
}

/* A text whose commas and semicolons change places means the same once it is told so. */
static void separators_mean_the_same(void **state) {
  (void)state;
  uint64_t random = 6;
  int several = 0;
  for (int round = 0; round < 2500; round++) {
    char text[160];
    size_t length =
        round % 2 ? random_text(text, 40, &random) : random_rows(text, sizeof text, &random);
    for (size_t i = 0; i < length; i++)
      if (text[i] == 'b')
        text[i] = ';';
    struct transcript expected = transcribe_whole(text, length);
    several += expected.length && memchr(expected.bytes, '|', expected.length);
    swap_separators(text, length);
    if (expected.length)
      swap_separators(expected.bytes, expected.length);
    separate_by(';');
    expect_same(text, length, &expected, length, 1, false);
    expect_same(text, length, &expected, 3, 5, true);
    separate_by(',');
    free(expected.bytes);
  }
  assert_true(several > 500);
}

/* ---- limits ---- */

static size_t put_text(char *text, size_t at, const char *more) {
  memcpy(text + at, more, strlen(more));
  return at + strlen(more);
}

/* Rows around the limit, cut around every place that matters: their end, and the limit. */
static void long_rows(void **state) {
  (void)state;
  static const char *const ends[] = {"\n", "\r\n", "\r"};
  static char text[3 * LOOM_CSV_ROW_MAX];
  for (size_t e = 0; e < 3; e++) {
    size_t end_length = strlen(ends[e]);
    for (int over = -1; over <= 2; over++) {
      size_t width = (size_t)((int)LOOM_CSV_ROW_MAX - (int)end_length + over), length;
      length = put_text(text, 0, "first\n");
      memset(text + length, 'x', width);
      length = put_text(text, length + width, ends[e]);
      size_t row_end = length;
      length = put_text(text, length, "b,c");
      length = put_text(text, length, ends[e]);
      length = put_text(text, length, "d");
      struct transcript whole = transcribe_whole(text, length);
      const char *found = strstr(whole.bytes, over > 0 ? "2!is longer than 65536 bytes" : "2[xxx");
      assert_ptr_equal(found, whole.bytes + strlen("1[first]{first}"));
      assert_non_null(strstr(whole.bytes, "3[b|c]{b,c}4[d]{d}"));
      for (size_t cut = row_end - 6; cut <= length; cut++)
        expect_same(text, length, &whole, cut, length, cut % 2);
      expect_same(text, length, &whole, 4096, 4096, false);
      expect_same(text, length, &whole, 4099, 4099, true);
      free(whole.bytes);
    }
  }
}

/* What follows a row far too long is not lost, wherever the blocks were cut. */
static void rows_after_one_far_too_long(void **state) {
  (void)state;
  static const char *const ends[] = {"\n", "\r\n", "\r", "\r\n\r\n", "\r\r", "\n\r"};
  static char text[3 * LOOM_CSV_ROW_MAX];
  for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
    size_t width = 2 * LOOM_CSV_ROW_MAX + 100, length;
    memset(text, 'x', width);
    text[width / 2] = '"'; /* of no consequence */
    length = put_text(text, width, ends[e]);
    length = put_text(text, length, "b,c");
    length = put_text(text, length, ends[e]);
    length = put_text(text, length, "d");
    struct transcript whole = transcribe_whole(text, length);
    assert_non_null(strstr(whole.bytes, "[b|c]{b,c}"));
    assert_non_null(strstr(whole.bytes, "[d]{d}"));
    for (size_t cut = width - 3; cut <= length; cut++) {
      expect_same(text, length, &whole, cut, length, false);
      expect_same(text, length, &whole, cut, 1, true);
      expect_same(text, length, &whole, LOOM_CSV_ROW_MAX + 1, cut - LOOM_CSV_ROW_MAX - 1, false);
    }
    expect_same(text, length, &whole, 10007, 10007, false);
    free(whole.bytes);
  }
  /* And without an end at all. */
  memset(text, 'x', sizeof text);
  struct transcript whole = transcribe_whole(text, sizeof text);
  assert_string_equal(whole.bytes, "1!is longer than 65536 bytes");
  expect_same(text, sizeof text, &whole, 10007, 10007, false);
  free(whole.bytes);
}

/* An unclosed quote costs its own line, not the file. */
static void a_quote_that_is_never_closed(void **state) {
  (void)state;
  static char text[LOOM_CSV_ROW_MAX + 4096];
  static const char start[] =
      "1!has a quote that is not closed within 65536 bytes{\"a,b}2[x]{x}3[x]{x}";
  size_t length = put_text(text, 0, "\"a,b\n");
  while (length < sizeof text)
    length = put_text(text, length, length + 2 <= sizeof text ? "x\n" : "x");
  struct transcript whole = transcribe_whole(text, length);
  assert_memory_equal(whole.bytes, start, sizeof start - 1);
  expect_same(text, length, &whole, 16384, 16384, false);
  expect_same(text, length, &whole, LOOM_CSV_ROW_MAX, 1000, false);
  expect_same(text, length, &whole, LOOM_CSV_ROW_MAX + 1, 1000, false);
  free(whole.bytes);
}

static void more_fields_than_are_kept(void **state) {
  (void)state;
  static struct loom_csv_row row;
  char text[1024];
  for (int always = 0; always < 2; always++)
    for (size_t count = LOOM_CSV_FIELDS_MAX - 1; count <= LOOM_CSV_FIELDS_MAX + 2; count++) {
      loom_csv *csv = loom_csv_new();
      for (size_t i = 0; i < count; i++) {
        text[2 * i] = (char)('a' + i % 26);
        text[2 * i + 1] = i + 1 < count ? ',' : '\n';
      }
      loom_csv_always_libcsv(csv, always);
      loom_csv_start(csv, text, 2 * count, 7, false);
      assert_int_equal(loom_csv_next(csv, &row), LOOM_CSV_ROW);
      assert_int_equal(row.count, count);
      assert_int_equal(row.line, 7);
      for (size_t i = 0; i < count && i < LOOM_CSV_FIELDS_MAX; i++) {
        assert_int_equal(row.fields[i].length, 1);
        assert_int_equal(*row.fields[i].text, 'a' + i % 26);
      }
      assert_int_equal(loom_csv_next(csv, &row), LOOM_CSV_END);
      assert_int_equal(loom_csv_line(csv), 8);
      loom_csv_free(csv);
    }
  loom_csv_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_by_hand),
      cmocka_unit_test(a_nul_byte_spoils_its_row),
      cmocka_unit_test(libcsv_and_the_cuts_make_no_difference),
      cmocka_unit_test(separators_mean_the_same),
      cmocka_unit_test(long_rows),
      cmocka_unit_test(rows_after_one_far_too_long),
      cmocka_unit_test(a_quote_that_is_never_closed),
      cmocka_unit_test(more_fields_than_are_kept),
  };
  return cmocka_run_group_tests_name("csv", tests, make_parsers, free_parsers);
}
