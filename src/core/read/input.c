/*
** Input files.
*/
#include "read/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

struct loom_input {
  int file;
  int64_t position, size;
  char *path;
  char chunk[CHUNK];
};

static loom_status cannot_open(const char *path, loom_error *error) {
  loom_status status = errno == ENOENT ? LOOM_ENOENT : errno == EACCES ? LOOM_EACCESS : LOOM_EIO;
  return loom_fail(error, status, "%s: cannot be opened: %s", path, strerror(errno));
}

loom_status loom_input_open(const char *path, loom_input **out, loom_error *error) {
  struct stat status;
  loom_status result = LOOM_OK;
  *out = NULL;
  loom_input *input = calloc(1, sizeof *input);
  if (!input)
    return loom_no_memory(error);
  int standard = strcmp(path, "-") == 0;
  input->path = strdup(standard ? "standard input" : path);
  input->file = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
  input->size = -1;
  if (!input->path)
    result = loom_no_memory(error);
  else if (input->file < 0 || fstat(input->file, &status) != 0)
    result = cannot_open(input->path, error);
  else if (S_ISDIR(status.st_mode))
    result = loom_fail(error, LOOM_EINPUT, "%s: is a folder", input->path);
  else if (S_ISREG(status.st_mode))
    input->size = status.st_size;
  if (result == LOOM_OK)
    *out = input;
  else
    loom_input_close(input);
  return result;
}

void loom_input_close(loom_input *input) {
  if (!input)
    return;
  if (input->file >= 0)
    close(input->file);
  free(input->path);
  free(input);
}

loom_status loom_input_read(loom_input *input, void *buffer, size_t room, size_t *size,
                            loom_error *error) {
  ssize_t got;
  do
    got = read(input->file, buffer, room < CHUNK ? room : CHUNK);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return loom_fail(error, LOOM_EIO, "%s: cannot be read: %s", input->path, strerror(errno));
  input->position += got;
  *size = (size_t)got;
  return got ? LOOM_OK : LOOM_DONE;
}

loom_status loom_input_next(loom_input *input, const char **bytes, size_t *size,
                            loom_error *error) {
  *bytes = input->chunk;
  return loom_input_read(input, input->chunk, CHUNK, size, error);
}

int64_t loom_input_position(const loom_input *input) {
  return input->position;
}

int64_t loom_input_size(const loom_input *input) {
  return input->size;
}
