/*
** Tests of texts of polls: the same polls are the same in each format, bad ones included; and a text is read whatever it has too
** much of. What JSON itself may be is in json_polls_test, and what rows may be in ingest_test.
*/
#include "storage.h"

#include "time/civil.h"
#include "read/poll_text.h"
#include "support.h"

#define FORMATS 3
#define NOW INT64_C(1700000000123456)

/* Reads a text into a new staging. */
static loom_status read_text(const struct loom_poll_text *options, const char *text,
                             loom_staging **staging, loom_error *error) {
  size_t size = strlen(text);
  char *copy = malloc(size + 1); /* which is changed */
  assert_non_null(copy);
  memcpy(copy, text, size + 1);
  *staging = loom_poll_text_staging(size);
  assert_non_null(*staging);
  loom_status status = loom_poll_text_read(options, copy, size, *staging, error);
  assert_int_equal((*staging)->complete, status == LOOM_OK);
  free(copy);
  return status;
}

/* ---- each format says the same ---- */

struct written {
  struct buffer of[FORMATS]; /* by enum loom_poll_format */
};

static void begin_texts(struct written *written) {
  *written = (struct written){0};
  buffer_printf(&written->of[LOOM_POLLS_JSON], "[");
  buffer_printf(&written->of[LOOM_POLLS_CSV], "store_id,status,timestamp_utc\n");
}

static void put_poll(struct written *written, const char *id, const char *status,
                     const char *when) {
  struct buffer *json = &written->of[LOOM_POLLS_JSON];
  buffer_printf(json, "%s\n{\"store_id\":\"%s\",\"status\":\"%s\",\"timestamp_utc\":\"%s\"}",
                json->length > 1 ? "," : "", id, status, when);
  buffer_printf(&written->of[LOOM_POLLS_NDJSON],
                "{\"timestamp_utc\":\"%s\",\"status\":\"%s\",\"store_id\":\"%s\"}\n", when, status,
                id);
  buffer_printf(&written->of[LOOM_POLLS_CSV], "%s,%s,%s\n", id, status, when);
}

static void end_texts(struct written *written) {
  buffer_printf(&written->of[LOOM_POLLS_JSON], "]");
}

/* What is not the same is where a bad poll stands: lines are those of the format. */
static void put_rejects(struct buffer *out, loom_staging *staging) {
  struct loom_reject reject;
  while (loom_staging_take_reject(staging, &reject)) {
    buffer_printf(out, "%llu %d %s ", (unsigned long long)reject.number, reject.well_formed,
                  reject.column);
    buffer_put(out, reject.value, reject.value_length);
    buffer_printf(out, " %s\n", reject.reason);
    assert_int_equal(reject.row_length, 0);
  }
}

static void formats_say_the_same(void **state) {
  (void)state;
  static const char *const ids[] = {"a", "b", "\xc3\xa9", ""};
  static const char *const statuses[] = {"active", "inactive", "active", "inactive", "up"};
  static const char *const times[] = {"2023-01-01 00:00:00", "2023-01-01T00:00:00.000001Z",
                                      "2023-01-02 00:00:00 UTC", "2023-02-30 00:00:00",
                                      "2024-01-01 00:00:00"};
  uint64_t random = 51;
  loom_zones *zones = loom_zones_new(NULL);
  for (int round = 0; round < 60; round++) {
    struct written written;
    struct buffer rejects[FORMATS] = {{0}}, contents[FORMATS];
    struct loom_counts counts[FORMATS];
    begin_texts(&written);
    for (uint64_t left = random_below(&random, 300); left > 0;
         left--) /* more bad ones than are kept, too */
      put_poll(&written, ids[random_below(&random, COUNT_OF(ids))],
               statuses[random_below(&random, COUNT_OF(statuses))],
               times[random_below(&random, COUNT_OF(times))]);
    end_texts(&written);
    for (int format = 0; format < FORMATS; format++) {
      loom_error error;
      loom_staging *staging;
      loom_database *database = memory_database();
      struct loom_poll_text options = {.format = (enum loom_poll_format)format,
                                       .now = NOW,
                                       .latest = NOW,
                                       .max_rejects = LOOM_ALL_REJECTS,
                                       .zones = zones};
      assert_status(read_text(&options, written.of[format].bytes ? written.of[format].bytes : "",
                              &staging, &error),
                    LOOM_OK, &error);
      counts[format] = store(staging, database);
      contents[format] = dump(database);
      assert_int_equal(staging->rejects.count, counts[format].rejected < LOOM_REJECTS_SHOWN
                                                   ? counts[format].rejected
                                                   : LOOM_REJECTS_SHOWN);
      put_rejects(&rejects[format], staging);
      loom_staging_free(staging);
      loom_database_close(database);
    }
    for (int format = 0; format < FORMATS; format++) {
      assert_memory_equal(&counts[0], &counts[format], sizeof *counts);
      assert_buffer_equal(&contents[0], &contents[format]);
      assert_buffer_equal(&rejects[0], &rejects[format]);
    }
    for (int format = 0; format < FORMATS; format++) {
      buffer_free(&contents[format]);
      buffer_free(&rejects[format]);
      buffer_free(&written.of[format]);
    }
  }
  loom_zones_free(zones);
}

/* ---- what fails, and what is known then ---- */

