/*
** Text as both languages write it: strings and numbers of JSON, fields of CSV, UTF-8, figures; and its digest.
*/
#include "binding.h"

#include "base/csv_text.h"
#include "base/json_text.h"
#include "base/number_text.h"
#include "base/id_table.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "base/utf8_width.h"
#include "measure/uptime.h"
#include "report/report_csv.h"
#include "report/report_json.h"
#include "report/row_stream.h"
#include "time/civil.h"

#include <math.h>
#include <string.h>

#define LARGE 9223372036854775808.0 /* 2^63 */

#define ROOM 1024 /* bytes that most texts fit in */

/* Room for so many bytes: what is given or, beyond it, some that the collector frees, whatever raises. */
static struct loom_text room(lua_State *L, char given[ROOM], size_t size) {
  return (struct loom_text){size <= ROOM ? given : lua_newuserdata(L, size), 0, size};
}

static int push(lua_State *L, const struct loom_text *text) {
  lua_pushlstring(L, text->bytes, text->length);
  return 1;
}

/* json_string(text [, as_it_is]): a string of JSON; see loom_json_put_string, and loom_json_put_bytes for what is as it is. */
static int json_string(lua_State *L) {
  char bytes[ROOM];
  size_t length;
  const char *string = luaL_checklstring(L, 1, &length);
  bool as_it_is = lua_toboolean(L, 2);
  struct loom_text text = room(L, bytes, LOOM_JSON_STRING_SIZE(length));
  if (as_it_is)
    loom_json_put_bytes(&text, string, length);
  else
    loom_json_put_string(&text, string, length);
  return push(L, &text);
}

/* utf8(text): the text with U+FFFD for each byte that is none of UTF-8. */
static int utf8(lua_State *L) {
  char bytes[ROOM];
  size_t length;
  const char *string = luaL_checklstring(L, 1, &length);
  struct loom_text text = room(L, bytes, 3 * length);
  loom_utf8_put(&text, string, length);
  return push(L, &text);
}

/* utf8_width(text): how many columns of a terminal it takes; see loom_utf8_width. */
static int utf8_width(lua_State *L) {
  size_t length;
  const char *string = luaL_checklstring(L, 1, &length);
  lua_pushinteger(L, (lua_Integer)loom_utf8_width(string, length));
  return 1;
}

/* sha256(text): its digest, 32 bytes; see loom_sha256. */
static int sha256(lua_State *L) {
  unsigned char digest[LOOM_SHA256_SIZE];
  size_t length;
  const char *string = luaL_checklstring(L, 1, &length);
  loom_sha256(string, length, digest);
  lua_pushlstring(L, (const char *)digest, sizeof digest);
  return 1;
}

/*
** frame(kind, text [, number or id]): a frame of a stream of rows (see row_stream.h), of a head, a caption, an end after so many rows,
** a failure, progress in millionths, or a row with its id; `kind` is the letter.
*/
static int frame(lua_State *L) {
  char given[ROOM];
  size_t length, id_length = 0;
  const char *kind = luaL_checkstring(L, 1), *string = luaL_checklstring(L, 2, &length);
  const char *id = *kind == LOOM_FRAME_ROW ? luaL_checklstring(L, 3, &id_length) : NULL;
  int64_t number = id || lua_isnoneornil(L, 3) ? 0 : lloom_check_integer(L, 3);
  luaL_argcheck(L, *kind && strchr("HPCREF", *kind), 1, "a kind of frame expected");
  luaL_argcheck(L, length <= LOOM_FRAME_MAX, 2, "too long for a frame");
  luaL_argcheck(L, number >= 0 && id_length <= LOOM_ID_MAX, 3, "out of range");
  struct loom_text text = room(L, given, LOOM_FRAME_BEGINNING + id_length + length);
  if (id) {
    loom_frame_begin_row(&text, id, id_length, length);
    loom_text_put(&text, string, length);
  } else if (*kind == LOOM_FRAME_PROGRESS) {
    loom_frame_put_progress(&text, (uint64_t)number);
  } else {
    loom_frame_put(&text, (enum loom_frame_kind) * kind, (uint64_t)number, string, length);
  }
  return push(L, &text);
}

/* hmac_sha256(key, text): the signature of a text, 32 bytes; see loom_hmac_sha256. */
static int hmac_sha256(lua_State *L) {
  unsigned char digest[LOOM_SHA256_SIZE];
  size_t key_length, length;
  const char *key = luaL_checklstring(L, 1, &key_length);
  const char *string = luaL_checklstring(L, 2, &length);
  loom_hmac_sha256(key, key_length, string, length, digest);
  lua_pushlstring(L, (const char *)digest, sizeof digest);
  return 1;
}

/* csv_field(text [, neutralise_formulas]): the text as a field of CSV; see loom_csv_is_formula. */
static int csv_field(lua_State *L) {
  char bytes[ROOM];
  size_t length;
  const char *field = luaL_checklstring(L, 1, &length);
  bool harmless = lua_toboolean(L, 2);
  struct loom_text text = room(L, bytes, LOOM_CSV_FIELD_SIZE(length));
  if (harmless)
    loom_csv_put_harmless_field(&text, field, length);
  else
    loom_csv_put_field(&text, field, length);
  return push(L, &text);
}

/* Puts argument 1 by a function of doubles, or as it is where an integer holds it; false if it is not finite. */
static bool put_number(lua_State *L, struct loom_text *text,
                       void (*put)(struct loom_text *, double)) {
  int64_t whole;
  double value = luaL_checknumber(L, 1);
  if (!isfinite(value))
    return false;
  if (lua_type(L, 1) == LUA_TNUMBER && lloom_to_integer(L, 1, &whole))
    loom_text_put_whole(text, whole);
  else
    put(text, value);
  return true;
}

