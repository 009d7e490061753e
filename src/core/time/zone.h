/*
** Time zones from the system's tz database, read from TZif files (RFC 9636, versions 1 to 4, with the POSIX
** TZ rule in the footer). Zones are immutable once read, so any number of threads may look times up in one.
** Files with leap seconds ("right/…") are refused: instants here are POSIX time.
**
**   loom_zones_new → loom_zones_get → loom_zone_offset, loom_zone_instant, … → loom_zones_free
*/
#ifndef LOOM_ZONE_H
#define LOOM_ZONE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest zone name, in bytes: the tz database's own are below 33. */
#define LOOM_ZONE_NAME_MAX 64

/* Of stores without a zone, unless another one is chosen. */
#define LOOM_DEFAULT_ZONE "America/Chicago"

/* What else to say of a zone that is stored, and not in the tz database any more. */
#define LOOM_ZONE_GONE "any more (Debian keeps old names in its package tzdata-legacy)"

/* Seconds east of Greenwich lie between these two (RFC 9636, section 3.2): a file with others is refused. */
#define LOOM_OFFSET_MIN (-25 * 3600)
#define LOOM_OFFSET_MAX (26 * 3600)

typedef struct loom_zone loom_zone;   /* one zone, owned by its cache */
typedef struct loom_zones loom_zones; /* a cache of zones; thread-safe */

/*
** A cache that reads zones below `directory`; NULL means the environment's TZDIR, or else the system's
** database. NULL is returned when memory is out.
*/
loom_zones *loom_zones_new(const char *directory);
void loom_zones_free(loom_zones *zones);

/* The environment's TZDIR, or else the system's database. */
const char *loom_zones_default_directory(void);

/*
** Finds a zone by its IANA name, reading it once. The zone lives as long as the cache. A name without a file is looked for
** among the database's links, so that US/Pacific is known where only the zones in use are installed. What depends on the
** machine or on leap seconds (localtime, posixrules, Factory, posix/…, right/…) is no zone.
** LOOM_EINPUT: not a name in the tz database. LOOM_ECORRUPT: a file that is not valid TZif. Anything else is not the name's
** fault: LOOM_ENOENT (there is no tz database), LOOM_EACCESS, LOOM_EIO, LOOM_ENOMEM.
*/
loom_status loom_zones_get(loom_zones *zones, const char *name, size_t length,
                           const loom_zone **zone, loom_error *error);

/* Parses the bytes of a TZif file; for the cache and for tests. Free with loom_zone_free. */
loom_status loom_zone_parse(const unsigned char *bytes, size_t size, loom_zone **zone,
                            loom_error *error);
void loom_zone_free(loom_zone *zone);

/* The name by which it was found; "" of one that was parsed alone. */
const char *loom_zone_name(const loom_zone *zone);

/* Seconds east of Greenwich in force at an instant, given in seconds since the epoch. */
int32_t loom_zone_offset(const loom_zone *zone, int64_t instant);

/*
** The instant, in seconds since the epoch, of a local time given as seconds since 1970-01-01T00:00:00 on the
** local clock. A local time that occurs twice is its first occurrence. One that is skipped takes the offset
** before the change, so that it names an instant just as far after it.
*/
int64_t loom_zone_instant(const loom_zone *zone, int64_t local);

/*
** The same for times that come one after the other: *near is where the last one was found, 0 or whatever it is at first, and the
** next one is looked for there before it is elsewhere.
*/
int64_t loom_zone_instant_near(const loom_zone *zone, int64_t local, size_t *near);

/*
** Whether local times from one to another all become instants by one offset, so that these are local - *offset. False: the clocks
** are changed within a day or so of one of them.
*/
bool loom_zone_is_steady(const loom_zone *zone, int64_t from, int64_t to, int32_t *offset);

#endif
