/*
** Tests of export: what a database holds goes through CSV into another one and comes out again byte for byte,
** whatever its ids and notes are made of.
*/
#include "storage.h"

#include "sqlite/export.h"
#include "support.h"

static struct buffer export_all(loom_database *database, enum loom_kind kind) {
  loom_error error;
  loom_export *export;
  const char *text;
  size_t length;
  loom_status status;
  struct buffer out = {0};
  assert_status(loom_export_new(database, kind, &export, &error), LOOM_OK, &error);
  while ((status = loom_export_next(export, &text, &length, &error)) == LOOM_OK) {
    assert_true(length > 0);
    buffer_put(&out, text, length);
    assert_true(out.length < 64 << 20); /* an export without end */
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(loom_export_next(export, &text, &length, &error), LOOM_DONE);
  loom_export_free(export);
  return out;
}

static void assert_exports(loom_database *database, enum loom_kind kind, const char *expected) {
  struct buffer found = export_all(database, kind);
  assert_string_equal(found.bytes, expected);
  buffer_free(&found);
}

static loom_database *copy_through_csv(loom_database *database,
                                       struct buffer texts[LOOM_KIND_COUNT]) {
  loom_database *copy = memory_database();
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    texts[kind] = export_all(database, (enum loom_kind)kind);
    struct input_file file = {.reading = {.source = "copy.csv", .block_size = 5000},
                              .staging = {.kind = (enum loom_kind)kind, .sort_capacity = 1000}};
    load_bytes(copy, &file, texts[kind].bytes, texts[kind].length);
  }
  return copy;
}

/* Exports of a copy equal those of the original, and so does all that is in it. */
static void assert_round_trip(loom_database *database) {
  struct buffer texts[LOOM_KIND_COUNT], before = dump(database);
  loom_database *copy = copy_through_csv(database, texts);
  struct buffer after = dump(copy);
  assert_buffer_equal(&before, &after);
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    struct buffer again = export_all(copy, (enum loom_kind)kind);
    assert_buffer_equal(&texts[kind], &again);
    buffer_free(&again);
    buffer_free(&texts[kind]);
  }
  buffer_free(&before);
  buffer_free(&after);
  loom_database_close(copy);
}

static void nothing(void **state) {
  (void)state;
  loom_database *database = memory_database();
  assert_exports(database, LOOM_POLLS, "store_id,status,timestamp_utc\n");
  assert_exports(database, LOOM_HOURS,
                 "store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n");
  assert_exports(database, LOOM_TIMEZONES, "store_id,timezone_str\n");
  assert_exports(database, LOOM_SPECIAL_DAYS, "store_id,date,open,close,note\n");
  assert_exports(database, LOOM_EXCLUSIONS, "store_id,from_utc,to_utc,reason\n");
  assert_exports(database, LOOM_ATTRIBUTES, "store_id\n");
  assert_round_trip(database);
  loom_database_close(database);
}

