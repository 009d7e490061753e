/*
** Export to CSV (RFC 4180, lines that end in LF). Hours, zones and special days have two layers, what files brought and
** what was set by hand; where the latter has anything, both are written, with a column that tells them apart.
*/
#include "sqlite/export.h"
#include "base/csv_text.h"
#include "base/text.h"
#include "measure/week.h"
#include "measure/week_text.h"
#include "sqlite/head.h"
#include "sqlite/remote.h"
#include "sqlite/statement.h"
#include "sqlite/stored_exclusion.h"
#include "sqlite/stored_hours.h"
#include "sqlite/stored_polls.h"
#include "time/civil.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH (256 * 1024) /* about how much text one call gives */

struct loom_export {
  struct loom_holder holder; /* first, so that what it is part of is found */
  loom_database *database;
  enum loom_kind kind;
  sqlite3_stmt *rows;
  struct loom_remote_polls *remote; /* instead of rows, where polls are elsewhere */
  struct loom_polls polls;
  struct loom_hours_list week;
  struct loom_text text;
  bool header_given, ended, in_transaction, has_let_go;
  bool layered;             /* has the column `origin`, or those of rules */
  size_t attributes, cells; /* how many there are; how many of a store's have been written */
};

/*
** Stores are in order of id, polls by day before; `*` stands for every store and comes first. Nothing depends on how
** stores are numbered, so that a copy's export is the same.
*/
static const char *const sql[LOOM_KIND_COUNT] = {
    [LOOM_POLLS] =
        "SELECT store_id, polls, day FROM poll_block JOIN store ON number = store"
        " ORDER BY day, store_id",
    [LOOM_HOURS] = "SELECT store_id, " LOOM_STORED_WEEK_COLUMNS
                   " FROM store CROSS JOIN hours_week WHERE store = number"
                   " ORDER BY store_id, origin, effective_from",
    [LOOM_TIMEZONES] =
        "SELECT store_id, timezone, timezone_override FROM store"
        " WHERE timezone IS NOT NULL OR timezone_override IS NOT NULL"
        " ORDER BY store_id",
    [LOOM_SPECIAL_DAYS] =
        "SELECT ifnull(store_id, '*'), date, open_s, close_s, note, origin = 'override'"
        " FROM special_day LEFT JOIN store ON number = store"
        " ORDER BY store_id, date, origin, open_s, close_s",
    [LOOM_EXCLUSIONS] = "SELECT ifnull(store_id, '*'), reason, " LOOM_STORED_EXCLUSION_COLUMNS
                        " FROM exclusion LEFT JOIN store ON store.number = store"
                        " ORDER BY store_id, from_us, to_us, reason, zone, openings",
    /* A row to each cell. */
    [LOOM_ATTRIBUTES] =
        "SELECT store_id, value FROM store"
        " CROSS JOIN (SELECT DISTINCT name FROM attribute) n"
        " LEFT JOIN attribute a ON a.store = store.number AND a.name = n.name"
        " WHERE EXISTS(SELECT 1 FROM attribute WHERE store = number)"
        " ORDER BY store_id, n.name",
};

/* Whether anything was set by hand, and of exclusions, whether any is a rule; NULL: the kind has no more columns then. */
static const char *const layered_sql[LOOM_KIND_COUNT] = {
    [LOOM_EXCLUSIONS] = "SELECT EXISTS(SELECT 1 FROM exclusion WHERE zone IS NOT NULL)",
    [LOOM_HOURS] = "SELECT EXISTS(SELECT 1 FROM hours_week WHERE origin = 'override')",
    [LOOM_TIMEZONES] = "SELECT EXISTS(SELECT 1 FROM store WHERE timezone_override IS NOT NULL)",
    [LOOM_SPECIAL_DAYS] = "SELECT EXISTS(SELECT 1 FROM special_day WHERE origin = 'override')",
};

static void put_column(loom_export *export, int column) {
  size_t length;
  const char *text = loom_column_bytes(export->rows, column, &length);
  if (text)
    loom_csv_put_field(&export->text, text, length);
}

static void put_seconds(loom_export *export, int32_t seconds) {
  char text[LOOM_TIME_SIZE];
  loom_text_put(&export->text, text, loom_format_time_of_day(seconds, text));
}

static loom_status put_time(loom_export *export, int column, loom_error *error) {
  int32_t seconds;
  if (sqlite3_column_type(export->rows, column) == SQLITE_NULL)
    return LOOM_OK;
  if (!loom_stored_time_read(export->rows, column, &seconds))
    return loom_database_corrupt(export->database, error, "a special day cannot be read");
  put_seconds(export, seconds);
  return LOOM_OK;
}

