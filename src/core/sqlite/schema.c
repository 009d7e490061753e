/*
** The schema.
**
** Times of day are seconds since local midnight, instants are microseconds since the epoch, dates are ISO text;
** `poll_block.day` is a count of days since 1970-01-01, and its polls are packed: see poll_block.h. So are the openings
** of a week of hours: see week.h. A NULL store means every store. NULL times are a closed day.
**
** What a file brought has the origin `file`, what was set by hand `override`, and the latter prevails: hours from
** their date on, special days on their date, a timezone always. Hours that always applied are effective from
** 0001-01-01. A week of origin `override` that `reverts` has no openings of its own: from its date on, those of the
** file are in force again.
*/
#include "sqlite/schema.h"

#define WEEK_TABLE                                                                                 \
  "CREATE TABLE hours_week("                                                                       \
  " store INTEGER NOT NULL REFERENCES store(number),"                                              \
  " origin TEXT NOT NULL CHECK(origin IN ('file', 'override')),"                                   \
  " effective_from TEXT NOT NULL,"                                                                 \
  " reverts INTEGER NOT NULL DEFAULT 0 CHECK(reverts = 0 OR (reverts = 1 AND origin = "            \
  "'override')),"                                                                                  \
  " openings BLOB NOT NULL DEFAULT x'',"                                                           \
  " PRIMARY KEY(store, origin, effective_from)"                                                    \
  ") STRICT, WITHOUT ROWID;"

/* The openings as rows, which up to version 4 they were. */
#define HOURS_VIEW                                                                                 \
  "CREATE VIEW hours(store, origin, effective_from, weekday, open_s, close_s) AS"                  \
  " SELECT w.store, w.origin, w.effective_from, o.weekday, o.open_s, o.close_s"                    \
  " FROM hours_week w, loom_openings(w.openings) o;"

/* What shows the packed polls: see polls_table.h. */
#define POLLS_TABLE "CREATE VIRTUAL TABLE polls USING loom_polls;"

/* And what measures stores: see figures.h. */
#define FIGURES_TABLE "CREATE VIRTUAL TABLE figures USING loom_figures;"

/* SQL: an instant in whole seconds, and the rest of it, which is not negative before 1970 either. */
#define REST_OF(instant) "((" instant " % 1000000 + 1000000) % 1000000)"
#define SECONDS_OF(instant) "((" instant " - " REST_OF(instant) ") / 1000000)"

/*
** The newest poll of each store, with the columns of `polls`: no block is read for it. What it is made with is SQLite's own, so
** that it needs no extension.
*/
#define STORE_NOW_VIEW                                                                             \
  "CREATE VIEW store_now(store_id, timestamp_utc, active, unix) AS SELECT store_id,"               \
  " strftime('%Y-%m-%d %H:%M:%S', " SECONDS_OF("newest_poll") ", 'unixepoch')"                     \
  " || printf('.%06d UTC', " REST_OF("newest_poll") "), newest_active, " SECONDS_OF("newest_poll")    \
  " FROM store WHERE newest_poll IS NOT NULL;"

#define ATTRIBUTE_TABLE                                                                            \
  "CREATE TABLE attribute("                                                                        \
  " store INTEGER NOT NULL REFERENCES store(number),"                                              \
  " name TEXT NOT NULL,"                                                                           \
  " value TEXT NOT NULL,"                                                                          \
  " PRIMARY KEY(store, name)"                                                                      \
  ") STRICT, WITHOUT ROWID;"

