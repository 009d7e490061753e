/*
** Rows of hours as they are expected.
*/
#include "read/hours_line.h"
#include "measure/hours.h"

#include <string.h>

/* After the id: a weekday and two times, each after a comma, CR and LF. */
#define REST_MAX (2 + 9 + 9 + 2)

bool loom_hours_lines_fit(const struct loom_columns *columns) {
  return columns->kind == LOOM_HOURS && columns->field_count == 4 && columns->fields[0] == 0 &&
         columns->fields[1] == 1 && columns->fields[2] == 2 && columns->fields[3] == 3;
}

/* An id that was quoted may have what ends a field, or a row. */
static bool is_plain(const char *id, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (id[i] == ',' || id[i] == '"' || id[i] == '\n' || id[i] == '\r' || id[i] == '\0')
      return false;
  return true;
}

static bool stands_at(struct loom_hours_lines *lines, const struct loom_id_table *ids,
                      uint32_t store, const char *at, size_t *length) {
  const char *id = loom_id_table_get(ids, store, length);
  if (memcmp(at, id, *length) != 0 || at[*length] != ',')
    return false;
  if (!lines->known || lines->store != store)
    *lines = (struct loom_hours_lines){true, store, is_plain(id, *length)};
  return lines->plain;
}

/* `,HH:MM:SS`, before midnight. */
static bool read_time(const char *at, int32_t *seconds) {
  unsigned char digits[8];
  if (*at != ',' || !loom_record_read_digits(at + 1, "00:00:00", digits) || digits[2] || digits[5])
    return false;
  int hours = digits[0] * 10 + digits[1], minutes = digits[3] * 10 + digits[4];
  int rest = digits[6] * 10 + digits[7];
  *seconds = hours * 3600 + minutes * 60 + rest;
  return hours < 24 && minutes < 60 && rest < 60;
}

const char *loom_hours_lines_read(struct loom_hours_lines *lines, struct loom_record_reader *reader,
                                  const char *at, const char *end, struct loom_record *record) {
  const struct loom_id_table *ids = reader->ids;
  uint32_t store = reader->store;
  size_t length;
  int32_t open, close;
  if (!reader->has_store || end - at < LOOM_ID_MAX + REST_MAX)
    return NULL;
  while (!stands_at(lines, ids, store, at, &length))
    if (store == reader->store + 2 || ++store == ids->count)
      return NULL;
  at += length + 1;
  int weekday = *at - '0';
  if (weekday < 0 || weekday > 6 || !read_time(at + 1, &open) || !read_time(at + 10, &close))
    return NULL;
  at += 19;
  at += at[0] == '\r' && at[1] == '\n';
  if (*at != '\n')
    return NULL;
  *record = (struct loom_record){.store = store,
                                 .date = LOOM_ALWAYS,
                                 .weekday = (int16_t)weekday,
                                 .open = open,
                                 .close = close};
  reader->store = store;
  return at + 1;
}
