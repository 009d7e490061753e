/*
** The uptime kernel. A piece is cut into cells, each vouched for by one poll; a cell is cut once more where it
** is further than max_gap from its poll, and where exclusions begin and end.
*/
#include "measure/uptime.h"

struct judge {
  const struct loom_rules *rules;
  struct loom_figures *figures;
  struct loom_span outage; /* the run of down time that may still grow */
  /* the first one that ends after what was judged last, or the end */
  const struct loom_span *exclusion, *exclusions_end;
  const struct loom_listener *listener;
  /* polls of one state that are no further apart, as packed ones differ, make one cell */
  loom_poll joined;
};

/* The polls that speak for one piece: those in it, and its neighbours where the rules admit them. */
struct evidence {
  const loom_poll *inside;
  size_t count;
  const loom_poll *before, *after; /* NULL: there is none */
};

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* Counts a stretch, which is not empty. */
static void count_span(struct judge *judge, int64_t start, int64_t end, enum loom_state state,
                       const loom_poll *poll) {
  struct loom_figures *figures = judge->figures;
  if (state == LOOM_UP) {
    figures->up += end - start;
  } else if (state == LOOM_UNKNOWN) {
    figures->unknown += end - start;
  } else if (state == LOOM_EXCLUDED) {
    figures->excluded += end - start;
  } else {
    figures->down += end - start;
    if (figures->outages == 0 || judge->outage.end != start) {
      figures->outages++;
      judge->outage.start = start;
    }
    judge->outage.end = end;
    if (end - judge->outage.start > figures->longest)
      figures->longest = end - judge->outage.start;
  }
  if (judge->listener)
    judge->listener->segment(judge->listener->context, (struct loom_span){start, end}, state, poll);
}

/* Counts what was judged, less the exclusions. It comes in order of time, so that each of these is passed once. */
static void add(struct judge *judge, int64_t start, int64_t end, enum loom_state state,
                const loom_poll *poll) {
  while (start < end) {
    while (judge->exclusion < judge->exclusions_end && judge->exclusion->end <= start)
      judge->exclusion++;
    int64_t from = end, to = end; /* what of the stretch is excluded first */
    if (judge->exclusion < judge->exclusions_end) {
      from = clamp(judge->exclusion->start, start, end);
      to = clamp(judge->exclusion->end, start, end);
    }
    if (start < from)
      count_span(judge, start, from, state, poll);
    if (from < to)
      count_span(judge, from, to, LOOM_EXCLUDED, NULL);
    start = to;
  }
}

/* Adds the cell [start, end), which polls of one state vouch for, from the first to the last without a gap. */
static void vouch_all(struct judge *judge, int64_t start, int64_t end, const loom_poll *first,
                      const loom_poll *last) {
  enum loom_state state = loom_poll_active(*last) ? LOOM_UP : LOOM_DOWN;
  int64_t gap = judge->rules->max_gap;
  if (gap == LOOM_NO_MAX_GAP) {
    add(judge, start, end, state, last);
  } else if (start < end) {
    int64_t from = clamp(loom_poll_instant(*first) - gap, start, end);
    int64_t to = clamp(loom_poll_instant(*last) + gap, start, end);
    add(judge, start, from, LOOM_UNKNOWN, first);
    add(judge, from, to, state, last);
    add(judge, to, end, LOOM_UNKNOWN, last);
  }
}

/* Adds the cell [start, end), which the poll vouches for. */
static void vouch(struct judge *judge, int64_t start, int64_t end, const loom_poll *poll) {
  vouch_all(judge, start, end, poll, poll);
}

/* Where the earlier of two neighbouring polls hands over to the later one. */
static int64_t handover(const struct judge *judge, loom_poll earlier, loom_poll later) {
  switch (judge->rules->fill) {
  case LOOM_FILL_BACKWARD:
    return loom_poll_instant(earlier);
  case LOOM_FILL_FORWARD:
    return loom_poll_instant(later);
  default:
    return loom_poll_midpoint(earlier, later);
  }
}

