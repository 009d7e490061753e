/*
** Takes polls from a sorter ahead of who stores them: a thread merges runs while the other one writes.
**
**   loom_poll_ahead_new → loom_poll_ahead_next, until LOOM_DONE → loom_poll_ahead_free
*/
#ifndef LOOM_POLL_AHEAD_H
#define LOOM_POLL_AHEAD_H

#include "read/poll_sorter.h"

#define LOOM_POLL_AHEAD_NONE UINT32_MAX /* no store's number */

typedef struct loom_poll_ahead loom_poll_ahead;

/*
** Begins with the group that the sorter has next; nobody else uses that until it is free. NULL: neither memory nor a thread is to
** be had, and the sorter has taken no group.
*/
loom_poll_ahead *loom_poll_ahead_new(loom_poll_sorter *sorter);

/* As loom_poll_sorter_next. */
loom_status loom_poll_ahead_next(loom_poll_ahead *ahead, struct loom_poll_group *group,
                                 loom_error *error);

/* The store of the group that comes in so many calls, if that is at hand, or LOOM_POLL_AHEAD_NONE. */
uint32_t loom_poll_ahead_peek(const loom_poll_ahead *ahead, size_t calls);

/* Ends the thread, wherever it is. NULL is ignored. */
void loom_poll_ahead_free(loom_poll_ahead *ahead);

#endif
