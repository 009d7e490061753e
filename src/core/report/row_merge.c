/*
** Merging streams of rows. Of each input the row at hand stands in its buffer; the inputs are in a heap by the ids of these.
*/
#include "report/row_merge.h"
#include "base/id_order.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct input {
  struct loom_text bytes;
  size_t at;               /* of the frame at hand */
  struct loom_frame frame; /* a row, where has_row */
  struct loom_text head, end;
  bool has_head, has_caption, has_row, has_ended;
  uint64_t taken, passed; /* rows in all; of them since it was begun last, if that is fewer */
  uint64_t progress;
  char last[LOOM_ID_MAX]; /* the id of the last row taken */
  size_t last_length;
};

struct loom_row_merge {
  struct loom_text caption;
  bool has_caption, caption_taken;
  unsigned input_count, heap_count;
  unsigned heap[LOOM_MERGE_INPUTS_MAX]; /* of those that have a row, the least id's first */
  unsigned unready;                     /* how many have no row and have not ended */
  char last[LOOM_ID_MAX];               /* the id of the last row of all */
  size_t last_length;
  struct input inputs[];
};

loom_row_merge *loom_row_merge_new(unsigned inputs) {
  loom_row_merge *merge = calloc(1, sizeof *merge + inputs * sizeof *merge->inputs);
  if (merge)
    merge->input_count = merge->unready = inputs;
  return merge;
}

void loom_row_merge_free(loom_row_merge *merge) {
  if (!merge)
    return;
  for (unsigned i = 0; i < merge->input_count; i++) {
    loom_text_free(&merge->inputs[i].bytes);
    loom_text_free(&merge->inputs[i].head);
    loom_text_free(&merge->inputs[i].end);
  }
  loom_text_free(&merge->caption);
  free(merge);
}

/* ---- bytes ---- */

/* Reads the frame at hand. */
static loom_status read_frame(const struct input *input, struct loom_frame *frame,
                              loom_error *error) {
  size_t waiting = input->bytes.length - input->at;
  return waiting ? loom_frame_read(input->bytes.bytes + input->at, waiting, frame, error)
                 : LOOM_EAGAIN;
}

bool loom_row_merge_has_room(const loom_row_merge *merge, unsigned number) {
  const struct input *input = &merge->inputs[number];
  struct loom_frame frame;
  return input->bytes.length - input->at < LOOM_MERGE_AHEAD ||
         read_frame(input, &frame, NULL) == LOOM_EAGAIN;
}

/* Makes room behind what waits, which moves to the beginning where that is enough. False: memory is out. */
static bool make_room(struct input *input, size_t length) {
  struct loom_text *bytes = &input->bytes;
  if (input->at && bytes->capacity - bytes->length < length) {
    bytes->length -= input->at;
    memmove(bytes->bytes, bytes->bytes + input->at, bytes->length);
    input->at = 0;
  }
  bool good = loom_text_reserve(bytes, length);
  if (input->has_row) /* it stands elsewhere now */
    read_frame(input, &input->frame, NULL);
  return good;
}

loom_status loom_row_merge_put(loom_row_merge *merge, unsigned number, const char *bytes,
                               size_t length, loom_error *error) {
  struct input *input = &merge->inputs[number];
  if (input->has_ended)
    return loom_fail(error, LOOM_EINPUT, "more was sent behind the end of the rows");
  if (!make_room(input, length))
    return loom_no_memory(error);
  loom_text_put(&input->bytes, bytes, length);
  return LOOM_OK;
}

/* ---- the heap ---- */

static bool comes_before(const loom_row_merge *merge, unsigned a, unsigned b) {
  const struct loom_frame *x = &merge->inputs[a].frame, *y = &merge->inputs[b].frame;
  int order = loom_id_compare(x->id, x->id_length, y->id, y->id_length);
  return order ? order < 0 : a < b;
}

