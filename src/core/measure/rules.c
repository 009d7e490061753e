/*
** Presets, and the names of rules.
*/
#include "measure/rules.h"

#include <string.h>

const char *const loom_preset_names[] = {"loom", "seed", "monitoring", NULL};

static const struct loom_rules presets[] = {
    {60, LOOM_FILL_BACKWARD, LOOM_EVIDENCE_INSIDE, LOOM_DOWN, LOOM_NO_MAX_GAP},
    {0, LOOM_FILL_BACKWARD, LOOM_EVIDENCE_INSIDE, LOOM_DOWN, LOOM_NO_MAX_GAP},
    {60, LOOM_FILL_FORWARD, LOOM_EVIDENCE_AROUND, LOOM_UNKNOWN, 2 * LOOM_HOUR},
};

_Static_assert(sizeof presets / sizeof *presets + 1 ==
                   sizeof loom_preset_names / sizeof *loom_preset_names,
               "each preset has a name");

const char *const loom_fill_names[] = {[LOOM_FILL_BACKWARD] = "backward",
                                       [LOOM_FILL_FORWARD] = "forward",
                                       [LOOM_FILL_NEAREST] = "nearest",
                                       NULL};

const char *const loom_evidence_names[] = {
    [LOOM_EVIDENCE_INSIDE] = "inside", [LOOM_EVIDENCE_AROUND] = "around", NULL};

const char *const loom_no_data_names[] = {
    [LOOM_DOWN] = "down", [LOOM_UP] = "up", [LOOM_UNKNOWN] = "unknown", NULL};

const char *const loom_state_names[] = {
    [LOOM_DOWN] = "down",         [LOOM_UP] = "up",       [LOOM_UNKNOWN] = "unknown",
    [LOOM_EXCLUDED] = "excluded", [LOOM_SHUT] = "closed", NULL};

const char *loom_state_name(enum loom_state state) {
  return loom_state_names[state];
}

bool loom_rules_preset(const char *name, struct loom_rules *rules) {
  for (size_t i = 0; loom_preset_names[i]; i++) {
    if (strcmp(loom_preset_names[i], name) == 0) {
      *rules = presets[i];
      return true;
    }
  }
  return false;
}
