/*
** Generates the input files of a made-up fleet of stores, the same ones for the same arguments:
**   generate FOLDER STORES DAYS POLLS_AN_HOUR SEED
** Polls are jittered within their slot and come roughly in order of time, as a poller writes them. Stores keep
** several kinds of hours (all day, split, overnight, closed days) in several zones; some have no hours or no zone.
*/
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "time/civil.h"

#define ID_SIZE 37
#define FIRST_DATE 19374 /* 2023-01-17 */

static const char *const zones[] = {
    "America/Chicago", "America/New_York",  "America/Los_Angeles", "America/Denver",
    "America/Phoenix", "America/Boise",     "America/Puerto_Rico", "Europe/London",
    "Asia/Kolkata",    "Australia/Adelaide"};
#define ZONE_COUNT (sizeof zones / sizeof *zones)

struct store {
  char id[ID_SIZE];
  bool up;
};

static uint64_t state;

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t random_bits(void) {
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static uint64_t below(uint64_t limit) {
  return random_bits() % limit;
}

static FILE *create(const char *folder, const char *name, const char *header) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(1);
  }
  setvbuf(file, NULL, _IOFBF, 1 << 20);
  fprintf(file, "%s\n", header);
  return file;
}

static void finish(FILE *file) {
  if (fclose(file) != 0) {
    perror("close");
    exit(1);
  }
}

/* A random UUID (RFC 9562, version 4). */
static void make_id(char id[ID_SIZE]) {
  uint64_t high = random_bits(), low = random_bits();
  snprintf(id, ID_SIZE, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
           high >> 32, high >> 16 & 0xffff, high & 0xfff, (low >> 48 & 0x3fff) | 0x8000,
           low & UINT64_C(0xffffffffffff));
}

static void write_hours(FILE *file, const struct store *store) {
  static const struct {
    const char *open, *close, *second_open, *second_close;
  } kinds[] = {
      {"00:00:00", "23:59:59", NULL, NULL}, {"00:00:00", "23:59:00", NULL, NULL},
      {"09:00:00", "22:00:00", NULL, NULL}, {"11:00:00", "23:30:00", NULL, NULL},
      {"10:30:00", "21:30:00", NULL, NULL}, {"11:00:00", "14:30:00", "17:00:00", "22:30:00"},
      {"18:00:00", "02:00:00", NULL, NULL}};
  uint64_t kind = below(20);
  if (kind == 19) /* no hours at all: open all the time */
    return;
  kind = kind % (sizeof kinds / sizeof *kinds);
  int closed = below(4) == 0 ? (int)below(7) : 7;
  for (int day = 0; day < 7; day++) {
    if (day == closed)
      continue;
    fprintf(file, "%s,%d,%s,%s\n", store->id, day, kinds[kind].open, kinds[kind].close);
    if (kinds[kind].second_open)
      fprintf(file, "%s,%d,%s,%s\n", store->id, day, kinds[kind].second_open,
              kinds[kind].second_close);
  }
}

static void write_polls(FILE *file, struct store *stores, uint64_t count, uint64_t days,
                        uint64_t per_hour) {
  int64_t slot = LOOM_HOUR / (int64_t)per_hour, start = FIRST_DATE * LOOM_DAY;
  for (uint64_t s = 0; s < days * 24 * per_hour; s++) {
    for (uint64_t i = 0; i < count; i++) {
      char text[LOOM_TIMESTAMP_SIZE];
      struct store *store = &stores[i];
      if (below(100) < 7) /* the poller skips some */
        continue;
      if (below(100) < (store->up ? 2 : 30))
        store->up = !store->up;
      loom_format_timestamp(start + (int64_t)s * slot + (int64_t)below((uint64_t)slot), text);
      fprintf(file, "%s,%s,%s\n", store->id, store->up ? "active" : "inactive", text);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: generate FOLDER STORES DAYS POLLS_AN_HOUR SEED\n");
    return 2;
  }
  const char *folder = argv[1];
  uint64_t count = strtoull(argv[2], NULL, 10), days = strtoull(argv[3], NULL, 10);
  uint64_t per_hour = strtoull(argv[4], NULL, 10);
  state = strtoull(argv[5], NULL, 10);
  struct store *stores = calloc(count, sizeof *stores);
  if (!stores || !per_hour)
    return 1;
  FILE *hours =
      create(folder, "menu_hours.csv", "store_id,dayOfWeek,start_time_local,end_time_local");
  FILE *timezones = create(folder, "timezones.csv", "store_id,timezone_str");
  FILE *special = create(folder, "special_days.csv", "store_id,date,open,close,note");
  FILE *exclusions = create(folder, "exclusions.csv", "store_id,from_utc,to_utc,reason");
  FILE *status = create(folder, "store_status.csv", "store_id,status,timestamp_utc");
  fprintf(special, "*,2023-01-16,,,Martin Luther King Jr. Day\n");
  fprintf(exclusions, "*,2023-01-22 08:00:00 UTC,2023-01-22 08:30:00 UTC,release\n");
  for (uint64_t i = 0; i < count; i++) {
    make_id(stores[i].id);
    stores[i].up = true;
    write_hours(hours, &stores[i]);
    if (below(20) > 0) /* the others take the default zone */
      fprintf(timezones, "%s,%s\n", stores[i].id, zones[below(4) ? below(4) : below(ZONE_COUNT)]);
    if (below(10) == 0)
      fprintf(special, "%s,2023-01-21,12:00:00,20:00:00,stocktaking\n", stores[i].id);
    if (below(20) == 0)
      fprintf(exclusions, "%s,2023-01-20 15:00:00 UTC,2023-01-20 18:00:00 UTC,\"power, repair\"\n",
              stores[i].id);
  }
  write_polls(status, stores, count, days, per_hour);
  finish(hours);
  finish(timezones);
  finish(special);
  finish(exclusions);
  finish(status);
  free(stores);
  return 0;
}
