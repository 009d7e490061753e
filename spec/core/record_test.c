/*
** Tests of rows: what typed records they become, and the short way of reading a timestamp, which must agree with the long one.
*/
#include "rows.h"
#include "storage.h"

#include "time/civil.h"
#include "read/record.h"
#include "measure/schedule.h"
#include "support.h"

static struct loom_id_table ids, texts; /* of the reader in use */

static void begin(struct loom_record_reader *reader, enum loom_kind kind, const char *header) {
  loom_error error;
  struct loom_csv_row row;
  loom_id_table_init(&ids);
  loom_id_table_init(&texts);
  *reader =
      (struct loom_record_reader){.zones = loom_zones_new(NULL), .ids = &ids, .texts = &texts};
  make_row(&row, header);
  assert_status(loom_columns_find(kind, &row, &reader->columns, &error), LOOM_OK, &error);
}

static void end(struct loom_record_reader *reader) {
  loom_id_table_free(&ids);
  loom_id_table_free(&texts);
  loom_zones_free(reader->zones);
}

static void polls(void **state) {
  (void)state;
  struct loom_record_reader reader;
  struct loom_csv_row row;
  struct loom_poll_record poll;
  struct loom_row_problem problem;
  begin(&reader, LOOM_POLLS, "timestamp_utc,store_id,status");
  make_row(&row, "1970-01-02 00:00:01.5,a,active");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_GOOD);
  assert_int_equal(loom_poll_instant(poll.poll), LOOM_DAY + 1500000);
  assert_true(loom_poll_active(poll.poll));
  assert_int_equal(poll.day, 1);
  assert_int_equal(poll.store, 0);
  /* The offset decides the day. */
  make_row(&row, "1970-01-01 00:30:00+01:00,b,inactive");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_GOOD);
  assert_int_equal(poll.day, -1);
  assert_int_equal(poll.store, 1);
  make_row(&row, "0000086400,b,ACTIVE");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_GOOD);
  assert_int_equal(poll.day, 1);
  assert_true(loom_poll_active(poll.poll));
  make_row(&row, "1970-01-01 00:30,b,Inactive");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_GOOD);
  assert_int_equal(loom_poll_instant(poll.poll), 30 * LOOM_MINUTE);
  assert_false(loom_poll_active(poll.poll));
  /* A row that is refused leaves no id behind. */
  make_row(&row, "1970-01-01 00:30:00,c,inactive.");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_BAD);
  assert_string_equal(problem.column, "status");
  assert_memory_equal(problem.value.text, "inactive.", problem.value.length);
  make_row(&row, "1970-01-01 00:30:00,c");
  assert_int_equal(loom_record_read_poll(&reader, &row, &poll, &problem), LOOM_RECORD_BAD);
  assert_null(problem.column);
  assert_string_equal(problem.reason, "has 2 fields, but the header has 3");
  assert_int_equal(reader.ids->count, 2);
  end(&reader);
}

/* Timestamps near the common form, each after one that sets the date the short way remembers. */
static void short_way_agrees_with_the_long_one(void **test) {
  (void)test;
  static const char alphabet[] = "0123456789:.- TUZ+x/";
  uint64_t state = 15;
  size_t good = 0, bad = 0;
  struct loom_record_reader reader;
  begin(&reader, LOOM_POLLS, "timestamp_utc,store_id,status");
  for (int round = 0; round < 20000; round++) {
    char text[100];
    int64_t expected;
    struct loom_csv_row row;
    struct loom_poll_record poll;
    struct loom_row_problem problem;
    snprintf(text, sizeof text, "2023-01-2%d %02d:%02d:%02d.%06d UTC,a,active",
             (int)random_below(&state, 10), (int)random_below(&state, 26),
             (int)random_below(&state, 62), (int)random_below(&state, 62),
             (int)random_below(&state, 1000000));
    for (uint64_t changes = random_below(&state, 2); changes > 0; changes--)
      text[random_below(&state, 30)] = alphabet[random_below(&state, sizeof alphabet - 1)];
    make_row(&row, text);
    const char *reason = loom_parse_timestamp(text, 30, &expected);
    enum loom_record_result result = loom_record_read_poll(&reader, &row, &poll, &problem);
    assert_int_equal(result, reason ? LOOM_RECORD_BAD : LOOM_RECORD_GOOD);
    if (reason) {
      assert_string_equal(problem.reason, reason);
      bad++;
    } else {
      assert_int_equal(loom_poll_instant(poll.poll), expected);
      assert_int_equal(poll.day, loom_date_of_instant(expected));
      good++;
    }
  }
  assert_true(good > 1000 && bad > 1000);
  end(&reader);
}

