/*
** Zones, compared with the C library for every zone of the installed tz database, and made-up TZif files.
** The C library reads the same files, but shares no code with Loom; it is asked through TZ and localtime_r.
*/
#include "storage.h"

#include "time/civil.h"
#include "support.h"
#include "time/zone.h"

#include <ftw.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define NAMES_MAX 2000
#define YEAR_SECONDS INT64_C(31556952) /* on average */

/* ---- the names of the database ---- */

static struct {
  char *names[NAMES_MAX];
  size_t count, root_length;
} database;

static const char *database_root(void) {
  const char *directory = getenv("TZDIR");
  return directory && *directory ? directory : "/usr/share/zoneinfo";
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status;
  (void)ftw;
  const char *name = path + database.root_length + 1;
  char magic[4] = {0};
  if (type != FTW_F || strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0 ||
      strcmp(name, "Factory") == 0 || strcmp(name, "localtime") == 0 ||
      strcmp(name, "posixrules") == 0)
    return 0;
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  bool is_zone = fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0;
  fclose(file);
  if (is_zone) {
    assert_true(database.count < NAMES_MAX);
    database.names[database.count++] = strdup(name);
  }
  return 0;
}

static int list_names(void **state) {
  (void)state;
  database.root_length = strlen(database_root());
  return nftw(database_root(), visit, 16, 0) != 0 || database.count < 300;
}

static int forget_names(void **state) {
  (void)state;
  unsetenv("TZ");
  for (size_t i = 0; i < database.count; i++)
    free(database.names[i]);
  return 0;
}

