/*
** States as text.
*/
#include "report/state_text.h"
#include "base/csv_text.h"
#include "base/json_text.h"
#include "report/standing.h"
#include "report/state_order.h"
#include "time/civil.h"

#include <string.h>

/* What a row has beside its id: names, a state's and a boolean's, and two instants in quotes. */
#define REST_MAX 192

static void put_instant(struct loom_text *text, int64_t instant) {
  char bytes[LOOM_TIMESTAMP_SIZE];
  loom_text_put(text, bytes, loom_format_timestamp(instant, bytes));
}

static void put_csv(struct loom_text *text, const struct loom_store_state *state) {
  loom_text_put_char(text, ',');
  loom_text_put_string(text, loom_state_name(state->standing.state));
  loom_text_put_char(text, ',');
  if (state->standing.has_since)
    put_instant(text, state->standing.since);
  loom_text_put_string(text, state->is_dormant ? ",true," : ",false,");
  if (state->has_last_poll)
    put_instant(text, state->last_poll);
}

static void put_json_instant(struct loom_text *text, bool has, int64_t instant) {
  if (!has) {
    loom_text_put_string(text, "null");
    return;
  }
  loom_text_put_char(text, '"');
  put_instant(text, instant);
  loom_text_put_char(text, '"');
}

static void put_json(struct loom_text *text, const struct loom_store_state *state) {
  loom_text_put_string(text, ",\"state\":\"");
  loom_text_put_string(text, loom_state_name(state->standing.state));
  loom_text_put_string(text, "\",\"since\":");
  put_json_instant(text, state->standing.has_since, state->standing.since);
  loom_text_put_string(text, ",\"dormant\":");
  loom_text_put_string(text, state->is_dormant ? "true" : "false");
  loom_text_put_string(text, ",\"last_poll\":");
  put_json_instant(text, state->has_last_poll, state->last_poll);
  loom_text_put_char(text, '}');
}

bool loom_state_put_row(const loom_report *report, size_t row, enum loom_state_format format,
                        struct loom_text *text) {
  size_t length;
  const char *id = loom_report_store(report, row, &length);
  const struct loom_store_state *state = loom_report_state(report, row);
  size_t id_size =
      format == LOOM_STATE_JSON ? LOOM_JSON_STRING_SIZE(length) : LOOM_CSV_FIELD_SIZE(length);
  if (!loom_text_reserve(text, id_size + REST_MAX))
    return false;
  if (format == LOOM_STATE_JSON) {
    loom_text_put_string(text, "{\"store_id\":");
    loom_json_put_string(text, id, length);
    put_json(text, state);
    return true;
  }
  if (format == LOOM_STATE_HARMLESS_CSV)
    loom_csv_put_harmless_field(text, id, length);
  else
    loom_csv_put_field(text, id, length);
  put_csv(text, state);
  return true;
}
