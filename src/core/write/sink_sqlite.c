/*
** Stagings and removals on their way into a database. What is half stored has statements in the transaction, and gives way when
** that ends.
*/
#include "write/sink_sqlite.h"
#include "base/json_text.h"
#include "sqlite/connection.h"
#include "sqlite/remote.h"
#include "write/apply.h"
#include "write/audit.h"
#include "write/delete.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_SIZE 256 /* bytes of the names and numbers of what became of a file */

struct sqlite_sink {
  loom_sink sink;            /* the first member */
  struct loom_holder holder; /* of the apply's statements */
  loom_database *database;
  loom_staging *staging; /* that is half stored */
  loom_apply *apply;     /* of it; NULL: none is */
};

static struct sqlite_sink *of_head(loom_sink *sink) {
  return (struct sqlite_sink *)sink;
}

static void end_apply(struct sqlite_sink *sink) {
  loom_holder_end(&sink->holder);
  loom_apply_free(sink->apply);
  sink->apply = NULL;
}

static void let_go(struct loom_holder *holder) {
  end_apply((struct sqlite_sink *)((char *)holder - offsetof(struct sqlite_sink, holder)));
}

static loom_status begin(loom_sink *head, loom_error *error) {
  return loom_database_begin_write(of_head(head)->database, error);
}

static loom_status check(const struct sqlite_sink *sink, const loom_staging *staging,
                         loom_error *error) {
  if (!staging->complete)
    return loom_fail(error, LOOM_EINVAL, "what is to be written has not been read to its end");
  if (sink->apply && sink->staging != staging)
    return loom_fail(error, LOOM_EINVAL, "something else is half written");
  return loom_database_check_writing(sink->database, error);
}

static loom_status apply(loom_sink *head, loom_staging *staging, size_t budget, double *done,
                         loom_error *error) {
  struct sqlite_sink *sink = of_head(head);
  loom_status status = check(sink, staging, error);
  if (status == LOOM_OK && !sink->apply) {
    status = loom_apply_new(staging, sink->database, &sink->apply, error);
    if (status == LOOM_OK)
      loom_database_hold(sink->database, &sink->holder, let_go);
    sink->staging = staging;
  }
  if (status != LOOM_OK)
    return status;
  status = loom_apply_step(sink->apply, budget, done, error);
  if (status != LOOM_OK)
    end_apply(sink);
  return status;
}

static loom_status remove_step(loom_sink *head, const struct loom_removal *removal,
                               struct loom_removed *removed, loom_error *error) {
  return loom_delete_step(of_head(head)->database, removal, LOOM_DELETE_STEP, removed, error);
}

/* What has become of a file's rows, with the names that answers have. False: memory is out. */
static bool put_load(struct loom_text *text, const struct loom_load_note *note,
                     const loom_staging *staging) {
  const struct loom_counts *counts = &staging->counts;
  const struct {
    const char *name;
    uint64_t value;
  } members[] = {{",\"rows\":", counts->rows},
                 {",\"new\":", counts->added},
                 {",\"duplicates\":", counts->duplicates},
                 {",\"conflicts\":", counts->conflicts},
                 {",\"rejected\":", counts->rejected}};
  if (!loom_text_reserve(text, LOAD_SIZE + LOOM_JSON_STRING_SIZE(note->source_length)))
    return false;
  loom_text_put_string(text, "{\"kind\":\"");
  loom_text_put_string(text, loom_kind_name(staging->options.kind));
  loom_text_put_string(text, "\",\"source\":");
  loom_json_put_string(text, note->source, note->source_length);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    loom_text_put_string(text, members[i].name);
    loom_text_put_whole(text, (int64_t)members[i].value);
  }
  loom_text_put_char(text, '}');
  return true;
}

static loom_status note_load(loom_sink *head, const struct loom_load_note *note,
                             const loom_staging *staging, loom_error *error) {
  loom_database *database = of_head(head)->database;
  struct loom_text after = {0};
  loom_status status = LOOM_OK;
  if (!put_load(&after, note, staging))
    status = loom_no_memory(error);
  const struct loom_audit_entry entry = {.author = &note->author,
                                         .kind = LOOM_AUDIT_LOADED,
                                         .after = after.bytes,
                                         .after_length = after.length};
  if (status == LOOM_OK)
    status = loom_audit_add(database, &entry, error);
  if (status == LOOM_OK)
    status = loom_audit_trim(database, error);
  loom_text_free(&after);
  return status;
}

static loom_status commit(loom_sink *head, loom_error *error) {
  end_apply(of_head(head));
  return loom_database_commit(of_head(head)->database, error);
}

static void abandon(loom_sink *head) {
  end_apply(of_head(head));
  loom_database_rollback(of_head(head)->database);
}

static void free_sink(loom_sink *head) {
  struct sqlite_sink *sink = of_head(head);
  end_apply(sink);
  loom_database_close(sink->database);
  free(sink);
}

static const struct loom_sink_type type = {.begin = begin,
                                           .apply = apply,
                                           .remove = remove_step,
                                           .note = note_load,
                                           .commit = commit,
                                           .abandon = abandon,
                                           .free = free_sink};

loom_sink *loom_sink_sqlite(loom_database *database) {
  struct sqlite_sink *sink = calloc(1, sizeof *sink);
  if (!sink)
    return NULL;
  sink->sink.type = &type;
  sink->database = loom_database_retain(database);
  return &sink->sink;
}

loom_sink *loom_sink_of(loom_database *database) {
  loom_remote *remote = loom_database_remote(database);
  return remote ? remote->type->sink(remote, database) : loom_sink_sqlite(database);
}
