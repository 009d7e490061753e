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

/* Makes room for one more week, with openings of so many bytes, and returns where these go; NULL: memory is out. */
static unsigned char *reserve(struct loom_week_write *write, size_t size) {
  if (!loom_grow(&write->weeks, &write->capacity, write->count + 1, sizeof *write->weeks) ||
      !loom_grow(&write->openings, &write->openings_capacity,
                 write->size + size + LOOM_OPENING_SIZE, 1))
    return NULL;
  return write->openings + write->size;
}

/* Adds the week whose openings have been put there. */
static loom_status add(struct loom_week_write *write, loom_database *database,
                       const struct pending_week *week, loom_error *error) {
  write->weeks[write->count++] = *week;
  write->size += week->size;
  return write->count < WEEKS_MAX ? LOOM_OK : loom_week_write_flush(write, database, error);
}

loom_status loom_week_write_add(struct loom_week_write *write, loom_database *database,
                                int64_t store, const struct loom_record *records, size_t count,
                                loom_error *error) {
  size_t size = records->open < 0 ? 0 : count * LOOM_OPENING_SIZE;
  unsigned char *openings = reserve(write, size);
  if (!openings)
    return loom_no_memory(error);
  for (size_t i = 0; i * LOOM_OPENING_SIZE < size; i++) {
    const struct loom_hours opening = {
        .weekday = records[i].weekday, .open = records[i].open, .close = records[i].close};
    loom_opening_pack(&opening, openings + i * LOOM_OPENING_SIZE);
  }
  const struct pending_week week = {.store = store,
                                    .size = size,
                                    .from = records->date,
                                    .override = records->override,
                                    .reverts = records->open == LOOM_NO_HOURS};
  return add(write, database, &week, error);
}

loom_status loom_week_write_add_packed(struct loom_week_write *write, loom_database *database,
                                       int64_t store, int32_t from, const unsigned char *openings,
                                       size_t count, loom_error *error) {
  const struct pending_week week = {
      .store = store, .size = count * LOOM_OPENING_SIZE, .from = from};
  unsigned char *place = reserve(write, week.size);
  if (!place)
    return loom_no_memory(error);
  memcpy(place, openings, week.size);
  return add(write, database, &week, error);
}

void loom_week_write_free(struct loom_week_write *write) {
  free(write->weeks);
  free(write->openings);
  *write = (struct loom_week_write){0};
}
