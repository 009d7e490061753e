/*
** Files that are held by running programs, so that others can tell what a dead one has left behind.
*/
#ifndef LOOM_HOLD_H
#define LOOM_HOLD_H

#include "base/error.h"

/*
** Holds a file, which is made if it is not there, for this process and for all that it starts: until the last of them that has
** not closed the descriptor has ended (flock(2)). LOOM_EBUSY: others hold it; LOOM_EACCESS: it cannot be opened.
** Ends with close(*descriptor).
*/
loom_status loom_hold(const char *path, int *descriptor, loom_error *error);

#endif
