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
#define URL_MOST 255        /* bytes of an address */
#define USER_MOST 255       /* bytes of a user's name */
#define PASSWORD_MOST 1024  /* bytes of a password */
#define DATABASE_MOST 63    /* bytes of a database's name */
#define WORDS_MOST (LOOM_REPLICAS_MAX + 1)

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

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
  size_t length = strspn(text, LETTERS DIGITS "_");
  return length > 0 && length <= DATABASE_MOST && !text[length] && !(*text >= '0' && *text <= '9');
}

/* Behind a host: what there is of ":8123". NULL: that is no port. */
static const char *skip_port(const char *text) {
  size_t digits = *text == ':' ? strspn(text + 1, DIGITS) : 0;
  if (*text != ':')
    return text;
  long port = digits >= 1 && digits <= 5 ? strtol(text + 1, NULL, 10) : -1;
  return port >= 0 && port <= 65535 ? text + 1 + digits : NULL;
}

/* A host is a name, or a number of version 4 or, in brackets, 6. NULL: it is none. */
static const char *skip_host(const char *text) {
  if (*text != '[') {
    size_t length = strspn(text, LETTERS DIGITS "-._");
    return length ? text + length : NULL;
  }
  size_t length = strspn(text + 1, DIGITS "abcdefABCDEF:.");
  return length && text[length + 1] == ']' ? text + length + 2 : NULL;
}

static bool is_url(const char *text) {
  const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                     : strncmp(text, "http://", 7) == 0 ? text + 7
                                                        : "";
  const char *rest = strlen(text) <= URL_MOST ? skip_host(host) : NULL;
  rest = rest ? skip_port(rest) : NULL;
  if (!rest || (*rest && *rest != '/'))
    return false;
  for (; *rest; rest++)
    if (*rest <= ' ' || *rest > '~' || strchr("@?#\\\"'", *rest))
      return false;
  return true;
}

/* Whether a header can hold it, and nothing behind it. */
static bool is_printable(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 127)
      return false;
  return true;
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

/* Opens a file of the system's, and nothing that could have whoever reads it wait. -1: it cannot be, and errno. */
static int open_file(const char *path, struct stat *info) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file >= 0 && fstat(file, info) != 0) {
    int number = errno;
    close(file);
    errno = number;
    return -1;
  }
  return file;
}

/* Reads until there is no more, or no more room. -1: it cannot be read. */
static ssize_t read_all(int file, char *text, size_t size) {
  size_t length = 0;
  while (length < size) {
    ssize_t more = read(file, text + length, size - length);
    if (more < 0 && errno == EINTR)
      continue;
    if (more < 0)
      return -1;
    if (more == 0)
      break;
    length += (size_t)more;
  }
  return (ssize_t)length;
}

/* The secret in what a file begins with. */
static loom_status take_secret(const char *path, const char *text, ssize_t length, char **secret,
                               loom_error *error) {
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;
  if (length > PASSWORD_MOST)
    return loom_fail(error, LOOM_EINPUT, "%s: a password has at most %d bytes", path,
                     PASSWORD_MOST);
  if (length < 1 || !is_printable(text, (size_t)length))
    return loom_fail(error, LOOM_EINPUT, "%s: has no password of one line", path);
  *secret = strndup(text, (size_t)length);
  return *secret ? LOOM_OK : loom_no_memory(error);
}

loom_status loom_conf_secret(const char *path, char **secret, loom_error *error) {
  struct stat info;
  char text[PASSWORD_MOST + 3] = ""; /* with the end of its line, and what is too much */
  int file = open_file(path, &info);
  loom_status status = LOOM_OK;
  ssize_t length = 0;
  *secret = NULL;
  if (file < 0)
    return loom_fail(error, LOOM_EACCESS, "%s: %s", path, strerror(errno));
  if (!S_ISREG(info.st_mode))
    status = loom_fail(error, LOOM_EACCESS, "%s: is no regular file", path);
  else if (info.st_mode & 077)
    status = loom_fail(error, LOOM_EACCESS,
                       "%s: others may read it: a password's file has the mode 0600", path);
  else if ((length = read_all(file, text, sizeof text)) < 0)
    status = loom_fail(error, LOOM_EIO, "%s: %s", path, strerror(errno));
  close(file);
  return status == LOOM_OK ? take_secret(path, text, length, secret, error) : status;
}

static loom_status set_password(struct parsing *p, const char *name) {
  if (p->conf->password)
    return fail(p, "'password-file' is given twice");
  char *path = path_from(p, name);
  loom_status status =
      path ? loom_conf_secret(path, &p->conf->password, p->error) : loom_no_memory(p->error);
  free(path);
  return status;
}

