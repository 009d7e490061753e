/*
** Requests of HTTP and mails of SMTP, many at a time, by libcurl: what the agent sends alerts with.
**
**   loom_transfers_new → loom_transfers_start … → loom_transfers_wait → loom_transfers_next … → loom_transfers_free
**
** One thread, no callbacks to the caller: results are pulled. What somebody sets decides where these go and what is answered, so
** addresses are judged before they are connected to (address.h), redirects are not followed, proxies of the environment not used,
** no other protocols spoken, and of an answer only its beginning is kept. No message has an URL in it, which may be a secret.
*/
#ifndef LOOM_TRANSFER_H
#define LOOM_TRANSFER_H

#include "base/error.h"
#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_ANSWER_KEPT 1024 /* bytes of an answer that are kept: enough to see why it is one */
#define LOOM_ANSWER_READ                                                                           \
  (64 * 1024) /* and that are waited for: what is longer is not read to its end */
#define LOOM_TRANSFERS_MAX                                                                         \
  256 /* under way at a time: messages, and as many as there are channels */
#define LOOM_TRANSFER_TIME                                                                         \
  15000 /* milliseconds that one may take in all, if nothing else is said; also the most */

/* What is sent. Texts are copied. Those that may be NULL are absent then; lists end with NULL. */
struct loom_request {
  const char *url; /* http:// or https://; smtp:// or smtps:// of a mail */
  const char *method;
  const char *const *headers; /* "Name: value" */
  const char *body;
  size_t length;
  const char *username, *password;
  const char *ca_file; /* in which the other side's authority is; the system's otherwise */
  const char *from;    /* of a mail, whose text is the body */
  const char *const *recipients;
  bool plain;     /* a mail may go without TLS, but to the loopback only */
  int time_limit; /* milliseconds; 0 for LOOM_TRANSFER_TIME */
};

/* What became of it. */
struct loom_answer {
  uint64_t number;  /* which loom_transfers_start gave */
  long status;      /* that was answered, of HTTP or SMTP; 0 where nothing was */
  const char *body; /* the beginning of it, until the next call */
  size_t length;
  int64_t retry_after; /* seconds that the header Retry-After tells; 0 where there is none */
  bool refused;        /* the address may not be spoken to */
  const char *message; /* why there is no answer, until the next call; NULL where there is one */
};

typedef struct loom_transfers loom_transfers;

/* `allowed` ranges are copied: addresses that may be spoken to although they are not public. */
loom_status loom_transfers_new(const struct loom_range *allowed, size_t count,
                               loom_transfers **transfers, loom_error *error);

/* Ends what is under way without an answer. NULL is allowed. */
void loom_transfers_free(loom_transfers *transfers);

/*
** Begins a request. LOOM_EINVAL: something in it cannot be sent (an URL of another protocol, a line break in a header);
** LOOM_EAGAIN: LOOM_TRANSFERS_MAX are under way.
*/
loom_status loom_transfers_start(loom_transfers *transfers, const struct loom_request *request,
                                 uint64_t *number, loom_error *error);

/* Goes on with all of them until something has happened or `milliseconds` have passed, also where none is under way. */
loom_status loom_transfers_wait(loom_transfers *transfers, int milliseconds, loom_error *error);

/* The next one that has ended; LOOM_DONE where none has. */
loom_status loom_transfers_next(loom_transfers *transfers, struct loom_answer *answer);

/* How many have not been given by loom_transfers_next. */
size_t loom_transfers_count(const loom_transfers *transfers);

#endif
