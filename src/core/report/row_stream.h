/*
** Rows of a report as a stream of frames, in which a worker beside a shard sends those of its stores: in order of their ids, each
** with the text that it is to have in the file. A letter, lengths in decimals and a line's end begin a frame, and bytes follow:
**
**   H 117\n{…}         what the sender is, and what its rows are of: first of all
**   P 250000\n         so many millionths are done; as often as there is something to tell, up to the first row
**   C 22\nstore_id,…\n what comes before all rows in the file, which may be nothing: once, before them
**   R 4 19\n0042…      a row: lengths of the id and of the text, id, text
**   E 1000 34\n{…}     so many rows were sent, and what else there is to tell of them: the last one
**   F 30\nEBUSY: …     in place of all else that is to come: why there is no more
*/
#ifndef LOOM_ROW_STREAM_H
#define LOOM_ROW_STREAM_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOM_FRAME_BEGINNING 48   /* bytes of the longest */
#define LOOM_FRAME_MAX (1u << 20) /* bytes of a text in it: a row of 64 windows has some KiB */

enum loom_frame_kind {
  LOOM_FRAME_HEAD = 'H',
  LOOM_FRAME_PROGRESS = 'P',
  LOOM_FRAME_CAPTION = 'C',
  LOOM_FRAME_ROW = 'R',
  LOOM_FRAME_END = 'E',
  LOOM_FRAME_FAILURE = 'F'
};

struct loom_frame {
  enum loom_frame_kind kind;
  uint64_t number; /* of progress: millionths; of the end: rows */
  const char *id;  /* of a row */
  size_t id_length;
  const char *text; /* of all but progress */
  size_t length;
  size_t size; /* bytes of the frame */
};

/*
** Reads the frame that bytes begin with, which it points into. LOOM_EAGAIN: it goes on behind them. LOOM_EINPUT: it is none, or longer
** than may be.
*/
loom_status loom_frame_read(const char *bytes, size_t length, struct loom_frame *frame,
                            loom_error *error);

/* Appends a frame. `number` is of an end alone. False: memory is out. */
bool loom_frame_put(struct loom_text *to, enum loom_frame_kind kind, uint64_t number,
                    const char *text, size_t length);
bool loom_frame_put_progress(struct loom_text *to, uint64_t millionths);

/*
** Appends the beginning of a row of an id, behind which its text of so many bytes is to be put; there is room for that then, too.
** False: memory is out.
*/
bool loom_frame_begin_row(struct loom_text *to, const char *id, size_t id_length, size_t length);

#endif
