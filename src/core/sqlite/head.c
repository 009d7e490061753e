/*
** What a head knows. That it is one stands in the row `cluster` of `service`: the database's name, the number of shards, that of
** the commit, its ingest, and the cluster's identity, or -. The last two are missing where an older Loom has written it.
*/
#include "sqlite/head.h"
#include "base/id_table.h"
#include "base/platform.h"
#include "base/sha256.h"
#include "sqlite/changes.h"
#include "sqlite/connection.h"
#include "sqlite/remote.h"
#include "sqlite/statement.h"
#include "sqlite/stored_polls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROW_SIZE 192

/* Reads the row; *row is empty where there is none. */
static loom_status read_row(loom_database *database, char row[ROW_SIZE], loom_error *error) {
  sqlite3_stmt *find = NULL;
  size_t length = 0;
  row[0] = '\0';
  loom_status status = loom_statement_get(
      database, "SELECT value FROM main.service WHERE name = 'cluster'", &find, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(find);
  const char *value = step == SQLITE_ROW ? loom_column_bytes(find, 0, &length) : NULL;
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  else if (step == SQLITE_ROW && (!value || length >= ROW_SIZE))
    status = loom_database_corrupt(database, error, "which cluster has its polls cannot be read");
  if (status == LOOM_OK && value) {
    memcpy(row, value, length);
    row[length] = '\0';
  }
  loom_statement_keep(database, find, false);
  return status;
}

/* The same; a file of an older schema, which only the extension reads, has no such table, and is no head. */
static loom_status find_row(loom_database *database, char row[ROW_SIZE], loom_error *error) {
  sqlite3_stmt *find;
  int64_t tables = 0;
  row[0] = '\0';
  loom_status status = loom_statement_get(
      database, "SELECT count(*) FROM main.sqlite_schema WHERE name = 'service'", &find, error);
  if (status == LOOM_OK)
    status = loom_statement_number(database, find, &tables, error);
  return status == LOOM_OK && tables ? read_row(database, row, error) : status;
}

loom_status loom_head_read(loom_database *database, struct loom_head *head, loom_error *error) {
  char row[ROW_SIZE];
  *head = (struct loom_head){0};
  loom_status status = find_row(database, row, error);
  if (status != LOOM_OK || !*row)
    return status;
  head->is_one = true;
  int words = sscanf(row, "%63s %u %" SCNu64 " %" SCNu64 " %32s", head->name, &head->shards,
                     &head->number, &head->ingest, head->identity);
  if (strcmp(head->identity, "-") == 0)
    head->identity[0] = '\0';
  if (words == 3 || words == 5)
    return LOOM_OK;
  return loom_database_corrupt(database, error, "which cluster has its polls cannot be read");
}

void loom_head_writer(const loom_database *database, char writer[LOOM_HEAD_WRITER_MAX]) {
  unsigned char digest[LOOM_SHA256_SIZE];
  char host[256] = "", boot[LOOM_BOOT_SIZE], name[400];
  gethostname(host, sizeof host - 1);
  loom_boot_name(boot);
  int length = snprintf(name, sizeof name, "%s %s %llu %llu", host, boot,
                        (unsigned long long)database->place.file.device,
                        (unsigned long long)database->place.file.inode);
  loom_sha256(name, (size_t)length, digest);
  for (size_t i = 0; i < (LOOM_HEAD_WRITER_MAX - 1) / 2; i++)
    snprintf(writer + 2 * i, 3, "%02x", digest[i]);
}

loom_status loom_head_check_identity(const loom_database *database, const struct loom_head *head,
                                     const char *identity, loom_error *error) {
  if (!*head->identity || strcmp(head->identity, identity) == 0)
    return LOOM_OK;
  return loom_fail(
      error, LOOM_EINVAL,
      "%s: is the head of another cluster of the same name, whose identity is %s; this "
      "one's is %s",
      database->path, head->identity, *identity ? identity : "not there");
}

static loom_status check_head(loom_database *database, const struct loom_head *head,
                              loom_error *error) {
  struct loom_head before;
  int64_t polls = 0;
  loom_status status = loom_head_read(database, &before, error);
  if (status != LOOM_OK)
    return status;
  if (before.is_one && strcmp(before.name, head->name) != 0)
    return loom_fail(error, LOOM_EINVAL, "%s: is the head of another cluster, of the database %s",
                     database->path, before.name);
  if (before.is_one && before.shards != head->shards)
    return loom_fail(error, LOOM_EINVAL,
                     "%s: its polls are in %u shards, and %u are configured: how many there are "
                     "cannot be changed",
                     database->path, before.shards, head->shards);
  if (before.is_one)
    return loom_head_check_identity(database, &before, head->identity, error);
  status = loom_database_number(database, "SELECT EXISTS(SELECT 1 FROM poll_block)", &polls, error);
  if (status == LOOM_OK && polls)
    status =
        loom_fail(error, LOOM_EINVAL,
                  "%s: has polls of its own, and cannot be the head of a cluster", database->path);
  return status;
}

loom_status loom_head_write(loom_database *database, const struct loom_head *head,
                            loom_error *error) {
  sqlite3_stmt *put;
  char row[ROW_SIZE];
  loom_status status = check_head(database, head, error);
  if (status == LOOM_OK)
    status = loom_statement_get(
        database,
        "INSERT INTO service VALUES('cluster', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1",
        &put, error);
  if (status != LOOM_OK)
    return status;
  int length =
      snprintf(row, sizeof row, "%s %u %" PRIu64 " %" PRIu64 " %s", head->name, head->shards,
               head->number, head->ingest, *head->identity ? head->identity : "-");
  loom_bind_text(put, 1, row, (size_t)length);
  return loom_statement_run(database, put, NULL, error);
}

loom_status loom_head_owner(loom_database *database, char owner[LOOM_HEAD_IDENTITY_MAX],
                            loom_error *error) {
  sqlite3_stmt *find = NULL;
  size_t length = 0;
  *owner = '\0';
  loom_status status = loom_statement_get(
      database, "SELECT value FROM main.service WHERE name = 'owner'", &find, error);
  if (status != LOOM_OK)
    return status;
  int step = sqlite3_step(find);
  const char *value = step == SQLITE_ROW ? loom_column_bytes(find, 0, &length) : NULL;
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  else if (value && length < LOOM_HEAD_IDENTITY_MAX) {
    memcpy(owner, value, length);
    owner[length] = '\0';
  }
  loom_statement_keep(database, find, false);
  return status;
}

loom_status loom_head_set_owner(loom_database *database, const char *owner, loom_error *error) {
  sqlite3_stmt *put;
  loom_status status = loom_statement_get(
      database,
      "INSERT INTO service VALUES('owner', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1", &put,
      error);
  if (status != LOOM_OK)
    return status;
  loom_bind_text(put, 1, owner, strlen(owner));
  return loom_statement_run(database, put, NULL, error);
}

loom_status loom_head_refuse(loom_database *database, loom_error *error) {
  char row[ROW_SIZE];
  loom_status status = find_row(database, row, error);
  if (status != LOOM_OK || !*row)
    return status;
  return loom_fail(
      error, LOOM_EINVAL,
      "%s: the polls are in a cluster: reports need the cluster's file, in SQL there are "
      "none, and none are removed but by age (loom prune)",
      database->path);
}

loom_status loom_head_newest(loom_database *database, int64_t *instant, loom_error *error) {
  sqlite3_stmt *row = NULL;
  loom_status status =
      loom_statement_get(database, "SELECT newest_poll FROM main.overall", &row, error);
  if (status == LOOM_OK && sqlite3_step(row) != SQLITE_ROW)
    status = loom_database_failure(database, error);
  if (status == LOOM_OK && sqlite3_column_type(row, 0) == SQLITE_NULL)
    status = loom_fail(error, LOOM_EEMPTY, "%s: there are no polls yet", database->path);
  if (status == LOOM_OK)
    status = loom_stored_instant(database, row, 0, "the newest poll of all", instant, error);
  loom_statement_keep(database, row, false);
  return status;
}

loom_status loom_head_last_polled(loom_database *database, int64_t *number, loom_error *error) {
  *number = 0;
  return loom_database_number(
      database,
      "SELECT number FROM main.store WHERE first_poll IS NOT NULL ORDER BY number DESC LIMIT 1",
      number, error);
}

loom_status loom_head_last(loom_database *database, int64_t *number, loom_error *error) {
  *number = 0;
  return loom_database_number(database, "SELECT ifnull(max(number), 0) FROM main.store", number,
                              error);
}

loom_status loom_head_clear(loom_database *database, loom_error *error) {
  return loom_database_execute(database,
                               "UPDATE store SET first_poll = NULL, newest_poll = NULL,"
                               " newest_active = NULL WHERE first_poll IS NOT NULL;"
                               " UPDATE overall SET newest_poll = NULL",
                               error);
}

loom_status loom_head_id(loom_database *database, int64_t number, char *id, size_t *length,
                         loom_error *error) {
  sqlite3_stmt *find;
  loom_status status =
      loom_statement_get(database, "SELECT store_id FROM store WHERE number = ?", &find, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(find, 1, number);
  const char *found = sqlite3_step(find) == SQLITE_ROW ? loom_column_bytes(find, 0, length) : NULL;
  if (found && *length <= LOOM_ID_MAX)
    memcpy(id, found, *length);
  else
    status = loom_database_corrupt(database, error, "there is no store %" PRId64, number);
  loom_statement_keep(database, find, false);
  return status;
}

loom_status loom_head_list(loom_database *database, int64_t from, int64_t to, const char *after,
                           size_t length, size_t most, struct loom_id_table *ids, int64_t *numbers,
                           loom_error *error) {
  sqlite3_stmt *rows;
  int step = SQLITE_DONE;
  loom_status status = loom_statement_get(
      database,
      "SELECT number, store_id FROM main.store WHERE store_id > ?1 AND first_poll <= ?3 AND "
      "newest_poll >= ?2 ORDER BY store_id LIMIT ?4",
      &rows, error);
  if (status != LOOM_OK)
    return status;
  loom_bind_text(rows, 1, length ? after : "", length);
  sqlite3_bind_int64(rows, 2, from);
  sqlite3_bind_int64(rows, 3, to);
  sqlite3_bind_int64(rows, 4, (int64_t)most);
  while (status == LOOM_OK && ids->count < most && (step = sqlite3_step(rows)) == SQLITE_ROW) {
    size_t id_length;
    const char *id = loom_column_bytes(rows, 1, &id_length);
    uint32_t number = loom_id_table_put(ids, id ? id : "", id_length);
    if (number == LOOM_NO_NUMBER)
      status = loom_no_memory(error);
    else
      numbers[number] = sqlite3_column_int64(rows, 0);
  }
  if (status == LOOM_OK && step != SQLITE_ROW && step != SQLITE_DONE)
    status = loom_database_failure(database, error);
  loom_statement_keep(database, rows, false);
  return status;
}

/* ---- where polls have gone ---- */

loom_status loom_head_forget(loom_database *database, int64_t cut, int64_t *stale,
                             loom_error *error) {
  sqlite3_stmt *statement;
  *stale = 0;
  loom_status status = loom_statement_get(
      database,
      "UPDATE store SET first_poll = NULL, newest_poll = NULL, newest_active = NULL, changed "
      "= " LOOM_WRITE_NUMBER " WHERE newest_poll < ?",
      &statement, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(statement, 1, cut);
  status = loom_statement_run(database, statement, NULL, error);
  if (status == LOOM_OK)
    status = loom_statement_get(database, "SELECT count(*) FROM store WHERE first_poll < ?",
                                &statement, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(statement, 1, cut);
  return loom_statement_number(database, statement, stale, error);
}

loom_status loom_head_first(loom_database *database, int64_t cut, int64_t number, int64_t first,
                            bool *told, loom_error *error) {
  sqlite3_stmt *tell;
  uint64_t changes = 0;
  loom_status status =
      loom_statement_get(database,
                         "UPDATE store SET first_poll = ?3, changed = " LOOM_WRITE_NUMBER
                         " WHERE number = ?2 AND first_poll < ?1",
                         &tell, error);
  if (status != LOOM_OK)
    return status;
  sqlite3_bind_int64(tell, 1, cut);
  sqlite3_bind_int64(tell, 2, number);
  sqlite3_bind_int64(tell, 3, first);
  status = loom_statement_run(database, tell, &changes, error);
  *told = changes > 0;
  return status;
}
