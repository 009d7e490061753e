/*
** Spools: what is read is what was written, wherever it lies.
*/
#include "base/spool.h"
#include "storage.h"

#include <fcntl.h>
#include <stdlib.h>

#define LONGEST (3 * LOOM_SPOOL_MEMORY + 7)

/* A byte of the text that the tests write. */
static char byte_at(uint64_t offset) {
  return (char)('a' + offset % 23);
}

static char *make_text(void) {
  char *text = malloc(LONGEST);
  for (size_t i = 0; i < LONGEST; i++)
    text[i] = byte_at(i);
  return text;
}

static void expect(const struct loom_spool *spool, uint64_t offset, size_t size) {
  loom_error error;
  char *bytes = malloc(size);
  size_t got;
  uint64_t all = loom_spool_size(spool), left = offset < all ? all - offset : 0;
  assert_status(loom_spool_read(spool, offset, bytes, size, &got, &error), LOOM_OK, &error);
  assert_int_equal(got, left < size ? left : size);
  for (size_t i = 0; i < got; i++)
    if (bytes[i] != byte_at(offset + i))
      fail_msg("byte %llu of %llu is another", (unsigned long long)(offset + i),
               (unsigned long long)all);
  free(bytes);
}

/* Writes in pieces, and reads at, before and after every seam. */
static void check_size(size_t size, size_t piece, const char *text) {
  struct loom_spool spool;
  loom_error error;
  loom_spool_init(&spool, NULL, LONGEST);
  for (size_t at = 0; at < size; at += piece) {
    size_t part = size - at < piece ? size - at : piece;
    assert_status(loom_spool_write(&spool, text + at, part, &error), LOOM_OK, &error);
  }
  assert_int_equal(loom_spool_size(&spool), size);
  assert_int_equal(spool.file >= 0, size >= LOOM_SPOOL_MEMORY);
  for (uint64_t seam = 0; seam <= LONGEST; seam += LOOM_SPOOL_MEMORY)
    for (uint64_t before = 0; before < 3 && before <= seam; before++) {
      expect(&spool, seam - before, 5);
      expect(&spool, seam - before, LOOM_SPOOL_MEMORY);
    }
  expect(&spool, 0, LONGEST);
  expect(&spool, UINT64_MAX, 1);
  loom_spool_free(&spool);
}

static void gives_what_was_written(void **state) {
  (void)state;
  static const size_t pieces[] = {1000, LOOM_SPOOL_MEMORY - 1, LOOM_SPOOL_MEMORY,
                                  LOOM_SPOOL_MEMORY + 1, LONGEST};
  char *text = make_text();
  for (size_t p = 0; p < COUNT_OF(pieces); p++)
    for (size_t size = 0; size <= LONGEST; size += size < 3 ? 1 : LOOM_SPOOL_MEMORY / 2 - 1)
      check_size(size, pieces[p], text);
  check_size(LOOM_SPOOL_MEMORY, 100, text);
  check_size(LONGEST, 100, text);
  free(text);
}

static void has_a_limit(void **state) {
  (void)state;
  struct loom_spool spool;
  loom_error error;
  loom_spool_init(&spool, NULL, 5);
  assert_status(loom_spool_write(&spool, "abc", 3, &error), LOOM_OK, &error);
  assert_status(loom_spool_write(&spool, "def", 3, &error), LOOM_EFULL, &error);
  assert_status(loom_spool_write(&spool, "de", 2, &error), LOOM_OK, &error);
  assert_status(loom_spool_write(&spool, "f", 1, &error), LOOM_EFULL, &error);
  assert_status(loom_spool_write(&spool, "", 0, &error), LOOM_OK, &error);
  loom_spool_free(&spool);
}

/* Its file is its own, and closed once. */
static void closes_its_file_once(void **state) {
  (void)state;
  struct loom_spool spool;
  loom_error error;
  char *text = make_text();
  loom_spool_init(&spool, NULL, LONGEST);
  assert_status(loom_spool_write(&spool, text, LONGEST, &error), LOOM_OK, &error);
  int file = spool.file;
  assert_int_not_equal(fcntl(file, F_GETFD), -1);
  loom_spool_free(&spool);
  assert_int_equal(fcntl(file, F_GETFD), -1);
  loom_spool_free(&spool);
  assert_int_not_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
  free(text);
}

static void says_that_there_is_no_room(void **state) {
  (void)state;
  struct loom_spool spool;
  loom_error error;
  char *text = make_text();
  loom_spool_init(&spool, "/nowhere", UINT64_MAX);
  assert_status(loom_spool_write(&spool, text, LOOM_SPOOL_MEMORY - 1, &error), LOOM_OK, &error);
  assert_status(loom_spool_write(&spool, text, 1, &error), LOOM_EIO, &error);
  loom_spool_free(&spool);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_what_was_written), cmocka_unit_test(has_a_limit),
      cmocka_unit_test(closes_its_file_once), cmocka_unit_test(says_that_there_is_no_room)};
  return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
