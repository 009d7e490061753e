/*
** States at an instant. The kernel judges the pieces one by one, the last one first, until a run of one state begins inside of
** one, or after closed time.
**
** Of a piece whose first polls are not given, the part from the first given poll on is judged, as if it were a piece. What it is
** judged to be is the same: two polls decide what is between them, under any rules, and the first given one vouches for nothing
** before itself that is looked at.
*/
#include "measure/state.h"

/* The last run of one state in what the kernel tells of. */
struct run {
  struct loom_span span;
  enum loom_state state;
};

static void keep_last(void *context, struct loom_span span, enum loom_state state,
                      const loom_poll *poll) {
  struct run *run = context;
  (void)poll;
  if (run->span.end == span.start && run->state == state)
    run->span.end = span.end;
  else
    *run = (struct run){span, state};
}

/* The last run of a piece, or of a part of one, which is not empty. */
static struct run judge(const struct loom_past *past, const struct loom_rules *rules, int64_t at,
                        struct loom_span piece) {
  struct loom_figures figures;
  struct run run = {.span = {INT64_MIN, INT64_MIN}};
  const struct loom_spans pieces = {.items = &piece, .count = 1};
  const struct loom_listener listener = {keep_last, &run, .joins = true};
  loom_uptime_measure(&pieces, past->exclusions, past->polls, past->poll_count, rules, at, &figures,
                      &listener);
  return run;
}

/* From where on a piece can be judged by the polls that are given; its end if it cannot be at all. */
static int64_t first_judged(const struct loom_past *past, struct loom_span piece) {
  if (!past->has_more_polls)
    return piece.start;
  int64_t first = past->poll_count ? loom_poll_instant(past->polls[0]) : piece.end;
  return first < piece.start ? piece.start : first > piece.end ? piece.end : first;
}

static bool is_excluded(const struct loom_spans *exclusions, int64_t at) {
  for (size_t i = exclusions->count; i-- > 0;)
    if (exclusions->items[i].start < at)
      return exclusions->items[i].end >= at;
  return false;
}

/* Goes through the pieces from the last one, intervals[end - 1], which ends at `at`. */
static enum loom_lack look_back(const struct loom_past *past, const struct loom_rules *rules,
                                int64_t at, size_t end, struct loom_standing *standing) {
  int64_t since = at; /* so far */
  bool begins = false;
  for (size_t i = end; i-- > 0 && !begins;) {
    struct loom_span piece = past->intervals->items[i];
    if (i + 1 == end)
      piece.end = at;
    begins = piece.end < since; /* it was closed in between */
    if (begins)
      break;
    if (piece.start < past->from && !past->is_all)
      return LOOM_LACKS_OPENINGS;
    int64_t first = first_judged(past, piece);
    if (first == piece.end)
      return LOOM_LACKS_POLLS;
    struct run run = judge(past, rules, at, (struct loom_span){first, piece.end});
    begins = standing->is_known && run.state != standing->state;
    if (begins)
      break;
    standing->is_known = true;
    standing->state = run.state;
    standing->since = since = run.span.start;
    begins = since > first;
    if (!begins && first > piece.start)
      return LOOM_LACKS_POLLS;
  }
  standing->has_since = begins || since > past->from;
  return standing->has_since || past->is_all ? LOOM_LACKS_NOTHING : LOOM_LACKS_OPENINGS;
}

enum loom_lack loom_state_at(const struct loom_past *past, const struct loom_rules *rules,
                             int64_t at, struct loom_standing *standing) {
  size_t end = past->intervals->count;
  while (end > 0 && past->intervals->items[end - 1].start >= at)
    end--;
  *standing = (struct loom_standing){.state = LOOM_SHUT, .is_known = true};
  if (end == 0 || past->intervals->items[end - 1].end < at)
    return LOOM_LACKS_NOTHING;
  if (is_excluded(past->exclusions, at)) {
    standing->state = LOOM_EXCLUDED;
    return LOOM_LACKS_NOTHING;
  }
  standing->is_known = false;
  return look_back(past, rules, at, end, standing);
}

static int64_t earliest_after(int64_t from, int64_t instant, int64_t until) {
  return from < instant && instant < until ? instant : until;
}

int64_t loom_state_same_until(const struct loom_past *past, const struct loom_rules *rules,
                              int64_t from) {
  size_t next = 0, end = past->poll_count;
  int64_t until = INT64_MAX, gap = rules->max_gap;
  while (next < end) { /* the first poll at `from` or later */
    size_t middle = next + (end - next) / 2;
    if (loom_poll_instant(past->polls[middle]) < from)
      next = middle + 1;
    else
      end = middle;
  }
  const loom_poll *before = next > 0 ? &past->polls[next - 1] : NULL;
  const loom_poll *after = next < past->poll_count ? &past->polls[next] : NULL;
  if (!before && past->has_more_polls)
    return from;
  if (after)
    until = loom_poll_instant(*after) - 1; /* at the end of an opening it is in it */
  if (before && gap != LOOM_NO_MAX_GAP)
    until = earliest_after(from, loom_poll_instant(*before) + gap, until);
  if (after && gap != LOOM_NO_MAX_GAP)
    until = earliest_after(from, loom_poll_instant(*after) - gap, until);
  if (before && after && rules->fill == LOOM_FILL_NEAREST)
    until = earliest_after(from, loom_poll_midpoint(*before, *after), until);
  return until;
}