static void too_many_are_bad(void **state) {
  (void)state;
  static const char *const texts[FORMATS] = {
      [LOOM_POLLS_JSON] =
          "[{\"store_id\":\"a\",\"status\":\"active\",\"timestamp_utc\":\"2023-01-01 00:00:00\"},"
          "{\"store_id\":\"a\",\"status\":\"up\",\"timestamp_utc\":\"2023-01-01 00:00:00\"},"
          "{\"store_id\":\"a\",\"status\":\"on\",\"timestamp_utc\":\"2023-01-01 00:00:00\"}]",
      [LOOM_POLLS_NDJSON] =
          "{\"store_id\":\"a\",\"status\":\"active\",\"timestamp_utc\":\"2023-01-01 00:00:00\"}\n"
          "{\"store_id\":\"a\",\"status\":\"up\",\"timestamp_utc\":\"2023-01-01 00:00:00\"}\n"
          "{\"store_id\":\"a\",\"status\":\"on\",\"timestamp_utc\":\"2023-01-01 00:00:00\"}",
      [LOOM_POLLS_CSV] = ("store_id,status,timestamp_utc\na,active,2023-01-01 00:00:00\n"
                          "a,up,2023-01-01 00:00:00\na,on,2023-01-01 00:00:00\n"),
  };
  loom_zones *zones = loom_zones_new(NULL);
  for (int format = 0; format < FORMATS; format++) {
    for (uint64_t limit = 0; limit < 4; limit++) {
      loom_error error;
      loom_staging *staging;
      struct loom_poll_text options = {
          .format = (enum loom_poll_format)format, .max_rejects = limit, .zones = zones};
      assert_status(read_text(&options, texts[format], &staging, &error),
                    limit < 2 ? LOOM_EINPUT : LOOM_OK, &error);
      if (limit < 2)
        assert_string_equal(error.message,
                            "2 of 3 polls are bad: number 2: status: \"up\" is not a status"
                            " (active or inactive)");
      assert_counts(&staging->counts, 3, 0, 0, 0, 2);
      assert_int_equal(staging->rejects.count, 2);
      loom_staging_free(staging);
    }
  }
  loom_zones_free(zones);
}

/* What cannot be read to its end may still tell of what was bad before. */
static void texts_that_cannot_be_read(void **state) {
  (void)state;
  static const struct {
    enum loom_poll_format format;
    const char *text, *message;
    uint64_t rows, rejected;
  } cases[] = {
      {LOOM_POLLS_JSON, "", "neither an object nor an array", 0, 0},
      {LOOM_POLLS_JSON, "\n[1,\n2", "line 3: a comma or a closing bracket is missing", 2, 2},
      {LOOM_POLLS_CSV, "", "body: is empty: expected a header with store_id,status,timestamp_utc",
       0, 0},
      {LOOM_POLLS_CSV, "store_id\n", "has no column status", 0, 0},
  };
  loom_zones *zones = loom_zones_new(NULL);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_error error;
    loom_staging *staging;
    struct loom_poll_text options = {
        .format = cases[i].format, .max_rejects = LOOM_ALL_REJECTS, .zones = zones};
    assert_status(read_text(&options, cases[i].text, &staging, &error), LOOM_EINPUT, &error);
    if (!strstr(error.message, cases[i].message))
      print_error("%s\n", error.message);
    assert_non_null(strstr(error.message, cases[i].message));
    assert_counts(&staging->counts, cases[i].rows, 0, 0, 0, cases[i].rejected);
    loom_staging_free(staging);
  }
  loom_zones_free(zones);
}

/* A poll of JSON without a timestamp is of now, to the microsecond; one whose timestamp is null is bad, though well formed. */
static void now(void **state) {
  (void)state;
  loom_zones *zones = loom_zones_new(NULL);
  for (int by_line = 0; by_line < 2; by_line++) {
    loom_error error;
    loom_staging *staging;
    struct loom_reject reject;
    loom_database *database = memory_database();
    struct loom_poll_text options = {.format = by_line ? LOOM_POLLS_NDJSON : LOOM_POLLS_JSON,
                                     .now = NOW,
                                     .latest = NOW, /* now is not after it */
                                     .max_rejects = 1,
                                     .zones = zones};
    const char *text = by_line
                           ? "{\"store_id\":\"a\",\"status\":\"active\"}\n"
                             "{\"store_id\":\"a\",\"status\":\"active\",\"timestamp_utc\":null}"
                           : "[{\"store_id\":\"a\",\"status\":\"active\"},"
                             "{\"store_id\":\"a\",\"status\":\"active\",\"timestamp_utc\":null}]";
    assert_status(read_text(&options, text, &staging, &error), LOOM_OK, &error);
    store(staging, database);
    assert_counts(&staging->counts, 2, 1, 0, 0, 1);
    assert_int_equal(number(database, "SELECT newest_poll FROM store"), NOW);
    assert_true(loom_staging_take_reject(staging, &reject));
    assert_true(reject.well_formed);
    assert_string_equal(reject.reason, "is null: leave it out for now");
    loom_staging_free(staging);
    loom_database_close(database);
  }
  loom_zones_free(zones);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_say_the_same),
      cmocka_unit_test(too_many_are_bad),
      cmocka_unit_test(texts_that_cannot_be_read),
      cmocka_unit_test(now),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
