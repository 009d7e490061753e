/*
** Which shards a server knows of: what is asked, and what is taken from answers, whole and cut.
*/
#include "cluster/topology.h"
#include "cluster/row_binary.h"

#include "storage.h"

#define HOSTS 3

struct server {
  struct loom_asker asker; /* the first member */
  const struct loom_text *says;
  char asked[256]; /* the last question, but for what it is */
};

static loom_status say(struct loom_text *answer, const char *bytes, size_t length) {
  if (!loom_text_reserve(answer, length))
    return LOOM_ENOMEM;
  loom_text_put(answer, bytes, length);
  return LOOM_OK;
}

static loom_status post(loom_asker *asker, const struct loom_call *call, long *status,
                        struct loom_text *answer, loom_error *error) {
  struct server *server = (struct server *)asker;
  (void)error;
  *status = 200;
  if (strstr(call->body, "version()"))
    return say(answer, "ClickHouse 18.16.1\n", 19);
  assert_true(call->length < sizeof server->asked);
  memcpy(server->asked, call->body, call->length);
  server->asked[call->length] = '\0';
  return say(answer, server->says->bytes, server->says->length);
}

static void leave(loom_asker *asker) {
  (void)asker;
}

static loom_asker *same(const loom_asker *asker) {
  return (loom_asker *)(uintptr_t)asker;
}

static const struct loom_asker_type type = {post, same, leave};

struct told {
  uint32_t shards[HOSTS];
  char hosts[HOSTS][16];
  size_t count;
  loom_status status; /* what is answered to the last one */
};

static loom_status note(void *context, uint32_t shard, const char *host, size_t length,
                        loom_error *error) {
  struct told *told = context;
  (void)error;
  assert_true(told->count < HOSTS && length < sizeof told->hosts[0]);
  told->shards[told->count] = shard;
  memcpy(told->hosts[told->count++], host, length);
  return told->count == HOSTS ? told->status : LOOM_OK;
}

static loom_status read_from(struct server *server, const char *name, struct told *told) {
  static const char text[] = "loom cluster 1\ndatabase system\nhead x\nshard http://127.0.0.1:1\n";
  struct loom_conf conf;
  loom_cluster *cluster;
  loom_error error;
  server->asker.type = &type;
  assert_status(loom_conf_parse("conf", text, sizeof text - 1, &conf, &error), LOOM_OK, &error);
  assert_status(loom_cluster_new(&conf, &server->asker, NULL, &cluster, &error), LOOM_OK, &error);
  loom_status status = loom_topology_read(cluster, name, note, told, &error);
  loom_cluster_free(cluster);
  loom_conf_free(&conf);
  return status;
}

/* The rows of three hosts in two shards; *ends: where each ends. */
static struct loom_text rows(size_t ends[HOSTS]) {
  static const uint32_t shards[HOSTS] = {1, 1, 2};
  struct loom_text text = {0};
  assert_true(loom_text_reserve(&text, 128));
  for (size_t i = 0; i < HOSTS; i++) {
    char host[] = {'h', (char)('0' + i)};
    loom_row_put_u32(&text, shards[i]);
    loom_row_put_string(&text, host, sizeof host);
    ends[i] = text.length;
  }
  return text;
}

static void hosts_come_by_shard(void **state) {
  size_t ends[HOSTS];
  struct loom_text text = rows(ends);
  struct server server = {.says = &text};
  struct told told = {.status = LOOM_OK};
  (void)state;
  assert_int_equal(read_from(&server, "big", &told), LOOM_OK);
  assert_int_equal(told.count, HOSTS);
  assert_int_equal(told.shards[1], 1);
  assert_int_equal(told.shards[2], 2);
  assert_string_equal(told.hosts[2], "h2");
  told = (struct told){.status = LOOM_ELIMIT};
  assert_int_equal(read_from(&server, "big", &told), LOOM_ELIMIT);
  loom_text_free(&text);
}

/* Rows that are whole are all that is taken, and the rest is a failure. */
static void what_is_cut_off_is_no_answer(void **state) {
  size_t ends[HOSTS];
  struct loom_text text = rows(ends);
  (void)state;
  for (size_t length = 0; length < ends[HOSTS - 1]; length++) {
    struct loom_text cut = {.bytes = text.bytes, .length = length};
    struct server server = {.says = &cut};
    struct told told = {.status = LOOM_OK};
    bool is_whole = length == 0 || length == ends[0] || length == ends[1];
    assert_int_equal(read_from(&server, "big", &told), is_whole ? LOOM_OK : LOOM_EIO);
    assert_int_equal(told.count, length >= ends[1] ? 2 : length >= ends[0] ? 1 : 0);
  }
  loom_text_free(&text);
}

static void a_name_is_no_sql(void **state) {
  struct loom_text nothing = {0};
  struct server server = {.says = &nothing};
  struct told told = {0};
  (void)state;
  assert_int_equal(read_from(&server, "a'\\\xff", &told), LOOM_OK);
  assert_int_equal(told.count, 0);
  assert_non_null(strstr(server.asked, "unhex('61275cff')"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hosts_come_by_shard),
      cmocka_unit_test(what_is_cut_off_is_no_answer),
      cmocka_unit_test(a_name_is_no_sql),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
