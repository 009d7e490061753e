/*
** What several tests share: random numbers that are the same in every run.
*/
#ifndef LOOM_SPEC_SUPPORT_H
#define LOOM_SPEC_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above first. */
#include <cmocka.h>

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. */
static inline uint64_t random_next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* A number from 0 to n - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t n) {
  return random_next(state) % n;
}

#endif
