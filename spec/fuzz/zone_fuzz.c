/*
** TZif files: one that is taken gives offsets within bounds, and of local times that occur it finds the first occurrence.
*/
#include "fuzz.h"

#include "time/civil.h"
#include "time/zone.h"

#define LOOKUPS 24
#define AROUND (4 * LOOM_DAY_SECONDS) /* further than any two offsets are apart */
#define STEP 1800
#define OFFSETS_MAX 16

/* Offsets that are in force around an instant; some may be missed, where there are many or they are short. */
static size_t find_offsets(const loom_zone *zone, int64_t around, int32_t offsets[OFFSETS_MAX]) {
  size_t count = 0;
  for (int64_t at = around - AROUND; at <= around + AROUND; at += STEP) {
    int32_t offset = loom_zone_offset(zone, at);
    size_t i = 0;
    while (i < count && offsets[i] != offset)
      i++;
    if (i == count && count < OFFSETS_MAX)
      offsets[count++] = offset;
  }
  return count;
}

static void check_local(const loom_zone *zone, int64_t local) {
  int32_t offsets[OFFSETS_MAX];
  int64_t found = loom_zone_instant(zone, local);
  bool occurs = found + loom_zone_offset(zone, found) == local;
  size_t count = find_offsets(zone, local, offsets);
  for (size_t i = 0; i < count; i++) {
    int64_t other = local - offsets[i];
    if (loom_zone_offset(zone, other) == offsets[i])
      assert_true(occurs && found <= other);
  }
  assert_true(found > local - AROUND && found < local + AROUND);
}

static void check_zone(const loom_zone *zone, struct input *input) {
  for (int i = 0; i < LOOKUPS; i++) {
    int64_t instant =
        draw_between(input, LOOM_INSTANT_MIN / LOOM_SECOND, LOOM_INSTANT_MAX / LOOM_SECOND);
    if (i % 3 == 0) /* when most changes were */
      instant = draw_between(input, -2524608000, 4102444800);
    int32_t offset = loom_zone_offset(zone, instant);
    assert_true(offset > -25 * 3600 && offset < 26 * 3600); /* RFC 9636, section 3.2 */
    check_local(zone, instant);
    check_local(zone, instant + offset);
  }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  abort_on_failure();
  return 0;
}

/* The last bytes choose what is looked up, and may be part of the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  loom_error error;
  loom_zone *zone;
  unsigned char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  if (size)
    memcpy(copy, data, size);
  loom_status status = loom_zone_parse(copy, size, &zone, &error);
  free(copy);
  assert_told(status, &error);
  if (status != LOOM_OK)
    return 0;
  size_t tail = size < 100 ? size : 100;
  check_zone(zone, &(struct input){data + size - tail, data + size});
  loom_zone_free(zone);
  return 0;
}
