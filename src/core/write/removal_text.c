/*
** What was removed as JSON, with the names that answers have.
*/
#include "write/removal_text.h"
#include "base/number_text.h"
#include "time/civil.h"

#define OBJECT_SIZE 512 /* ten members of numbers and instants */

static void put_count(struct loom_text *text, const char *name, int64_t count) {
  loom_text_put_string(text, name);
  loom_text_put_whole(text, count);
}

static void put_instant(struct loom_text *text, const char *name, int64_t instant) {
  char bytes[LOOM_TIMESTAMP_SIZE];
  loom_text_put_string(text, name);
  loom_text_put_char(text, '"');
  loom_text_put(text, bytes, loom_format_timestamp(instant, bytes));
  loom_text_put_char(text, '"');
}

bool loom_removed_put(struct loom_text *text, const struct loom_poll_extent *gone,
                      const struct loom_removed *rest) {
  if (!loom_text_reserve(text, OBJECT_SIZE))
    return false;
  put_count(text, "{\"polls\":", gone->polls);
  put_count(text, ",\"days\":", gone->days);
  if (gone->polls) {
    put_instant(text, ",\"first_poll\":", gone->first);
    put_instant(text, ",\"last_poll\":", gone->newest);
  }
  if (rest) {
    put_count(text, ",\"hours\":", rest->hours);
    put_count(text, ",\"special_days\":", rest->special_days);
    put_count(text, ",\"exclusions\":", rest->exclusions);
    put_count(text, ",\"attributes\":", rest->attributes);
    loom_text_put_string(text, rest->timezone ? ",\"timezone\":true" : ",\"timezone\":false");
  }
  loom_text_put_char(text, '}');
  return true;
}
