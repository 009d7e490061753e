/*
** Ids of alerts and of their events: 26 characters that sort by time, as those of ULIDs do. All but the time is a digest of what the
** event is, so that evaluating the same again gives the same id, and nothing is told twice.
*/
#ifndef LOOM_ALERT_EVENT_ID_H
#define LOOM_ALERT_EVENT_ID_H

#include <stddef.h>
#include <stdint.h>

#define LOOM_ALERT_ID_SIZE 27 /* with its final NUL */

/* The id of what happened at an instant, in microseconds, from the bytes that tell it from all else. */
void loom_alert_id(int64_t instant, const void *bytes, size_t size, char id[LOOM_ALERT_ID_SIZE]);

#endif
