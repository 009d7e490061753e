/*
** Tests of weeks as text: what is read, what is refused, and that what is written of a week is read as the same one.
*/
#include "measure/week.h"
#include "measure/week_text.h"
#include "support.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define MOST 20

/* A week as text, in the order of its openings. */
static const char *canonical(const char *text, char *out, size_t size) {
  struct loom_hours openings[MOST];
  unsigned char packed[MOST * LOOM_OPENING_SIZE];
  size_t count;
  const char *reason = loom_week_parse(text, strlen(text), openings, MOST, &count);
  if (reason)
    return reason;
  count = loom_week_pack(openings, count, packed) / LOOM_OPENING_SIZE;
  for (size_t i = 0; i < count; i++)
    loom_opening_unpack(packed + i * LOOM_OPENING_SIZE, &openings[i]);
  struct loom_text written = {out, 0, size - 1};
  assert_true(LOOM_WEEK_TEXT_SIZE(count) < size);
  loom_week_put(&written, openings, count);
  assert_true(written.length <= LOOM_WEEK_TEXT_SIZE(count));
  out[written.length] = '\0';
  return out;
}

static void weeks_are_read_and_written(void **state) {
  (void)state;
  static const struct {
    const char *text, *written;
  } cases[] = {
      {"sun 02:00-04:00", "sun 02:00-04:00"},
      {" Sunday  2:00 - 4:00 ", "sun 02:00-04:00"},
      {"6 02:00-04:00;6 02:00-04:00", "sun 02:00-04:00"},
      {"sun 02:00 AM-04:00 PM", "sun 02:00-16:00"},
      {"daily 23:59:30-24:00", "daily 23:59:30-24:00"},
      {"DAILY 00:00-00:00", "daily 00:00-00:00"},
      {"mon-sun 03:00-03:10", "daily 03:00-03:10"},
      {"mon-fri 22:00-23:00,01:00-02:00", "mon-fri 01:00-02:00,22:00-23:00"},
      {"fri,mon,tue 22:00-06:00", "mon-tue 22:00-06:00; fri 22:00-06:00"},
      {"sat-mon 10:00-11:00", "mon 10:00-11:00; sat-sun 10:00-11:00"},
      {"mon-wed,fri 10:00-11:00; tue 12:00-13:00",
       "mon 10:00-11:00; tue 10:00-11:00,12:00-13:00; wed 10:00-11:00; fri 10:00-11:00"},
      {"tue 10:00-11:00; mon 10:00-11:00", "mon-tue 10:00-11:00"},
      {"mon 10:00-11:00; tue 10:00-12:00", "mon 10:00-11:00; tue 10:00-12:00"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char out[1000], again[1000];
    assert_string_equal(canonical(cases[i].text, out, sizeof out), cases[i].written);
    assert_string_equal(canonical(out, again, sizeof again), cases[i].written);
  }
}

static void what_is_no_week(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      " ",
                                      ";",
                                      "sun",
                                      "02:00-04:00",
                                      "sun 02:00",
                                      "sun 2-4",
                                      "sun 02:00-",
                                      "sun -02:00",
                                      "sun 02:00-04:00,",
                                      "sun 02:00-04:00;",
                                      ",sun 02:00-04:00",
                                      "sun, 02:00-04:00",
                                      "sun- 02:00-04:00",
                                      "-sun 02:00-04:00",
                                      "mon-tue-wed 02:00-04:00",
                                      "noday 02:00-04:00",
                                      "7 02:00-04:00",
                                      "sun 02:00-25:00",
                                      "sun 02:00-04:00-05:00",
                                      "daily,mon 02:00-04:00",
                                      "sun 02:00-04:00 mon 02:00-04:00"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    char out[1000];
    if (!strstr(canonical(texts[i], out, sizeof out), "is not a week (such as "))
      fail_msg("\"%s\" gives %s", texts[i], out);
  }
  char out[1000];
  assert_string_equal(canonical("daily 01:00-02:00,03:00-04:00,05:00-06:00", out, sizeof out),
                      "has too many spans");
}

/* Random weeks: as text they are the same again. */
static void weeks_keep_what_they_are(void **state) {
  (void)state;
  uint64_t seed = 3;
  for (int round = 0; round < 2000; round++) {
    struct loom_hours openings[MOST], read[MOST];
    unsigned char packed[MOST * LOOM_OPENING_SIZE], again[MOST * LOOM_OPENING_SIZE];
    char bytes[LOOM_WEEK_TEXT_SIZE(MOST)];
    struct loom_text text = {bytes, 0, sizeof bytes};
    size_t count = (size_t)round % MOST + 1, found;
    for (size_t i = 0; i < count; i++) {
      openings[i] = (struct loom_hours){.weekday = (int32_t)random_below(&seed, 7),
                                        .open = (int32_t)random_below(&seed, 5) * 3600 + round % 2,
                                        .close = (int32_t)random_below(&seed, 5) * 21600};
    }
    size_t size = loom_week_pack(openings, count, packed);
    count = size / LOOM_OPENING_SIZE;
    for (size_t i = 0; i < count; i++)
      loom_opening_unpack(packed + i * LOOM_OPENING_SIZE, &openings[i]);
    loom_week_put(&text, openings, count);
    assert_null(loom_week_parse(text.bytes, text.length, read, MOST, &found));
    assert_int_equal(loom_week_pack(read, found, again), size);
    assert_memory_equal(again, packed, size);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(weeks_are_read_and_written),
                                     cmocka_unit_test(what_is_no_week),
                                     cmocka_unit_test(weeks_keep_what_they_are)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
