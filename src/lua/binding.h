/*
** What the bindings share: handles, failures, and options read from tables.
**
** Misuse raises an error. What can fail at run time returns nil, "CODE: text", "CODE".
*/
#ifndef LLOOM_BINDING_H
#define LLOOM_BINDING_H

#include "compat.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns nil, the message and the code's name to Lua. */
int lloom_failure(lua_State *L, const loom_error *error);

/* Raises, as what cannot be gone on without. */
int lloom_no_memory(lua_State *L);

/* Returns true to Lua, or the failure. */
int lloom_done(lua_State *L, loom_status status, const loom_error *error);

/* Registers a handle's metatable: __gc, __close and `close` are one function, and methods are its __index. */
void lloom_new_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close);

/*
** A handle is a userdata that begins with this header. New ones are zeroed and get their metatable before anything is
** acquired, so that nothing can leak.
*/
struct lloom_handle {
  void *object;      /* NULL when closed */
  const void *state; /* the Lua state that it belongs to */
  pid_t process;     /* SQLite and threads do not survive a fork */
};

void *lloom_new_handle(lua_State *L, const char *type, size_t size);

/*
** The handle's object. Raises if the argument is no such handle, is closed, or was opened by another process or in
** another Lua state.
*/
void *lloom_check_handle(lua_State *L, int index, const char *type);

/* The same for what may be used after a fork: a complete report is memory, and is asked for row by row. */
void *lloom_check_memory_handle(lua_State *L, int index, const char *type);

/* Whether it is for this state to release what a handle holds: not what another process or another Lua state opened. */
bool lloom_owns_handle(lua_State *L, const struct lloom_handle *handle);

/*
** Marks a handle closed and gives its object to be released, or NULL: it is closed already, or belongs to another
** process, whose files and threads are not ours to touch. What the child of a fork inherits is left as it is.
*/
void *lloom_take_handle(lua_State *L, int index, const char *type);

/*
** Options: fields of the table at `index`, which may be nil or none for all defaults. A value of the wrong type
** or out of range raises an error that names the option.
*/
void lloom_check_options(lua_State *L, int index, const char *const *known);
int64_t lloom_option_integer(lua_State *L, int index, const char *name, int64_t fallback,
                             int64_t least, int64_t most);
bool lloom_option_boolean(lua_State *L, int index, const char *name, bool fallback);
const char *lloom_option_string(lua_State *L, int index, const char *name, const char *fallback);

/* Index of the option's value in `choices`, which ends with NULL. */
int lloom_option_choice(lua_State *L, int index, const char *name, int fallback,
                        const char *const *choices);

/* Sets a field of the table at the stack's top. */
void lloom_set_integer(lua_State *L, const char *name, int64_t value);

/* A path: what comes after a NUL byte would be lost. */
const char *lloom_check_path(lua_State *L, int index);

/* A whole number that fits an int64. */
int64_t lloom_check_integer(lua_State *L, int index);

/* Whether the value is a whole number that an int64 holds; on LuaJIT also one that was pushed as text. */
bool lloom_to_integer(lua_State *L, int index, int64_t *value);

/*
** Pushes a whole number that may be large: an instant, or what a column holds. On LuaJIT, whose numbers are exact to 2^53
** (an instant in the year 2255), one beyond that is text of its digits.
*/
void lloom_push_integer(lua_State *L, int64_t value);

/*
** The options of an ingest: kind, source, max_rejects, threads, block_size, sort_capacity, max_size, max_records,
** latest, always_libcsv, replace_overrides. A negative max_rejects means that any number of bad rows is allowed.
*/
struct loom_ingest_options;
struct loom_staging_options;
void lloom_read_ingest_options(lua_State *L, int index, struct loom_ingest_options *options,
                               struct loom_staging_options *staging);

/* Pushes a table of rows, new, duplicates, conflicts, rejected. */
struct loom_counts;
void lloom_push_counts(lua_State *L, const struct loom_counts *counts);

/* Pushes a table of polls, days, and where there are polls first and newest, in microseconds. */
struct loom_poll_extent;
void lloom_push_extent(lua_State *L, const struct loom_poll_extent *extent);

/* A fact, of the table at index 2, in which what is read stays: see facts.c. */
struct loom_fact;
void lloom_read_fact(lua_State *L, struct loom_fact *fact);

/* The overlays of a loom.overlay, to be moved to where they are used; and the end of it, once they have been. */
struct loom_overlays;
struct loom_overlays *lloom_check_overlays(lua_State *L, int index);
void lloom_end_overlays(lua_State *L, int index);

/*
** What is to be removed: store, from, to, whole_store. Its id lives as long as the table. And what was: gone, kept, hours,
** special_days, exclusions, attributes, timezone.
*/
struct loom_removal;
void lloom_read_removal(lua_State *L, int index, struct loom_removal *removal);
struct loom_removed;
void lloom_push_removed(lua_State *L, const struct loom_removed *removed);

/* Who changes something, of the fields by, reason and at of a table, whose texts live as long as it does: see author.h. */
struct loom_author;
void lloom_read_author(lua_State *L, int index, struct loom_author *author);

/* The option max_rejects. */
uint64_t lloom_option_max_rejects(lua_State *L, int index);

/* The option latest, an instant in microseconds; 0 where there is none. */
int64_t lloom_option_latest(lua_State *L, int index);

/* The rules that the options slack, fill, evidence, no_data, max_gap and preset give. */
struct loom_rules;
void lloom_read_rules(lua_State *L, int index, struct loom_rules *rules);

