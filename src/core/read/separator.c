/*
** Finding the separator.
*/
#include "read/separator.h"

#include <string.h>
#include <strings.h>

static bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

/* The length of a line that begins at text, with its end; 0: its end is not in sight. *content is that without the end. */
static size_t line_length(const char *text, size_t size, bool last, size_t *content) {
  size_t at = 0;
  for (bool quoted = false; at < size && (quoted || !is_line_end(text[at])); at++)
    quoted ^= text[at] == '"';
  *content = at;
  if (at == size)
    return last ? at : 0;
  if (text[at] == '\r' && at + 1 == size && !last)
    return 0; /* a line feed may follow */
  return at + 1 + (text[at] == '\r' && at + 1 < size && text[at + 1] == '\n');
}

/* Whether a line is `sep=` and one character, in quotes or not. */
static bool says_so(const char *line, size_t length, char *character) {
  if (length == 7 && line[0] == '"' && line[6] == '"') {
    line++;
    length -= 2;
  }
  if (length != 5 || strncasecmp(line, "sep=", 4) != 0)
    return false;
  *character = line[4];
  return true;
}

/* Whether a line has nothing in it, whatever separates its fields. */
static bool is_blank_line(const char *line, size_t length) {
  while (length && memchr(" \t,;", *line, 4)) {
    line++;
    length--;
  }
  return length == 0;
}

/* A tab beside another separator, or at an end of the line, is a blank. */
static bool is_blank_tab(const char *line, const char *tab, const char *end) {
  const char *before = tab, *after = tab + 1;
  while (before > line && (before[-1] == ' ' || before[-1] == '\t'))
    before--;
  while (after < end && (*after == ' ' || *after == '\t'))
    after++;
  return before == line || memchr(",;", before[-1], 2) || after == end || memchr(",;", *after, 2);
}

/* The first separator of a header that stands outside of quotes; a comma if there is none. */
static char first_separator(const char *line, const char *end) {
  bool quoted = false;
  for (const char *at = line; at < end; at++) {
    if (*at == '"')
      quoted = !quoted;
    if (!quoted && (*at == ',' || *at == ';' || (*at == '\t' && !is_blank_tab(line, at, end))))
      return *at;
  }
  return ',';
}

bool loom_separator_find(const char *text, size_t size, bool last,
                         struct loom_separator *separator) {
  size_t content, length = line_length(text, size, last, &content);
  *separator = (struct loom_separator){',', 0};
  if (length && says_so(text, content, &separator->character)) {
    separator->skip = length;
    return true;
  }
  while (length && is_blank_line(text, content)) {
    text += length;
    size -= length;
    length = line_length(text, size, last, &content);
  }
  separator->character = first_separator(text, text + content);
  return last || length;
}
