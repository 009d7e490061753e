/*
** loom.overlay: facts of one store in place of those that are stored, for a report or an inspection, which uses it up.
**
**   overlay(store) → add(fact) of each, in order of dates → finish() → report:lay_over, or the option `overlay` of inspect
*/
#include "binding.h"

#include "measure/overlay.h"
#include "measure/week.h"
#include "time/civil.h"
#include "write/facts.h"

#include <string.h>

#define OVERLAY "loom.overlay"

struct overlay_handle {
  struct lloom_handle handle; /* of `overlays` */
  struct loom_overlays overlays;
  struct loom_overlay *own; /* the one store's */
};

struct loom_overlays *lloom_check_overlays(lua_State *L, int index) {
  return lloom_check_handle(L, index, OVERLAY);
}

void lloom_end_overlays(lua_State *L, int index) {
  struct loom_overlays *overlays = lloom_take_handle(L, index, OVERLAY);
  if (overlays)
    loom_overlays_free(overlays);
}

static int close_overlay(lua_State *L) {
  lloom_end_overlays(L, 1);
  return 0;
}

/* overlay(store): an empty one, of the store with this id. */
int lloom_overlay(lua_State *L) {
  size_t length;
  const char *id = luaL_checklstring(L, 1, &length);
  struct overlay_handle *handle = lloom_new_handle(L, OVERLAY, sizeof *handle);
  loom_overlays_init(&handle->overlays);
  handle->handle.object = &handle->overlays;
  handle->own = loom_overlays_put(&handle->overlays, id, length);
  return handle->own ? 1 : lloom_no_memory(L);
}

/* ---- facts ---- */

static bool add_week(struct loom_overlay *own, const struct loom_fact *fact) {
  struct loom_hours_list *list =
      fact->override ? &own->layers.override.hours : &own->layers.file.hours;
  int32_t from = fact->date == LOOM_DATE_MIN ? LOOM_ALWAYS : fact->date;
  int32_t none = fact->reverts ? LOOM_NO_HOURS : LOOM_CLOSED;
  if (fact->opening_count == 0 || fact->reverts)
    return loom_hours_list_add(list,
                               (struct loom_hours){.from = from, .open = none, .close = none});
  for (size_t i = 0; i < fact->opening_count; i++) {
    struct loom_hours opening = fact->openings[i];
    opening.from = from;
    if (!loom_hours_list_add(list, opening))
      return false;
  }
  return true;
}

static bool add_day(struct loom_overlay *own, const struct loom_fact *fact) {
  struct loom_special_days *list =
      fact->override ? &own->layers.override.days : &own->layers.file.days;
  struct loom_special_day day = {.date = fact->date, .open = LOOM_CLOSED, .close = LOOM_CLOSED};
  bool good = fact->opening_count > 0 || loom_special_days_add(list, day);
  for (size_t i = 0; good && i < fact->opening_count; i++) {
    day.open = fact->openings[i].open;
    day.close = fact->openings[i].close;
    good = loom_special_days_add(list, day);
  }
  return good;
}

static bool add_exclusion(struct loom_overlay *own, const struct loom_fact *fact) {
  struct loom_exclusion_rule rule = {.from = fact->from, .to = fact->to};
  unsigned char week[LOOM_RULE_OPENINGS_MAX * LOOM_OPENING_SIZE];
  if (fact->name_length == 0)
    return loom_spans_add(&own->own.exclusions, fact->from, fact->to);
  memcpy(rule.zone, fact->name, fact->name_length);
  size_t size = loom_week_pack(fact->openings, fact->opening_count, week);
  return loom_exclusion_rules_add(&own->own.rules, rule, week, size);
}

static void add_zone(struct loom_overlay *own, const struct loom_fact *fact) {
  memcpy(own->own.zone, fact->text, fact->text_length);
  own->own.zone[fact->text_length] = '\0';
}

/* Says whether a fact has its place in an overlay. */
static bool may_be_added(const struct loom_fact *fact) {
  switch (fact->kind) {
  case LOOM_FACT_ZONE:
    return fact->text_length < LOOM_ZONE_NAME_MAX;
  case LOOM_FACT_EXCLUSION:
    return fact->name_length < LOOM_ZONE_NAME_MAX && fact->opening_count <= LOOM_RULE_OPENINGS_MAX;
  case LOOM_FACT_WEEK:
  case LOOM_FACT_SPECIAL_DAY:
    return true;
  default:
    return false;
  }
}

/* add(fact): a week, a special day, an exclusion, or a zone, of which the last one that is added is in force. */
static int add(lua_State *L) {
  struct loom_fact fact;
  bool good = true;
  lloom_check_overlays(L, 1);
  struct loom_overlay *own = ((struct overlay_handle *)luaL_checkudata(L, 1, OVERLAY))->own;
  lloom_read_fact(L, &fact);
  luaL_argcheck(L, may_be_added(&fact), 2, "a fact that tells when a store is open expected");
  if (fact.kind == LOOM_FACT_ZONE)
    add_zone(own, &fact);
  else if (fact.kind == LOOM_FACT_WEEK)
    good = add_week(own, &fact);
  else if (fact.kind == LOOM_FACT_SPECIAL_DAY)
    good = add_day(own, &fact);
  else
    good = add_exclusion(own, &fact);
  if (!good)
    return lloom_no_memory(L);
  lua_pushboolean(L, 1);
  return 1;
}

/* finish(): all has been added. */
static int finish(lua_State *L) {
  lloom_check_overlays(L, 1);
  if (!loom_overlay_finish(((struct overlay_handle *)luaL_checkudata(L, 1, OVERLAY))->own))
    return lloom_no_memory(L);
  lua_pushboolean(L, 1);
  return 1;
}

void lloom_register_overlay(lua_State *L) {
  static const luaL_Reg methods[] = {{"add", add}, {"finish", finish}, {NULL, NULL}};
  lloom_new_type(L, OVERLAY, methods, close_overlay);
}
