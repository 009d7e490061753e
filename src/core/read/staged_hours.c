/*
** A row is a packed opening (week.h), in whose three highest bits stands what an opening has not: whether it was set by hand, and
** what it is if it has no times.
*/
#include "read/staged_hours.h"
#include "base/fetch.h"
#include "base/grow.h"
#include "measure/week.h"

#include <stdlib.h>
#include <string.h>

enum { OVERRIDE = 0x80, REVERTS = 0x40, CLOSED = 0x20, FLAGS = 0xe0 };

/* They are taken in another order than they lie in memory, and are fetched so many runs before they are needed. */
#define FETCH_RUN 16
#define FETCH_ROWS 8

struct loom_hours_run {
  uint32_t store;
  int32_t date;
  size_t end; /* of its rows, which begin where those of the run before end */
};

static void pack(const struct loom_record *record, unsigned char *row) {
  bool opens = record->open >= 0;
  const struct loom_hours opening = {.weekday = record->weekday,
                                     .open = opens ? record->open : 0,
                                     .close = opens ? record->close : 0};
  loom_opening_pack(&opening, row);
  if (!opens)
    row[0] |= record->open == LOOM_CLOSED ? CLOSED : REVERTS;
  if (record->override)
    row[0] |= OVERRIDE;
}

static void unpack(const unsigned char *row, struct loom_record *record) {
  struct loom_hours opening;
  unsigned char bytes[LOOM_OPENING_SIZE];
  memcpy(bytes, row, sizeof bytes);
  bytes[0] &= (unsigned char)~FLAGS;
  loom_opening_unpack(bytes, &opening);
  record->weekday = (int16_t)opening.weekday;
  record->open = opening.open;
  record->close = opening.close;
  record->override = row[0] & OVERRIDE;
  if (row[0] & (CLOSED | REVERTS))
    record->open = record->close = row[0] & CLOSED ? LOOM_CLOSED : LOOM_NO_HOURS;
}

/* The run that a record goes on with, or a new one; NULL: memory is out. */
static struct loom_hours_run *run_of(struct loom_staged_hours *hours,
                                     const struct loom_record *record) {
  struct loom_hours_run *run = hours->run_count ? &hours->runs[hours->run_count - 1] : NULL;
  if (run && run->store == record->store && run->date == record->date)
    return run;
  if (!loom_grow(&hours->runs, &hours->run_capacity, hours->run_count + 1, sizeof *hours->runs))
    return NULL;
  run = &hours->runs[hours->run_count++];
  *run = (struct loom_hours_run){record->store, record->date, hours->count};
  return run;
}

bool loom_staged_hours_add(struct loom_staged_hours *hours, const struct loom_record *records,
                           size_t count) {
  free(hours->sequence);
  hours->sequence = NULL;
  if (!loom_grow(&hours->rows, &hours->capacity, hours->count + count, LOOM_OPENING_SIZE))
    return false;
  for (size_t i = 0; i < count; i++) {
    struct loom_hours_run *run = run_of(hours, &records[i]);
    if (!run)
      return false;
    pack(&records[i], hours->rows + hours->count * LOOM_OPENING_SIZE);
    run->end = ++hours->count;
  }
  return true;
}

bool loom_staged_hours_sort(struct loom_staged_hours *hours, const uint32_t *order,
                            uint32_t stores) {
  size_t *places = calloc((size_t)stores + 1, sizeof *places), next = 0;
  free(hours->sequence);
  hours->sequence = places ? malloc((hours->run_count + 1) * sizeof *hours->sequence) : NULL;
  if (!hours->sequence) {
    free(places);
    return false;
  }
  for (size_t i = 0; i < hours->run_count; i++)
    places[hours->runs[i].store]++;
  for (uint32_t i = 0; i < stores; i++) {
    size_t here = places[order[i]];
    places[order[i]] = next;
    next += here;
  }
  for (size_t i = 0; i < hours->run_count; i++)
    hours->sequence[places[hours->runs[i].store]++] = i;
  free(places);
  return true;
}

