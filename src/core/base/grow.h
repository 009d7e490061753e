/*
** Arrays that grow.
*/
#ifndef LOOM_GROW_H
#define LOOM_GROW_H

#include <stdbool.h>
#include <stddef.h>

/* loom_grow's part that is not in line. */
bool loom_grow_array(void *items, size_t *capacity, size_t wanted, size_t size);

/*
** Makes room for `wanted` items of `size` bytes in all: `items` is the address of the pointer to the array, which moves, and
** *capacity how many it has room for. It at least doubles. False: memory is out, and everything is as it was.
**
**   if (!loom_grow(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
**     return false;
**   list->items[list->count++] = item;
*/
static inline bool loom_grow(void *items, size_t *capacity, size_t wanted, size_t size) {
  return wanted <= *capacity || loom_grow_array(items, capacity, wanted, size);
}

#endif
