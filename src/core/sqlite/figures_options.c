/*
** What figures are asked for in SQL.
*/
#include "sqlite/figures_options.h"

#include <ctype.h>
#include <string.h>

static struct loom_word word_of(const char *bytes, size_t length) {
  return (struct loom_word){bytes, length};
}

static bool is(struct loom_word word, const char *text) {
  return word.length == strlen(text) && memcmp(word.bytes, text, word.length) == 0;
}

/* Splits a word at the first of a character. False: there is none, and *before is all of it. */
static bool split(struct loom_word word, char at, struct loom_word *before,
                  struct loom_word *after) {
  const char *found = word.length ? memchr(word.bytes, at, word.length) : NULL;
  *before = word;
  if (!found)
    return false;
  before->length = (size_t)(found - word.bytes);
  *after = word_of(found + 1, word.length - before->length - 1);
  return true;
}

/* Which of some names a word is; -1: none. */
static int index_of(const char *const *names, struct loom_word word) {
  for (int i = 0; names[i]; i++)
    if (is(word, names[i]))
      return i;
  return -1;
}

/* ---- rules: each reader returns what is wrong, or NULL ---- */

static const char *read_max_gap(struct loom_rules *rules, struct loom_word value) {
  const char *problem = NULL;
  rules->max_gap = LOOM_NO_MAX_GAP;
  if (!is(value, "none"))
    problem = loom_parse_duration(value.bytes, value.length, &rules->max_gap);
  return !problem && rules->max_gap > LOOM_MAX_GAP_MAX ? "is longer than 100 years" : problem;
}

static const char *read_slack(struct loom_rules *rules, struct loom_word value) {
  int64_t slack;
  const char *problem = loom_parse_duration(value.bytes, value.length, &slack);
  if (problem)
    return problem;
  if (slack / LOOM_SECOND > LOOM_SLACK_MAX)
    return "is not less than a day";
  rules->slack = (int32_t)(slack / LOOM_SECOND);
  return NULL;
}

static const char *read_preset(struct loom_rules *rules, struct loom_word value) {
  int preset = index_of(loom_preset_names, value);
  return preset >= 0 && loom_rules_preset(loom_preset_names[preset], rules) ? NULL : "is no preset";
}

/* ---- options that are not rules ---- */

static const char *read_as_of(struct loom_figures_options *options, struct loom_word value) {
  int32_t date;
  options->has_as_of = true;
  if (loom_parse_date(value.bytes, value.length, &date))
    return loom_parse_timestamp(value.bytes, value.length, &options->as_of);
  options->as_of = date * LOOM_DAY;
  return NULL;
}

static const char *read_zone(struct loom_figures_options *options, struct loom_word value) {
  if (value.length >= sizeof options->zone || memchr(value.bytes, '\0', value.length))
    return "is not in the tz database";
  memcpy(options->zone, value.bytes, value.length);
  options->zone[value.length] = '\0';
  return NULL;
}

static const char *read_flag(bool *flag, struct loom_word value) {
  *flag = is(value, "true");
  return *flag || is(value, "false") ? NULL : "is neither true nor false";
}

/* What an option is called; those up to PRESET are read before the others, which override them. */
enum key { PRESET, FILL, EVIDENCE, NO_DATA, MAX_GAP, SLACK, AS_OF, ZONE, ALL_STORES };
static const char *const keys[] = {"preset", "fill",  "evidence",     "no_data",    "max_gap",
                                   "slack",  "as_of", "default_zone", "all_stores", NULL};

static const char *read_option(struct loom_figures_options *options, enum key key,
                               struct loom_word value) {
  struct loom_rules *rules = &options->rules;
  const char *const *const names[] = {
      [FILL] = loom_fill_names, [EVIDENCE] = loom_evidence_names, [NO_DATA] = loom_no_data_names};
  int chosen = key >= FILL && key <= NO_DATA ? index_of(names[key], value) : 0;
  if (chosen < 0)
    return "is none of those that there are";
  switch (key) {
  case PRESET:
    return read_preset(rules, value);
  case FILL:
    rules->fill = (enum loom_fill)chosen;
    return NULL;
  case EVIDENCE:
    rules->evidence = (enum loom_evidence)chosen;
    return NULL;
  case NO_DATA:
    rules->no_data = (enum loom_state)chosen;
    return NULL;
  case MAX_GAP:
    return read_max_gap(rules, value);
  case SLACK:
    return read_slack(rules, value);
  case AS_OF:
    return read_as_of(options, value);
  case ZONE:
    return read_zone(options, value);
  default:
    return read_flag(&options->all_stores, value);
  }
}

/* ---- windows ---- */

