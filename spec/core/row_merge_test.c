/*
** Tests of streams of rows, and of their merge: any pieces that they come in, senders that fail or send something else, and how much
** memory many rows take.
*/
#include "support.h"

#include "report/row_merge.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- streams ---- */

static void put_row(struct loom_text *stream, const char *id, const char *text) {
  assert_true(loom_frame_begin_row(stream, id, strlen(id), strlen(text)));
  loom_text_put_string(stream, text);
}

static void begin(struct loom_text *stream) {
  stream->length = 0;
  assert_true(loom_frame_put(stream, LOOM_FRAME_HEAD, 0, "{}", 2));
  assert_true(loom_frame_put(stream, LOOM_FRAME_CAPTION, 0, "id\n", 3));
}

static void end(struct loom_text *stream, uint64_t rows) {
  assert_true(loom_frame_put(stream, LOOM_FRAME_END, rows, "[]", 2));
}

/* A stream of ids, each of which is its row's text, too. */
static void make(struct loom_text *stream, const char *ids) {
  char id[2] = "";
  begin(stream);
  for (const char *at = ids; *at; at++) {
    *id = *at;
    put_row(stream, id, id);
  }
  end(stream, strlen(ids));
}

static void put(loom_row_merge *merge, unsigned input, const struct loom_text *stream) {
  loom_error error;
  assert_int_equal(loom_row_merge_put(merge, input, stream->bytes, stream->length, &error),
                   LOOM_OK);
}

/* Takes all that there is; what that comes to. */
static loom_status take(loom_row_merge *merge, struct loom_text *to, unsigned *input,
                        loom_error *error) {
  loom_status status;
  do
    status = loom_row_merge_take(merge, to->length + 1, to, input, error);
  while (status == LOOM_OK);
  assert_true(loom_text_reserve(to, 1));
  to->bytes[to->length] = '\0';
  return status;
}

/* What a merge of one stream says is wrong with it. */
static void assert_wrong(const struct loom_text *stream, const char *message) {
  loom_error error;
  unsigned input;
  struct loom_text text = {0};
  loom_row_merge *merge = loom_row_merge_new(1);
  put(merge, 0, stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EINPUT);
  assert_string_equal(error.message, message);
  loom_text_free(&text);
  loom_row_merge_free(merge);
}

/* ---- tests ---- */

static void frames(void **state) {
  (void)state;
  struct loom_frame frame;
  loom_error error;
  struct loom_text stream = {0};
  put_row(&stream, "shop", "row");
  assert_true(loom_frame_put_progress(&stream, 250000));
  for (size_t length = 0; length < strlen("R 4 3\nshoprow"); length++)
    assert_int_equal(loom_frame_read(stream.bytes, length, &frame, &error), LOOM_EAGAIN);
  assert_int_equal(loom_frame_read(stream.bytes, stream.length, &frame, &error), LOOM_OK);
  assert_int_equal(frame.kind, LOOM_FRAME_ROW);
  assert_memory_equal(frame.id, "shop", 4);
  assert_memory_equal(frame.text, "row", 3);
  assert_int_equal(
      loom_frame_read(stream.bytes + frame.size, stream.length - frame.size, &frame, &error),
      LOOM_OK);
  assert_int_equal(frame.number, 250000);
  static const char *const wrong[] = {"X 1\n",
                                      "R 1\n",
                                      "R  1 2\n",
                                      "R 256 2\n",
                                      "H 1048577\n",
                                      "<html>",
                                      "H 1 1\n",
                                      "R 1 -1\n",
                                      "E 1 1 1\nabc",
                                      "H\n",
                                      "H 0x1\n",
                                      "P \n",
                                      "H 9999999999999999999\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(loom_frame_read(wrong[i], strlen(wrong[i]), &frame, &error), LOOM_EINPUT);
    assert_string_equal(error.message, "what was sent is no stream of rows");
  }
  assert_int_equal(loom_frame_read("\0", 1, &frame, &error), LOOM_EINPUT);
  loom_text_free(&stream);
}

static void rows_come_in_order(void **state) {
  (void)state;
  loom_error error;
  unsigned input;
  uint64_t rows;
  size_t length;
  struct loom_text stream = {0}, text = {0};
  loom_row_merge *merge = loom_row_merge_new(4);
  static const char *const ids[] = {"bgh", "", "acdi", "ef"};
  for (unsigned i = 0; i < 4; i++) {
    make(&stream, ids[i]);
    put(merge, i, &stream);
  }
  assert_int_equal(take(merge, &text, &input, &error), LOOM_DONE);
  assert_string_equal(text.bytes, "id\nabcdefghi");
  assert_memory_equal(loom_row_merge_end(merge, 2, &rows, &length), "[]", 2);
  assert_int_equal(rows, 4);
  assert_memory_equal(loom_row_merge_head(merge, 1, &length), "{}", 2);
  assert_int_equal(loom_row_merge_put(merge, 1, "P 1\n", 4, &error), LOOM_EINPUT);
  loom_row_merge_free(merge);
  loom_text_free(&stream);
  loom_text_free(&text);
}

