/*
** Selections of stores. A pattern goes on from its last `*` when it cannot go on otherwise; those before it need no other try,
** since the last one can stand for whatever they would leave to it.
*/
#include "measure/selection.h"

#include <stdint.h>
#include <string.h>

/* Takes a character: lead byte, and the bytes that continue it. Those of UTF-8 have the order of their code points. */
static uint32_t take(const char **at, const char *end) {
  uint32_t c = (unsigned char)*(*at)++;
  for (int more = 0; c >= 0xc0 && more < 3 && *at < end && ((unsigned char)**at & 0xc0) == 0x80;
       more++)
    c = c << 8 | (unsigned char)*(*at)++;
  return c;
}

/* Whether `c` is in the set whose first character is at *glob, which is moved behind it; NULL: it does not end. */
static bool is_in_set(uint32_t c, const char **glob, const char *end) {
  const char *at = *glob;
  bool found = false, inverted = at < end && *at == '^', first = true;
  uint32_t before = 0; /* what a range may begin with; 0: nothing */
  for (at += inverted; at < end && (first || *at != ']'); first = false) {
    if (*at == '-' && before && at + 1 < end && at[1] != ']') {
      at++;
      uint32_t last = take(&at, end);
      found = found || (c >= before && c <= last);
      before = 0;
    } else {
      uint32_t one = take(&at, end);
      found = found || c == one;
      before = first && one == ']' ? 0 : one; /* as in SQLite, where it begins no range */
    }
  }
  *glob = at < end ? at + 1 : NULL;
  return found != inverted;
}

/* Whether `c` is what the pattern has at *glob, other than `*`; moves on where it is. */
static bool matches_one(uint32_t c, const char **glob, const char *end) {
  const char *at = *glob;
  bool good;
  if (at == end)
    return false;
  if (*at == '?') {
    good = true;
    at++;
  } else if (*at == '[') {
    at++;
    good = is_in_set(c, &at, end) && at;
  } else {
    good = take(&at, end) == c;
  }
  if (good)
    *glob = at;
  return good;
}

bool loom_glob_matches(const char *glob, const char *text, size_t length) {
  const char *glob_end = glob + strlen(glob), *end = text + length;
  const char *star = NULL,
             *resume = NULL; /* behind the last `*`; the first that it does not stand for */
  while (text < end) {
    const char *at = text;
    if (*glob == '*') {
      star = ++glob;
      resume = text;
    } else if (matches_one(take(&at, end), &glob, glob_end)) {
      text = at;
    } else if (star) {
      take(&resume, end);
      text = resume;
      glob = star;
    } else {
      return false;
    }
  }
  while (*glob == '*')
    glob++;
  return glob == glob_end;
}

static char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* By Knuth, Morris and Pratt (1977): begins[i] is how long a beginning of `wanted` is that also ends at its byte i. */
bool loom_text_contains(const char *text, size_t length, const char *wanted, size_t wanted_length) {
  uint16_t begins[LOOM_SEARCH_MAX];
  size_t found = 0, first = 0;
  if (wanted_length == 0 || wanted_length > LOOM_SEARCH_MAX || wanted_length > length)
    return wanted_length == 0;
  while (first <= length - wanted_length && to_lower(text[first]) != *wanted)
    first++;
  if (first > length - wanted_length) /* as in most texts */
    return false;
  begins[0] = 0;
  for (size_t i = 1; i < wanted_length; i++) {
    while (found && wanted[found] != wanted[i])
      found = begins[found - 1];
    found += wanted[found] == wanted[i];
    begins[i] = (uint16_t)found;
  }
  found = 0;
  for (size_t i = first; i < length && found < wanted_length; i++) {
    char c = to_lower(text[i]);
    while (found && wanted[found] != c)
      found = begins[found - 1];
    found += wanted[found] == c;
  }
  return found == wanted_length;
}

bool loom_selection_has(const struct loom_selection *selection, const char *id, size_t length) {
  for (size_t i = 0; i < selection->glob_count; i++)
    if (loom_glob_matches(selection->globs[i], id, length))
      return true;
  if (selection->ids)
    return loom_id_table_find(selection->ids, id, length) != LOOM_NO_NUMBER;
  return selection->glob_count == 0;
}
