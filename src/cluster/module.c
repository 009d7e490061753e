/*
** loom.cluster: databases whose polls are in a cluster. A module of its own, so that only who has one needs libcurl.
**
**   cluster.read(path)            {database, head, user, shards = {{url, …}, …}}
**   cluster.is_conf(text, source) whether a text is a conf: true; `source` stands for it in messages
**   cluster.topology(text, source, name)  the shards that the servers of a conf's first shard know of a cluster of that name, none where
**                                 there is none: {{shard, host}, …} in order. `source` stands for the conf in messages
**   cluster.create(path)          makes the tables on every replica, and an identity, where they are not there yet: true
**   cluster.attach(handle, path [, patience])  from now on the polls of a database's handle, whose file is the head, are the cluster's:
**                                 true. `patience`: seconds for which servers are asked at the most, and now each once
**   cluster.status(path)          {number, blocks, polls, days, newest, owner, shards = {{{url, version, problem}, …}, …}}, or instead
**                                 of what is before the shards `problem`: the ledger cannot be read
**   cluster.check(path)           a list of problems, empty where every replica adds up
**   cluster.compact(handle [, rows])  writes anew what came in pieces, and the roster where so many rows of it are superseded, or where it
**                                 is worth it: how many days were, and of how many superseded rows the roster was, which may be 0
**   cluster.fold(handle [, rows]) folds the ledger (fold.h) where so many rows are behind the last fold, or where it is worth it: how many
**                                 were folded
**   cluster.take_over(handle)     from now on the handle's head alone writes: true
**   cluster.drop(handle, age)     how many generations of shards' days were dropped, which were replaced so many seconds ago
**   cluster.flush(handle, path)   takes what is spooled in the head to the cluster; handle: one that was attached:
**                                 {polls, new, duplicates, conflicts, waiting}
**   cluster.tend(handle, path)    writes one day anew that many ingests have written (tend.h), beside others who write: whether there was
**                                 one
**   cluster.secret(path)          a secret of one line, of a file that is nobody else's
**   cluster.is_address(url)       whether it is one: true, and whether a secret may go there; or false
**   cluster.streams(count)        rows of so many workers, merged: see net/streams.h
**
** What fails is nil, "CODE: text", "CODE".
*/
#include "lua/binding.h"

