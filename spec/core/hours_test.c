/*
** Tests of weekly hours with overrides laid over them: cases by hand, and random weeks compared with an oracle that
** asks for each date which week is in force.
*/
#include "measure/hours.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* ---- by hand ---- */

/*
** A list as text: weeks apart by `;`, each `DATE:` (`*` for always) and then its rows: `WEEKDAY@OPEN-CLOSE`,
** `closed` or `none`.
*/
static const struct {
  const char *what, *file, *overrides, *in_force;
} cases[] = {
    {"nothing", "", "", ""},
    {"no overrides", "*: 1@9-17 2@9-17; 5: closed; 8: 0@1-2", "",
     "*: 1@9-17 2@9-17; 5: closed; 8: 0@1-2"},
    {"always", "*: 1@9-17; 5: 2@9-17", "*: 0@1-2 0@3-4", "*: 0@1-2 0@3-4"},
    {"from a date on", "*: 1@9-17", "5: 2@8-9", "*: 1@9-17; 5: 2@8-9"},
    {"the file's later weeks do not come through", "*: 1@9-17; 5: 3@9-17; 9: 4@9-17", "3: 2@8-9",
     "*: 1@9-17; 3: 2@8-9"},
    {"on the very date of the file's week", "*: 1@9-17; 5: 3@9-17", "5: 2@8-9",
     "*: 1@9-17; 5: 2@8-9"},
    {"one after the other", "*: 1@9-17", "3: 2@8-9; 5: closed; 7: 3@1-2",
     "*: 1@9-17; 3: 2@8-9; 5: closed; 7: 3@1-2"},
    {"reverting brings the file's week back", "*: 1@9-17 2@9-17", "3: 2@8-9; 5: none",
     "*: 1@9-17 2@9-17; 3: 2@8-9; 5: 1@9-17 2@9-17"},
    {"the one in force by then", "*: 1@9-17; 4: 2@9-17; 9: closed", "3: 2@8-9; 5: none",
     "*: 1@9-17; 3: 2@8-9; 5: 2@9-17; 9: closed"},
    {"the one that begins that day", "*: 1@9-17; 5: 2@9-17", "3: 2@8-9; 5: none",
     "*: 1@9-17; 3: 2@8-9; 5: 2@9-17"},
    {"and over again", "*: 1@9-17", "3: 2@8-9; 5: none; 7: 3@8-9; 9: none",
     "*: 1@9-17; 3: 2@8-9; 5: 1@9-17; 7: 3@8-9; 9: 1@9-17"},
    {"no file", "", "3: 2@8-9 3@8-9", "3: 2@8-9 3@8-9"},
    {"reverting without a file", "", "3: 2@8-9; 5: none; 7: closed",
     "3: 2@8-9; 5: none; 7: closed"},
    {"reverting before the file begins", "7: 1@9-17", "3: 2@8-9; 5: none",
     "3: 2@8-9; 5: none; 7: 1@9-17"},
    {"closed is not none", "*: 1@9-17", "3: closed", "*: 1@9-17; 3: closed"},
};

static void read_list(const char *text, struct loom_hours_list *list) {
  list->count = 0;
  for (const char *at = text; *at;) {
    int read = 0, weekday, open, close;
    int32_t from = LOOM_ALWAYS;
    if (*at == '*')
      read = 2;
    else
      assert_int_equal(sscanf(at, "%d:%n", &from, &read), 1);
    for (at += read; *at == ' '; at += read) {
      struct loom_hours hours = {.from = from};
      if (sscanf(at, " %d@%d-%d%n", &weekday, &open, &close, &read) == 3) {
        hours = (struct loom_hours){from, weekday, open, close};
      } else {
        hours.open = hours.close = at[1] == 'c' ? LOOM_CLOSED : LOOM_NO_HOURS;
        read = at[1] == 'c' ? 7 : 5;
      }
      assert_true(loom_hours_list_add(list, hours));
    }
    at += *at == ';' ? 2 : 0;
  }
}

static void write_list(const struct loom_hours_list *list, char *out) {
  *out = '\0';
  for (size_t i = 0; i < list->count; i++) {
    struct loom_hours hours = list->items[i];
    if (i == 0 || hours.from != list->items[i - 1].from) {
      out += sprintf(out, i ? "; " : "");
      out += hours.from == LOOM_ALWAYS ? sprintf(out, "*:") : sprintf(out, "%d:", hours.from);
    }
    if (hours.open == LOOM_CLOSED || hours.open == LOOM_NO_HOURS) {
      assert_int_equal(hours.open, hours.close);
      out += sprintf(out, " %s", hours.open == LOOM_CLOSED ? "closed" : "none");
    } else {
      out += sprintf(out, " %d@%d-%d", hours.weekday, hours.open, hours.close);
    }
  }
}