/*
** Reports that are made in the background: the queue, who works on what and until when that holds, and what became of
** it. The options and the details (what a complete one is of) are JSON; instants are in microseconds, also `lease`,
** after which others may take a running one over, and before
** which nobody takes one that waits.
*/
#define REPORT_TABLE                                                                               \
  "CREATE TABLE report("                                                                           \
  " report_id TEXT PRIMARY KEY,"                                                                   \
  " options TEXT NOT NULL,"                                                                        \
  " state TEXT NOT NULL CHECK(state IN ('queued', 'running', 'complete', 'failed')),"              \
  " created INTEGER NOT NULL,"                                                                     \
  " started INTEGER,"                                                                              \
  " finished INTEGER,"                                                                             \
  " owner TEXT,"                                                                                   \
  " lease INTEGER,"                                                                                \
  " attempts INTEGER NOT NULL DEFAULT 0,"                                                          \
  " progress REAL NOT NULL DEFAULT 0,"                                                             \
  " details TEXT,"                                                                                 \
  " error TEXT"                                                                                    \
  ") STRICT;"                                                                                      \
  "CREATE INDEX report_by_state ON report(state, created);"

/*
** One row: how many commits may have changed what reports are made from (see loom_database_revision), and the newest poll
** of all stores, which every report and every look at one store begins with. An index on those of the stores would have
** two entries to change for each poll that is written.
*/
#define OVERALL_TABLE "CREATE TABLE overall(revision INTEGER NOT NULL, newest_poll INTEGER) STRICT;"

/*
** What the service keeps: `reports`, the folder of report files, which no other database has (report_folder.lua), and sessions,
** by the hashes of their cookies (sessions.lua); and `configuration`, how often that has changed (alerts/configuration.lua). Of a
** head also `cluster`, where its polls are (head.h).
*/
#define SERVICE_TABLE                                                                              \
  "CREATE TABLE service(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

/*
** An exclusion's `from_us` and `to_us` are instants where it has no zone, and otherwise what the clocks there show, in microseconds
** since they showed 1970-01-01T00:00:00; `store` is the zone of each store. One with openings, a packed week, is weekly, on the
** dates from the one to that before the other. See exclusion.h.
*/
#define EXCLUSION_ZONE "zone TEXT"
#define EXCLUSION_OPENINGS "openings BLOB CHECK(openings IS NULL OR zone IS NOT NULL)"
#define EXCLUSION_RULE_COLUMNS EXCLUSION_ZONE ", " EXCLUSION_OPENINGS

#define ORIGIN_OF_SPECIAL_DAY                                                                      \
  "origin TEXT NOT NULL DEFAULT 'file' CHECK(origin IN ('file', 'override'))"

/*
** Who changed what by hand: see audit.h. An entry is of a store's id, not of its row, since it stays when that goes; NULL is every
** store. `at` is in microseconds; what was and what is are JSON, in the shapes in which it is set. `changes` and `written` are how
** many entries and bytes of texts there have been up to this one, but for those of files, so that the oldest ones go that are too
** many.
*/
#define AUDIT_TABLE                                                                                \
  "CREATE TABLE audit("                                                                            \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " at INTEGER NOT NULL,"                                                                          \
  " changes INTEGER NOT NULL,"                                                                     \
  " written INTEGER NOT NULL,"                                                                     \
  " kind TEXT NOT NULL CHECK(kind IN ('hours', 'special_day', 'exclusion', 'timezone',"            \
  " 'attributes', 'store', 'polls', 'ingest', 'rule', 'channel', 'mute', 'silence', 'objective',"  \
  " 'setting', 'alert')),"                                                                         \
  " store_id TEXT,"                                                                                \
  " author TEXT NOT NULL,"                                                                         \
  " before TEXT,"                                                                                  \
  " after TEXT,"                                                                                   \
  " reason TEXT"                                                                                   \
  ") STRICT;"                                                                                      \
  "CREATE INDEX audit_by_store ON audit(store_id);"                                                \
  "CREATE INDEX audit_of_files ON audit(number) WHERE kind = 'ingest';"

