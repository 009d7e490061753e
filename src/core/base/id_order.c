/*
** Sorting of ids. Most are told apart by the eight bytes that come after what all of them begin with, which are one number; many are
** sorted by a byte of it at a time.
*/
#include "base/id_order.h"

#include <stdlib.h>
#include <string.h>

/* Fewer are sorted by comparing them alone. */
#define COUNTED_LEAST 256

#define DIGITS 256 /* of a byte */

struct entry {
  uint64_t
      key; /* eight bytes of the id, the first one the most significant; 0 where it has no more */
  uint32_t number;
};

/* An id that has its eight bytes in common with others. */
struct tail {
  const char *text;
  size_t length;
  uint32_t number;
};

static size_t common_length(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t most = a_length < b_length ? a_length : b_length, length = 0;
  while (length < most && a[length] == b[length])
    length++;
  return length;
}

/* How many bytes all ids have in common at their beginnings. */
static size_t common_beginning(const struct loom_id_table *ids) {
  size_t first_length, common;
  const char *first = loom_id_table_get(ids, 0, &first_length);
  common = first_length;
  for (uint32_t i = 1; i < ids->count; i++) {
    size_t length;
    const char *id = loom_id_table_get(ids, i, &length);
    common = common_length(first, common, id, length);
  }
  return common;
}

static uint64_t key_of(const char *text, size_t length) {
  uint64_t key = 0;
  for (size_t i = 0; i < 8; i++)
    key = key << 8 | (i < length ? (unsigned char)text[i] : 0);
  return key;
}

static int compare_keys(const void *a, const void *b) {
  const struct entry *l = a, *r = b;
  return (l->key > r->key) - (l->key < r->key);
}

static int compare_tails(const void *a, const void *b) {
  const struct tail *l = a, *r = b;
  return loom_id_compare(l->text, l->length, r->text, r->length);
}

/* Sorts by the bytes of the keys, the least significant first, and returns which of the arrays has them. */
static struct entry *sort_by_bytes(struct entry *from, struct entry *to, uint32_t count) {
  for (int shift = 0; shift < 64; shift += 8) {
    uint32_t places[DIGITS] = {0}, sum = 0;
    for (uint32_t i = 0; i < count; i++)
      places[from[i].key >> shift & (DIGITS - 1)]++;
    if (places[from->key >> shift & (DIGITS - 1)] == count) /* all have this one */
      continue;
    for (int digit = 0; digit < DIGITS; digit++) {
      uint32_t here = places[digit];
      places[digit] = sum;
      sum += here;
    }
    for (uint32_t i = 0; i < count; i++)
      to[places[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    struct entry *swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/* Sorts entries of the same key by the ids. False: memory is out. */
static bool sort_tails(const struct loom_id_table *ids, struct entry *entries, size_t count) {
  struct tail *tails = malloc(count * sizeof *tails);
  if (!tails)
    return false;
  for (size_t i = 0; i < count; i++) {
    tails[i].number = entries[i].number;
    tails[i].text = loom_id_table_get(ids, tails[i].number, &tails[i].length);
  }
  qsort(tails, count, sizeof *tails, compare_tails);
  for (size_t i = 0; i < count; i++)
    entries[i].number = tails[i].number;
  free(tails);
  return true;
}

/* Sorts entries that are in the order of their keys. False: memory is out. */
static bool sort_same(const struct loom_id_table *ids, struct entry *entries) {
  bool good = true;
  for (uint32_t begin = 0, end; good && begin < ids->count; begin = end) {
    for (end = begin + 1; end < ids->count && entries[end].key == entries[begin].key;)
      end++;
    good = end - begin == 1 || sort_tails(ids, &entries[begin], end - begin);
  }
  return good;
}

bool loom_id_order(const struct loom_id_table *ids, uint32_t *order) {
  if (ids->count == 0)
    return true;
  struct entry *entries = malloc(2 * (size_t)ids->count * sizeof *entries), *sorted = entries;
  if (!entries)
    return false;
  size_t common = common_beginning(ids);
  for (uint32_t i = 0; i < ids->count; i++) {
    size_t length;
    const char *id = loom_id_table_get(ids, i, &length);
    entries[i] = (struct entry){key_of(id + common, length - common), i};
  }
  if (ids->count < COUNTED_LEAST)
    qsort(entries, ids->count, sizeof *entries, compare_keys);
  else
    sorted = sort_by_bytes(entries, entries + ids->count, ids->count);
  bool good = sort_same(ids, sorted);
  for (uint32_t i = 0; i < ids->count; i++)
    order[i] = sorted[i].number;
  free(entries);
  return good;
}
