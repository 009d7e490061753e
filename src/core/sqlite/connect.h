/*
** The connection of a database: made when it is opened, or by a transaction where there is none between them.
*/
#ifndef LOOM_CONNECT_H
#define LOOM_CONNECT_H

#include "sqlite/connection.h"

/* Connects to a file that is there; where its folder, or the disk, does not let it be, in a makeshift way. */
loom_status loom_database_connect(loom_database *database, loom_error *error);

/* Connects to a file, or a database in memory, that is made now. */
loom_status loom_database_connect_new(loom_database *database, loom_error *error);

/* Connects where there is no connection between transactions: makes the file, unless it is there. */
loom_status loom_database_connect_again(loom_database *database, loom_error *error);

/* Lets go of the statements that are kept. */
void loom_database_forget_statements(loom_database *database);

/* Closes the connection, with what is kept of it. */
void loom_database_disconnect(loom_database *database);

/*
** Sets what a transaction of this kind needs; only where it changes: a flag that is set makes SQLite compile all statements
** anew.
*/
loom_status loom_database_set_for(loom_database *database, enum loom_settings settings,
                                  loom_error *error);

/* Has the connection make no checkpoints. */
loom_status loom_database_stop_checkpoints(loom_database *database, loom_error *error);

/* LOOM_EMOVED where the file was deleted, moved or replaced. */
loom_status loom_database_check_place(const loom_database *database, loom_error *error);

#endif
