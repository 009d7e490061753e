/*
** Packed weeks.
*/
#include "measure/week.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define TIME_BITS 17 /* hold 86400, the end of a day */
#define TIME_MASK ((INT64_C(1) << TIME_BITS) - 1)

void loom_opening_pack(const struct loom_hours *opening, unsigned char bytes[LOOM_OPENING_SIZE]) {
  int64_t number = (int64_t)opening->weekday << 2 * TIME_BITS |
                   (int64_t)opening->open << TIME_BITS | opening->close;
  for (int i = LOOM_OPENING_SIZE; i-- > 0; number >>= 8)
    bytes[i] = (unsigned char)(number & 0xff);
}

static int64_t number_of(const unsigned char *bytes) {
  return (int64_t)bytes[0] << 32 | (int64_t)bytes[1] << 24 | bytes[2] << 16 | bytes[3] << 8 |
         bytes[4];
}

static void unpack(int64_t number, struct loom_hours *opening) {
  opening->weekday = (int32_t)(number >> 2 * TIME_BITS);
  opening->open = (int32_t)(number >> TIME_BITS & TIME_MASK);
  opening->close = (int32_t)(number & TIME_MASK);
}

void loom_opening_unpack(const unsigned char bytes[LOOM_OPENING_SIZE], struct loom_hours *opening) {
  unpack(number_of(bytes), opening);
}

static int compare_packed(const void *a, const void *b) {
  return memcmp(a, b, LOOM_OPENING_SIZE);
}

size_t loom_week_pack(const struct loom_hours *openings, size_t count, unsigned char *week) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    loom_opening_pack(&openings[i], week + i * LOOM_OPENING_SIZE);
  if (count)
    qsort(week, count, LOOM_OPENING_SIZE, compare_packed);
  for (size_t i = 0; i < count; i++) { /* each once */
    const unsigned char *opening = week + i * LOOM_OPENING_SIZE;
    if (size && memcmp(week + size - LOOM_OPENING_SIZE, opening, LOOM_OPENING_SIZE) == 0)
      continue;
    memmove(week + size, opening, LOOM_OPENING_SIZE);
    size += LOOM_OPENING_SIZE;
  }
  return size;
}

bool loom_week_unpack(const unsigned char *week, size_t size, int32_t from,
                      struct loom_hours *openings) {
  int64_t previous = -1;
  if (size % LOOM_OPENING_SIZE != 0)
    return false;
  for (size_t at = 0; at < size; at += LOOM_OPENING_SIZE, openings++) {
    int64_t number = number_of(week + at);
    unpack(number, openings);
    if (number <= previous || openings->weekday > 6 || openings->open > LOOM_DAY_SECONDS ||
        openings->close > LOOM_DAY_SECONDS)
      return false;
    openings->from = from;
    previous = number;
  }
  return true;
}

const char *loom_week_problem(const unsigned char *week, size_t size) {
  int64_t previous = -1;
  if (size % LOOM_OPENING_SIZE != 0)
    return "has a length that is not a multiple of 5";
  for (size_t at = 0; at < size; at += LOOM_OPENING_SIZE) {
    struct loom_hours opening;
    loom_opening_unpack(week + at, &opening);
    if (opening.weekday > 6)
      return "has a weekday that is none";
    if (opening.open > LOOM_DAY_SECONDS || opening.close > LOOM_DAY_SECONDS)
      return "has a time after 24:00:00";
    int64_t number = number_of(week + at);
    if (number <= previous)
      return "is not sorted";
    previous = number;
  }
  return NULL;
}