static void each_kind(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_POLLS,
       "store_id,status,timestamp_utc\nb,active,2023-01-25 "
       "10:00:00\n\"a,\"\"b\"\"\nc\",inactive,2023-01-25 09:00:00.5\n"
       "b,inactive,0001-01-01 00:00:00\nb,active,9999-12-31 23:59:59.999999\n");
  assert_exports(database, LOOM_POLLS,
                 "store_id,status,timestamp_utc\nb,inactive,0001-01-01 00:00:00.000000 UTC\n"
                 "\"a,\"\"b\"\"\nc\",inactive,2023-01-25 09:00:00.500000 UTC\n"
                 "b,active,2023-01-25 10:00:00.000000 UTC\n"
                 "b,active,9999-12-31 23:59:59.999999 UTC\n");
  load(database, LOOM_HOURS,
       "store_id,day,start_time_local,end_time_local,effective_from\nb,6,09:00,24:00:00,2023-06-"
       "01\nb,0,09:00,17:30:05,\n"
       "b,0,06:00,07:00,\na,3,closed,,2024-02-29\n"
       "\"x\r\ny\",1,closed,,\n");
  assert_exports(database, LOOM_HOURS,
                 "store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n"
                 "a,0,closed,,2024-02-29\nb,0,06:00:00,07:00:00,\nb,0,09:00:00,17:30:05,\n"
                 "b,6,09:00:00,24:00:00,2023-06-01\n\"x\r\ny\",0,closed,,\n");
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nb,Asia/Tokyo\na,UTC\n");
  assert_exports(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\nb,Asia/Tokyo\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\nb,2023-12-25,,,\"Christmas, "
       "\"\"closed\"\"\"\n*,2023-12-24,09:00,12:00,\n");
  assert_exports(database, LOOM_SPECIAL_DAYS,
                 "store_id,date,open,close,note\n*,2023-12-24,09:00:00,12:00:00,\n"
                 "b,2023-12-25,,,\"Christmas, \"\"closed\"\"\"\n");
  load(database, LOOM_EXCLUSIONS,
       "store_id,from_utc,to_utc,reason\nb,2023-01-01 00:00:00,2023-01-01 01:00:00,\"two\nlines\"\n"
       "*,1960-01-01 00:00:00,2023-01-01 01:00:00,\n");
  assert_exports(
      database, LOOM_EXCLUSIONS,
      "store_id,from_utc,to_utc,reason\n"
      "*,1960-01-01 00:00:00.000000 UTC,2023-01-01 01:00:00.000000 UTC,\n"
      "b,2023-01-01 00:00:00.000000 UTC,2023-01-01 01:00:00.000000 UTC,\"two\nlines\"\n");
  assert_round_trip(database);
  loom_database_close(database);
}

/* ---- layers ---- */

#define HOURS_HEADER "store_id,dayOfWeek,start_time_local,end_time_local,effective_from,origin\n"
#define DAYS_HEADER "store_id,date,open,close,note,origin\n"
#define ZONES_HEADER "store_id,timezone_str,origin\n"

static void hours_of_both_layers(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_HOURS,
       "store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n"
       "a,0,09:00,17:00,\na,1,09:00,17:00,2023-03-01\nb,0,09:00,17:00,\nc,0,closed,,\n");
  override_hours(database, "a", "2023-02-01", 5, 36000, 7200);
  override_hours(database, "a", "2023-02-01", 3, 0, 86400);
  override_week(database, "a", "2023-04-01", true);
  override_week(database, "b", "2023-02-01", false);
  override_hours(database, "d", "0001-01-01", 4, 3600, 7200);
  override_week(database, "e", "2023-02-01", true); /* reverts from nothing to nothing */
  assert_exports(database, LOOM_HOURS,
                 HOURS_HEADER
                 "a,0,09:00:00,17:00:00,,file\n"
                 "a,1,09:00:00,17:00:00,2023-03-01,file\n"
                 "a,3,00:00:00,24:00:00,2023-02-01,override\n"
                 "a,5,10:00:00,02:00:00,2023-02-01,override\n"
                 "a,0,reverts,,2023-04-01,override\n"
                 "b,0,09:00:00,17:00:00,,file\n"
                 "b,0,closed,,2023-02-01,override\n"
                 "c,0,closed,,,file\n"
                 "d,4,01:00:00,02:00:00,,override\n"
                 "e,0,reverts,,2023-02-01,override\n");
  assert_round_trip(database);
  loom_database_close(database);
}