static unsigned char *read_zone_file(const char *name, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", database_root(), name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  unsigned char *bytes = malloc(1 << 20);
  assert_non_null(bytes);
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

/* ---- the C library's answers ---- */

static void use_zone(const char *tz) {
  setenv("TZ", tz, 1);
  tzset();
}

static int32_t expected_offset(int64_t instant) {
  struct tm tm;
  time_t time = (time_t)instant;
  assert_non_null(localtime_r(&time, &tm));
  return (int32_t)tm.tm_gmtoff;
}

static void check_offset(const char *name, const loom_zone *zone, int64_t instant) {
  int32_t expected = expected_offset(instant), offset = loom_zone_offset(zone, instant);
  if (offset != expected)
    fail_msg("%s at %lld: offset %d, not %d", name, (long long)instant, offset, expected);
}

/* The first instant with this local time; if there is none, the offset before the change holds. */
static void check_local(const char *name, const loom_zone *zone, int64_t local, int32_t before,
                        int32_t after) {
  int64_t early = local - (before > after ? before : after);
  int64_t late = local - (before > after ? after : before);
  int64_t expected = local - before;
  if (early + expected_offset(early) == local)
    expected = early;
  else if (late + expected_offset(late) == local)
    expected = late;
  static size_t near = SIZE_MAX; /* of whatever was looked for before */
  int64_t instant = loom_zone_instant(zone, local);
  assert_int_equal(loom_zone_instant_near(zone, local, &near), instant);
  if (instant != expected)
    fail_msg("%s, local time %lld: %lld, not %lld", name, (long long)local, (long long)instant,
             (long long)expected);
}

static void check_transition(const char *name, const loom_zone *zone, int64_t at, int32_t before,
                             int32_t after) {
  int64_t low = at + (before < after ? before : after);
  int64_t high = at + (before < after ? after : before);
  const int64_t locals[] = {low - 86400, low - 1, low,      low + 1,     low + (high - low) / 2,
                            high - 1,    high,    high + 1, high + 86400};
  for (int64_t t = at - 2; t <= at + 2; t++)
    check_offset(name, zone, t);
  for (size_t i = 0; i < sizeof locals / sizeof *locals; i++)
    check_local(name, zone, locals[i], before, after);
}

/* Compares a stretch of time; returns how many transitions it met. */
static int check_stretch(const char *name, const loom_zone *zone, int first_year, int last_year,
                         int64_t step) {
  int64_t from = (int64_t)loom_date_from_civil(first_year, 1, 1) * LOOM_DAY_SECONDS;
  int64_t to = (int64_t)loom_date_from_civil(last_year + 1, 1, 1) * LOOM_DAY_SECONDS;
  int32_t before = expected_offset(from);
  int met = 0;
  for (int64_t t = from; t < to; t += step) {
    int32_t after = expected_offset(t);
    check_offset(name, zone, t);
    if (after == before)
      continue;
    int64_t low = t - step, high = t; /* the change is in (low, high] */
    while (high - low > 1) {
      int64_t middle = low + (high - low) / 2;
      if (expected_offset(middle) == before)
        low = middle;
      else
        high = middle;
    }
    check_transition(name, zone, high, before, expected_offset(high));
    before = after;
    met++;
  }
  return met;
}

/* ---- the installed database ---- */

static uint64_t hash_bytes(const unsigned char *bytes, size_t size) {
  uint64_t hash = size;
  for (size_t i = 0; i < size; i++) {
    hash += bytes[i];
    hash = random_next(&hash);
  }
  return hash;
}

/* Many names are links: each distinct file is compared once, but every name must be known. */
static void every_zone_agrees_with_the_c_library(void **state) {
  (void)state;
  static uint64_t seen[NAMES_MAX];
  size_t distinct = 0;
  int transitions = 0;
  loom_error error;
  loom_zones *zones = loom_zones_new(NULL);
  assert_non_null(zones);
  for (size_t i = 0; i < database.count; i++) {
    const char *name = database.names[i];
    const loom_zone *zone;
    char tz[256];
    size_t size, at = 0;
    if (loom_zones_get(zones, name, strlen(name), &zone, &error) != LOOM_OK)
      fail_msg("%s: %s", name, error.message);
    unsigned char *bytes = read_zone_file(name, &size);
    uint64_t hash = hash_bytes(bytes, size);
    free(bytes);
    while (at < distinct && seen[at] != hash)
      at++;
    if (at < distinct)
      continue;
    seen[distinct++] = hash;
    snprintf(tz, sizeof tz, ":%s", name);
    use_zone(tz);
    transitions += check_stretch(name, zone, 1970, 2037, 6 * LOOM_DAY_SECONDS);
    transitions += check_stretch(name, zone, 2038, 2110, 20 * LOOM_DAY_SECONDS);
    /* Around the 400 years that are laid out beyond the last transition, and after. */
    transitions += check_stretch(name, zone, 2399, 2402, 20 * LOOM_DAY_SECONDS);
    transitions += check_stretch(name, zone, 2434, 2442, 20 * LOOM_DAY_SECONDS);
    transitions += check_stretch(name, zone, 2839, 2840, 20 * LOOM_DAY_SECONDS);
    for (int64_t t = 0; t < 1000 * YEAR_SECONDS; t += 3 * YEAR_SECONDS + 86399)
      check_offset(name, zone, t);
  }
  assert_true(distinct > 200);
  assert_true(transitions > 20000);
  loom_zones_free(zones);
}

/* Where the C library says LMT, the zone's first standard time stands in. */
static void local_mean_time_is_never_used(void **state) {
  (void)state;
  const int64_t from = -170 * YEAR_SECONDS, step = 10 * LOOM_DAY_SECONDS;
  loom_error error;
  loom_zones *zones = loom_zones_new(NULL);
  assert_non_null(zones);
  int with_lmt = 0;
  for (size_t i = 0; i < database.count; i++) {
    const char *name = database.names[i];
    const loom_zone *zone;
    char tz[256];
    struct tm tm;
    int64_t t = from;
    assert_int_equal(loom_zones_get(zones, name, strlen(name), &zone, &error), LOOM_OK);
    snprintf(tz, sizeof tz, ":%s", name);
    use_zone(tz);
    time_t time = (time_t)t;
    localtime_r(&time, &tm);
    if (strcmp(tm.tm_zone, "LMT") != 0)
      continue;
    with_lmt++;
    while (strcmp(tm.tm_zone, "LMT") == 0) {
      time = (time_t)(t += step);
      localtime_r(&time, &tm);
    }
    int64_t low = t - step, high = t; /* standard time begins in (low, high] */
    while (high - low > 1) {
      time = (time_t)(low + (high - low) / 2);
      localtime_r(&time, &tm);
      *(strcmp(tm.tm_zone, "LMT") == 0 ? &low : &high) = time;
    }
    int32_t first = expected_offset(high);
    for (int64_t past = from; past < high; past += 500 * step)
      if (loom_zone_offset(zone, past) != first)
        fail_msg("%s at %lld: %d, not its first standard time %d", name, (long long)past,
                 loom_zone_offset(zone, past), first);
    assert_int_equal(loom_zone_offset(zone, high - 1), first);
  }
  assert_true(with_lmt > 100);
  loom_zones_free(zones);
}

static int64_t seconds_of(const char *timestamp) {
  int64_t instant;
  assert_null(loom_parse_timestamp(timestamp, strlen(timestamp), &instant));
  return instant / LOOM_SECOND;
}

/* What the pages of the tz database and the governments' gazettes say, written down by hand. */
static void known_local_times(void **state) {
  (void)state;
  static const struct {
    const char *zone, *local, *utc;
  } cases[] = {
      {"America/Chicago", "2023-01-24 09:00:00", "2023-01-24 15:00:00"},
      {"America/Chicago", "2023-07-24 09:00:00", "2023-07-24 14:00:00"},
      {"America/Chicago", "2023-03-12 01:59:59", "2023-03-12 07:59:59"},
      {"America/Chicago", "2023-03-12 02:30:00", "2023-03-12 08:30:00"}, /* skipped: 03:30 CDT */
      {"America/Chicago", "2023-03-12 03:00:00", "2023-03-12 08:00:00"},
      {"America/Chicago", "2023-11-05 01:30:00", "2023-11-05 06:30:00"}, /* twice: the first */
      {"America/Chicago", "2023-11-05 02:00:00", "2023-11-05 08:00:00"},
      {"America/Phoenix", "2023-07-01 12:00:00", "2023-07-01 19:00:00"},
      {"America/Chicago", "2500-07-01 12:00:00", "2500-07-01 17:00:00"}, /* by the footer's rule */
      {"Asia/Kolkata", "2023-01-01 05:30:00", "2023-01-01 00:00:00"},
      {"Asia/Kathmandu", "2023-01-01 05:45:00", "2023-01-01 00:00:00"},
      /* skips half an hour */
      {"Australia/Lord_Howe", "2023-10-01 02:15:00", "2023-09-30 15:45:00"},
      {"Australia/Lord_Howe", "2023-04-02 01:45:00", "2023-04-01 14:45:00"},
      {"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30 22:00:00"},  /* a day without its date */
      {"Europe/Dublin", "2023-01-15 12:00:00", "2023-01-15 12:00:00"}, /* winter is its "summer" */
      {"Europe/Dublin", "2023-07-15 12:00:00", "2023-07-15 11:00:00"},
      {"Africa/Casablanca", "2024-03-20 12:00:00", "2024-03-20 12:00:00"}, /* Ramadan */
      {"Africa/Casablanca", "2024-05-20 12:00:00", "2024-05-20 11:00:00"},
      {"America/Nuuk", "2022-03-26 21:59:59", "2022-03-27 00:59:59"},
      {"America/Nuuk", "2022-03-26 23:00:00", "2022-03-27 01:00:00"},
  };
  loom_error error;
  loom_zones *zones = loom_zones_new(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const loom_zone *zone;
    assert_int_equal(loom_zones_get(zones, cases[i].zone, strlen(cases[i].zone), &zone, &error),
                     LOOM_OK);
    int64_t instant = loom_zone_instant(zone, seconds_of(cases[i].local));
    char text[LOOM_TIMESTAMP_SIZE];
    text[loom_format_timestamp(instant * LOOM_SECOND, text) - strlen(".000000 UTC")] = '\0';
    if (strcmp(text, cases[i].utc) != 0)
      fail_msg("%s %s: %s, not %s", cases[i].zone, cases[i].local, text, cases[i].utc);
  }
  loom_zones_free(zones);
}

/* ---- names ---- */

static void names_that_are_none(void **state) {
  (void)state;
  static const char *const names[] = {"",
                                      "/",
                                      "//",
                                      ".",
                                      "..",
                                      "../etc/passwd",
                                      "/etc/passwd",
                                      "/UTC",
                                      "UTC/",
                                      "America//Chicago",
                                      "America/",
                                      "America/../UTC",
                                      "America/./Chicago",
                                      "America",
                                      "Europe/Nowhere",
                                      "tzdata.zi",
                                      "zone.tab",
                                      "leapseconds",
                                      "-UTC",
                                      "Etc/-",
                                      "_",
                                      " UTC",
                                      "UTC ",
                                      "Am\xc3\xa9rica/X",
                                      "UTC\n",
                                      "%s%n",
                                      ":UTC",
                                      "US\\Central",
                                      "iso3166.tab",
                                      "localtime",
                                      "posixrules",
                                      "Factory",
                                      "posix/UTC",
                                      "posix/America/New_York",
                                      "right/UTC"};
  loom_zones *zones = loom_zones_new(NULL);
  const loom_zone *zone;
  loom_error error;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (loom_zones_get(zones, names[i], strlen(names[i]), &zone, &error) != LOOM_EINPUT || zone)
      fail_msg("\"%s\" was not refused as it should be", names[i]);
  /* A name is bytes and a length: a NUL must not hide what follows it. */
  assert_int_equal(loom_zones_get(zones, "UTC\0x", 5, &zone, &error), LOOM_EINPUT);
  assert_int_equal(loom_zones_get(zones, "UTC\0", 4, &zone, &error), LOOM_EINPUT);
  assert_int_equal(loom_zones_get(zones, "UTCx", 3, &zone, &error), LOOM_OK);
  char longest[5000];
  memset(longest, 'a', sizeof longest);
  for (size_t length = LOOM_ZONE_NAME_MAX - 2; length < LOOM_ZONE_NAME_MAX + 3; length++)
    assert_int_equal(loom_zones_get(zones, longest, length, &zone, &error), LOOM_EINPUT);
  assert_int_equal(loom_zones_get(zones, longest, sizeof longest, &zone, &error), LOOM_EINPUT);
  /* A refusal leaves nothing behind that a later call could take for a zone. */
  assert_int_equal(loom_zones_get(zones, "Europe/Nowhere", 14, &zone, &error), LOOM_EINPUT);
  loom_zones_free(zones);
}

static void a_missing_database_is_told_from_a_missing_zone(void **state) {
  (void)state;
  loom_error error;
  const loom_zone *zone;
  loom_zones *zones = loom_zones_new("/nonexistent/zoneinfo");
  assert_int_equal(loom_zones_get(zones, "UTC", 3, &zone, &error), LOOM_ENOENT);
  assert_non_null(strstr(error.message, "/nonexistent/zoneinfo"));
  loom_zones_free(zones);
  zones = loom_zones_new(database_root());
  assert_int_equal(loom_zones_get(zones, "UTC", 3, &zone, &error), LOOM_OK);
  assert_int_equal(loom_zone_offset(zone, 0), 0);
  loom_zones_free(zones);
  loom_zones_free(NULL);
}

/* ---- made-up files ---- */

struct file {
  unsigned char bytes[1024];
  size_t size;
};

static void put_number(struct file *file, int64_t value, int size) {
  while (size-- > 0)
    file->bytes[file->size++] = (unsigned char)((uint64_t)value >> 8 * size);
}

static void put_header(struct file *file, char version, int leaps, int times, int types,
                       int chars) {
  const int counts[] = {0, 0, leaps, times, types, chars};
  memcpy(file->bytes + file->size, "TZif", 4);
  file->bytes[file->size + 4] = (unsigned char)version;
  memset(file->bytes + file->size + 5, 0, 15);
  file->size += 20;
  for (int i = 0; i < 6; i++)
    put_number(file, counts[i], 4);
}

static void put_zeros(struct file *file, size_t size) {
  memset(file->bytes + file->size, 0, size);
  file->size += size;
}

struct transition {
  int64_t at;
  int type;
};

/* A version 2 file with one type to each offset and no designations worth the name. */
static struct file make_file(const struct transition *transitions, int times,
                             const int32_t *offsets, int types, const char *footer) {
  struct file file = {.size = 0};
  put_header(&file, '2', 0, 0, 1, 4); /* the version 1 block: never looked at */
  put_zeros(&file, 6 + 4);
  put_header(&file, '2', 0, times, types, 4);
  for (int i = 0; i < times; i++)
    put_number(&file, transitions[i].at, 8);
  for (int i = 0; i < times; i++)
    put_number(&file, transitions[i].type, 1);
  for (int i = 0; i < types; i++) {
    put_number(&file, offsets[i], 4);
    put_number(&file, 0, 2);
  }
  memcpy(file.bytes + file.size, "ABC", 4);
  file.size += 4;
  file.size += (size_t)sprintf((char *)file.bytes + file.size, "\n%s\n", footer);
  return file;
}

/* Parses a copy of exactly this size, so that checkers see any read past its end. */
static loom_status parse(const unsigned char *bytes, size_t size, loom_zone **zone,
                         loom_error *error) {
  unsigned char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  loom_status status = loom_zone_parse(copy, size, zone, error);
  free(copy);
  return status;
}

static loom_zone *zone_of_footer(const char *footer, int32_t first_offset) {
  loom_zone *zone;
  loom_error error;
  struct file file = make_file(NULL, 0, &first_offset, 1, footer);
  if (parse(file.bytes, file.size, &zone, &error) != LOOM_OK)
    fail_msg("%s: %s", footer, error.message);
  return zone;
}

/* The C library takes the same rules in TZ; glibc's answers for rules before 1970 are wrong. */
static void footers_agree_with_the_c_library(void **state) {
  (void)state;
  static const char *const footers[] = {
      "UTC0",
      "<+0330>-3:30",
      "<-11>+11",
      "EST5EDT,M3.2.0,M11.1.0",
      "CET-1CEST,M3.5.0,M10.5.0/3",
      "IST-1GMT0,M10.5.0,M3.5.0/1",
      "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
      "NZST-12NZDT,M9.5.0,M4.1.0/3",
      "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
      "AAA5BBB,J60/0,J300/24",
      "AAA5BBB,J59/2:30,J301/3:15:30",
      "AAA5BBB,59,300",
      "AAA5BBB,60/0,299",
      "AAA-9:30:30BBB-10:45:15,J100/1,J200/2",
      "AAA3BBB1,M2.5.6/23:59:59,M12.1.1",
      "AAA5BBB,J300,J60",
  };
  for (size_t i = 0; i < sizeof footers / sizeof *footers; i++) {
    use_zone(footers[i]);
    loom_zone *zone = zone_of_footer(footers[i], expected_offset(-70 * YEAR_SECONDS));
    check_stretch(footers[i], zone, 1970, 2110, 10 * LOOM_DAY_SECONDS);
    check_stretch(footers[i], zone, 2290, 2310, 10 * LOOM_DAY_SECONDS);
    check_stretch(footers[i], zone, 2690, 2710, 10 * LOOM_DAY_SECONDS);
    loom_zone_free(zone);
  }
}

/* Not near the new year: there the C library looks at the wrong year's rules. */
static void append_change(char *footer, uint64_t *random, int from_day) {
  char *at = footer + strlen(footer);
  int day = from_day + (int)random_below(random, 100);
  switch (random_below(random, 3)) {
  case 0:
    at += sprintf(at, ",J%d", day);
    break;
  case 1:
    at += sprintf(at, ",%d", day);
    break;
  default:
    at += sprintf(at, ",M%d.%d.%d", day / 31 + 1, 1 + (int)random_below(random, 5),
                  (int)random_below(random, 7));
  }
  if (random_below(random, 2))
    sprintf(at, "/%d:%02d", (int)random_below(random, 25), (int)random_below(random, 60));
}

static void random_footers_agree_with_the_c_library(void **state) {
  (void)state;
#ifndef __GLIBC__
  skip(); /* musl has a summer that ends as a year begins go on */
#endif
  uint64_t random = 8;
  for (int round = 0; round < 200; round++) {
    char footer[128];
    int standard = (int)random_below(&random, 23) - 11;
    bool north = random_below(&random, 2);
    sprintf(footer, "AAA%d:%02dBBB%d", standard, (int)random_below(&random, 60),
            standard + (random_below(&random, 4) ? -1 : 1));
    append_change(footer, &random, north ? 20 : 220);
    append_change(footer, &random, north ? 220 : 20);
    use_zone(footer);
    loom_zone *zone = zone_of_footer(footer, expected_offset(-70 * YEAR_SECONDS));
    check_stretch(footer, zone, 1995, 2010, 15 * LOOM_DAY_SECONDS);
    check_stretch(footer, zone, 2396, 2404, 15 * LOOM_DAY_SECONDS);
    loom_zone_free(zone);
  }
}

/* Times beyond a day and summer all year round are extensions of RFC 9636 that C libraries differ on. */
static void footers_with_extended_times(void **state) {
  (void)state;
  loom_zone *zone = zone_of_footer("EST5EDT,0/0,J365/25", -14400);
  for (int64_t t = 0; t < 900 * YEAR_SECONDS; t += 7919 * 61)
    assert_int_equal(loom_zone_offset(zone, t), -14400);
  loom_zone_free(zone);

  /* Gaza: the Saturday after the fourth Thursday is the fourth Thursday and 50 hours. */
  zone = zone_of_footer("EET-2EEST,M3.4.4/50,M10.4.4/50", 7200);
  int64_t spring = seconds_of("2040-03-24 00:00:00"), autumn = seconds_of("2040-10-27 00:00:00");
  assert_int_equal(loom_zone_offset(zone, spring - 1), 7200);
  assert_int_equal(loom_zone_offset(zone, spring), 10800);
  assert_int_equal(loom_zone_offset(zone, autumn - 3600 - 1), 10800);
  assert_int_equal(loom_zone_offset(zone, autumn - 3600), 7200);
  loom_zone_free(zone);

  /* Jerusalem: Friday before the last Sunday, written as the fourth Thursday and 26 hours. */
  zone = zone_of_footer("IST-2IDT,M3.4.4/26,M10.5.0", 7200);
  spring = seconds_of("2025-03-28 00:00:00");
  assert_int_equal(loom_zone_offset(zone, spring - 1), 7200);
  assert_int_equal(loom_zone_offset(zone, spring), 10800);
  loom_zone_free(zone);
}

static void footers_that_are_none(void **state) {
  (void)state;
  static const char *const footers[] = {"E",
                                        "5",
                                        "EST",
                                        "EST5EDT",
                                        "EST5EDT,M3.2.0",
                                        "EST5EDT,M3.2.0,M11.1.0,",
                                        "EST5EDT,M0.2.0,M11.1.0",
                                        "EST5EDT,M13.2.0,M11.1.0",
                                        "EST5EDT,M3.0.0,M11.1.0",
                                        "EST5EDT,M3.6.0,M11.1.0",
                                        "EST5EDT,M3.2.7,M11.1.0",
                                        "EST5EDT,J0,J300",
                                        "EST5EDT,J366,J300",
                                        "EST5EDT,366,300",
                                        "EST5EDT,M3.2,M11.1",
                                        "<-03",
                                        "<-03>",
                                        "EST168",
                                        "EST5:60",
                                        "EST5:00:60",
                                        "EST5EDT,M3.2.0/168,M11.1.0",
                                        "EST5EDT,M3.2.0/,M11.1.0",
                                        "EST5 EDT,M3.2.0,M11.1.0",
                                        "EST99999999999999999999",
                                        "EST5EDT,J99999999999,J1",
                                        "EST5EDT,,",
                                        "EST25",
                                        "<-94>94",
                                        "EST-25",
                                        "EST5EDT94,M3.2.0,M11.1.0",
                                        "EST5EDT-25,M3.2.0,M11.1.0"};
  const int32_t offset = 0;
  for (size_t i = 0; i < sizeof footers / sizeof *footers; i++) {
    loom_zone *zone;
    loom_error error;
    struct file file = make_file(NULL, 0, &offset, 1, footers[i]);
    if (parse(file.bytes, file.size, &zone, &error) != LOOM_ECORRUPT || zone)
      fail_msg("%s was taken for a rule", footers[i]);
  }
}

/* The rule holds after the last transition, even when that one changed no more than the clock's name. */
static void a_rule_starts_at_the_last_transition(void **state) {
  (void)state;
  const int32_t offsets[] = {-10800, -10800, -14400};
  const int64_t permanent = seconds_of("2010-10-01 00:00:00");
  const int64_t resumed = seconds_of("2030-01-01 00:00:00");
  const struct transition transitions[] = {
      {seconds_of("2010-04-01 00:00:00"), 2}, {permanent, 0}, {resumed, 1}};
  struct file file = make_file(transitions, 3, offsets, 3, "<-04>4<-03>,M10.1.0/0,M3.4.0/0");
  loom_zone *zone;
  loom_error error;
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_OK);
  for (int64_t t = permanent; t < resumed; t += LOOM_DAY_SECONDS)
    assert_int_equal(loom_zone_offset(zone, t), -10800);
  assert_int_equal(loom_zone_offset(zone, seconds_of("2030-03-24 02:59:59")), -10800);
  assert_int_equal(loom_zone_offset(zone, seconds_of("2030-03-24 03:00:00")), -14400);
  loom_zone_free(zone);
}

