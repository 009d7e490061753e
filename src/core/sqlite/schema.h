/*
** The tables of a Loom database, and how those of an older one become today's.
*/
#ifndef LOOM_SCHEMA_H
#define LOOM_SCHEMA_H

#define LOOM_SCHEMA_VERSION 5 /* PRAGMA user_version */

/* Makes all tables in an empty database, inside a transaction of the caller's. */
extern const char loom_schema_sql[];

/*
** loom_schema_upgrades[n] makes a database of version n one of version n + 1, inside a transaction of the caller's, on a
** connection with the functions of week_sql.h; n is from 1 to LOOM_SCHEMA_VERSION - 1.
*/
extern const char *const loom_schema_upgrades[LOOM_SCHEMA_VERSION];

#endif
