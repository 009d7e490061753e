/*
** Folding the ledger: what it says of the commit before the last, in a row to each shard and day, so that who reads it sums up only what
** came behind that.
**
** A fold is no commit. Its rows have an ingest of their own, and tell of which commit they are, of which ingest that is, of each shard's
** day what the ledger says of it, and which ingests are void. They count once a row of theirs says that they are sealed, which is added
** when the ledger, read once more, says the same still. Rows of before stay: older snapshots read them, and heads that were away.
**
** What lands behind a fold, as a commit of those that it has, changes nothing. Its ingest began before another had that number, and so
** before the one of the last commit: the fold knows of it, as of a void one, which holds no more once the fold is sealed. Its writer
** asks after its commit whether any fold has it so, sealed or not. Either it lands before the fold's rows are there, and is seen when
** the ledger is read once more; or it lands behind them, and its writer does not take it for done. And who finds, when its beginning is
** in the ledger, that a later ingest has committed, and may have been folded without it, writes nothing.
*/
#ifndef LOOM_FOLD_H
#define LOOM_FOLD_H

#include "cluster/cluster.h"

#include <stdint.h>

/*
** Folds the ledger where so many rows are behind the last fold; 0: where they are as many as a fold has, and not few. Nobody waits for
** it, and several may do so at once. *rows: that were behind it; 0: there were too few, or others wrote at that moment.
*/
loom_status loom_fold(loom_cluster *cluster, uint64_t least, uint64_t *rows, loom_error *error);

#endif
