/*
** Rows of polls as they are expected.
*/
#include "read/poll_line.h"
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

/* After the id: `,inactive,`, the timestamp, CR and LF. */
#define REST_MAX (10 + LOOM_COMMON_TIMESTAMP + 2)

void loom_poll_lines_free(struct loom_poll_lines *lines) {
  free(lines->next);
  *lines = (struct loom_poll_lines){0};
}

bool loom_poll_lines_fit(const struct loom_columns *columns) {
  return columns->kind == LOOM_POLLS && columns->field_count == 3 && columns->fields[0] == 0 &&
         columns->fields[1] == 1 && columns->fields[2] == 2;
}

static bool begins_with(const char *at, const struct loom_id_table *ids, uint32_t store,
                        size_t *length) {
  const char *id = loom_id_table_get(ids, store, length);
  return memcmp(at, id, *length) == 0;
}

/* The store whose id is expected, and stands there: the next one, or, where the poller has skipped that, the one after it. */
static uint32_t expected_store(const struct loom_poll_lines *lines, const struct loom_id_table *ids,
                               char separator, const char *at, size_t *length) {
  uint32_t store = lines->last;
  for (int step = 0; step < 2; step++) {
    store = store < lines->capacity ? lines->next[store] : LOOM_NO_NUMBER;
    if (store == LOOM_NO_NUMBER)
      break;
    if (begins_with(at, ids, store, length) && at[*length] == separator)
      return store;
  }
  return LOOM_NO_NUMBER;
}

const char *loom_poll_lines_read(struct loom_poll_lines *lines,
                                 const struct loom_record_reader *reader, char separator,
                                 const char *at, const char *end, struct loom_poll_record *poll) {
  size_t length;
  int64_t instant;
  if (!lines->begun || end - at < LOOM_ID_MAX + REST_MAX)
    return NULL;
  uint32_t store = expected_store(lines, reader->ids, separator, at, &length);
  if (store == LOOM_NO_NUMBER)
    return NULL;
  at += length + 1;
  bool active = memcmp(at, "active", 6) == 0;
  if (!active && memcmp(at, "inactive", 8) != 0)
    return NULL;
  at += active ? 6 : 8;
  if (*at++ != separator || !loom_record_read_common_timestamp(reader, at, &instant) ||
      (reader->latest && instant > reader->latest))
    return NULL;
  at += LOOM_COMMON_TIMESTAMP;
  at += at[0] == '\r' && at[1] == '\n';
  if (*at != '\n')
    return NULL;
  *poll = (struct loom_poll_record){loom_poll_pack(instant, active), store, reader->date};
  lines->last = store;
  return at + 1;
}

bool loom_poll_lines_learn(struct loom_poll_lines *lines, uint32_t store) {
  size_t known = lines->capacity;
  if (!loom_grow(&lines->next, &lines->capacity, (size_t)store + 1, sizeof *lines->next))
    return false;
  for (; known < lines->capacity; known++)
    lines->next[known] = LOOM_NO_NUMBER;
  if (lines->begun)
    lines->next[lines->last] = store;
  lines->begun = true;
  lines->last = store;
  return true;
}
