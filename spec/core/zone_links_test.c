/*
** The installed tz database's list of links: each name that has a file says what the file of its target says.
** How names without files are found by it is in zone_test.c.
*/
#include "storage.h"

#include "time/zone_links.h"

#include <sys/stat.h>

static const char *database_root(void) {
  const char *directory = getenv("TZDIR");
  return directory && *directory ? directory : "/usr/share/zoneinfo";
}

/* False if there is no such file. */
static bool read_named(const char *name, size_t length, struct buffer *contents) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%.*s", database_root(), (int)length, name);
  if (access(path, R_OK) != 0)
    return false;
  read_file(path, contents);
  return true;
}

static void links_are_what_their_files_say(void **state) {
  (void)state;
  loom_error error;
  struct loom_zone_links links = {0};
  size_t compared = 0;
  assert_status(loom_zone_links_read(&links, database_root(), &error), LOOM_OK, &error);
  assert_true(links.read);
  for (size_t i = 0; i < links.count; i++) {
    const struct loom_zone_link *link = &links.items[i];
    struct buffer name = {0}, target = {0};
    assert_ptr_equal(loom_zone_links_find(&links, link->name, link->name_length), link);
    if (read_named(link->name, link->name_length, &name) &&
        read_named(link->target, link->target_length, &target)) {
      assert_buffer_equal(&name, &target);
      compared++;
    }
    buffer_free(&name);
    buffer_free(&target);
  }
  assert_true(links.count == 0 || compared > 50); /* some systems have no list */
  assert_null(loom_zone_links_find(&links, "America/Los_Angeles", 19));
  assert_null(loom_zone_links_find(&links, "", 0));
  loom_zone_links_free(&links);
}

static void a_folder_without_a_list(void **state) {
  (void)state;
  loom_error error;
  struct loom_zone_links links = {0};
  assert_status(loom_zone_links_read(&links, "/nonexistent", &error), LOOM_OK, &error);
  assert_true(links.read && links.count == 0);
  assert_null(loom_zone_links_find(&links, "US/Pacific", 10));
  loom_zone_links_free(&links);
}

/* Reads a list of links that one line of each kind is in, from a file of a name. */
static void expect_links(const char *name) {
  static const char text[] =
      "# version 1\nR A 1 2 - D 3 0 1 S\nZ Etc/UTC 0 - UTC\nL Etc/UTC UTC\n"
      "Link\tAmerica/Los_Angeles\tUS/Pacific # a comment\r\nlink  Asia/Tokyo   Japan\nL "
      "lost\nLinks A B\n"
      "\nLI Asia/Tokyo Last";
  static const char *const expected[][2] = {{"UTC", "Etc/UTC"},
                                            {"US/Pacific", "America/Los_Angeles"},
                                            {"Japan", "Asia/Tokyo"},
                                            {"Last", "Asia/Tokyo"}};
  struct scratch scratch;
  loom_error error;
  struct loom_zone_links links = {0};
  scratch_begin(&scratch);
  write_file(scratch_path(&scratch, name), text, strlen(text));
  assert_status(loom_zone_links_read(&links, scratch.folder, &error), LOOM_OK, &error);
  assert_true(links.read);
  assert_int_equal(links.count, COUNT_OF(expected));
  for (size_t i = 0; i < COUNT_OF(expected); i++) {
    const struct loom_zone_link *link =
        loom_zone_links_find(&links, expected[i][0], strlen(expected[i][0]));
    assert_non_null(link);
    assert_int_equal(link->target_length, strlen(expected[i][1]));
    assert_memory_equal(link->target, expected[i][1], link->target_length);
    assert_null(loom_zone_links_find(&links, expected[i][0], strlen(expected[i][0]) - 1));
  }
  loom_zone_links_free(&links);
  assert_true(!links.text && !links.items && !links.count);
  scratch_end(&scratch);
}

/* However the system has installed it. */
static void a_list_by_either_name(void **state) {
  (void)state;
  expect_links("tzdata.zi");
  expect_links("backward");
}

/* More than are made room for at first. */
static void many_links(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  struct scratch scratch;
  loom_error error;
  struct buffer text = {0};
  struct loom_zone_links links = {0};
  char name[32];
  for (int i = 0; i < COUNT; i++)
    buffer_printf(&text, "L Target/%d Name/%d\n", i, i);
  scratch_begin(&scratch);
  write_file(scratch_path(&scratch, "tzdata.zi"), text.bytes, text.length);
  assert_status(loom_zone_links_read(&links, scratch.folder, &error), LOOM_OK, &error);
  assert_int_equal(links.count, COUNT);
  for (int i = 0; i < COUNT; i += 17) {
    size_t length = (size_t)snprintf(name, sizeof name, "Name/%d", i);
    const struct loom_zone_link *link = loom_zone_links_find(&links, name, length);
    assert_ptr_equal(link, &links.items[i]);
    assert_int_equal(atoi(link->target + strlen("Target/")), i);
  }
  loom_zone_links_free(&links);
  buffer_free(&text);
  scratch_end(&scratch);
}

/* What is there and cannot be read is no list that is empty; nothing of it is kept, and it is tried again. */
static void a_list_that_cannot_be_read(void **state) {
  (void)state;
  struct scratch scratch;
  loom_error error;
  struct loom_zone_links links = {0};
  scratch_begin(&scratch);
  const char *path = scratch_path(&scratch, "tzdata.zi");
  assert_int_equal(mkdir(path, 0700), 0);
  assert_status(loom_zone_links_read(&links, scratch.folder, &error), LOOM_EIO, &error);
  assert_non_null(strstr(error.message, "tzdata.zi: cannot be read"));
  assert_true(!links.read && !links.text && !links.count);
  assert_int_equal(rmdir(path), 0);
  scratch_end(&scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_by_either_name),
      cmocka_unit_test(many_links),
      cmocka_unit_test(a_list_that_cannot_be_read),
      cmocka_unit_test(links_are_what_their_files_say),
      cmocka_unit_test(a_folder_without_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
