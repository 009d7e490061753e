/*
** A lock of an open file, which processes share that have inherited its descriptor.
*/
#include "base/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

loom_status loom_hold(const char *path, int *descriptor, loom_error *error) {
  /* without O_CLOEXEC: programs inherit it */
  int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  *descriptor = -1;
  if (file < 0)
    return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    int cause = errno;
    close(file);
    return loom_fail(error, cause == EWOULDBLOCK ? LOOM_EBUSY : LOOM_EIO, "%s: %s", path,
                     cause == EWOULDBLOCK ? "is held by another process" : strerror(cause));
  }
  *descriptor = file;
  return LOOM_OK;
}
