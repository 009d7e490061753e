/*
** Status names and one-line messages.
*/
#include "base/error.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_INPUT_MAX 80

const char *loom_status_name(loom_status status) {
  static const char *const names[] = {[LOOM_OK] = "OK",
                                      [LOOM_DONE] = "DONE",
                                      [LOOM_EINVAL] = "EINVAL",
                                      [LOOM_EINPUT] = "EINPUT",
                                      [LOOM_ENOENT] = "ENOENT",
                                      [LOOM_EACCESS] = "EACCESS",
                                      [LOOM_EIO] = "EIO",
                                      [LOOM_EFULL] = "EFULL",
                                      [LOOM_ENOMEM] = "ENOMEM",
                                      [LOOM_ENOTDB] = "ENOTDB",
                                      [LOOM_EVERSION] = "EVERSION",
                                      [LOOM_EREADONLY] = "EREADONLY",
                                      [LOOM_EBUSY] = "EBUSY",
                                      [LOOM_EAGAIN] = "EAGAIN",
                                      [LOOM_ECORRUPT] = "ECORRUPT",
                                      [LOOM_EEMPTY] = "EEMPTY",
                                      [LOOM_ECANCELED] = "ECANCELED",
                                      [LOOM_EMOVED] = "EMOVED",
                                      [LOOM_ECONFIRM] = "ECONFIRM",
                                      [LOOM_ELIMIT] = "ELIMIT",
                                      [LOOM_EOWNER] = "EOWNER",
                                      [LOOM_EUNREACHABLE] = "EUNREACHABLE"};
  return names[status];
}

loom_status loom_fail(loom_error *error, loom_status code, const char *format, ...) {
  if (error) {
    va_list arguments;
    error->code = code;
    error->line = 0;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    loom_make_printable(error->message);
  }
  return code;
}

loom_status loom_no_memory(loom_error *error) {
  return loom_fail(error, LOOM_ENOMEM, "out of memory");
}

loom_status loom_status_of_errno(int number) {
  switch (number) {
  case ENOSPC:
  case EFBIG:
  case EDQUOT:
    return LOOM_EFULL;
  case EACCES:
  case EPERM:
  case EROFS:
    return LOOM_EACCESS;
  case ENOMEM:
    return LOOM_ENOMEM;
  default:
    return LOOM_EIO;
  }
}

void loom_make_printable(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = *text == '\n' || *text == '\t' ? ' ' : '?';
}

/*
** Whether a character cannot be seen, or looks like a blank, or moves what stands beside it: controls, spaces, and what Unicode
** calls format characters and variation selectors (general categories Cc, Cf, Zs, Zl, Zp, and Default_Ignorable_Code_Point).
*/
static bool is_invisible(uint32_t character) {
  static const struct {
    uint32_t first, last;
  } ranges[] = {{0x80, 0xa0},       {0xad, 0xad},      {0x34f, 0x34f},   {0x600, 0x605},
                {0x61c, 0x61c},     {0x6dd, 0x6dd},    {0x70f, 0x70f},   {0x115f, 0x1160},
                {0x1680, 0x1680},   {0x17b4, 0x17b5},  {0x180b, 0x180f}, {0x2000, 0x200f},
                {0x2028, 0x202f},   {0x205f, 0x206f},  {0x3000, 0x3000}, {0x3164, 0x3164},
                {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
                {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (character <= ranges[i].last)
      return character >= ranges[i].first;
  return false;
}

/* Writes the character at `bytes`, which is not ASCII, as it is or escaped, and returns how many bytes it had. */
static size_t quote_character(char **out, const char *bytes, const char *end) {
  size_t length = loom_utf8_length(bytes, end);
  if (length == 0) {
    *out += snprintf(*out, 5, "\\x%02x", (unsigned char)*bytes);
    return 1;
  }
  uint32_t character = loom_utf8_decode(bytes, length);
  if (is_invisible(character)) {
    *out += snprintf(*out, 11, "\\u{%x}", character);
  } else {
    memcpy(*out, bytes, length);
    *out += length;
  }
  return length;
}

const char *loom_quote(char out[LOOM_QUOTED_SIZE], const char *bytes, size_t length) {
  size_t kept = length > QUOTED_INPUT_MAX ? QUOTED_INPUT_MAX : length;
  char *at = out;
  *at++ = '"';
  for (size_t i = 0; i < kept;) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte > 0x7f) {
      i += quote_character(&at, bytes + i, bytes + length);
      continue;
    }
    i++;
    if (byte == '"' || byte == '\\') {
      *at++ = '\\';
      *at++ = (char)byte;
    } else if (byte < 0x20 || byte == 0x7f) {
      at += snprintf(at, 5, "\\x%02x", byte);
    } else {
      *at++ = (char)byte;
    }
  }
  if (kept < length) {
    memcpy(at, "...", 3);
    at += 3;
  }
  *at++ = '"';
  *at = '\0';
  return out;
}