static const char *read_ends(struct loom_word from, struct loom_word to,
                             struct loom_window *window) {
  if (!loom_parse_date(from.bytes, from.length, &window->first) &&
      !loom_parse_date(to.bytes, to.length, &window->after_last)) {
    window->calendar = LOOM_CALENDAR_DATES;
    return NULL;
  }
  if (loom_parse_timestamp(from.bytes, from.length, &window->from) ||
      loom_parse_timestamp(to.bytes, to.length, &window->to))
    return "is neither from an instant to an instant nor from a date to a date";
  return NULL;
}

static const char *read_span(struct loom_word span, struct loom_window *window) {
  struct loom_word from, to;
  int word = index_of(loom_calendar_names, span);
  if (word > 0) { /* the first one is that of dates */
    window->calendar = (enum loom_calendar)(word + LOOM_CALENDAR_DATES);
    return NULL;
  }
  if (split(span, '/', &from, &to))
    return read_ends(from, to, window);
  return loom_parse_duration(span.bytes, span.length, &window->length)
             ? "is no duration, no FROM/TO, and no word of the calendar"
             : NULL;
}

/* Takes `:minutes` or `:hours` from the end of a window. */
static struct loom_word take_unit(struct loom_word word, bool *minutes) {
  static const char *const units[] = {":hours", ":minutes"};
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(units[i]);
    if (word.length >= length && memcmp(word.bytes + word.length - length, units[i], length) == 0) {
      *minutes = i;
      word.length -= length;
      return word;
    }
  }
  return word;
}

/* Copies a window's name; `-` becomes `_` where it is a word of the calendar. */
static const char *take_name(struct loom_figures_options *options, struct loom_word name,
                             bool is_calendar) {
  char *copy = options->names[options->window_count];
  if (name.length == 0 || name.length > LOOM_WINDOW_NAME_MAX)
    return "has no name of 1 to 64 letters, digits and _";
  for (size_t i = 0; i < name.length; i++) {
    copy[i] = is_calendar && name.bytes[i] == '-' ? '_' : name.bytes[i];
    if (!isalnum((unsigned char)copy[i]) && copy[i] != '_')
      return "has no name of 1 to 64 letters, digits and _";
  }
  copy[name.length] = '\0';
  for (size_t i = 0; i < options->window_count; i++)
    if (strcmp(options->names[i], copy) == 0)
      return "is called like another window";
  return NULL;
}

static const char *read_window(struct loom_figures_options *options, struct loom_word word) {
  struct loom_window *window = &options->windows[options->window_count];
  struct loom_word name, span;
  *window = (struct loom_window){.name = options->names[options->window_count]};
  word = take_unit(word, &options->minutes[options->window_count]);
  bool is_named = split(word, '=', &name, &span);
  if (!is_named && index_of(loom_calendar_names, word) <= 0)
    return "is no option, and no window: NAME=SPAN";
  const char *problem = take_name(options, name, !is_named);
  if (!problem)
    problem = read_span(is_named ? span : word, window);
  options->window_count += !problem;
  return problem;
}

static void add_standard(struct loom_figures_options *options) {
  static const struct {
    const char *name;
    int64_t length;
    bool minutes;
  } standard[] = {{"last_hour", LOOM_HOUR, true},
                  {"last_day", LOOM_DAY, false},
                  {"last_week", 7 * LOOM_DAY, false}};
  for (size_t i = 0; i < sizeof standard / sizeof *standard; i++) {
    strcpy(options->names[i], standard[i].name);
    options->windows[i] =
        (struct loom_window){.length = standard[i].length, .name = options->names[i]};
    options->minutes[i] = standard[i].minutes;
  }
  options->window_count = sizeof standard / sizeof *standard;
}

/* ---- words ---- */

/* Which option a word sets; -1: it is a window. */
static int key_of(struct loom_word word, struct loom_word *value) {
  struct loom_word key;
  return split(word, '=', &key, value) ? index_of(keys, key) : -1;
}

loom_status loom_figures_options_read(struct loom_figures_options *options,
                                      const struct loom_word *words, size_t count,
                                      loom_error *error) {
  *options = (struct loom_figures_options){.zone = LOOM_DEFAULT_ZONE};
  loom_rules_preset(loom_preset_names[0], &options->rules);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < count; i++) {
      struct loom_word value;
      int key = key_of(words[i], &value);
      if ((key == PRESET) != (pass == 0))
        continue;
      const char *problem =
          key >= 0 ? read_option(options, (enum key)key, value) : read_window(options, words[i]);
      if (problem)
        return loom_fail(error, LOOM_EINVAL, "\"%.*s\" %s",
                         words[i].length > 100 ? 100 : (int)words[i].length, words[i].bytes,
                         problem);
    }
  }
  if (options->window_count == 0)
    add_standard(options);
  return LOOM_OK;
}
