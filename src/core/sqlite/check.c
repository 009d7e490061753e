/*
** The integrity check.
*/
#include "sqlite/check.h"
#include "measure/poll_block.h"
#include "measure/week.h"
#include "read/kind.h"
#include "sqlite/connection.h"
#include "sqlite/head.h"
#include "sqlite/stored_exclusion.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>

/* After this many problems the rest adds nothing. */
#define PROBLEMS_MAX 100

struct check {
  loom_database *database;
  loom_check_fn *report;
  void *context;
  int problems;
  loom_error failure; /* of the check itself, if its code is not LOOM_OK */
};

static void problem(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void problem(struct check *check, const char *format, ...) {
  char text[LOOM_MESSAGE_SIZE];
  va_list arguments;
  if (check->problems++ >= PROBLEMS_MAX)
    return;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  loom_make_printable(text);
  check->report(check->context, text);
}

/* Calls `judge` for each row of a query. */
static loom_status each_row(struct check *check, const char *sql,
                            void (*judge)(struct check *check, sqlite3_stmt *row),
                            loom_error *error) {
  sqlite3_stmt *rows = NULL;
  int step = SQLITE_DONE;
  loom_status status = loom_database_prepare(check->database, sql, &rows, error);
  if (status == LOOM_OK) {
    while (check->failure.code == LOOM_OK && (step = sqlite3_step(rows)) == SQLITE_ROW)
      judge(check, rows);
    if (check->failure.code != LOOM_OK) {
      *error = check->failure;
      status = error->code;
    } else if (step != SQLITE_DONE) {
      status = loom_database_failure(check->database, error);
    }
  }
  sqlite3_finalize(rows);
  return status;
}

static const char *text(struct check *check, sqlite3_stmt *row, int column) {
  bool is_null = sqlite3_column_type(row, column) == SQLITE_NULL;
  const char *bytes = (const char *)sqlite3_column_text(row, column);
  if (!bytes && !is_null)
    loom_no_memory(&check->failure);
  return bytes ? bytes : "";
}

static void judge_integrity(struct check *check, sqlite3_stmt *row) {
  if (strcmp(text(check, row, 0), "ok") != 0)
    problem(check, "SQLite: %s", text(check, row, 0));
}

static void judge_foreign_key(struct check *check, sqlite3_stmt *row) {
  problem(check, "table %s: a row refers to a %s that is not there", text(check, row, 0),
          text(check, row, 2));
}

static void judge_block(struct check *check, sqlite3_stmt *row) {
  int64_t day = sqlite3_column_int64(row, 0), store = sqlite3_column_int64(row, 1);
  const void *block = sqlite3_column_blob(row, 2);
  const char *wrong =
      day < LOOM_DATE_MIN || day > LOOM_DATE_MAX
          ? "has an impossible day"
          : loom_poll_block_problem(block, (size_t)sqlite3_column_bytes(row, 2), day);
  if (wrong)
    problem(check, "polls of store number %lld on day %lld: the block %s", (long long)store,
            (long long)day, wrong);
}

static void judge_week(struct check *check, sqlite3_stmt *row) {
  char id[LOOM_QUOTED_SIZE], date[LOOM_QUOTED_SIZE];
  const unsigned char *week = sqlite3_column_blob(row, 2);
  size_t size = (size_t)sqlite3_column_bytes(row, 2);
  const char *wrong = sqlite3_column_int(row, 3) && size > 0
                          ? "has openings, though those of the file are in force again"
                          : loom_week_problem(week, size);
  if (!wrong)
    return;
  loom_quote(id, text(check, row, 0), (size_t)sqlite3_column_bytes(row, 0));
  loom_quote(date, text(check, row, 1), (size_t)sqlite3_column_bytes(row, 1));
  problem(check, "hours of store %s: the week from %s %s", id, date, wrong);
}

static void judge_reach(struct check *check, sqlite3_stmt *row) {
  char id[LOOM_QUOTED_SIZE];
  loom_quote(id, text(check, row, 0), (size_t)sqlite3_column_bytes(row, 0));
  problem(check, "store %s: its first or newest poll is not what its blocks hold", id);
}

static void judge_overall(struct check *check, sqlite3_stmt *row) {
  (void)row;
  problem(check, "the newest poll of all is not the newest of the stores'");
}

/* From there on LuaJIT would count no further, and at the end of 64 bits nobody. */
#define REVISION_MAX "9007199254740991" /* 2^53 - 1 */

static void judge_revision(struct check *check, sqlite3_stmt *row) {
  problem(check, "the revision %lld is not one of 0 to " REVISION_MAX,
          (long long)sqlite3_column_int64(row, 0));
}

static bool is_instant(sqlite3_stmt *row, int column) {
  int64_t value = sqlite3_column_int64(row, column);
  return sqlite3_column_type(row, column) == SQLITE_INTEGER && value >= LOOM_INSTANT_MIN &&
         value <= LOOM_INSTANT_MAX;
}

static void judge_exclusion(struct check *check, sqlite3_stmt *row) {
  struct loom_stored_exclusion exclusion;
  long long number = sqlite3_column_int64(row, 0);
  if (!is_instant(row, 1) || !is_instant(row, 2)) {
    problem(check, "exclusion %lld: its start or end is no instant of the years 1 to 9999", number);
    return;
  }
  loom_stored_exclusion_get(row, 1, &exclusion);
  const char *wrong = loom_stored_exclusion_problem(&exclusion);
  if (wrong)
    problem(check, "exclusion %lld: it %s", number, wrong);
}

/* A zone, who has it, and how many have. */
static void judge_zone_of(struct check *check, sqlite3_stmt *row, const char *who,
                          const char *name) {
  const loom_zone *zone;
  loom_error error;
  char shown[LOOM_QUOTED_SIZE];
  size_t length = (size_t)sqlite3_column_bytes(row, 0);
  loom_status status =
      loom_zones_get(check->database->zones, text(check, row, 0), length, &zone, &error);
  if (status == LOOM_EINPUT || status == LOOM_ECORRUPT)
    problem(check, "timezone %s %.200s%s: %s %s (%lld in all)",
            loom_quote(shown, text(check, row, 0), length), error.message,
            status == LOOM_EINPUT ? " " LOOM_ZONE_GONE : "", who, name,
            (long long)sqlite3_column_int64(row, 2));
  else if (status != LOOM_OK) /* the machine's fault, not the database's */
    check->failure = error;
}

static void judge_zone(struct check *check, sqlite3_stmt *row) {
  char id[LOOM_QUOTED_SIZE];
  loom_quote(id, text(check, row, 1), (size_t)sqlite3_column_bytes(row, 1));
  judge_zone_of(check, row, "store", id);
}

static void judge_rule_zone(struct check *check, sqlite3_stmt *row) {
  char number[24];
  snprintf(number, sizeof number, "%lld", (long long)sqlite3_column_int64(row, 1));
  judge_zone_of(check, row, "exclusion", number);
}

static void judge_date(struct check *check, sqlite3_stmt *row) {
  int32_t date;
  char shown[LOOM_QUOTED_SIZE];
  size_t length = (size_t)sqlite3_column_bytes(row, 1);
  const char *bytes = text(check, row, 1);
  if (loom_parse_date(bytes, length, &date))
    problem(check, "table %s: %s is not a date", text(check, row, 0),
            loom_quote(shown, bytes, length));
}

/* Texts that no file could bring cannot be exported, either: not so that they could be ingested. */
static void judge_store_id(struct check *check, sqlite3_stmt *row) {
  char shown[LOOM_QUOTED_SIZE];
  const char *id = text(check, row, 0);
  size_t length = (size_t)sqlite3_column_bytes(row, 0);
  if (!loom_store_id_is_good(id, length))
    problem(
        check,
        "store %s: its id is not one of 1 to %d bytes without a NUL and without blanks at its ends",
        loom_quote(shown, id, length), LOOM_ID_MAX);
}

static void judge_note(struct check *check, sqlite3_stmt *row) {
  size_t length = (size_t)sqlite3_column_bytes(row, 1);
  if (!loom_note_is_good(text(check, row, 1), length))
    problem(check, "table %s: a text is longer than %d bytes, or has a NUL byte",
            text(check, row, 0), LOOM_NOTE_MAX);
}

/* Who has an attribute with an empty value does not have it. */
static void judge_attribute(struct check *check, sqlite3_stmt *row) {
  char shown[LOOM_QUOTED_SIZE], id[LOOM_QUOTED_SIZE];
  const char *name = text(check, row, 1), *value = text(check, row, 2);
  size_t length = (size_t)sqlite3_column_bytes(row, 1),
         value_length = (size_t)sqlite3_column_bytes(row, 2);
  loom_quote(shown, name, length);
  loom_quote(id, text(check, row, 0), (size_t)sqlite3_column_bytes(row, 0));
  if (!loom_attribute_name_is_good(name, length))
    problem(check,
            "attribute %s of store %s: its name is not one of 1 to %d bytes that a file's header "
            "could have",
            shown, id, LOOM_ATTRIBUTE_NAME_MAX);
  if (value_length == 0 || !loom_note_is_good(value, value_length))
    problem(check,
            "attribute %s of store %s: its value is empty, longer than %d bytes, or has a NUL byte",
            shown, id, LOOM_NOTE_MAX);
}

static void judge_attribute_names(struct check *check, sqlite3_stmt *row) {
  long long count = sqlite3_column_int64(row, 0);
  if (count > LOOM_ATTRIBUTE_NAMES_MAX)
    problem(check,
            "attributes: they have %lld names in all stores, more than the %d that a file can have",
            count, LOOM_ATTRIBUTE_NAMES_MAX);
}

static void judge_attributes_size(struct check *check, sqlite3_stmt *row) {
  char id[LOOM_QUOTED_SIZE];
  loom_quote(id, text(check, row, 0), (size_t)sqlite3_column_bytes(row, 0));
  problem(
      check,
      "attributes of store %s: their values have %lld bytes, more than the %d that a file can have",
      id, (long long)sqlite3_column_int64(row, 1), LOOM_ATTRIBUTES_SIZE_MAX);
}

/* An entry that cannot be told, or by which it would not be known which ones are too many. */
static void judge_audit(struct check *check, sqlite3_stmt *row) {
  const char *wrong = !is_instant(row, 1)           ? "its instant is none of the years 1 to 9999"
                      : !sqlite3_column_int(row, 2) ? "what was, or what is, is no JSON"
                                                    : NULL;
  if (wrong)
    problem(check, "entry %lld of the audit: %s", (long long)sqlite3_column_int64(row, 0), wrong);
}

static void judge_audit_order(struct check *check, sqlite3_stmt *row) {
  problem(check, "entry %lld of the audit: it counts less than the one before it",
          (long long)sqlite3_column_int64(row, 0));
}

/* What an agent would begin anew, as if it had never been judged. */
static void judge_alert_state(struct check *check, sqlite3_stmt *row) {
  char id[LOOM_QUOTED_SIZE];
  loom_quote(id, text(check, row, 1), (size_t)sqlite3_column_bytes(row, 1));
  problem(check, "the state of rule %lld for %s is damaged",
          (long long)sqlite3_column_int64(row, 0), id);
}

static void judge_alert(struct check *check, sqlite3_stmt *row) {
  problem(check, "alert %s is open, and its rule has no state for it", text(check, row, 0));
}

static void judge_alert_event(struct check *check, sqlite3_stmt *row) {
  problem(check, "event %s of an alert is no JSON", text(check, row, 0));
}

static void judge_round(struct check *check, sqlite3_stmt *row) {
  problem(check, "the stores of round %lld of alerts are no JSON",
          (long long)sqlite3_column_int64(row, 0));
}

/* A state has 144 bytes, the first of which is the version 1: alert/machine.h. */
#define DAMAGED_STATES_SQL                                                                         \
  "SELECT rule, subject FROM alert_state WHERE length(state) <> 144 OR substr(state, 1, 1) <> "    \
  "x'01' ORDER BY rule, subject"
#define ALERTS_WITHOUT_STATE_SQL                                                                   \
  "SELECT id FROM alert a WHERE ended IS NULL AND rule_number > 0 AND NOT EXISTS(SELECT 1 FROM"    \
  " alert_state WHERE rule = rule_number AND subject = a.subject) ORDER BY number"

/* First and newest poll as the blocks tell: the first and last 8 bytes of each block, summed up by day. */
static const char reach_sql[] =
    "WITH seen(store, low, high) AS (SELECT store, min(day), max(day) FROM poll_block GROUP BY "
    "store),"
    " bounds(store, first, newest, active) AS (SELECT s.store,"
    "  loom_poll_at(a.polls, 0), loom_poll_at(b.polls, 1), loom_newest_active(b.polls) FROM seen s"
    "  JOIN poll_block a ON a.day = s.low AND a.store = s.store"
    "  JOIN poll_block b ON b.day = s.high AND b.store = s.store)"
    " SELECT store_id FROM store LEFT JOIN bounds ON bounds.store = store.number"
    " WHERE first_poll IS NOT first OR newest_poll IS NOT newest OR newest_active IS NOT active";

#define HAS_TABLE_SQL(name) "SELECT count(*) FROM main.sqlite_schema WHERE name = '" name "'"

/* A file has tables of alerts once something was written to them. */
static loom_status check_alerts(struct check *check, loom_error *error) {
  static const struct {
    const char *has_table, *sql;
    void (*judge)(struct check *check, sqlite3_stmt *row);
  } questions[] = {
      {HAS_TABLE_SQL("alert_state"), DAMAGED_STATES_SQL, judge_alert_state},
      {HAS_TABLE_SQL("alert_state"), ALERTS_WITHOUT_STATE_SQL, judge_alert},
      {HAS_TABLE_SQL("alert_event"),
       "SELECT id FROM alert_event WHERE NOT json_valid(event) ORDER BY number", judge_alert_event},
      {HAS_TABLE_SQL("alert_round"),
       "SELECT number FROM alert_round WHERE stores IS NOT NULL AND NOT json_valid(stores)"
       " ORDER BY number",
       judge_round},
  };
  loom_status status = LOOM_OK;
  for (size_t i = 0; status == LOOM_OK && i < sizeof questions / sizeof *questions; i++) {
    int64_t tables = 0;
    status = loom_database_number(check->database, questions[i].has_table, &tables, error);
    if (status == LOOM_OK && tables)
      status = each_row(check, questions[i].sql, questions[i].judge, error);
  }
  return status;
}

loom_status loom_check_run(loom_database *database, loom_check_fn *report, void *context,
                           loom_error *error) {
  struct check check = {.database = database, .report = report, .context = context};
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  const struct {
    const char *sql;
    void (*judge)(struct check *check, sqlite3_stmt *row);
  } questions[] = {
      {"PRAGMA integrity_check", judge_integrity},
      {"PRAGMA foreign_key_check", judge_foreign_key},
      {"SELECT day, store, polls FROM poll_block", judge_block},
      {"SELECT ifnull(store_id, ''), effective_from, openings, reverts FROM hours_week"
       " LEFT JOIN store ON number = store",
       judge_week},
      {reach_sql, judge_reach},
      {"SELECT 1 WHERE (SELECT count(*) FROM overall) <> 1"
       " OR (SELECT newest_poll FROM overall) IS NOT (SELECT max(newest_poll) FROM store)",
       judge_overall},
      {"SELECT revision FROM overall WHERE revision NOT BETWEEN 0 AND " REVISION_MAX,
       judge_revision},
      {"SELECT number, " LOOM_STORED_EXCLUSION_COLUMNS " FROM exclusion", judge_exclusion},
      {"SELECT zone, min(number), count(*) FROM exclusion"
       " WHERE zone NOT IN ('', '" LOOM_STORE_ZONE "') GROUP BY zone ORDER BY zone",
       judge_rule_zone},
      {"SELECT zone, min(store_id), count(DISTINCT store_id) FROM"
       " (SELECT timezone AS zone, store_id FROM store WHERE timezone IS NOT NULL"
       " UNION ALL SELECT timezone_override, store_id FROM store WHERE timezone_override IS NOT "
       "NULL)"
       " GROUP BY zone ORDER BY zone",
       judge_zone},
      {"SELECT 'hours_week', effective_from FROM hours_week"
       " UNION SELECT 'special_day', date FROM special_day",
       judge_date},
      {"SELECT store_id FROM store", judge_store_id},
      {"SELECT 'special_day', note FROM special_day UNION ALL SELECT 'exclusion', reason FROM "
       "exclusion",
       judge_note},
      {"SELECT ifnull(store_id, ''), name, value FROM attribute LEFT JOIN store ON number = store"
       " ORDER BY store_id, name",
       judge_attribute},
      {"SELECT number, at, (before IS NULL OR json_valid(before)) AND (after IS NULL OR "
       "json_valid(after)) FROM "
       "audit",
       judge_audit},
      {"SELECT number FROM (SELECT number, changes, written, lag(changes, 1, 0) OVER numbers AS"
       " fewer, lag(written, 1, 0) OVER numbers AS less FROM audit WINDOW numbers AS (ORDER BY"
       " number)) WHERE changes < fewer OR written < less OR changes < 0 OR written < 0",
       judge_audit_order},
      {LOOM_ATTRIBUTE_NAMES_SQL, judge_attribute_names},
      {LOOM_ATTRIBUTES_SIZE_SQL, judge_attributes_size},
  };
  struct loom_head head = {0};
  status = loom_head_read(database, &head, error);
  for (size_t i = 0; status == LOOM_OK && i < sizeof questions / sizeof *questions; i++)
    if (!head.is_one || questions[i].sql != reach_sql) /* its blocks are in a cluster */
      status = each_row(&check, questions[i].sql, questions[i].judge, error);
  if (status == LOOM_OK)
    status = check_alerts(&check, error);
  loom_database_end_read(database);
  return status;
}
