/*
** cluster.conf: what is read, what is refused, and why.
*/
#include "cluster/conf.h"
#include "storage.h"

#include <sys/stat.h>

#define GOOD "loom cluster 1\ndatabase loom\nhead head.db\nshard http://127.0.0.1:8123\n"

static void reads_settings(void **state) {
  static const char text[] =
      "loom cluster 1\r\n"
      "# all of it\n"
      "database loom_1\n"
      "\n"
      "shard https://a1:8443/ https://a2:8443 # the first\n"
      "\tshard http://b1 http://b2//\n"
      "user reporter\n"
      "ca-file /etc/ca.pem\n"
      "worker https://a1:8444/ https://a2:8444\n"
      "worker http://127.0.0.1:8444\n"
      "worker-token-file worker.key\n"
      "head data/head.db";
  loom_error error;
  struct loom_conf conf;
  (void)state;
  assert_status(loom_conf_parse("/srv/c.conf", text, strlen(text), &conf, &error), LOOM_OK, &error);
  assert_string_equal(conf.database, "loom_1");
  assert_string_equal(conf.user, "reporter");
  assert_string_equal(conf.ca_file, "/etc/ca.pem");
  assert_string_equal(conf.head, "/srv/data/head.db");
  assert_null(conf.password);
  assert_int_equal(conf.worker_count, 3);
  assert_string_equal(conf.workers[0], "https://a1:8444");
  assert_string_equal(conf.workers[2], "http://127.0.0.1:8444");
  assert_string_equal(conf.worker_token_file, "/srv/worker.key");
  assert_int_equal(conf.patience, 60);
  assert_int_equal(conf.shard_count, 2);
  assert_int_equal(conf.shards[0].count, 2);
  assert_string_equal(conf.shards[0].urls[0], "https://a1:8443");
  assert_string_equal(conf.shards[1].urls[1], "http://b2");
  loom_conf_free(&conf);
  loom_conf_free(&conf);
}

static void tells_what_is_wrong(void **state) {
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"loom cluster 2\n", "c.conf, line 1: 'loom cluster 1' is expected"},
      {"loom cluster 1\n", "c.conf: the setting 'database' is missing"},
      {"loom cluster 1\ndatabase a\n", "c.conf: the setting 'head' is missing"},
      {"loom cluster 1\ndatabase a\nhead h\n", "c.conf: the setting 'shard' is missing"},
      {GOOD "database b\n", "c.conf, line 5: 'database' is given twice"},
      {GOOD "colour red\n",
       "c.conf, line 5: 'colour' is no setting: database, shard, user, "
       "password-file, ca-file, head, worker, worker-token-file or patience is expected"},
      {GOOD "worker\n", "c.conf, line 5: 'worker' needs an address, such as https://host:8444"},
      {GOOD "worker https://a a\n",
       "c.conf, line 5: 'a' is no address: http://host:8444 or https://host:8444 is expected"},
      {GOOD "worker-token-file a\nworker-token-file b\n",
       "c.conf, line 6: 'worker-token-file' is given twice"},
      {GOOD "patience 0\n", "c.conf, line 5: '0' is no number of seconds, 1 to 3600"},
      {GOOD "patience 1m\n", "c.conf, line 5: '1m' is no number of seconds, 1 to 3600"},
      {GOOD "user\n", "c.conf, line 5: 'user' needs one value"},
      {GOOD "user a b\n", "c.conf, line 5: 'user' needs one value"},
      {GOOD "shard\n",
       "c.conf, line 5: a shard needs the address of a replica, such as "
       "http://host:8123"},
      {GOOD "shard ftp://a\n",
       "c.conf, line 5: 'ftp://a' is no address: http://host:8123 or "
       "https://host:8443 is expected"},
      {GOOD "user a\001b\n",
       "c.conf, line 5: a user's name has at most 255 bytes, and no control characters"},
      {GOOD "shard http://u:p@a\n",
       "c.conf, line 5: 'http://u:p@a' is no address: "
       "http://host:8123 or https://host:8443 is expected"},
      {"loom cluster 1\ndatabase a;b\n",
       "c.conf, line 2: 'a;b' is no name of a database: letters, "
       "digits and _ are expected"},
  };
  loom_error error;
  struct loom_conf conf;
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_int_equal(loom_conf_parse("c.conf", cases[i].text, strlen(cases[i].text), &conf, &error),
                     LOOM_EINPUT);
    assert_string_equal(error.message, cases[i].message);
    loom_conf_free(&conf);
  }
}

