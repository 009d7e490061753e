/*
** Store ids and their numbers: each distinct id gets the next number, from 0.
**
**   loom_id_table_init → loom_id_table_put, loom_id_table_find, loom_id_table_get, … → loom_id_table_free
*/
#ifndef LOOM_ID_TABLE_H
#define LOOM_ID_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define LOOM_ID_MAX 255 /* bytes in a store id */

/* Returned when memory is out; also bounds how many ids a table takes. */
#define LOOM_NO_NUMBER UINT32_MAX

struct loom_id_table {
  uint64_t seed;
  struct loom_id_slot *slots; /* open addressing; a power of two */
  size_t slot_count;
  uint32_t count;
  uint32_t next;   /* the number that is tried first: files name their stores in the same order */
  size_t *offsets; /* where each id ends in `text`; offsets[-1] would be 0 */
  size_t offset_capacity;
  char *text;
  size_t text_size, text_capacity;
};

/* Sets up an empty table. Hashing is seeded at random: ids come from outside. */
void loom_id_table_init(struct loom_id_table *table);
void loom_id_table_free(struct loom_id_table *table);

/* How many bytes of memory the table holds. */
size_t loom_id_table_size(const struct loom_id_table *table);

/* The number of an id, new or known; LOOM_NO_NUMBER when memory is out. Notes and other texts may have any length. */
uint32_t loom_id_table_put(struct loom_id_table *table, const char *id, size_t length);

/* Fetches what an id that is about to be put is found by: some ids later it costs less than half. */
void loom_id_table_fetch(const struct loom_id_table *table, const char *id, size_t length);

/*
** Lets go of what ids are found by, which is a quarter of a table of UUIDs: they still have their numbers, but none is found until
** one is put.
*/
void loom_id_table_settle(struct loom_id_table *table);

/* The number of an id that the table has, or LOOM_NO_NUMBER. */
uint32_t loom_id_table_find(const struct loom_id_table *table, const char *id, size_t length);

/* The id with a number below `count`: not NUL-terminated, valid until the next put. */
static inline const char *loom_id_table_get(const struct loom_id_table *table, uint32_t number,
                                            size_t *length) {
  size_t begin = number ? table->offsets[number - 1] : 0;
  *length = table->offsets[number] - begin;
  return table->text + begin;
}

#endif
