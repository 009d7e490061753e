/*
** Changes of facts, and what the audit is told of them. The number of the store that was looked for last is kept until the change
** ends, so that many facts of one store cost a look-up once. What facts are as rows is in fact_write.c, and in fact_rows.c.
*/
#include "write/facts_sqlite.h"
#include "sqlite/changes.h"
#include "sqlite/connection.h"
#include "write/fact_audit.h"
#include "write/fact_rows.h"
#include "write/fact_write.h"
#include "write/store_number.h"

#include <stdlib.h>

#define SILENT_AFTER 20 /* facts of a run: see put_noted */

struct sqlite_facts {
  loom_facts facts; /* the first member */
  loom_database *database;
  bool changing;
  struct loom_last_store store; /* of the change */
  /* the run of facts that the last put is of: see put_noted */
  struct {
    enum loom_fact_kind kind;
    int64_t store;
    unsigned repeats;
    bool silent;
  } last;
  struct loom_fact_audit audit;
  struct loom_fact_rows rows;
};

static struct sqlite_facts *of_head(loom_facts *facts) {
  return (struct sqlite_facts *)facts;
}

/* What is known of stores in the change that is open; NULL: none is. */
static struct loom_last_store *change_of(struct sqlite_facts *facts) {
  return facts->changing ? &facts->store : NULL;
}

/* ---- put and remove ---- */

static void silence(struct sqlite_facts *facts, bool silent) {
  if (facts->last.silent != silent)
    loom_changes_silence(facts->database, silent);
  facts->last.silent = silent;
}

/*
** What is noted of a store's facts of a kind is noted once, and in a run of them the first one that changes anything has done it.
** The triggers that would find that out for each of the others take half of the time that it takes to put it; to silence them
** takes that of some puts, since SQLite prepares all statements anew.
*/
static loom_status put_noted(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                             loom_error *error) {
  sqlite3 *sqlite = facts->database->sqlite;
  if (facts->last.kind != fact->kind || facts->last.store != store)
    facts->last.repeats = 0;
  facts->last.kind = fact->kind;
  facts->last.store = store;
  silence(facts, facts->last.repeats >= SILENT_AFTER);
  int before = sqlite3_total_changes(sqlite);
  loom_status status = loom_fact_write_put(facts->database, fact, store, error);
  bool is_row = fact->kind != LOOM_FACT_ZONE && fact->kind != LOOM_FACT_STORE;
  facts->last.repeats += is_row && sqlite3_total_changes(sqlite) != before;
  return status;
}

/* Puts a fact, and tells the audit from what to what; an exclusion takes the place of nothing. */
static loom_status put_audited(struct sqlite_facts *facts, struct loom_fact *fact, int64_t store,
                               loom_error *error) {
  struct loom_fact before, after = *fact;
  bool there;
  loom_status status = loom_fact_rows_find(&facts->rows, fact, store, true, &before, &there, error);
  after.override = true;
  if (status == LOOM_OK)
    status =
        loom_fact_audit_note(&facts->audit, facts->database, there ? &before : NULL, &after, error);
  loom_fact_rows_leave(&facts->rows);
  return status == LOOM_OK ? put_noted(facts, fact, store, error) : status;
}

static loom_status put_new_exclusion(struct sqlite_facts *facts, struct loom_fact *fact,
                                     int64_t store, loom_error *error) {
  int before = sqlite3_total_changes(facts->database->sqlite);
  loom_status status = put_noted(facts, fact, store, error);
  if (status != LOOM_OK || sqlite3_total_changes(facts->database->sqlite) == before)
    return status;
  return loom_fact_audit_note(&facts->audit, facts->database, NULL, fact, error);
}

static loom_status put(loom_facts *head, struct loom_fact *fact, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t store = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  loom_fact_rows_end(&facts->rows);
  if (status == LOOM_OK)
    status = loom_store_number_make(facts->database, change_of(facts), fact->store,
                                    fact->store_length, &store, error);
  if (status != LOOM_OK || fact->kind == LOOM_FACT_STORE)
    return status;
  return fact->kind == LOOM_FACT_EXCLUSION ? put_new_exclusion(facts, fact, store, error)
                                           : put_audited(facts, fact, store, error);
}