static void put_instant(loom_export *export, int64_t instant) {
  char text[LOOM_TIMESTAMP_SIZE];
  loom_text_put(&export->text, text, loom_format_timestamp(instant, text));
}

/* Bytes that the rows of one step may need: its columns, quoted and doubled, and fixed text. Two zones have the id twice. */
static size_t row_size(const loom_export *export) {
  size_t size = 256 + 2 * (size_t)sqlite3_column_bytes(export->rows, 0);
  for (int i = 0; i < sqlite3_column_count(export->rows); i++)
    size += 2 * (size_t)sqlite3_column_bytes(export->rows, i);
  return size;
}

static loom_status put_polls_of(loom_export *export, const char *id, size_t id_length,
                                const struct loom_polls *polls, loom_error *error) {
  if (!loom_text_reserve(&export->text, polls->count * (2 * id_length + 64)))
    return loom_no_memory(error);
  for (size_t i = 0; i < polls->count; i++) {
    loom_poll poll = polls->items[i];
    loom_csv_put_field(&export->text, id, id_length);
    loom_text_put(&export->text, loom_poll_active(poll) ? ",active," : ",inactive,",
                  loom_poll_active(poll) ? 8 : 10);
    put_instant(export, loom_poll_instant(poll));
    loom_text_put_char(&export->text, '\n');
  }
  return LOOM_OK;
}

static loom_status put_polls(loom_export *export, loom_error *error) {
  sqlite3_stmt *row = export->rows;
  int32_t day;
  size_t id_length;
  const char *id = loom_column_bytes(row, 0, &id_length);
  export->polls.count = 0;
  loom_status status = loom_stored_day(export->database, row, 2, &day, error);
  if (status == LOOM_OK)
    status = loom_stored_polls_add(export->database, row, 1, day, &export->polls, error);
  return status == LOOM_OK ? put_polls_of(export, id, id_length, &export->polls, error) : status;
}

static loom_status put_remote(loom_export *export, loom_error *error) {
  const char *id;
  size_t length;
  const struct loom_polls *polls;
  loom_status status = export->remote->next(export->remote, &id, &length, &polls, error);
  export->ended = status == LOOM_DONE;
  if (status != LOOM_OK)
    return export->ended ? LOOM_OK : status;
  return put_polls_of(export, id, length, polls, error);
}

static void put_text(loom_export *export, const char *text) {
  loom_text_put(&export->text, text, strlen(text));
}

/* The last column, of a kind that has layers. */
static void put_origin(loom_export *export, bool override) {
  if (export->layered)
    put_text(export, override ? ",override" : ",file");
}

/* A row of hours. A week without openings is one Monday that is closed, or reverts. */
static void put_opening(loom_export *export, const struct loom_hours *hours) {
  char date[LOOM_DATE_SIZE];
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  loom_text_put_char(&export->text, (char)('0' + hours->weekday));
  loom_text_put_char(&export->text, ',');
  if (hours->open < 0) {
    put_text(export, hours->open == LOOM_CLOSED ? "closed," : "reverts,");
  } else {
    put_seconds(export, hours->open);
    loom_text_put_char(&export->text, ',');
    put_seconds(export, hours->close);
  }
  loom_text_put_char(&export->text, ',');
  if (hours->from != LOOM_ALWAYS)
    loom_text_put(&export->text, date, loom_format_date(hours->from, date));
  put_origin(export, loom_stored_week_override(export->rows, 1));
  loom_text_put_char(&export->text, '\n');
}

/* A week, a row to each opening. */
static loom_status put_week(loom_export *export, loom_error *error) {
  export->week.count = 0;
  loom_status status = loom_stored_week_read(export->rows, 1, &export->week);
  if (status == LOOM_ECORRUPT)
    return loom_database_corrupt(export->database, error, "hours cannot be read");
  size_t row = 2 * (size_t)sqlite3_column_bytes(export->rows, 0) + 64;
  if (status != LOOM_OK || !loom_text_reserve(&export->text, export->week.count * row))
    return loom_no_memory(error);
  for (size_t i = 0; i < export->week.count; i++)
    put_opening(export, &export->week.items[i]);
  return LOOM_OK;
}

/* A store's zone in either layer: a row to each. */
static void put_timezones(loom_export *export) {
  bool has_both = true;
  for (int column = 1; column <= 2; column++) {
    if (sqlite3_column_type(export->rows, column) == SQLITE_NULL) {
      has_both = false;
      continue;
    }
    if (column == 2 && has_both)
      loom_text_put_char(&export->text, '\n');
    put_column(export, 0);
    loom_text_put_char(&export->text, ',');
    put_column(export, column);
    put_origin(export, column == 2);
  }
}