/* With no poll inside, one neighbour is enough, and which one is preferred depends on the fill. */
static void judge_between(struct judge *judge, struct loom_span piece, const loom_poll *before,
                          const loom_poll *after) {
  if (before && after) {
    int64_t cut = clamp(handover(judge, *before, *after), piece.start, piece.end);
    vouch(judge, piece.start, cut, before);
    vouch(judge, cut, piece.end, after);
  } else if (before || after) {
    vouch(judge, piece.start, piece.end, before ? before : after);
  } else {
    add(judge, piece.start, piece.end, judge->rules->no_data, NULL);
  }
}

static void judge_piece(struct judge *judge, struct loom_span piece,
                        const struct evidence *evidence) {
  if (evidence->count == 0) {
    judge_between(judge, piece, evidence->before, evidence->after);
    return;
  }
  const loom_poll *inside = evidence->inside, *last = inside + evidence->count - 1;
  const loom_poll *first = inside; /* of the cell that may still grow */
  int64_t from = piece.start;
  if (evidence->before) {
    int64_t cut = clamp(handover(judge, *evidence->before, *inside), from, piece.end);
    vouch(judge, from, cut, evidence->before);
    from = cut;
  }
  for (const loom_poll *poll = inside; poll < last; poll++) {
    if (!((poll[0] ^ poll[1]) & 1) && poll[1] - poll[0] <= judge->joined)
      continue;
    int64_t cut = handover(judge, poll[0], poll[1]);
    vouch_all(judge, from, cut, first, poll);
    from = cut;
    first = poll + 1;
  }
  int64_t cut = piece.end;
  if (evidence->after)
    cut = clamp(handover(judge, *last, *evidence->after), from, piece.end);
  vouch_all(judge, from, cut, first, last);
  if (evidence->after)
    vouch(judge, cut, piece.end, evidence->after);
}

/* Index of the first poll at or after an instant, looking from `low` on. */
static size_t find_poll(const loom_poll *polls, size_t low, size_t count, int64_t instant) {
  loom_poll wanted = loom_poll_pack(instant, false);
  while (low < count) {
    size_t middle = low + (count - low) / 2;
    if (polls[middle] < wanted)
      low = middle + 1;
    else
      count = middle;
  }
  return low;
}

/* The first exclusion that ends after an instant: those of years before need not be passed one by one. */
static const struct loom_span *find_exclusion(const struct loom_spans *exclusions,
                                              int64_t instant) {
  size_t low = 0, count = exclusions->count;
  while (low < count) {
    size_t middle = low + (count - low) / 2;
    if (exclusions->items[middle].end <= instant)
      low = middle + 1;
    else
      count = middle;
  }
  return exclusions->items + low;
}

void loom_uptime_measure(const struct loom_spans *pieces, const struct loom_spans *exclusions,
                         const loom_poll *polls, size_t count, const struct loom_rules *rules,
                         int64_t as_of, struct loom_figures *figures,
                         const struct loom_listener *listener) {
  struct judge judge = {.rules = rules, .figures = figures, .listener = listener};
  size_t counted = 0; /* polls before this index are in figures->polls already, or in no piece */
  *figures = (struct loom_figures){0};
  judge.joined = rules->max_gap == LOOM_NO_MAX_GAP ? INT64_MAX : rules->max_gap * 2;
  if (listener && !listener->joins)
    judge.joined = -1; /* it is to be told which poll vouches for what */
  if (exclusions->count > 0 && pieces->count > 0) {
    judge.exclusion = find_exclusion(exclusions, pieces->items[0].start);
    judge.exclusions_end = exclusions->items + exclusions->count;
  }
  for (size_t i = 0; i < pieces->count; i++) {
    struct loom_span piece = pieces->items[i];
    /* A poll at the end of one piece may be at the start of the next, and belongs to both. */
    size_t first = find_poll(polls, counted > 0 ? counted - 1 : 0, count, piece.start);
    size_t end = find_poll(polls, first, count, piece.end + 1);
    struct evidence evidence = {.inside = count ? polls + first : polls, .count = end - first};
    if (rules->evidence == LOOM_EVIDENCE_AROUND) {
      if (first > 0)
        evidence.before = &polls[first - 1];
      if (end < count && loom_poll_instant(polls[end]) <= as_of)
        evidence.after = &polls[end];
    }
    judge_piece(&judge, piece, &evidence);
    size_t fresh = first > counted ? first : counted;
    figures->polls += (int64_t)(end > fresh ? end - fresh : 0);
    counted = end;
  }
}