static void zones_and_days_of_both_layers(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nb,UTC\na,UTC\n");
  override_timezone(database, "b", "Asia/Tokyo");
  override_timezone(database, "c", "Asia/Kolkata");
  assert_exports(database, LOOM_TIMEZONES,
                 ZONES_HEADER
                 "a,UTC,file\nb,UTC,file\nb,Asia/Tokyo,override\nc,Asia/Kolkata,override\n");
  load(database, LOOM_SPECIAL_DAYS,
       "store_id,date,open,close,note\n"
       "a,2023-12-25,08:00,09:00,file\na,2023-12-26,,,file\n*,2023-12-25,,,file\n");
  override_day(database, "a", "2023-12-25", 72000, 79200, "hand");
  override_day(database, "a", "2023-12-25", 0, 3600, "hand");
  override_day(database, "*", "2023-12-25", 60, 120, "hand");
  override_day(database, "d", "2023-12-25", -1, -1, "\"by\", hand");
  assert_exports(database, LOOM_SPECIAL_DAYS,
                 DAYS_HEADER
                 "*,2023-12-25,,,file,file\n*,2023-12-25,00:01:00,00:02:00,hand,override\n"
                 "a,2023-12-25,08:00:00,09:00:00,file,file\n"
                 "a,2023-12-25,00:00:00,01:00:00,hand,override\n"
                 "a,2023-12-25,20:00:00,22:00:00,hand,override\na,2023-12-26,,,file,file\n"
                 "d,2023-12-25,,,\"\"\"by\"\", hand\",override\n");
  assert_round_trip(database);
  loom_database_close(database);
}

#define LAYERED_STORES 5

/* Whatever files and hands may have brought a few stores; `first_store` of them have nothing. */
static void put_random_layers(loom_database *database, uint64_t *random, uint64_t first_store) {
  static const char *const zones[] = {"UTC", "Asia/Tokyo", "Europe/Paris"};
  static const char *const header = "store_id,day,start_time_local,end_time_local,effective_from\n";
  static const char *const dates[] = {"0001-01-01", "2023-01-01", "2023-02-01", "2023-03-01"};
  char line[200];
  for (int i = 0; i < 30; i++) {
    char store[2] = {(char)('a' + first_store + random_below(random, LAYERED_STORES)), 0};
    const char *any = random_below(random, 3) ? store : "*", *date = dates[random_below(random, 4)];
    int day = (int)random_below(random, 7), open = (int)random_below(random, 23);
    switch (random_below(random, 9)) {
    case 0: {
      struct buffer text = {0};
      buffer_printf(&text, "%s", header);
      for (uint64_t rows = 1 + random_below(random, 4); rows > 0; rows--)
        buffer_printf(&text, "%s,%d,%02d:00,23:00,%s\n", store, (int)random_below(random, 7), open,
                      dates[random_below(random, 4)]);
      load(database, LOOM_HOURS, text.bytes);
      buffer_free(&text);
      break;
    }
    case 1:
      snprintf(line, sizeof line, "%s%s,%d,closed,,%s\n", header, store, day, date);
      load(database, LOOM_HOURS, line);
      break;
    case 2:
      snprintf(line, sizeof line, "store_id,timezone_str\n%s,%s\n", store,
               zones[random_below(random, 3)]);
      load(database, LOOM_TIMEZONES, line);
      break;
    case 3:
      snprintf(line, sizeof line,
               "store_id,date,open,close,note\n%s,%s,%02d:00,23:30,%d\n%s,%s,%s,%d\n", any, date,
               open, day, any, date, random_below(random, 2) ? "," : "01:00,02:00", day);
      load(database, LOOM_SPECIAL_DAYS, line);
      break;
    case 4:
      override_hours(database, store, date, day, open * 3600, 86400);
      break;
    case 5:
      override_week(database, store, date, random_below(random, 2));
      break;
    case 6:
      override_timezone(database, store, zones[random_below(random, 3)]);
      break;
    default:
      override_day(database, any, date, random_below(random, 4) ? i * 60 : -1, 86400 - i, "hand");
    }
  }
  /* A day has no span twice. */
  execute(database,
          "DELETE FROM special_day WHERE origin = 'override' AND rowid NOT IN (SELECT min(rowid)"
          " FROM special_day WHERE origin = 'override' GROUP BY store, date, open_s, close_s)");
}