/* One attribute of one store; its first one begins the row, and its last one ends it. */
static void put_attribute(loom_export *export) {
  if (export->cells == 0)
    put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  put_column(export, 1);
  if (++export->cells == export->attributes) {
    loom_text_put_char(&export->text, '\n');
    export->cells = 0;
  }
}

static loom_status put_special_day(loom_export *export, loom_error *error) {
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  put_column(export, 1);
  loom_text_put_char(&export->text, ',');
  loom_status status = put_time(export, 2, error);
  loom_text_put_char(&export->text, ',');
  if (status == LOOM_OK)
    status = put_time(export, 3, error);
  loom_text_put_char(&export->text, ',');
  put_column(export, 4);
  put_origin(export, sqlite3_column_int(export->rows, 5));
  return status;
}

/* A bound of a rule: a date of a weekly one, or none where it always holds. */
static void put_local(loom_export *export, int64_t shown, bool weekly) {
  char text[LOOM_TIMESTAMP_SIZE];
  if (weekly && (shown == LOOM_INSTANT_MIN || shown == LOOM_INSTANT_MAX))
    return;
  size_t length = loom_format_timestamp(shown, text) - strlen(" UTC");
  loom_text_put(&export->text, text, weekly ? strlen("YYYY-MM-DD") : length);
}

/* The columns that rules have. */
static void put_rule(loom_export *export, const struct loom_stored_exclusion *exclusion) {
  struct loom_hours openings[LOOM_RULE_OPENINGS_MAX] = {{0}};
  char week[LOOM_WEEK_TEXT_SIZE(LOOM_RULE_OPENINGS_MAX)];
  struct loom_text text = {week, 0, sizeof week};
  size_t count = exclusion->week_size / LOOM_OPENING_SIZE;
  for (size_t i = 0; i < count; i++)
    loom_opening_unpack(exclusion->week + i * LOOM_OPENING_SIZE, &openings[i]);
  loom_text_put_char(&export->text, ',');
  loom_week_put(&text, openings, count);
  if (count > 0)
    loom_csv_put_field(&export->text, text.bytes, text.length);
  loom_text_put_char(&export->text, ',');
  if (exclusion->zone)
    loom_csv_put_field(&export->text, exclusion->zone, exclusion->zone_length);
  loom_text_put_char(&export->text, ',');
  if (exclusion->zone)
    put_local(export, exclusion->from, count > 0);
  loom_text_put_char(&export->text, ',');
  if (exclusion->zone)
    put_local(export, exclusion->to, count > 0);
}

static loom_status put_exclusion(loom_export *export, loom_error *error) {
  struct loom_stored_exclusion exclusion;
  loom_status status =
      loom_stored_exclusion_read(export->database, export->rows, 2, &exclusion, error);
  if (status != LOOM_OK)
    return status;
  if (!loom_text_reserve(&export->text,
                         row_size(export) + LOOM_WEEK_TEXT_SIZE(LOOM_RULE_OPENINGS_MAX)))
    return loom_no_memory(error);
  put_column(export, 0);
  loom_text_put_char(&export->text, ',');
  if (!exclusion.zone)
    put_instant(export, exclusion.from);
  loom_text_put_char(&export->text, ',');
  if (!exclusion.zone)
    put_instant(export, exclusion.to);
  loom_text_put_char(&export->text, ',');
  put_column(export, 1);
  if (export->layered)
    put_rule(export, &exclusion);
  return LOOM_OK;
}

static loom_status put_row(loom_export *export, loom_error *error) {
  loom_status status = LOOM_OK;
  if (export->kind == LOOM_POLLS)
    return put_polls(export, error);
  if (export->kind == LOOM_HOURS)
    return put_week(export, error);
  if (!loom_text_reserve(&export->text, row_size(export)))
    return loom_no_memory(error);
  switch (export->kind) {
  case LOOM_TIMEZONES:
    put_timezones(export);
    break;
  case LOOM_SPECIAL_DAYS:
    status = put_special_day(export, error);
    break;
  case LOOM_EXCLUSIONS:
    status = put_exclusion(export, error);
    break;
  default: /* ends its row for itself */
    put_attribute(export);
    return LOOM_OK;
  }
  loom_text_put_char(&export->text, '\n');
  return status;
}

