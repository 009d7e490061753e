/*
** Polls as JSON: what is JSON, and how many elements it has, SQLite says, too. Loom refuses more: values that are nested too
** deeply, and halves of surrogate pairs.
*/
#include "fuzz.h"

#include "read/json_polls.h"

#include <sqlite3.h>

static sqlite3 *sqlite;
static sqlite3_stmt *is_json, *elements;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  assert_int_equal(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(sqlite, "SELECT json_valid(?), json_type(?1)", -1, &is_json, NULL),
      SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(
          sqlite, "SELECT count(*), count(*) FILTER (WHERE type <> 'object') FROM json_each(?)", -1,
          &elements, NULL),
      SQLITE_OK);
  return 0;
}

enum shape { NOT_JSON, SCALAR, OBJECT, ARRAY };

/* What SQLite takes a text for, which must hold no NUL: it would end there. */
static enum shape shape_of(const char *text, size_t size) {
  enum shape shape = NOT_JSON;
  sqlite3_bind_text(is_json, 1, text, (int)size, SQLITE_STATIC);
  if (sqlite3_step(is_json) == SQLITE_ROW && sqlite3_column_int(is_json, 0)) {
    const char *type = (const char *)sqlite3_column_text(is_json, 1);
    shape = strcmp(type, "object") == 0 ? OBJECT : strcmp(type, "array") == 0 ? ARRAY : SCALAR;
  }
  sqlite3_reset(is_json);
  return shape;
}

static void count_elements(const char *text, size_t size, uint64_t *count, uint64_t *others) {
  sqlite3_bind_text(elements, 1, text, (int)size, SQLITE_STATIC);
  assert_int_equal(sqlite3_step(elements), SQLITE_ROW);
  *count = (uint64_t)sqlite3_column_int64(elements, 0);
  *others = (uint64_t)sqlite3_column_int64(elements, 1);
  sqlite3_reset(elements);
}

/* What Loom alone does not take. */
static bool is_stricter(const char *message) {
  return strstr(message, "values are nested too deeply") ||
         strstr(message, "half of a surrogate pair is missing");
}

/* Members lie in the text, or are absent. */
static void check_members(const struct loom_json_poll *poll, const char *text, size_t size) {
  if (poll->problem)
    return;
  for (int i = 0; i < LOOM_JSON_MEMBERS; i++) {
    const struct loom_json_value *value = &poll->members[i];
    if (!value->present)
      continue;
    assert_true(value->text.text >= text && value->text.text + value->text.length <= text + size);
    assert_true(!(value->is_string && value->is_null));
  }
}

static void read_whole(const char *text, size_t size, char *copy) {
  struct loom_json_polls polls;
  struct loom_json_poll poll;
  loom_error error = {0};
  loom_status status;
  uint64_t count = 0, others = 0, line = 1;
  loom_json_polls_begin(&polls, copy, size, false);
  while ((status = loom_json_polls_next(&polls, &poll, &error)) == LOOM_OK) {
    assert_int_equal(poll.number, ++count);
    assert_true(poll.line >= line);
    line = poll.line;
    others += poll.problem != NULL;
    check_members(&poll, copy, size);
  }
  assert_told(status, &error);
  if (memchr(text, 0, size))
    return;
  bool marked = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
  const char *start = marked ? text + 3 : text;
  enum shape shape = shape_of(start, size - (size_t)(start - text));
  bool taken = status == LOOM_DONE;
  if (taken != (shape == OBJECT || shape == ARRAY) && !(!taken && is_stricter(error.message)))
    fail_msg("%s: %s: %.*s", taken ? "taken" : "refused", taken ? "" : error.message, (int)size,
             text);
  if (!taken)
    return;
  uint64_t expected = 1, not_objects = 0;
  if (shape == ARRAY)
    count_elements(start, size - (size_t)(start - text), &expected, &not_objects);
  assert_int_equal(count, expected);
  assert_int_equal(others, not_objects);
}

static bool is_blank(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!memchr(" \t\r", text[i], 3))
      return false;
  return true;
}

static void read_lines(const char *text, size_t size, char *copy) {
  struct loom_json_polls polls;
  struct loom_json_poll poll;
  loom_error error = {0};
  size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  uint64_t line = 0, count = 0;
  loom_json_polls_begin(&polls, copy, size, true);
  while (at < size) {
    const char *end = memchr(text + at, '\n', size - at);
    size_t length = (end ? (size_t)(end - text) : size) - at;
    line++;
    if (!is_blank(text + at, length)) {
      assert_int_equal(loom_json_polls_next(&polls, &poll, &error), LOOM_OK);
      assert_int_equal(poll.number, ++count);
      assert_int_equal(poll.line, line);
      check_members(&poll, copy, size);
      if (!memchr(text + at, 0, length)) {
        bool is = shape_of(text + at, length) == OBJECT;
        if (is != !poll.problem && !(poll.problem && is_stricter(poll.problem)))
          fail_msg("%s: %.*s", poll.problem ? poll.problem : "taken", (int)length, text + at);
      }
      if (poll.problem)
        assert_one_line(poll.problem);
    }
    at += length + 1;
  }
  assert_int_equal(loom_json_polls_next(&polls, &poll, &error), LOOM_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  assert_non_null(text);
  for (int by_line = 0; by_line < 2; by_line++) {
    char *exact = malloc(size ? size : 1); /* the sanitizers see what is read beyond */
    assert_non_null(exact);
    if (size) {
      memcpy(text, data, size);
      memcpy(exact, data, size);
    }
    (by_line ? read_lines : read_whole)(text, size, exact);
    free(exact);
  }
  free(text);
  return 0;
}
