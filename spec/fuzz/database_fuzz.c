/*
** Damaged databases: bytes of the file changed, or rows of any content put into its tables. Whatever is asked then gives an
** answer or an error of one line, in bounded time; and where the check finds nothing wrong, everything works, and what is
** exported can be ingested.
*/
#include "fuzz.h"

#include "reports.h"

#include "measure/week.h"
#include "sqlite/check.h"
#include "sqlite/export.h"
#include "sqlite/info.h"
#include "report/inspect.h"
#include "report/survey.h"
#include "write/prune.h"
#include "sqlite/query.h"

#include <fcntl.h>

#define EDITS_MAX 24
#define ROWS_MAX 6

static struct scratch scratch;
static struct buffer sound; /* a small database, as a file */
static char path[640];

/* ---- damage ---- */

static void edit_bytes(struct input *input, struct buffer *bytes) {
  size_t page = 16384, pages = bytes->length / page;
  for (int i = 0; i < EDITS_MAX && input->at < input->end; i++) {
    size_t at = draw_below(input, pages) * page;
    at += draw_below(input, 2) ? draw_below(input, 256) : draw_below(input, page);
    if (draw_below(input, 2))
      bytes->bytes[at] ^= (char)(1 << draw_below(input, 8));
    else
      bytes->bytes[at] = (char)draw(input, 1);
  }
}

static const struct {
  const char *table, *column;
} columns[] = {{"overall", "newest_poll"},     {"overall", "revision"},
               {"store", "store_id"},          {"store", "timezone"},
               {"store", "first_poll"},        {"store", "newest_poll"},
               {"store", "timezone_override"}, {"store", "newest_active"},
               {"store", "changed"},           {"poll_block", "day"},
               {"poll_block", "store"},        {"poll_block", "polls"},
               {"hours_week", "store"},        {"hours_week", "origin"},
               {"hours_week", "reverts"},      {"hours_week", "effective_from"},
               {"hours_week", "openings"},     {"special_day", "store"},
               {"special_day", "date"},        {"special_day", "open_s"},
               {"special_day", "close_s"},     {"special_day", "note"},
               {"special_day", "origin"},      {"exclusion", "store"},
               {"exclusion", "from_us"},       {"exclusion", "to_us"},
               {"exclusion", "reason"},        {"attribute", "store"},
               {"attribute", "name"},          {"attribute", "value"}};

static int64_t draw_number(struct input *input) {
  static const int64_t numbers[] = {0,
                                    -1,
                                    1,
                                    86400,
                                    86401,
                                    LOOM_INSTANT_MIN,
                                    INT64_MAX,
                                    INT64_MIN,
                                    LOOM_DATE_MIN,
                                    LOOM_DATE_MAX,
                                    LOOM_INSTANT_MAX,
                                    LOOM_INSTANT_MAX + 1,
                                    INT32_MAX,
                                    INT32_MIN,
                                    1674554400000000,
                                    19381};
  switch (draw_below(input, 3)) {
  case 0:
    return numbers[draw_below(input, COUNT_OF(numbers))];
  case 1:
    return (int64_t)draw(input, 1);
  default:
    return (int64_t)draw(input, 8);
  }
}

/* A packed week, in order or nearly so, whose times are within their bounds or nearly so. */
static void bind_week(struct input *input, sqlite3_stmt *statement, int index) {
  unsigned char week[7 * LOOM_OPENING_SIZE];
  size_t count = draw_below(input, 8);
  for (size_t i = 0; i < count; i++) {
    const struct loom_hours opening = {.weekday = (int32_t)(i ^ (draw_below(input, 16) == 0)),
                                       .open = (int32_t)draw_below(input, 86402),
                                       .close = (int32_t)draw_below(input, 86402)};
    loom_opening_pack(&opening, week + i * LOOM_OPENING_SIZE);
  }
  sqlite3_bind_blob(statement, index, week, (int)(count * LOOM_OPENING_SIZE), SQLITE_TRANSIENT);
}

static void bind_value(struct input *input, sqlite3_stmt *statement, int index) {
  static const char *const texts[] = {
      "",    "2023-01-24", "0001-01-01", "9999-12-31", "2023-02-30", "x",
      "UTC", "Asia/Tokyo", "file",       "override",   "*",          "America/Chicago\n"};
  uint64_t kind = draw_below(input, 7);
  size_t left = (size_t)(input->end - input->at), length = left < 40 ? left : 40;
  switch (kind) {
  case 0:
    sqlite3_bind_null(statement, index);
    break;
  case 1:
    sqlite3_bind_text(statement, index, texts[draw_below(input, COUNT_OF(texts))], -1,
                      SQLITE_STATIC);
    break;
  case 2: /* any bytes, as text or as packed polls */
    sqlite3_bind_text(statement, index, (const char *)input->at, (int)length, SQLITE_TRANSIENT);
    break;
  case 3:
    sqlite3_bind_blob(statement, index, input->at, (int)(length / 8 * 8), SQLITE_TRANSIENT);
    break;
  case 4:
    bind_week(input, statement, index);
    break;
  case 5:
    sqlite3_bind_double(statement, index, (double)draw_number(input));
    break;
  default:
    sqlite3_bind_int64(statement, index, draw_number(input));
  }
}

