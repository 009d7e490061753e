/*
** The installed tz database's list of links: each name that has a file says what the file of its target says.
** How names without files are found by it is in zone_test.c.
*/
#include "storage.h"

#include "zone_links.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(links_are_what_their_files_say),
      cmocka_unit_test(a_folder_without_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
