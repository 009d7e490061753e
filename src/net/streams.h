/*
** Streams of rows (report/row_stream.h) from several servers at a time, merged as they come, by libcurl.
**
**   loom_streams_new → loom_streams_open of each input → loom_streams_take, … until LOOM_DONE → loom_streams_merge → loom_streams_free
**
** A server is read no faster than its rows are taken, so that what is held of each is a bounded piece. As with http.h, who is asked is
** configured by the machine's owner; no redirects are followed and no proxies used, and a token is in a header alone.
*/
#ifndef LOOM_STREAMS_H
#define LOOM_STREAMS_H

#include "report/row_merge.h"

typedef struct loom_streams loom_streams;

/* What is asked for, by POST. Texts are copied. */
struct loom_stream_request {
  const char *url, *token;
  const char *ca_file; /* or NULL */
  const char *body;
  size_t length;
  unsigned stall; /* seconds without a byte after which the server counts as dead */
};

/* 1 to LOOM_MERGE_INPUTS_MAX inputs. NULL: memory is out, or libcurl cannot be set up. */
loom_streams *loom_streams_new(unsigned inputs);
void loom_streams_free(loom_streams *streams);

/* Asks for an input; once more, of this server or another one: see loom_row_merge_restart. */
loom_status loom_streams_open(loom_streams *streams, unsigned input,
                              const struct loom_stream_request *request, loom_error *error);

/*
** Appends text, up to about `most` bytes, for which at most so many milliseconds are waited. LOOM_OK: there is some; LOOM_DONE: that is
** all; LOOM_EAGAIN: the time is over; LOOM_EIO or LOOM_EINPUT: *input has failed.
*/
loom_status loom_streams_take(loom_streams *streams, size_t most, int milliseconds,
                              struct loom_text *to, unsigned *input, loom_error *error);

/* What the inputs have told. */
const loom_row_merge *loom_streams_merge(const loom_streams *streams);

#endif