/* Removes a fact, and tells the audit what it was, if there was one. */
static loom_status remove_audited(struct sqlite_facts *facts, const struct loom_fact *fact,
                                  int64_t store, uint64_t *count, loom_error *error) {
  struct loom_fact before;
  bool there;
  loom_status status =
      loom_fact_rows_find(&facts->rows, fact, store, fact->override, &before, &there, error);
  if (status == LOOM_OK && there)
    status = loom_fact_audit_note(&facts->audit, facts->database, &before, NULL, error);
  loom_fact_rows_leave(&facts->rows);
  return status == LOOM_OK ? loom_fact_write_remove(facts->database, fact, store, count, error)
                           : status;
}

static loom_status remove_fact(loom_facts *head, const struct loom_fact *fact, uint64_t *count,
                               loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t store = 0;
  *count = 0;
  loom_fact_rows_end(&facts->rows);
  silence(facts, false);
  facts->last.repeats = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  if (status == LOOM_OK)
    status = loom_store_number_find(facts->database, change_of(facts), fact->store,
                                    fact->store_length, &store, error);
  if (status != LOOM_OK || (fact->store && !store) || fact->kind == LOOM_FACT_STORE)
    return status;
  return remove_audited(facts, fact, store, count, error);
}

/* ---- read ---- */

static loom_status list(loom_facts *head, const struct loom_fact_query *query, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  return loom_fact_rows_list(&facts->rows, query, change_of(facts), error);
}

static loom_status choose(loom_facts *head, const struct loom_fact_choice *choice,
                          loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  return loom_fact_rows_choose(&facts->rows, choice, change_of(facts), error);
}

static loom_status next(loom_facts *head, struct loom_fact *fact, loom_error *error) {
  return loom_fact_rows_next(&of_head(head)->rows, fact, error);
}

static loom_status count_names(loom_facts *head, uint64_t *count, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  int64_t number = 0;
  loom_status status = loom_database_check_writing(facts->database, error);
  if (status == LOOM_OK)
    status = loom_database_number(facts->database, "SELECT count(DISTINCT name) FROM attribute",
                                  &number, error);
  *count = (uint64_t)number;
  return status;
}

/* ---- changes ---- */

static void end_change(struct sqlite_facts *facts) {
  loom_fact_rows_end(&facts->rows);
  silence(facts, false);
  facts->last.repeats = 0;
  facts->changing = false;
  facts->store.number = 0;
}

static loom_status begin(loom_facts *head, const struct loom_author *author, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  loom_status status = loom_fact_audit_begin(&facts->audit, author, error);
  if (status == LOOM_OK)
    status = loom_database_begin_write(facts->database, error);
  if (status == LOOM_OK)
    end_change(facts);
  facts->changing = status == LOOM_OK;
  return status;
}

/* Where it fails the change is to be abandoned, as one whose commit fails is undone. */
static loom_status commit(loom_facts *head, loom_error *error) {
  struct sqlite_facts *facts = of_head(head);
  loom_status status = LOOM_OK;
  if (facts->changing) {
    loom_fact_rows_end(&facts->rows);
    status = loom_fact_audit_end(&facts->audit, facts->database, error);
  }
  if (status != LOOM_OK) {
    head->type->abandon(head);
    return status;
  }
  end_change(facts);
  return loom_database_commit(facts->database, error);
}

static void abandon(loom_facts *head) {
  struct sqlite_facts *facts = of_head(head);
  bool changing = facts->changing;
  end_change(facts);
  if (changing)
    loom_database_rollback(facts->database);
}

static void free_facts(loom_facts *head) {
  struct sqlite_facts *facts = of_head(head);
  abandon(head);
  loom_fact_audit_free(&facts->audit);
  loom_fact_rows_free(&facts->rows);
  loom_database_close(facts->database);
  free(facts);
}

static const struct loom_facts_type type = {.begin = begin,
                                            .put = put,
                                            .remove = remove_fact,
                                            .list = list,
                                            .choose = choose,
                                            .next = next,
                                            .count_names = count_names,
                                            .commit = commit,
                                            .abandon = abandon,
                                            .free = free_facts};

loom_facts *loom_facts_sqlite(loom_database *database) {
  struct sqlite_facts *facts = calloc(1, sizeof *facts);
  if (!facts)
    return NULL;
  facts->facts.type = &type;
  facts->database = facts->rows.database = loom_database_retain(database);
  return &facts->facts;
}
