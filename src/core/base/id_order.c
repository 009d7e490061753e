/*
** Sorting of ids. Most are told apart by the eight bytes that come after what all of them begin with, which are compared as one
** number.
*/
#include "base/id_order.h"

#include <stdlib.h>
#include <string.h>

struct entry {
  uint64_t
      key; /* eight bytes of the id, the first one the most significant; 0 where it has no more */
  uint32_t number;
  uint32_t length; /* of what comes after the common beginning */
  const char *text;
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

static int compare(const void *a, const void *b) {
  const struct entry *l = a, *r = b;
  if (l->key != r->key)
    return l->key < r->key ? -1 : 1;
  return loom_id_compare(l->text, l->length, r->text, r->length);
}

bool loom_id_order(const struct loom_id_table *ids, uint32_t *order) {
  if (ids->count == 0)
    return true;
  struct entry *entries = malloc(ids->count * sizeof *entries);
  if (!entries)
    return false;
  size_t common = common_beginning(ids);
  for (uint32_t i = 0; i < ids->count; i++) {
    size_t length;
    const char *id = loom_id_table_get(ids, i, &length);
    entries[i] = (struct entry){key_of(id + common, length - common), i,
                                (uint32_t)(length - common), id + common};
  }
  qsort(entries, ids->count, sizeof *entries, compare);
  for (uint32_t i = 0; i < ids->count; i++)
    order[i] = entries[i].number;
  free(entries);
  return true;
}
