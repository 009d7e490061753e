/*
** What Lua asks for rather than repeating it: limits, and the names of rules.
*/
#include "binding.h"

#include "base/id_table.h"
#include "base/thread.h"
#include "measure/exclusion.h"
#include "measure/rules.h"
#include "measure/selection.h"
#include "measure/strip.h"
#include "read/kind.h"
#include "report/report.h"
#include "report/survey.h"
#include "time/zone.h"
#include "write/author.h"

/* A list of texts, which end with NULL, as field `name` of the table on top. */
static void set_names(lua_State *L, const char *name, const char *const *names) {
  lua_newtable(L);
  for (int i = 0; names[i]; i++) {
    lua_pushstring(L, names[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, name);
}

static void push_limits(lua_State *L) {
  static const struct {
    const char *name;
    int64_t value;
  } limits[] = {{"store_id", LOOM_ID_MAX},
                {"note", LOOM_NOTE_MAX},
                {"author", LOOM_AUTHOR_MAX},
                {"attribute_name", LOOM_ATTRIBUTE_NAME_MAX},
                {"attribute_names", LOOM_ATTRIBUTE_NAMES_MAX},
                {"attributes_size", LOOM_ATTRIBUTES_SIZE_MAX},
                {"search", LOOM_SEARCH_CHARACTERS},
                {"zone_name", LOOM_ZONE_NAME_MAX},
                {"slack", LOOM_SLACK_MAX},
                {"max_gap", LOOM_MAX_GAP_MAX},
                {"windows", LOOM_WINDOWS_MAX},
                {"window_length", LOOM_WINDOW_LENGTH_MAX},
                {"window_days", LOOM_WINDOW_DAYS_MAX},
                {"strip_bins", LOOM_STRIP_BINS_MAX},
                {"series_steps", LOOM_SERIES_STEPS_MAX},
                {"series_items", LOOM_SERIES_ITEMS_MAX},
                {"step_min", LOOM_SERIES_STEP_MIN},
                {"step_max", LOOM_SERIES_STEP_MAX},
                {"dormant_after", LOOM_DORMANT_AFTER_MAX},
                {"weekly_spans", LOOM_RULE_OPENINGS_MAX},
                {"threads", LOOM_THREADS_MAX},
                {"shards", LOOM_SELECTION_SHARDS_MAX},
                {"examples", LOOM_SURVEY_EXAMPLES_MAX}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    lloom_set_integer(L, limits[i].name, limits[i].value);
}

/*
** Sets `limits`: texts in bytes, `slack` in seconds, `max_gap`, `window_length`, `dormant_after`, `step_min` and
** `step_max` in microseconds, else how many;
** `rules`, the lists of names that the options preset, fill, evidence and no_data take; and `states` and `calendar`, the names of
** states and of windows on the calendar.
*/
void lloom_add_limits(lua_State *L) {
  push_limits(L);
  lua_setfield(L, -2, "limits");
  lua_newtable(L);
  set_names(L, "preset", loom_preset_names);
  set_names(L, "fill", loom_fill_names);
  set_names(L, "evidence", loom_evidence_names);
  set_names(L, "no_data", loom_no_data_names);
  lua_setfield(L, -2, "rules");
  set_names(L, "states", loom_state_names);
  set_names(L, "calendar", loom_calendar_names + 1);
}
