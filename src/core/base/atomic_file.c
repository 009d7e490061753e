/*
** Files that are complete or as they were.
*/
#include "base/atomic_file.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 65536 /* bytes gathered for one write */
#define NAME_SIZE_MAX 255 /* bytes of a name in a folder, on every file system of Linux */

/* What is appended to the path: random, since a name that another writer has is no reason to fail. */
#define PART_FORMAT "%016llx.part"
#define PART_LENGTH 21

struct loom_atomic_file {
  char *path; /* as it was given, for messages */
  /* where it will be, and where it is until then; NULL: it is written as it is */
  char *target, *part;
  int fd;
  bool is_new, failed;
  size_t length; /* of what the buffer holds */
  char buffer[BUFFER_SIZE];
};

static loom_status failure(const char *path, int number, loom_error *error) {
  return loom_fail(error, loom_status_of_errno(number), "%s: %s", path, strerror(number));
}

static loom_status exists(const char *path, loom_error *error) {
  return loom_fail(error, LOOM_EINVAL, "%s: exists already", path);
}

/* ---- what is written as it is ---- */

static loom_status open_directly(loom_atomic_file *file, loom_error *error) {
  int named = loom_named_descriptor(file->path);
  if (named >= 0)
    file->fd = fcntl(named, F_DUPFD_CLOEXEC, 0);
  else
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file->fd >= 0 ? LOOM_OK : failure(file->path, errno, error);
}

/* ---- what is replaced ---- */

/* The name of the part, beside the target; one that would be too long begins otherwise. NULL: memory is out. */
static char *name_part(const char *target) {
  unsigned long long number = 0;
  const char *slash = strrchr(target, '/');
  size_t folder = slash ? (size_t)(slash + 1 - target) : 0,
         size = strlen(target) + 1 + PART_LENGTH + 8;
  char *part = malloc(size);
  if (!part || !loom_random(&number, sizeof number)) {
    free(part);
    return NULL;
  }
  if (strlen(target) - folder + 1 + PART_LENGTH <= NAME_SIZE_MAX)
    snprintf(part, size, "%s." PART_FORMAT, target, number);
  else
    snprintf(part, size, "%.*s.loom-" PART_FORMAT, (int)folder, target, number);
  return part;
}

/* The mode and owner of the file that is replaced. Owners cannot be given away by everyone: then it is the writer's. */
static void look_like(int fd, const struct stat *old) {
  struct stat mine;
  if (fstat(fd, &mine) == 0 && (mine.st_uid != old->st_uid || mine.st_gid != old->st_gid) &&
      fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0)
    errno = 0;
  fchmod(fd, old->st_mode & 0777);
}

/* `old` is the file that is there, or NULL. */
static loom_status open_part(loom_atomic_file *file, const struct stat *old, loom_error *error) {
  if (old && access(file->target, W_OK) != 0) /* renaming would need no leave */
    return failure(file->path, errno, error);
  do {
    free(file->part);
    file->part = name_part(file->target);
    if (!file->part)
      return loom_no_memory(error);
    file->fd = open(file->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, old ? 0600 : 0666);
  } while (file->fd < 0 && errno == EEXIST);
  if (file->fd < 0)
    return failure(file->path, errno, error);
  if (old)
    look_like(file->fd, old);
  return LOOM_OK;
}

static loom_status begin(loom_atomic_file *file, loom_error *error) {
  struct stat own, old; /* of the name itself, and of what it leads to */
  bool has_name = lstat(file->path, &own) == 0;
  if (!has_name && errno != ENOENT)
    return failure(file->path, errno, error);
  if (has_name && file->is_new)
    return exists(file->path, error);
  bool is_there = has_name && stat(file->path, &old) == 0;
  if (is_there && S_ISDIR(old.st_mode))
    return failure(file->path, EISDIR, error);
  if (loom_named_descriptor(file->path) >= 0 || (is_there ? !S_ISREG(old.st_mode) : has_name))
    return open_directly(file, error);
  file->target = is_there ? realpath(file->path, NULL) : strdup(file->path);
  if (!file->target)
    return failure(file->path, errno, error);
  return open_part(file, is_there ? &old : NULL, error);
}

