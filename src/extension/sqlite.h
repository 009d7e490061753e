/*
** What is compiled for the extension calls SQLite through the table of pointers that the program gives which loads it: this comes
** before all else in each of its files (see the Makefile), whose own <sqlite3.h> is then read already.
*/
#ifndef LOOM_EXTENSION_SQLITE_H
#define LOOM_EXTENSION_SQLITE_H

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

#endif
