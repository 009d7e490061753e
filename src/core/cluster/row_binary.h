/*
** RowBinary, the format in which rows come from ClickHouse and go there: values one after the other, without names, types or
** padding; whole numbers little-endian, texts and arrays behind their lengths as varints (LEB128). An array of Int64 is a block of
** polls as poll_block.h has it.
**
**   struct loom_row_reader reader = loom_row_reader_of(&answer);
**   while (loom_row_more(&reader)) { number = loom_row_u64(&reader); … }   → `bad` where it was cut off
*/
#ifndef LOOM_ROW_BINARY_H
#define LOOM_ROW_BINARY_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_row_reader {
  const unsigned char *at, *end;
  bool bad; /* something was read that is not there: all values are 0 and empty from then on */
};

static inline struct loom_row_reader loom_row_reader_of(const struct loom_text *text) {
  const unsigned char *bytes = (const unsigned char *)text->bytes;
  return (struct loom_row_reader){bytes, bytes ? bytes + text->length : bytes, false};
}

static inline bool loom_row_more(const struct loom_row_reader *reader) {
  return !reader->bad && reader->at < reader->end;
}

uint16_t loom_row_u16(struct loom_row_reader *reader);
uint32_t loom_row_u32(struct loom_row_reader *reader);
uint64_t loom_row_u64(struct loom_row_reader *reader);
int32_t loom_row_i32(struct loom_row_reader *reader);
int64_t loom_row_i64(struct loom_row_reader *reader);
uint64_t loom_row_varint(struct loom_row_reader *reader);

/* A text that stays where it is. */
const char *loom_row_string(struct loom_row_reader *reader, size_t *length);

/* The bytes of an array of Int64, which are not aligned; *count: how many numbers they are. */
const void *loom_row_int64s(struct loom_row_reader *reader, size_t *count);

/* Most bytes of a varint. */
#define LOOM_VARINT_MAX 10

/* Put values into a text that has room for them. */
void loom_row_put_u16(struct loom_text *text, uint16_t value);
void loom_row_put_u32(struct loom_text *text, uint32_t value);
void loom_row_put_u64(struct loom_text *text, uint64_t value);
void loom_row_put_varint(struct loom_text *text, uint64_t value);
void loom_row_put_string(struct loom_text *text, const char *bytes, size_t length);
void loom_row_put_int64s(struct loom_text *text, const int64_t *numbers, size_t count);

#endif
