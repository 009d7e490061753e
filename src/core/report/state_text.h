/*
** What stores are, as text: rows of a report of states as CSV, or each as a JSON object.
*/
#ifndef LOOM_STATE_TEXT_H
#define LOOM_STATE_TEXT_H

#include "base/text.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>

enum loom_state_format {
  LOOM_STATE_CSV,          /* the columns store_id,state,since_utc,dormant,last_poll_utc */
  LOOM_STATE_HARMLESS_CSV, /* the same, that no spreadsheet is to run an id: see csv_text.h */
  LOOM_STATE_JSON /* store_id, state, since, dormant and last_poll, null where there is none */
};

/* Appends a row of a complete report of states, without an end of line. False: memory is out. */
bool loom_state_put_row(const loom_report *report, size_t row, enum loom_state_format format,
                        struct loom_text *text);

#endif