static void cases_by_hand(void **state) {
  (void)state;
  struct loom_hours_list file = {0}, overrides = {0}, in_force = {0};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char found[500];
    read_list(cases[i].file, &file);
    read_list(cases[i].overrides, &overrides);
    assert_true(loom_hours_lay_over(&file, &overrides, &in_force));
    write_list(&in_force, found);
    if (strcmp(found, cases[i].in_force) != 0)
      fail_msg("%s: %s, not %s", cases[i].what, found, cases[i].in_force);
    /* What it is made from stays as it was. */
    write_list(&file, found);
    assert_string_equal(found, cases[i].file);
    write_list(&overrides, found);
    assert_string_equal(found, cases[i].overrides);
  }
  loom_hours_list_free(&file);
  loom_hours_list_free(&overrides);
  loom_hours_list_free(&in_force);
}

/* A list that has grown is filled again where it lies. */
static void lists_are_kept(void **state) {
  (void)state;
  struct loom_hours_list file = {0}, overrides = {0}, in_force = {0};
  for (int32_t i = 0; i < 100; i++)
    assert_true(loom_hours_list_add(i % 2 ? &overrides : &file, (struct loom_hours){i, 0, 1, 2}));
  assert_true(loom_hours_lay_over(&file, &overrides, &in_force));
  assert_int_equal(in_force.count, 51);
  const struct loom_hours *items = in_force.items;
  size_t capacity = in_force.capacity;
  file.count = overrides.count = 1;
  assert_true(loom_hours_lay_over(&file, &overrides, &in_force));
  assert_int_equal(in_force.count, 2);
  assert_ptr_equal(in_force.items, items);
  assert_int_equal(in_force.capacity, capacity);
  file.count = overrides.count = 0;
  assert_true(loom_hours_lay_over(&file, &overrides, &in_force));
  assert_int_equal(in_force.count, 0);
  loom_hours_list_free(&file);
  loom_hours_list_free(&overrides);
  loom_hours_list_free(&in_force);
  assert_null(in_force.items);
  assert_int_equal(in_force.count + in_force.capacity, 0);
  loom_hours_list_free(&in_force);
}

/* ---- the oracle ---- */

#define DATES 30

static void random_weeks(uint64_t *random, bool overrides, struct loom_hours_list *list) {
  list->count = 0;
  int32_t from = random_below(random, 2) ? LOOM_ALWAYS : (int32_t)random_below(random, 5);
  for (uint64_t weeks = random_below(random, 7); weeks > 0; weeks--) {
    uint64_t rows = random_below(random, 5);
    if (rows == 0) {
      int32_t times = overrides && random_below(random, 3) ? LOOM_NO_HOURS : LOOM_CLOSED;
      assert_true(loom_hours_list_add(list, (struct loom_hours){from, 0, times, times}));
    }
    for (; rows > 0; rows--)
      assert_true(
          loom_hours_list_add(list, (struct loom_hours){from, (int32_t)random_below(random, 7),
                                                        (int32_t)random_below(random, 86401),
                                                        (int32_t)random_below(random, 86401)}));
    from = (from == LOOM_ALWAYS ? -2 : from) + 1 + (int32_t)random_below(random, 6);
  }
}

/* The date's week, without its own date; empty if there is none or it is one of no hours. */
static size_t week_on(const struct loom_hours_list *list, int32_t date, struct loom_hours *week) {
  int32_t from = LOOM_ALWAYS;
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].from <= date && list->items[i].from > from)
      from = list->items[i].from;
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].from == from && list->items[i].open != LOOM_NO_HOURS) {
      week[count] = list->items[i];
      week[count++].from = 0;
    }
  return count;
}

static void random_weeks_agree_with_the_oracle(void **state) {
  (void)state;
  uint64_t random = 11;
  size_t overridden = 0, reverted = 0, none = 0;
  struct loom_hours_list file = {0}, overrides = {0}, in_force = {0};
  for (int round = 0; round < 5000; round++) {
    random_weeks(&random, false, &file);
    random_weeks(&random, true, &overrides);
    assert_true(loom_hours_lay_over(&file, &overrides, &in_force));
    for (size_t i = 1; i < in_force.count; i++)
      assert_true(in_force.items[i - 1].from <= in_force.items[i].from);
    for (int32_t date = -5; date < DATES; date++) {
      struct loom_hours expected[8], found[8];
      size_t count = week_on(&overrides, date, expected);
      overridden += count > 0;
      if (count == 0) {
        count = week_on(&file, date, expected);
        reverted += count > 0 && overrides.count > 0 && overrides.items[0].from <= date;
      }
      none += count == 0;
      assert_int_equal(week_on(&in_force, date, found), count);
      assert_memory_equal(found, expected, count * sizeof *found);
    }
  }
  assert_true(overridden > 10000 && reverted > 1000 && none > 1000);
  loom_hours_list_free(&file);
  loom_hours_list_free(&overrides);
  loom_hours_list_free(&in_force);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_by_hand),
      cmocka_unit_test(lists_are_kept),
      cmocka_unit_test(random_weeks_agree_with_the_oracle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
