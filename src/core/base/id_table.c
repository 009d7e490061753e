/*
** Store ids and their numbers: a hash table over one block of text. Slots are in the order of their hashes but where these collide,
** so that a table that grows is passed over from its beginning to its end, and so is what it becomes.
*/
#include "base/id_table.h"

#include "base/fetch.h"
#include "base/platform.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct loom_id_slot {
  uint32_t hash;   /* says where it belongs, and is compared before the text is */
  uint32_t number; /* plus one; 0 marks a free slot */
};

#define SLOTS_MIN 1024

void loom_id_table_init(struct loom_id_table *table) {
  *table = (struct loom_id_table){0};
  if (!loom_random(&table->seed, sizeof table->seed))
    table->seed = (uint64_t)time(NULL) ^ (uint64_t)(uintptr_t)table;
}

void loom_id_table_free(struct loom_id_table *table) {
  free(table->slots);
  free(table->offsets);
  free(table->text);
  *table = (struct loom_id_table){0};
}

size_t loom_id_table_size(const struct loom_id_table *table) {
  return table->slot_count * sizeof *table->slots +
         table->offset_capacity * sizeof *table->offsets + table->text_capacity;
}

/* Multiplies and folds eight bytes at a time. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

static uint32_t hash_id(uint64_t seed, const char *id, size_t length) {
  uint64_t hash = mix(seed, length), word;
  for (; length > 8; id += 8, length -= 8) {
    memcpy(&word, id, 8);
    hash = mix(hash, word);
  }
  word = 0;
  memcpy(&word, id, length);
  return (uint32_t)(mix(mix(hash, word), seed) >> 32);
}

/* Where a hash belongs among so many slots, or the next free one is. */
static size_t place_of(uint32_t hash, size_t slot_count) {
  return (size_t)((uint64_t)hash * slot_count >> 32) & (slot_count - 1);
}

static void fill_slot(struct loom_id_slot *slots, size_t count, struct loom_id_slot slot) {
  size_t at = place_of(slot.hash, count);
  while (slots[at].number)
    at = (at + 1) & (count - 1);
  slots[at] = slot;
}

static bool grow_slots(struct loom_id_table *table) {
  size_t count = table->slot_count ? table->slot_count * 2 : SLOTS_MIN;
  while (table->count >= count / 2) /* those of a table that was settled */
    count *= 2;
  struct loom_id_slot *slots = calloc(count, sizeof *slots);
  if (!slots)
    return false;
  for (size_t i = 0; i < table->slot_count; i++)
    if (table->slots[i].number)
      fill_slot(slots, count, table->slots[i]);
  for (uint32_t number = 0; !table->slots && number < table->count; number++) {
    size_t length;
    const char *id = loom_id_table_get(table, number, &length);
    uint32_t hash = hash_id(table->seed, id, length);
    fill_slot(slots, count, (struct loom_id_slot){hash, number + 1});
  }
  free(table->slots);
  table->slots = slots;
  table->slot_count = count;
  return true;
}

static bool reserve(struct loom_id_table *table, size_t length) {
  if (table->count == table->offset_capacity) {
    size_t capacity = table->offset_capacity ? table->offset_capacity * 2 : SLOTS_MIN;
    size_t *offsets = realloc(table->offsets, capacity * sizeof *offsets);
    if (!offsets)
      return false;
    table->offsets = offsets;
    table->offset_capacity = capacity;
  }
  if (table->text_capacity - table->text_size < length || !table->text) {
    size_t capacity = table->text_capacity ? table->text_capacity * 2 : 32 * SLOTS_MIN;
    while (capacity - table->text_size < length)
      capacity *= 2;
    char *text = realloc(table->text, capacity);
    if (!text)
      return false;
    table->text = text;
    table->text_capacity = capacity;
  }
  return true;
}

/* The slot that holds the id, or the empty one where it belongs. The table has slots, one of them empty. */
static struct loom_id_slot *find_slot(const struct loom_id_table *table, uint32_t hash,
                                      const char *id, size_t length) {
  size_t at = place_of(hash, table->slot_count);
  for (; table->slots[at].number; at = (at + 1) & (table->slot_count - 1)) {
    if (table->slots[at].hash == hash) {
      size_t known_length;
      const char *known = loom_id_table_get(table, table->slots[at].number - 1, &known_length);
      if (known_length == length && memcmp(known, id, length) == 0)
        break;
    }
  }
  return &table->slots[at];
}

void loom_id_table_fetch(const struct loom_id_table *table, const char *id, size_t length) {
  if (table->slot_count)
    loom_fetch(&table->slots[place_of(hash_id(table->seed, id, length), table->slot_count)]);
}

void loom_id_table_settle(struct loom_id_table *table) {
  free(table->slots);
  table->slots = NULL;
  table->slot_count = 0;
}

uint32_t loom_id_table_find(const struct loom_id_table *table, const char *id, size_t length) {
  if (table->slot_count == 0)
    return LOOM_NO_NUMBER;
  const struct loom_id_slot *slot = find_slot(table, hash_id(table->seed, id, length), id, length);
  return slot->number ? slot->number - 1 : LOOM_NO_NUMBER;
}

/* Whether an id is the next one, or, where that is skipped, the one after it. */
static bool is_next(struct loom_id_table *table, const char *id, size_t length) {
  for (uint32_t next = table->next; next < table->count && next < table->next + 2; next++) {
    size_t next_length;
    const char *next_id = loom_id_table_get(table, next, &next_length);
    if (next_length == length && memcmp(next_id, id, length) == 0) {
      table->next = next;
      return true;
    }
  }
  return false;
}

uint32_t loom_id_table_put(struct loom_id_table *table, const char *id, size_t length) {
  if (is_next(table, id, length))
    return table->next++;
  if (table->count >= table->slot_count / 2 &&
      (table->count == LOOM_NO_NUMBER - 1 || !grow_slots(table)))
    return LOOM_NO_NUMBER;
  uint32_t hash = hash_id(table->seed, id, length);
  struct loom_id_slot *slot = find_slot(table, hash, id, length);
  if (slot->number) {
    table->next = slot->number;
    return slot->number - 1;
  }
  if (!reserve(table, length))
    return LOOM_NO_NUMBER;
  memcpy(table->text + table->text_size, id, length);
  table->text_size += length;
  table->offsets[table->count] = table->text_size;
  *slot = (struct loom_id_slot){hash, table->count + 1};
  table->next = table->count + 1;
  return table->count++;
}
