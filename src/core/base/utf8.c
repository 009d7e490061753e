/*
** UTF-8.
*/
#include "base/utf8.h"

#include <stdbool.h>

static bool continues(const char *at, const char *end) {
  return at < end && ((unsigned char)*at & 0xC0) == 0x80;
}

size_t loom_utf8_length(const char *at, const char *end) {
  unsigned char a = (unsigned char)at[0], b = at + 1 < end ? (unsigned char)at[1] : 0;
  if (a < 0x80)
    return 1;
  if (!continues(at + 1, end))
    return 0;
  if (a >= 0xC2 && a <= 0xDF)
    return 2;
  if (a >= 0xE0 && a <= 0xEF && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F))
    return continues(at + 2, end) ? 3 : 0;
  if (a >= 0xF0 && a <= 0xF4 && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F))
    return continues(at + 2, end) && continues(at + 3, end) ? 4 : 0;
  return 0;
}

uint32_t loom_utf8_decode(const char *at, size_t length) {
  static const unsigned char lead[] = {0, 0x7F, 0x1F, 0x0F,
                                       0x07}; /* what of the first byte is the character's */
  uint32_t character = (unsigned char)at[0] & lead[length];
  for (size_t i = 1; i < length; i++)
    character = character << 6 | ((unsigned char)at[i] & 0x3F);
  return character;
}

char *loom_utf8_encode(char *out, uint32_t character) {
  if (character < 0x80) {
    *out++ = (char)character;
    return out;
  }
  if (character < 0x800) {
    *out++ = (char)(0xC0 | character >> 6);
  } else {
    if (character < 0x10000) {
      *out++ = (char)(0xE0 | character >> 12);
    } else {
      *out++ = (char)(0xF0 | character >> 18);
      *out++ = (char)(0x80 | (character >> 12 & 0x3F));
    }
    *out++ = (char)(0x80 | (character >> 6 & 0x3F));
  }
  *out++ = (char)(0x80 | (character & 0x3F));
  return out;
}

void loom_utf8_put_replacement(struct loom_text *text) {
  loom_text_put(text, "\xEF\xBF\xBD", 3);
}

void loom_utf8_put(struct loom_text *text, const char *bytes, size_t length) {
  const char *at = bytes, *end = bytes + length, *good = bytes;
  while (at < end) {
    size_t size = loom_utf8_length(at, end);
    at += size ? size : 1;
    if (size)
      continue;
    loom_text_put(text, good, (size_t)(at - 1 - good));
    loom_utf8_put_replacement(text);
    good = at;
  }
  loom_text_put(text, good, (size_t)(end - good));
}
