/*
** TZif reader and look-ups (RFC 9636). What follows the last transition of a file is described by the POSIX TZ
** rule in its footer; it is expanded here to 400 more years of transitions. The Gregorian calendar repeats
** itself, weekdays included, every 400 years, so later instants are looked up that many years earlier.
*/
#include "time/zone.h"
#include "time/civil.h"
#include "time/zone_links.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TZIF_HEADER_SIZE 44
#define TZIF_TYPE_SIZE 6
#define TZIF_FILE_MAX (1 << 20) /* the largest file of the tz database is below 4 KiB */
#define CYCLE_YEARS 400
#define CYCLE_SECONDS (INT64_C(146097) * LOOM_DAY_SECONDS)
#define DEFAULT_DIRECTORY "/usr/share/zoneinfo"

/* Times more than this from 1970 (34,000 years) are transitions of no zone: sums of times and dates stay far
** from overflow. */
#define TIME_LIMIT (INT64_C(1) << 40)

struct period {
  int64_t start; /* first instant, in seconds since the epoch */
  int32_t offset;
};

struct loom_zone {
  struct period *periods; /* sorted; the first one starts at INT64_MIN */
  size_t count;
  int64_t cycle_from; /* from here on, times repeat every 400 years; INT64_MAX if they do not */
  char name[LOOM_ZONE_NAME_MAX];
};

const char *loom_zone_name(const loom_zone *zone) {
  return zone->name;
}

/* ---- POSIX TZ rules: RFC 9636 section 3.3, POSIX.1-2017 section 8.3 ---- */

/* When a rule's change happens in a year, `time` seconds after that day's local midnight. */
struct change {
  enum { JULIAN_WITHOUT_LEAP_DAY, DAY_OF_YEAR, MONTH_WEEK_DAY } kind;
  int month, week, day;
  int32_t time;
};

struct posix_rule {
  int32_t standard, summer; /* seconds east */
  bool has_summer;
  struct change to_summer, to_standard;
};

/* The RFC extends POSIX's 24 hours for the time of a change, and for it alone. */
#define OFFSET_HOURS_MAX 24
#define CHANGE_HOURS_MAX 167

/* Reads an unsigned number of at most `most`; advances *text. */
static bool read_number(const char **text, int most, int *value) {
  const char *at = *text;
  int number = 0;
  if (*at < '0' || *at > '9')
    return false;
  for (; *at >= '0' && *at <= '9'; at++) {
    number = number * 10 + (*at - '0');
    if (number > most)
      return false;
  }
  *text = at;
  *value = number;
  return true;
}

/* `[+-]hh[:mm[:ss]]`, in seconds. */
static bool read_time(const char **text, int most_hours, int32_t *seconds) {
  int sign = 1, hours = 0, minutes = 0, rest = 0;
  if (**text == '+' || **text == '-')
    sign = *(*text)++ == '-' ? -1 : 1;
  if (!read_number(text, most_hours, &hours))
    return false;
  if (**text == ':') {
    (*text)++;
    if (!read_number(text, 59, &minutes))
      return false;
    if (**text == ':') {
      (*text)++;
      if (!read_number(text, 59, &rest))
        return false;
    }
  }
  *seconds = sign * (hours * 3600 + minutes * 60 + rest);
  return true;
}

/* `CST` or `<-03>`. The name itself is not needed. */
static bool skip_designation(const char **text) {
  const char *at = *text;
  if (*at == '<') {
    at = strchr(at, '>');
    if (!at)
      return false;
    at++;
  } else {
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'))
      at++;
  }
  bool some = at > *text;
  *text = at;
  return some;
}

