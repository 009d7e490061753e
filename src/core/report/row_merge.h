/*
** Streams of rows (row_stream.h) as one text: their caption, and all rows in order of the ids. What is held is a bounded piece of each
** stream, however many rows there are.
**
**   loom_row_merge_new → loom_row_merge_put of what has come of each input, loom_row_merge_take, … until LOOM_DONE
**   → loom_row_merge_end → loom_row_merge_free
**
** Nothing here knows where streams come from, or waits. An input whose sender fails is begun anew (loom_row_merge_restart) by another
** one that sends the same: rows that were taken already are passed over.
*/
#ifndef LOOM_ROW_MERGE_H
#define LOOM_ROW_MERGE_H

#include "report/row_stream.h"

#define LOOM_MERGE_INPUTS_MAX 256
#define LOOM_MERGE_AHEAD                                                                           \
  (256u << 10) /* bytes of an input that are held, unless one frame is longer */

typedef struct loom_row_merge loom_row_merge;

/* Of 1 to LOOM_MERGE_INPUTS_MAX inputs, which are numbered from 0. NULL: memory is out. */
loom_row_merge *loom_row_merge_new(unsigned inputs);
void loom_row_merge_free(loom_row_merge *merge);

/* Whether an input may have more now: at most LOOM_MERGE_AHEAD bytes wait, or what is there is no whole frame yet. */
bool loom_row_merge_has_room(const loom_row_merge *merge, unsigned input);

/* Adds what has come of an input. LOOM_EINPUT: it has ended. */
loom_status loom_row_merge_put(loom_row_merge *merge, unsigned input, const char *bytes,
                               size_t length, loom_error *error);

/* Forgets what of an input was not taken: it begins once more. */
void loom_row_merge_restart(loom_row_merge *merge, unsigned input);

/*
** Appends text to `to` until that has `most` bytes or more. LOOM_OK: it has; LOOM_DONE: that is all. LOOM_EAGAIN: *input has to have
** more before it can go on; what was appended stands. LOOM_EINPUT: what *input sends is no such stream, not in order, not what was sent
** before, or has fewer rows than it says; or it says why it has failed, and then the message is that.
*/
loom_status loom_row_merge_take(loom_row_merge *merge, size_t most, struct loom_text *to,
                                unsigned *input, loom_error *error);

/* What an input said of itself: text that stays until the merge is freed or the input restarted; NULL: nothing yet. */
const char *loom_row_merge_head(const loom_row_merge *merge, unsigned input, size_t *length);

/* How many rows an input has had, and what it said at its end; NULL: it has not ended. */
const char *loom_row_merge_end(const loom_row_merge *merge, unsigned input, uint64_t *rows,
                               size_t *length);

/* How much of its work an input's sender has done, in millionths. */
uint64_t loom_row_merge_progress(const loom_row_merge *merge, unsigned input);

#endif
