/*
** Packed weeks: all openings of one store's week in a row of bytes.
**
** An opening is a number of 40 bits, in five bytes, the highest one first:
**
**   bits 39 to 37   0
**        36 to 34   the weekday, 0 = Monday … 6 = Sunday
**        33 to 17   when it opens, in seconds since local midnight, 0 to 86400
**        16 to 0    when it closes, likewise
**
** Openings are in ascending order of that number, which is that of their bytes too, and each is there once: equal weeks
** have equal bytes. No bytes are a week without openings.
*/
#ifndef LOOM_WEEK_H
#define LOOM_WEEK_H

#include "measure/hours.h"

#define LOOM_OPENING_SIZE 5 /* bytes */

/* Packs an opening, whose values are within their bounds; its date goes elsewhere. */
void loom_opening_pack(const struct loom_hours *opening, unsigned char bytes[LOOM_OPENING_SIZE]);

/* The opening in a week that has no problem; `from` is left as it is. */
void loom_opening_unpack(const unsigned char bytes[LOOM_OPENING_SIZE], struct loom_hours *opening);

/*
** Packs openings, which may be in any order, each more than once, into `week`, which has room for as many; how many bytes they
** take.
*/
size_t loom_week_pack(const struct loom_hours *openings, size_t count, unsigned char *week);

/*
** Unpacks a week into `openings`, which has room for as many as there are, and gives each of them a date: the first one that it is
** in force on. False: loom_week_problem tells why not.
*/
bool loom_week_unpack(const unsigned char *week, size_t size, int32_t from,
                      struct loom_hours *openings);

/* Why bytes are no packed week, such as "is not sorted", or NULL. */
const char *loom_week_problem(const unsigned char *week, size_t size);

#endif
