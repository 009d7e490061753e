/*
** Inserting weeks of hours.
*/
#include "write/week_write.h"
#include "base/grow.h"
#include "measure/week.h"
#include "sqlite/statement.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define WEEKS_MAX 4096 /* are kept: some 200 KiB, with the openings of usual ones */

struct pending_week {
  int64_t store;
  size_t size; /* of its openings */
  int32_t from;
  bool override, reverts;
};

struct feed {
  struct loom_intake feed; /* the first member */
  const struct loom_week_write *write;
  size_t next, at; /* the week; its openings */
  char date[LOOM_DATE_SIZE];
};

static struct loom_intake_value text(const char *bytes, size_t length) {
  return (struct loom_intake_value){.type = LOOM_INTAKE_TEXT, .bytes = bytes, .size = length};
}

static loom_status next_week(struct loom_intake *head, loom_error *error) {
  struct feed *feed = (struct feed *)head;
  (void)error;
  if (feed->next == feed->write->count)
    return LOOM_DONE;
  const struct pending_week *week = &feed->write->weeks[feed->next++];
  int32_t from = week->from == LOOM_ALWAYS ? LOOM_DATE_MIN : week->from;
  const char *origin = week->override ? "override" : "file";
  head->row[0] = (struct loom_intake_value){.type = LOOM_INTAKE_INTEGER, .number = week->store};
  head->row[1] = text(origin, strlen(origin));
  head->row[2] = text(feed->date, loom_format_date(from, feed->date));
  head->row[3] =
      (struct loom_intake_value){.type = week->reverts ? LOOM_INTAKE_NULL : LOOM_INTAKE_BLOB,
                                 .bytes = feed->write->openings + feed->at,
                                 .size = week->size};
  feed->at += week->size;
  return LOOM_OK;
}

loom_status loom_week_write_flush(struct loom_week_write *write, loom_database *database,
                                  loom_error *error) {
  struct feed feed = {.feed = {.next = next_week}, .write = write};
  if (write->count == 0)
    return LOOM_OK;
  loom_status status = loom_statement_take_in(
      database,
      "INSERT INTO hours_week(store, origin, effective_from, reverts, openings)"
      " SELECT a, b, c, d IS NULL, ifnull(d, x'') FROM loom_intake(?1)",
      &feed.feed, error);
  write->count = write->size = 0;
  return status;
}

loom_status loom_week_write_add(struct loom_week_write *write, loom_database *database,
                                int64_t store, const struct loom_record *records, size_t count,
                                loom_error *error) {
  size_t size = records->open < 0 ? 0 : count * LOOM_OPENING_SIZE;
  if (!loom_grow(&write->weeks, &write->capacity, write->count + 1, sizeof *write->weeks) ||
      !loom_grow(&write->openings, &write->openings_capacity,
                 write->size + size + LOOM_OPENING_SIZE, 1))
    return loom_no_memory(error);
  for (size_t i = 0; i * LOOM_OPENING_SIZE < size; i++) {
    const struct loom_hours opening = {
        .weekday = records[i].weekday, .open = records[i].open, .close = records[i].close};
    loom_opening_pack(&opening, write->openings + write->size + i * LOOM_OPENING_SIZE);
  }
  write->weeks[write->count++] = (struct pending_week){.store = store,
                                                       .size = size,
                                                       .from = records->date,
                                                       .override = records->override,
                                                       .reverts = records->open == LOOM_NO_HOURS};
  write->size += size;
  return write->count < WEEKS_MAX ? LOOM_OK : loom_week_write_flush(write, database, error);
}

void loom_week_write_free(struct loom_week_write *write) {
  free(write->weeks);
  free(write->openings);
  *write = (struct loom_week_write){0};
}
