/*
** What the tables `polls` and `figures` and the view `hours` of Loom's files are made with, and functions of dates that read
** their instants, as a loadable extension, for the `sqlite3` shell and other users of SQLite:
**   .load build/loom_polls
**   SELECT count(*) FROM polls;
** It is not linked with SQLite, but calls the copy of the program that loads it.
*/
#include "sqlite/date_functions.h"
#include "sqlite/figures.h"
#include "sqlite/polls_table.h"
#include "sqlite/week_sql.h"

/* The table of pointers to SQLite: the one static that is written to, once. */
SQLITE_EXTENSION_INIT1

/* Loom's tables are STRICT, and older copies lack functions that are called here. */
#define OLDEST_SQLITE 3037000

/* SQLite derives this name from that of the file. */
int sqlite3_loompolls_init(sqlite3 *sqlite, char **message, const sqlite3_api_routines *api)
    __attribute__((visibility("default")));

int sqlite3_loompolls_init(sqlite3 *sqlite, char **message, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  if (sqlite3_libversion_number() < OLDEST_SQLITE) {
    *message = sqlite3_mprintf("SQLite %s is too old: 3.37 is needed", sqlite3_libversion());
    return SQLITE_ERROR;
  }
  int result = loom_polls_table_register(sqlite);
  if (result == SQLITE_OK)
    result = loom_figures_table_register(sqlite);
  if (result == SQLITE_OK)
    result = loom_week_sql_register(sqlite);
  if (result == SQLITE_OK)
    result = loom_date_functions_register(sqlite);
  return result;
}
