/*
** Status names and one-line messages.
*/
#include "base/error.h"

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
                                      [LOOM_ELIMIT] = "ELIMIT"};
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

const char *loom_quote(char out[LOOM_QUOTED_SIZE], const char *bytes, size_t length) {
  size_t kept = length > QUOTED_INPUT_MAX ? QUOTED_INPUT_MAX : length;
  char *at = out;
  *at++ = '"';
  for (size_t i = 0; i < kept; i++) {
    unsigned char byte = (unsigned char)bytes[i];
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
