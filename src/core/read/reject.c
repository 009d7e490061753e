/*
** Lists of bad rows.
*/
#include "read/reject.h"

#include <stdlib.h>
#include <string.h>

struct loom_reject_entry *loom_reject_entry_new(const struct loom_row_problem *problem,
                                                struct loom_csv_field row) {
  struct loom_csv_field value = problem->value;
  size_t reason_size = strlen(problem->reason) + 1;
  struct loom_reject_entry *entry = malloc(sizeof *entry + value.length + row.length + reason_size);
  if (!entry)
    return NULL;
  *entry = (struct loom_reject_entry){.column = problem->column ? problem->column : "",
                                      .well_formed = problem->well_formed,
                                      .value_length = value.length,
                                      .row_length = row.length};
  if (value.length)
    memcpy(entry->text, value.text, value.length);
  if (row.length)
    memcpy(entry->text + value.length, row.text, row.length);
  memcpy(entry->text + value.length + row.length, problem->reason, reason_size);
  return entry;
}

struct loom_reject loom_reject_of(const struct loom_reject_entry *entry) {
  const char *row = entry->text + entry->value_length;
  return (struct loom_reject){.line = entry->line,
                              .number = entry->number,
                              .well_formed = entry->well_formed,
                              .column = entry->column,
                              .value = entry->text,
                              .value_length = entry->value_length,
                              .reason = row + entry->row_length,
                              .row = row,
                              .row_length = entry->row_length};
}

void loom_reject_list_add(struct loom_reject_list *list, struct loom_reject_entry *entry) {
  *(list->first ? list->last : &list->first) = entry;
  list->last = &entry->next;
  list->count++;
}

struct loom_reject_entry *loom_reject_list_take(struct loom_reject_list *list) {
  struct loom_reject_entry *entry = list->first;
  if (!entry)
    return NULL;
  list->first = entry->next;
  list->count--;
  entry->next = NULL;
  return entry;
}

void loom_reject_list_free(struct loom_reject_list *list) {
  struct loom_reject_entry *entry;
  while ((entry = loom_reject_list_take(list)))
    free(entry);
}