/*
** What alerts go by, but for channels: see lua/loom/alerts/configuration.lua. A definition is JSON, as it was given; no number is
** given twice, also where what had it is gone. `changed` is in microseconds.
*/
#define CONFIGURATION_TABLE                                                                        \
  "CREATE TABLE configuration("                                                                    \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " kind TEXT NOT NULL CHECK(kind IN ('rule', 'mute', 'silence', 'objective', 'setting')),"        \
  " name TEXT NOT NULL,"                                                                           \
  " definition TEXT NOT NULL,"                                                                     \
  " changed INTEGER NOT NULL,"                                                                     \
  " UNIQUE(kind, name)"                                                                            \
  ") STRICT;"

/*
** Alerts on their way to receivers: see lua/loom/agent/outbox.lua. Instants are in microseconds. What happened is an event, in JSON
** as its receivers get it. Events that go to a channel together are a message, whose id is one for all tries; messages of one
** `thread` of a channel go in order of their numbers. `due` is when it is tried next. Of a channel, `secrets` are in a table of
** their own, which no query reads; `tokens` are what is left of its rate at `tokens_at`, and nothing goes to it before `hold`;
** tries are counted by what came of them, and the last one was at `last`.
*/
#define ALERT_DELIVERY_TABLES                                                                      \
  "CREATE TABLE alert_event("                                                                      \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " id TEXT NOT NULL UNIQUE,"                                                                      \
  " alert TEXT NOT NULL,"                                                                          \
  " rule TEXT NOT NULL,"                                                                           \
  " state TEXT NOT NULL,"                                                                          \
  " at INTEGER NOT NULL,"                                                                          \
  " event TEXT NOT NULL"                                                                           \
  ") STRICT;"                                                                                      \
  "CREATE INDEX alert_event_by_alert ON alert_event(alert, number);"                               \
  "CREATE TABLE alert_channel("                                                                    \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " name TEXT NOT NULL UNIQUE,"                                                                    \
  " kind TEXT NOT NULL,"                                                                           \
  " definition TEXT NOT NULL,"                                                                     \
  " disabled INTEGER,"                                                                             \
  " disabled_reason TEXT,"                                                                         \
  " failing INTEGER,"                                                                              \
  " hold INTEGER NOT NULL DEFAULT 0,"                                                              \
  " renewed INTEGER,"                                                                              \
  " tokens REAL,"                                                                                  \
  " tokens_at INTEGER,"                                                                            \
  " delivered INTEGER NOT NULL DEFAULT 0,"                                                         \
  " retried INTEGER NOT NULL DEFAULT 0,"                                                           \
  " dead INTEGER NOT NULL DEFAULT 0,"                                                              \
  " last INTEGER,"                                                                                 \
  " last_outcome TEXT"                                                                             \
  ") STRICT;"                                                                                      \
  "CREATE TABLE alert_secret("                                                                     \
  " channel INTEGER PRIMARY KEY REFERENCES alert_channel(number) ON DELETE CASCADE,"               \
  " secrets TEXT NOT NULL"                                                                         \
  ") STRICT;"                                                                                      \
  "CREATE TABLE alert_message("                                                                    \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " id TEXT NOT NULL UNIQUE,"                                                                      \
  " channel INTEGER NOT NULL REFERENCES alert_channel(number) ON DELETE CASCADE,"                  \
  " thread TEXT NOT NULL,"                                                                         \
  " made INTEGER NOT NULL,"                                                                        \
  " due INTEGER NOT NULL,"                                                                         \
  " tries INTEGER NOT NULL DEFAULT 0,"                                                             \
  " outcome TEXT NOT NULL DEFAULT 'pending'"                                                       \
  " CHECK(outcome IN ('pending', 'delivered', 'dead', 'dropped')),"                                \
  " ended INTEGER,"                                                                                \
  " answer TEXT"                                                                                   \
  ") STRICT;"                                                                                      \
  "CREATE INDEX alert_message_pending ON alert_message(channel, thread, number)"                   \
  " WHERE outcome = 'pending';"                                                                    \
  "CREATE INDEX alert_message_ended ON alert_message(outcome, ended)"                              \
  " WHERE outcome <> 'pending';"                                                                   \
  "CREATE TABLE alert_message_event("                                                              \
  " message INTEGER NOT NULL REFERENCES alert_message(number) ON DELETE CASCADE,"                  \
  " event INTEGER NOT NULL REFERENCES alert_event(number) ON DELETE CASCADE,"                      \
  " PRIMARY KEY(message, event)"                                                                   \
  ") STRICT, WITHOUT ROWID;"                                                                       \
  "CREATE INDEX alert_message_of_event ON alert_message_event(event);"

