/*
** Notes of files that are loaded, on their way to the audit.
*/
#include "write/load_note.h"

#include <stdlib.h>
#include <string.h>

struct loom_load_note *loom_load_note_new(const struct loom_author *author, const char *source) {
  const char *slash = strrchr(source, '/');
  source = slash ? slash + 1 : source;
  size_t source_length = strlen(source);
  struct loom_load_note *note =
      malloc(sizeof *note + author->by_length + author->reason_length + source_length);
  if (!note)
    return NULL;
  char *texts = (char *)(note + 1);
  note->author = loom_author_copy(author, texts);
  texts += author->by_length + author->reason_length;
  memcpy(texts, source, source_length);
  note->source = texts;
  note->source_length = source_length;
  return note;
}

void loom_load_note_free(struct loom_load_note *note) {
  free(note);
}