/* Changes a column in some of a table's rows, constraints of the schema set aside as far as SQLite can. */
static void craft_rows(struct input *input) {
  sqlite3 *sqlite;
  assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
  sqlite3_exec(
      sqlite,
      "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; PRAGMA synchronous=OFF;", NULL,
      NULL, NULL);
  for (int i = 0; i < ROWS_MAX && input->at < input->end; i++) {
    char sql[200];
    sqlite3_stmt *statement;
    size_t which = draw_below(input, COUNT_OF(columns));
    snprintf(sql, sizeof sql,
             "UPDATE OR IGNORE %s SET %s = ?1 WHERE ?2 OR %s = (SELECT max(%s) FROM %s)",
             columns[which].table, columns[which].column, columns[which].column,
             columns[which].column, columns[which].table);
    if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
      fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
    sqlite3_bind_int64(statement, 2, (int64_t)draw_below(input, 2));
    bind_value(input, statement, 1);
    sqlite3_step(statement); /* a STRICT table may refuse it */
    sqlite3_finalize(statement);
  }
  assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

static void remove_files(void) {
  static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < COUNT_OF(ends); i++) {
    char name[700];
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    unlink(name);
  }
}

/* ---- questions: each is answered, or fails with one line ---- */

static struct {
  loom_database *database;
  bool clean; /* the check found nothing: nothing may fail */
} asked;

static bool is_good(loom_status status, const loom_error *error, const char *what) {
  assert_told(status, error);
  bool good = status == LOOM_OK || status == LOOM_DONE;
  if (!good && asked.clean && status != LOOM_EEMPTY && status != LOOM_ENOENT &&
      status != LOOM_ECONFIRM)
    fail_msg("the check finds nothing, but %s fails: %s", what, error->message);
  return good;
}

static void count_problem(void *context, const char *problem) {
  assert_one_line(problem);
  ++*(int *)context;
}

static void ask_check(void) {
  loom_error error;
  int problems = 0;
  loom_status status = loom_check_run(asked.database, count_problem, &problems, &error);
  assert_told(status, &error);
  asked.clean = status == LOOM_OK && problems == 0;
}

static void ask_report(struct input *input) {
  static const char *const presets[] = {"loom", "seed", "monitoring"};
  struct loom_report_options options = default_options();
  struct buffer text = {0};
  loom_error error;
  assert_true(loom_rules_preset(presets[draw_below(input, 3)], &options.rules));
  options.selection.all_stores = draw_below(input, 2);
  options.strip_bins = draw_below(input, 2) ? 20 : 0;
  loom_source *source = loom_source_sqlite(asked.database);
  loom_report *report;
  loom_status status = start_report(&options, source, asked.database->zones, &report, &error);
  if (status == LOOM_OK)
    status = wait_for(report, &error);
  if (status == LOOM_DONE)
    put_report(&text, report);
  loom_report_free(report);
  loom_source_free(source);
  is_good(status, &error, "a report");
  buffer_free(&text);
}

static void ask_inspect(void) {
  loom_error error;
  struct loom_inspection inspection;
  struct loom_inspect_options options = {
      .id = "a", .id_length = 1, .window = {.length = LOOM_DAY}, .default_zone = "UTC"};
  assert_true(loom_rules_preset("monitoring", &options.rules));
  loom_source *source = loom_source_sqlite_shared(asked.database);
  loom_status status = loom_inspect(&options, source, asked.database->zones, &inspection, &error);
  loom_source_free(source);
  is_good(status, &error, "a look at one store");
  loom_inspection_free(&inspection);
}

static void ask_survey(void) {
  loom_error error;
  struct loom_survey survey;
  const struct loom_survey_options options = {.default_zone = "UTC", .examples = 5};
  loom_source *source = loom_source_sqlite_shared(asked.database);
  loom_status status = loom_survey_run(&options, source, asked.database->zones, &survey, &error);
  loom_source_free(source);
  is_good(status, &error, "a survey");
  loom_survey_free(&survey);
}

/* What is exported of a clean database can be ingested. */
static void ask_export(enum loom_kind kind) {
  loom_error error;
  loom_export *export;
  struct buffer text = {0};
  const char *part;
  size_t length;
  loom_status status = loom_export_new(asked.database, kind, &export, &error);
  while (status == LOOM_OK &&
         (status = loom_export_next(export, &part, &length, &error)) == LOOM_OK)
    buffer_put(&text, part, length);
  loom_export_free(export);
  if (is_good(status, &error, "an export") && asked.clean) {
    struct input_file file = small_file(kind);
    loom_staging *staging = new_staging(&file.staging);
    status = read_into(staging, &file.reading, asked.database->zones, text.bytes, text.length,
                       SIZE_MAX, &error);
    is_good(status, &error, "ingesting an export");
    loom_staging_free(staging);
  }
  buffer_free(&text);
}