/* Without a rule the last offset stays; transitions at the ends of 64 bits must not overflow anything. */
static void transitions_far_away(void **state) {
  (void)state;
  static const int64_t far[] = {INT64_C(1) << 31,
                                INT64_C(1) << 36,
                                INT64_C(1) << 40,
                                INT64_C(1) << 45,
                                INT64_C(185542587100800), /* day 2^31 */
                                INT64_C(1) << 48,
                                INT64_C(1) << 56,
                                (INT64_C(1) << 56) + 1,
                                INT64_C(1) << 59,
                                INT64_MAX};
  const int32_t offsets[] = {0, 3600};
  for (size_t i = 0; i < 2 * sizeof far / sizeof *far; i++) {
    for (int with_rule = 0; with_rule < 2; with_rule++) {
      int64_t at = i % 2 ? -far[i / 2] - 1 : far[i / 2];
      const struct transition transition = {at, 1};
      struct file file =
          make_file(&transition, 1, offsets, 2, with_rule ? "<+01>-1<+02>,M3.2.0,M11.1.0" : "");
      loom_zone *zone;
      loom_error error;
      if (parse(file.bytes, file.size, &zone, &error) != LOOM_OK)
        continue;
      int32_t offset = loom_zone_offset(zone, 0);
      assert_true(offset == 0 || offset == 3600 || (with_rule && offset == 7200));
      loom_zone_offset(zone, INT64_MAX / LOOM_SECOND);
      loom_zone_offset(zone, INT64_MIN / LOOM_SECOND);
      loom_zone_instant(zone, INT64_MAX / LOOM_SECOND);
      loom_zone_instant(zone, INT64_MIN / LOOM_SECOND);
      loom_zone_free(zone);
    }
  }
}

