/*
** Measuring stores.
*/
#include "measure/measure.h"

#include <stdlib.h>
#include <string.h>

loom_status loom_setting_zone(struct loom_setting *setting, const char *name, loom_error *error) {
  loom_error cause;
  char shown[LOOM_QUOTED_SIZE];
  loom_status status =
      loom_zones_get(setting->zones, name, strlen(name), &setting->default_zone, &cause);
  if (status == LOOM_OK)
    return LOOM_OK;
  return loom_fail(error, status, "default zone: %s %.200s", loom_quote(shown, name, strlen(name)),
                   cause.message);
}

/* What tells when a store is open. */
static const struct loom_store *facts_of(const struct loom_setting *setting,
                                         const struct loom_store *store) {
  const struct loom_overlay *overlay =
      loom_overlays_find(&setting->overlays, store->id, store->id_length);
  return overlay && overlay->replaces_all ? &overlay->own : store;
}

/* Finds a store's zone by the name that it is to have. */
static loom_status find_zone(const struct loom_setting *setting, const struct loom_store *store,
                             const char *wanted, const loom_zone **zone, loom_error *error) {
  loom_error cause;
  loom_status status = loom_zones_get(setting->zones, wanted, strlen(wanted), zone, &cause);
  if (status != LOOM_OK) {
    char id[LOOM_QUOTED_SIZE], name[LOOM_QUOTED_SIZE];
    loom_fail(error, status, "store %s: timezone %s %.200s%s",
              loom_quote(id, store->id, store->id_length), loom_quote(name, wanted, strlen(wanted)),
              cause.message, status == LOOM_EINPUT ? " " LOOM_ZONE_GONE : "");
  }
  return status;
}

loom_status loom_setting_zone_of(const struct loom_setting *setting, const struct loom_store *store,
                                 const loom_zone **zone, loom_error *error) {
  const char *wanted = facts_of(setting, store)->zone;
  *zone = setting->default_zone;
  return *wanted ? find_zone(setting, store, wanted, zone, error) : LOOM_OK;
}

/* Where a zone of that name is kept among those that were met. */
static size_t place_of(const char *name, size_t length) {
  const unsigned char *letters = (const unsigned char *)name;
  return (letters[length - 1] * 17u + letters[length / 2] * 3u + length * 3) % LOOM_ZONES_MET;
}

/* The same for a store that is measured: zones that others were in before are at hand. */
static loom_status meet_zone(struct loom_measure *measure, loom_error *error) {
  const struct loom_setting *setting = measure->setting;
  const char *wanted = measure->facts->zone;
  const loom_zone **zone = &measure->schedule.zone;
  size_t length = strlen(wanted);
  *zone = setting->default_zone;
  if (length == 0)
    return LOOM_OK;
  if (measure->met_in != setting->zones)
    memset(measure->met, 0, sizeof measure->met);
  measure->met_in = setting->zones;
  const loom_zone **met = &measure->met[place_of(wanted, length)];
  if (*met && strcmp(loom_zone_name(*met), wanted) == 0) {
    *zone = *met;
    return LOOM_OK;
  }
  loom_status status = find_zone(setting, measure->store, wanted, zone, error);
  if (status == LOOM_OK)
    *met = *zone;
  return status;
}

/* ---- exclusions ---- */

static bool add_all(struct loom_spans *out, const struct loom_spans *list) {
  for (size_t i = 0; i < list->count; i++)
    if (!loom_spans_add(out, list->items[i].start, list->items[i].end))
      return false;
  return true;
}

/* The zone by whose clocks a rule goes. */
static loom_status find_rule_zone(const struct loom_measure *measure, const char *name,
                                  const loom_zone **zone, loom_error *error) {
  loom_error cause;
  char shown[LOOM_QUOTED_SIZE];
  *zone = measure->schedule.zone;
  if (strcmp(name, LOOM_STORE_ZONE) == 0)
    return LOOM_OK;
  loom_status status = loom_zones_get(measure->setting->zones, name, strlen(name), zone, &cause);
  if (status == LOOM_OK)
    return LOOM_OK;
  return loom_fail(error, status, "an exclusion's timezone %s %.200s%s",
                   loom_quote(shown, name, strlen(name)), cause.message,
                   status == LOOM_EINPUT ? " " LOOM_ZONE_GONE : "");
}