/* Puts the rows of a CSV text without quoted line ends in another order, below its header. */
static void shuffle_rows(struct buffer *text, uint64_t *random) {
  struct buffer out = {0};
  const char *rows[400];
  size_t count = 0;
  const char *at = strchr(text->bytes, '\n') + 1;
  buffer_put(&out, text->bytes, (size_t)(at - text->bytes));
  for (; *at; at = strchr(at, '\n') + 1) {
    assert_true(count < COUNT_OF(rows));
    rows[count++] = at;
  }
  for (; count > 0; count--) {
    size_t which = random_below(random, count);
    buffer_put(&out, rows[which], (size_t)(strchr(rows[which], '\n') + 1 - rows[which]));
    rows[which] = rows[count - 1];
  }
  buffer_free(text);
  *text = out;
}

/*
** Both layers come back, in a new database, in any order of rows, and beside what is there of other stores; and where
** they are already, nothing changes.
*/
static void layers_survive(void **state) {
  (void)state;
  static const enum loom_kind kinds[] = {LOOM_HOURS, LOOM_TIMEZONES, LOOM_SPECIAL_DAYS};
  uint64_t random = 23;
  for (int round = 0; round < 60; round++) {
    loom_database *database = memory_database(), *other = memory_database();
    put_random_layers(database, &random, 0);
    assert_round_trip(database);
    put_random_layers(other, &random, 1); /* of stores that it shares, and of one more */
    if (round % 2)
      execute(other, "DELETE FROM special_day WHERE store IS NULL");
    struct buffer before = dump(database);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
      struct input_file file = small_file(kinds[i]);
      struct buffer text = export_all(database, kinds[i]);
      struct loom_counts counts = load_bytes(database, &file, text.bytes, text.length);
      assert_int_equal(counts.added + counts.conflicts, 0);
      assert_int_equal(counts.duplicates, counts.rows);
      shuffle_rows(&text, &random);
      for (int replaces = 0; replaces < 2; replaces++) {
        file.staging.replace_overrides = replaces;
        load_bytes(database, &file, text.bytes, text.length);
        struct buffer after = dump(database);
        assert_buffer_equal(&before, &after);
        buffer_free(&after);
      }
      load_bytes(other, &file, text.bytes, text.length); /* a second time changes nothing */
      struct buffer once = dump(other);
      file.staging.replace_overrides = false;
      counts = load_bytes(other, &file, text.bytes, text.length);
      assert_int_equal(counts.added + counts.conflicts, 0);
      struct buffer twice = dump(other);
      assert_buffer_equal(&once, &twice);
      buffer_free(&once);
      buffer_free(&twice);
      buffer_free(&text);
    }
    buffer_free(&before);
    loom_database_close(database);
    loom_database_close(other);
  }
}

