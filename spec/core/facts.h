/*
** What tests of facts share: facts of each kind, changes of them that succeed, and lists as text.
*/
#ifndef FACTS_H
#define FACTS_H

#include "storage.h"

#include "support.h"
#include "time/civil.h"
#include "write/facts_sqlite.h"

static inline struct loom_fact fact_of(enum loom_fact_kind kind, const char *store) {
  return (struct loom_fact){.kind = kind,
                            .store = store,
                            .store_length = store ? strlen(store) : 0,
                            .override = true,
                            .name = "",
                            .text = ""};
}

static inline struct loom_fact with_text(enum loom_fact_kind kind, const char *store,
                                         const char *name, const char *text) {
  struct loom_fact fact = fact_of(kind, store);
  fact.name = name;
  fact.name_length = strlen(name);
  fact.text = text;
  fact.text_length = strlen(text);
  return fact;
}

static inline void begin(loom_facts *facts) {
  loom_error error;
  static const struct loom_author author = {.by = "test", .by_length = 4};
  assert_status(loom_facts_begin(facts, &author, &error), LOOM_OK, &error);
}

static inline int64_t put(loom_facts *facts, struct loom_fact fact) {
  loom_error error;
  assert_status(loom_facts_put(facts, &fact, &error), LOOM_OK, &error);
  return fact.number;
}

static inline uint64_t take_away(loom_facts *facts, struct loom_fact fact) {
  loom_error error;
  uint64_t count;
  assert_status(loom_facts_remove(facts, &fact, &count, &error), LOOM_OK, &error);
  return count;
}

static inline void commit(loom_facts *facts) {
  loom_error error;
  assert_status(loom_facts_commit(facts, &error), LOOM_OK, &error);
}

/* A list as text: "store layer key: value" on each line. */
static inline struct buffer lines(loom_facts *facts, const struct loom_fact_query *query) {
  loom_error error;
  loom_status status;
  struct loom_fact fact;
  struct buffer out = {0};
  assert_status(loom_facts_list(facts, query, &error), LOOM_OK, &error);
  while ((status = loom_facts_next(facts, &fact, &error)) == LOOM_OK) {
    assert_int_equal(fact.kind, query->kind);
    buffer_printf(&out, "%.*s%s", (int)(fact.store ? fact.store_length : 1),
                  fact.store ? fact.store : "*", fact.override ? "" : " file");
    if (fact.kind == LOOM_FACT_WEEK || fact.kind == LOOM_FACT_SPECIAL_DAY)
      buffer_printf(&out, " %d%s", fact.date == LOOM_DATE_MIN ? -1 : fact.date,
                    fact.reverts ? " reverts" : "");
    for (size_t i = 0; i < fact.opening_count; i++)
      buffer_printf(&out, " %d@%d-%d", fact.openings[i].weekday, fact.openings[i].open,
                    fact.openings[i].close);
    if (fact.kind == LOOM_FACT_EXCLUSION)
      buffer_printf(&out, " %lld-%lld", (long long)fact.from, (long long)fact.to);
    if (fact.name)
      buffer_printf(&out, " %.*s", (int)fact.name_length, fact.name);
    if (fact.text_length)
      buffer_printf(&out, " '%.*s'", (int)fact.text_length, fact.text);
    buffer_put(&out, "\n", 1);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(loom_facts_next(facts, &fact, &error), LOOM_DONE);
  return out;
}

/* The list of one store's facts; of all stores' where it is NULL. */
static inline void assert_lists(loom_facts *facts, enum loom_fact_kind kind, const char *store,
                                const char *expected) {
  struct loom_fact_query query = {.kind = kind,
                                  .any_store = !store,
                                  .store = store,
                                  .store_length = store ? strlen(store) : 0,
                                  .first_date = LOOM_DATE_MIN,
                                  .last_date = LOOM_DATE_MAX,
                                  .most = -1};
  struct buffer found = lines(facts, &query);
  assert_string_equal(found.bytes ? found.bytes : "", expected);
  buffer_free(&found);
}

#endif
