/*
** A file that is complete or as it was: written beside its path under a name of its own, synced, and renamed. Any number of
** writers of one path do not disturb each other; the last one to commit is the one who stays.
**
** What cannot be replaced is written as it is: pipes and devices, and descriptors of this process by their names, such as
** /dev/stdout. A symbolic link stays, and what it points to is replaced.
**
**   loom_atomic_file_new → loom_atomic_file_write, … → loom_atomic_file_commit → loom_atomic_file_free
*/
#ifndef LOOM_ATOMIC_FILE_H
#define LOOM_ATOMIC_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct loom_atomic_file loom_atomic_file;

/*
** Begins a file. It gets the mode (and, where this process may give it, the owner) of the one that it replaces; a new one what
** the umask leaves of 0666. With `is_new` there must not be one: LOOM_EINVAL, also at the commit. LOOM_EFULL: no space left;
** LOOM_EACCESS: the folder or the file may not be written; LOOM_EIO: anything else. Free with loom_atomic_file_free.
*/
loom_status loom_atomic_file_new(const char *path, bool is_new, loom_atomic_file **file,
                                 loom_error *error);

/* Appends bytes. After a failure nothing can be committed. */
loom_status loom_atomic_file_write(loom_atomic_file *file, const void *bytes, size_t size,
                                   loom_error *error);

/* The name under which the file is written, for those who write it by other means than the above; NULL: it has none. */
const char *loom_atomic_file_part(const loom_atomic_file *file);

/* Puts the file in its place: once this returns LOOM_OK, it is there for good. Only freeing may follow. */
loom_status loom_atomic_file_commit(loom_atomic_file *file, loom_error *error);

/* Removes what has not been committed. NULL does nothing. */
void loom_atomic_file_free(loom_atomic_file *file);

#endif