/* A file replaces the layers that its rows name, and no other. */
static void each_layer_for_itself(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_HOURS, HOURS_HEADER "a,0,09:00,10:00,,file\na,0,11:00,12:00,,override\n");
  load(database, LOOM_TIMEZONES, ZONES_HEADER "a,UTC,file\na,Asia/Tokyo,override\n");
  load(database, LOOM_SPECIAL_DAYS,
       DAYS_HEADER "a,2023-01-01,,,f,file\na,2023-01-01,,,o,override\n");
  load(database, LOOM_HOURS, HOURS_HEADER "a,1,13:00,14:00,, Override \n");
  load(database, LOOM_TIMEZONES, ZONES_HEADER "a,Asia/Kolkata,override\n");
  load(database, LOOM_SPECIAL_DAYS, DAYS_HEADER "a,2023-01-01,,,new,\n"); /* none is a file's */
  assert_exports(database, LOOM_HOURS,
                 HOURS_HEADER "a,0,09:00:00,10:00:00,,file\na,1,13:00:00,14:00:00,,override\n");
  assert_exports(database, LOOM_TIMEZONES, ZONES_HEADER "a,UTC,file\na,Asia/Kolkata,override\n");
  assert_exports(database, LOOM_SPECIAL_DAYS,
                 DAYS_HEADER "a,2023-01-01,,,new,file\na,2023-01-01,,,o,override\n");
  /* In one week, openings say more than "closed", and that more than "reverts". */
  load(database, LOOM_HOURS, HOURS_HEADER "a,0,reverts,,,override\na,3,closed,,,override\n");
  assert_exports(database, LOOM_HOURS,
                 HOURS_HEADER "a,0,09:00:00,10:00:00,,file\na,0,closed,,,override\n");
  load(database, LOOM_HOURS,
       HOURS_HEADER "a,0,reverts,,,override\na,3,closed,,,override\na,6,13:00,14:00,,override\n");
  assert_exports(database, LOOM_HOURS,
                 HOURS_HEADER "a,0,09:00:00,10:00:00,,file\na,6,13:00:00,14:00:00,,override\n");
  loom_database_close(database);
}

/* Exports of a copy equal those of the original, though stores of which nothing is known are not in it. */
static void assert_copy_exports_alike(loom_database *database) {
  struct buffer texts[LOOM_KIND_COUNT];
  loom_database *copy = copy_through_csv(database, texts);
  for (int kind = 0; kind < LOOM_KIND_COUNT; kind++) {
    struct buffer again = export_all(copy, (enum loom_kind)kind);
    assert_buffer_equal(&texts[kind], &again);
    buffer_free(&again);
    buffer_free(&texts[kind]);
  }
  loom_database_close(copy);
}

static void attributes(void **state) {
  (void)state;
  loom_database *database = memory_database();
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\nnone,UTC\n");
  load(database, LOOM_ATTRIBUTES, "store_id,only\nz,1\n");
  assert_exports(database, LOOM_ATTRIBUTES, "store_id,only\nz,1\n");
  load(database, LOOM_ATTRIBUTES,
       "type,\"say \"\"hi\"\", or not\",store_id,\"two\nlines\",Type\n"
       "kiosk,yes,b,,K\n,\"a \"\"q\"\"\",\"c,d\",\"x\r\ny\",\nbar,,a,\"1,5\",\n");
  assert_exports(database, LOOM_ATTRIBUTES,
                 "store_id,Type,only,\"say \"\"hi\"\", or not\",\"two\nlines\",type\n"
                 "a,,,,\"1,5\",bar\nb,K,,yes,,kiosk\n\"c,d\",,,\"a \"\"q\"\"\",\"x\r\ny\",\n"
                 "z,,1,,,\n");
  assert_round_trip(database);
  /* Blanks in a name's quotes are its own. */
  load(database, LOOM_ATTRIBUTES, "store_id, plain ,\" in quotes \"\na,1,2\n");
  assert_int_equal(
      number(database, "SELECT count(*) FROM attribute WHERE name IN ('plain', ' in quotes ')"), 2);
  assert_round_trip(database);
  load(database, LOOM_ATTRIBUTES, "store_id,plain,\" in quotes \"\na,,\n");
  /* The last value of a name takes its column along, the last one of a store its row. */
  load(database, LOOM_ATTRIBUTES, "store_id,only,type\nz,,\na,,\n");
  assert_exports(database, LOOM_ATTRIBUTES,
                 "store_id,Type,\"say \"\"hi\"\", or not\",\"two\nlines\",type\n"
                 "a,,,\"1,5\",\nb,K,yes,,kiosk\n\"c,d\",,\"a \"\"q\"\"\",\"x\r\ny\",\n");
  assert_copy_exports_alike(database);
  loom_database_close(database);
}