/* RFC 9636, section 3.2: more than -25 hours and less than 26, which is also what a footer can say. */
static void the_bounds_of_offsets(void **state) {
  (void)state;
  const struct {
    int32_t offset;
    loom_status status;
  } cases[] = {{-25 * 3600, LOOM_ECORRUPT},
               {-25 * 3600 + 1, LOOM_OK},
               {26 * 3600 - 1, LOOM_OK},
               {26 * 3600, LOOM_ECORRUPT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    loom_zone *zone;
    loom_error error;
    const int32_t offsets[] = {cases[i].offset, 0};
    const struct transition at_zero[] = {{0, 1}};
    struct file file = make_file(at_zero, 1, offsets, 2, "UTC0");
    assert_int_equal(parse(file.bytes, file.size, &zone, &error), cases[i].status);
    if (cases[i].status != LOOM_OK)
      continue;
    /* The last local time before the change, and the first one after it that was not there before. */
    int64_t last = cases[i].offset - 1, next = cases[i].offset > 0 ? cases[i].offset : 0;
    assert_int_equal(loom_zone_instant(zone, last), -1);
    assert_int_equal(loom_zone_instant(zone, next), next);
    loom_zone_free(zone);
  }
}

static void files_that_are_refused(void **state) {
  (void)state;
  loom_zone *zone;
  loom_error error;
  const int32_t offsets[] = {0, 3600};
  const struct transition backwards[] = {{100, 1}, {99, 0}}, twice[] = {{100, 1}, {100, 0}};
  const struct transition unknown_type[] = {{100, 2}};
  struct file file = make_file(backwards, 2, offsets, 2, "UTC0");
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  file = make_file(twice, 2, offsets, 2, "UTC0");
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  file = make_file(unknown_type, 1, offsets, 2, "UTC0");
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  file = make_file(NULL, 0, NULL, 0, "UTC0");
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  assert_int_equal(parse((const unsigned char *)"", 0, &zone, &error), LOOM_ECORRUPT);
  assert_null(zone);

  /* Leap seconds: instants would not be POSIX time. */
  file = (struct file){.size = 0};
  put_header(&file, 0, 1, 0, 1, 4);
  put_zeros(&file, 6 + 4 + 8);
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  assert_non_null(strstr(error.message, "leap seconds"));

  /* A header and nothing else, in version 1. */
  file = (struct file){.size = 0};
  put_header(&file, 0, 0, 0, 0, 0);
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_ECORRUPT);
  assert_non_null(strstr(error.message, "it has no local time types"));
}

