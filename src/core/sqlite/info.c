/*
** What is in a database, in numbers.
*/
#include "sqlite/info.h"
#include "sqlite/connection.h"
#include "sqlite/remote.h"
#include "time/civil.h"

static bool is_instant(int64_t value) {
  return value >= LOOM_INSTANT_MIN && value <= LOOM_INSTANT_MAX;
}

/* The polls are not in the file. */
static loom_status ask_remote(loom_database *database, struct loom_info *info, loom_error *error) {
  loom_remote *remote = loom_database_remote(database);
  struct loom_remote_info there = {0};
  if (!remote)
    return LOOM_OK;
  loom_status status = remote->type->info(remote, database, &there, error);
  info->polls = there.polls;
  info->days = there.days;
  info->size += there.size;
  return status;
}

loom_status loom_info_read(loom_database *database, struct loom_info *info, loom_error *error) {
  const struct {
    const char *sql;
    int64_t *number;
  } questions[] = {
      {"SELECT count(*) FROM store", &info->stores},
      {"SELECT count(first_poll) FROM store", &info->polled_stores},
      {"SELECT ifnull(sum(length(polls)), 0) / 8 FROM poll_block", &info->polls},
      {"SELECT count(DISTINCT day) FROM poll_block", &info->days},
      {"SELECT min(first_poll) FROM store", &info->first_poll},
      {"SELECT newest_poll FROM overall", &info->newest_poll},
      {"SELECT ifnull(sum(length(openings)), 0) / 5 FROM hours_week", &info->hours},
      {"SELECT count(DISTINCT store) FROM hours_week", &info->stores_with_hours},
      {"SELECT count(DISTINCT ifnull(timezone_override, timezone)) FROM store", &info->timezones},
      {"SELECT count(ifnull(timezone_override, timezone)) FROM store", &info->stores_with_timezone},
      {"SELECT count(*) FROM special_day", &info->special_days},
      {"SELECT count(*) FROM exclusion", &info->exclusions},
      {"SELECT (SELECT count(*) FROM hours_week WHERE origin = 'override') +"
       " (SELECT count(timezone_override) FROM store) +"
       " (SELECT count(*) FROM special_day WHERE origin = 'override')",
       &info->overrides},
      {"SELECT count(*) FROM attribute", &info->attributes},
      {"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", &info->size},
      {"PRAGMA user_version", &info->schema_version},
  };
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  for (size_t i = 0; status == LOOM_OK && i < sizeof questions / sizeof *questions; i++)
    status = loom_database_number(database, questions[i].sql, questions[i].number, error);
  loom_database_end_read(database);
  if (status == LOOM_OK)
    status = ask_remote(database, info, error);
  if (status == LOOM_OK && info->polls &&
      !(is_instant(info->first_poll) && is_instant(info->newest_poll)))
    status = loom_database_corrupt(
        database, error, "the first or the newest poll is no instant of the years 1 to 9999");
  return status;
}