/* Random rows in random shards, in pieces of any length; now and then a sender fails, and another one begins anew. */
static void pieces_and_new_senders(void **state) {
  (void)state;
  enum { INPUTS = 5, ROWS = 300 };
  uint64_t random = 4;
  for (int round = 0; round < 50; round++) {
    struct loom_text streams[INPUTS] = {{0}}, expected = {0}, text = {0};
    uint64_t counts[INPUTS] = {0};
    size_t sent[INPUTS] = {0};
    loom_error error;
    loom_status status;
    unsigned input = 0;
    loom_row_merge *merge = loom_row_merge_new(INPUTS);
    for (unsigned i = 0; i < INPUTS; i++)
      begin(&streams[i]);
    assert_true(loom_text_reserve(&expected, ROWS * 20));
    loom_text_put_string(&expected, "id\n");
    for (int row = 0; row < ROWS; row++) {
      char id[16], line[32];
      unsigned shard = (unsigned)random_below(&random, INPUTS);
      snprintf(id, sizeof id, "%04d%.*s", row, (int)random_below(&random, 4), "\"\n,");
      snprintf(line, sizeof line, "<%s>\n", id);
      put_row(&streams[shard], id, line);
      loom_text_put_string(&expected, line);
      counts[shard]++;
    }
    for (unsigned i = 0; i < INPUTS; i++)
      end(&streams[i], counts[i]);
    while ((status = loom_row_merge_take(merge, text.length + 50, &text, &input, &error)) !=
           LOOM_DONE) {
      if (status == LOOM_OK)
        continue;
      assert_int_equal(status, LOOM_EAGAIN);
      if (random_below(&random, 20) == 0) {
        unsigned failing = (unsigned)random_below(&random, INPUTS);
        loom_row_merge_restart(merge, failing);
        sent[failing] = 0;
      }
      unsigned to = random_below(&random, 3) ? input : (unsigned)random_below(&random, INPUTS);
      size_t length = (size_t)random_below(&random, 200);
      if (length > streams[to].length - sent[to])
        length = streams[to].length - sent[to];
      if (length == 0)
        continue;
      assert_int_equal(loom_row_merge_put(merge, to, streams[to].bytes + sent[to], length, &error),
                       LOOM_OK);
      sent[to] += length;
    }
    assert_int_equal(text.length, expected.length);
    assert_memory_equal(text.bytes, expected.bytes, text.length);
    loom_row_merge_free(merge);
    for (unsigned i = 0; i < INPUTS; i++)
      loom_text_free(&streams[i]);
    loom_text_free(&expected);
    loom_text_free(&text);
  }
}

static void what_is_wrong_is_said(void **state) {
  (void)state;
  struct loom_text stream = {0};
  make(&stream, "acb");
  assert_wrong(&stream, "its rows are not in order");
  make(&stream, "aa");
  assert_wrong(&stream, "its rows are not in order");
  begin(&stream);
  put_row(&stream, "a", "a");
  end(&stream, 2);
  assert_wrong(&stream, "1 of 2 rows were sent");
  make(&stream, "a");
  end(&stream, 1);
  assert_wrong(&stream, "more was sent behind the end of the rows");
  stream.length = 0;
  put_row(&stream, "a", "a");
  assert_wrong(&stream, "what was sent is no stream of rows");
  begin(&stream);
  assert_true(loom_frame_put(&stream, LOOM_FRAME_FAILURE, 0, "EBUSY: later", 12));
  assert_wrong(&stream, "EBUSY: later");
  begin(&stream);
  assert_true(loom_frame_put(&stream, LOOM_FRAME_CAPTION, 0, "id\n", 3));
  assert_wrong(&stream, "its rows have other columns than those of others");
  loom_text_free(&stream);
}

static void others_have_to_agree(void **state) {
  (void)state;
  loom_error error;
  unsigned input;
  struct loom_text stream = {0}, text = {0};
  loom_row_merge *merge = loom_row_merge_new(2);
  make(&stream, "ab");
  put(merge, 0, &stream);
  stream.length = 0;
  assert_true(loom_frame_put(&stream, LOOM_FRAME_HEAD, 0, "{}", 2));
  assert_true(loom_frame_put(&stream, LOOM_FRAME_CAPTION, 0, "other\n", 6));
  put(merge, 1, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EINPUT);
  assert_int_equal(input, 1);
  assert_string_equal(error.message, "its rows have other columns than those of others");
  loom_row_merge_free(merge);
  merge = loom_row_merge_new(2);
  make(&stream, "ab");
  put(merge, 0, &stream);
  make(&stream, "bc");
  put(merge, 1, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EINPUT);
  assert_string_equal(error.message, "it has a row of a store that is another shard's, too");
  loom_row_merge_free(merge);
  loom_text_free(&stream);
  loom_text_free(&text);
}

