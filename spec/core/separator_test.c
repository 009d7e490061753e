/*
** What separates fields: by the header, or by a line before it.
*/
#include "storage.h"

#include "read/separator.h"
#include "support.h"

#include <string.h>

static const struct {
  const char *text;
  char separator;
  size_t skip;
} cases[] = {
    {"", ',', 0},
    {"store_id", ',', 0},
    {"store_id\n1;2\n", ',', 0}, /* rows say nothing */
    {"store_id,status\n", ',', 0},
    {"store_id;status\r\n", ';', 0},
    {"store_id\tstatus\r", '\t', 0},
    {",store_id;a\n", ',', 0},
    {";store_id,a\n", ';', 0},
    {"\tstore_id\tstatus\n", '\t', 0},
    {"store_id\tsize, m\n", '\t', 0},
    {"store_id,a;b\n", ',', 0},
    {"\tstore_id\t , status\n", ',', 0},
    {"store_id ,\tstatus\n", ',', 0},
    {"store_id;\tstatus\n", ';', 0},
    {"store_id\t\n", ',', 0},
    {"store_id\t\tstatus\n", '\t', 0},
    {"\n\r\n \t \n,,\n;;\nstore_id;status\n", ';', 0},
    {"\"store,id\";status\n", ';', 0},
    {"\"a\nb\";status\n", ';', 0},
    {"\"a\"\",\";status\n", ';', 0},
    {"\"a,b\n", ',', 0}, /* a quote that does not end */
    {"sep=;\nstore_id,status\n", ';', 6},
    {"SEP=,\r\nstore_id;status\n", ',', 7},
    {"sep=\t\rstore_id", '\t', 6},
    {"\"sep=;\"\nstore_id,status\n", ';', 8},
    {"sep=|\nstore_id|status\n", '|', 6},
    {"sep=;", ';', 5},
    {"sep=\nstore_id;status\n", ',', 0},
    {"sep=;;\n", ';', 0},
    {"\nsep=;\n", ';', 0}, /* on the first line alone; so this is a header */
};

static void separators(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct loom_separator found;
    size_t length = strlen(cases[i].text);
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy + 1, cases[i].text, length);
    assert_true(loom_separator_find(copy + 1, length, true, &found));
    if (found.character != cases[i].separator || found.skip != cases[i].skip)
      fail_msg("\"%s\": '%c', %zu", cases[i].text, found.character, found.skip);
    /* What is seen of it so far never says otherwise. */
    for (size_t size = 0; size < length; size++)
      if (loom_separator_find(copy + 1, size, false, &found) &&
          (found.character != cases[i].separator || found.skip != cases[i].skip))
        fail_msg("\"%.*s\": '%c', %zu", (int)size, cases[i].text, found.character, found.skip);
    free(copy);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(separators)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
