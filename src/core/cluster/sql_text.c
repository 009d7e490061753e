/*
** SQL as it is put together.
*/
#include "cluster/sql_text.h"

#include <stdarg.h>
#include <stdio.h>

bool loom_sql_add(struct loom_text *sql, const char *format, ...) {
  va_list values, again;
  va_start(values, format);
  va_copy(again, values);
  int length = vsnprintf(NULL, 0, format, values);
  bool good = length >= 0 && loom_text_reserve(sql, (size_t)length + 1);
  if (good) {
    vsnprintf(sql->bytes + sql->length, (size_t)length + 1, format, again);
    sql->length += (size_t)length;
  }
  va_end(again);
  va_end(values);
  return good;
}
