/*
** Fields of CSV.
*/
#include "base/csv_text.h"

#include <string.h>

/* Around a field blanks say nothing; quoted, those at its ends are its own. */
static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool is_plain(const char *field, size_t length) {
  static const bool special[256] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
  bool plain = length == 0 || (!is_blank(field[0]) && !is_blank(field[length - 1]));
  for (size_t i = 0; i < length && plain; i++)
    plain = !special[(unsigned char)field[i]];
  return plain;
}

/* A field with something before it that needs no quotes. */
static void put_field(struct loom_text *text, const char *before, const char *field,
                      size_t length) {
  if (is_plain(field, length)) {
    loom_text_put_string(text, before);
    loom_text_put(text, field, length);
    return;
  }
  loom_text_put_char(text, '"');
  loom_text_put_string(text, before);
  for (size_t i = 0; i < length; i++) {
    if (field[i] == '"')
      loom_text_put_char(text, '"');
    loom_text_put_char(text, field[i]);
  }
  loom_text_put_char(text, '"');
}

void loom_csv_put_field(struct loom_text *text, const char *field, size_t length) {
  put_field(text, "", field, length);
}

bool loom_csv_is_formula(const char *field, size_t length) {
  /* = + - @ */
  static const char full_width[][4] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
                                       "\xef\xbc\xa0"};
  while (length && *field == '\'') {
    field++;
    length--;
  }
  if (!length)
    return false;
  unsigned char first = (unsigned char)*field;
  bool formula =
      first < ' ' || first == 0x7f || first == '=' || first == '+' || first == '-' || first == '@';
  for (size_t i = 0; i < sizeof full_width / sizeof *full_width && !formula; i++)
    formula = length >= 3 && memcmp(field, full_width[i], 3) == 0;
  return formula;
}

void loom_csv_put_harmless_field(struct loom_text *text, const char *field, size_t length) {
  put_field(text, loom_csv_is_formula(field, length) ? "'" : "", field, length);
}