static loom_status add_workers(struct parsing *p, char **words, size_t count) {
  struct loom_conf *conf = p->conf;
  if (count < 2)
    return fail(p, "'worker' needs an address, such as https://host:8444");
  for (size_t i = 1; i < count; i++) {
    if (!is_url(words[i]))
      return fail(p, "'%s' is no address: http://host:8444 or https://host:8444 is expected",
                  words[i]);
    if (conf->worker_count == LOOM_WORKERS_MAX)
      return fail(p, "there are more than %d workers", LOOM_WORKERS_MAX);
    if (!loom_grow(&conf->workers, &conf->worker_capacity, conf->worker_count + 1,
                   sizeof *conf->workers))
      return loom_no_memory(p->error);
    size_t length = strlen(words[i]);
    while (words[i][length - 1] == '/')
      words[i][--length] = '\0';
    if (!(conf->workers[conf->worker_count] = strdup(words[i])))
      return loom_no_memory(p->error);
    conf->worker_count++;
  }
  return LOOM_OK;
}

static loom_status set_patience(struct parsing *p, const char *text) {
  char *end;
  unsigned long seconds = strtoul(text, &end, 10);
  if (*end || *text < '0' || *text > '9' || seconds < 1 || seconds > LOOM_PATIENCE_MAX)
    return fail(p, "'%s' is no number of seconds, 1 to %d", text, LOOM_PATIENCE_MAX);
  p->conf->patience = (unsigned)seconds;
  return LOOM_OK;
}

static loom_status set_user(struct parsing *p, const char *name) {
  size_t length = strlen(name);
  if (length > USER_MOST || !is_printable(name, length))
    return fail(p, "a user's name has at most %d bytes, and no control characters", USER_MOST);
  return take(p, &p->conf->user, strdup(name), "user");
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
  if (strcmp(name, "worker") == 0)
    return add_workers(p, words, count);
  if (count != 2)
    return fail(p, "'%s' needs one value", name);
  if (strcmp(name, "database") == 0)
    return set_database(p, words[1]);
  if (strcmp(name, "user") == 0)
    return set_user(p, words[1]);
  if (strcmp(name, "password-file") == 0)
    return set_password(p, words[1]);
  if (strcmp(name, "ca-file") == 0)
    return take(p, &conf->ca_file, path_from(p, words[1]), name);
  if (strcmp(name, "head") == 0)
    return take(p, &conf->head, path_from(p, words[1]), name);
  if (strcmp(name, "worker-token-file") == 0)
    return take(p, &conf->worker_token_file, path_from(p, words[1]), name);
  if (strcmp(name, "patience") == 0)
    return set_patience(p, words[1]);
  return fail(p,
              "'%s' is no setting: database, shard, user, password-file, ca-file, head, worker, "
              "worker-token-file or patience is expected",
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

bool loom_conf_is_url(const char *text) {
  return is_url(text);
}

bool loom_conf_is_safe(const char *url) {
  return is_local(url);
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

/* Reads a whole file, which the caller frees. */
static loom_status read_text(const char *path, char **text, size_t *length, loom_error *error) {
  struct stat info;
  loom_status status = LOOM_OK;
  ssize_t found = 0;
  int file = open_file(path, &info);
  if (file < 0)
    return loom_fail(error, errno == ENOENT ? LOOM_ENOENT : LOOM_EACCESS, "%s: %s", path,
                     strerror(errno));
  if (!S_ISREG(info.st_mode))
    status = loom_fail(error, LOOM_EINPUT, "%s: is no regular file", path);
  else if (!(*text = malloc(SIZE_MOST + 1)))
    status = loom_no_memory(error);
  else if ((found = read_all(file, *text, SIZE_MOST + 1)) < 0)
    status = loom_fail(error, LOOM_EIO, "%s: cannot be read: %s", path, strerror(errno));
  else if (found > SIZE_MOST)
    status = loom_fail(error, LOOM_EINPUT, "%s: is longer than a cluster's file may be", path);
  close(file);
  *length = (size_t)found;
  return status;
}

loom_status loom_conf_read(const char *path, struct loom_conf *conf, loom_error *error) {
  char *text = NULL;
  size_t length = 0;
  *conf = (struct loom_conf){0};
  loom_status status = read_text(path, &text, &length, error);
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
  for (size_t i = 0; i < conf->worker_count; i++)
    free(conf->workers[i]);
  free(conf->workers);
  free(conf->worker_token_file);
  free(conf->head);
  *conf = (struct loom_conf){0};
}
