/*
** What is known of stores beside their polls, fact by fact: set by hand, removed, and read. Each has a key, by which a fact that
** is put replaces the one that was there. Where they are kept is a type's business, of which SQLite's is the first.
**
**   to change:  loom_facts_begin → loom_facts_put, loom_facts_remove, and lists → loom_facts_commit, or loom_facts_abandon
**   to read:    loom_facts_list, or loom_facts_choose → loom_facts_next, until LOOM_DONE; within a change, or by itself
*/
#ifndef LOOM_FACTS_H
#define LOOM_FACTS_H

#include "base/error.h"
#include "measure/hours.h"
#include "write/author.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With the key of each, beside the store; what is not named here of a fact is not looked at. */
enum loom_fact_kind {
  LOOM_FACT_STORE, /* that the store is known, which each fact of one makes it; it cannot be removed */
  LOOM_FACT_ZONE,        /* `text` */
  LOOM_FACT_WEEK,        /* date: `openings`, or `reverts` */
  LOOM_FACT_SPECIAL_DAY, /* date: `openings`, whose weekday is 0, and `text`, a note */
  /*
  ** number: `from`, `to` and `text`, the reason; of a rule (exclusion.h) also `name`, the zone, and what its clocks show in the place
  ** of instants, and of a weekly one `openings`
  */
  LOOM_FACT_EXCLUSION,
  LOOM_FACT_ATTRIBUTE /* name: `text` */
};

#define LOOM_FACT_KINDS 6

struct loom_fact {
  enum loom_fact_kind kind;
  const char *store; /* NULL: every store, which special days and exclusions can be of */
  size_t store_length;
  /* set by hand; otherwise what a file brought, of which zones, weeks and special days may be kept beside what prevails */
  bool override;
  int32_t date; /* since 1970-01-01, LOOM_DATE_MIN for weeks that always were */
  bool reverts; /* the week is the file's again */
  const struct loom_hours *openings; /* in any order, and each may be there again; none: closed */
  size_t opening_count;
  int64_t number;
  int64_t from, to; /* in microseconds */
  bool polled, has_hours;
  bool wanted; /* by loom_facts_choose */
  const char *name, *text;
  size_t name_length, text_length;
};

/* Which facts of a kind are listed, and in which order: that of their keys, exclusions by from, to, number, stores by number. */
struct loom_fact_query {
  enum loom_fact_kind kind;
  bool
      any_store; /* and every store's; otherwise those of `store`, or, where it is NULL, every store's alone */
  const char *store;
  size_t store_length;
  int32_t first_date, last_date; /* of weeks and special days */
  bool by_hand;                  /* of weeks: those of files are left out */
  int64_t number;                /* the one exclusion of this number; 0: all */
  const char *name;              /* of attributes; NULL: all */
  size_t name_length;
  /*
  ** Exclusions behind this one in their order, whether it still is there or not; stores with a higher number, and the attributes
  ** of such stores up to the one numbered `last`, 0 for all. Number 0: from the first on.
  */
  struct {
    int64_t number, from, to;
  } after;
  int64_t last;
  int64_t most; /* stores, exclusions or attributes, at the most; -1: all */
};

/* An attribute with one of these values. */
struct loom_fact_condition {
  const char *name;
  size_t name_length;
  const char *const *values;
  const size_t *value_lengths;
  size_t value_count;
};

/* Which stores are wanted: those that meet all that is asked. */
struct loom_fact_choice {
  const char *glob; /* that the id matches, see loom_glob_matches; NULL: any id does */
  /* That the id or the value of an attribute contains, see loom_text_contains; NULL: any does. */
  const char *text;
  size_t text_length;
  const char *after; /* only ids behind this one, which may be empty */
  size_t after_length;
  const struct loom_fact_condition *conditions;
  size_t condition_count;
  /* The name of one whose value each store is given with, wanted or not, NULL where it has none; NULL: of none. */
  const char *attribute;
  size_t attribute_length;
};

