/*
** Extents of polls.
*/
#include "measure/poll_extent.h"

void loom_poll_extent_add(struct loom_poll_extent *extent, int32_t day, const loom_poll *polls,
                          size_t count) {
  if (count == 0)
    return;
  int64_t first = loom_poll_instant(polls[0]), newest = loom_poll_instant(polls[count - 1]);
  if (extent->polls == 0 || first < extent->first)
    extent->first = first;
  if (extent->polls == 0 || newest > extent->newest)
    extent->newest = newest;
  if (extent->polls == 0 || day != extent->last_day)
    extent->days++;
  extent->last_day = day;
  extent->polls += (int64_t)count;
}

void loom_poll_extent_join(struct loom_poll_extent *extent, const struct loom_poll_extent *later) {
  if (later->polls == 0)
    return;
  if (extent->polls == 0 || later->first < extent->first)
    extent->first = later->first;
  if (extent->polls == 0 || later->newest > extent->newest)
    extent->newest = later->newest;
  extent->days += later->days;
  extent->last_day = later->last_day;
  extent->polls += later->polls;
}