static void another_sender_sends_the_same(void **state) {
  (void)state;
  loom_error error;
  unsigned input;
  struct loom_text stream = {0}, text = {0};
  loom_row_merge *merge = loom_row_merge_new(1);
  begin(&stream);
  put_row(&stream, "a", "a");
  put_row(&stream, "b", "b");
  put(merge, 0, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EAGAIN);
  assert_string_equal(text.bytes, "id\nab");
  loom_row_merge_restart(merge, 0);
  make(&stream, "acd");
  put(merge, 0, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EINPUT);
  assert_string_equal(error.message, "its rows are others than those that were sent before");
  loom_row_merge_restart(merge, 0);
  make(&stream, "a");
  put(merge, 0, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_EINPUT);
  assert_string_equal(error.message, "1 of 1 rows were sent");
  loom_row_merge_restart(merge, 0);
  make(&stream, "abc");
  put(merge, 0, &stream);
  assert_int_equal(take(merge, &text, &input, &error), LOOM_DONE);
  assert_string_equal(text.bytes, "id\nabc");
  loom_row_merge_free(merge);
  loom_text_free(&stream);
  loom_text_free(&text);
}

/* ---- memory ---- */

enum { SHARDS = 16, PIECE = 16384 };

/* Appends the row of a number to its stream, as a report of three windows has them. */
static void put_numbered(struct loom_text *stream, uint64_t number) {
  char id[24], line[64];
  int id_length = snprintf(id, sizeof id, "%012llu", (unsigned long long)number);
  int length = snprintf(line, sizeof line, "%s,59,23.95,167.8,0,0.05,0.2\n", id);
  assert_true(loom_frame_begin_row(stream, id, (size_t)id_length, (size_t)length));
  loom_text_put(stream, line, (size_t)length);
}

/* Merges so many rows of SHARDS streams, which are made as they are wanted; the most bytes that were in use meanwhile. */
static size_t merge_rows(uint64_t rows, uint64_t *length) {
  loom_row_merge *merge = loom_row_merge_new(SHARDS);
  struct loom_text pieces[SHARDS] = {{0}}, text = {0};
  uint64_t next[SHARDS];
  bool ended[SHARDS] = {false};
  loom_error error;
  loom_status status;
  unsigned input;
  size_t most = 0;
  *length = 0;
  for (unsigned i = 0; i < SHARDS; i++) {
    begin(&pieces[i]);
    next[i] = i;
  }
  while ((status = loom_row_merge_take(merge, PIECE, &text, &input, &error)) != LOOM_DONE) {
    *length += text.length;
    text.length = 0;
    if (status == LOOM_OK)
      continue;
    assert_int_equal(status, LOOM_EAGAIN);
    for (unsigned i = 0; i < SHARDS; i++) /* all of them send as much as they may */
      while (!ended[i] && loom_row_merge_has_room(merge, i)) {
        for (; next[i] < rows && pieces[i].length < PIECE; next[i] += SHARDS)
          put_numbered(&pieces[i], next[i]);
        ended[i] = next[i] >= rows;
        if (ended[i])
          end(&pieces[i], (rows - i + SHARDS - 1) / SHARDS);
        put(merge, i, &pieces[i]);
        pieces[i].length = 0;
      }
    struct mallinfo2 info = mallinfo2();
    most = info.uordblks + info.hblkhd > most ? info.uordblks + info.hblkhd : most;
  }
  *length += text.length;
  loom_row_merge_free(merge);
  for (unsigned i = 0; i < SHARDS; i++)
    loom_text_free(&pieces[i]);
  loom_text_free(&text);
  return most;
}

static void memory_is_flat(void **state) {
  (void)state;
  const char *many = getenv("LOOM_ROWS");
  uint64_t rows = many ? strtoull(many, NULL, 10) : 1000000, length, few_length;
  size_t few = merge_rows(200000, &few_length), all = merge_rows(rows, &length);
  assert_true(length / rows == few_length / 200000);
  assert_true(all <= few + (64u << 10));
  if (many)
    printf("%llu rows, %llu bytes: at most %zu bytes in use\n", (unsigned long long)rows,
           (unsigned long long)length, all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames),
      cmocka_unit_test(rows_come_in_order),
      cmocka_unit_test(pieces_and_new_senders),
      cmocka_unit_test(what_is_wrong_is_said),
      cmocka_unit_test(others_have_to_agree),
      cmocka_unit_test(another_sender_sends_the_same),
      cmocka_unit_test(memory_is_flat),
  };
  return cmocka_run_group_tests_name("row_merge", tests, NULL, NULL);
}