/* `,M3.2.0/2`, `,J60` or `,59`. */
static bool read_change(const char **text, struct change *change) {
  if (*(*text)++ != ',')
    return false;
  *change = (struct change){.kind = DAY_OF_YEAR, .time = 2 * 3600};
  bool good;
  if (**text == 'M') {
    change->kind = MONTH_WEEK_DAY;
    ++*text;
    good = read_number(text, 12, &change->month) && change->month >= 1 && *(*text)++ == '.' &&
           read_number(text, 5, &change->week) && change->week >= 1 && *(*text)++ == '.' &&
           read_number(text, 6, &change->day);
  } else if (**text == 'J') {
    change->kind = JULIAN_WITHOUT_LEAP_DAY;
    ++*text;
    good = read_number(text, 365, &change->day) && change->day >= 1;
  } else {
    good = read_number(text, 365, &change->day);
  }
  if (good && **text == '/') {
    ++*text;
    good = read_time(text, CHANGE_HOURS_MAX, &change->time);
  }
  return good;
}

static bool read_rule(const char *text, struct posix_rule *rule) {
  int32_t west;
  *rule = (struct posix_rule){0};
  if (!skip_designation(&text) || !read_time(&text, OFFSET_HOURS_MAX, &west))
    return false;
  rule->standard = -west;
  if (*text == '\0')
    return true;
  rule->has_summer = true;
  rule->summer = rule->standard + 3600;
  if (!skip_designation(&text))
    return false;
  if (*text != ',' && *text != '\0') {
    if (!read_time(&text, OFFSET_HOURS_MAX, &west))
      return false;
    rule->summer = -west;
  }
  return read_change(&text, &rule->to_summer) && read_change(&text, &rule->to_standard) &&
         *text == '\0';
}

/* The local time of a change in a year, in seconds since 1970 on the local clock. */
static int64_t change_in_year(const struct change *change, int year) {
  int32_t new_year = loom_date_from_civil(year, 1, 1), date;
  switch (change->kind) {
  case JULIAN_WITHOUT_LEAP_DAY: {
    bool leap = loom_date_from_civil(year + 1, 1, 1) - new_year == 366;
    date = new_year + change->day - 1 + (leap && change->day >= 60);
    break;
  }
  case DAY_OF_YEAR:
    date = new_year + change->day;
    break;
  default: {
    int32_t first = loom_date_from_civil(year, change->month, 1);
    int32_t next = change->month == 12 ? loom_date_from_civil(year + 1, 1, 1)
                                       : loom_date_from_civil(year, change->month + 1, 1);
    int sunday_based = (loom_weekday(first) + 1) % 7;
    date = first + (change->day - sunday_based + 7) % 7 + 7 * (change->week - 1);
    if (date >= next)
      date -= 7;
  }
  }
  return (int64_t)date * LOOM_DAY_SECONDS + change->time;
}

/* ---- building a zone ---- */

/* Appends a period; one that changes nothing is dropped, and one at the same start replaces the last. */
static void add_period(loom_zone *zone, int64_t start, int32_t offset) {
  if (zone->count && zone->periods[zone->count - 1].start >= start)
    zone->periods[zone->count - 1].offset = offset;
  else if (!zone->count || zone->periods[zone->count - 1].offset != offset)
    zone->periods[zone->count++] = (struct period){start, offset};
}

/* Adds the transitions that the rule makes after instant `from`, for 400 years and one to spare. */
static void expand_rule(loom_zone *zone, const struct posix_rule *rule, int64_t from) {
  if (!rule->has_summer) {
    add_period(zone, from, rule->standard);
    return;
  }
  int year, month, day;
  loom_civil_from_date((int32_t)(from / LOOM_DAY_SECONDS) - (from % LOOM_DAY_SECONDS < 0), &year,
                       &month, &day);
  zone->cycle_from = from + LOOM_DAY_SECONDS * INT64_C(366) + CYCLE_SECONDS;
  for (int y = year - 1; y <= year + CYCLE_YEARS + 2; y++) {
    int64_t summer = change_in_year(&rule->to_summer, y) - rule->standard;
    int64_t standard = change_in_year(&rule->to_standard, y) - rule->summer;
    bool summer_first = summer < standard;
    int64_t early = summer_first ? summer : standard, late = summer_first ? standard : summer;
    int32_t early_offset = summer_first ? rule->summer : rule->standard;
    int32_t late_offset = summer_first ? rule->standard : rule->summer;
    if (early > from)
      add_period(zone, early, early_offset);
    if (late > from)
      add_period(zone, late, late_offset);
  }
}