/* Rows of attributes are cut between any two cells where a stretch of text is full. */
static void long_attributes(void **state) {
  (void)state;
  uint64_t random = 7;
  struct buffer text = {0};
  loom_database *database = memory_database();
  buffer_printf(&text, "store_id");
  for (int i = 100; i < 120; i++)
    buffer_printf(&text, ",name %d", i);
  for (int store = 1000; store < 1800; store++) {
    buffer_printf(&text, "\n%d", store);
    for (int i = 0; i < 20; i++)
      buffer_printf(&text, ",%0*d", (int)(1 + random_below(&random, 80)), i);
  }
  buffer_printf(&text, "\n");
  load(database, LOOM_ATTRIBUTES, text.bytes);
  struct buffer found = export_all(database, LOOM_ATTRIBUTES);
  assert_true(found.length > 2 * 256 * 1024);
  assert_buffer_equal(&text, &found);
  buffer_free(&found);
  buffer_free(&text);
  loom_database_close(database);
}

/* Notes and values of any bytes that a field may hold, and ids, which begin and end with an x: blanks there are trimmed. */
static void put_random_bytes(struct buffer *out, uint64_t *state, size_t longest, const char *end) {
  static const char bytes[] = "ab,\"\n\r;' \t \x7f\xc3\xff*-9";
  buffer_printf(out, "\"%s", end);
  for (size_t i = random_below(state, longest); i > 0; i--) {
    char byte = bytes[random_below(state, sizeof bytes - 1)];
    buffer_put(out, byte == '"' ? "\"\"" : &byte, byte == '"' ? 2 : 1);
  }
  buffer_printf(out, "%s\"", end);
}

static void put_random_text(struct buffer *out, uint64_t *state, size_t longest) {
  put_random_bytes(out, state, longest, "x");
}

static void put_random_note(struct buffer *out, uint64_t *state, size_t longest) {
  put_random_bytes(out, state, longest, "");
}

static void any_bytes_survive(void **test) {
  (void)test;
  uint64_t state = 9;
  for (int round = 0; round < 20; round++) {
    struct buffer ids[20] = {{0}}, polls = {0}, hours = {0}, days = {0}, exclusions = {0},
                  attributes_text = {0};
    loom_database *database = memory_database();
    buffer_printf(&polls, "store_id,status,timestamp_utc\n");
    buffer_printf(&hours, "store_id,day,start_time_local,end_time_local,effective_from\n");
    buffer_printf(&days, "store_id,date,open,close,note\n*,2023-01-01,,,\n");
    buffer_printf(&exclusions,
                  "store_id,from_utc,to_utc,reason\n*,2023-01-01 00:00:00,2023-01-02 00:00:00,\n");
    for (size_t i = 0; i < COUNT_OF(ids); i++)
      put_random_text(&ids[i], &state, i == 0 ? 252 : 12);
    buffer_printf(&attributes_text, "store_id");
    for (int i = 0; i < 5; i++) {
      size_t at = attributes_text.length;
      buffer_printf(&attributes_text, ",");
      put_random_text(&attributes_text, &state, 20);
      attributes_text.bytes[at + 2] = (char)('0' + i); /* no two are the same */
      for (; at < attributes_text.length; at++)
        if (attributes_text.bytes[at] == '\x7f') /* a header has to be text */
          attributes_text.bytes[at] = '-';
    }
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
      buffer_put(&attributes_text, "\n", 1);
      buffer_put(&attributes_text, ids[i].bytes, ids[i].length);
      for (int k = 0; k < 5; k++) {
        buffer_printf(&attributes_text, ",");
        if (random_below(&state, 2))
          put_random_note(&attributes_text, &state, 50);
      }
    }
    for (int i = 0; i < 200; i++) {
      const struct buffer *id = &ids[random_below(&state, COUNT_OF(ids))];
      buffer_put(&polls, id->bytes, id->length);
      buffer_printf(&polls, ",%sactive,2023-01-%02u 10:00:%02u.%06u\n", i % 3 ? "" : "in",
                    (unsigned)(1 + random_below(&state, 5)), (unsigned)random_below(&state, 60),
                    (unsigned)random_below(&state, 1000000));
      if (i % 5)
        continue;
      buffer_put(&hours, id->bytes, id->length);
      if (i % 10)
        buffer_printf(&hours, ",%u,0%u:00,1%u:00,2023-0%u-01\n", (unsigned)random_below(&state, 7),
                      (unsigned)random_below(&state, 10), (unsigned)random_below(&state, 10),
                      (unsigned)(1 + random_below(&state, 2)));
      else
        buffer_printf(&hours, ",0,closed,,2023-03-01\n");
      buffer_put(&days, id->bytes, id->length);
      buffer_printf(&days, ",2023-01-%02d,0%u:00,10:00,", 1 + i % 28,
                    (unsigned)random_below(&state, 10));
      put_random_note(&days, &state, 50);
      buffer_put(&days, "\n", 1);
      buffer_put(&exclusions, id->bytes, id->length);
      buffer_printf(&exclusions, ",2023-01-01 00:00:00,2023-01-02 00:00:%02u,",
                    (unsigned)random_below(&state, 60));
      put_random_note(&exclusions, &state, 50);
      buffer_put(&exclusions, "\n", 1);
    }
    load(database, LOOM_POLLS, polls.bytes);
    load(database, LOOM_HOURS, hours.bytes);
    load(database, LOOM_SPECIAL_DAYS, days.bytes);
    load(database, LOOM_EXCLUSIONS, exclusions.bytes);
    load(database, LOOM_ATTRIBUTES, attributes_text.bytes);
    assert_round_trip(database);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
      buffer_free(&ids[i]);
    buffer_free(&polls);
    buffer_free(&hours);
    buffer_free(&days);
    buffer_free(&exclusions);
    buffer_free(&attributes_text);
    loom_database_close(database);
  }
}

