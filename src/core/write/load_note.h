/*
** What the audit tells of a file that was loaded: which one, by whom, and what became of its rows.
**
**   loom_load_note_new → loom_sink_note, in the transaction that has stored the file → loom_load_note_free
*/
#ifndef LOOM_LOAD_NOTE_H
#define LOOM_LOAD_NOTE_H

#include "write/author.h"

#include <stddef.h>

struct loom_load_note {
  struct loom_author author;
  const char *source; /* the file's name, without folders, which are nobody's business */
  size_t source_length;
};

/* A copy, texts and all. NULL: memory is out. */
struct loom_load_note *loom_load_note_new(const struct loom_author *author, const char *source);
void loom_load_note_free(struct loom_load_note *note); /* NULL is ignored */

#endif
