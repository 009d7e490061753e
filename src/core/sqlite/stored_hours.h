/*
** Weekly hours as the database holds them: see schema.c.
*/
#ifndef LOOM_STORED_HOURS_H
#define LOOM_STORED_HOURS_H

#include "base/error.h"
#include "measure/hours.h"

#include <sqlite3.h>

/* The columns of the table hours_week that the functions below read. */
#define LOOM_STORED_WEEK_COLUMNS "origin = 'override', reverts, effective_from, openings"

/* Reads a time of day, in seconds since midnight; false if it is none, 24:00:00 being the last. */
bool loom_stored_time_read(sqlite3_stmt *row, int column, int32_t *seconds);

/*
** Appends the rows of a week to a list: its openings, or the one that says that it has none. The first of
** LOOM_STORED_WEEK_COLUMNS is column `column`. LOOM_ECORRUPT: they cannot be right; LOOM_ENOMEM. Both without a message.
*/
loom_status loom_stored_week_read(sqlite3_stmt *row, int column, struct loom_hours_list *list);

/* Whether such a week was set by hand. */
bool loom_stored_week_override(sqlite3_stmt *row, int column);

#endif
