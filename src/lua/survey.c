/*
** loom.survey: what a survey of all stores has found, as a table: see survey.h.
*/
#include "binding.h"

#include "report/survey.h"
#include "sqlite/database.h"
#include "time/civil.h"

#include <time.h>

#define SURVEY "loom.survey"

static int close_survey(lua_State *L) {
  struct loom_survey *survey = lloom_take_handle(L, 1, SURVEY);
  if (survey)
    loom_survey_free(survey);
  return 0;
}

static void set_number(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void push_example(lua_State *L, const struct loom_example *example) {
  lua_createtable(L, 0, 5);
  lua_pushlstring(L, example->id, example->id_length);
  lua_setfield(L, -2, "id");
  lua_pushlstring(L, example->other, example->other_length);
  lua_setfield(L, -2, "other");
  lloom_set_integer(L, "instant", example->instant);
  lloom_set_integer(L, "part", (int64_t)example->part);
  lloom_set_integer(L, "whole", (int64_t)example->whole);
}

static void set_tally(lua_State *L, const char *name, const struct loom_tally *tally) {
  lua_createtable(L, 0, 2);
  lloom_set_integer(L, "count", (int64_t)tally->count);
  lua_createtable(L, (int)tally->example_count, 0);
  for (size_t i = 0; i < tally->example_count; i++) {
    push_example(L, &tally->examples[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "examples");
  lua_setfield(L, -2, name);
}

static void set_windows(lua_State *L, const struct loom_survey *survey) {
  lua_createtable(L, LOOM_SURVEY_WINDOWS, 0);
  for (int w = 0; w < LOOM_SURVEY_WINDOWS; w++) {
    const struct loom_unseen *window = &survey->windows[w];
    lua_createtable(L, 0, 4);
    lloom_set_integer(L, "stores", (int64_t)window->stores);
    lloom_set_integer(L, "scheduled", window->scheduled);
    lloom_set_integer(L, "unseen", window->unseen);
    set_tally(L, "silent", &window->silent);
    lua_rawseti(L, -2, w + 1);
  }
  lua_setfield(L, -2, "windows");
}

static void set_bins(lua_State *L, const char *name, const uint64_t *bins) {
  lua_createtable(L, LOOM_OUTSIDE_BINS, 0);
  for (int i = 0; i < LOOM_OUTSIDE_BINS; i++) {
    lua_pushinteger(L, (lua_Integer)bins[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, name);
}

static void set_outside(lua_State *L, const struct loom_survey *survey) {
  lua_createtable(L, 0, 5);
  lloom_set_integer(L, "polls", (int64_t)survey->outside.polls);
  lloom_set_integer(L, "count", (int64_t)survey->outside.count);
  set_number(L, "expected", survey->outside.expected);
  set_bins(L, "all", survey->outside.all);
  set_bins(L, "many", survey->outside.many);
  lua_setfield(L, -2, "outside");
}

static void set_gaps(lua_State *L, const struct loom_gaps *gaps) {
  lua_createtable(L, (int)gaps->count, 0);
  for (size_t i = 0; i < gaps->count; i++) {
    lua_createtable(L, 0, 3);
    lloom_set_integer(L, "from", gaps->items[i].span.start);
    lloom_set_integer(L, "to", gaps->items[i].span.end);
    set_number(L, "expected", gaps->items[i].expected);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "gaps");
}

static void push_survey(lua_State *L, const struct loom_survey *survey) {
  static const char *const names[LOOM_TALLIES] = {
      [LOOM_TALLY_ROUNDED] = "rounded",           [LOOM_TALLY_ALIKE] = "alike",
      [LOOM_TALLY_HOURS_ONLY] = "hours_only",     [LOOM_TALLY_ZONE_ONLY] = "zone_only",
      [LOOM_TALLY_NO_ZONE] = "no_zone",           [LOOM_TALLY_NO_HOURS] = "no_hours",
      [LOOM_TALLY_ZONE_GONE] = "zone_gone",       [LOOM_TALLY_STRAY] = "stray",
      [LOOM_TALLY_NEVER_ACTIVE] = "never_active", [LOOM_TALLY_OUTSIDE] = "outside"};
  lua_createtable(L, 0, 15);
  lloom_set_integer(L, "stores", (int64_t)survey->stores);
  lloom_set_integer(L, "polled", (int64_t)survey->polled);
  lloom_set_integer(L, "days", (int64_t)survey->days);
  lloom_set_integer(L, "polls", (int64_t)survey->polls);
  lloom_set_integer(L, "interval", survey->interval);
  lloom_set_integer(L, "seen", (int64_t)survey->seen);
  lloom_set_integer(L, "sparse", (int64_t)survey->sparse);
  if (survey->has_polls) {
    lloom_set_integer(L, "newest", survey->newest);
    lloom_set_integer(L, "as_of", survey->as_of);
    lloom_set_integer(L, "from", survey->from);
  }
  lua_createtable(L, 0, LOOM_TALLIES);
  for (int i = 0; i < LOOM_TALLIES; i++)
    set_tally(L, names[i], &survey->tallies[i]);
  lua_setfield(L, -2, "tallies");
  set_windows(L, survey);
  set_outside(L, survey);
  set_gaps(L, &survey->gaps);
}

/* A moment of the clock that only moves forward, in microseconds. */
static int64_t moment(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * LOOM_SECOND + now.tv_nsec / 1000;
}

static bool has_time(void *context) {
  return moment() < *(const int64_t *)context;
}

/*
** survey(database, {now, limit, default_zone, examples}): a table of the survey's fields; all times are in microseconds. One that
** takes longer than `limit` fails with ECANCELED; 0: none does.
*/
int lloom_survey(lua_State *L) {
  static const char *const known[] = {"now", "limit", "default_zone", "examples", NULL};
  loom_error error;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lloom_check_options(L, 2, known);
  struct loom_survey_options options = {
      .default_zone = lloom_option_string(L, 2, "default_zone", LOOM_DEFAULT_ZONE),
      .now = lloom_option_integer(L, 2, "now", 0, LOOM_INSTANT_MIN, LOOM_INSTANT_MAX),
      .examples = (size_t)lloom_option_integer(L, 2, "examples", 0, 0, LOOM_SURVEY_EXAMPLES_MAX)};
  int64_t limit = lloom_option_integer(L, 2, "limit", 0, 0, LOOM_DURATION_MAX);
  int64_t deadline = moment() + limit;
  if (limit) {
    options.goes_on = has_time;
    options.context = &deadline;
  }
  struct lloom_handle *handle =
      lloom_new_handle(L, SURVEY, sizeof *handle + sizeof(struct loom_survey));
  struct loom_survey *survey = (struct loom_survey *)(handle + 1);
  loom_source *source = lloom_source(database, true);
  if (!source)
    return lloom_no_memory(L);
  handle->object = survey;
  loom_status status =
      loom_survey_run(&options, source, loom_database_zones(database), survey, &error);
  loom_source_free(source);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  push_survey(L, survey);
  handle->object = NULL;
  loom_survey_free(survey);
  return 1;
}

void lloom_register_survey(lua_State *L) {
  static const luaL_Reg methods[] = {{NULL, NULL}};
  lloom_new_type(L, SURVEY, methods, close_survey);
}