#include "base/grow.h"
#include "cluster/care.h"
#include "cluster/conf.h"
#include "cluster/flush.h"
#include "cluster/fold.h"
#include "cluster/ledger.h"
#include "cluster/remote_cluster.h"
#include "cluster/tend.h"
#include "cluster/topology.h"
#include "net/http.h"
#include "net/streams.h"
#include "sqlite/database.h"
#include "sqlite/remote.h"
#include "sqlite/spooled.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void push_shards(lua_State *L, const struct loom_conf *conf) {
  lua_createtable(L, (int)conf->shard_count, 0);
  for (unsigned i = 0; i < conf->shard_count; i++) {
    lua_createtable(L, (int)conf->shards[i].count, 0);
    for (unsigned j = 0; j < conf->shards[i].count; j++) {
      lua_pushstring(L, conf->shards[i].urls[j]);
      lua_rawseti(L, -2, (int)j + 1);
    }
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static int push_conf(lua_State *L) {
  const struct loom_conf *conf = lua_touserdata(L, 1);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, conf->database);
  lua_setfield(L, -2, "database");
  lua_pushstring(L, conf->head);
  lua_setfield(L, -2, "head");
  if (conf->user) {
    lua_pushstring(L, conf->user);
    lua_setfield(L, -2, "user");
  }
  push_shards(L, conf);
  lua_setfield(L, -2, "shards");
  lua_createtable(L, (int)conf->worker_count, 0);
  for (size_t i = 0; i < conf->worker_count; i++) {
    lua_pushstring(L, conf->workers[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "workers");
  lua_pushstring(L, conf->worker_token_file);
  lua_setfield(L, -2, "worker_token_file");
  lua_pushstring(L, conf->ca_file);
  lua_setfield(L, -2, "ca_file");
  lua_pushinteger(L, (lua_Integer)conf->patience);
  lua_setfield(L, -2, "patience");
  return 1;
}

/* Calls what pushes a result with what it is of, so that what has memory is freed where Lua has none. */
static int protect(lua_State *L, lua_CFunction push, void *of) {
  lua_pushcfunction(L, push);
  lua_pushlightuserdata(L, of);
  return lua_pcall(L, 1, 1, 0);
}

/* read(path) */
static int read_conf(lua_State *L) {
  loom_error error;
  struct loom_conf conf;
  if (loom_conf_read(lloom_check_path(L, 1), &conf, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  int failed = protect(L, push_conf, &conf);
  loom_conf_free(&conf);
  return failed ? lua_error(L) : 1;
}

/* A configuration and a cluster of it, which are freed together. */
struct opened {
  struct loom_conf conf;
  loom_cluster *cluster;
};

static loom_status open_cluster(const char *path, const struct loom_patience *patience,
                                struct opened *opened, loom_error *error) {
  opened->cluster = NULL;
  loom_status status = loom_conf_read(path, &opened->conf, error);
  if (status == LOOM_OK)
    status = loom_cluster_new(&opened->conf, loom_http_new(), patience, &opened->cluster, error);
  return status;
}

static void close_cluster(struct opened *opened) {
  loom_cluster_free(opened->cluster);
  loom_conf_free(&opened->conf);
}

/* is_conf(text, source) */
static int is_conf(lua_State *L) {
  loom_error error;
  struct loom_conf conf;
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length), *source = luaL_checkstring(L, 2);
  loom_status status = loom_conf_parse(source, text, length, &conf, &error);
  loom_conf_free(&conf);
  return lloom_done(L, status, &error);
}

/* ---- topology ---- */

struct replicas {
  struct replica {
    uint32_t shard;
    char *host;
    size_t length;
  } * items;
  size_t count, capacity;
};

static loom_status add_replica(void *context, uint32_t shard, const char *host, size_t length,
                               loom_error *error) {
  struct replicas *found = context;
  if (found->count == (size_t)LOOM_SHARDS_MAX * LOOM_REPLICAS_MAX)
    return loom_fail(error, LOOM_ELIMIT, "the cluster has more than %zu servers", found->count);
  if (!loom_grow(&found->items, &found->capacity, found->count + 1, sizeof *found->items))
    return loom_no_memory(error);
  struct replica *replica = &found->items[found->count];
  *replica = (struct replica){shard, malloc(length + 1), length};
  if (!replica->host)
    return loom_no_memory(error);
  memcpy(replica->host, host, length);
  found->count++;
  return LOOM_OK;
}

static int push_replicas(lua_State *L) {
  const struct replicas *found = lua_touserdata(L, 1);
  lua_createtable(L, (int)found->count, 0);
  for (size_t i = 0; i < found->count; i++) {
    lua_createtable(L, 0, 2);
    lloom_set_integer(L, "shard", found->items[i].shard);
    lua_pushlstring(L, found->items[i].host, found->items[i].length);
    lua_setfield(L, -2, "host");
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/* topology(text, source, name) */
static int topology(lua_State *L) {
  loom_error error;
  struct opened opened = {0};
  struct replicas found = {0};
  size_t length;
  int failed = 0;
  const char *text = luaL_checklstring(L, 1, &length), *source = luaL_checkstring(L, 2),
             *name = luaL_checkstring(L, 3);
  loom_status status = loom_conf_parse(source, text, length, &opened.conf, &error);
  if (status == LOOM_OK)
    status = loom_cluster_new(&opened.conf, loom_http_new(), NULL, &opened.cluster, &error);
  if (status == LOOM_OK)
    status = loom_topology_read(opened.cluster, name, add_replica, &found, &error);
  if (status == LOOM_OK)
    failed = protect(L, push_replicas, &found);
  for (size_t i = 0; i < found.count; i++)
    free(found.items[i].host);
  free(found.items);
  close_cluster(&opened);
  if (failed)
    return lua_error(L);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* create(path) */
static int create(lua_State *L) {
  loom_error error;
  struct opened opened;
  loom_status status = open_cluster(lloom_check_path(L, 1), NULL, &opened, &error);
  if (status == LOOM_OK)
    status = loom_cluster_create(opened.cluster, &error);
  if (status == LOOM_OK)
    status = loom_ledger_identify(opened.cluster, &error);
  close_cluster(&opened);
  return lloom_done(L, status, &error);
}

/* attach(handle, path [, patience]) */
static int attach(lua_State *L) {
  loom_error error;
  struct loom_conf conf;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  const char *path = lloom_check_path(L, 2);
  lua_Integer patience = luaL_optinteger(L, 3, 0);
  loom_status status = loom_conf_read(path, &conf, &error);
  if (status == LOOM_OK && patience > 0) {
    conf.patience = conf.patience < patience ? conf.patience : (unsigned)patience;
    conf.is_hasty = true;
  }
  if (status == LOOM_OK)
    status = loom_remote_attach(database, &conf, loom_http_new(), &error);
  return lloom_done(L, status, &error);
}

/* ---- status ---- */

struct found {
  struct opened opened;
  struct loom_ledger ledger;
  struct loom_ledger_tip tip;
  loom_error why; /* there is no ledger; LOOM_OK: there is */
  size_t days;
  char (*versions)[LOOM_REPLICAS_MAX][64];
  char (*problems)[LOOM_REPLICAS_MAX][256];
};

static void note_replica(void *context, unsigned shard, unsigned replica, const char *version,
                         const char *problem) {
  struct found *found = context;
  strncpy(found->versions[shard][replica], version ? version : "", 63);
  strncpy(found->problems[shard][replica], problem ? problem : "", 255);
}

static void push_replica(lua_State *L, const struct found *found, unsigned shard,
                         unsigned replica) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, found->opened.conf.shards[shard].urls[replica]);
  lua_setfield(L, -2, "url");
  if (*found->versions[shard][replica]) {
    lua_pushstring(L, found->versions[shard][replica]);
    lua_setfield(L, -2, "version");
  }
  if (*found->problems[shard][replica]) {
    lua_pushstring(L, found->problems[shard][replica]);
    lua_setfield(L, -2, "problem");
  }
}

/* What the ledger says. */
static void push_ledger(lua_State *L, const struct found *found) {
  uint64_t blocks = 0, polls = 0;
  int64_t newest = INT64_MIN;
  for (size_t i = 0; i < found->ledger.part_count; i++) {
    blocks += found->ledger.parts[i].blocks;
    polls += found->ledger.parts[i].added;
    newest = found->ledger.parts[i].newest > newest ? found->ledger.parts[i].newest : newest;
  }
  lloom_set_integer(L, "number", (int64_t)found->ledger.number);
  lloom_set_integer(L, "blocks", (int64_t)blocks);
  lloom_set_integer(L, "polls", (int64_t)polls);
  lloom_set_integer(L, "days", (int64_t)found->days);
  if (newest != INT64_MIN)
    lloom_set_integer(L, "newest", newest);
  if (*found->tip.owner) {
    lua_pushstring(L, found->tip.owner);
    lua_setfield(L, -2, "owner");
  }
}

static int push_status(lua_State *L) {
  const struct found *found = lua_touserdata(L, 1);
  const struct loom_conf *conf = &found->opened.conf;
  lua_createtable(L, 0, 6);
  if (found->why.code == LOOM_OK) {
    push_ledger(L, found);
  } else {
    lua_pushstring(L, found->why.message);
    lua_setfield(L, -2, "problem");
  }
  lua_createtable(L, (int)conf->shard_count, 0);
  for (unsigned i = 0; i < conf->shard_count; i++) {
    lua_createtable(L, (int)conf->shards[i].count, 0);
    for (unsigned j = 0; j < conf->shards[i].count; j++) {
      push_replica(L, found, i, j);
      lua_rawseti(L, -2, (int)j + 1);
    }
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "shards");
  return 1;
}

static loom_status find_status(const char *path, struct found *found, loom_error *error) {
  static const struct loom_patience once = {0, 0};
  loom_status status = open_cluster(path, &once, &found->opened, error);
  if (status != LOOM_OK)
    return status;
  found->versions = calloc(found->opened.conf.shard_count, sizeof *found->versions);
  found->problems = calloc(found->opened.conf.shard_count, sizeof *found->problems);
  if (!found->versions || !found->problems)
    return loom_no_memory(error);
  status = loom_care_look(found->opened.cluster, note_replica, found, error);
  if (status == LOOM_OK &&
      loom_ledger_read(found->opened.cluster, LOOM_LAST_COMMIT, 0, &found->ledger, &found->why) ==
          LOOM_OK &&
      loom_ledger_tip(found->opened.cluster, &found->tip, &found->why) == LOOM_OK) {
    found->why.code = LOOM_OK;
    int32_t *days = loom_ledger_days(&found->ledger, &found->days);
    free(days);
  }
  return status;
}

/* status(path) */
static int status_of(lua_State *L) {
  loom_error error;
  struct found found = {0};
  int failed = 0;
  loom_status status = find_status(lloom_check_path(L, 1), &found, &error);
  if (status == LOOM_OK)
    failed = protect(L, push_status, &found);
  loom_ledger_free(&found.ledger);
  free(found.versions);
  free(found.problems);
  close_cluster(&found.opened);
  if (failed)
    return lua_error(L);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* ---- check ---- */

/* Problems, each with its NUL. */
struct problems {
  char *text;
  size_t length;
  bool out_of_memory;
};

static void add_problem(void *context, const char *problem) {
  struct problems *problems = context;
  size_t length = strlen(problem) + 1;
  char *text = realloc(problems->text, problems->length + length);
  problems->out_of_memory |= !text;
  if (!text)
    return;
  memcpy(text + problems->length, problem, length);
  problems->text = text;
  problems->length += length;
}

static int push_problems(lua_State *L) {
  const struct problems *problems = lua_touserdata(L, 1);
  int count = 0;
  lua_newtable(L);
  for (size_t at = 0; at < problems->length; at += strlen(problems->text + at) + 1) {
    lua_pushstring(L, problems->text + at);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

/* check(path) */
static int check(lua_State *L) {
  loom_error error;
  struct opened opened;
  struct problems problems = {0};
  int failed = 0;
  loom_status status = open_cluster(lloom_check_path(L, 1), NULL, &opened, &error);
  if (status == LOOM_OK)
    status = loom_care_check(opened.cluster, add_problem, &problems, &error);
  if (status == LOOM_OK && problems.out_of_memory)
    status = loom_no_memory(&error);
  if (status == LOOM_OK)
    failed = protect(L, push_problems, &problems);
  free(problems.text);
  close_cluster(&opened);
  if (failed)
    return lua_error(L);
  return status == LOOM_OK ? 1 : lloom_failure(L, &error);
}

/* A count that may be left out, which is 0 then. */
static uint64_t check_count(lua_State *L, int index) {
  int64_t count = lua_isnoneornil(L, index) ? 0 : lloom_check_integer(L, index);
  luaL_argcheck(L, count >= 0, index, "a count expected");
  return (uint64_t)count;
}

/* compact(handle [, rows]) */
static int compact(lua_State *L) {
  loom_error error;
  struct loom_compacted compacted;
  loom_cluster *cluster;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  uint64_t least = check_count(L, 2);
  loom_status status = loom_remote_open(database, &cluster, &error);
  if (status == LOOM_OK)
    status = loom_care_compact(database, cluster, least, &compacted, &error);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)compacted.days);
  lua_pushinteger(L, (lua_Integer)compacted.entries);
  return 2;
}

/* fold(handle [, rows]) */
static int fold(lua_State *L) {
  loom_error error;
  uint64_t rows = 0;
  loom_cluster *cluster;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  uint64_t least = check_count(L, 2);
  loom_status status = loom_remote_open(database, &cluster, &error);
  if (status == LOOM_OK)
    status = loom_fold(cluster, least, &rows, &error);
  loom_cluster_free(cluster);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)rows);
  return 1;
}

/* take_over(handle) */
static int take_over(lua_State *L) {
  loom_error error;
  loom_cluster *cluster;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  loom_status status = loom_remote_open(database, &cluster, &error);
  if (status == LOOM_OK)
    status = loom_care_take_over(database, cluster, &error);
  loom_cluster_free(cluster);
  return lloom_done(L, status, &error);
}

/* drop(handle, age) */
static int drop(lua_State *L) {
  loom_error error;
  uint64_t dropped = 0;
  loom_cluster *cluster;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  int64_t age = lloom_check_integer(L, 2);
  luaL_argcheck(L, age >= 0, 2, "seconds expected");
  loom_status status = loom_remote_open(database, &cluster, &error);
  if (status == LOOM_OK)
    status = loom_care_drop(cluster, age, &dropped, &error);
  loom_cluster_free(cluster);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)dropped);
  return 1;
}

/* ---- flush ---- */

/* For whom others wait: it is tried again soon. */
#define FLUSH_PATIENCE 20000 /* milliseconds */

static loom_status open_another(void *context, loom_cluster **cluster, loom_error *error) {
  const struct loom_conf *conf = context;
  int64_t usual = (int64_t)conf->patience * 1000;
  int64_t least = usual < FLUSH_PATIENCE ? usual : FLUSH_PATIENCE;
  const struct loom_patience patience = {least, least};
  return loom_cluster_new(conf, loom_http_new(), &patience, cluster, error);
}

static loom_status find_waiting(loom_database *database, int64_t *polls, loom_error *error) {
  loom_status status = loom_database_begin_read(database, error);
  if (status != LOOM_OK)
    return status;
  status = loom_spooled_size(database, polls, error);
  loom_database_end_read(database);
  return status;
}

/* flush(handle, path) */
static int flush(lua_State *L) {
  loom_error error;
  struct loom_conf conf;
  struct loom_flushed flushed;
  int64_t waiting = 0;
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_argcheck(L, loom_database_remote(database), 1, "it was not attached");
  if (loom_conf_read(lloom_check_path(L, 2), &conf, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  loom_status status = loom_flush(database, open_another, &conf, &flushed, &error);
  loom_conf_free(&conf);
  if (status == LOOM_OK)
    status = find_waiting(database, &waiting, &error);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_createtable(L, 0, 5);
  lloom_set_integer(L, "polls", (int64_t)flushed.polls);
  lloom_set_integer(L, "new", (int64_t)flushed.counts.added);
  lloom_set_integer(L, "duplicates", (int64_t)flushed.counts.duplicates);
  lloom_set_integer(L, "conflicts", (int64_t)flushed.counts.conflicts);
  lloom_set_integer(L, "waiting", waiting);
  return 1;
}

#define TEND_COMMITS 32
#define TEND_PAST_COMMITS 4   /* what comes late is not worth more */
#define TEND_PAST 3600        /* seconds since its end, in which most comes that is late */
#define TEND_POLLS (16 << 20) /* 128 MB, for which a flush waits */

/* tend(handle, path) */
static int tend(lua_State *L) {
  loom_error error;
  struct loom_conf conf;
  bool tended;
  const struct loom_tend_rules rules = {.commits = TEND_COMMITS,
                                        .past_commits = TEND_PAST_COMMITS,
                                        .past = (int32_t)((time(NULL) - TEND_PAST) / 86400),
                                        .polls = TEND_POLLS};
  loom_database *database = lloom_check_handle(L, 1, LLOOM_DATABASE);
  luaL_argcheck(L, loom_database_remote(database), 1, "it was not attached");
  if (loom_conf_read(lloom_check_path(L, 2), &conf, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  loom_status status = loom_tend(database, open_another, &conf, &rules, &tended, &error);
  loom_conf_free(&conf);
  if (status != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushboolean(L, tended);
  return 1;
}

/* ---- workers ---- */

/* secret(path) */
static int read_secret(lua_State *L) {
  loom_error error;
  char *secret;
  if (loom_conf_secret(lloom_check_path(L, 1), &secret, &error) != LOOM_OK)
    return lloom_failure(L, &error);
  lua_pushstring(L, secret);
  memset(secret, 0, strlen(secret));
  free(secret);
  return 1;
}

/* is_address(url) */
static int is_address(lua_State *L) {
  const char *url = luaL_checkstring(L, 1);
  lua_pushboolean(L, loom_conf_is_url(url));
  lua_pushboolean(L, loom_conf_is_safe(url));
  return 2;
}

#define STREAMS "loom.streams"
#define PIECE (64 << 10) /* bytes of text that are taken at a time */
#define STALL_MOST 3600  /* seconds */

struct streams_handle {
  struct lloom_handle handle; /* of loom_streams */
  unsigned count;
  struct loom_text text;
};

static int close_streams(lua_State *L) {
  struct streams_handle *handle = luaL_checkudata(L, 1, STREAMS);
  loom_streams_free(handle->handle.object);
  handle->handle.object = NULL;
  loom_text_free(&handle->text);
  return 0;
}

static struct streams_handle *check_streams(lua_State *L) {
  lloom_check_handle(L, 1, STREAMS);
  return lua_touserdata(L, 1);
}

/* The input at argument 2, from 1. */
static unsigned check_input(lua_State *L, const struct streams_handle *handle) {
  int64_t input = lloom_check_integer(L, 2);
  luaL_argcheck(L, input >= 1 && input <= handle->count, 2, "no such input");
  return (unsigned)input - 1;
}

/* streams(count) */
static int streams(lua_State *L) {
  int64_t count = lloom_check_integer(L, 1);
  luaL_argcheck(L, count >= 1 && count <= LOOM_MERGE_INPUTS_MAX, 1, "1 to 256 expected");
  struct streams_handle *handle = lloom_new_handle(L, STREAMS, sizeof *handle);
  handle->count = (unsigned)count;
  handle->handle.object = loom_streams_new((unsigned)count);
  return handle->handle.object ? 1 : lloom_no_memory(L);
}

/* open(input, {url, token, body [, ca_file, stall]}): true */
static int open_stream(lua_State *L) {
  static const char *const known[] = {"url", "token", "body", "ca_file", "stall", NULL};
  loom_error error;
  struct streams_handle *handle = check_streams(L);
  unsigned input = check_input(L, handle);
  luaL_checktype(L, 3, LUA_TTABLE);
  lloom_check_options(L, 3, known);
  struct loom_stream_request request = {
      .url = lloom_option_string(L, 3, "url", ""),
      .token = lloom_option_string(L, 3, "token", ""),
      .ca_file = lloom_option_string(L, 3, "ca_file", NULL),
      .body = lloom_option_string(L, 3, "body", ""),
      .stall = (unsigned)lloom_option_integer(L, 3, "stall", LOOM_PATIENCE, 1, STALL_MOST)};
  request.length = strlen(request.body);
  return lloom_done(L, loom_streams_open(handle->handle.object, input, &request, &error), &error);
}

/* take(milliseconds): text; true at the end, false where none has come in time; or nil, the failure, its code, and of which input. */
static int take(lua_State *L) {
  loom_error error;
  unsigned input = 0;
  struct streams_handle *handle = check_streams(L);
  int64_t milliseconds = lloom_check_integer(L, 2);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= 60000, 2, "0 to 60000 expected");
  handle->text.length = 0;
  loom_status status = loom_streams_take(handle->handle.object, PIECE, (int)milliseconds,
                                         &handle->text, &input, &error);
  if (status != LOOM_OK && status != LOOM_DONE && status != LOOM_EAGAIN) {
    lloom_failure(L, &error);
    lua_pushinteger(L, (lua_Integer)input + 1);
    return 4;
  }
  if (handle->text.length > 0)
    lua_pushlstring(L, handle->text.bytes, handle->text.length);
  else
    lua_pushboolean(L, status == LOOM_DONE);
  return 1;
}

/* head(input): what it said of itself; nil: nothing yet. */
static int head(lua_State *L) {
  size_t length;
  struct streams_handle *handle = check_streams(L);
  const char *text = loom_row_merge_head(loom_streams_merge(handle->handle.object),
                                         check_input(L, handle), &length);
  lua_pushlstring(L, text ? text : "", text ? length : 0);
  return text ? 1 : 0;
}

/* tail(input): how many rows it has sent, and what it said at the end; nil: it has not ended. */
static int tail(lua_State *L) {
  size_t length;
  uint64_t rows;
  struct streams_handle *handle = check_streams(L);
  const char *text = loom_row_merge_end(loom_streams_merge(handle->handle.object),
                                        check_input(L, handle), &rows, &length);
  if (!text)
    return 0;
  lua_pushinteger(L, (lua_Integer)rows);
  lua_pushlstring(L, text, length);
  return 2;
}

/* progress(input): the share that it has done. */
static int progress(lua_State *L) {
  struct streams_handle *handle = check_streams(L);
  lua_pushnumber(L, (lua_Number)loom_row_merge_progress(loom_streams_merge(handle->handle.object),
                                                        check_input(L, handle)) /
                        1000000);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_loom_cluster(lua_State *L);

int luaopen_loom_cluster(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", read_conf},
                                       {"is_conf", is_conf},
                                       {"topology", topology},
                                       {"create", create},
                                       {"attach", attach},
                                       {"status", status_of},
                                       {"check", check},
                                       {"compact", compact},
                                       {"fold", fold},
                                       {"secret", read_secret},
                                       {"is_address", is_address},
                                       {"streams", streams},
                                       {"drop", drop},
                                       {"take_over", take_over},
                                       {"tend", tend},
                                       {"flush", flush},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"open", open_stream}, {"take", take},         {"head", head},
                                     {"tail", tail},        {"progress", progress}, {NULL, NULL}};
  lloom_new_type(L, STREAMS, methods, close_streams);
  lua_newtable(L);
  lloom_set_functions(L, functions);
  return 1;
}
