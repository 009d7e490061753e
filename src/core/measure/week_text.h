/*
** Weeks as people write them: days, and their spans.
**
**   sun 02:00-04:00
**   mon-fri 01:00-02:00,22:00-23:30; sat,sun 22:00-06:00
**   daily 03:00-03:10
**
** Days are named as in files (loom_parse_weekday), with commas between them, or a dash from one to another; spans are of times as
** in files (loom_parse_time_of_day), and a close at or before the open is on the next day. Semicolons stand between days of other
** spans, and blanks anywhere between words.
*/
#ifndef LOOM_WEEK_TEXT_H
#define LOOM_WEEK_TEXT_H

#include "base/text.h"
#include "measure/hours.h"

#include <stddef.h>

/*
** Reads up to `most` openings, which are in the order of the text, and may be there more than once. NULL, or why it is no week, in
** words that complete `"TEXT" …`.
*/
const char *loom_week_parse(const char *text, size_t length, struct loom_hours *openings,
                            size_t most, size_t *count);

#define LOOM_WEEK_TEXT_SIZE(count) ((count)*32) /* bytes that openings may take */

/* Puts openings in the order of their weekdays and times: the shortest text that says the same of days that follow each other. */
void loom_week_put(struct loom_text *text, const struct loom_hours *openings, size_t count);

#endif
