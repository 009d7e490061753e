/*
** Polls as JSON (RFC 8259): one object, an array of them, or one to a line. An object's members are store_id, status and
** timestamp_utc; others are ignored.
**
**   loom_json_polls_begin → loom_json_polls_next, until LOOM_DONE
*/
#ifndef LOOM_JSON_POLLS_H
#define LOOM_JSON_POLLS_H

#include "base/error.h"
#include "read/csv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loom_json_member {
  LOOM_JSON_STORE_ID,
  LOOM_JSON_STATUS,
  LOOM_JSON_TIMESTAMP,
  LOOM_JSON_MEMBERS
};

struct loom_json_value {
  struct loom_csv_field text; /* of a string what it says, of anything else how it is written */
  bool present, is_string, is_null;
};

struct loom_json_poll {
  struct loom_json_value members[LOOM_JSON_MEMBERS];
  uint64_t number, line; /* from 1 */
  const char *problem;   /* NULL, or why it is no object; completes `the row …` */
};

struct loom_json_polls {
  char *at, *end;
  uint64_t number, line;
  bool by_line, in_array, started, ended;
  const char *problem; /* of the syntax */
};

/* Begins to read a text, which is changed by reading it and must stay in place. */
void loom_json_polls_begin(struct loom_json_polls *polls, char *text, size_t size, bool by_line);

/*
** Takes the next poll. LOOM_DONE: there are no more. LOOM_EINPUT: the text is not JSON, and cannot be read further; where
** polls come by line, it is the line's problem instead.
*/
loom_status loom_json_polls_next(struct loom_json_polls *polls, struct loom_json_poll *poll,
                                 loom_error *error);

#endif