/* The last transition that is kept; later ones would make sums of times overflow, and are as good as never. */
static void the_last_transition_that_counts(void **state) {
  (void)state;
  const int32_t offsets[] = {0, 3600};
  const int64_t last = INT64_C(1) << 40;
  for (int64_t at = last; at <= last + 1; at++) {
    loom_zone *zone;
    loom_error error;
    struct file file = make_file(&(struct transition){at, 1}, 1, offsets, 2, "");
    assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_OK);
    assert_int_equal(loom_zone_offset(zone, at - 1), 0);
    assert_int_equal(loom_zone_offset(zone, at), at == last ? 3600 : 0);
    loom_zone_free(zone);
  }
}

/* Version 1: 32-bit times, no footer. Half an hour's offset shows that the right bytes are read. */
static void version_1_files(void **state) {
  (void)state;
  struct file file = {.size = 0};
  loom_zone *zone;
  loom_error error;
  put_header(&file, 0, 0, 2, 2, 4);
  put_number(&file, -1000, 4);
  put_number(&file, 200000, 4);
  put_number(&file, 1, 1);
  put_number(&file, 0, 1);
  put_number(&file, -1800, 4);
  put_number(&file, 0, 2);
  put_number(&file, 1800, 4);
  put_number(&file, 0, 2);
  put_number(&file, 0, 4);
  assert_int_equal(parse(file.bytes, file.size, &zone, &error), LOOM_OK);
  assert_int_equal(loom_zone_offset(zone, -1001), -1800);
  assert_int_equal(loom_zone_offset(zone, -1000), 1800);
  assert_int_equal(loom_zone_offset(zone, 199999), 1800);
  assert_int_equal(loom_zone_offset(zone, 200000), -1800);
  assert_int_equal(loom_zone_instant(zone, 200000), 200000 - 1800); /* the first of two */
  assert_int_equal(loom_zone_instant(zone, 0), 1800);               /* skipped */
  loom_zone_free(zone);
}

