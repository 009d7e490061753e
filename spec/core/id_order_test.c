/*
** Tests of the order of ids: that of memcmp, shorter ones first where one begins with the other.
*/
#include "support.h"

#include "base/id_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const struct loom_id_table *ids, uint32_t a, uint32_t b) {
  size_t a_length, b_length;
  const char *left = loom_id_table_get(ids, a, &a_length),
             *right = loom_id_table_get(ids, b, &b_length);
  int order = memcmp(left, right, a_length < b_length ? a_length : b_length);
  return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* All numbers once, and each id after the one before it. */
static void assert_order(const struct loom_id_table *ids) {
  uint32_t *order = calloc(ids->count + 1, sizeof *order);
  unsigned char *seen = calloc(ids->count + 1, 1);
  assert_true(order && seen);
  assert_true(loom_id_order(ids, order));
  for (uint32_t i = 0; i < ids->count; i++) {
    assert_true(order[i] < ids->count);
    assert_false(seen[order[i]]++);
    if (i > 0)
      assert_true(compare(ids, order[i - 1], order[i]) < 0);
  }
  free(order);
  free(seen);
}

static void as_bytes(void **test) {
  (void)test;
  static const char *const beginnings[] = {"", "a", "store-0000000", "\xff\xff"};
  uint64_t state = 41;
  for (size_t b = 0; b < sizeof beginnings / sizeof *beginnings; b++)
    for (int letters = 1; letters < 40; letters += 13)
      for (int count = 0; count < 3000; count = count * 4 + 1) {
        struct loom_id_table ids;
        loom_id_table_init(&ids);
        for (int i = 0; i < count; i++) {
          char id[64];
          size_t length = (size_t)sprintf(id, "%s", beginnings[b]);
          size_t more = random_below(&state, 20);
          for (size_t j = 0; j < more; j++) /* few letters: long beginnings in common */
            id[length++] = (char)(250 + (int)random_below(&state, (uint64_t)letters));
          loom_id_table_put(&ids, id, length);
        }
        assert_order(&ids);
        loom_id_table_free(&ids);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
