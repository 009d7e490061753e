/*
** Zones of the system's tz database, for the tests of a program that has open_zones and close_zones as its group's set-up and
** teardown.
*/
#ifndef LOOM_SPEC_ZONES_H
#define LOOM_SPEC_ZONES_H

#include "support.h"

#include "time/zone.h"

#include <string.h>

static loom_zones *zones;

static inline int open_zones(void **state) {
  (void)state;
  zones = loom_zones_new(NULL);
  return zones == NULL;
}

static inline int close_zones(void **state) {
  (void)state;
  loom_zones_free(zones);
  return 0;
}

static inline const loom_zone *zone_named(const char *name) {
  const loom_zone *zone;
  loom_error error;
  if (loom_zones_get(zones, name, strlen(name), &zone, &error) != LOOM_OK)
    fail_msg("%s: %s", name, error.message);
  return zone;
}

#endif
