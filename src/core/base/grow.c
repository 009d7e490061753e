/*
** Arrays that grow.
*/
#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_LEAST 16

bool loom_grow_array(void *items, size_t *capacity, size_t wanted, size_t size) {
  void *array; /* `items` may be the address of a pointer of any type */
  size_t grown = wanted > *capacity * 2 ? wanted : *capacity * 2;
  if (grown < CAPACITY_LEAST)
    grown = CAPACITY_LEAST;
  if (grown > SIZE_MAX / 2 / size)
    return false;
  memcpy(&array, items, sizeof array);
  void *moved = realloc(array, grown * size);
  if (!moved)
    return false;
  memcpy(items, &moved, sizeof moved);
  *capacity = grown;
  return true; // cppcheck-suppress memleak ; *items has it
}
