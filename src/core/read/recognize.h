/*
** Which kind a file is, by its header.
*/
#ifndef LOOM_RECOGNIZE_H
#define LOOM_RECOGNIZE_H

#include "base/error.h"
#include "read/kind.h"

/*
** Reads the beginning of a regular file, as an ingest would, and finds the kind whose columns its header has. Attributes are not
** recognised: any file that names stores could be one of them. LOOM_EINPUT: it is none of the others; LOOM_EINVAL: it is no
** regular file, which could not be read again; LOOM_ENOENT, LOOM_EACCESS, LOOM_EIO. Messages name the file.
*/
loom_status loom_recognize(const char *path, enum loom_kind *kind, loom_error *error);

#endif
