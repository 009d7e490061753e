/*
** Presets.
*/
#include "measure/rules.h"
#include "time/civil.h"

#include <string.h>

static const struct {
  const char *name;
  struct loom_rules rules;
} presets[] = {
    {"loom", {60, LOOM_FILL_BACKWARD, LOOM_EVIDENCE_INSIDE, LOOM_DOWN, LOOM_NO_MAX_GAP}},
    {"seed", {0, LOOM_FILL_BACKWARD, LOOM_EVIDENCE_INSIDE, LOOM_DOWN, LOOM_NO_MAX_GAP}},
    {"monitoring", {60, LOOM_FILL_FORWARD, LOOM_EVIDENCE_AROUND, LOOM_UNKNOWN, 2 * LOOM_HOUR}},
};

bool loom_rules_preset(const char *name, struct loom_rules *rules) {
  for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
    if (strcmp(presets[i].name, name) == 0) {
      *rules = presets[i].rules;
      return true;
    }
  }
  return false;
}
