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

loom_status loom_setting_zone_of(const struct loom_setting *setting, const struct loom_store *store,
                                 const loom_zone **zone, loom_error *error) {
  loom_error cause;
  *zone = setting->default_zone;
  if (!*store->zone)
    return LOOM_OK;
  loom_status status =
      loom_zones_get(setting->zones, store->zone, strlen(store->zone), zone, &cause);
  if (status != LOOM_OK) {
    char id[LOOM_QUOTED_SIZE], name[LOOM_QUOTED_SIZE];
    loom_fail(error, status, "store %s: timezone %s %.200s%s",
              loom_quote(id, store->id, store->id_length),
              loom_quote(name, store->zone, strlen(store->zone)), cause.message,
              status == LOOM_EINPUT ? " " LOOM_ZONE_GONE : "");
  }
  return status;
}

/* Where the store has no exclusions of its own, everyone's serve as they are. */
static bool join_exclusions(struct loom_measure *measure) {
  const struct loom_spans *all = &measure->setting->common.exclusions;
  const struct loom_spans *lists[] = {&measure->store->exclusions, all};
  measure->exclusions = all;
  if (measure->store->exclusions.count == 0)
    return true;
  measure->joined.count = 0;
  for (size_t l = 0; l < 2; l++)
    for (size_t i = 0; i < lists[l]->count; i++)
      if (!loom_spans_add(&measure->joined, lists[l]->items[i].start, lists[l]->items[i].end))
        return false;
  loom_spans_merge(&measure->joined, true);
  measure->exclusions = &measure->joined;
  return true;
}

/* The overlay's days, and those of the store's own whose date it does not have, by date. */
static bool join_days(struct loom_measure *measure, const struct loom_special_days *over) {
  const struct loom_special_days *own = &measure->store->special_days;
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
  measure->setting = setting;
  measure->store = store;
  measure->schedule = (struct loom_schedule){.hours = store->hours.items,
                                             .hours_count = store->hours.count,
                                             .own_days = store->special_days.items,
                                             .own_days_count = store->special_days.count,
                                             .all_days = all_days->items,
                                             .all_days_count = all_days->count};
  loom_status status = loom_setting_zone_of(setting, store, &measure->schedule.zone, error);
  if (status != LOOM_OK)
    return status;
  if (!lay_over(measure) || !join_exclusions(measure) ||
      !loom_schedule_intervals(&measure->schedule, setting->hull.start, setting->hull.end,
                               setting->rules.slack, &measure->intervals))
    return loom_no_memory(error);
  return LOOM_OK;
}

loom_status loom_measure_window(struct loom_measure *measure, struct loom_span window,
                                struct loom_figures *figures, loom_segment_fn *segment,
                                void *context, loom_error *error) {
  const struct loom_polls *polls = &measure->store->polls;
  if (!loom_schedule_pieces(&measure->intervals, window, &measure->pieces))
    return loom_no_memory(error);
  loom_uptime_measure(&measure->pieces, measure->exclusions, polls->items, polls->count,
                      &measure->setting->rules, measure->setting->as_of, figures, segment, context);
  return LOOM_OK;
}

void loom_measure_free(struct loom_measure *measure) {
  loom_spans_free(&measure->intervals);
  loom_spans_free(&measure->pieces);
  loom_spans_free(&measure->joined);
  free(measure->days.items);
}