/* More than one stretch of text. */
static void long_exports(void **state) {
  (void)state;
  struct buffer text = {0};
  loom_database *database = memory_database();
  buffer_printf(&text, "store_id,status,timestamp_utc\n");
  for (int i = 0; i < 20000; i++)
    buffer_printf(&text, "%d,active,2023-01-%02d 10:%02d:%02d.000000 UTC\n", 10 + i / 3600,
                  1 + i / 3600, i / 60 % 60, i % 60);
  load(database, LOOM_POLLS, text.bytes);
  struct buffer found = export_all(database, LOOM_POLLS);
  assert_true(found.length > 3 * 256 * 1024);
  assert_buffer_equal(&text, &found);
  buffer_free(&found);
  buffer_free(&text);
  loom_database_close(database);
}

/* An export sees one snapshot, and lets it go when it is freed, however far it came. */
static void freed_half_way(void **state) {
  (void)state;
  loom_error error;
  loom_export *export;
  const char *text;
  size_t length;
  loom_database *database = memory_database();
  load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  for (int steps = 0; steps < 3; steps++) {
    assert_status(loom_export_new(database, LOOM_TIMEZONES, &export, &error), LOOM_OK, &error);
    for (int i = 0; i < steps; i++)
      loom_export_next(export, &text, &length, &error);
    loom_export_free(export);
    load(database, LOOM_TIMEZONES, "store_id,timezone_str\na,UTC\n");
  }
  loom_export_free(NULL);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing),
      cmocka_unit_test(each_kind),
      cmocka_unit_test(hours_of_both_layers),
      cmocka_unit_test(zones_and_days_of_both_layers),
      cmocka_unit_test(layers_survive),
      cmocka_unit_test(each_layer_for_itself),
      cmocka_unit_test(attributes),
      cmocka_unit_test(long_attributes),
      cmocka_unit_test(any_bytes_survive),
      cmocka_unit_test(long_exports),
      cmocka_unit_test(freed_half_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