static int push_number(lua_State *L, void (*put)(struct loom_text *, double)) {
  char bytes[LOOM_DECIMAL_SIZE];
  struct loom_text text = {bytes, 0, sizeof bytes};
  if (put_number(L, &text, put))
    return push(L, &text);
  lua_pushnil(L);
  return 1;
}

/* decimal(number): with up to six decimals; nil where it is not finite. See loom_text_put_decimal. */
static int decimal(lua_State *L) {
  return push_number(L, loom_text_put_decimal);
}

/* digits(number): all of them; nil where it is not finite. See loom_text_put_digits. */
static int digits(lua_State *L) {
  return push_number(L, loom_text_put_digits);
}

/* json_number(number or nil): with up to six decimals; null for nil, and where it is not finite. */
static int json_number(lua_State *L) {
  char bytes[LOOM_JSON_NUMBER_SIZE];
  struct loom_text text = {bytes, 0, sizeof bytes};
  if (lua_isnoneornil(L, 1) || !put_number(L, &text, loom_text_put_decimal))
    loom_text_put_string(&text, "null");
  return push(L, &text);
}

/* fixed(number, decimals): a finite number with so many decimals. See loom_text_put_fixed. */
static int fixed(lua_State *L) {
  char bytes[LOOM_FIXED_SIZE(LOOM_DECIMALS_MAX)];
  struct loom_text text = {bytes, 0, sizeof bytes};
  double value = luaL_checknumber(L, 1);
  int64_t decimals = lloom_check_integer(L, 2);
  luaL_argcheck(L, isfinite(value), 1, "finite number expected");
  luaL_argcheck(L, decimals >= 0 && decimals <= LOOM_DECIMALS_MAX, 2, "0 to 17 expected");
  loom_text_put_fixed(&text, value, (int)decimals);
  return push(L, &text);
}

/* A whole number that is not negative, at most INT64_MAX. */
static int64_t check_time(lua_State *L, int index) {
  int64_t value = lloom_check_integer(L, index);
  luaL_argcheck(L, value >= 0, index, "not negative expected");
  return value;
}

/* Pushes a time, which may be a sum of many stores: what no int64 holds is a double, which another function puts. */
static int push_time(lua_State *L, void (*put)(struct loom_text *, int64_t),
                     void (*put_large)(struct loom_text *, double)) {
  char bytes[LOOM_FIXED_SIZE(LOOM_DECIMALS_MAX)];
  struct loom_text text = {bytes, 0, sizeof bytes};
  double value = luaL_checknumber(L, 1);
  if (lua_type(L, 1) == LUA_TNUMBER && value >= LARGE && isfinite(value))
    put_large(&text, value);
  else
    put(&text, check_time(L, 1));
  return push(L, &text);
}

static void put_large_hours(struct loom_text *text, double microseconds) {
  loom_text_put_fixed(text, microseconds / LOOM_HOUR, 2);
  text->length -= text->bytes[text->length - 1] == '0';
}

/* hours(microseconds): with one or two decimals. See loom_put_hours. */
static int hours(lua_State *L) {
  return push_time(L, loom_put_hours, put_large_hours);
}

static void put_large_minutes(struct loom_text *text, double microseconds) {
  loom_text_put_decimal(text, floor(microseconds / LOOM_MINUTE));
}

/* minutes(microseconds): whole ones, cut. */
static int minutes(lua_State *L) {
  return push_time(L, loom_put_minutes, put_large_minutes);
}

static void put_large_seconds(struct loom_text *text, double microseconds) {
  loom_text_put_decimal(text, microseconds / LOOM_SECOND);
}

/* seconds(microseconds): with as many decimals as it takes; also a ratio of millionths. */
static int seconds(lua_State *L) {
  return push_time(L, loom_text_put_millionths, put_large_seconds);
}

/*
** figures_json(up, down, unknown, excluded, longest, outages, polls): a window's figures, as a report gives them, as a JSON
** object. See loom_figures_json.
*/
static int figures_json(lua_State *L) {
  char bytes[LOOM_FIGURES_JSON_SIZE];
  struct loom_text text = {bytes, 0, sizeof bytes};
  struct loom_figures figures = {0};
  int64_t *const fields[] = {&figures.up,       &figures.down,    &figures.unknown,
                             &figures.excluded, &figures.longest, &figures.outages,
                             &figures.polls};
  for (int i = 0; i < (int)(sizeof fields / sizeof *fields); i++)
    *fields[i] = check_time(L, i + 1);
  luaL_argcheck(L, figures.down <= INT64_MAX - figures.up, 2, "too large beside up");
  luaL_argcheck(L, figures.unknown <= INT64_MAX - figures.up - figures.down, 3,
                "too large beside up and down");
  loom_figures_json(&figures, &text);
  return push(L, &text);
}

void lloom_add_text(lua_State *L) {
  static const luaL_Reg functions[] = {{"json_string", json_string},
                                       {"json_number", json_number},
                                       {"utf8", utf8},
                                       {"utf8_width", utf8_width},
                                       {"sha256", sha256},
                                       {"frame", frame},
                                       {"hmac_sha256", hmac_sha256},
                                       {"csv_field", csv_field},
                                       {"decimal", decimal},
                                       {"digits", digits},
                                       {"fixed", fixed},
                                       {"hours", hours},
                                       {"minutes", minutes},
                                       {"seconds", seconds},
                                       {"figures_json", figures_json},
                                       {NULL, NULL}};
  lloom_set_functions(L, functions);
}
