/*
** Asking a cluster. A server that is frozen takes connections and never answers, and one that is busy answers late: limits of time
** are short to begin with, and double with each round over the replicas.
*/
#include "cluster/cluster.h"
#include "base/platform.h"
#include "base/thread.h"
#include "cluster/sql_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define URL_SIZE 1024
/* Questions name ingests that are void, days, and up to some ten thousand stores: more than the 256 KiB that there are to begin with. */
#define QUERY_SIZE "&max_query_size=67108864"
#define VERSION_MOST 64               /* bytes of what a server says that it is */
#define SMALL_MOST ((size_t)1 << 20)  /* bytes of an answer of some rows */
#define LEDGER_MOST ((size_t)1 << 28) /* of one of the ledger: 94 bytes to each shard and day */
#define RANGE_MOST ((size_t)1 << 30)  /* and of any other */
#define SAID_MOST 40                  /* bytes that are quoted of what is none */
#define FORBIDDEN 164                 /* ClickHouse's READONLY, which has other meanings, too */
#define FAILED_KEPT                                                                                \
  3000 /* milliseconds for which who is told that a shard does not answer does not wait for it */
#define TABLE_TIME 30000 /* milliseconds for what makes a table */
#define PAUSE 100        /* milliseconds between rounds over the replicas */
#define QUORUM_TIME                                                                                \
  "10000" /* milliseconds that a server waits for others to have what is inserted */

#define NOT_KNOWN (-1) /* in the place of an error's code: whether what was sent was done */

/* What a server may know, and has to be told then: whether it does is asked once. */
enum { ASYNC_INSERT = 1, PARALLEL_QUORUM = 2, IS_KNOWN = 4 };

struct lane {
  loom_asker *asker;
  unsigned replica;                          /* that is asked first */
  unsigned char settings[LOOM_REPLICAS_MAX]; /* of each replica */
  char reasons[LOOM_REPLICAS_MAX][128];      /* why each did not answer the question at hand */
};

struct loom_cluster {
  const struct loom_conf *conf;
  struct loom_patience patience;
  atomic_llong *failed; /* in milliseconds, by shard; NULL: that is not kept */
  struct lane *lanes;
};

/* Frees the lanes, too. NULL is ignored. */
void loom_cluster_free(loom_cluster *cluster) {
  if (!cluster)
    return;
  for (unsigned i = 0; cluster->lanes && i < cluster->conf->shard_count; i++)
    loom_asker_free(cluster->lanes[i].asker);
  free(cluster->lanes);
  free(cluster);
}

loom_status loom_cluster_new(const struct loom_conf *conf, loom_asker *asker,
                             const struct loom_patience *patience, loom_cluster **out,
                             loom_error *error) {
  *out = NULL;
  loom_cluster *cluster = calloc(1, sizeof *cluster);
  bool good = cluster && asker;
  if (good) {
    cluster->conf = conf;
    int64_t usual = (int64_t)conf->patience * 1000;
    cluster->patience = patience ? *patience : (struct loom_patience){usual, usual};
    cluster->lanes = calloc(conf->shard_count, sizeof *cluster->lanes);
    good = cluster->lanes;
  }
  for (unsigned i = 0; good && i < conf->shard_count; i++) {
    cluster->lanes[i].asker = loom_asker_another(asker);
    good = cluster->lanes[i].asker;
  }
  loom_asker_free(asker);
  if (good) {
    *out = cluster;
    return LOOM_OK;
  }
  loom_cluster_free(cluster);
  return loom_no_memory(error);
}

void loom_cluster_share(loom_cluster *cluster, atomic_llong *failed) {
  cluster->failed = failed;
}

unsigned loom_cluster_shards(const loom_cluster *cluster) {
  return cluster->conf->shard_count;
}

unsigned loom_cluster_replicas(const loom_cluster *cluster, unsigned shard) {
  return cluster->conf->shards[shard].count;
}

const char *loom_cluster_url(const loom_cluster *cluster, unsigned shard, unsigned replica) {
  return cluster->conf->shards[shard].urls[replica];
}

