/*
** cluster.conf.
*/
#include "cluster/conf.h"
#include "base/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE "loom cluster 1"
#define SIZE_MOST (1 << 20) /* bytes of a file: 256 shards of 16 replicas in 256 bytes each */
#define PASSWORD_MOST 1024  /* bytes of a password */
#define DATABASE_MOST 63    /* bytes of a database's name */
#define WORDS_MOST (LOOM_REPLICAS_MAX + 1)

struct parsing {
  const char *path;
  size_t line;
  struct loom_conf *conf;
  loom_error *error;
};

static loom_status fail(struct parsing *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static loom_status fail(struct parsing *p, const char *format, ...) {
  char why[512];
  va_list values;
  va_start(values, format);
  vsnprintf(why, sizeof why, format, values);
  va_end(values);
  loom_status status = loom_fail(p->error, LOOM_EINPUT, "%s, line %zu: %s", p->path, p->line, why);
  if (p->error)
    p->error->line = p->line;
  return status;
}

/* ---- values ---- */

/* A path as seen from the file's folder. NULL: memory is out. */
static char *path_from(const struct parsing *p, const char *name) {
  const char *slash = strrchr(p->path, '/');
  size_t folder = *name != '/' && slash ? (size_t)(slash - p->path) + 1 : 0;
  char *path = malloc(folder + strlen(name) + 1);
  if (path) {
    memcpy(path, p->path, folder);
    strcpy(path + folder, name);
  }
  return path;
}

static loom_status take(struct parsing *p, char **value, char *given, const char *name) {
  if (*value) {
    free(given);
    return fail(p, "'%s' is given twice", name);
  }
  *value = given;
  return given ? LOOM_OK : loom_no_memory(p->error);
}

static bool is_name(const char *text) {
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  return length > 0 && length <= DATABASE_MOST && !text[length] && !(*text >= '0' && *text <= '9');
}

static bool is_url(const char *text) {
  const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                     : strncmp(text, "http://", 7) == 0 ? text + 7
                                                        : "";
  return *host && !strpbrk(host, "@?#\\\"'");
}

static loom_status add_shard(struct parsing *p, char **words, size_t count) {
  struct loom_conf *conf = p->conf;
  if (conf->shard_count == LOOM_SHARDS_MAX)
    return fail(p, "there are more than %d shards", LOOM_SHARDS_MAX);
  if (count < 2)
    return fail(p, "a shard needs the address of a replica, such as http://host:8123");
  struct loom_conf_shard *shard = &conf->shards[conf->shard_count++];
  for (size_t i = 1; i < count; i++) {
    if (!is_url(words[i]))
      return fail(p, "'%s' is no address: http://host:8123 or https://host:8443 is expected",
                  words[i]);
    size_t length = strlen(words[i]);
    while (words[i][length - 1] == '/')
      words[i][--length] = '\0';
    if (!(shard->urls[shard->count] = strdup(words[i])))
      return loom_no_memory(p->error);
    shard->count++;
  }
  return LOOM_OK;
}

/* Reads a password, of a file that is nobody else's. */
static loom_status read_password(struct parsing *p, const char *path) {
  struct stat info;
  char password[PASSWORD_MOST + 1];
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0 || fstat(file, &info) != 0) {
    loom_status status = loom_fail(p->error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
    if (file >= 0)
      close(file);
    return status;
  }
  ssize_t length = -1;
  if (S_ISREG(info.st_mode) && !(info.st_mode & 077))
    length = read(file, password, sizeof password);
  close(file);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 077))
    return loom_fail(p->error, LOOM_EACCESS,
                     "%s: others may read it: a password's file has the mode 0600", path);
  while (length > 0 && (password[length - 1] == '\n' || password[length - 1] == '\r'))
    length--;
  if (length < 1 || length > PASSWORD_MOST || memchr(password, '\n', (size_t)length) ||
      memchr(password, '\0', (size_t)length))
    return loom_fail(p->error, LOOM_EINPUT, "%s: has no password of one line", path);
  p->conf->password = strndup(password, (size_t)length);
  return p->conf->password ? LOOM_OK : loom_no_memory(p->error);
}

static loom_status set_password(struct parsing *p, const char *name) {
  if (p->conf->password)
    return fail(p, "'password-file' is given twice");
  char *path = path_from(p, name);
  loom_status status = path ? read_password(p, path) : loom_no_memory(p->error);
  free(path);
  return status;
}

static loom_status set_patience(struct parsing *p, const char *text) {
  char *end;
  unsigned long seconds = strtoul(text, &end, 10);
  if (*end || *text < '0' || *text > '9' || seconds < 1 || seconds > LOOM_PATIENCE_MAX)
    return fail(p, "'%s' is no number of seconds, 1 to %d", text, LOOM_PATIENCE_MAX);
  p->conf->patience = (unsigned)seconds;
  return LOOM_OK;
}

static loom_status set_database(struct parsing *p, const char *name) {
  if (!is_name(name))
    return fail(p, "'%s' is no name of a database: letters, digits and _ are expected", name);
  return take(p, &p->conf->database, strdup(name), "database");
}

/* ---- lines ---- */