/* ---- names without files ---- */

static void write_zone_file(struct scratch *scratch, const char *name, const struct file *file) {
  write_file(scratch_path(scratch, name), file->bytes, file->size);
}

static void assert_offset(loom_zones *zones, const char *name, int32_t expected) {
  const loom_zone *zone;
  loom_error error;
  assert_status(loom_zones_get(zones, name, strlen(name), &zone, &error), LOOM_OK, &error);
  assert_int_equal(loom_zone_offset(zone, 0), expected);
}

static void assert_no_zone(loom_zones *zones, const char *name) {
  const loom_zone *zone;
  loom_error error;
  assert_status(loom_zones_get(zones, name, strlen(name), &zone, &error), LOOM_EINPUT, &error);
  assert_string_equal(error.message, "is not a zone of the tz database");
}

/* In the form of tzdata.zi, and in that of the file that was there before it. */
static void links_of_the_database(void **state) {
  (void)state;
  static const char *const lists[] = {
      "# version 2025b\nR n 1 2 - Jan 1 0 0 -\nZ One 1 - ONE\nL One Old/Name\nL Old/Name Older\n"
      "L One Two\nL Nowhere Lost\nL ../One Climbs\nL Ring1 Ring2\nL Ring2 Ring1\nL posix/One "
      "Posix\nL One\nL",
      "# Link comments\r\nLink\tOne\t\tOld/Name # a comment\r\n  LINK Old/Name Older\nlink One "
      "Two\n"
      "Linked One Wrong\nLi Nowhere Lost\nL ../One Climbs\nL Ring1 Ring2\nL Ring2 Ring1\nL "
      "posix/One Posix"};
  static const char *const names[] = {"tzdata.zi", "backward"};
  const int32_t one = 3600, two = 7200;
  struct file one_file = make_file(NULL, 0, &one, 1, "<+01>-1");
  struct file two_file = make_file(NULL, 0, &two, 1, "<+02>-2");
  for (size_t i = 0; i < COUNT_OF(lists); i++) {
    struct scratch scratch;
    scratch_begin(&scratch);
    write_zone_file(&scratch, "One", &one_file);
    write_zone_file(&scratch, "Two", &two_file);
    write_file(scratch_path(&scratch, names[i]), lists[i], strlen(lists[i]));
    loom_zones *zones = loom_zones_new(scratch.folder);
    assert_offset(zones, "Old/Name", 3600);
    assert_offset(zones, "Older", 3600);
    assert_offset(zones, "Two", 7200); /* a file of that name prevails */
    assert_offset(zones, "Old/Name", 3600);
    static const char *const none[] = {"Lost",  "Climbs", "Ring1", "Ring2", "Posix",
                                       "Wrong", "Old",    "Name",  "Three", "L"};
    for (size_t n = 0; n < COUNT_OF(none); n++)
      assert_no_zone(zones, none[n]);
    loom_zones_free(zones);
    scratch_end(&scratch);
  }
}