loom_status loom_atomic_file_new(const char *path, bool is_new, loom_atomic_file **out,
                                 loom_error *error) {
  loom_atomic_file *file = calloc(1, sizeof *file);
  *out = NULL;
  if (!file)
    return loom_no_memory(error);
  file->fd = -1;
  file->is_new = is_new;
  file->path = strdup(path);
  loom_status status = file->path ? begin(file, error) : loom_no_memory(error);
  if (status == LOOM_OK)
    *out = file;
  else
    loom_atomic_file_free(file);
  return status;
}

/* ---- writing ---- */

static loom_status write_all(loom_atomic_file *file, const char *bytes, size_t size,
                             loom_error *error) {
  while (size) {
    ssize_t written = write(file->fd, bytes, size);
    if (written < 0 && errno != EINTR) {
      file->failed = true;
      return failure(file->path, errno, error);
    }
    if (written > 0) {
      bytes += written;
      size -= (size_t)written;
    }
  }
  return LOOM_OK;
}

static loom_status flush(loom_atomic_file *file, loom_error *error) {
  size_t length = file->length;
  file->length = 0;
  return write_all(file, file->buffer, length, error);
}

loom_status loom_atomic_file_write(loom_atomic_file *file, const void *bytes, size_t size,
                                   loom_error *error) {
  if (file->failed || file->fd < 0)
    return loom_fail(error, LOOM_EINVAL, "%s: cannot be written any more", file->path);
  loom_status status = size > BUFFER_SIZE - file->length ? flush(file, error) : LOOM_OK;
  if (status == LOOM_OK && size > BUFFER_SIZE)
    return write_all(file, bytes, size, error);
  if (status == LOOM_OK && size) {
    memcpy(file->buffer + file->length, bytes, size);
    file->length += size;
  }
  return status;
}

const char *loom_atomic_file_part(const loom_atomic_file *file) {
  return file->part;
}

/* ---- the end ---- */

static loom_status open_folder(loom_atomic_file *file, int *folder, loom_error *error) {
  char *copy = strdup(file->target);
  if (!copy)
    return loom_no_memory(error);
  *folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  loom_status status = *folder < 0 ? failure(file->path, errno, error) : LOOM_OK;
  free(copy);
  return status;
}

static loom_status take_place(loom_atomic_file *file, loom_error *error) {
  int result =
      file->is_new ? loom_rename_new(file->part, file->target) : rename(file->part, file->target);
  if (result != 0)
    return errno == EEXIST ? exists(file->path, error) : failure(file->path, errno, error);
  free(file->part);
  file->part = NULL;
  return LOOM_OK;
}

/*
** Puts the part in its place: it is there for good once the folder is synced. Some file systems know no such thing. What may
** fail for want of memory or descriptors comes first, while nothing has changed.
*/
static loom_status put_in_place(loom_atomic_file *file, loom_error *error) {
  int folder = -1;
  loom_status status = open_folder(file, &folder, error);
  if (status != LOOM_OK)
    return status;
  status = take_place(file, error);
  if (status == LOOM_OK && fsync(folder) != 0 && errno != EINVAL)
    status = failure(file->path, errno, error);
  close(folder);
  return status;
}

loom_status loom_atomic_file_commit(loom_atomic_file *file, loom_error *error) {
  if (file->failed || file->fd < 0)
    return loom_fail(error, LOOM_EINVAL, "%s: cannot be written any more", file->path);
  loom_status status = flush(file, error);
  if (status == LOOM_OK && file->part && fsync(file->fd) != 0)
    status = failure(file->path, errno, error);
  int closed = close(file->fd);
  file->fd = -1;
  if (status == LOOM_OK && closed != 0)
    status = failure(file->path, errno, error);
  return status == LOOM_OK && file->part ? put_in_place(file, error) : status;
}

void loom_atomic_file_free(loom_atomic_file *file) {
  if (!file)
    return;
  if (file->fd >= 0)
    close(file->fd);
  if (file->part)
    unlink(file->part);
  free(file->part);
  free(file->target);
  free(file->path);
  free(file);
}
