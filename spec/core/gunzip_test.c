/*
** Tests of streaming gzip: the same bytes come out however the members are cut, a failing sink stops the feed, and
** what is damaged or cut short is told.
*/
#include "storage.h"

#include "read/gunzip.h"
#include "support.h"

#include <zlib.h>

static void put_gzip(struct buffer *out, const void *bytes, size_t size) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  size_t room = deflateBound(&stream, size);
  unsigned char *packed = malloc(room);
  assert_non_null(packed);
  stream.next_in = (unsigned char *)(uintptr_t)bytes;
  stream.avail_in = (unsigned)size;
  stream.next_out = packed;
  stream.avail_out = (unsigned)room;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  buffer_put(out, packed, room - stream.avail_out);
  deflateEnd(&stream);
  free(packed);
}

static loom_status keep(void *context, const char *bytes, size_t size, loom_error *error) {
  (void)error;
  assert_true(size > 0);
  buffer_put(context, bytes, size);
  return LOOM_OK;
}

static loom_status refuse(void *context, const char *bytes, size_t size, loom_error *error) {
  (void)bytes;
  (void)size;
  ++*(int *)context;
  return loom_fail(error, LOOM_EFULL, "refused");
}

static loom_status gunzip(const struct buffer *packed, size_t chunk, struct buffer *out,
                          loom_error *error) {
  loom_status status = LOOM_OK;
  loom_gunzip *gunzip = loom_gunzip_new();
  assert_non_null(gunzip);
  assert_status(loom_gunzip_feed(gunzip, "", 0, keep, out, error), LOOM_OK, error);
  for (size_t at = 0; status == LOOM_OK && at < packed->length; at += chunk) {
    size_t part = packed->length - at < chunk ? packed->length - at : chunk;
    status = loom_gunzip_feed(gunzip, packed->bytes + at, part, keep, out, error);
  }
  if (status == LOOM_OK)
    status = loom_gunzip_finish(gunzip, error);
  loom_gunzip_free(gunzip);
  return status;
}

static void assert_gunzips(const struct buffer *packed, size_t chunk,
                           const struct buffer *expected) {
  loom_error error;
  struct buffer out = {0};
  assert_status(gunzip(packed, chunk, &out, &error), LOOM_OK, &error);
  assert_int_equal(out.length, expected->length);
  if (out.length)
    assert_memory_equal(out.bytes, expected->bytes, out.length);
  buffer_free(&out);
}

static void members_however_cut(void **state) {
  (void)state;
  struct buffer text = {0}, packed = {0};
  for (int i = 0; i < 50; i++)
    buffer_printf(&text, "line %d\n", i);
  put_gzip(&packed, text.bytes, 100);
  put_gzip(&packed, "", 0);
  put_gzip(&packed, text.bytes + 100, text.length - 100);
  for (size_t chunk = 1; chunk <= packed.length; chunk++)
    assert_gunzips(&packed, chunk, &text);
  buffer_free(&text);
  buffer_free(&packed);
}

/* Zero bytes after members, as devices pad them; then nothing, or another member, but nothing else. */
static void padding_however_cut(void **state) {
  (void)state;
  static const char zeros[600] = {0};
  struct buffer text = {0}, packed = {0}, out = {0};
  loom_error error;
  for (int i = 0; i < 50; i++)
    buffer_printf(&text, "line %d\n", i);
  put_gzip(&packed, text.bytes, 100);
  buffer_put(&packed, zeros, 1);
  put_gzip(&packed, text.bytes + 100, text.length - 100);
  buffer_put(&packed, zeros, sizeof zeros);
  for (size_t chunk = 1; chunk <= packed.length; chunk++)
    assert_gunzips(&packed, chunk, &text);
  buffer_put(&packed, "x", 1);
  for (size_t chunk = 1; chunk <= packed.length; chunk += 7)
    assert_int_not_equal(gunzip(&packed, chunk, &out, &error), LOOM_OK);
  buffer_free(&out);
  buffer_free(&text);
  buffer_free(&packed);
}

/* Output of exactly one buffer, a little less, a little more, and many buffers from a few bytes. */
static void output_of_any_size(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 262143, 262144, 262145, 524288, 3000000};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    struct buffer text = {0}, packed = {0};
    char *zeros = calloc(sizes[i] + 1, 1);
    assert_non_null(zeros);
    buffer_put(&text, zeros, sizes[i]);
    put_gzip(&packed, zeros, sizes[i]);
    assert_gunzips(&packed, packed.length, &text);
    assert_gunzips(&packed, 1, &text);
    /* Another member right after the one that fills its buffer. */
    put_gzip(&packed, "x", 1);
    buffer_put(&text, "x", 1);
    assert_gunzips(&packed, packed.length, &text);
    free(zeros);
    buffer_free(&text);
    buffer_free(&packed);
  }
}

static void cut_short(void **state) {
  (void)state;
  struct buffer packed = {0};
  put_gzip(&packed, "hello", 5);
  size_t length = packed.length;
  put_gzip(&packed, "world", 5);
  for (size_t size = 0; size < packed.length; size++) {
    loom_error error;
    struct buffer out = {0};
    struct buffer cut = {packed.bytes, size, 0};
    if (size == length) { /* between two members is an end like any other */
      assert_status(gunzip(&cut, 7, &out, &error), LOOM_OK, &error);
    } else {
      assert_int_equal(gunzip(&cut, 7, &out, &error), LOOM_EINPUT);
      assert_string_equal(error.message, "is truncated gzip data");
    }
    buffer_free(&out);
  }
  buffer_free(&packed);
}

static void damaged(void **state) {
  (void)state;
  struct buffer packed = {0};
  static const struct {
    int from_end; /* which byte is changed, counted from the end; 0: the first */
    const char *message;
  } cases[] = {{0, "is damaged gzip data: incorrect header check"},
               {1, "is damaged gzip data: incorrect length check"},
               {8, "is damaged gzip data: incorrect data check"}};
  put_gzip(&packed, "hello", 5);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char *byte = packed.bytes + (cases[i].from_end ? packed.length - (size_t)cases[i].from_end : 0);
    *byte = (char)(*byte ^ 0x55);
    for (size_t chunk = 1; chunk <= packed.length; chunk++) {
      loom_error error;
      struct buffer out = {0};
      assert_int_equal(gunzip(&packed, chunk, &out, &error), LOOM_EINPUT);
      assert_string_equal(error.message, cases[i].message);
      buffer_free(&out);
    }
    *byte = (char)(*byte ^ 0x55);
  }
  buffer_free(&packed);
}

static void a_sink_may_refuse(void **state) {
  (void)state;
  loom_error error;
  struct buffer packed = {0};
  int calls = 0;
  put_gzip(&packed, "hello", 5);
  put_gzip(&packed, "world", 5);
  loom_gunzip *gunzip = loom_gunzip_new();
  assert_int_equal(loom_gunzip_feed(gunzip, packed.bytes, packed.length, refuse, &calls, &error),
                   LOOM_EFULL);
  assert_string_equal(error.message, "refused");
  assert_int_equal(calls, 1);
  loom_gunzip_free(gunzip);
  loom_gunzip_free(NULL);
  buffer_free(&packed);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(members_however_cut),
                                     cmocka_unit_test(padding_however_cut),
                                     cmocka_unit_test(output_of_any_size),
                                     cmocka_unit_test(cut_short),
                                     cmocka_unit_test(damaged),
                                     cmocka_unit_test(a_sink_may_refuse)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
