/*
** Percent-encoding.
*/
#include "base/percent_text.h"
#include "base/utf8.h"

static void put_encoded(struct loom_text *text, unsigned char byte) {
  static const char digits[] = "0123456789ABCDEF";
  loom_text_put_char(text, '%');
  loom_text_put_char(text, digits[byte >> 4]);
  loom_text_put_char(text, digits[byte & 15]);
}

void loom_percent_put(struct loom_text *text, const char *bytes, size_t length) {
  const char *end = bytes + length;
  while (bytes < end) {
    size_t size = loom_utf8_length(bytes, end);
    unsigned char first = (unsigned char)*bytes;
    if (size == 0 || first < ' ' || first == 0x7f || first == '%')
      put_encoded(text, first);
    else
      loom_text_put(text, bytes, size);
    bytes += size ? size : 1;
  }
}
