/*
** The ledger: a table of rows that are only added, by which what is written to a cluster comes to be.
**
** Who writes adds `begin`, with a number of its own (an ingest); then blocks, which bear it; and at last, in one insert, a `part` for
** each shard and day that it has written, with how many blocks and polls that is and the sum of all packed polls, and `commit`,
** with the next number of the commits. Of commits with one number the one of the highest ingest holds: a writer that was killed may
** have sent one that comes later than the next writer's. A block is visible where its ingest holds, up to the snapshot's last, and
** it is of the day's last generation; and all that is visible must add up to what the ledger says.
**
** So that a report need not sum up all commits that there ever were, a fold (fold.h) has the sums of those up to one, and who reads adds
** what came behind it. Rows of before it stay, for who reads the ledger as it was then.
**
**   loom_ledger_read → loom_ledger_visible, … → loom_ledger_free
*/
#ifndef LOOM_LEDGER_H
#define LOOM_LEDGER_H

#include "cluster/cluster.h"

#include <stdint.h>

/* What the ledger has of a shard's day in the generation that is in force. */
struct loom_ledger_part {
  unsigned shard;
  int32_t day;
  uint32_t gen;
  uint64_t blocks, polls, sum;
  uint64_t added;   /* of the polls, those that are not in the place of others */
  int64_t newest;   /* in microseconds */
  uint64_t commits; /* that have written it */
};

/*
** In the place of a shard, for the roster (roster_cluster.h): `blocks` are its rows then, `polls` the bytes of their values, `added` the
** ingest that began its generation, which has no row of before; and the day is 0.
*/
#define LOOM_ROSTER_SHARD 65534

struct loom_ledger {
  uint64_t number;                /* of the last commit; 0: there is none */
  uint64_t ingest;                /* the last one that holds */
  uint64_t commits;               /* rows of them; more than the number: some are there twice */
  uint64_t folded;                /* commits up to this one were told by a fold; 0: none was */
  uint64_t rows;                  /* that were summed up behind it */
  struct loom_ledger_part *parts; /* by shard and day */
  size_t part_count, part_capacity;
  struct loom_ledger_part roster; /* all of it */
  uint64_t *voids;                /* ingests up to the last that do not hold */
  size_t void_count, void_capacity;
};

#define LOOM_LAST_COMMIT UINT64_MAX

/*
** Reads it as it was at a commit; LOOM_LAST_COMMIT for the last one. LOOM_ECORRUPT: there are commits of which one is missing.
** LOOM_EBUSY: the commit of this number is of another ingest than the one that is given (0: any), since two wrote at once.
*/
loom_status loom_ledger_read(loom_cluster *cluster, uint64_t number, uint64_t ingest,
                             struct loom_ledger *ledger, loom_error *error);
void loom_ledger_free(struct loom_ledger *ledger);

#define LOOM_LEDGER_IDENTITY 33 /* bytes of 32 digits in hex, with their NUL */

/* What can be known without reading all of it. */
struct loom_ledger_tip {
  uint64_t number, ingest;             /* of the last commit; 0: there is none */
  char identity[LOOM_LEDGER_IDENTITY]; /* of the cluster; empty: it was made by an older Loom */
  char owner[LOOM_LEDGER_IDENTITY];    /* who alone writes; empty: anybody does */
  uint64_t owners;                     /* how many there have been */
};

loom_status loom_ledger_tip(loom_cluster *cluster, struct loom_ledger_tip *tip, loom_error *error);

/* The ingest of the commit of a number that holds; 0: there is none. */
loom_status loom_ledger_holding(loom_cluster *cluster, uint64_t number, uint64_t *ingest,
                                loom_error *error);

/* Whether a fold, sealed or not, has found that an ingest does not hold. */
loom_status loom_ledger_is_void(loom_cluster *cluster, uint64_t ingest, bool *is_void,
                                loom_error *error);

/* Appends the ingests that hold, as a subquery. False: memory is out. */
bool loom_ledger_put_holding(struct loom_text *sql);

/* What ingests behind one have brought. */
struct loom_ledger_news {
  struct loom_ledger_part roster;
  uint64_t *blocks; /* by shard, those that are in force */
  bool renewed;     /* days were written anew: what was there before them may have gone */
};

/* Finds out what the ledger's ingests behind one have brought; `blocks` has room for one to each shard. */
loom_status loom_ledger_news(loom_cluster *cluster, const struct loom_ledger *ledger,
                             uint64_t since, struct loom_ledger_news *news, loom_error *error);

/* Takes the rows that the two questions give; for tests. */
loom_status loom_ledger_take(struct loom_ledger *ledger, const struct loom_text *parts,
                             const struct loom_text *voids, loom_error *error);

