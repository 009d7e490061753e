/*
** Ratios as they are printed: whole millionths, cut, so that nothing but all of it is 1 and an outage never rounds away.
*/
#ifndef LOOM_RATIO_H
#define LOOM_RATIO_H

#include <stdint.h>

#define LOOM_MILLION 1000000

/* How many millionths of the whole a part of it is, cut: 0 <= part <= whole, and whole > 0. Exact over all of int64. */
int64_t loom_millionths(int64_t part, int64_t whole);

#endif
