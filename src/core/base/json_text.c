/*
** Strings and numbers of JSON.
*/
#include "base/json_text.h"
#include "base/utf8.h"

#include <math.h>
#include <stdbool.h>

static bool is_escaped(unsigned char c) {
  return c < 0x20 || c == 0x7F || c == '"' || c == '\\';
}

static void put_escaped(struct loom_text *text, unsigned char c) {
  static const char letters[32] = {
      ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
  static const char hexadecimal[] = "0123456789abcdef";
  loom_text_put_char(text, '\\');
  if (c == '"' || c == '\\') {
    loom_text_put_char(text, (char)c);
  } else if (c < 0x20 && letters[c]) {
    loom_text_put_char(text, letters[c]);
  } else {
    loom_text_put(text, "u00", 3);
    loom_text_put_char(text, hexadecimal[c >> 4]);
    loom_text_put_char(text, hexadecimal[c & 15]);
  }
}

static void put_string(struct loom_text *text, const char *string, size_t length, bool replace) {
  const char *at = string, *end = string + length;
  loom_text_put_char(text, '"');
  while (at < end) {
    const char *plain = at;
    size_t size = 1;
    while (at < end && !is_escaped((unsigned char)*at) && size) {
      size = replace ? loom_utf8_length(at, end) : 1;
      at += size;
    }
    loom_text_put(text, plain, (size_t)(at - plain));
    if (at == end)
      break;
    if (size)
      put_escaped(text, (unsigned char)*at++);
    else
      loom_utf8_put_replacement(text), at++;
  }
  loom_text_put_char(text, '"');
}

void loom_json_put_string(struct loom_text *text, const char *string, size_t length) {
  put_string(text, string, length, true);
}

void loom_json_put_bytes(struct loom_text *text, const char *string, size_t length) {
  put_string(text, string, length, false);
}

void loom_json_put_number(struct loom_text *text, double value) {
  if (isfinite(value))
    loom_text_put_decimal(text, value);
  else
    loom_text_put(text, "null", 4);
}
