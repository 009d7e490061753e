/*
** Numbers as text. None depends on the locale, nor on the Lua that asks.
*/
#ifndef LOOM_NUMBER_TEXT_H
#define LOOM_NUMBER_TEXT_H

#include "base/text.h"

#include <float.h>
#include <stdint.h>

/* Most bytes of each: a sign, digits, a point and decimals; or a sign, 17 digits, a point and e-308. */
#define LOOM_WHOLE_SIZE 20
#define LOOM_MILLIONTHS_SIZE 21
#define LOOM_DECIMAL_SIZE LOOM_FIXED_SIZE(6)
#define LOOM_DIGITS_SIZE 24
#define LOOM_FIXED_SIZE(decimals) (1 + DBL_MAX_10_EXP + 1 + 1 + (size_t)(decimals))

/* Puts a whole number: up to LOOM_WHOLE_SIZE bytes. */
void loom_text_put_whole(struct loom_text *text, int64_t value);

/*
** Puts a number of which so many are a million: microseconds as seconds, or a ratio. As many decimals as it needs, up to six.
** Up to LOOM_MILLIONTHS_SIZE bytes.
*/
void loom_text_put_millionths(struct loom_text *text, int64_t value);

/*
** Puts a finite number with so many decimals, up to LOOM_DECIMALS_MAX, as printf's %.*f rounds it, by which all figures are: up
** to LOOM_FIXED_SIZE(decimals) bytes.
*/
#define LOOM_DECIMALS_MAX 17 /* as many as a double has digits */
void loom_text_put_fixed(struct loom_text *text, double value, int decimals);

/*
** Puts a finite number, rounded to six decimals as printf's %.6f is, without the zeros that end them: up to LOOM_DECIMAL_SIZE
** bytes. What is rounded to 0 has no sign.
*/
void loom_text_put_decimal(struct loom_text *text, double value);

/*
** Puts a finite number with all its digits, so that it is the same once it is read, and no more of them than that takes: up to
** LOOM_DIGITS_SIZE bytes. Whole numbers that an int64 holds have neither point nor exponent.
*/
void loom_text_put_digits(struct loom_text *text, double value);

#endif
