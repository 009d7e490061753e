/*
** The figures of stores as an SQL table, read-only: figures(WORD, …), with a row for each store and window.
**
** The words, LOOM_FIGURES_WORDS_MAX at the most, are windows and rules (figures_options.h): figures('month=30d',
** 'preset=monitoring'). They are hidden columns, word_1 and so on; one that is NULL leaves no rows. What comes out is what
** `loom report` tells of the same windows by the same rules, of the stores that have a row there: with `store_id = TEXT` (and IN)
** of those alone, which are looked up. Stores whose zone is not in the tz database have none; if there is nothing else, that is an
** error. Rows come in no order of their own.
**
** Stores are measured one by one as rows are taken: LIMIT, interrupts and whatever else ends a statement end it, and memory is
** that of one store.
**
** Each of Loom's files has the table, made by `CREATE VIRTUAL TABLE figures USING loom_figures`; it is about that file, also
** where that is attached, in the snapshot of the query that reads it.
**
** The C file is figures_table.c: it stands on the database, which gives all of its connections the module.
*/
#ifndef LOOM_FIGURES_H
#define LOOM_FIGURES_H

#include <sqlite3.h>

/* Gives a connection the module `loom_figures`. Returns an SQLite code. */
int loom_figures_table_register(sqlite3 *sqlite);

#endif