struct tzif {
  uint64_t utc_count, standard_count, leap_count, time_count, type_count, char_count;
  const unsigned char *times, *indices, *types, *chars;
  size_t time_size; /* 4 in a version 1 block, 8 in the others */
};

static uint32_t read_be32(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_be(const unsigned char *at, size_t size) {
  if (size == 4)
    return (int32_t)read_be32(at);
  return (int64_t)((uint64_t)read_be32(at) << 32 | read_be32(at + 4));
}

/* Lays out the header and data block at `at`; returns the block's end, or NULL if it does not fit. */
static const unsigned char *read_block(struct tzif *tz, const unsigned char *at,
                                       const unsigned char *end, size_t time_size) {
  if (end - at < TZIF_HEADER_SIZE || memcmp(at, "TZif", 4) != 0)
    return NULL;
  tz->utc_count = read_be32(at + 20);
  tz->standard_count = read_be32(at + 24);
  tz->leap_count = read_be32(at + 28);
  tz->time_count = read_be32(at + 32);
  tz->type_count = read_be32(at + 36);
  tz->char_count = read_be32(at + 40);
  tz->time_size = time_size;
  at += TZIF_HEADER_SIZE;
  uint64_t size = tz->time_count * (time_size + 1) + tz->type_count * TZIF_TYPE_SIZE +
                  tz->char_count + tz->leap_count * (time_size + 4) + tz->standard_count +
                  tz->utc_count;
  if (size > (uint64_t)(end - at))
    return NULL;
  tz->times = at;
  tz->indices = tz->times + tz->time_count * time_size;
  tz->types = tz->indices + tz->time_count;
  tz->chars = tz->types + tz->type_count * TZIF_TYPE_SIZE;
  return at + size;
}

static bool is_local_mean_time(const struct tzif *tz, size_t type) {
  size_t at = tz->types[type * TZIF_TYPE_SIZE + 5];
  return at + 4 <= tz->char_count && memcmp(tz->chars + at, "LMT", 4) == 0;
}

static int32_t type_offset(const struct tzif *tz, size_t type) {
  return (int32_t)read_be32(tz->types + type * TZIF_TYPE_SIZE);
}

/*
** Fills the zone with the block's transitions; returns what is wrong with them, or NULL. *last_kept receives the
** last one's time, whether or not it changed the offset, or INT64_MIN.
*/
static const char *add_transitions(loom_zone *zone, const struct tzif *tz, int64_t *last_kept) {
  for (size_t i = 0; i < tz->type_count; i++)
    if (type_offset(tz, i) <= LOOM_OFFSET_MIN || type_offset(tz, i) >= LOOM_OFFSET_MAX)
      return "an offset is not between -25 and 26 hours";
  /* Before the first transition type 0 is in force; where that is local mean time, the zone's first
  ** standard time stands in for it, since no opening hours were ever kept in it. */
  size_t first = 0, skipped = 0; /* a zone may have had more than one local mean time */
  if (is_local_mean_time(tz, 0)) {
    while (skipped < tz->time_count && tz->indices[skipped] < tz->type_count &&
           is_local_mean_time(tz, tz->indices[skipped]))
      skipped++;
    if (skipped < tz->time_count && tz->indices[skipped] < tz->type_count)
      first = tz->indices[skipped];
  }
  add_period(zone, INT64_MIN, type_offset(tz, first));
  int64_t last = INT64_MIN;
  *last_kept = INT64_MIN;
  for (size_t i = 0; i < tz->time_count; i++) {
    int64_t at = read_be(tz->times + i * tz->time_size, tz->time_size);
    if (tz->indices[i] >= tz->type_count)
      return "a transition has an unknown type";
    if (i > 0 && at <= last)
      return "transitions are out of order";
    last = at;
    if (i < skipped || at < -TIME_LIMIT || at > TIME_LIMIT)
      continue;
    add_period(zone, at, type_offset(tz, tz->indices[i]));
    *last_kept = at;
  }
  return NULL;
}

/* The footer is a newline, the rule (which may be empty), a newline. It holds after the last transition. */
static const char *add_footer(loom_zone *zone, const unsigned char *at, const unsigned char *end,
                              int64_t last) {
  char text[128];
  struct posix_rule rule;
  const unsigned char *stop = end > at ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
  if (!stop || *at != '\n')
    return "the footer is missing";
  size_t length = (size_t)(stop - at - 1);
  if (length == 0)
    return NULL;
  if (length >= sizeof text)
    return "the footer is too long";
  memcpy(text, at + 1, length);
  text[length] = '\0';
  if (!read_rule(text, &rule))
    return "the footer is not a POSIX TZ rule";
  expand_rule(zone, &rule, last == INT64_MIN ? INT64_C(-2208988800) : last);
  return NULL;
}

/* Lays the file out, up to its footer (NULL in version 1, which has none); returns what is wrong with it, or NULL. */
static const char *read_file(struct tzif *tz, const unsigned char *bytes, const unsigned char *end,
                             const unsigned char **footer) {
  const unsigned char *after = read_block(tz, bytes, end, 4);
  *footer = NULL;
  if (!after)
    return "it is not a TZif file";
  if (bytes[4] >= '2' && !(*footer = read_block(tz, after, end, 8)))
    return "it is cut short";
  if (tz->type_count == 0)
    return "it has no local time types";
  return tz->leap_count > 0 ? "it counts leap seconds" : NULL;
}

static loom_status build_zone(loom_zone *zone, const unsigned char *bytes, size_t size,
                              loom_error *error) {
  const unsigned char *end = bytes + size, *footer;
  struct tzif tz;
  int64_t last = INT64_MIN;
  const char *problem = read_file(&tz, bytes, end, &footer);
  if (!problem) {
    zone->periods = calloc(1 + tz.time_count + 2 * (CYCLE_YEARS + 4), sizeof *zone->periods);
    if (!zone->periods)
      return loom_no_memory(error);
    problem = add_transitions(zone, &tz, &last);
  }
  if (!problem && footer)
    problem = add_footer(zone, footer, end, last);
  return problem ? loom_fail(error, LOOM_ECORRUPT, "not a usable zone file: %s", problem) : LOOM_OK;
}

void loom_zone_free(loom_zone *zone) {
  if (zone)
    free(zone->periods);
  free(zone);
}

loom_status loom_zone_parse(const unsigned char *bytes, size_t size, loom_zone **out,
                            loom_error *error) {
  *out = NULL;
  loom_zone *zone = calloc(1, sizeof *zone);
  if (!zone)
    return loom_no_memory(error);
  zone->cycle_from = INT64_MAX;
  loom_status status = build_zone(zone, bytes, size, error);
  if (status == LOOM_OK)
    *out = zone;
  else
    loom_zone_free(zone);
  return status;
}

/* ---- look-ups ---- */

/* Index of the period that holds the instant. */
static size_t find_period(const loom_zone *zone, int64_t instant) {
  size_t low = 0, high = zone->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (zone->periods[middle].start <= instant)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* How far to move a time back by whole 400-year cycles so that the table covers it. */
static int64_t cycles_before(const loom_zone *zone, int64_t time) {
  if (time < zone->cycle_from)
    return 0;
  return ((time - zone->cycle_from) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
}

int32_t loom_zone_offset(const loom_zone *zone, int64_t instant) {
  return zone->periods[find_period(zone, instant - cycles_before(zone, instant))].offset;
}

static bool is_in_period(const loom_zone *zone, size_t i, int64_t instant) {
  return i < zone->count && zone->periods[i].start <= instant &&
         (i + 1 == zone->count || instant < zone->periods[i + 1].start);
}

int64_t loom_zone_instant_near(const loom_zone *zone, int64_t local, size_t *near) {
  int64_t moved = cycles_before(zone, local);
  int64_t wanted = local - moved;
  /* the answer lies in a period that ends after this instant */
  if (!is_in_period(zone, *near, wanted - LOOM_OFFSET_MAX))
    *near = find_period(zone, wanted - LOOM_OFFSET_MAX);
  size_t i = *near;
  while (i + 1 < zone->count && wanted - zone->periods[i].offset >= zone->periods[i + 1].start)
    i++;
  if (i > 0 && wanted - zone->periods[i].offset < zone->periods[i].start)
    i--; /* the clock jumped over it */
  return wanted - zone->periods[i].offset + moved;
}

int64_t loom_zone_instant(const loom_zone *zone, int64_t local) {
  size_t near = 0;
  return loom_zone_instant_near(zone, local, &near);
}

bool loom_zone_is_steady(const loom_zone *zone, int64_t from, int64_t to, int32_t *offset) {
  int64_t moved = cycles_before(zone, from);
  size_t i = find_period(zone, from - moved - LOOM_OFFSET_MAX);
  *offset = zone->periods[i].offset;
  return cycles_before(zone, to) == moved &&
         is_in_period(zone, i, from - moved - LOOM_OFFSET_MAX) &&
         is_in_period(zone, i, to - moved - *offset);
}

/* ---- the cache ---- */

struct entry {
  struct entry *next;
  loom_zone *zone;
  size_t length;
  char name[LOOM_ZONE_NAME_MAX];
};

/* names that stand for one another in a row: the tz database has two at the most */
#define LINKS_MAX 8
#define BUCKETS 256 /* the tz database has about 600 names */

struct loom_zones {
  pthread_mutex_t lock;
  struct entry *buckets[BUCKETS];
  struct loom_zone_links links; /* read when a name has no file */
  char directory[];             /* ends without a slash */
};

const char *loom_zones_default_directory(void) {
  const char *directory = getenv("TZDIR");
  return directory && *directory ? directory : DEFAULT_DIRECTORY;
}

loom_zones *loom_zones_new(const char *directory) {
  if (!directory || !*directory)
    directory = loom_zones_default_directory();
  loom_zones *zones = calloc(1, sizeof *zones + strlen(directory) + 1);
  if (!zones)
    return NULL;
  memcpy(zones->directory, directory, strlen(directory) + 1);
  pthread_mutex_init(&zones->lock, NULL);
  return zones;
}

void loom_zones_free(loom_zones *zones) {
  if (!zones)
    return;
  for (size_t i = 0; i < BUCKETS; i++) {
    for (struct entry *entry = zones->buckets[i], *next; entry; entry = next) {
      next = entry->next;
      loom_zone_free(entry->zone);
      free(entry);
    }
  }
  loom_zone_links_free(&zones->links);
  pthread_mutex_destroy(&zones->lock);
  free(zones);
}

/* A name becomes a path: only what IANA names are made of may pass, and no "." at a component's start. */
static bool is_zone_name(const char *name, size_t length) {
  bool component_start = true;
  if (length == 0 || length >= LOOM_ZONE_NAME_MAX || name[length - 1] == '/')
    return false;
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '/' ? component_start : !alphanumeric && (component_start || !memchr("_-+", c, 3)))
      return false;
    component_start = c == '/';
  }
  return true;
}

/* Whether files of that name say what the machine's own zone is (or that none was set), or count leap seconds, or may. */
static bool is_of_the_machine(const char *name, size_t length) {
  static const char *const names[] = {"localtime", "posixrules", "Factory"};
  static const char *const folders[] = {"posix/", "right/"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (length == strlen(names[i]) && memcmp(name, names[i], length) == 0)
      return true;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    if (length > strlen(folders[i]) && memcmp(name, folders[i], strlen(folders[i])) == 0)
      return true;
  return false;
}

static loom_status not_a_zone(loom_error *error) {
  return loom_fail(error, LOOM_EINPUT, "is not a zone of the tz database");
}

/* Opens a zone's file; *file is NULL where there is none of that name. */
static loom_status open_file(const char *directory, const char *name, size_t length, FILE **file,
                             loom_error *error) {
  char path[4096];
  struct stat status;
  *file = NULL;
  if (snprintf(path, sizeof path, "%s/%.*s", directory, (int)length, name) >= (int)sizeof path)
    return loom_fail(error, LOOM_EINVAL, "the path of the tz database is too long");
  *file = fopen(path, "rbe");
  if (!*file && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
    return LOOM_OK;
  if (!*file && errno == ENOMEM)
    return loom_no_memory(error);
  if (!*file)
    return loom_fail(error, errno == EACCES ? LOOM_EACCESS : LOOM_EIO,
                     "%.900s: cannot be opened: %s", path, strerror(errno));
  if (fstat(fileno(*file), &status) != 0 || !S_ISREG(status.st_mode)) {
    fclose(*file);
    *file = NULL;
  }
  return LOOM_OK;
}

/* Opens the file of a zone, or of the one that it is another name of. */
static loom_status find_file(loom_zones *zones, const char *name, size_t length, FILE **file,
                             loom_error *error) {
  struct stat ignored;
  const struct loom_zone_link *link;
  loom_status status = open_file(zones->directory, name, length, file, error);
  if (status == LOOM_OK && !*file && stat(zones->directory, &ignored) != 0)
    return loom_fail(error, LOOM_ENOENT, "no tz database at %s: install tzdata or set TZDIR",
                     zones->directory);
  if (status == LOOM_OK && !*file && !zones->links.read)
    status = loom_zone_links_read(&zones->links, zones->directory, error);
  for (int hops = 0; status == LOOM_OK && !*file && hops < LINKS_MAX; hops++) {
    link = loom_zone_links_find(&zones->links, name, length);
    if (!link || !is_zone_name(link->target, link->target_length))
      return not_a_zone(error);
    name = link->target;
    length = link->target_length;
    status = open_file(zones->directory, name, length, file, error);
  }
  return status == LOOM_OK && !*file ? not_a_zone(error) : status;
}

static loom_status read_zone(loom_zones *zones, const char *name, size_t length, loom_zone **zone,
                             loom_error *error) {
  FILE *file;
  loom_status status = find_file(zones, name, length, &file, error);
  if (status != LOOM_OK)
    return status;
  unsigned char *bytes = malloc(TZIF_FILE_MAX);
  size_t size = bytes ? fread(bytes, 1, TZIF_FILE_MAX, file) : 0;
  if (!bytes)
    status = loom_no_memory(error);
  else if (ferror(file))
    status = loom_fail(error, LOOM_EIO, "the zone's file cannot be read: %s", strerror(errno));
  else if (size < 4 || memcmp(bytes, "TZif", 4) != 0)
    status = not_a_zone(error);
  else
    status = loom_zone_parse(bytes, size, zone, error);
  free(bytes);
  fclose(file);
  return status;
}

static size_t hash_name(const char *name, size_t length) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)name[i]) * 16777619u;
  return (hash ^ hash >> 16) % BUCKETS;
}