/* A shard's day, of which nothing may be left; NULL: nothing ever was in it. */
const struct loom_ledger_part *loom_ledger_find(const struct loom_ledger *ledger, unsigned shard,
                                                int32_t day);

/* The days that hold polls, in order. NULL: memory is out. */
int32_t *loom_ledger_days(const struct loom_ledger *ledger, size_t *count);

/*
** Appends the condition under which blocks of a shard's days, the first and the last among them, are visible; *any: whether any is.
** `own`, where it is not 0, is an ingest that is to be seen although it does not hold. False: memory is out.
*/
bool loom_ledger_visible(const struct loom_ledger *ledger, unsigned shard, int32_t first_day,
                         int32_t last_day, uint64_t own, bool *any, struct loom_text *sql);

/* Appends the condition under which rows of the roster are visible. False: memory is out. */
bool loom_ledger_put_ingests(const struct loom_ledger *ledger, struct loom_text *sql);

/* What an ingest has written that does not hold yet, of a shard's days. */
struct loom_ledger_own {
  uint64_t ingest, blocks;
};

/*
** Has a replica of a shard asked first that has as many blocks of the days as are visible by the ledger, and of the ingest's own (NULL:
** none). LOOM_EIO: none has.
*/
loom_status loom_ledger_prove(loom_cluster *cluster, const struct loom_ledger *ledger,
                              unsigned shard, int32_t first_day, int32_t last_day,
                              const struct loom_ledger_own *own, loom_error *error);

/*
** Whether a replica that has shown that it has all still does, once it was asked: what was dropped meanwhile was none to it. LOOM_EIO:
** it does not.
*/
loom_status loom_ledger_prove_again(loom_cluster *cluster, const struct loom_ledger *ledger,
                                    unsigned shard, unsigned replica, loom_error *error);

/* ---- to write ---- */

/* Gives the cluster an identity, by which it is told from others of its name, unless it has one. */
loom_status loom_ledger_identify(loom_cluster *cluster, loom_error *error);

/* Random digits in hex. */
loom_status loom_ledger_new_identity(char identity[LOOM_LEDGER_IDENTITY], loom_error *error);

/* Makes one the owner, which nobody was before. LOOM_EBUSY: another took over meanwhile. */
loom_status loom_ledger_own(loom_cluster *cluster, const char *owner, loom_error *error);

/* A number for an ingest, above all that there are. */
loom_status loom_ledger_number(loom_cluster *cluster, uint64_t *ingest, loom_error *error);

#define LOOM_INGEST_TIME 43200 /* seconds behind its beginning in which an ingest is written */

/* Begins an ingest: before any row of it is written. */
loom_status loom_ledger_begin(loom_cluster *cluster, uint64_t ingest, loom_error *error);

/* Announces that an ingest is to be the commit of a number (claim.h), as a writer's, whose name is of letters and digits; and takes it back. */
loom_status loom_ledger_claim(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                              const char *writer, loom_error *error);
loom_status loom_ledger_withdraw(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                                 const char *writer, loom_error *error);

/* Other writers' claims of a number, which were not taken back. */
struct loom_ledger_rivals {
  uint64_t greatest; /* ingest; 0: there is none */
};

loom_status loom_ledger_rivals(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                               const char *writer, struct loom_ledger_rivals *rivals,
                               loom_error *error);

/* Adds the parts and the commit of an ingest as the one of this number. */
loom_status loom_ledger_commit(loom_cluster *cluster, uint64_t ingest, uint64_t number,
                               const struct loom_ledger_part *parts, size_t count,
                               loom_error *error);

/* ---- folds: see fold.h ---- */

/* Reads it as it was at a commit by all rows that there are, without a fold. */
loom_status loom_ledger_read_unfolded(loom_cluster *cluster, uint64_t number,
                                      struct loom_ledger *ledger, loom_error *error);

/* Whether both say the same of the same commit, but for what is void. */
bool loom_ledger_adds_up(const struct loom_ledger *a, const struct loom_ledger *b);

/* Whether they say all the same. */
bool loom_ledger_is_same(const struct loom_ledger *a, const struct loom_ledger *b);

/*
** Adds a fold of what a ledger says, under an ingest of its own, which nobody reads before it is sealed. `voids`: what else never holds
** from then on, and is not to be named.
*/
loom_status loom_ledger_fold(loom_cluster *cluster, const struct loom_ledger *ledger,
                             const uint64_t *voids, size_t count, uint64_t *ingest,
                             loom_error *error);
loom_status loom_ledger_seal(loom_cluster *cluster, uint64_t ingest, loom_error *error);

#endif