static void sift_down(loom_row_merge *merge, unsigned at) {
  unsigned *heap = merge->heap, moved = heap[at];
  for (unsigned child; (child = 2 * at + 1) < merge->heap_count; at = child) {
    if (child + 1 < merge->heap_count && comes_before(merge, heap[child + 1], heap[child]))
      child++;
    if (!comes_before(merge, heap[child], moved))
      break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

static void push(loom_row_merge *merge, unsigned number) {
  unsigned at = merge->heap_count++;
  for (; at > 0 && comes_before(merge, number, merge->heap[(at - 1) / 2]); at = (at - 1) / 2)
    merge->heap[at] = merge->heap[(at - 1) / 2];
  merge->heap[at] = number;
}

static void pop(loom_row_merge *merge) {
  merge->heap[0] = merge->heap[--merge->heap_count];
  if (merge->heap_count)
    sift_down(merge, 0);
}

/* ---- frames ---- */

static bool copy(struct loom_text *to, const struct loom_frame *frame) {
  to->length = 0;
  if (!loom_text_reserve(to, frame->length + 1))
    return false;
  loom_text_put(to, frame->text, frame->length);
  return true;
}

static bool is_same(const struct loom_text *text, const struct loom_frame *frame) {
  return text->length == frame->length && memcmp(text->bytes, frame->text, text->length) == 0;
}

static loom_status take_head(struct input *input, loom_error *error) {
  if (input->has_head)
    return loom_fail(error, LOOM_EINPUT, "what was sent is no stream of rows");
  input->has_head = true;
  return copy(&input->head, &input->frame) ? LOOM_OK : loom_no_memory(error);
}

static loom_status take_caption(loom_row_merge *merge, struct input *input, loom_error *error) {
  if (input->has_caption || (merge->has_caption && !is_same(&merge->caption, &input->frame)))
    return loom_fail(error, LOOM_EINPUT, "its rows have other columns than those of others");
  input->has_caption = true;
  if (merge->has_caption)
    return LOOM_OK;
  merge->has_caption = true;
  return copy(&merge->caption, &input->frame) ? LOOM_OK : loom_no_memory(error);
}

/* A row is to come after the one before it; one that was taken before is passed over. */
static loom_status take_row(struct input *input, loom_error *error) {
  const struct loom_frame *frame = &input->frame;
  if (input->passed < input->taken) {
    if (++input->passed == input->taken &&
        loom_id_compare(frame->id, frame->id_length, input->last, input->last_length) != 0)
      return loom_fail(error, LOOM_EINPUT, "its rows are others than those that were sent before");
    return LOOM_OK;
  }
  if (input->taken &&
      loom_id_compare(frame->id, frame->id_length, input->last, input->last_length) <= 0)
    return loom_fail(error, LOOM_EINPUT, "its rows are not in order");
  input->has_row = true;
  return LOOM_OK;
}

static loom_status take_end(struct input *input, loom_error *error) {
  if (input->frame.number != input->taken || input->passed < input->taken)
    return loom_fail(error, LOOM_EINPUT, "%" PRIu64 " of %" PRIu64 " rows were sent", input->passed,
                     input->frame.number);
  if (input->at + input->frame.size != input->bytes.length)
    return loom_fail(error, LOOM_EINPUT, "more was sent behind the end of the rows");
  input->has_ended = true;
  return copy(&input->end, &input->frame) ? LOOM_OK : loom_no_memory(error);
}

static loom_status take_frame(loom_row_merge *merge, struct input *input, loom_error *error) {
  enum loom_frame_kind kind = input->frame.kind;
  if (kind == LOOM_FRAME_FAILURE)
    return loom_fail(error, LOOM_EINPUT, "%.*s", (int)input->frame.length, input->frame.text);
  if ((kind != LOOM_FRAME_HEAD && !input->has_head) ||
      ((kind == LOOM_FRAME_ROW || kind == LOOM_FRAME_END) && !input->has_caption))
    return loom_fail(error, LOOM_EINPUT, "what was sent is no stream of rows");
  switch (kind) {
  case LOOM_FRAME_HEAD:
    return take_head(input, error);
  case LOOM_FRAME_PROGRESS:
    input->progress = input->frame.number;
    return LOOM_OK;
  case LOOM_FRAME_CAPTION:
    return take_caption(merge, input, error);
  case LOOM_FRAME_ROW:
    return take_row(input, error);
  default:
    return take_end(input, error);
  }
}

/* Goes on to an input's next row, or to its end. LOOM_EAGAIN: that has not come yet. */
static loom_status advance(loom_row_merge *merge, struct input *input, loom_error *error) {
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && !input->has_row && !input->has_ended) {
    status = read_frame(input, &input->frame, error);
    if (status == LOOM_OK)
      status = take_frame(merge, input, error);
    if (status == LOOM_OK && !input->has_row)
      input->at += input->frame.size;
  }
  return status;
}

/* Has every input have its row or its end. */
static loom_status get_ready(loom_row_merge *merge, unsigned *number, loom_error *error) {
  loom_status status = LOOM_OK;
  for (unsigned i = 0; merge->unready > 0 && status == LOOM_OK && i < merge->input_count; i++) {
    struct input *input = &merge->inputs[i];
    if (input->has_row || input->has_ended)
      continue;
    *number = i;
    status = advance(merge, input, error);
    if (status == LOOM_OK) {
      merge->unready--;
      if (input->has_row)
        push(merge, i);
    }
  }
  return status;
}

/* ---- rows ---- */

static loom_status append(struct loom_text *to, const char *bytes, size_t length,
                          loom_error *error) {
  if (!loom_text_reserve(to, length + 1))
    return loom_no_memory(error);
  loom_text_put(to, bytes, length);
  return LOOM_OK;
}

/* Notes the id of an input's row as the last one that was taken. No two inputs have a row of one store. */
static loom_status note(loom_row_merge *merge, const struct input *input, loom_error *error) {
  const struct loom_frame *frame = &input->frame;
  if (merge->last_length &&
      loom_id_compare(frame->id, frame->id_length, merge->last, merge->last_length) == 0)
    return loom_fail(error, LOOM_EINPUT, "it has a row of a store that is another shard's, too");
  memcpy(merge->last, frame->id, frame->id_length);
  merge->last_length = frame->id_length;
  return LOOM_OK;
}

/* Takes the first row of all, and goes on in its input. */
static loom_status take_first(loom_row_merge *merge, struct loom_text *to, unsigned *number,
                              loom_error *error) {
  struct input *input = &merge->inputs[merge->heap[0]];
  *number = merge->heap[0];
  loom_status status = note(merge, input, error);
  if (status == LOOM_OK)
    status = append(to, input->frame.text, input->frame.length, error);
  if (status != LOOM_OK)
    return status;
  memcpy(input->last, input->frame.id, input->frame.id_length);
  input->last_length = input->frame.id_length;
  input->at += input->frame.size;
  input->passed = ++input->taken;
  input->has_row = false;
  status = advance(merge, input, error);
  if (status == LOOM_OK && input->has_row) {
    sift_down(merge, 0);
    return LOOM_OK;
  }
  pop(merge);
  merge->unready += !input->has_ended;
  return status;
}

loom_status loom_row_merge_take(loom_row_merge *merge, size_t most, struct loom_text *to,
                                unsigned *number, loom_error *error) {
  loom_status status = get_ready(merge, number, error);
  if (status == LOOM_OK && !merge->caption_taken) {
    status = append(to, merge->caption.bytes, merge->caption.length, error);
    merge->caption_taken = true;
  }
  while (status == LOOM_OK && merge->heap_count > 0 && to->length < most)
    status = take_first(merge, to, number, error);
  return status == LOOM_OK && merge->heap_count == 0 ? LOOM_DONE : status;
}

/* ---- what is said beside the rows ---- */

void loom_row_merge_restart(loom_row_merge *merge, unsigned number) {
  struct input *input = &merge->inputs[number];
  unsigned kept = 0, count = merge->heap_count;
  bool was_ready = input->has_row || input->has_ended;
  merge->heap_count = 0;
  for (; kept < count; kept++)
    if (merge->heap[kept] != number)
      push(merge, merge->heap[kept]);
  input->bytes.length = input->at = 0;
  input->has_head = input->has_caption = input->has_row = input->has_ended = false;
  input->passed = input->progress = 0;
  merge->unready += was_ready;
}

const char *loom_row_merge_head(const loom_row_merge *merge, unsigned number, size_t *length) {
  const struct input *input = &merge->inputs[number];
  *length = input->head.length;
  return input->has_head ? input->head.bytes : NULL;
}

const char *loom_row_merge_end(const loom_row_merge *merge, unsigned number, uint64_t *rows,
                               size_t *length) {
  const struct input *input = &merge->inputs[number];
  *rows = input->taken;
  *length = input->end.length;
  return input->has_ended ? input->end.bytes : NULL;
}

uint64_t loom_row_merge_progress(const loom_row_merge *merge, unsigned number) {
  return merge->inputs[number].progress;
}
