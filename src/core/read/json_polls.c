/*
** Reading of JSON in one pass and in place: strings are unescaped where they lie, since that makes none longer.
*/
#include "read/json_polls.h"
#include "base/utf8.h"

#include <string.h>

#define DEPTH_MAX 64 /* of values that are passed over: how deep the stack goes */

void loom_json_polls_begin(struct loom_json_polls *polls, char *text, size_t size, bool by_line) {
  *polls = (struct loom_json_polls){.at = text, .end = text + size, .line = 1, .by_line = by_line};
  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    polls->at += 3;
}

static bool fail(struct loom_json_polls *polls, const char *problem) {
  if (!polls->problem)
    polls->problem = problem;
  return false;
}

static bool is_blank(char byte, bool by_line) {
  return byte == ' ' || byte == '\t' || byte == '\r' || (byte == '\n' && !by_line);
}

/* Within a line that holds one poll, a line end is no blank. */
static void skip_blanks(struct loom_json_polls *polls) {
  for (; polls->at < polls->end && is_blank(*polls->at, polls->by_line); polls->at++)
    polls->line += *polls->at == '\n'; /* which nothing but blanks can hold */
}

/* The next byte that is not blank; 0 at the end. */
static char peek(struct loom_json_polls *polls) {
  skip_blanks(polls);
  return polls->at < polls->end ? *polls->at : '\0';
}

static bool take(struct loom_json_polls *polls, char byte) {
  if (peek(polls) != byte || polls->at == polls->end)
    return false;
  polls->at++;
  return true;
}

/* ---- strings ---- */

static bool read_hex(struct loom_json_polls *polls, uint32_t *code) {
  *code = 0;
  if (polls->end - polls->at < 4)
    return fail(polls, "a string ends in an escape");
  for (int i = 0; i < 4; i++) {
    char digit = *polls->at++;
    uint32_t value;
    if (digit >= '0' && digit <= '9')
      value = (uint32_t)(digit - '0');
    else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
      value = (uint32_t)((digit | 32) - 'a' + 10);
    else
      return fail(polls, "a \\u is not followed by four hexadecimal digits");
    *code = *code << 4 | value;
  }
  return true;
}

/* What follows `\u`: one code point, of one escape or of a pair. */
static bool read_unicode(struct loom_json_polls *polls, char **out) {
  uint32_t code, low;
  if (!read_hex(polls, &code))
    return false;
  if (code >= 0xd800 && code < 0xdc00 && polls->end - polls->at >= 6 &&
      memcmp(polls->at, "\\u", 2) == 0) {
    polls->at += 2;
    if (!read_hex(polls, &low))
      return false;
    if (low < 0xdc00 || low > 0xdfff)
      return fail(polls, "half of a surrogate pair is missing");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xd800 && code <= 0xdfff) {
    return fail(polls, "half of a surrogate pair is missing");
  }
  *out = loom_utf8_encode(*out, code);
  return true;
}

static bool read_escape(struct loom_json_polls *polls, char **out) {
  static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
  if (polls->at == polls->end)
    return fail(polls, "a string ends in an escape");
  char letter = *polls->at++;
  if (letter == 'u')
    return read_unicode(polls, out);
  const char *found = letter ? strchr(letters, letter) : NULL;
  if (!found)
    return fail(polls, "a string has an escape that does not exist");
  *(*out)++ = bytes[found - letters];
  return true;
}

/* A string, whose opening quote comes next. */
static bool read_string(struct loom_json_polls *polls, struct loom_csv_field *text) {
  char *start = ++polls->at, *out = start;
  while (polls->at < polls->end) {
    char byte = *polls->at;
    if ((unsigned char)byte < 0x20)
      return fail(polls, "a string holds a control character");
    polls->at++;
    if (byte == '"') {
      *text = (struct loom_csv_field){start, (size_t)(out - start)};
      return true;
    }
    if (byte != '\\')
      *out++ = byte;
    else if (!read_escape(polls, &out))
      return false;
  }
  return fail(polls, "a string has no end");
}

/* ---- values ---- */

static size_t take_digits(struct loom_json_polls *polls) {
  char *start = polls->at;
  while (polls->at < polls->end && *polls->at >= '0' && *polls->at <= '9')
    polls->at++;
  return (size_t)(polls->at - start);
}

static bool take_one_of(struct loom_json_polls *polls, char a, char b) {
  if (polls->at == polls->end || (*polls->at != a && *polls->at != b))
    return false;
  polls->at++;
  return true;
}

static bool skip_number(struct loom_json_polls *polls) {
  take_one_of(polls, '-', '-');
  bool zero = polls->at < polls->end && *polls->at == '0';
  size_t digits = take_digits(polls);
  bool good = digits == 1 || (digits > 1 && !zero);
  if (good && take_one_of(polls, '.', '.'))
    good = take_digits(polls) > 0;
  if (good && take_one_of(polls, 'e', 'E')) {
    take_one_of(polls, '+', '-');
    good = take_digits(polls) > 0;
  }
  return good || fail(polls, "a number is not written as JSON has it");
}

static bool skip_word(struct loom_json_polls *polls, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(polls->end - polls->at) < length || memcmp(polls->at, word, length) != 0)
    return fail(polls, "a value is expected, and there is none");
  polls->at += length;
  return true;
}

static bool skip_value(struct loom_json_polls *polls, int depth);