/*
** What alert rules have come to: see lua/loom/alerts/book.lua. A state is that of a rule, by its number among what is configured, 0
** of the feed, and of a subject: a store's id, a group's name or "" (machine.h has what is in the bytes). An alert is one firing;
** `since` is since when it was so, `at` when it fired, `told` when it was last told, 0 where it was not yet, in `thread`. The flags decide what
** is told of it; `inhibited` is the id of the alert that speaks for it.
*/
#define ALERT_TABLES                                                                               \
  "CREATE TABLE alert_state("                                                                      \
  " rule INTEGER NOT NULL,"                                                                        \
  " subject TEXT NOT NULL,"                                                                        \
  " state BLOB NOT NULL,"                                                                          \
  " PRIMARY KEY(rule, subject)"                                                                    \
  ") STRICT, WITHOUT ROWID;"                                                                       \
  "CREATE TABLE alert("                                                                            \
  " number INTEGER PRIMARY KEY,"                                                                   \
  " id TEXT NOT NULL UNIQUE,"                                                                      \
  " rule TEXT NOT NULL,"                                                                           \
  " rule_number INTEGER NOT NULL DEFAULT 0,"                                                       \
  " severity TEXT NOT NULL CHECK(severity IN ('critical', 'error', 'warning', 'info')),"           \
  " kind TEXT NOT NULL CHECK(kind IN ('store', 'group', 'fleet', 'system')),"                      \
  " subject TEXT NOT NULL,"                                                                        \
  " zone TEXT,"                                                                                    \
  " state TEXT NOT NULL CHECK(state IN ('firing', 'resolving', 'resolved', 'expired')),"           \
  " since INTEGER NOT NULL,"                                                                       \
  " at INTEGER NOT NULL,"                                                                          \
  " ended INTEGER CHECK((ended IS NULL) = (state IN ('firing', 'resolving'))),"                    \
  " reason TEXT,"                                                                                  \
  " value REAL,"                                                                                   \
  " unit TEXT,"                                                                                    \
  " threshold REAL,"                                                                               \
  " text TEXT,"                                                                                    \
  " thread TEXT,"                                                                                  \
  " told INTEGER NOT NULL DEFAULT 0,"                                                              \
  " flapping INTEGER NOT NULL DEFAULT 0,"                                                          \
  " frozen INTEGER NOT NULL DEFAULT 0,"                                                            \
  " silenced INTEGER NOT NULL DEFAULT 0,"                                                          \
  " muted INTEGER NOT NULL DEFAULT 0,"                                                             \
  " inhibited TEXT,"                                                                               \
  " acked INTEGER,"                                                                                \
  " acked_by TEXT,"                                                                                \
  " ack_note TEXT,"                                                                                \
  " ack_until INTEGER"                                                                             \
  ") STRICT;"                                                                                      \
  "CREATE INDEX alert_open ON alert(rule_number, subject) WHERE ended IS NULL;"                    \
  "CREATE INDEX alert_ended ON alert(ended);" /* those that are open by their numbers */           \
  "CREATE INDEX alert_by_subject ON alert(subject, number);"