const struct loom_conf *loom_cluster_conf(const loom_cluster *cluster) {
  return cluster->conf;
}

unsigned loom_cluster_replica(const loom_cluster *cluster, unsigned shard) {
  return cluster->lanes[shard].replica;
}

void loom_cluster_turn_away(loom_cluster *cluster, unsigned shard) {
  struct lane *lane = &cluster->lanes[shard];
  lane->replica = (lane->replica + 1) % cluster->conf->shards[shard].count;
}

/* ---- one question ---- */

/* Whether another replica, or a later try, may not have this error. */
static bool may_pass(long code, const char *message) {
  static const long codes[] = {
      159,      /* time-out */
      202,      /* too many at the same time */
      209, 210, /* the network */
      225, 244, /* the session with ZooKeeper has ended, or it says what was not expected */
      236,      /* the server is being stopped */
      241,      /* memory is out */
      242,      /* the table is read-only, for want of ZooKeeper */
      252,      /* too many parts */
      279, 285, /* too few replicas live */
      286,      /* the insert before has no quorum yet */
      289,      /* the replica lags */
      319,      /* whether it was inserted is not known: the same again is not inserted twice */
      999       /* ZooKeeper */
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (code == codes[i])
      return true;
  /* a server that has lost its session says so with the code of what may not be written at all */
  return code == FORBIDDEN && strstr(message, "Replica is not active");
}

/* The number in "Code: 62, e.displayText() = …"; 0: there is none. */
static long code_of(const struct loom_text *answer) {
  char text[32];
  long code = 0;
  size_t length = answer->length < sizeof text - 1 ? answer->length : sizeof text - 1;
  if (length)
    memcpy(text, answer->bytes, length);
  text[length] = '\0';
  return sscanf(text, "Code: %ld", &code) == 1 ? code : 0;
}

/*
** What is put behind an address, in which nothing needs to be escaped but what is here. False: it does not fit, which addresses of a
** configuration do.
*/
static bool put_url(const loom_cluster *cluster, unsigned shard, unsigned replica,
                    const struct loom_question *question, char url[URL_SIZE]) {
  const struct loom_conf_shard *servers = &cluster->conf->shards[shard];
  unsigned char settings = cluster->lanes[shard].settings[replica];
  bool is_insert = question && question->size == LOOM_INSERT, several = servers->count > 1;
  char quorum[64] = "";
  if (is_insert && several)
    snprintf(quorum, sizeof quorum, "&insert_quorum=%u&insert_quorum_timeout=" QUORUM_TIME,
             servers->count / 2 + 1);
  int length = snprintf(
      url, URL_SIZE, "%s/?wait_end_of_query=1&buffer_size=33554432" QUERY_SIZE "%s%s%s%s%s%s%s",
      servers->urls[replica], question ? "&database=" : "", question ? cluster->conf->database : "",
      quorum, question && question->consistent && several ? "&select_sequential_consistency=1" : "",
      is_insert && settings & ASYNC_INSERT ? "&async_insert=0" : "",
      question && settings & PARALLEL_QUORUM ? "&insert_quorum_parallel=0" : "",
      is_insert ? "&query=" : "");
  return length > 0 && length < URL_SIZE;
}

/* Escapes an insert's SQL, which is short and of few characters. False: it does not fit. */
static bool put_query(char url[URL_SIZE], const struct loom_text *sql) {
  size_t length = strlen(url);
  for (size_t i = 0; i < sql->length; i++) {
    if (length + 4 > URL_SIZE)
      return false;
    char c = sql->bytes[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    length += (size_t)snprintf(url + length, URL_SIZE - length, plain ? "%c" : "%%%02X",
                               (unsigned char)c);
  }
  return true;
}

/* How long an answer may be, so that no server can fill the memory. */
static size_t answer_most(const struct loom_question *question) {
  if (!question)
    return SMALL_MOST;
  if (question->answer_most)
    return question->answer_most;
  return question->size == LOOM_RANGE ? RANGE_MOST
         : question->consistent       ? LEDGER_MOST
                                      : SMALL_MOST;
}

/* What a user may not do: settings in an address, which all of Loom's questions have, need readonly 2. */
static loom_status fail_as_readonly(const struct loom_conf *conf, const char *said,
                                    loom_error *error) {
  const char *user = conf->user ? conf->user : "default";
  if (strstr(said, "setting")) /* "Cannot override setting", or "modify" */
    return loom_fail(error, LOOM_EREADONLY,
                     "the user %s has readonly 1, and needs 2 to report, or 0 to write "
                     "(Code: %d)",
                     user, FORBIDDEN);
  return loom_fail(error, LOOM_EREADONLY, "the user %s may only read (Code: %d)", user, FORBIDDEN);
}

static loom_status post(loom_cluster *cluster, unsigned shard, unsigned replica,
                        const struct loom_question *question, const struct loom_text *body,
                        long time_limit, struct loom_text *answer, long *code, loom_error *error) {
  char url[URL_SIZE];
  long status = 0;
  const struct loom_conf *conf = cluster->conf;
  bool fits = put_url(cluster, shard, replica, question, url);
  *code = 0;
  if (fits && question && question->size == LOOM_INSERT)
    fits = put_query(url, question->sql);
  if (!fits)
    return loom_fail(error, LOOM_EINVAL, "the address is too long");
  struct loom_call call = {.url = url,
                           .user = conf->user,
                           .password = conf->password,
                           .ca_file = conf->ca_file,
                           .body = body->bytes,
                           .length = body->length,
                           .time_limit = time_limit,
                           .answer_most = answer_most(question)};
  loom_status result = loom_asker_post(cluster->lanes[shard].asker, &call, &status, answer, error);
  *code = result != LOOM_OK && status == LOOM_WAS_SENT ? NOT_KNOWN : 0;
  if (result != LOOM_OK || status == 200)
    return result;
  *code = code_of(answer);
  *code = *code ? *code : NOT_KNOWN; /* of who is in between */
  char said[256];
  size_t length = answer->length < sizeof said - 1 ? answer->length : sizeof said - 1;
  memcpy(said, answer->length ? answer->bytes : "", length);
  said[length] = '\0';
  if (*code == 60 || *code == 81)
    return loom_fail(error, LOOM_ENOENT, "there are no tables of %s yet: see loom cluster create",
                     conf->database);
  if (*code == FORBIDDEN && strstr(said, "readonly"))
    return fail_as_readonly(conf, said, error);
  loom_make_printable(said);
  return loom_fail(error, LOOM_EIO, "status %ld: %s", status, said);
}

static bool is_line(const char *line, size_t length, const char *text) {
  return length == strlen(text) && memcmp(line, text, length) == 0;
}

/* "ClickHouse 18.16.1": numbers, and what a build may put behind them. */
static bool is_version(const char *line, size_t length) {
  static const char name[] = "ClickHouse ";
  size_t at = sizeof name - 1, begin = at;
  if (length <= at || length > VERSION_MOST || memcmp(line, name, at) != 0)
    return false;
  while (at < length && line[at] >= '0' && line[at] <= '9')
    at++;
  if (at == begin || at + 1 >= length || line[at] != '.' || line[at + 1] < '0' ||
      line[at + 1] > '9')
    return false;
  for (; at < length; at++)
    if (line[at] <= ' ' || line[at] > '~')
      return false;
  return true;
}

/* Which of the settings a server knows, by what it answers to the probe; 0: it is no ClickHouse. */
static unsigned char settings_of(const struct loom_text *answer) {
  unsigned char known = 0;
  for (size_t at = 0; at < answer->length;) {
    const char *line = answer->bytes + at, *end = memchr(line, '\n', answer->length - at);
    size_t length = end ? (size_t)(end - line) : 0;
    unsigned char found = !end                                              ? 0
                          : is_version(line, length)                        ? IS_KNOWN
                          : is_line(line, length, "async_insert")           ? ASYNC_INSERT
                          : is_line(line, length, "insert_quorum_parallel") ? PARALLEL_QUORUM
                                                                            : 0;
    if (!found || known & found)
      return 0;
    known |= found;
    at += length + 1;
  }
  return known & IS_KNOWN ? known : 0;
}

static loom_status no_clickhouse(const struct loom_text *answer, loom_error *error) {
  char said[LOOM_QUOTED_SIZE];
  size_t length = answer->length < SAID_MOST ? answer->length : SAID_MOST;
  return loom_fail(error, LOOM_EIO, "is no ClickHouse: it says \"%s\"",
                   loom_quote(said, length ? answer->bytes : "", length));
}

/*
** Asks a server what it is, and which of the settings it knows that it has to be told: not all that says 200 is a ClickHouse.
*/
static loom_status probe(loom_cluster *cluster, unsigned shard, unsigned replica, long time_limit,
                         long *code, loom_error *error) {
  static const char sql[] =
      "SELECT concat('ClickHouse ', version()) AS name UNION ALL SELECT name FROM system.settings "
      "WHERE name IN ('async_insert', 'insert_quorum_parallel') FORMAT TabSeparated";
  struct loom_text body = {.bytes = (char *)(uintptr_t)sql, .length = sizeof sql - 1}, answer = {0};
  unsigned char *known = &cluster->lanes[shard].settings[replica];
  loom_status status = post(cluster, shard, replica, NULL, &body, time_limit, &answer, code, error);
  if (status == LOOM_OK && !(*known = settings_of(&answer)))
    status = no_clickhouse(&answer, error);
  loom_text_free(&answer);
  return status;
}

static long limit_of(enum loom_question_size size) {
  static const long limits[] = {[LOOM_SMALL] = 1500, [LOOM_RANGE] = 6000, [LOOM_INSERT] = 12000};
  return limits[size];
}

/* Asks a server what it is, unless it has said so. */
static loom_status know(loom_cluster *cluster, unsigned shard, unsigned replica, long time_limit,
                        long *code, loom_error *error) {
  return cluster->lanes[shard].settings[replica] & IS_KNOWN
             ? LOOM_OK
             : probe(cluster, shard, replica, time_limit, code, error);
}

static loom_status ask_once(loom_cluster *cluster, unsigned shard, unsigned replica,
                            const struct loom_question *question, long time_limit,
                            struct loom_text *answer, long *code, loom_error *error) {
  loom_status status = know(cluster, shard, replica, time_limit, code, error);
  if (status != LOOM_OK && *code == NOT_KNOWN)
    *code = 0;
  if (status == LOOM_OK)
    status = post(cluster, shard, replica, question,
                  question->size == LOOM_INSERT ? question->data : question->sql, time_limit,
                  answer, code, error);
  return status;
}

loom_status loom_cluster_look(loom_cluster *cluster, unsigned shard, unsigned replica,
                              const struct loom_question *question, struct loom_text *answer,
                              loom_error *error) {
  long code;
  return ask_once(cluster, shard, replica, question, 2 * limit_of(question->size), answer, &code,
                  error);
}

loom_status loom_cluster_ask_replica(loom_cluster *cluster, unsigned shard, unsigned replica,
                                     const struct loom_question *question, struct loom_text *answer,
                                     loom_error *error) {
  loom_error why;
  loom_status status = loom_cluster_look(cluster, shard, replica, question, answer, &why);
  if (status == LOOM_OK)
    return LOOM_OK;
  return loom_fail(error, status, "shard %u, %s: %s", shard + 1,
                   loom_cluster_url(cluster, shard, replica), why.message);
}

/* ---- in turn ---- */

/* The failure that tells what became of the question at each replica. */
static loom_status fail(const loom_cluster *cluster, unsigned shard, loom_error *error) {
  const struct lane *lane = &cluster->lanes[shard];
  char why[LOOM_MESSAGE_SIZE] = "";
  size_t length = 0;
  for (unsigned i = 0; i < cluster->conf->shards[shard].count && length < sizeof why - 1; i++) {
    int more = snprintf(why + length, sizeof why - length, "%s%s: %s", length ? "; " : "",
                        loom_cluster_url(cluster, shard, i),
                        *lane->reasons[i] ? lane->reasons[i] : "was not asked");
    length += more > 0 ? (size_t)more : 0;
  }
  return loom_fail(error, LOOM_EUNREACHABLE, "shard %u does not answer: %s", shard + 1, why);
}

/* Replicas tell what is inserted twice; one that is alone does not. */
static bool is_sent_once(const loom_cluster *cluster, unsigned shard,
                         const struct loom_question *question) {
  return question->size == LOOM_INSERT && !question->may_repeat &&
         cluster->conf->shards[shard].count == 1;
}

/* Asks each replica once, as long as there is time, or whatever the time where `until` is 0. LOOM_EAGAIN: none has answered, but may later. */
static loom_status ask_round(loom_cluster *cluster, unsigned shard,
                             const struct loom_question *question, long time_limit, int64_t until,
                             struct loom_text *answer, loom_error *error) {
  struct lane *lane = &cluster->lanes[shard];
  loom_error why = {0};
  for (unsigned i = 0; i < cluster->conf->shards[shard].count; i++) {
    long code = 0;
    int64_t left = until ? until - loom_clock() : time_limit;
    if (left <= 0)
      return LOOM_EAGAIN;
    loom_status status = ask_once(cluster, shard, lane->replica, question,
                                  left < time_limit ? (long)left : time_limit, answer, &code, &why);
    if (status == LOOM_OK)
      return LOOM_OK;
    if (status == LOOM_ENOMEM)
      return loom_no_memory(error);
    if (code == NOT_KNOWN && is_sent_once(cluster, shard, question))
      return loom_fail(error, status,
                       "shard %u, %s: %s; it has no other replica, and is not sent twice what it "
                       "may have: try again",
                       shard + 1, loom_cluster_url(cluster, shard, lane->replica), why.message);
    if (code > 0 && !may_pass(code, why.message))
      return loom_fail(error, status, "shard %u, %s: %s", shard + 1,
                       loom_cluster_url(cluster, shard, lane->replica), why.message);
    if (left >= time_limit || !*lane->reasons[lane->replica]) /* not that there was no time left */
      snprintf(lane->reasons[lane->replica], sizeof *lane->reasons, "%.*s",
               (int)sizeof *lane->reasons - 1, why.message);
    loom_cluster_turn_away(cluster, shard);
  }
  return LOOM_EAGAIN;
}

/* Until when a shard is asked. */
static int64_t deadline(const loom_cluster *cluster, unsigned shard, bool is_insert) {
  const atomic_llong *failed = cluster->failed ? &cluster->failed[shard] : NULL;
  int64_t at = loom_clock(), last = failed ? atomic_load(failed) : 0;
  if (last && at - last < FAILED_KEPT)
    return at;
  return at + (is_insert ? cluster->patience.writing : cluster->patience.reading);
}

static void note(const loom_cluster *cluster, unsigned shard, bool failed) {
  if (cluster->failed)
    atomic_store(&cluster->failed[shard], failed ? loom_clock() : 0);
}

loom_status loom_cluster_ask(loom_cluster *cluster, unsigned shard,
                             const struct loom_question *question, struct loom_text *answer,
                             loom_error *error) {
  int64_t until = deadline(cluster, shard, question->size == LOOM_INSERT);
  long time_limit = limit_of(question->size);
  bool is_first = true;
  memset(cluster->lanes[shard].reasons, 0, sizeof cluster->lanes[shard].reasons);
  for (;;) {
    loom_status status =
        ask_round(cluster, shard, question, time_limit, is_first ? 0 : until, answer, error);
    is_first = false;
    if (status == LOOM_OK)
      note(cluster, shard, false);
    if (status != LOOM_EAGAIN)
      return status;
    if (loom_clock() >= until) {
      note(cluster, shard, true);
      return fail(cluster, shard, error);
    }
    loom_rest(PAUSE);
    time_limit = time_limit < 30000 ? time_limit * 2 : time_limit;
  }
}

/* ---- all shards ---- */

struct errand {
  loom_shard_fn *work;
  void *context;
  unsigned shard;
  pthread_t thread;
  bool started;
  loom_status status;
  loom_error error;
};

static void *run(void *context) {
  struct errand *errand = context;
  errand->status = errand->work(errand->context, errand->shard, &errand->error);
  return NULL;
}

loom_status loom_cluster_each(loom_cluster *cluster, loom_shard_fn *work, void *context,
                              loom_error *error) {
  unsigned count = cluster->conf->shard_count;
  struct errand *errands = calloc(count, sizeof *errands);
  loom_status status = LOOM_OK;
  if (!errands)
    return loom_no_memory(error);
  for (unsigned i = 0; i < count; i++) {
    errands[i] = (struct errand){.work = work, .context = context, .shard = i};
    errands[i].started = i + 1 < count && loom_thread_start(&errands[i].thread, run, &errands[i]);
    if (!errands[i].started)
      run(&errands[i]);
  }
  for (unsigned i = 0; i < count; i++) {
    if (errands[i].started)
      pthread_join(errands[i].thread, NULL);
    if (status == LOOM_OK && errands[i].status != LOOM_OK) {
      status = errands[i].status;
      if (error)
        *error = errands[i].error;
    }
  }
  free(errands);
  return status;
}

/* ---- tables ---- */

struct table {
  const char *name, *columns, *order;
};

static const struct table block = {
    "block",
    "day Int32, gen UInt32, number UInt64, store String, ingest UInt64, file UInt16, polls "
    "Array(Int64)",
    "PARTITION BY (day, gen) ORDER BY (number, ingest, file) SETTINGS index_granularity = 256"};

/* Partitions are of 16,384 ingests each (LOOM_ROSTER_PARTITION): what was written anew since is dropped by whole ones. */
static const struct table roster = {
    "roster", "ingest UInt64, kind String, number UInt64, value String",
    "PARTITION BY intDiv(ingest, 17179869184) ORDER BY (kind, number, ingest)"};

static const struct table ledger = {
    "ledger",
    "ingest UInt64, step String, number UInt64, shard UInt16, day Int32, gen UInt32, blocks "
    "UInt64, polls UInt64, sum Int64, added UInt64, newest Int64, at DateTime, note String",
    "PARTITION BY tuple() ORDER BY (step, ingest, shard, day)"};

/* How long a server is given for a table, which ZooKeeper has to hear of, too. */
static long table_limit(const loom_cluster *cluster) {
  return cluster->patience.writing < TABLE_TIME ? (long)cluster->patience.writing : TABLE_TIME;
}

/* Asks a replica, once, for something that makes tables, or tells of them. */
static loom_status send(loom_cluster *cluster, unsigned shard, unsigned replica,
                        struct loom_text *sql, bool in_database, struct loom_text *answer,
                        loom_error *error) {
  struct loom_question question = {.sql = sql};
  loom_error why;
  long code, limit = table_limit(cluster);
  loom_status status = know(cluster, shard, replica, limit, &code, &why);
  if (status == LOOM_OK)
    status = post(cluster, shard, replica, in_database ? &question : NULL, sql, limit, answer,
                  &code, &why);
  if (status == LOOM_OK)
    return LOOM_OK;
  return loom_fail(error, status, "shard %u, %s: %s", shard + 1,
                   loom_cluster_url(cluster, shard, replica), why.message);
}

/* A table that the replicas of a shard share, by a name that its address tells them apart by. */
static bool put_table(const loom_cluster *cluster, unsigned shard, unsigned replica,
                      const struct table *table, struct loom_text *sql) {
  const char *host = strstr(loom_cluster_url(cluster, shard, replica), "://") + 3;
  bool good = loom_sql_add(sql, "CREATE TABLE IF NOT EXISTS %s (%s) ENGINE = ", table->name,
                           table->columns);
  if (cluster->conf->shards[shard].count > 1)
    good = good && loom_sql_add(sql, "ReplicatedMergeTree('/clickhouse/tables/%s/%u/%s', '%s') ",
                                cluster->conf->database, shard + 1, table->name, host);
  else
    good = good && loom_sql_add(sql, "MergeTree ");
  return good && loom_sql_add(sql, "%s", table->order);
}

/* What a server has to say of a table: its engine, and a line to each column. */
static bool put_look(const loom_cluster *cluster, unsigned shard, const struct table *table,
                     struct loom_text *question, struct loom_text *wanted) {
  bool several = cluster->conf->shards[shard].count > 1;
  bool good = loom_sql_add(question,
                           "SELECT concat(if(engine LIKE 'Replicated%%', 'Replicated', ''), "
                           "'MergeTree') FROM system.tables WHERE database = '%s' AND name = '%s' "
                           "AND engine LIKE '%%MergeTree' FORMAT TabSeparated",
                           cluster->conf->database, table->name);
  return good && loom_sql_add(wanted, "%s\n", several ? "ReplicatedMergeTree" : "MergeTree");
}

static bool put_columns(const loom_cluster *cluster, const struct table *table,
                        struct loom_text *question, struct loom_text *wanted) {
  bool good = loom_sql_add(question,
                           "SELECT concat(name, ' ', type) FROM system.columns WHERE database = "
                           "'%s' AND table = '%s' FORMAT TabSeparated",
                           cluster->conf->database, table->name) &&
              loom_sql_add(wanted, "%s\n", table->columns);
  for (char *comma = good ? wanted->bytes : NULL; comma && (comma = strstr(comma, ", ")); comma++) {
    *comma = '\n';
    memmove(comma + 1, comma + 2, wanted->length - (size_t)(comma + 2 - wanted->bytes) + 1);
    wanted->length--;
  }
  return good;
}

/* Asks a server what it has, which is to be what is wanted. */
static loom_status compare(loom_cluster *cluster, unsigned shard, unsigned replica,
                           struct loom_text *question, const struct loom_text *wanted,
                           const char *name, loom_error *error) {
  struct loom_text answer = {0};
  loom_status status = send(cluster, shard, replica, question, true, &answer, error);
  if (status == LOOM_OK &&
      (answer.length != wanted->length || memcmp(answer.bytes, wanted->bytes, wanted->length) != 0))
    status = loom_fail(error, LOOM_EINVAL,
                       "shard %u, %s: the table %s.%s is there, and is not Loom's: it has other "
                       "columns or another engine",
                       shard + 1, loom_cluster_url(cluster, shard, replica),
                       cluster->conf->database, name);
  loom_text_free(&answer);
  return status;
}

static loom_status create_table(loom_cluster *cluster, unsigned shard, unsigned replica,
                                const struct table *table, loom_error *error) {
  struct loom_text texts[5] = {{0}}, answer = {0};
  bool good = put_table(cluster, shard, replica, table, &texts[0]) &&
              put_look(cluster, shard, table, &texts[1], &texts[2]) &&
              put_columns(cluster, table, &texts[3], &texts[4]);
  loom_status status =
      good ? send(cluster, shard, replica, &texts[0], true, &answer, error) : loom_no_memory(error);
  for (int i = 1; status == LOOM_OK && i < 5; i += 2)
    status = compare(cluster, shard, replica, &texts[i], &texts[i + 1], table->name, error);
  for (size_t i = 0; i < 5; i++)
    loom_text_free(&texts[i]);
  loom_text_free(&answer);
  return status;
}

static loom_status create_on(loom_cluster *cluster, unsigned shard, unsigned replica,
                             loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  loom_status status = LOOM_OK;
  if (!loom_sql_add(&sql, "CREATE DATABASE IF NOT EXISTS %s", cluster->conf->database))
    status = loom_no_memory(error);
  if (status == LOOM_OK)
    status = send(cluster, shard, replica, &sql, false, &answer, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  if (status == LOOM_OK)
    status = create_table(cluster, shard, replica, &block, error);
  if (status == LOOM_OK && shard == 0)
    status = create_table(cluster, shard, replica, &ledger, error);
  if (status == LOOM_OK && shard == 0)
    status = create_table(cluster, shard, replica, &roster, error);
  return status;
}

loom_status loom_cluster_create(loom_cluster *cluster, loom_error *error) {
  loom_status status = LOOM_OK;
  for (unsigned i = 0; status == LOOM_OK && i < cluster->conf->shard_count; i++)
    for (unsigned j = 0; status == LOOM_OK && j < cluster->conf->shards[i].count; j++)
      status = create_on(cluster, i, j, error);
  return status;
}
