/*
** Stagings and removals on their way into a database. What is half stored has statements in the transaction, and gives way when
** that ends.
*/
#include "write/sink_sqlite.h"
#include "sqlite/connection.h"
#include "write/apply.h"
#include "write/delete.h"

#include <stddef.h>
#include <stdlib.h>

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
