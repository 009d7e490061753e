/*
** Buffers of what a source gives.
*/
#include "measure/store.h"

void loom_store_free(struct loom_store *store) {
  loom_hours_list_free(&store->hours);
  loom_special_days_free(&store->special_days);
  loom_spans_free(&store->exclusions);
  loom_exclusion_rules_free(&store->rules);
  loom_polls_free(&store->polls);
  *store = (struct loom_store){0};
}

void loom_common_free(struct loom_common *common) {
  loom_special_days_free(&common->special_days);
  loom_spans_free(&common->exclusions);
  loom_exclusion_rules_free(&common->rules);
  *common = (struct loom_common){0};
}
