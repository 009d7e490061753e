/*
** Status codes and the error record that core functions fill.
** A function that can fail returns a loom_status and describes the failure in a record that the
** caller owns; messages are one line of text, whatever bytes the input held.
*/
#ifndef LOOM_ERROR_H
#define LOOM_ERROR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef enum loom_status {
  LOOM_OK = 0,
  LOOM_DONE,        /* an iterator has nothing more; not a failure */
  LOOM_EINVAL,      /* an argument is out of range or not understood */
  LOOM_EINPUT,      /* a file or a row cannot be read as what it should be */
  LOOM_ENOENT,      /* no such file */
  LOOM_EACCESS,     /* the file may not be opened */
  LOOM_EIO,         /* reading or writing failed */
  LOOM_EFULL,       /* no space left, or a file size limit was met */
  LOOM_ENOMEM,      /* out of memory */
  LOOM_ENOTDB,      /* not an SQLite database, or not one of Loom's */
  LOOM_EVERSION,    /* the database was written by a newer Loom */
  LOOM_EREADONLY,   /* the database cannot be written */
  LOOM_EBUSY,       /* somebody else held the database, or what was asked for, for too long */
  LOOM_EAGAIN,      /* so much is waiting already that no more is taken now */
  LOOM_ECORRUPT,    /* the database is damaged */
  LOOM_EEMPTY,      /* there are no polls yet */
  LOOM_ECANCELED,   /* the work was cancelled */
  LOOM_EMOVED,      /* the database is not where it was opened any more */
  LOOM_ECONFIRM,    /* more would be removed than is without being forced */
  LOOM_ELIMIT,      /* the input is larger than its caller lets it be */
  LOOM_EOWNER,      /* another head alone writes to the cluster */
  LOOM_EUNREACHABLE /* servers that have what is asked for do not answer, and may later */
} loom_status;

/* Longest message, with its final NUL. A path may be 4096 bytes: longer messages are cut. */
#define LOOM_MESSAGE_SIZE 1024

typedef struct loom_error {
  loom_status code;
  uint64_t line; /* line of the input file, from 1; 0 where there is none */
  char message[LOOM_MESSAGE_SIZE];
} loom_error;

/* "EBUSY" for LOOM_EBUSY, and so on: the names that Lua callers compare. */
const char *loom_status_name(loom_status status);

/* Fills the record (which may be NULL) and returns the code, so that callers can `return loom_fail(…)`. */
loom_status loom_fail(loom_error *error, loom_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* LOOM_ENOMEM, in the words that are used for it everywhere. */
loom_status loom_no_memory(loom_error *error);

/* What a number of the system (errno) stands for: LOOM_EFULL, LOOM_EACCESS, LOOM_ENOMEM, or else LOOM_EIO. */
loom_status loom_status_of_errno(int number);

/* Makes text one line that is safe to print: what others say, such as SQLite, may hold anything. */
void loom_make_printable(char *text);

/*
** Copies bytes as text that is safe to print on one line, and shows what it is: control and other non-printable ASCII bytes, `"`
** and `\` are escaped, as are bytes that are not UTF-8, and, like `\u{a0}`, characters that cannot be seen or told from a blank.
** More than 80 bytes of input are cut with "...".
** The result is NUL-terminated and at most LOOM_QUOTED_SIZE bytes long.
*/
#define LOOM_QUOTED_SIZE 360
const char *loom_quote(char out[LOOM_QUOTED_SIZE], const char *bytes, size_t length);

#endif
