/*
** The SQL of a choice of stores.
*/
#include "write/fact_choice.h"

#include <stdio.h>
#include <string.h>

static bool add(struct loom_text *sql, const char *text) {
  if (!loom_text_reserve(sql, strlen(text) + 1))
    return false;
  loom_text_put_string(sql, text);
  return true;
}

/* Numbers of the parameters of a choice; from the last one on come those of the conditions. */
enum { TEXT = 1, ATTRIBUTE, AFTER, CONDITIONS };

/* The names and values of a condition are parameters from `*parameter` on. */
static bool add_condition(struct loom_text *sql, const struct loom_fact_condition *condition,
                          int *parameter) {
  char number[16];
  snprintf(number, sizeof number, "?%d", (*parameter)++);
  bool good = add(sql, " AND EXISTS(SELECT 1 FROM attribute WHERE store = s.number AND name = ") &&
              add(sql, number) && add(sql, " AND value IN (");
  for (size_t value = 0; good && value < condition->value_count; value++) {
    snprintf(number, sizeof number, value ? ", ?%d" : "?%d", (*parameter)++);
    good = add(sql, number);
  }
  return good && add(sql, "))");
}

/* Whether a store is wanted is a column, and so is its value of an attribute. */
bool loom_fact_choice_write(struct loom_text *sql, const struct loom_fact_choice *choice) {
  int parameter = CONDITIONS;
  bool good = add(sql, "SELECT store_id, 1");
  for (size_t i = 0; good && i < choice->condition_count; i++)
    good = add_condition(sql, &choice->conditions[i], &parameter);
  if (choice->text)
    good = good && add(sql,
                       " AND (loom_contains(store_id, ?1) OR EXISTS(SELECT 1 FROM attribute"
                       " WHERE store = s.number AND loom_contains(value, ?1)))");
  good =
      good && add(sql, choice->attribute
                           ? ", (SELECT value FROM attribute WHERE store = s.number AND name = ?2)"
                           : ", NULL");
  good = good && add(sql, " FROM store s WHERE store_id > ?3 ORDER BY store_id");
  if (good)
    loom_text_put_char(sql, '\0');
  return good;
}

void loom_fact_choice_bind(sqlite3_stmt *rows, const struct loom_fact_choice *choice) {
  int parameter = CONDITIONS;
  if (choice->text)
    sqlite3_bind_blob(rows, TEXT, choice->text, (int)choice->text_length, SQLITE_TRANSIENT);
  if (choice->attribute)
    sqlite3_bind_text(rows, ATTRIBUTE, choice->attribute, (int)choice->attribute_length,
                      SQLITE_TRANSIENT);
  sqlite3_bind_text(rows, AFTER, choice->after, (int)choice->after_length, SQLITE_TRANSIENT);
  for (size_t i = 0; i < choice->condition_count; i++) {
    const struct loom_fact_condition *condition = &choice->conditions[i];
    sqlite3_bind_text(rows, parameter++, condition->name, (int)condition->name_length,
                      SQLITE_TRANSIENT);
    for (size_t value = 0; value < condition->value_count; value++)
      sqlite3_bind_text(rows, parameter++, condition->values[value],
                        (int)condition->value_lengths[value], SQLITE_TRANSIENT);
  }
}
