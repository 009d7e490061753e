/*
** Store ids that are likely to be another one, spelled otherwise: by hand, or by a spreadsheet.
*/
#ifndef LOOM_LIKENESS_H
#define LOOM_LIKENESS_H

#include "base/id_table.h"

#include <stdbool.h>
#include <stddef.h>

/*
** Whether an id is what a spreadsheet makes of one that is a long number: `8.41954E+18`, with a point or a comma, or none. What
** has been rounded so cannot be undone.
*/
bool loom_id_is_rounded(const char *id, size_t length);

/*
** What an id has in common with those that are meant to be the same: letters of ASCII in one case, without blanks, be they
** visible or not, and, of a number, without the zeros in front. Returns its length, which is `length` at the most.
*/
size_t loom_id_likeness(const char *id, size_t length, char out[LOOM_ID_MAX]);

#endif
