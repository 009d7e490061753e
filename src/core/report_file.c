/*
** Writing report files.
*/
#include "report_file.h"
#include "report_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_TO_A_WRITE 1000

static loom_status failure(const char *path, loom_error *error) {
  loom_status status = errno == ENOSPC || errno == EFBIG || errno == EDQUOT ? LOOM_EFULL : LOOM_EIO;
  return loom_fail(error, status, "%s: %s", path, strerror(errno));
}

static bool write_all(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno != EINTR)
      return false;
    if (written > 0) {
      bytes += written;
      size -= (size_t)written;
    }
  }
  return true;
}

/* Appends rows of either file; false: memory is out. */
static bool put_rows(const struct loom_report_file *file, bool figures, const loom_report *report,
                     size_t first, size_t count, struct loom_text *text) {
  return figures ? loom_report_figures_rows(report, first, count, text)
                 : loom_report_csv_rows(report, file->minutes, first, count, text);
}

static loom_status write_rows(int fd, const struct loom_report_file *file, bool figures,
                              const loom_report *report, const char *part, loom_error *error) {
  struct loom_text text = {0};
  loom_status status = LOOM_OK;
  size_t count = loom_report_count(report);
  if (!figures && (!write_all(fd, file->header, strlen(file->header)) || !write_all(fd, "\n", 1)))
    status = failure(part, error);
  for (size_t first = 0; status == LOOM_OK && first < count; first += ROWS_TO_A_WRITE) {
    size_t rows = count - first < ROWS_TO_A_WRITE ? count - first : ROWS_TO_A_WRITE;
    text.length = 0;
    if (!put_rows(file, figures, report, first, rows, &text))
      status = loom_fail(error, LOOM_ENOMEM, "out of memory");
    else if (!write_all(fd, text.bytes, text.length))
      status = failure(part, error);
  }
  loom_text_free(&text);
  return status;
}

/* A renamed file is there for good once its folder is synced. */
static bool sync_folder(const char *path) {
  char *copy = strdup(path);
  int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  bool good = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0)
    close(folder);
  free(copy);
  return good;
}

/* Creates a file of a name of its own beside the path; the name is `part`. */
static int create_part(const char *path, char *part, size_t size) {
  snprintf(part, size, "%s.XXXXXX.part", path);
  int fd = mkostemps(part, 5, O_CLOEXEC);
  if (fd >= 0)
    fchmod(fd, 0644);
  return fd;
}

static loom_status write_one(const struct loom_report_file *file, bool figures,
                             const loom_report *report, loom_error *error) {
  const char *path = figures ? file->figures_path : file->path;
  size_t size = strlen(path) + sizeof ".XXXXXX.part";
  char *part = malloc(size);
  if (!part)
    return loom_fail(error, LOOM_ENOMEM, "out of memory");
  int fd = create_part(path, part, size);
  loom_status status =
      fd < 0 ? failure(path, error) : write_rows(fd, file, figures, report, part, error);
  if (status == LOOM_OK && fsync(fd) != 0)
    status = failure(part, error);
  if (fd >= 0 && close(fd) != 0 && status == LOOM_OK)
    status = failure(part, error);
  if (status == LOOM_OK && (rename(part, path) != 0 || !sync_folder(path)))
    status = failure(path, error);
  if (status != LOOM_OK && fd >= 0)
    unlink(part);
  free(part);
  return status;
}

loom_status loom_report_file_write(void *context, const loom_report *report, loom_error *error) {
  const struct loom_report_file *file = context;
  loom_status status = LOOM_OK;
  if (file->figures_path)
    status = write_one(file, true, report, error);
  return status == LOOM_OK ? write_one(file, false, report, error) : status;
}
