/*
** Texts that are looked for in SQL.
*/
#include "sqlite/search_sql.h"
#include "measure/selection.h"

static void contains(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  const char *value = sqlite3_value_blob(values[0]), *text = sqlite3_value_blob(values[1]);
  int length = sqlite3_value_bytes(values[0]), text_length = sqlite3_value_bytes(values[1]);
  if (text_length > LOOM_SEARCH_MAX)
    sqlite3_result_error(context, "the text to look for is too long", -1);
  else
    sqlite3_result_int(context,
                       value && text &&
                           loom_text_contains(value, (size_t)length, text, (size_t)text_length));
}

int loom_search_sql_register(sqlite3 *sqlite) {
  return sqlite3_create_function_v2(sqlite, "loom_contains", 2,
                                    SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC, NULL,
                                    contains, NULL, NULL, NULL);
}