static void tells_addresses(void **state) {
  static const char *const good[] = {"http://a",          "https://a.b-c_d:1", "http://[::1]:65535",
                                     "http://127.0.0.1/", "https://a/b/c//",   "http://[fe80::1]"};
  static const char *const bad[] = {"http:///",       "http://",           "https://:8443",
                                    "http://a:",      "http://a:65536",    "http://a:x",
                                    "http://a:1x",    "http://a:00080000", "http://[]",
                                    "http://[::1",    "http://[::1]x",     "http://a'b",
                                    "http://a/b?c=d", "http://a\001",      "http://\303\244",
                                    "http://a/\177",  "HTTP://a",          "a:8123",
                                    "http://a,b",     "http://a%20b"};
  char text[512], url[300] = "http://";
  loom_error error;
  struct loom_conf conf;
  (void)state;
  for (size_t i = 0; i < COUNT_OF(good) + COUNT_OF(bad); i++) {
    bool is_good = i < COUNT_OF(good);
    snprintf(text, sizeof text, GOOD "shard %s\n", is_good ? good[i] : bad[i - COUNT_OF(good)]);
    loom_status status = loom_conf_parse("c.conf", text, strlen(text), &conf, &error);
    assert_int_equal(status, is_good ? LOOM_OK : LOOM_EINPUT);
    loom_conf_free(&conf);
  }
  for (size_t length = 255; length <= 256; length++) {
    memset(url + 7, 'a', length - 7);
    url[length] = '\0';
    snprintf(text, sizeof text, GOOD "shard %s\n", url);
    assert_int_equal(loom_conf_parse("c.conf", text, strlen(text), &conf, &error),
                     length == 255 ? LOOM_OK : LOOM_EINPUT);
    loom_conf_free(&conf);
    snprintf(text, sizeof text, GOOD "user %s\n", url);
    assert_int_equal(loom_conf_parse("c.conf", text, strlen(text), &conf, &error),
                     length == 255 ? LOOM_OK : LOOM_EINPUT);
    loom_conf_free(&conf);
  }
}

static loom_status read_with_password(struct scratch *scratch, const char *password, mode_t mode,
                                      const char *shard, struct loom_conf *conf,
                                      loom_error *error) {
  char text[256];
  const char *path = scratch_path(scratch, "key");
  write_file(path, password, strlen(password));
  assert_int_equal(chmod(path, mode), 0);
  snprintf(text, sizeof text,
           "loom cluster 1\ndatabase a\nhead h\nuser u\npassword-file key\nshard %s\n", shard);
  path = scratch_path(scratch, "c.conf");
  write_file(path, text, strlen(text));
  return loom_conf_read(path, conf, error);
}

