/*
** Export to CSV (RFC 4180, lines that end in LF).
*/
#include "export.h"
#include "civil.h"
#include "poll_block.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH (256 * 1024) /* about how much text one call gives */

struct loom_export {
  loom_database *database;
  enum loom_kind kind;
  sqlite3_stmt *rows;
  struct loom_polls polls;
  struct loom_text text;
  bool header_given, ended, in_transaction;
};

/*
** Stores are in order of id, polls by day before; `*` stands for every store and comes first. Nothing depends on how
** stores are numbered, so that a copy's export is the same.
*/
static const char *const sql[LOOM_KIND_COUNT] = {
    [LOOM_POLLS] = "SELECT store_id, polls FROM poll_block JOIN store ON number = store"
                   " ORDER BY day, store_id",
    [LOOM_HOURS] = "SELECT store_id, effective_from, weekday, open_s, close_s"
                   " FROM hours_week w JOIN store ON number = w.store"
                   " LEFT JOIN hours USING(store, effective_from)"
                   " ORDER BY store_id, effective_from, weekday, open_s, close_s",
    [LOOM_TIMEZONES] = "SELECT store_id, timezone FROM store WHERE timezone IS NOT NULL"
                       " ORDER BY store_id",
    [LOOM_SPECIAL_DAYS] = "SELECT ifnull(store_id, '*'), date, open_s, close_s, note"
                          " FROM special_day LEFT JOIN store ON number = store"
                          " ORDER BY store_id, date, open_s, close_s",
    [LOOM_EXCLUSIONS] = "SELECT ifnull(store_id, '*'), from_us, to_us, reason"
                        " FROM exclusion LEFT JOIN store ON store.number = store"
                        " ORDER BY store_id, from_us, to_us, reason",
};

static loom_status no_memory(loom_error *error) {
  return loom_fail(error, LOOM_ENOMEM, "out of memory");
}

static void put_column(loom_export *export, int column) {
  const char *text = (const char *)sqlite3_column_text(export->rows, column);
  if (text)
    loom_text_put_field(&export->text, text, (size_t)sqlite3_column_bytes(export->rows, column));
}

static void put_time(loom_export *export, int column) {
  char text[LOOM_TIME_SIZE];
  if (sqlite3_column_type(export->rows, column) != SQLITE_NULL)
    loom_text_put(&export->text, text,
        loom_format_time_of_day(sqlite3_column_int(export->rows, column), text));
}

static void put_instant(loom_export *export, int64_t instant) {
  char text[LOOM_TIMESTAMP_SIZE];
  loom_text_put(&export->text, text, loom_format_timestamp(instant, text));
}

/* Bytes that any row may need: its columns, quoted and doubled, and fixed text. */
static size_t row_size(const loom_export *export) {
  size_t size = 256;
  for (int i = 0; i < sqlite3_column_count(export->rows); i++)
    size += 2 * (size_t)sqlite3_column_bytes(export->rows, i);
  return size;
}

static bool put_polls(loom_export *export) {
  sqlite3_stmt *row = export->rows;
  const char *id = (const char *)sqlite3_column_text(row, 0);
  size_t id_length = (size_t)sqlite3_column_bytes(row, 0);
  export->polls.count = 0;
  if (!loom_poll_block_decode(sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1),
                              &export->polls) ||
      !loom_text_reserve(&export->text, export->polls.count * (2 * id_length + 64)))
    return false;
  for (size_t i = 0; i < export->polls.count; i++) {
    loom_poll poll = export->polls.items[i];
    loom_text_put_field(&export->text, id, id_length);
    loom_text_put(&export->text, loom_poll_active(poll) ? ",active," : ",inactive,",
        loom_poll_active(poll) ? 8 : 10);
    put_instant(export, loom_poll_instant(poll));
    loom_text_put_char(&export->text, '\n');
  }
  return true;
}

/* A week without openings is one closed Monday. */
static void put_hours(loom_export *export) {
  bool closed = sqlite3_column_type(export->rows, 2) == SQLITE_NULL;
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  if (closed) {
    loom_text_put(&export->text, "0,closed,", 9);
  } else {
    put_column(export, 2);
    loom_text_put_char(&export->text, ',');
    put_time(export, 3);
    loom_text_put_char(&export->text, ',');
    put_time(export, 4);
  }
  loom_text_put_char(&export->text, ',');
  const char *from = (const char *)sqlite3_column_text(export->rows, 1);
  if (from && strcmp(from, "0001-01-01") != 0)
    put_column(export, 1);
}

static void put_special_day(loom_export *export) {
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  put_column(export, 1);
  loom_text_put_char(&export->text, ',');
  put_time(export, 2);
  loom_text_put_char(&export->text, ',');
  put_time(export, 3);
  loom_text_put_char(&export->text, ',');
  put_column(export, 4);
}

static void put_exclusion(loom_export *export) {
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  put_instant(export, sqlite3_column_int64(export->rows, 1));
  loom_text_put_char(&export->text, ',');
  put_instant(export, sqlite3_column_int64(export->rows, 2));
  loom_text_put_char(&export->text, ',');
  put_column(export, 3);
}

/* False when memory is out. */
static bool put_row(loom_export *export) {
  if (export->kind == LOOM_POLLS)
    return put_polls(export);
  if (!loom_text_reserve(&export->text, row_size(export)))
    return false;
  switch (export->kind) {
  case LOOM_HOURS:
    put_hours(export);
    break;
  case LOOM_SPECIAL_DAYS:
    put_special_day(export);
    break;
  case LOOM_EXCLUSIONS:
    put_exclusion(export);
    break;
  default:
    put_column(export, 0);
    loom_text_put_char(&export->text, ',');
    put_column(export, 1);
  }
  loom_text_put_char(&export->text, '\n');
  return true;
}

loom_status loom_export_new(loom_database *database, enum loom_kind kind, loom_export **out,
                            loom_error *error) {
  *out = NULL;
  loom_export *export = calloc(1, sizeof *export);
  if (!export)
    return no_memory(error);
  export->database = loom_database_retain(database);
  export->kind = kind;
  loom_status status = loom_database_begin_read(database, error);
  export->in_transaction = status == LOOM_OK;
  if (status == LOOM_OK)
    status = loom_database_prepare(database, sql[kind], &export->rows, error);
  if (status == LOOM_OK)
    *out = export;
  else
    loom_export_free(export);
  return status;
}

void loom_export_free(loom_export *export) {
  if (!export)
    return;
  sqlite3_finalize(export->rows);
  if (export->in_transaction)
    loom_database_end_read(export->database);
  loom_database_close(export->database);
  loom_polls_free(&export->polls);
  loom_text_free(&export->text);
  free(export);
}

loom_status loom_export_next(loom_export *export, const char **text, size_t *length,
                             loom_error *error) {
  const char *header = loom_kind_header(export->kind);
  int step;
  export->text.length = 0;
  if (!export->header_given) {
    if (!loom_text_reserve(&export->text, strlen(header) + 1))
      return no_memory(error);
    loom_text_put(&export->text, header, strlen(header));
    loom_text_put_char(&export->text, '\n');
    export->header_given = true;
  }
  /* Stepping a statement again after its end would start it anew. */
  while (!export->ended && export->text.length < STRETCH) {
    step = sqlite3_step(export->rows);
    export->ended = step == SQLITE_DONE;
    if (step == SQLITE_ROW && !put_row(export))
      return no_memory(error);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
      return loom_database_failure(export->database, error);
  }
  *text = export->text.bytes;
  *length = export->text.length;
  return export->text.length ? LOOM_OK : LOOM_DONE;
}
