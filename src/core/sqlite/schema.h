/*
** The tables of a Loom database, and how those of an older one become today's.
*/
#ifndef LOOM_SCHEMA_H
#define LOOM_SCHEMA_H

#define LOOM_SCHEMA_VERSION 9 /* PRAGMA user_version */

/* These make all tables in an empty database, inside a transaction of the caller's. */
extern const char loom_schema_sql[];
extern const char loom_schema_changes_sql[]; /* since version LOOM_SCHEMA_OF_CHANGES */

/*
** These make the tables of alerts. In a file they are not there before something is written to them, since each takes a page, and
** most databases have no alerts: see query.h.
*/
extern const char loom_schema_alerts_sql[];

/* And this that of the agent's rounds, which files whose agents were older do not have. */
extern const char loom_schema_rounds_sql[];

#define LOOM_SCHEMA_OF_CHANGES 5

/*
** loom_schema_upgrades[n] makes a database of version n one of version n + 1, inside a transaction of the caller's, on a
** connection with what polls_table.h and week_sql.h give; n is from 1 to LOOM_SCHEMA_VERSION - 1.
*/
extern const char *const loom_schema_upgrades[LOOM_SCHEMA_VERSION];

/* ---- what writes have changed: see changes.h ---- */

/* How many changes of what is set for stores are kept: who looks once a second misses none, whoever writes. */
#define LOOM_CHANGES_KEPT "10000"

/* SQL: the number of the write that is under way. */
#define LOOM_WRITE_NUMBER "(SELECT revision + 1 FROM overall)"

/* SQL: notes a change of a kind; `kind`, and `id` of the store, or NULL for every store, are expressions. */
#define LOOM_NOTE_CHANGE(kind, id)                                                                 \
  "INSERT INTO change(number, kind, store_id) SELECT revision + 1, " kind ", " id " FROM overall"

#endif
