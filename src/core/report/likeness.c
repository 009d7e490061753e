/*
** Ids that are spelled otherwise.
*/
#include "report/likeness.h"
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static size_t digits(const char *text, size_t length) {
  size_t count = 0;
  while (count < length && is_digit(text[count]))
    count++;
  return count;
}

bool loom_id_is_rounded(const char *id, size_t length) {
  size_t at = 0;
  if (digits(id, length) != 1)
    return false;
  at = 1;
  if (at < length && (id[at] == '.' || id[at] == ',')) {
    size_t decimals = digits(id + at + 1, length - at - 1);
    if (decimals == 0)
      return false;
    at += 1 + decimals;
  }
  if (length - at < 3 || (id[at] != 'E' && id[at] != 'e') || id[at + 1] != '+')
    return false;
  return digits(id + at + 2, length - at - 2) == length - at - 2;
}

/* Blanks of every width, and what has none: a soft hyphen, joiners, the byte order mark. */
static bool is_blank(uint32_t character) {
  return character <= ' ' || character == 0x7F || character == 0xA0 || character == 0xAD ||
         (character >= 0x2000 && character <= 0x200F) || character == 0x202F ||
         character == 0x205F || character == 0x2060 || character == 0x3000 || character == 0xFEFF;
}

size_t loom_id_likeness(const char *id, size_t length, char out[LOOM_ID_MAX]) {
  size_t size = 0, zeros = 0;
  for (size_t at = 0; at < length && at < LOOM_ID_MAX;) {
    size_t bytes = loom_utf8_length(id + at, id + length);
    bool is_one = bytes > 0; /* a byte that is none of UTF-8 stays */
    bytes = is_one ? bytes : 1;
    if (!is_one || !is_blank(loom_utf8_decode(id + at, bytes))) {
      memcpy(out + size, id + at, bytes);
      if (out[size] >= 'A' && out[size] <= 'Z')
        out[size] = (char)(out[size] - 'A' + 'a');
      size += bytes;
    }
    at += bytes;
  }
  if (digits(out, size) != size)
    return size;
  while (zeros + 1 < size && out[zeros] == '0')
    zeros++;
  memmove(out, out + zeros, size - zeros);
  return size - zeros;
}