/* For which stretch exclusions are to be known. */
static struct loom_span reach_of(const struct loom_setting *setting) {
  return (struct loom_span){setting->hull.start - setting->exclusions_before, setting->hull.end};
}

static loom_status expand_rules(const struct loom_measure *measure,
                                const struct loom_exclusion_rules *rules, struct loom_spans *out,
                                loom_error *error) {
  const struct loom_setting *setting = measure->setting;
  size_t most = 0;
  for (size_t i = 0; i < rules->count; i++) {
    const loom_zone *zone;
    most += loom_exclusion_rule_most(&rules->items[i], reach_of(setting));
    if (most > LOOM_RULE_SPANS_MAX)
      return loom_fail(error, LOOM_EINVAL,
                       "recurring exclusions take out more than %zu stretches of time that is "
                       "looked at",
                       LOOM_RULE_SPANS_MAX);
    loom_status status = find_rule_zone(measure, rules->items[i].zone, &zone, error);
    if (status != LOOM_OK)
      return status;
    if (!loom_exclusion_rule_expand(rules, &rules->items[i], zone, reach_of(setting),
                                    setting->rules.slack, out))
      return loom_no_memory(error);
  }
  return LOOM_OK;
}

/* Lets go of what is kept for zones where all of it is too much. */
static void make_room(struct loom_measure *measure) {
  size_t kept = 0;
  for (size_t i = 0; i < LOOM_ZONES_KEPT; i++)
    kept += measure->of_zones[i].spans.capacity;
  for (size_t i = 0; kept > LOOM_RULE_SPANS_MAX && i < LOOM_ZONES_KEPT; i++) {
    loom_spans_free(&measure->of_zones[i].spans);
    measure->of_zones[i] = (struct loom_zone_exclusions){0};
  }
}

/* Everyone's exclusions as they are where the store is. */
static loom_status exclusions_of_zone(struct loom_measure *measure, const struct loom_spans **out,
                                      loom_error *error) {
  const struct loom_common *common = &measure->setting->common;
  *out = &common->exclusions;
  if (common->rules.count == 0)
    return LOOM_OK;
  if (!measure->of_zones)
    measure->of_zones = calloc(LOOM_ZONES_KEPT, sizeof *measure->of_zones);
  if (!measure->of_zones)
    return loom_no_memory(error);
  const loom_zone *zone = measure->schedule.zone;
  const struct loom_span reach = reach_of(measure->setting);
  struct loom_zone_exclusions *of_zone =
      &measure->of_zones[(uintptr_t)zone / 16 % LOOM_ZONES_KEPT]; /* malloc's are 16 bytes apart */
  *out = &of_zone->spans;
  if (of_zone->zone == zone && of_zone->reach.start == reach.start &&
      of_zone->reach.end == reach.end)
    return LOOM_OK;
  make_room(measure);
  of_zone->zone = NULL;
  of_zone->spans.count = 0;
  if (!add_all(&of_zone->spans, &common->exclusions))
    return loom_no_memory(error);
  loom_status status = expand_rules(measure, &common->rules, &of_zone->spans, error);
  if (status != LOOM_OK)
    return status;
  loom_spans_merge(&of_zone->spans, true);
  of_zone->zone = zone;
  of_zone->reach = reach;
  return LOOM_OK;
}

