/*
** A survey of all that is known: what is odd about ids, zones and hours, how often and when stores are polled, and what has no poll
** at all. It counts and gives examples; what of it is told, and in which words, is for others (lua/loom/doctor.lua).
**
** One pass over the stores and the polls of the last days. Its memory is that of the ids, twice, and of as many examples as are
** wanted.
**
**   loom_survey_run → the survey is read → loom_survey_free, whatever the status
*/
#ifndef LOOM_SURVEY_H
#define LOOM_SURVEY_H

#include "base/error.h"
#include "measure/source.h"
#include "report/minutes.h"
#include "time/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days with polls that are looked at, the last ones: a week, which reports look at, and the week before. */
#define LOOM_SURVEY_DAYS 15

/* And they are of so many days of the calendar: a feed that polls once a week still shows eight of its days. */
#define LOOM_SURVEY_REACH 60

/* More examples than anybody reads. */
#define LOOM_SURVEY_EXAMPLES_MAX 100

struct loom_survey_options {
  const char *default_zone; /* of stores without one */
  int64_t
      now; /* in microseconds; polls are missed up to it where the newest one is of the week before */
  size_t examples;                /* of each kind, up to LOOM_SURVEY_EXAMPLES_MAX */
  bool (*goes_on)(void *context); /* asked now and then: false ends it. NULL: it goes to the end */
  void *context;
};

/* A store as an example; what else there is depends on what it is one of. */
struct loom_example {
  char id[LOOM_ID_MAX + 1];
  size_t id_length;
  char other[LOOM_ID_MAX + 1]; /* another store's id, or a zone */
  size_t other_length;
  int64_t instant;      /* of a poll */
  uint64_t part, whole; /* polls */
};

/* How many there are of a kind, and the first of them, or the worst. */
struct loom_tally {
  uint64_t count;
  struct loom_example *examples;
  size_t example_count, example_capacity;
};

enum loom_tally_kind {
  LOOM_TALLY_ROUNDED, /* ids that a spreadsheet has rounded */
  LOOM_TALLY_ALIKE, /* ids that differ from `other`, or that one from them, by case, blanks or zeros in front */
  LOOM_TALLY_HOURS_ONLY, /* stores with hours, without polls */
  LOOM_TALLY_ZONE_ONLY,  /* stores with a zone, without hours and polls */
  LOOM_TALLY_NO_ZONE,    /* stores with polls, without a zone */
  LOOM_TALLY_NO_HOURS,   /* stores with polls, without hours */
  LOOM_TALLY_ZONE_GONE,  /* stores whose zone, `other`, is not in the tz database */
  LOOM_TALLY_STRAY,      /* stores with a poll, at `instant`, that is far from nearly all others */
  LOOM_TALLY_NEVER_ACTIVE, /* stores that have polls in the days looked at, `whole` of them, all of them inactive */
  LOOM_TALLY_OUTSIDE, /* stores with `part` of `whole` polls outside their hours: those with the most */
  LOOM_TALLIES
};

/* The last hour, day and week up to as_of. */
#define LOOM_SURVEY_WINDOWS 3

struct loom_unseen {
  uint64_t stores; /* that were open in the window */
  struct loom_tally
      silent; /* those of them that were open for long enough, and have no poll in it */
  int64_t scheduled,
      unseen; /* open time of all stores, and that of openings without any poll, in microseconds */
};

/* Stores by the share of their polls that is outside of their hours, in percent. */
#define LOOM_OUTSIDE_BINS 101

struct loom_survey {
  uint64_t stores, polled; /* all, and those with any poll */
  bool has_polls;
  int64_t newest; /* the newest poll */
  int64_t as_of;  /* the newest one that is not a stray, up to which the survey looks */
  int64_t from;   /* since when it looks: the first of the days' midnights, in UTC */
  size_t days;    /* with polls that it has looked at */
  uint64_t polls; /* that it has looked at */
  struct loom_tally tallies[LOOM_TALLIES];
  struct loom_unseen windows[LOOM_SURVEY_WINDOWS];
  int64_t interval; /* median between two polls of a store, in seconds; 0: there are no two */
  uint64_t seen,
      sparse; /* stores with polls in openings of the last week, and those polled less than every two hours */
  struct {
    uint64_t polls,
        count;       /* of stores that have hours, and those of them that are outside of them */
    double expected; /* how many would be if they came at any time */
    uint64_t all[LOOM_OUTSIDE_BINS],
        many[LOOM_OUTSIDE_BINS]; /* stores with hours; those with many polls outside */
  } outside;
  struct loom_gaps gaps; /* of all stores at once; see loom_minutes_gaps */
};

/* LOOM_EINPUT: the default zone is none. LOOM_EINVAL: too many examples. LOOM_ECANCELED: it was not to go on. */
loom_status loom_survey_run(const struct loom_survey_options *options, loom_source *source,
                            loom_zones *zones, struct loom_survey *survey, loom_error *error);
void loom_survey_free(struct loom_survey *survey);

#endif