/* Puts `,NAME` for each attribute that any store has. */
static loom_status put_attribute_names(loom_export *export, loom_error *error) {
  sqlite3_stmt *names = NULL;
  int step = SQLITE_DONE;
  loom_status status = loom_database_prepare(
      export->database, "SELECT DISTINCT name FROM attribute ORDER BY name", &names, error);
  while (status == LOOM_OK && (step = sqlite3_step(names)) == SQLITE_ROW) {
    size_t length;
    const char *name = loom_column_bytes(names, 0, &length);
    if (!loom_text_reserve(&export->text, 2 * length + 4)) {
      status = loom_no_memory(error);
      break;
    }
    loom_text_put_char(&export->text, ',');
    loom_csv_put_field(&export->text, name, length);
    export->attributes++;
  }
  if (status == LOOM_OK && step != SQLITE_DONE)
    status = loom_database_failure(export->database, error);
  sqlite3_finalize(names);
  return status;
}

static loom_status put_header(loom_export *export, loom_error *error) {
  const char *header = loom_kind_header(export->kind);
  if (!loom_text_reserve(&export->text, strlen(header)))
    return loom_no_memory(error);
  loom_text_put(&export->text, header, strlen(header));
  if (export->kind == LOOM_ATTRIBUTES) {
    loom_status status = put_attribute_names(export, error);
    if (status != LOOM_OK)
      return status;
  }
  if (!loom_text_reserve(&export->text, 64))
    return loom_no_memory(error);
  if (export->layered)
    put_text(export,
             export->kind == LOOM_EXCLUSIONS ? ",weekly,zone,from_local,to_local" : ",origin");
  loom_text_put_char(&export->text, '\n');
  return LOOM_OK;
}

static void let_go(struct loom_holder *holder) {
  loom_export *export = (loom_export *)holder;
  loom_holder_end(holder);
  sqlite3_finalize(export->rows);
  export->rows = NULL;
  if (export->remote)
    export->remote->free(export->remote);
  export->remote = NULL;
  if (export->in_transaction)
    loom_database_end_read(export->database);
  export->in_transaction = false;
  export->has_let_go = true;
}

loom_status loom_export_new(loom_database *database, enum loom_kind kind, loom_export **out,
                            loom_error *error) {
  *out = NULL;
  loom_export *export = calloc(1, sizeof *export);
  if (!export)
    return loom_no_memory(error);
  export->database = loom_database_retain(database);
  export->kind = kind;
  int64_t layered = 0;
  loom_status status = loom_database_begin_read(database, error);
  export->in_transaction = status == LOOM_OK;
  loom_remote *remote = kind == LOOM_POLLS ? loom_database_remote(database) : NULL;
  if (status == LOOM_OK && remote)
    status = remote->type->open_polls(remote, database, &export->remote, error);
  else if (status == LOOM_OK && kind == LOOM_POLLS)
    status = loom_head_refuse(database, error);
  if (status == LOOM_OK && !remote)
    status = loom_database_prepare(database, sql[kind], &export->rows, error);
  if (status == LOOM_OK && layered_sql[kind])
    status = loom_database_number(database, layered_sql[kind], &layered, error);
  export->layered = layered;
  if (status == LOOM_OK) {
    loom_database_hold(database, &export->holder, let_go);
    *out = export;
  } else {
    loom_export_free(export);
  }
  return status;
}

void loom_export_free(loom_export *export) {
  if (!export)
    return;
  let_go(&export->holder);
  loom_database_close(export->database);
  loom_polls_free(&export->polls);
  loom_hours_list_free(&export->week);
  loom_text_free(&export->text);
  free(export);
}

loom_status loom_export_next(loom_export *export, const char **text, size_t *length,
                             loom_error *error) {
  loom_status status = LOOM_OK;
  export->text.length = 0;
  if (export->has_let_go)
    return loom_holder_failure(export->database, error);
  if (!export->header_given)
    status = put_header(export, error);
  export->header_given = true;
  /* Stepping a statement again after its end would start it anew. */
  while (status == LOOM_OK && !export->ended && export->text.length < STRETCH) {
    if (export->remote) {
      status = put_remote(export, error);
      continue;
    }
    int step = sqlite3_step(export->rows);
    export->ended = step == SQLITE_DONE;
    if (step == SQLITE_ROW)
      status = put_row(export, error);
    else if (step != SQLITE_DONE)
      status = loom_database_failure(export->database, error);
  }
  *text = export->text.bytes;
  *length = export->text.length;
  if (status != LOOM_OK)
    return status;
  return export->text.length ? LOOM_OK : LOOM_DONE;
}