static loom_status set(struct parsing *p, char **words, size_t count) {
  struct loom_conf *conf = p->conf;
  const char *name = words[0];
  if (strcmp(name, "shard") == 0)
    return add_shard(p, words, count);
  if (count != 2)
    return fail(p, "'%s' needs one value", name);
  if (strcmp(name, "database") == 0)
    return set_database(p, words[1]);
  if (strcmp(name, "user") == 0)
    return take(p, &conf->user, strdup(words[1]), name);
  if (strcmp(name, "password-file") == 0)
    return set_password(p, words[1]);
  if (strcmp(name, "ca-file") == 0)
    return take(p, &conf->ca_file, path_from(p, words[1]), name);
  if (strcmp(name, "head") == 0)
    return take(p, &conf->head, path_from(p, words[1]), name);
  if (strcmp(name, "patience") == 0)
    return set_patience(p, words[1]);
  return fail(p,
              "'%s' is no setting: database, shard, user, password-file, ca-file, head or patience "
              "is expected",
              name);
}

static loom_status set_line(struct parsing *p, char *line) {
  char *words[WORDS_MOST], *rest = NULL;
  size_t count = 0;
  for (char *word = strtok_r(line, " \t\r", &rest); word && *word != '#';
       word = strtok_r(NULL, " \t\r", &rest)) {
    if (count == WORDS_MOST)
      return fail(p, "a shard has at most %d replicas", LOOM_REPLICAS_MAX);
    words[count++] = word;
  }
  return count ? set(p, words, count) : LOOM_OK;
}

static bool is_local(const char *url) {
  static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    size_t length = strlen(hosts[i]);
    if (strncmp(url, hosts[i], length) == 0 && (!url[length] || url[length] == ':'))
      return true;
  }
  return strncmp(url, "https://", 8) == 0;
}

/* What only the whole can tell. */
static loom_status check(struct parsing *p) {
  const struct loom_conf *conf = p->conf;
  const char *lacks = !conf->database ? "database" : !conf->head ? "head" : "shard";
  if (!conf->database || !conf->head || !conf->shard_count)
    return loom_fail(p->error, LOOM_EINPUT, "%s: the setting '%s' is missing", p->path, lacks);
  for (unsigned i = 0; conf->password && i < conf->shard_count; i++)
    for (unsigned j = 0; j < conf->shards[i].count; j++)
      if (!is_local(conf->shards[i].urls[j]))
        return loom_fail(p->error, LOOM_EINPUT,
                         "%s: the password would go to %s as it is: https:// is expected", p->path,
                         conf->shards[i].urls[j]);
  return LOOM_OK;
}

static loom_status parse(struct parsing *p, char *text) {
  loom_status status = LOOM_OK;
  for (char *line = text, *end; status == LOOM_OK && line; line = end) {
    end = strchr(line, '\n');
    if (end)
      *end++ = '\0';
    p->line++;
    if (p->line > 1) {
      status = set_line(p, line);
      continue;
    }
    line[strcspn(line, "\r")] = '\0';
    if (strcmp(line, FIRST_LINE) != 0)
      status = fail(p, "'" FIRST_LINE "' is expected");
  }
  return status == LOOM_OK ? check(p) : status;
}

loom_status loom_conf_parse(const char *path, const char *text, size_t length,
                            struct loom_conf *conf, loom_error *error) {
  struct parsing p = {.path = path, .conf = conf, .error = error};
  *conf = (struct loom_conf){.patience = LOOM_PATIENCE};
  if (memchr(text, '\0', length))
    return loom_fail(error, LOOM_EINPUT, "%s: is no text", path);
  char *copy = strndup(text, length);
  conf->shards = calloc(LOOM_SHARDS_MAX, sizeof *conf->shards);
  loom_status status = copy && conf->shards ? parse(&p, copy) : loom_no_memory(error);
  free(copy);
  if (status != LOOM_OK)
    loom_conf_free(conf);
  return status;
}

/* ---- files ---- */

loom_status loom_conf_read(const char *path, struct loom_conf *conf, loom_error *error) {
  *conf = (struct loom_conf){0};
  FILE *file = fopen(path, "re");
  if (!file)
    return loom_fail(error, errno == ENOENT ? LOOM_ENOENT : LOOM_EACCESS, "%s: %s", path,
                     strerror(errno));
  char *text = malloc(SIZE_MOST + 1);
  size_t length = text ? fread(text, 1, SIZE_MOST + 1, file) : 0;
  loom_status status = LOOM_OK;
  if (!text)
    status = loom_no_memory(error);
  else if (ferror(file))
    status = loom_fail(error, LOOM_EIO, "%s: cannot be read", path);
  else if (length > SIZE_MOST)
    status = loom_fail(error, LOOM_EINPUT, "%s: is longer than a cluster's file may be", path);
  fclose(file);
  if (status == LOOM_OK)
    status = loom_conf_parse(path, text, length, conf, error);
  free(text);
  return status;
}

void loom_conf_free(struct loom_conf *conf) {
  for (unsigned i = 0; i < conf->shard_count; i++)
    for (unsigned j = 0; j < conf->shards[i].count; j++)
      free(conf->shards[i].urls[j]);
  free(conf->shards);
  free(conf->database);
  free(conf->user);
  free(conf->password);
  free(conf->ca_file);
  free(conf->head);
  *conf = (struct loom_conf){0};
}
