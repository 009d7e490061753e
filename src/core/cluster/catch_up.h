/*
** Bringing a head up to its cluster's last commit: whoever writes to the cluster tells its own head, and dies perhaps before that.
*/
#ifndef LOOM_CATCH_UP_H
#define LOOM_CATCH_UP_H

#include "cluster/ledger.h"
#include "sqlite/database.h"
#include "sqlite/head.h"

/*
** Within a write transaction of the head. Of an empty head it makes one of all that there is. *ledger, which is freed where it fails,
** is what it has come to.
*/
loom_status loom_catch_up(loom_database *database, loom_cluster *cluster,
                          struct loom_ledger *ledger, loom_error *error);

#endif