/* Where the store has no exclusions of its own, everyone's serve as they are. */
static loom_status join_exclusions(struct loom_measure *measure, loom_error *error) {
  const struct loom_store *store = measure->facts;
  static const struct loom_spans none = {0};
  const struct loom_spans *all = &none;
  loom_status status = store == measure->store ? exclusions_of_zone(measure, &all, error) : LOOM_OK;
  measure->exclusions = all;
  if (status != LOOM_OK || store->exclusions.count + store->rules.count == 0)
    return status;
  measure->joined.count = 0;
  measure->exclusions = &measure->joined;
  if (!add_all(&measure->joined, &store->exclusions) || !add_all(&measure->joined, all))
    return loom_no_memory(error);
  status = expand_rules(measure, &store->rules, &measure->joined, error);
  loom_spans_merge(&measure->joined, true);
  return status;
}

/* ---- the schedule ---- */

/* The overlay's days, and those of the store's own whose date it does not have, by date. */
static bool join_days(struct loom_measure *measure, const struct loom_special_days *over) {
  const struct loom_special_days *own = &measure->facts->special_days;
  size_t o = 0, s = 0;
  measure->days.count = 0;
  while (o < over->count || s < own->count) {
    bool from_store =
        o == over->count || (s < own->count && own->items[s].date < over->items[o].date);
    int32_t date = from_store ? own->items[s].date : over->items[o].date;
    for (; s < own->count && own->items[s].date == date; s++)
      if (from_store && !loom_special_days_add(&measure->days, own->items[s]))
        return false;
    for (; o < over->count && over->items[o].date == date; o++)
      if (!loom_special_days_add(&measure->days, over->items[o]))
        return false;
  }
  measure->schedule.own_days = measure->days.items;
  measure->schedule.own_days_count = measure->days.count;
  return true;
}

static bool lay_over(struct loom_measure *measure) {
  const struct loom_store *store = measure->store;
  const struct loom_overlay *overlay =
      loom_overlays_find(&measure->setting->overlays, store->id, store->id_length);
  if (!overlay)
    return true;
  if (overlay->replaces_hours) {
    measure->schedule.hours = overlay->hours.items;
    measure->schedule.hours_count = overlay->hours.count;
  }
  return overlay->days.count == 0 || join_days(measure, &overlay->days);
}

loom_status loom_measure_store(struct loom_measure *measure, const struct loom_setting *setting,
                               const struct loom_store *store, loom_error *error) {
  const struct loom_special_days *all_days = &setting->common.special_days;
  const struct loom_store *facts = facts_of(setting, store);
  measure->setting = setting;
  measure->store = store;
  measure->facts = facts;
  measure->schedule = (struct loom_schedule){.hours = facts->hours.items,
                                             .hours_count = facts->hours.count,
                                             .own_days = facts->special_days.items,
                                             .own_days_count = facts->special_days.count,
                                             .all_days = all_days->items,
                                             .all_days_count = all_days->count};
  loom_status status = meet_zone(measure, error);
  if (status != LOOM_OK)
    return status;
  if (!lay_over(measure) ||
      !loom_schedule_intervals(&measure->schedule, setting->hull.start, setting->hull.end,
                               setting->rules.slack, &measure->intervals))
    return loom_no_memory(error);
  return join_exclusions(measure, error);
}

loom_status loom_measure_window(struct loom_measure *measure, struct loom_span window,
                                struct loom_figures *figures, const struct loom_listener *listener,
                                loom_error *error) {
  const struct loom_polls *polls = &measure->store->polls;
  if (!loom_schedule_pieces(&measure->intervals, window, &measure->pieces))
    return loom_no_memory(error);
  loom_uptime_measure(&measure->pieces, measure->exclusions, polls->items, polls->count,
                      &measure->setting->rules, measure->setting->as_of, figures, listener);
  return LOOM_OK;
}

void loom_measure_free(struct loom_measure *measure) {
  loom_spans_free(&measure->intervals);
  loom_spans_free(&measure->pieces);
  loom_spans_free(&measure->joined);
  for (size_t i = 0; measure->of_zones && i < LOOM_ZONES_KEPT; i++)
    loom_spans_free(&measure->of_zones[i].spans);
  free(measure->of_zones);
  free(measure->days.items);
}