static bool skip_members(struct loom_json_polls *polls, char close, int depth) {
  struct loom_csv_field name;
  polls->at++;
  if (take(polls, close))
    return true;
  do {
    if (close == '}') {
      if (peek(polls) != '"')
        return fail(polls, "a member's name is expected, and there is none");
      if (!read_string(polls, &name))
        return false;
      if (!take(polls, ':'))
        return fail(polls, "a member's name is not followed by a colon");
    }
    if (!skip_value(polls, depth + 1))
      return false;
  } while (take(polls, ','));
  return take(polls, close) || fail(polls, "a comma or a closing bracket is missing");
}

static bool skip_value(struct loom_json_polls *polls, int depth) {
  struct loom_csv_field ignored;
  if (depth > DEPTH_MAX)
    return fail(polls, "values are nested too deeply");
  switch (peek(polls)) {
  case '"':
    return read_string(polls, &ignored);
  case '{':
    return skip_members(polls, '}', depth);
  case '[':
    return skip_members(polls, ']', depth);
  case 't':
    return skip_word(polls, "true");
  case 'f':
    return skip_word(polls, "false");
  case 'n':
    return skip_word(polls, "null");
  default:
    return skip_number(polls);
  }
}

/* ---- polls ---- */

static struct loom_json_value *member_of(struct loom_json_poll *poll, struct loom_csv_field name) {
  static const char *const names[LOOM_JSON_MEMBERS] = {"store_id", "status", "timestamp_utc"};
  for (int i = 0; i < LOOM_JSON_MEMBERS; i++)
    if (name.length == strlen(names[i]) && memcmp(name.text, names[i], name.length) == 0)
      return &poll->members[i];
  return NULL;
}

static bool read_value(struct loom_json_polls *polls, struct loom_json_value *value) {
  *value = (struct loom_json_value){.present = true};
  if (peek(polls) == '"') {
    value->is_string = true;
    return read_string(polls, &value->text);
  }
  value->text.text = polls->at;
  if (!skip_value(polls, 1))
    return false;
  value->text.length = (size_t)(polls->at - value->text.text);
  value->is_null = value->text.length == 4 && memcmp(value->text.text, "null", 4) == 0;
  return true;
}

static bool read_object(struct loom_json_polls *polls, struct loom_json_poll *poll) {
  polls->at++;
  if (take(polls, '}'))
    return true;
  do {
    struct loom_csv_field name;
    if (peek(polls) != '"')
      return fail(polls, "a member's name is expected, and there is none");
    if (!read_string(polls, &name))
      return false;
    if (!take(polls, ':'))
      return fail(polls, "a member's name is not followed by a colon");
    struct loom_json_value *member = member_of(poll, name);
    if (!(member ? read_value(polls, member) : skip_value(polls, 1)))
      return false;
  } while (take(polls, ','));
  return take(polls, '}') || fail(polls, "a comma or a closing bracket is missing");
}

static bool read_poll(struct loom_json_polls *polls, struct loom_json_poll *poll) {
  *poll = (struct loom_json_poll){.number = ++polls->number, .line = polls->line};
  if (peek(polls) == '{')
    return read_object(polls, poll);
  poll->problem = "is not an object";
  return skip_value(polls, 1);
}

/* The line's end, and the blank lines after it. */
static void skip_lines(struct loom_json_polls *polls) {
  for (; polls->at < polls->end && is_blank(*polls->at, false); polls->at++)
    polls->line += *polls->at == '\n';
}

static loom_status next_line(struct loom_json_polls *polls, struct loom_json_poll *poll) {
  skip_lines(polls);
  if (polls->at == polls->end)
    return LOOM_DONE;
  char *end = memchr(polls->at, '\n', (size_t)(polls->end - polls->at)), *whole = polls->end;
  polls->end = end ? end : whole; /* what is wrong with a line ends with it */
  polls->problem = NULL;
  bool read = read_poll(polls, poll);
  skip_blanks(polls);
  if (read && polls->at < polls->end)
    fail(polls, "something follows the object");
  if (polls->problem)
    poll->problem = polls->problem;
  polls->at = polls->end;
  polls->end = whole;
  return LOOM_OK;
}

/* Before a poll: LOOM_DONE when there is none, or when the syntax says no. */
static loom_status find_next(struct loom_json_polls *polls) {
  char byte = peek(polls);
  bool first = !polls->started;
  polls->started = true;
  if (first && byte == '[') {
    polls->in_array = true;
    polls->at++;
    if (!take(polls, ']'))
      return LOOM_OK;
  } else if (first && byte == '{') {
    return LOOM_OK;
  } else if (first) {
    fail(polls, "neither an object nor an array of objects");
  } else if (polls->in_array) {
    if (take(polls, ','))
      return LOOM_OK;
    if (!take(polls, ']'))
      fail(polls, "a comma or a closing bracket is missing");
  }
  if (!polls->problem && (skip_blanks(polls), polls->at < polls->end))
    fail(polls, "something follows the end");
  polls->ended = true;
  return LOOM_DONE;
}

loom_status loom_json_polls_next(struct loom_json_polls *polls, struct loom_json_poll *poll,
                                 loom_error *error) {
  if (polls->by_line)
    return next_line(polls, poll);
  loom_status status = LOOM_DONE;
  if (!polls->problem && !polls->ended)
    status = find_next(polls);
  if (status == LOOM_OK)
    read_poll(polls, poll);
  if (!polls->problem)
    return status;
  loom_fail(error, LOOM_EINPUT, "the body is not JSON of polls: line %llu: %s",
            (unsigned long long)polls->line, polls->problem);
  error->line = polls->line;
  return LOOM_EINPUT;
}