typedef struct loom_facts loom_facts;

struct loom_facts_type {
  loom_status (*begin)(loom_facts *facts, const struct loom_author *author, loom_error *error);
  loom_status (*put)(loom_facts *facts, struct loom_fact *fact, loom_error *error);
  loom_status (*remove)(loom_facts *facts, const struct loom_fact *fact, uint64_t *count,
                        loom_error *error);
  loom_status (*list)(loom_facts *facts, const struct loom_fact_query *query, loom_error *error);
  loom_status (*choose)(loom_facts *facts, const struct loom_fact_choice *choice,
                        loom_error *error);
  loom_status (*next)(loom_facts *facts, struct loom_fact *fact, loom_error *error);
  loom_status (*count_names)(loom_facts *facts, uint64_t *count, loom_error *error);
  loom_status (*commit)(loom_facts *facts, loom_error *error);
  void (*abandon)(loom_facts *facts);
  void (*free)(loom_facts *facts);
};

/* The head of what a type makes of it. */
struct loom_facts {
  const struct loom_facts_type *type;
};

/*
** Begins a change, which the audit tells of as the author's: see fact_audit.h. LOOM_EBUSY: others write, and do not end in time.
*/
static inline loom_status loom_facts_begin(loom_facts *facts, const struct loom_author *author,
                                           loom_error *error) {
  return facts->type->begin(facts, author, error);
}

/*
** Sets a fact by hand, in place of the one with its key; a store that is not known becomes so. An exclusion gets its number,
** that of the same one where there is one. Many, above all of one store, may be put in a change. LOOM_EINVAL: none has begun.
*/
static inline loom_status loom_facts_put(loom_facts *facts, struct loom_fact *fact,
                                         loom_error *error) {
  return facts->type->put(facts, fact, error);
}

/* Removes the fact with this one's key, of its layer; *count: how much was there, 0 for nothing. */
static inline loom_status loom_facts_remove(loom_facts *facts, const struct loom_fact *fact,
                                            uint64_t *count, loom_error *error) {
  return facts->type->remove(facts, fact, count, error);
}

/*
** Starts on the facts that are asked for, in place of a list that has not ended; a put or a removal ends it, too. The query's
** texts are kept until it ends.
*/
static inline loom_status loom_facts_list(loom_facts *facts, const struct loom_fact_query *query,
                                          loom_error *error) {
  return facts->type->list(facts, query, error);
}

/*
** Starts on all stores in order of their ids, each of which is given with whether it is `wanted`, the value of the attribute as
** `text`, and nothing else: to look for the next one that is wanted would take as long as it takes. Nothing of the choice is kept.
*/
static inline loom_status
loom_facts_choose(loom_facts *facts, const struct loom_fact_choice *choice, loom_error *error) {
  return facts->type->choose(facts, choice, error);
}

/* The next one, whose texts and openings live until the call after it. LOOM_DONE: there are no more. */
static inline loom_status loom_facts_next(loom_facts *facts, struct loom_fact *fact,
                                          loom_error *error) {
  return facts->type->next(facts, fact, error);
}

/* How many different names attributes have. */
static inline loom_status loom_facts_count_names(loom_facts *facts, uint64_t *count,
                                                 loom_error *error) {
  return facts->type->count_names(facts, count, error);
}

/* When this returns LOOM_OK, what was changed survives whatever happens to the machine. */
static inline loom_status loom_facts_commit(loom_facts *facts, loom_error *error) {
  return facts->type->commit(facts, error);
}

/* Ends a change without effect; harmless when there is none. */
static inline void loom_facts_abandon(loom_facts *facts) {
  facts->type->abandon(facts);
}

/* Abandons what has begun, too. NULL is ignored. */
static inline void loom_facts_free(loom_facts *facts) {
  if (facts)
    facts->type->free(facts);
}

#endif
