/*
** Ratios by integers.
*/
#include "base/ratio.h"

struct division {
  uint64_t divisor, rest; /* the rest is below the divisor, which is below 2^63 */
  int64_t quotient;
};

/* Adds what is at most the divisor. */
static void add(struct division *division, uint64_t term) {
  division->rest += term;
  if (division->rest >= division->divisor) {
    division->rest -= division->divisor;
    division->quotient++;
  }
}

/*
** The product part * 1,000,000 may not fit: it is built bit by bit and reduced by the whole on the way, as in long division.
*/
int64_t loom_millionths(int64_t part, int64_t whole) {
  struct division division = {(uint64_t)whole, 0, 0};
  for (int64_t bit = 1 << 19; bit > 0; bit >>= 1) { /* the highest of LOOM_MILLION */
    division.quotient *= 2;
    add(&division, division.rest);
    if (LOOM_MILLION & bit)
      add(&division, (uint64_t)part);
  }
  return division.quotient;
}
