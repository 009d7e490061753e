/*
** What is in a database, in numbers.
*/
#ifndef LOOM_INFO_H
#define LOOM_INFO_H

#include "sqlite/database.h"

struct loom_info {
  int64_t stores;                  /* all that any file named */
  int64_t polled_stores;           /* with at least one poll */
  int64_t polls, days;             /* days: UTC dates with polls */
  int64_t first_poll, newest_poll; /* microseconds; meaningless when there are no polls */
  int64_t hours, stores_with_hours;
  int64_t timezones, stores_with_timezone;
  int64_t special_days, exclusions;
  int64_t overrides;  /* weeks, timezones and spans of special days that were set by hand */
  int64_t attributes; /* values, of all stores */
  int64_t size;       /* bytes of the database file, and of polls that are elsewhere */
  int64_t schema_version;
};

loom_status loom_info_read(loom_database *database, struct loom_info *info, loom_error *error);

#endif
