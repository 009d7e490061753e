/*
** What separates the fields of a file: a comma, or the semicolon or tab that spreadsheets write in many countries. A first line
** "sep=;", by which spreadsheets tell each other, says so; else the header does.
*/
#ifndef LOOM_SEPARATOR_H
#define LOOM_SEPARATOR_H

#include <stdbool.h>
#include <stddef.h>

struct loom_separator {
  char character; /* ',', ';' or '\t'; another one where the file says so, which nobody can read */
  size_t skip;    /* bytes of the line that says so, with its end; 0: there is none */
};

/*
** Finds it in the beginning of a file's text: the first comma, semicolon or tab of the header that stands outside of quotes; a
** header of one column has commas. False: so little text cannot tell. `last` says that nothing follows it.
*/
bool loom_separator_find(const char *text, size_t size, bool last,
                         struct loom_separator *separator);

#endif
