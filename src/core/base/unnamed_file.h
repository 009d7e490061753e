/*
** Temporary files without a name: they are gone when they are closed, however their process ends.
**
**   loom_unnamed_file_open → loom_unnamed_file_write, loom_unnamed_file_read, … → close
*/
#ifndef LOOM_UNNAMED_FILE_H
#define LOOM_UNNAMED_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Opens one in a folder; NULL: where TMPDIR says, or in /tmp. The caller closes it. LOOM_EFULL,
 * LOOM_EIO. */
loom_status loom_unnamed_file_open(const char *folder, int *file, loom_error *error);

/* Write or read all of `size` bytes at an offset. LOOM_EFULL: no room. LOOM_EIO: also where the
 * file ends before. */
loom_status loom_unnamed_file_write(int file, const void *bytes, size_t size, uint64_t offset,
                                    loom_error *error);
loom_status loom_unnamed_file_read(int file, void *bytes, size_t size, uint64_t offset,
                                   loom_error *error);

#endif
