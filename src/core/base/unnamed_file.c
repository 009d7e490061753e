/*
** Temporary files without a name.
*/
#include "base/unnamed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_MAX (1 << 20) /* bytes to a write: a signal waits no longer than for one */
#define PATH_SIZE 4096

static loom_status io_failure(loom_error *error, const char *what) {
  int number = errno;
  return loom_fail(error, loom_status_of_errno(number), "temporary file: %s: %s", what,
                   strerror(number));
}

loom_status loom_unnamed_file_open(const char *folder, int *file, loom_error *error) {
  char path[PATH_SIZE];
  const char *directory = folder ? folder : getenv("TMPDIR");
  int length =
      snprintf(path, sizeof path, "%s/loom-XXXXXX", directory && *directory ? directory : "/tmp");
  if (length < 0 || (size_t)length >= sizeof path) {
    errno = ENAMETOOLONG;
    return io_failure(error, "cannot create one");
  }
  *file = mkostemp(path, O_CLOEXEC);
  if (*file < 0)
    return io_failure(error, folder ? "cannot create one" : "cannot create one (TMPDIR)");
  unlink(path);
  return LOOM_OK;
}

loom_status loom_unnamed_file_write(int file, const void *bytes, size_t size, uint64_t offset,
                                    loom_error *error) {
  const char *at = bytes;
  while (size) {
    ssize_t written = pwrite(file, at, size < WRITE_MAX ? size : WRITE_MAX, (off_t)offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return io_failure(error, "cannot write");
    at += written;
    size -= (size_t)written;
    offset += (size_t)written;
  }
  return LOOM_OK;
}

loom_status loom_unnamed_file_read(int file, void *bytes, size_t size, uint64_t offset,
                                   loom_error *error) {
  char *at = bytes;
  while (size) {
    ssize_t got = pread(file, at, size, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      errno = got < 0 ? errno : EIO;
      return io_failure(error, "cannot read");
    }
    at += got;
    size -= (size_t)got;
    offset += (size_t)got;
  }
  return LOOM_OK;
}