static const struct {
  enum loom_kind kind;
  const char *row;
  struct loom_record record; /* store and text are numbers in tables that were empty before */
} good_rows[] = {
    {LOOM_HOURS,
     "a,6,00:00,24:00:00,",
     {.date = LOOM_ALWAYS, .weekday = 6, .open = 0, .close = 86400}},
    {LOOM_HOURS,
     "a,friday,9:00 AM,12:30 pm,",
     {.date = LOOM_ALWAYS, .weekday = 4, .open = 32400, .close = 45000}},
    {LOOM_HOURS, "a,0,22:30:15,02:00,1970-01-02", {.date = 1, .open = 81015, .close = 7200}},
    {LOOM_HOURS,
     "a,0,09:00,10:00,0001-01-01",
     {.date = LOOM_ALWAYS, .open = 32400, .close = 36000}},
    {LOOM_HOURS,
     "a,3,CLOSED,,",
     {.date = LOOM_ALWAYS, .weekday = 3, .open = LOOM_CLOSED, .close = LOOM_CLOSED}},
    {LOOM_HOURS,
     "a,3,closed,Closed,",
     {.date = LOOM_ALWAYS, .weekday = 3, .open = LOOM_CLOSED, .close = LOOM_CLOSED}},
    {LOOM_TIMEZONES, "a,Europe/Paris", {.text = 0}},
    {LOOM_SPECIAL_DAYS,
     "a,1970-01-03,,,note",
     {.date = 2, .open = LOOM_CLOSED, .close = LOOM_CLOSED}},
    {LOOM_SPECIAL_DAYS,
     "*,1970-01-03,10:00,11:00,",
     {.store = LOOM_ALL_STORES, .date = 2, .open = 36000, .close = 39600}},
    {LOOM_EXCLUSIONS,
     "*,1970-01-01 00:00:00,1970-01-01 00:00:00.000001,",
     {.store = LOOM_ALL_STORES, .from = 0, .to = 1}},
    {LOOM_EXCLUSIONS, "**,1969-12-31 23:59:59Z,1970-01-01 00:00:00,why", {.from = -LOOM_SECOND}},
    {LOOM_HOURS,
     "*,0,09:00,10:00,",
     {.date = LOOM_ALWAYS, .open = 32400, .close = 36000}}, /* an id here */
};

static void good_records(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(good_rows); i++) {
    struct loom_record_reader reader;
    struct loom_csv_row row;
    struct loom_record record;
    struct loom_row_problem problem = {0};
    const struct loom_record *expected = &good_rows[i].record;
    memset(&record, 0x55, sizeof record);
    begin(&reader, good_rows[i].kind, loom_kind_header(good_rows[i].kind));
    make_row(&row, good_rows[i].row);
    assert_int_equal(loom_record_read(&reader, &row, &record, &problem), LOOM_RECORD_GOOD);
    assert_int_equal(record.store, expected->store);
    assert_int_equal(record.text, expected->text);
    assert_int_equal(record.date, expected->date);
    assert_int_equal(record.weekday, expected->weekday);
    assert_int_equal(record.open, expected->open);
    assert_int_equal(record.close, expected->close);
    assert_int_equal(record.from, expected->from);
    assert_int_equal(record.to, expected->to);
    assert_int_equal(reader.ids->count, expected->store == 0);
    end(&reader);
  }
}

