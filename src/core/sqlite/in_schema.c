/*
** Statements for a database that may be an attached one.
*/
#include "sqlite/in_schema.h"

#include <string.h>

static const char placeholder[] = "main.";

/* The text with the schema's name, quoted, in place of `main`; sqlite3_free it. NULL: memory is out. */
static char *write_schema(const char *schema, const char *sql) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  const char *found;
  while ((found = strstr(sql, placeholder)) != NULL) {
    sqlite3_str_append(text, sql, (int)(found - sql));
    sqlite3_str_appendf(text, "\"%w\".", schema);
    sql = found + sizeof placeholder - 1;
  }
  sqlite3_str_appendall(text, sql);
  return sqlite3_str_finish(text);
}

int loom_prepare_in_schema(sqlite3 *sqlite, const char *schema, const char *sql, unsigned flags,
                           sqlite3_stmt **statement) {
  char *text = write_schema(schema, sql);
  *statement = NULL;
  int result = text ? sqlite3_prepare_v3(sqlite, text, -1, flags, statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(text);
  return result;
}
