/*
** RowBinary, read within its bounds.
*/
#include "cluster/row_binary.h"

#include <string.h>

/* So many bytes, or NULL where there are fewer. */
static const unsigned char *take(struct loom_row_reader *reader, size_t size) {
  const unsigned char *at = reader->at;
  if (reader->bad || (size_t)(reader->end - at) < size) {
    reader->bad = true;
    return NULL;
  }
  reader->at += size;
  return at;
}

static uint64_t take_number(struct loom_row_reader *reader, size_t size) {
  const unsigned char *bytes = take(reader, size);
  uint64_t number = 0;
  for (size_t i = 0; bytes && i < size; i++)
    number |= (uint64_t)bytes[i] << (8 * i);
  return number;
}

uint16_t loom_row_u16(struct loom_row_reader *reader) {
  return (uint16_t)take_number(reader, 2);
}

uint32_t loom_row_u32(struct loom_row_reader *reader) {
  return (uint32_t)take_number(reader, 4);
}

uint64_t loom_row_u64(struct loom_row_reader *reader) {
  return take_number(reader, 8);
}

int32_t loom_row_i32(struct loom_row_reader *reader) {
  return (int32_t)take_number(reader, 4);
}

int64_t loom_row_i64(struct loom_row_reader *reader) {
  return (int64_t)take_number(reader, 8);
}

uint64_t loom_row_varint(struct loom_row_reader *reader) {
  uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const unsigned char *byte = take(reader, 1);
    if (!byte)
      return 0;
    if (shift == 63 && *byte > 1)
      break;
    number |= (uint64_t)(*byte & 0x7f) << shift;
    if (*byte < 0x80)
      return number;
  }
  reader->bad = true;
  return 0;
}

const char *loom_row_string(struct loom_row_reader *reader, size_t *length) {
  uint64_t size = loom_row_varint(reader);
  const unsigned char *bytes = size <= SIZE_MAX ? take(reader, (size_t)size) : NULL;
  *length = bytes ? (size_t)size : 0;
  return bytes ? (const char *)bytes : "";
}

const void *loom_row_int64s(struct loom_row_reader *reader, size_t *count) {
  uint64_t numbers = loom_row_varint(reader);
  *count = 0;
  if (reader->bad || numbers > (size_t)(reader->end - reader->at) / sizeof(int64_t)) {
    reader->bad = true;
    return "";
  }
  *count = (size_t)numbers;
  return take(reader, *count * sizeof(int64_t));
}

/* ---- to write ---- */

static void put_number(struct loom_text *text, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; i++)
    loom_text_put_char(text, (char)(value >> (8 * i)));
}

void loom_row_put_u16(struct loom_text *text, uint16_t value) {
  put_number(text, value, 2);
}

void loom_row_put_u32(struct loom_text *text, uint32_t value) {
  put_number(text, value, 4);
}

void loom_row_put_u64(struct loom_text *text, uint64_t value) {
  put_number(text, value, 8);
}

void loom_row_put_varint(struct loom_text *text, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    loom_text_put_char(text, (char)(value | 0x80));
  loom_text_put_char(text, (char)value);
}

void loom_row_put_string(struct loom_text *text, const char *bytes, size_t length) {
  loom_row_put_varint(text, length);
  loom_text_put(text, bytes, length);
}

void loom_row_put_int64s(struct loom_text *text, const int64_t *numbers, size_t count) {
  loom_row_put_varint(text, count);
  for (size_t i = 0; i < count; i++)
    put_number(text, (uint64_t)numbers[i], 8);
}
