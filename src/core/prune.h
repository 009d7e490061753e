/*
** Removing old polls.
*/
#ifndef LOOM_PRUNE_H
#define LOOM_PRUNE_H

#include "database.h"

/*
** Removes the polls that are more than `keep` microseconds older than the newest poll, and gives the freed space
** back to the file system. *removed is how many there were. A transaction of its own.
*/
loom_status loom_prune(loom_database *database, int64_t keep, int64_t *removed, loom_error *error);

#endif
