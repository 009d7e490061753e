/*
** SQL as it is put together: of Loom's own words and of numbers alone, never of what comes from outside.
*/
#ifndef LOOM_SQL_TEXT_H
#define LOOM_SQL_TEXT_H

#include "base/text.h"

#include <stdbool.h>

/* Appends, as printf does. False: memory is out. */
bool loom_sql_add(struct loom_text *sql, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