static void a_database_without_a_list_of_links(void **state) {
  (void)state;
  struct scratch scratch;
  scratch_begin(&scratch);
  loom_zones *zones = loom_zones_new(scratch.folder);
  assert_no_zone(zones, "US/Pacific");
  loom_zones_free(zones);
  scratch_end(&scratch);
}

/* What the machine lacks is no fault of the name: a row must not be dropped for it. */
static void a_file_that_cannot_be_opened_is_not_a_bad_name(void **state) {
  (void)state;
  loom_error error;
  const loom_zone *zone;
  struct rlimit before, none;
  loom_zones *zones = loom_zones_new(NULL);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  none.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  loom_status status = loom_zones_get(zones, "Europe/Berlin", 13, &zone, &error);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_status(status, LOOM_EIO, &error);
  assert_null(zone);
  assert_non_null(strstr(error.message, "Europe/Berlin: cannot be opened"));
  assert_int_equal(loom_zones_get(zones, "Europe/Berlin", 13, &zone, &error), LOOM_OK);
  loom_zones_free(zones);
}

/* ---- damage ---- */

static void every_prefix_of_a_file_is_refused(void **state) {
  (void)state;
  size_t size;
  loom_zone *zone;
  loom_error error;
  unsigned char *bytes = read_zone_file("America/New_York", &size);
  for (size_t length = 0; length < size; length++)
    assert_int_equal(parse(bytes, length, &zone, &error), LOOM_ECORRUPT);
  assert_int_equal(parse(bytes, size, &zone, &error), LOOM_OK);
  loom_zone_free(zone);
  free(bytes);
}

