/*
** Who asks servers: the one thing of a cluster that knows a library of HTTP, or, in tests, none. One thread at a time; each has
** its own.
*/
#ifndef LOOM_ASKER_H
#define LOOM_ASKER_H

#include "base/error.h"
#include "base/text.h"

#include <stddef.h>

struct loom_call {
  const char *url;
  const char *user, *password, *ca_file; /* NULL: none */
  const char *body;
  size_t length;
  long time_limit;    /* milliseconds, for the whole */
  size_t answer_most; /* bytes of an answer, of whatever status */
};

#define LOOM_WAS_SENT                                                                              \
  1 /* in the place of a status: there is no answer, and yet all may have been done */

typedef struct loom_asker loom_asker;

struct loom_asker_type {
  /*
  ** LOOM_OK: there is an answer, with its status; LOOM_EIO: there is none, or one that is too long, and why, with LOOM_WAS_SENT or 0;
  ** LOOM_ENOMEM
  */
  loom_status (*post)(loom_asker *asker, const struct loom_call *call, long *status,
                      struct loom_text *answer, loom_error *error);
  loom_asker *(*another)(const loom_asker *asker); /* NULL: memory is out */
  void (*free)(loom_asker *asker);
};

/* The head of what a type makes of it. */
struct loom_asker {
  const struct loom_asker_type *type;
};

/* Posts a body. The answer, of whatever status, takes the place of what the text had. */
static inline loom_status loom_asker_post(loom_asker *asker, const struct loom_call *call,
                                          long *status, struct loom_text *answer,
                                          loom_error *error) {
  answer->length = 0;
  return asker->type->post(asker, call, status, answer, error);
}

/* Another one of its kind, with connections of its own. */
static inline loom_asker *loom_asker_another(const loom_asker *asker) {
  return asker->type->another(asker);
}

/* NULL is ignored. */
static inline void loom_asker_free(loom_asker *asker) {
  if (asker)
    asker->type->free(asker);
}

#endif