/*
** The window that the options length, from, to, calendar, first, after_last and before give: times in microseconds, dates as days
** since 1970-01-01. Its name, the option name, stays valid as long as the table does.
*/
struct loom_window;
void lloom_read_window(lua_State *L, int index, struct loom_window *window);

/* The metatables, one to a file of bindings. */
void lloom_register_database(lua_State *L);
void lloom_register_ingest(lua_State *L);
void lloom_register_report(lua_State *L);
void lloom_register_export(lua_State *L);
void lloom_register_query(lua_State *L);
void lloom_register_staging(lua_State *L);
void lloom_register_writer(lua_State *L);
void lloom_register_walk(lua_State *L);
void lloom_register_facts(lua_State *L);
void lloom_register_overlay(lua_State *L);
void lloom_register_inspection(lua_State *L);
void lloom_register_survey(lua_State *L);
void lloom_register_alert(lua_State *L);
void lloom_register_choice(lua_State *L);
void lloom_register_series(lua_State *L);
void lloom_register_column(lua_State *L);
void lloom_register_grouping(lua_State *L);
void lloom_register_output(lua_State *L);
void lloom_register_backup(lua_State *L);
void lloom_register_thread(lua_State *L);

/* Adds the functions of text.c to the table on top of the stack. */
void lloom_add_text(lua_State *L);

/* Adds the functions of process.c to the table on top of the stack. */
void lloom_add_processes(lua_State *L);

/* Adds the functions of week.c to the table on top of the stack. */
void lloom_add_week(lua_State *L);

/* Adds what limits.c tells to the table on top of the stack. */
void lloom_add_limits(lua_State *L);

/* The module's functions. */
int lloom_open(lua_State *L);
int lloom_ingest(lua_State *L);
int lloom_input(lua_State *L);
int lloom_kind_of_file(lua_State *L);
int lloom_report(lua_State *L);
int lloom_shard_plan(lua_State *L);
int lloom_export(lua_State *L);
int lloom_query(lua_State *L);
int lloom_row(lua_State *L);
int lloom_rows(lua_State *L);
int lloom_execute(lua_State *L);
int lloom_removal(lua_State *L);
int lloom_remove(lua_State *L);
int lloom_staging(lua_State *L);
int lloom_writer(lua_State *L);
int lloom_walk(lua_State *L);
int lloom_facts(lua_State *L);
int lloom_overlay(lua_State *L);
int lloom_inspect(lua_State *L);
int lloom_survey(lua_State *L);
int lloom_alert_evaluator(lua_State *L);
int lloom_alert_id(lua_State *L);
int lloom_output(lua_State *L);
int lloom_backup(lua_State *L);
int lloom_thread(lua_State *L);

#define LLOOM_DATABASE "loom.monitor"
#define LLOOM_STAGING "loom.staging"
#define LLOOM_FACTS "loom.facts"

/*
** Where the reports, walks and looks of a database's handle get their stores and polls: the one place that decides it. One that
** is not shared wants the handle for itself while it reads. NULL: memory is out.
*/
struct loom_database;
struct loom_source;
struct loom_source *lloom_source(struct loom_database *database, bool shared);

/* Arguments of the methods of reports: the report at 1, which must be complete, and windows and rows, from 1. */
struct loom_report;
struct loom_report *lloom_check_complete(lua_State *L);
struct loom_report *lloom_check_complete_at(lua_State *L, int index);
size_t lloom_check_window(lua_State *L, int index, const struct loom_report *report);
size_t lloom_check_row(lua_State *L, int index, const struct loom_report *report);

/* The text that a report's methods write to, emptied. */
struct loom_text;
struct loom_text *lloom_report_text(lua_State *L);

/* Which of a report's rows are in the choice at an index (see choice.c), a byte for each; NULL, for all, where that is nil. */
const unsigned char *lloom_check_choice(lua_State *L, int index, const struct loom_report *report);

/* The column of a report at an index: see column.c. */
struct loom_column;
const struct loom_column *lloom_check_column(lua_State *L, int index,
                                             const struct loom_report *report);

/* The grouping of a report's rows at an index: see grouping.c. */
struct loom_grouping;
bool lloom_is_grouping(lua_State *L, int index);
const struct loom_grouping *lloom_check_grouping(lua_State *L, int index,
                                                 const struct loom_report *report);

/* Which stores the fields `states`, `dormant` and `others` of the table at an index let through; all but for `only` is set. */
struct loom_state_filter;
void lloom_read_state_filter(lua_State *L, int index, struct loom_state_filter *filter);

/* Strips as text: see report_strips.c. */
int lloom_report_by_rank(lua_State *L);
int lloom_report_strip_lines(lua_State *L);

/* Takes a report's series: see series.c. */
int lloom_report_series(lua_State *L);

/* Methods of reports of states: see report_state.c. */
int lloom_report_state(lua_State *L);
int lloom_report_state_order(lua_State *L);
int lloom_report_state_rows(lua_State *L);
int lloom_report_state_counts(lua_State *L);
int lloom_report_state_counts_by(lua_State *L);

/* Methods of reports that choose among rows and look at many of them: see report_order.c. */
int lloom_report_choice(lua_State *L);
int lloom_report_column(lua_State *L);
int lloom_report_order(lua_State *L);
int lloom_report_sum(lua_State *L);
int lloom_report_grouping(lua_State *L);
int lloom_report_group_sums(lua_State *L);
int lloom_report_group_percentiles(lua_State *L);
int lloom_report_percentiles(lua_State *L);
int lloom_report_histogram(lua_State *L);
int lloom_report_concentration(lua_State *L);
int lloom_report_silence(lua_State *L);
int lloom_report_json(lua_State *L);
int lloom_report_json_stores(lua_State *L);

#endif
