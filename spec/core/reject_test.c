/*
** Tests of bad rows: entries have copies of all that they tell, and lists keep them in order.
*/
#include "storage.h"

#include "read/reject.h"

static void entries_own_their_texts(void **state) {
  (void)state;
  struct loom_row_problem problem = {
      .well_formed = true, .column = "status", .reason = "is not a status"};
  char value[] = {'o', '\0', 'n'}, row[] = {'a', ',', 'o', '\0', 'n'};
  problem.value = (struct loom_csv_field){value, sizeof value};
  struct loom_reject_entry *entry =
      loom_reject_entry_new(&problem, (struct loom_csv_field){row, sizeof row});
  assert_non_null(entry);
  entry->line = 7;
  entry->number = 6;
  memset(value, 'x', sizeof value);
  memset(row, 'x', sizeof row);
  strcpy(problem.reason, "changed");
  struct loom_reject reject = loom_reject_of(entry);
  assert_int_equal(reject.line, 7);
  assert_int_equal(reject.number, 6);
  assert_true(reject.well_formed);
  assert_string_equal(reject.column, "status");
  assert_string_equal(reject.reason, "is not a status");
  assert_int_equal(reject.value_length, 3);
  assert_memory_equal(reject.value, "o\0n", 3);
  assert_int_equal(reject.row_length, 5);
  assert_memory_equal(reject.row, "a,o\0n", 5);
  free(entry);
}

/* Of a row that is bad as a whole, or of whose text nothing is kept. */
static void entries_without_texts(void **state) {
  (void)state;
  struct loom_row_problem problem = {.reason = ""};
  struct loom_reject_entry *entry =
      loom_reject_entry_new(&problem, (struct loom_csv_field){NULL, 0});
  assert_non_null(entry);
  struct loom_reject reject = loom_reject_of(entry);
  assert_false(reject.well_formed);
  assert_string_equal(reject.column, "");
  assert_string_equal(reject.reason, "");
  assert_int_equal(reject.value_length + reject.row_length, 0);
  free(entry);
}

/* Whatever goes in and out in turn, the oldest comes first. */
static void lists_are_queues(void **state) {
  (void)state;
  struct loom_reject_list list = {0};
  uint64_t added = 0, taken = 0;
  assert_null(loom_reject_list_take(&list));
  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < round % 5; i++) {
      struct loom_reject_entry *entry = calloc(1, sizeof *entry);
      assert_non_null(entry);
      entry->line = ++added;
      loom_reject_list_add(&list, entry);
    }
    for (int i = 0; i < round % 7; i++) {
      struct loom_reject_entry *entry = loom_reject_list_take(&list);
      if (!entry)
        break;
      assert_int_equal(entry->line, ++taken);
      assert_null(entry->next);
      free(entry);
    }
    assert_int_equal(list.count, added - taken);
    assert_int_equal(list.first == NULL, list.count == 0);
  }
  assert_true(taken > 50 && list.count > 0);
  loom_reject_list_free(&list);
  assert_int_equal(list.count, 0);
  assert_null(list.first);
  loom_reject_list_free(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entries_own_their_texts),
      cmocka_unit_test(entries_without_texts),
      cmocka_unit_test(lists_are_queues),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