static void ask_query(const char *sql) {
  loom_error error;
  loom_query *query;
  loom_status status = loom_query_new(asked.database, sql, strlen(sql), &query, &error);
  if (!is_good(status, &error, "a query"))
    return;
  for (int i = 0; i < 1000 && status == LOOM_OK; i++) /* far more than there are */
    status = loom_query_next(query, &error);
  is_good(status, &error, "a query's row");
  loom_query_free(query);
}

static void ask_info(void) {
  loom_error error;
  struct loom_info info;
  is_good(loom_info_read(asked.database, &info, &error), &error, "info");
}

static void ask_prune(struct input *input) {
  loom_error error;
  struct loom_pruning pruning;
  struct loom_prune_options options = {.keep = (int64_t)draw_below(input, 4) * LOOM_DAY,
                                       .now = instant("2023-02-01 00:00:00"),
                                       .dry_run = draw_below(input, 2),
                                       .force = draw_below(input, 2)};
  is_good(loom_prune(asked.database, &options, &pruning, &error), &error, "prune");
}

static void ask_ingest(void) {
  static const char polls[] =
      POLLS_HEADER "a,active,2023-01-24 10:30:00\nnew,inactive,2023-01-25 10:30:00\n";
  loom_error error;
  struct input_file file = small_file(LOOM_POLLS);
  loom_staging *staging = stage_bytes(asked.database->zones, &file, polls, sizeof polls - 1);
  loom_status status = loom_database_begin_write(asked.database, &error);
  if (status == LOOM_OK)
    status = apply_all(staging, asked.database, 1000, &error);
  if (status == LOOM_DONE)
    status = loom_database_commit(asked.database, &error);
  loom_database_rollback(asked.database);
  loom_staging_free(staging);
  is_good(status, &error, "ingesting polls");
}

static void ask_everything(struct input *input) {
  ask_check();
  ask_info();
  ask_report(input);
  ask_inspect();
  ask_survey();
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++)
    ask_export((enum loom_kind)kind);
  ask_query("SELECT * FROM polls");
  ask_query("SELECT count(*) FROM polls WHERE store_id = 'a' AND timestamp_utc >= '2023-01-20'");
  ask_query("SELECT * FROM store_now");
  ask_query("SELECT * FROM figures('w=7d', 'preset=monitoring', 'all_stores=true')");
  ask_query("SELECT sum(up) FROM figures('yesterday') WHERE store_id IN ('a', 'b')");
  if (draw_below(input, 2))
    ask_prune(input);
  ask_ingest();
  ask_report(input);
}

/* ---- the sound one ---- */

static void load_all(loom_database *database) {
  load(database, LOOM_POLLS,
       POLLS_HEADER
       "a,active,2023-01-22 10:00:00\na,inactive,2023-01-24 10:00:00.5\nb,active,2023-01-24 "
       "09:00:00\nb,active,2023-01-23 23:00:00\nc,inactive,2023-01-25 01:00:00\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local\na,1,09:00,17:00\na,2,18:00,02:00\nb,3,00:00,"
       "24:00\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,Asia/Kathmandu\nd,America/New_York\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\na,2023-01-24,10:00,12:00,short\n*,2023-01-25,,,\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc,reason\n*,2023-01-24 09:30:00,2023-01-24 10:00:00,\n"
       "b,2023-01-24 10:00:00,2023-01-24 11:00:00,work\n");
  load(database, LOOM_ATTRIBUTES, "store_id,region\na,north\nb,south\n");
  override_hours(database, "a", "2023-01-24", 1, 8 * 3600, 9 * 3600);
  override_timezone(database, "b", "Europe/Berlin");
  override_day(database, "a", "2023-01-23", 0, 3600, "by hand");
}

static void end_scratch(void) {
  remove_files();
  scratch_end(&scratch);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  loom_error error;
  loom_database *database;
  abort_on_failure();
  scratch_begin(&scratch);
  snprintf(path, sizeof path, "%s", scratch_path(&scratch, "fuzz.db"));
  assert_status(loom_database_open(path, LOOM_OPEN_CREATE, SHORT_TIMEOUT, &database, &error),
                LOOM_OK, &error);
  load_all(database);
  loom_database_close(database);
  read_file(path, &sound);
  assert_true(sound.length > 16384);
  atexit(end_scratch);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  loom_error error;
  struct input input = {data, data + size};
  struct buffer bytes = {0};
  bool crafted = draw_below(&input, 2);
  buffer_put(&bytes, sound.bytes, sound.length);
  if (!crafted)
    edit_bytes(&input, &bytes);
  remove_files();
  write_file(path, bytes.bytes, bytes.length);
  buffer_free(&bytes);
  if (crafted)
    craft_rows(&input);
  loom_status status =
      loom_database_open(path, LOOM_OPEN_EXISTING, SHORT_TIMEOUT, &asked.database, &error);
  assert_told(status, &error);
  if (status == LOOM_OK) {
    ask_everything(&input);
    loom_database_close(asked.database);
  }
  return 0;
}
