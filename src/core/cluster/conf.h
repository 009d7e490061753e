/*
** cluster.conf: where a cluster is, a line to a setting, `#` for comments.
**
**   loom cluster 1                                      the first line
**   database loom
**   shard https://a1:8443 https://a2:8443 https://a3:8443   a line to a shard, with its replicas
**   shard https://b1:8443 https://b2:8443 https://b3:8443
**   user loom
**   password-file /etc/loom/clickhouse.key              mode 0600, or it is refused
**   ca-file /etc/loom/ca.pem
**   head /var/lib/loom/head.db                          the database with all but the polls
**   worker https://a1:8444 https://b1:8444              who reports beside the shards: see loom worker
**   worker-token-file /etc/loom/worker.key              mode 0600
**   patience 60                                         seconds for which a shard is asked before that is a failure
**
** Paths that do not begin with a slash are seen from the file's folder. A password goes over TLS, or to this machine.
*/
#ifndef LOOM_CONF_H
#define LOOM_CONF_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define LOOM_SHARDS_MAX 256  /* a thread each */
#define LOOM_REPLICAS_MAX 16 /* of a shard */
#define LOOM_WORKERS_MAX (LOOM_SHARDS_MAX * LOOM_REPLICAS_MAX)
#define LOOM_PATIENCE 60 /* seconds, by default: servers that start again take some of them */
#define LOOM_PATIENCE_MAX 3600

struct loom_conf_shard {
  unsigned count;
  char *urls[LOOM_REPLICAS_MAX]; /* without a slash at their ends */
};

struct loom_conf {
  char *database;
  char *user, *password, *ca_file; /* NULL where there is none */
  char *head;
  unsigned patience; /* seconds */
  bool is_hasty;     /* not of the file: opening asks each replica once */
  char **workers;    /* addresses, without a slash at their ends */
  size_t worker_count, worker_capacity;
  char *worker_token_file; /* or NULL */
  unsigned shard_count;
  struct loom_conf_shard *shards;
};

/* LOOM_EINPUT: it is none, with the line; LOOM_EACCESS: the password is for others to read. Free with loom_conf_free. */
loom_status loom_conf_read(const char *path, struct loom_conf *conf, loom_error *error);

/* The same of its text; `path` stands in messages, and gives the folder. */
loom_status loom_conf_parse(const char *path, const char *text, size_t length,
                            struct loom_conf *conf, loom_error *error);

/* Whether an address is one that a conf may have, and what it is sent stays on this machine or goes over TLS. */
bool loom_conf_is_url(const char *text);
bool loom_conf_is_safe(const char *url);

/* Reads a secret of one line, of a file that is nobody else's. LOOM_EACCESS: others may read it. The caller frees it. */
loom_status loom_conf_secret(const char *path, char **secret, loom_error *error);

void loom_conf_free(struct loom_conf *conf);

#endif