static void no_damaged_byte_does_harm(void **state) {
  (void)state;
  static const unsigned char flips[] = {0x01, 0x80, 0xff};
  size_t size;
  unsigned char *bytes = read_zone_file("Europe/Dublin", &size);
  for (size_t i = 0; i < size * sizeof flips; i++) {
    unsigned char *byte = &bytes[i / sizeof flips], good = *byte;
    loom_zone *zone;
    loom_error error;
    *byte ^= flips[i % sizeof flips];
    if (parse(bytes, size, &zone, &error) == LOOM_OK) {
      for (int64_t t = -60 * YEAR_SECONDS; t < 600 * YEAR_SECONDS; t += 40 * YEAR_SECONDS) {
        int32_t offset = loom_zone_offset(zone, t);
        assert_in_range(offset + 2 * 86400, 0, 4 * 86400);
        assert_in_range(loom_zone_instant(zone, t) - t + 2 * 86400, 0, 4 * 86400);
      }
    } else {
      assert_int_equal(error.code, LOOM_ECORRUPT);
      assert_null(zone);
    }
    loom_zone_free(zone);
    *byte = good;
  }
  free(bytes);
}

/* ---- threads ---- */

#define THREADS 8

struct worker {
  pthread_t thread;
  loom_zones *zones;
  size_t start;
  const loom_zone *found[NAMES_MAX];
};

static void *get_all(void *argument) {
  struct worker *worker = argument;
  loom_error error;
  for (size_t i = 0; i < database.count; i++) {
    size_t at = (worker->start + i) % database.count;
    const char *name = database.names[at];
    if (loom_zones_get(worker->zones, name, strlen(name), &worker->found[at], &error) == LOOM_OK)
      loom_zone_offset(worker->found[at], 0);
  }
  return NULL;
}

/* Each zone is read once, whoever asks first. */
static void threads_share_a_cache(void **state) {
  (void)state;
  static struct worker workers[THREADS];
  loom_zones *zones = loom_zones_new(NULL);
  for (size_t i = 0; i < THREADS; i++) {
    workers[i].zones = zones;
    workers[i].start = i % 2 ? i * database.count / THREADS : 0;
    assert_int_equal(pthread_create(&workers[i].thread, NULL, get_all, &workers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(workers[i].thread, NULL);
  for (size_t at = 0; at < database.count; at++) {
    assert_non_null(workers[0].found[at]);
    for (size_t i = 1; i < THREADS; i++)
      assert_ptr_equal(workers[i].found[at], workers[0].found[at]);
  }
  loom_zones_free(zones);
}

/* ---- stretches without a change ---- */

/* Where clocks are said to be steady, one offset makes of all local times what they are by themselves; and they mostly are. */
static void steady_clocks_have_one_offset(void **state) {
  (void)state;
  static const char *const names[] = {"UTC", "America/Chicago", "Pacific/Apia",
                                      "Australia/Lord_Howe", "Africa/Casablanca"};
  loom_zones *zones = loom_zones_new(NULL);
  uint64_t random = 11;
  int steady = 0, rounds = 20000;
  for (int round = 0; round < rounds; round++) {
    const loom_zone *zone;
    loom_error error;
    const char *name = names[random_below(&random, sizeof names / sizeof *names)];
    assert_int_equal(loom_zones_get(zones, name, strlen(name), &zone, &error), LOOM_OK);
    uint64_t years = random_below(&random, 10) ? 100 : 8029;
    int64_t from = (int64_t)random_below(&random, years * 365 * 86400) - (int64_t)50 * 365 * 86400;
    int64_t to = from + (int64_t)random_below(&random, 12 * 86400);
    int32_t offset;
    if (!loom_zone_is_steady(zone, from, to, &offset))
      continue;
    steady++;
    assert_int_equal(loom_zone_instant(zone, to), to - offset);
    for (int64_t local = from; local <= to; local += 1 + (int64_t)random_below(&random, 86400))
      assert_int_equal(loom_zone_instant(zone, local), local - offset);
  }
  assert_in_range(steady, rounds / 2, rounds - 100);
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steady_clocks_have_one_offset),
      cmocka_unit_test(every_zone_agrees_with_the_c_library),
      cmocka_unit_test(local_mean_time_is_never_used),
      cmocka_unit_test(known_local_times),
      cmocka_unit_test(names_that_are_none),
      cmocka_unit_test(a_missing_database_is_told_from_a_missing_zone),
      cmocka_unit_test(footers_agree_with_the_c_library),
      cmocka_unit_test(random_footers_agree_with_the_c_library),
      cmocka_unit_test(footers_with_extended_times),
      cmocka_unit_test(footers_that_are_none),
      cmocka_unit_test(a_rule_starts_at_the_last_transition),
      cmocka_unit_test(transitions_far_away),
      cmocka_unit_test(the_bounds_of_offsets),
      cmocka_unit_test(files_that_are_refused),
      cmocka_unit_test(the_last_transition_that_counts),
      cmocka_unit_test(version_1_files),
      cmocka_unit_test(links_of_the_database),
      cmocka_unit_test(a_database_without_a_list_of_links),
      cmocka_unit_test(a_file_that_cannot_be_opened_is_not_a_bad_name),
      cmocka_unit_test(every_prefix_of_a_file_is_refused),
      cmocka_unit_test(no_damaged_byte_does_harm),
      cmocka_unit_test(threads_share_a_cache),
  };
  return cmocka_run_group_tests_name("zone", tests, list_names, forget_names);
}