const char loom_schema_sql[] =
    "CREATE TABLE store("
    " number INTEGER PRIMARY KEY,"
    " store_id TEXT NOT NULL UNIQUE CHECK(length(CAST(store_id AS BLOB)) BETWEEN 1 AND 255),"
    " timezone TEXT,"
    " first_poll INTEGER,"
    " newest_poll INTEGER,"
    " timezone_override TEXT,"
    " newest_active INTEGER," /* whether the newest poll is */
    " changed INTEGER NOT NULL DEFAULT 0,"
    " turned INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE TABLE poll_block("
    " day INTEGER NOT NULL,"
    " store INTEGER NOT NULL REFERENCES store(number),"
    " polls BLOB NOT NULL,"
    " PRIMARY KEY(day, store)"
    ") STRICT, WITHOUT ROWID;" POLLS_TABLE FIGURES_TABLE STORE_NOW_VIEW WEEK_TABLE HOURS_VIEW
    "CREATE TABLE special_day("
    " store INTEGER REFERENCES store(number),"
    " date TEXT NOT NULL,"
    " open_s INTEGER CHECK(open_s BETWEEN 0 AND 86400),"
    " close_s INTEGER CHECK(close_s BETWEEN 0 AND 86400),"
    " note TEXT NOT NULL DEFAULT '',"
    " " ORIGIN_OF_SPECIAL_DAY
    ","
    " CHECK((open_s IS NULL) = (close_s IS NULL))"
    ") STRICT;"
    "CREATE INDEX special_day_by_store ON special_day(store, date);"
    "CREATE TABLE exclusion("
    " number INTEGER PRIMARY KEY,"
    " store INTEGER REFERENCES store(number),"
    " from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL CHECK(to_us > from_us),"
    " reason TEXT NOT NULL DEFAULT '',"
    " " EXCLUSION_RULE_COLUMNS
    ") STRICT;"
    "CREATE INDEX exclusion_by_store ON exclusion(store, from_us, to_us);" ATTRIBUTE_TABLE
        REPORT_TABLE OVERALL_TABLE SERVICE_TABLE AUDIT_TABLE
    "INSERT INTO overall VALUES(0, NULL);"
    "PRAGMA application_id=0x4c6f6f6d;"
    "PRAGMA user_version=9;";

/*
** What has changed, for those who watch (changes.h). Each write that changes what reports are made from has a number, which the
** revision is once it is committed. A store has the number of the last write that changed its polls (`changed`), and of the last
** one after which its newest poll told another status than before (`turned`). What is set for a store, and its removal, are
** noted one after the other, by triggers, so that no writer can forget it; `store_id` is NULL for what is every store's. What
** repeats the last one is not noted, and the last LOOM_CHANGES_KEPT are kept: who has seen none of these has missed some.
*/
#define TRIGGER(name, event, kind, id)                                                             \
  "CREATE TRIGGER " name " AFTER " event " BEGIN " LOOM_NOTE_CHANGE("'" kind "'", id) "; END;"

#define STORE_OF(row) "(SELECT store_id FROM store WHERE number = " row ".store)"

#define TRIGGERS(table, kind)                                                                      \
  TRIGGER(table "_added", "INSERT ON " table, kind, STORE_OF("NEW"))                               \
  TRIGGER(table "_changed", "UPDATE ON " table, kind, STORE_OF("NEW"))                             \
  TRIGGER(table "_removed", "DELETE ON " table, kind, STORE_OF("OLD"))

const char loom_schema_changes_sql[] =
    "CREATE TABLE change("
    " id INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " store_id TEXT"
    ") STRICT;"
    "CREATE TRIGGER change_repeated BEFORE INSERT ON change"
    " WHEN EXISTS(SELECT 1 FROM change WHERE id = (SELECT max(id) FROM change)"
    " AND number = NEW.number AND kind = NEW.kind AND store_id IS NEW.store_id)"
    " BEGIN SELECT RAISE(IGNORE); END;"
    "CREATE TRIGGER change_noted AFTER INSERT ON change BEGIN"
    " DELETE FROM change WHERE id <= NEW.id - " LOOM_CHANGES_KEPT
    "; END;" TRIGGERS("hours_week", "hours") TRIGGERS("special_day", "special_days")
        TRIGGERS("exclusion", "exclusions") TRIGGERS("attribute", "attributes")
            TRIGGER("timezone_changed",
                    "UPDATE OF timezone, timezone_override ON store"
                    " WHEN OLD.timezone IS NOT NEW.timezone"
                    " OR OLD.timezone_override IS NOT NEW.timezone_override",
                    "timezones", "NEW.store_id")
                TRIGGER("store_removed", "DELETE ON store", "removal", "OLD.store_id");