static size_t begin_of(const struct loom_staged_hours *hours, size_t run) {
  return run ? hours->runs[run - 1].end : 0;
}

static void fetch(const struct loom_staged_hours *hours, size_t place) {
  if (place + FETCH_RUN >= hours->run_count)
    return;
  size_t run = hours->sequence[place + FETCH_RUN], near = hours->sequence[place + FETCH_ROWS];
  loom_fetch(&hours->runs[run]);
  loom_fetch(&hours->runs[run ? run - 1 : 0]);
  loom_fetch(hours->rows + begin_of(hours, near) * LOOM_OPENING_SIZE);
  loom_fetch(hours->rows + hours->runs[near].end * LOOM_OPENING_SIZE - 1);
}

/* Whether rows are openings of a file, in order, each once. */
static bool is_week(const unsigned char *rows, size_t count) {
  int64_t previous = -1;
  for (size_t i = 0; i < count; i++, rows += LOOM_OPENING_SIZE) {
    int64_t row =
        (int64_t)rows[0] << 32 | (int64_t)rows[1] << 24 | rows[2] << 16 | rows[3] << 8 | rows[4];
    if (rows[0] & FLAGS || row <= previous)
      return false;
    previous = row;
  }
  return true;
}

bool loom_staged_hours_week(const struct loom_staged_hours *hours, size_t *place,
                            struct loom_staged_week *week) {
  if (*place >= hours->run_count)
    return false;
  fetch(hours, *place);
  size_t which = hours->sequence[*place], begin = begin_of(hours, which);
  const struct loom_hours_run *run = &hours->runs[which];
  const unsigned char *rows = hours->rows + begin * LOOM_OPENING_SIZE;
  bool has_more =
      *place + 1 < hours->run_count && hours->runs[hours->sequence[*place + 1]].store == run->store;
  if (has_more || !is_week(rows, run->end - begin))
    return false;
  *week = (struct loom_staged_week){run->store, run->date, rows, run->end - begin};
  ++*place;
  return true;
}

uint32_t loom_staged_hours_peek(const struct loom_staged_hours *hours, size_t place) {
  return place + FETCH_ROWS < hours->run_count
             ? hours->runs[hours->sequence[place + FETCH_ROWS]].store
             : LOOM_NO_NUMBER;
}

/* Appends a run's records. False: memory is out. */
static bool take_run(const struct loom_staged_hours *hours, size_t which,
                     struct loom_record_list *list) {
  const struct loom_hours_run *run = &hours->runs[which];
  size_t begin = begin_of(hours, which);
  if (!loom_grow(&list->items, &list->capacity, list->count + run->end - begin,
                 sizeof *list->items))
    return false;
  for (size_t i = begin; i < run->end; i++) {
    struct loom_record *record = &list->items[list->count];
    *record = (struct loom_record){
        .store = run->store, .date = run->date, .order = (uint32_t)list->count};
    unpack(hours->rows + i * LOOM_OPENING_SIZE, record);
    list->count++;
  }
  return true;
}

loom_status loom_staged_hours_next(const struct loom_staged_hours *hours, size_t *place,
                                   struct loom_record_list *list, loom_error *error) {
  list->count = 0;
  if (*place >= hours->run_count)
    return LOOM_DONE;
  uint32_t store = hours->runs[hours->sequence[*place]].store;
  for (; *place < hours->run_count && hours->runs[hours->sequence[*place]].store == store;
       ++*place) {
    fetch(hours, *place);
    if (!take_run(hours, hours->sequence[*place], list))
      return loom_no_memory(error);
  }
  return LOOM_OK;
}

void loom_staged_hours_free(struct loom_staged_hours *hours) {
  free(hours->runs);
  free(hours->rows);
  free(hours->sequence);
  *hours = (struct loom_staged_hours){0};
}
