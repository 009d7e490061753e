/*
** Heads: databases whose polls are in a cluster (remote.h). All but these is in the file; of the polls it has which stores have some,
** the first and the newest of each, and the number of the cluster's commit that this is of. It follows from the cluster, by which a
** head that is behind is brought up.
*/
#ifndef LOOM_HEAD_H
#define LOOM_HEAD_H

#include "base/error.h"
#include "measure/uptime.h"
#include "sqlite/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_HEAD_NAME_MAX 64     /* bytes of a cluster's database, with its NUL */
#define LOOM_HEAD_IDENTITY_MAX 33 /* bytes of a cluster's identity in hex, with its NUL */

struct loom_head {
  bool is_one; /* the file is a head: of this database of a cluster of so many shards */
  char name[LOOM_HEAD_NAME_MAX];
  unsigned shards;
  uint64_t number; /* of the commit that it has come to; 0: none */
  uint64_t
      ingest; /* which of the commits of that number it is; 0: an older Loom has not noted it */
  char identity[LOOM_HEAD_IDENTITY_MAX]; /* of the cluster; empty: it has none, or none is known */
};

#define LOOM_HEAD_WRITER_MAX 33 /* bytes of the name below, with its NUL */

/*
** A name for who writes by this head, in hex: the file on this machine while it runs, of which a copy is another. Machines may be
** called the same, and have files of the same number. One at a time writes by it, since that takes the file's write lock.
*/
void loom_head_writer(const loom_database *database, char writer[LOOM_HEAD_WRITER_MAX]);

/* Needs a transaction. */
loom_status loom_head_read(loom_database *database, struct loom_head *head, loom_error *error);

/* LOOM_EINVAL: what is known of a head is of another cluster than the one of an identity. */
loom_status loom_head_check_identity(const loom_database *database, const struct loom_head *head,
                                     const char *identity, loom_error *error);

/* As what a head owns a cluster, if it does; empty: as nothing. Needs a transaction, and to set it one that writes. */
loom_status loom_head_owner(loom_database *database, char owner[LOOM_HEAD_IDENTITY_MAX],
                            loom_error *error);
loom_status loom_head_set_owner(loom_database *database, const char *owner, loom_error *error);

/* Needs a write transaction. LOOM_EINVAL: there are polls in the file, or it is the head of another. */
loom_status loom_head_write(loom_database *database, const struct loom_head *head,
                            loom_error *error);

/*
** For who reads or writes polls of the file itself: LOOM_EINVAL where it is a head, as they are not there; the message says what to do
** instead. Needs a transaction.
*/
loom_status loom_head_refuse(loom_database *database, loom_error *error);

/* The newest poll of all. LOOM_EEMPTY: there are none. */
loom_status loom_head_newest(loom_database *database, int64_t *instant, loom_error *error);

/* The greatest number of a store that has polls; 0: none has. */
loom_status loom_head_last_polled(loom_database *database, int64_t *number, loom_error *error);

/* The greatest number of a store; 0: there is none. */
loom_status loom_head_last(loom_database *database, int64_t *number, loom_error *error);

/* Forgets of all stores that they have polls, before those that do are told. */
loom_status loom_head_clear(loom_database *database, loom_error *error);

/* The id of a store, of up to LOOM_ID_MAX bytes. LOOM_ECORRUPT: there is none of this number. */
loom_status loom_head_id(loom_database *database, int64_t number, char *id, size_t *length,
                         loom_error *error);

/*
** Forgets of stores that polls before an instant have gone: those that had no others have none now. *stale: how many others had any,
** whose first one is to be told by loom_head_first.
*/
loom_status loom_head_forget(loom_database *database, int64_t cut, int64_t *stale,
                             loom_error *error);

/* Tells the first poll of a store that is left, unless that has been done; *told: it has been now. */
loom_status loom_head_first(loom_database *database, int64_t cut, int64_t number, int64_t first,
                            bool *told, loom_error *error);

/*
** The next stores in order of their ids, up to `most`, behind an id (of length 0: from the first on), that may have polls between
** two instants. Their ids go into a table that is empty, and their numbers, by the ids' numbers there, into an array that has room.
*/
struct loom_id_table;
loom_status loom_head_list(loom_database *database, int64_t from, int64_t to, const char *after,
                           size_t length, size_t most, struct loom_id_table *ids, int64_t *numbers,
                           loom_error *error);

#endif
