/*
** An ingest whose bytes are pushed by an event loop: a thread of its own parses them, and a writer writes them once all
** are there. Nothing here waits, except that the writer's end waits for its uploads.
**
**   loom_upload_new → loom_upload_push, … → loom_upload_finish → loom_write_state of its loom_upload_head, until it is done
**   → its counts, loom_upload_rejects → loom_upload_release
*/
#ifndef LOOM_UPLOAD_H
#define LOOM_UPLOAD_H

#include "read/ingest.h"
#include "write/load_note.h"
#include "write/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct loom_upload loom_upload;

/*
** Begins one. `capacity` is how many bytes may wait to be parsed. The author is told by the audit, unless it is NULL.
** LOOM_EAGAIN: the writer has too many already. Let go with loom_upload_release, which drops an upload that has not been
** finished.
*/
loom_status loom_upload_new(loom_writer *writer, const struct loom_ingest_options *options,
                            const struct loom_staging_options *staging,
                            const struct loom_author *author, size_t capacity, loom_upload **upload,
                            loom_error *error);
void loom_upload_release(loom_upload *upload);

/*
** Copies the next bytes. *taken is false when they do not fit yet: try again later. Fails when the upload has, so that
** there is no use in sending more.
*/
loom_status loom_upload_push(loom_upload *upload, const void *bytes, size_t size, bool *taken,
                             loom_error *error);

/* Ends the input. The head's state then tells when all is written; its counts are those of the ingest. */
void loom_upload_finish(loom_upload *upload);

/* Drops it, unless it has been written already. */
void loom_upload_abort(loom_upload *upload);

loom_write *loom_upload_head(loom_upload *upload);

/* Bytes parsed so far, and which share of what they held is written, 0 to 1. */
void loom_upload_progress(const loom_upload *upload, uint64_t *parsed, double *written);

/* The first bad rows, of an upload that is no longer pending. */
const struct loom_reject_list *loom_upload_rejects(const loom_upload *upload);

#endif