/* Weekly hours as they were from version 2 to 4. */
#define HOURS_TABLES_2                                                                             \
  "CREATE TABLE hours_week("                                                                       \
  " store INTEGER NOT NULL REFERENCES store(number),"                                              \
  " origin TEXT NOT NULL CHECK(origin IN ('file', 'override')),"                                   \
  " effective_from TEXT NOT NULL,"                                                                 \
  " reverts INTEGER NOT NULL DEFAULT 0 CHECK(reverts = 0 OR (reverts = 1 AND origin = "            \
  "'override')),"                                                                                  \
  " PRIMARY KEY(store, origin, effective_from)"                                                    \
  ") STRICT, WITHOUT ROWID;"                                                                       \
  "CREATE TABLE hours("                                                                            \
  " store INTEGER NOT NULL,"                                                                       \
  " origin TEXT NOT NULL,"                                                                         \
  " effective_from TEXT NOT NULL,"                                                                 \
  " weekday INTEGER NOT NULL CHECK(weekday BETWEEN 0 AND 6),"                                      \
  " open_s INTEGER NOT NULL CHECK(open_s BETWEEN 0 AND 86400),"                                    \
  " close_s INTEGER NOT NULL CHECK(close_s BETWEEN 0 AND 86400),"                                  \
  " PRIMARY KEY(store, origin, effective_from, weekday, open_s, close_s),"                         \
  " FOREIGN KEY(store, origin, effective_from) REFERENCES hours_week ON DELETE CASCADE"            \
  ") STRICT, WITHOUT ROWID;"

/* Hours are copied aside, since what their tables are keyed by changes. */
static const char upgrade_1[] =
    "CREATE TEMP TABLE old_week AS SELECT * FROM hours_week;"
    "CREATE TEMP TABLE old_hours AS SELECT * FROM hours;"
    "DROP TABLE hours;"
    "DROP TABLE hours_week;" HOURS_TABLES_2
    "INSERT INTO hours_week(store, origin, effective_from)"
    " SELECT store, 'file', effective_from FROM temp.old_week;"
    "INSERT INTO hours(store, origin, effective_from, weekday, open_s, close_s)"
    " SELECT store, 'file', effective_from, weekday, open_s, close_s FROM temp.old_hours;"
    "DROP TABLE temp.old_week;"
    "DROP TABLE temp.old_hours;"
    "ALTER TABLE special_day ADD COLUMN " ORIGIN_OF_SPECIAL_DAY
    ";"
    "ALTER TABLE store ADD COLUMN timezone_override TEXT;"
    "CREATE INDEX store_by_newest_poll ON store(newest_poll);" ATTRIBUTE_TABLE REPORT_TABLE
    "CREATE TABLE revision(number INTEGER NOT NULL) STRICT;"
    "INSERT INTO revision VALUES(0);"
    "PRAGMA user_version=2;";

static const char upgrade_2[] = OVERALL_TABLE
    "INSERT INTO overall SELECT number, (SELECT max(newest_poll) FROM store) FROM revision;"
    "DROP INDEX store_by_newest_poll;"
    "DROP TABLE revision;"
    "PRAGMA user_version=3;";

static const char upgrade_3[] = SERVICE_TABLE "PRAGMA user_version=4;";

/* SQL: the UTC day of an instant, which is rounded down also before 1970. */
#define DAY_OF(instant)                                                                            \
  "((" instant " - (" instant " % 86400000000 + 86400000000) % 86400000000) / 86400000000)"