/* Reads a zone into the cache. */
static loom_status add_entry(loom_zones *zones, struct entry **bucket, const char *name,
                             size_t length, loom_error *error) {
  if (!is_zone_name(name, length) || is_of_the_machine(name, length))
    return not_a_zone(error);
  struct entry *entry = calloc(1, sizeof *entry);
  if (!entry)
    return loom_no_memory(error);
  memcpy(entry->name, name, length);
  entry->length = length;
  loom_status status = read_zone(zones, name, length, &entry->zone, error);
  if (status != LOOM_OK) {
    free(entry);
    return status;
  }
  memcpy(entry->zone->name, name, length);
  entry->next = *bucket;
  *bucket = entry;
  return LOOM_OK;
}

loom_status loom_zones_get(loom_zones *zones, const char *name, size_t length,
                           const loom_zone **zone, loom_error *error) {
  *zone = NULL;
  struct entry **bucket = &zones->buckets[hash_name(name, length)];
  loom_status status = LOOM_OK;
  pthread_mutex_lock(&zones->lock);
  struct entry *entry = *bucket;
  while (entry && (entry->length != length || memcmp(entry->name, name, length) != 0))
    entry = entry->next;
  if (!entry) {
    status = add_entry(zones, bucket, name, length, error);
    entry = *bucket;
  }
  if (status == LOOM_OK)
    *zone = entry->zone;
  pthread_mutex_unlock(&zones->lock);
  return status;
}
