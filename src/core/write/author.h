/*
** Who changes what is set by hand, when, and why: what the audit tells of a change (audit.h).
*/
#ifndef LOOM_AUTHOR_H
#define LOOM_AUTHOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LOOM_AUTHOR_MAX 255 /* bytes of a name; a reason is a note (kind.h) */

struct loom_author {
  const char *by;
  size_t by_length;
  const char *reason;
  size_t reason_length; /* 0: none was given */
  int64_t at;           /* an instant, in microseconds */
};

/* Copies an author whose texts go to `texts`, which has room for both of them. */
static inline struct loom_author loom_author_copy(const struct loom_author *author, char *texts) {
  struct loom_author copy = *author;
  if (author->by_length)
    memcpy(texts, author->by, author->by_length);
  if (author->reason_length)
    memcpy(texts + author->by_length, author->reason, author->reason_length);
  copy.by = texts;
  copy.reason = texts + author->by_length;
  return copy;
}

#endif