/*
** Openings are packed one by one, as rows that are copied aside. All stores with polls have changed: their newest one has got its
** status.
*/
static const char upgrade_4[] =
    "CREATE TEMP TABLE old_week AS SELECT * FROM main.hours_week;"
    "CREATE TEMP TABLE old_hours AS SELECT * FROM main.hours;"
    "DROP TABLE main.hours;"
    "DROP TABLE main.hours_week;" WEEK_TABLE
    "INSERT INTO hours_week(store, origin, effective_from, reverts)"
    " SELECT store, origin, effective_from, reverts FROM temp.old_week;"
    "CREATE TEMP TRIGGER pack BEFORE DELETE ON old_hours BEGIN"
    " UPDATE hours_week SET openings ="
    "  loom_week_add(openings, old.weekday, old.open_s, old.close_s)"
    "  WHERE store = old.store AND origin = old.origin AND effective_from = old.effective_from;"
    " END;"
    "DELETE FROM temp.old_hours;"
    "DROP TABLE temp.old_week;"
    "DROP TABLE temp.old_hours;" HOURS_VIEW
    "ALTER TABLE store ADD COLUMN newest_active INTEGER;"
    "ALTER TABLE store ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE store ADD COLUMN turned INTEGER NOT NULL DEFAULT 0;"
    "UPDATE overall SET revision = revision + 1;"
    "UPDATE store SET changed = (SELECT revision FROM overall),"
    " newest_active = (SELECT loom_newest_active(polls) FROM poll_block"
    "  WHERE day = " DAY_OF("newest_poll") " AND store = store.number)"
    " WHERE newest_poll IS NOT NULL;"
    "PRAGMA user_version=5;";

static const char upgrade_5[] = POLLS_TABLE FIGURES_TABLE STORE_NOW_VIEW "PRAGMA user_version=6;";

static const char upgrade_6[] = "ALTER TABLE exclusion ADD COLUMN " EXCLUSION_ZONE
                                ";"
                                "ALTER TABLE exclusion ADD COLUMN " EXCLUSION_OPENINGS
                                ";"
                                "DROP VIEW main.store_now;" STORE_NOW_VIEW "PRAGMA user_version=7;";

static const char upgrade_7[] = AUDIT_TABLE "PRAGMA user_version=8;";

/*
** The agent's rounds, as a replay needs them: see lua/loom/alerts/rounds.lua. Instants are in microseconds; `newest` is that of the
** poll which was then the newest up to the clock. `stores` are those that were evaluated and came to something, as a JSON array of
** ids; NULL: all were evaluated.
*/
const char loom_schema_rounds_sql[] =
    "CREATE TABLE alert_round("
    " number INTEGER PRIMARY KEY,"
    " clock INTEGER NOT NULL,"
    " newest INTEGER NOT NULL,"
    " stale INTEGER NOT NULL,"
    " stores TEXT"
    ") STRICT;"
    "CREATE INDEX alert_round_by_clock ON alert_round(clock);";

const char loom_schema_alerts_sql[] = CONFIGURATION_TABLE ALERT_DELIVERY_TABLES ALERT_TABLES;

/* Entries of the audit are copied aside, since there are more kinds of them. */
static const char upgrade_8[] =
    "CREATE TEMP TABLE old_audit AS SELECT * FROM audit;"
    "DROP TABLE main.audit;" AUDIT_TABLE
    "INSERT INTO main.audit SELECT * FROM temp.old_audit;"
    "DROP TABLE temp.old_audit; PRAGMA user_version=9;";

const char *const loom_schema_upgrades[LOOM_SCHEMA_VERSION] = {
    [1] = upgrade_1, [2] = upgrade_2, [3] = upgrade_3, [4] = upgrade_4,
    [5] = upgrade_5, [6] = upgrade_6, [7] = upgrade_7, [8] = upgrade_8};
