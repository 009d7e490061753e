/*
** Which stores are wanted: ids, and patterns of ids.
*/
#ifndef LOOM_SELECTION_H
#define LOOM_SELECTION_H

#include "base/id_table.h"

#include <stdbool.h>
#include <stddef.h>

#define LOOM_SELECTION_SHARDS_MAX 256 /* as a cluster may have */

/* Without ids and patterns, all of them. */
struct loom_selection {
  const struct loom_id_table *ids; /* these; or NULL */
  /* and those whose id matches one of these patterns (* ? [a-z]) */
  const char *const *globs;
  size_t glob_count;
  bool all_stores; /* also stores without any poll that have hours or a zone */
  /* of these, those whose number leaves `shard` when it is divided by `shards`: a shard's of a cluster; 0 shards: all */
  unsigned shards, shard;
};

/* Whether a store of this id is among them. */
bool loom_selection_has(const struct loom_selection *selection, const char *id, size_t length);

/*
** Whether a text matches a pattern, all of it, as SQL's GLOB does: `*` stands for any number of characters, `?` for one, and a
** set for one of those in it: [abc], [a-z], [^a-z]. A `]` at a set's beginning is one of its characters; a set that does not end
** matches nothing. Characters are those of UTF-8, and letters differ from their capitals. It takes a time of length times
** `glob`'s at the most.
*/
bool loom_glob_matches(const char *glob, const char *text, size_t length);

/* Characters of a text to look for, which is more than people type, and bytes of it, of which one of UTF-8 has up to four. */
#define LOOM_SEARCH_CHARACTERS 100
#define LOOM_SEARCH_MAX (4 * LOOM_SEARCH_CHARACTERS)

/*
** Whether a text contains another one of up to LOOM_SEARCH_MAX bytes, in which A to Z are a to z; the first may have either. Other
** bytes are what they are. It takes a time of both lengths together at the most.
*/
bool loom_text_contains(const char *text, size_t length, const char *wanted, size_t wanted_length);

#endif