static void keeps_passwords_from_others(void **state) {
  struct scratch scratch;
  loom_error error;
  struct loom_conf conf;
  (void)state;
  scratch_begin(&scratch);
  assert_status(read_with_password(&scratch, "secret\n", 0600, "https://far:8443", &conf, &error),
                LOOM_OK, &error);
  assert_string_equal(conf.password, "secret");
  loom_conf_free(&conf);
  assert_int_equal(
      read_with_password(&scratch, "secret\n", 0640, "https://far:8443", &conf, &error),
      LOOM_EACCESS);
  assert_non_null(strstr(error.message, "others may read it"));
  assert_int_equal(read_with_password(&scratch, "secret", 0600, "http://far:8123", &conf, &error),
                   LOOM_EINPUT);
  assert_non_null(strstr(error.message, "would go to http://far:8123 as it is"));
  assert_int_equal(
      read_with_password(&scratch, "secret", 0600, "http://127.0.0.1.evil", &conf, &error),
      LOOM_EINPUT);
  assert_int_equal(read_with_password(&scratch, "\n", 0600, "https://far", &conf, &error),
                   LOOM_EINPUT);
  assert_int_equal(read_with_password(&scratch, "a\nb\n", 0600, "https://far", &conf, &error),
                   LOOM_EINPUT);
  assert_int_equal(read_with_password(&scratch, "a\rb", 0600, "https://far", &conf, &error),
                   LOOM_EINPUT);
  assert_int_equal(read_with_password(&scratch, "", 0600, "https://far", &conf, &error),
                   LOOM_EINPUT);
  char long_one[1027];
  memset(long_one, 'x', sizeof long_one);
  memcpy(long_one + 1024, "\r\n", 3);
  assert_status(read_with_password(&scratch, long_one, 0600, "https://far", &conf, &error), LOOM_OK,
                &error);
  assert_int_equal(strlen(conf.password), 1024);
  loom_conf_free(&conf);
  memcpy(long_one + 1024, "x", 2);
  assert_int_equal(read_with_password(&scratch, long_one, 0600, "https://far", &conf, &error),
                   LOOM_EINPUT);
  assert_non_null(strstr(error.message, "/key: a password has at most 1024 bytes"));
  assert_status(read_with_password(&scratch, "s", 0400, "http://127.0.0.1:8123", &conf, &error),
                LOOM_OK, &error);
  loom_conf_free(&conf);
  scratch_end(&scratch);
}

/* Which must not have whoever reads them wait for somebody who writes. */
static void reads_no_pipes(void **state) {
  struct scratch scratch;
  loom_error error;
  struct loom_conf conf;
  char key[1024], path[1024];
  (void)state;
  scratch_begin(&scratch);
  snprintf(key, sizeof key, "%s", scratch_path(&scratch, "key"));
  snprintf(path, sizeof path, "%s", scratch_path(&scratch, "c.conf"));
  assert_int_equal(mkfifo(key, 0600), 0);
  assert_int_equal(loom_conf_read(key, &conf, &error), LOOM_EINPUT);
  assert_non_null(strstr(error.message, "/key: is no regular file"));
  static const char text[] = GOOD "password-file key\n";
  write_file(path, text, sizeof text - 1);
  assert_int_equal(loom_conf_read(path, &conf, &error), LOOM_EACCESS);
  assert_non_null(strstr(error.message, "/key: is no regular file"));
  scratch_end(&scratch);
}

static void reads_files(void **state) {
  struct scratch scratch;
  loom_error error;
  struct loom_conf conf;
  (void)state;
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "c.conf");
  assert_int_equal(loom_conf_read(path, &conf, &error), LOOM_ENOENT);
  write_file(path, GOOD, strlen(GOOD));
  assert_status(loom_conf_read(path, &conf, &error), LOOM_OK, &error);
  loom_conf_free(&conf);
  write_file(path, "loom cluster 12\n", 16);
  assert_int_equal(loom_conf_read(path, &conf, &error), LOOM_EINPUT);
  write_file(path, "SQLite format 3", 16);
  assert_int_equal(loom_conf_read(path, &conf, &error), LOOM_EINPUT);
  unlink(path);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_settings),
      cmocka_unit_test(tells_what_is_wrong),
      cmocka_unit_test(keeps_passwords_from_others),
      cmocka_unit_test(tells_addresses),
      cmocka_unit_test(reads_no_pipes),
      cmocka_unit_test(reads_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