/* The ids of rows that are refused take no number; the messages are in ingest_test. */
static void refused_records(void **state) {
  static const char rules_header[] =
      "store_id,from_utc,to_utc,reason,weekly,zone,from_local,to_local";
  (void)state;
  static const struct {
    enum loom_kind kind;
    const char *row, *column;
  } cases[] = {
      {LOOM_HOURS, "a,07,09:00,10:00,", "dayOfWeek"},
      {LOOM_HOURS, "a,0,24:00:01,10:00,", "start_time_local"},
      {LOOM_HOURS, "a,0,,,", "start_time_local"},
      {LOOM_HOURS, "a,0,09:00,,", "end_time_local"},
      {LOOM_HOURS, "a,0,09:00,closed,", "end_time_local"},
      {LOOM_HOURS, ",0,09:00,10:00,", "store_id"},
      {LOOM_HOURS, "a,0,09:00,10:00,today", "effective_from"},
      {LOOM_TIMEZONES, "a,/etc/localtime", "timezone_str"},
      {LOOM_TIMEZONES, "a,posixrules ", "timezone_str"},
      {LOOM_SPECIAL_DAYS, "a,1970-1-1,,,", "date"},
      {LOOM_SPECIAL_DAYS, "a,1970-01-01,,10:00,", "open"},
      {LOOM_EXCLUSIONS, "a,1970-01-01 00:00:01,1970-01-01 00:00:00,", "to_utc"},
      {LOOM_EXCLUSIONS, "a,1970-01-01,1970-01-01 00:00:00,", "from_utc"},
      {LOOM_EXCLUSIONS, "a,,,,sun 02:00,store,,", "weekly"},
      {LOOM_EXCLUSIONS, "a,,,,sun 02:00-04:00,,,", "zone"},
      {LOOM_EXCLUSIONS, "a,,,,sun 02:00-04:00,Mars,,", "zone"},
      {LOOM_EXCLUSIONS, "a,1970-01-01 00:00:01,,,sun 02:00-04:00,store,,", "from_utc"},
      {LOOM_EXCLUSIONS, "a,,x,,sun 02:00-04:00,store,,", "to_utc"},
      {LOOM_EXCLUSIONS, "a,,,,sun 02:00-04:00,store,1970-01-01 10:00,", "from_local"},
      {LOOM_EXCLUSIONS, "a,,,,sun 02:00-04:00,store,1970-01-02,1970-01-02", "to_local"},
      {LOOM_EXCLUSIONS, "a,,,,,store,1970-01-02,", "to_local"},
      {LOOM_EXCLUSIONS, "a,,,,,store,1970-01-02 10:00,1970-01-02 10:00Z", "to_local"},
      {LOOM_EXCLUSIONS, "a,,,,,,1970-01-02,1970-01-03", "zone"},
      {LOOM_EXCLUSIONS, "a,,,,,,,", "from_utc"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_record_reader reader;
    struct loom_csv_row row;
    struct loom_record record;
    struct loom_row_problem problem = {0};
    make_row(&row, cases[i].row);
    begin(&reader, cases[i].kind, row.count == 8 ? rules_header : loom_kind_header(cases[i].kind));
    assert_int_equal(loom_record_read(&reader, &row, &record, &problem), LOOM_RECORD_BAD);
    assert_string_equal(problem.column, cases[i].column);
    assert_true(strlen(problem.reason) > 0);
    assert_int_equal(reader.ids->count, 0);
    end(&reader);
  }
}

/* ---- attributes ---- */

static loom_status find_attributes(struct loom_record_reader *reader, const char *header,
                                   loom_error *error) {
  struct loom_csv_row row;
  make_row(&row, header);
  loom_status status = loom_columns_find(LOOM_ATTRIBUTES, &row, &reader->columns, error);
  return status == LOOM_OK ? loom_attributes_find(&row, reader->columns.fields[0], reader->texts,
                                                  &reader->attributes, error)
                           : status;
}

static void assert_text(const struct loom_record_reader *reader, uint32_t text,
                        const char *expected) {
  size_t length;
  const char *bytes = loom_id_table_get(reader->texts, text, &length);
  assert_int_equal(length, strlen(expected));
  if (length)
    assert_memory_equal(bytes, expected, length);
}

/* Every column but store_id, wherever that is. */
static void attributes(void **state) {
  (void)state;
  static const char *const headers[] = {"STORE_ID,region,Type", "region,Store_Id,Type",
                                        "region,Type,store_id"};
  static const char *const rows[] = {"s,west,", "west,s,", "west,,s"};
  for (size_t i = 0; i < COUNT_OF(headers); i++) {
    loom_error error;
    uint32_t store;
    struct loom_csv_row row;
    struct loom_record record;
    struct loom_row_problem problem;
    struct loom_record_reader reader;
    begin(&reader, LOOM_ATTRIBUTES, "store_id");
    assert_status(find_attributes(&reader, headers[i], &error), LOOM_OK, &error);
    assert_int_equal(reader.attributes.count, 2);
    assert_text(&reader, reader.attributes.items[0].name, "region");
    assert_text(&reader, reader.attributes.items[1].name, "Type");
    make_row(&row, rows[i]);
    assert_int_equal(loom_record_check_attributes(&reader, &row, &store, &problem),
                     LOOM_RECORD_GOOD);
    memset(&record, 0x55, sizeof record);
    assert_int_equal(loom_record_read_attribute(&reader, &row, store, 0, &record),
                     LOOM_RECORD_GOOD);
    assert_int_equal(record.store, 0);
    assert_text(&reader, record.name, "region");
    assert_text(&reader, record.text, "west");
    assert_int_equal(loom_record_read_attribute(&reader, &row, store, 1, &record),
                     LOOM_RECORD_GOOD);
    assert_text(&reader, record.name, "Type");
    assert_text(&reader, record.text, "");
    end(&reader);
  }
}

/* A row is good as a whole or not at all, and of a bad one no id is left. */
static void refused_attributes(void **state) {
  (void)state;
  loom_error error;
  uint32_t store;
  struct loom_csv_row row;
  struct loom_row_problem problem;
  struct loom_record_reader reader;
  struct buffer text = {0};
  begin(&reader, LOOM_ATTRIBUTES, "store_id");
  assert_status(find_attributes(&reader, "a,store_id,b", &error), LOOM_OK, &error);
  make_row(&row, "1,s");
  assert_int_equal(loom_record_check_attributes(&reader, &row, &store, &problem), LOOM_RECORD_BAD);
  assert_null(problem.column);
  assert_string_equal(problem.reason, "has 2 fields, but the header has 3");
  make_row(&row, "1,,2");
  assert_int_equal(loom_record_check_attributes(&reader, &row, &store, &problem), LOOM_RECORD_BAD);
  assert_string_equal(problem.column, "store_id");
  buffer_printf(&text, "1,s,");
  for (int i = 0; i < LOOM_NOTE_MAX / 16; i++)
    buffer_printf(&text, "0123456789abcdef");
  buffer_printf(&text, "!");
  make_row(&row, text.bytes);
  assert_int_equal(loom_record_check_attributes(&reader, &row, &store, &problem), LOOM_RECORD_BAD);
  assert_string_equal(problem.column, "attribute");
  assert_int_equal(problem.value.length, LOOM_NOTE_MAX + 1);
  assert_string_equal(problem.reason, "is longer than 4096 bytes");
  assert_int_equal(reader.ids->count, 0);
  text.bytes[text.length - 1] = '\0';
  make_row(&row, text.bytes);
  assert_int_equal(loom_record_check_attributes(&reader, &row, &store, &problem), LOOM_RECORD_GOOD);
  assert_int_equal(reader.ids->count, 1);
  buffer_free(&text);
  end(&reader);
}

/* As they come from inside quotes. */
static void blanks_are_kept_in_texts_alone(void **state) {
  (void)state;
  static const struct {
    enum loom_kind kind;
    const char *header, *row, *text; /* NULL: it is a poll, or has none */
  } cases[] = {
      {LOOM_POLLS, " store_id\t, status ,timestamp_utc ", " a , active\t, 2024-01-01 10:00:00 ",
       NULL},
      {LOOM_HOURS, "store_id,day ,start_time_local,end_time_local", "\ta,\t1 , 10:00 ,11:00 ",
       NULL},
      {LOOM_HOURS, "store_id,day ,start_time_local,end_time_local", "\ta,1, Closed , ", NULL},
      {LOOM_TIMEZONES, "store_id,timezone_str", "a , UTC ", "UTC"},
      {LOOM_SPECIAL_DAYS, "store_id,date,open,close, note",
       " a, 2024-01-01 , 10:00,11:00 , so\tthere ", " so\tthere "},
      {LOOM_SPECIAL_DAYS, "store_id,date,open,close,note", "a,2024-01-01,closed,,\t", "\t"},
      {LOOM_EXCLUSIONS, "store_id,from_utc,to_utc,reason",
       " a,1970-01-01 00:00:00 ,1970-01-01 00:00:01\t, x", " x"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_record_reader reader;
    struct loom_csv_row row;
    struct loom_record record;
    struct loom_poll_record poll;
    struct loom_row_problem problem = {.reason = ""};
    size_t length;
    begin(&reader, cases[i].kind, cases[i].header);
    make_row(&row, cases[i].row);
    enum loom_record_result result = cases[i].kind == LOOM_POLLS
                                         ? loom_record_read_poll(&reader, &row, &poll, &problem)
                                         : loom_record_read(&reader, &row, &record, &problem);
    if (result != LOOM_RECORD_GOOD)
      fail_msg("%s: %s", cases[i].row, problem.reason);
    const char *id = loom_id_table_get(reader.ids, 0, &length);
    assert_true(length == 1 && *id == 'a');
    if (cases[i].text) {
      const char *text = loom_id_table_get(reader.texts, record.text, &length);
      assert_int_equal(length, strlen(cases[i].text));
      assert_memory_equal(text, cases[i].text, length);
    }
    end(&reader);
  }
}

static void special_days_that_are_closed(void **state) {
  (void)state;
  static const char *const closed[] = {",", "closed,", "CLOSED,Closed"};
  static const char *const bad[] = {",closed", "closed,10:00", "10:00,closed", "10:00,", "shut,"};
  struct loom_record_reader reader;
  struct loom_csv_row row;
  struct loom_record record;
  struct loom_row_problem problem;
  char text[80];
  begin(&reader, LOOM_SPECIAL_DAYS, "store_id,date,open,close");
  for (size_t i = 0; i < COUNT_OF(closed); i++) {
    snprintf(text, sizeof text, "a,2024-01-01,%s", closed[i]);
    make_row(&row, text);
    assert_int_equal(loom_record_read(&reader, &row, &record, &problem), LOOM_RECORD_GOOD);
    assert_true(record.open == LOOM_CLOSED && record.close == LOOM_CLOSED);
  }
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    snprintf(text, sizeof text, "a,2024-01-01,%s", bad[i]);
    make_row(&row, text);
    assert_int_equal(loom_record_read(&reader, &row, &record, &problem), LOOM_RECORD_BAD);
  }
  end(&reader);
}

static enum loom_record_result read_poll_at(struct loom_record_reader *reader, const char *when,
                                            struct loom_row_problem *problem) {
  struct loom_csv_row row;
  struct loom_poll_record poll;
  char text[80];
  snprintf(text, sizeof text, "a,active,%s", when);
  make_row(&row, text);
  return loom_record_read_poll(reader, &row, &poll, problem);
}

/* Read in the short way and in the long one. */
static void polls_of_the_future(void **state) {
  (void)state;
  struct loom_record_reader reader;
  struct loom_row_problem problem;
  begin(&reader, LOOM_POLLS, "store_id,status,timestamp_utc");
  assert_int_equal(read_poll_at(&reader, "9999-12-31 23:59:59.999999 UTC", &problem),
                   LOOM_RECORD_GOOD);
  assert_null(loom_parse_timestamp("2024-01-02 10:00:00", 19, &reader.latest));
  static const char *const good[] = {"2024-01-02 10:00:00.000000 UTC", "2024-01-02 10:00:00",
                                     "2024-01-02 12:00:00+02:00", "0001-01-01 00:00:00"};
  static const char *const bad[] = {"2024-01-02 10:00:00.000001 UTC", "2024-01-02 10:00:00.000001",
                                    "2024-01-02 07:59:59-02:01", "9999-12-31 23:59:59.999999 UTC"};
  for (size_t i = 0; i < COUNT_OF(good); i++)
    assert_int_equal(read_poll_at(&reader, good[i], &problem), LOOM_RECORD_GOOD);
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    assert_int_equal(read_poll_at(&reader, bad[i], &problem), LOOM_RECORD_BAD);
    assert_true(problem.well_formed);
    assert_string_equal(problem.column, "timestamp_utc");
    assert_int_equal(problem.value.length, strlen(bad[i]));
    assert_string_equal(problem.reason,
                        "is too far in the future: after 2024-01-02 10:00:00.000000 UTC,"
                        " which is max_ahead from now");
  }
  assert_int_equal(read_poll_at(&reader, "2024-13-02", &problem), LOOM_RECORD_BAD);
  assert_false(problem.well_formed);
  end(&reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(polls),
      cmocka_unit_test(short_way_agrees_with_the_long_one),
      cmocka_unit_test(good_records),
      cmocka_unit_test(refused_records),
      cmocka_unit_test(attributes),
      cmocka_unit_test(refused_attributes),
      cmocka_unit_test(polls_of_the_future),
      cmocka_unit_test(blanks_are_kept_in_texts_alone),
      cmocka_unit_test(special_days_that_are_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
