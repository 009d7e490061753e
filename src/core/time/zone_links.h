/*
** Other names of zones, as the tz database itself lists them: "L America/Los_Angeles US/Pacific" in tzdata.zi, or
** "Link America/Los_Angeles US/Pacific" in the older file backward (zic(8)). Some systems keep files of the names in use
** alone, and the list of all.
**
**   {0} → loom_zone_links_read → loom_zone_links_find, … → loom_zone_links_free
*/
#ifndef LOOM_ZONE_LINKS_H
#define LOOM_ZONE_LINKS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct loom_zone_link {
  const char *target, *name; /* in the text, and not NUL-terminated */
  size_t target_length, name_length;
};

/* All zero, it has not been read. */
struct loom_zone_links {
  char *text;
  struct loom_zone_link *items;
  size_t count;
  bool read;
};

/* Reads the list of a folder of zones; one that has none has no links. LOOM_ENOMEM; LOOM_EIO: the file cannot be read. */
loom_status loom_zone_links_read(struct loom_zone_links *links, const char *directory,
                                 loom_error *error);

/* The link of that name; NULL if there is none. */
const struct loom_zone_link *loom_zone_links_find(const struct loom_zone_links *links,
                                                  const char *name, size_t length);

void loom_zone_links_free(struct loom_zone_links *links);

#endif
