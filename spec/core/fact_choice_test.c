/*
** Tests of choices of stores: by ids, attributes and texts, with the value of an attribute.
*/
#include "facts.h"

/* The ids that a choice wants, each with its last character; those that it does not want are told, too. */
static void assert_chooses(loom_facts *facts, const struct loom_fact_choice *choice,
                           unsigned stores, const char *expected) {
  loom_error error;
  loom_status status;
  struct loom_fact fact;
  char found[40] = "", last[LOOM_ID_MAX + 1] = "";
  unsigned count = 0;
  assert_status(loom_facts_choose(facts, choice, &error), LOOM_OK, &error);
  while ((status = loom_facts_next(facts, &fact, &error)) == LOOM_OK) {
    char id[LOOM_ID_MAX + 1] = "";
    memcpy(id, fact.store, fact.store_length);
    assert_true(strcmp(id, last) > 0);
    strcpy(last, id);
    count++;
    if (fact.wanted)
      strncat(found, id + fact.store_length - 1, 1);
  }
  assert_status(status, LOOM_DONE, &error);
  assert_int_equal(count, stores);
  assert_string_equal(found, expected);
}

static void stores_are_chosen(void **state) {
  (void)state;
  static const char *const colours[] = {"red", "blue"}, *const sizes[] = {"1"};
  static const size_t colour_lengths[] = {3, 4}, size_lengths[] = {1};
  static const struct loom_fact_condition conditions[] = {{"colour", 6, colours, colour_lengths, 2},
                                                          {"size", 4, sizes, size_lengths, 1},
                                                          {"size", 4, NULL, NULL, 0}};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "sd", "colour", "red"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "sb", "colour", "blue"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "sb", "size", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "sc", "colour", "green"));
  put(facts, fact_of(LOOM_FACT_STORE, "ta"));
  commit(facts);
  assert_chooses(facts, &(struct loom_fact_choice){.after = ""}, 4, "bcda");
  assert_chooses(facts, &(struct loom_fact_choice){.after = "sb", .after_length = 2}, 3, "cda");
  assert_chooses(facts, &(struct loom_fact_choice){.after = "", .glob = "s[^c]"}, 4, "bd");
  struct loom_fact_choice choice = {
      .after = "", .glob = "*", .conditions = conditions, .condition_count = 1};
  assert_chooses(facts, &choice, 4, "bd");
  choice.condition_count = 2;
  assert_chooses(facts, &choice, 4, "b");
  choice.condition_count = 3; /* a condition without values is met by none */
  assert_chooses(facts, &choice, 4, "");
  assert_lists(facts, LOOM_FACT_STORE, "ta", "ta file\n"); /* a list after it is one */
  loom_facts_free(facts);
  loom_database_close(database);
}

/* A text is looked for in ids and in values of any attribute, whatever bytes they are of. */
static void stores_are_searched(void **state) {
  (void)state;
  static const char *const sizes[] = {"1"};
  static const size_t size_lengths[] = {1};
  static const struct loom_fact_condition condition = {"size", 4, sizes, size_lengths, 1};
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "Taco a", "size", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "b", "brand", "TACO B\xc3\x89LL"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "b", "size", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "c", "taco", "100%_"));
  put(facts, fact_of(LOOM_FACT_STORE, "d"));
  commit(facts);
  static const struct {
    const char *text, *wanted;
  } cases[] = {{"taco", "ab"}, {"b", "b"},   {"100%", "c"},     {"%", "c"},       {"_", "c"},
               {"*", ""},      {"o b", "b"}, {"\xc3\x89", "b"}, {"\xc3\xa9", ""}, {"\x89", "b"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct loom_fact_choice choice = {
        .after = "", .text = cases[i].text, .text_length = strlen(cases[i].text)};
    assert_chooses(facts, &choice, 4, cases[i].wanted);
    choice.conditions = &condition;
    choice.condition_count = 1;
    assert_chooses(facts, &choice, 4, strpbrk(cases[i].wanted, "ab") ? cases[i].wanted : "");
    choice.glob = "b";
    assert_chooses(facts, &choice, 4, strchr(cases[i].wanted, 'b') ? "b" : "");
  }
  loom_facts_free(facts);
  loom_database_close(database);
}

static void values_come_with_stores(void **state) {
  (void)state;
  loom_error error;
  struct loom_fact fact;
  loom_database *database = memory_database();
  loom_facts *facts = loom_facts_sqlite(database);
  begin(facts);
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "a", "size", "1"));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "c", "size", ""));
  put(facts, with_text(LOOM_FACT_ATTRIBUTE, "b", "colour", "red"));
  commit(facts);
  struct loom_fact_choice choice = {
      .after = "", .glob = "c", .attribute = "size", .attribute_length = 4};
  static const char *const values[] = {"1", NULL, ""};
  assert_status(loom_facts_choose(facts, &choice, &error), LOOM_OK, &error);
  for (int i = 0; i < 3; i++) {
    assert_status(loom_facts_next(facts, &fact, &error), LOOM_OK, &error);
    assert_int_equal(fact.wanted, i == 2);
    assert_int_equal(fact.text != NULL, values[i] != NULL);
    if (values[i]) {
      assert_int_equal(fact.text_length, strlen(values[i]));
      assert_memory_equal(fact.text, values[i], fact.text_length);
    }
  }
  assert_int_equal(loom_facts_next(facts, &fact, &error), LOOM_DONE);
  loom_facts_free(facts);
  loom_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(stores_are_chosen),
                                     cmocka_unit_test(stores_are_searched),
                                     cmocka_unit_test(values_come_with_stores)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
