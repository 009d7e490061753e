/*
** The kinds of input file.
*/
#include "read/kind.h"

#include <stdio.h>
#include <string.h>

struct column {
  const char *name, *other_name; /* in any case */
  bool optional;
};

static const struct kind {
  const char *name, *header;
  struct column columns[LOOM_COLUMNS_MAX];
} kinds[LOOM_KIND_COUNT] = {
    [LOOM_POLLS] = {"polls",
                    "store_id,status,timestamp_utc",
                    {{"store_id", NULL, false},
                     {"status", NULL, false},
                     {"timestamp_utc", NULL, false}}},
    [LOOM_HOURS] = {"hours",
                    "store_id,dayOfWeek,start_time_local,end_time_local,effective_from",
                    {{"store_id", NULL, false},
                     {"dayOfWeek", "day", false},
                     {"start_time_local", NULL, false},
                     {"end_time_local", NULL, false},
                     {"effective_from", NULL, true},
                     {"origin", NULL, true}}},
    [LOOM_TIMEZONES] = {"timezones",
                        "store_id,timezone_str",
                        {{"store_id", NULL, false},
                         {"timezone_str", NULL, false},
                         {"origin", NULL, true}}},
    [LOOM_SPECIAL_DAYS] = {"special_days",
                           "store_id,date,open,close,note",
                           {{"store_id", NULL, false},
                            {"date", NULL, false},
                            {"open", NULL, false},
                            {"close", NULL, false},
                            {"note", NULL, true},
                            {"origin", NULL, true}}},
    [LOOM_EXCLUSIONS] = {"exclusions",
                         "store_id,from_utc,to_utc,reason",
                         {{"store_id", NULL, false},
                          {"from_utc", NULL, false},
                          {"to_utc", NULL, false},
                          {"reason", NULL, true},
                          {"weekly", NULL, true},
                          {"zone", NULL, true},
                          {"from_local", NULL, true},
                          {"to_local", NULL, true}}},
    [LOOM_ATTRIBUTES] = {"attributes", "store_id", {{"store_id", NULL, false}}},
};

const char *loom_kind_name(enum loom_kind kind) {
  return kinds[kind].name;
}

const char *loom_kind_header(enum loom_kind kind) {
  return kinds[kind].header;
}

const char *loom_column_name(enum loom_kind kind, int column) {
  return kinds[kind].columns[column].name;
}

bool loom_kind_from_name(const char *name, enum loom_kind *kind) {
  for (int k = 0; k < LOOM_KIND_COUNT; k++) {
    if (strcmp(kinds[k].name, name) == 0) {
      *kind = (enum loom_kind)k;
      return true;
    }
  }
  return false;
}

/* ---- headers ---- */

/* "store_id, dayOfWeek (or day), …", without the optional columns. */
static void list_expected(enum loom_kind kind, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (int c = 0; c < LOOM_COLUMNS_MAX && kinds[kind].columns[c].name; c++) {
    const struct column *column = &kinds[kind].columns[c];
    if (column->optional)
      continue;
    used += (size_t)snprintf(out + used, size - used, "%s%s%s%s%s", used ? ", " : "", column->name,
                             column->other_name ? " (or " : "",
                             column->other_name ? column->other_name : "",
                             column->other_name ? ")" : "");
  }
}

static loom_status bad_header(enum loom_kind kind, const struct loom_csv_row *header,
                              const char *what, loom_error *error) {
  char expected[160], found[LOOM_QUOTED_SIZE];
  list_expected(kind, expected, sizeof expected);
  return loom_fail(error, LOOM_EINPUT, "%s: expected %s; found %s", what, expected,
                   loom_quote(found, header->raw, header->raw_length));
}

static bool is_text(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == 0x7f || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r'))
      return false;
  }
  return true;
}

bool loom_attribute_name_is_good(const char *name, size_t length) {
  struct loom_csv_field field = {name, length};
  return length >= 1 && length <= LOOM_ATTRIBUTE_NAME_MAX && is_text(name, length) &&
         !loom_csv_field_is(field, kinds[LOOM_ATTRIBUTES].columns[0].name);
}

bool loom_store_id_is_good(const char *id, size_t length) {
  return length >= 1 && length <= LOOM_ID_MAX && !memchr(id, '\0', length) &&
         loom_csv_trimmed((struct loom_csv_field){id, length}).length == length;
}

bool loom_note_is_good(const char *note, size_t length) {
  return length <= LOOM_NOTE_MAX && (length == 0 || !memchr(note, '\0', length));
}

loom_status loom_columns_find(enum loom_kind kind, const struct loom_csv_row *header,
                              struct loom_columns *columns, loom_error *error) {
  columns->kind = kind;
  columns->field_count = header->count;
  if (!is_text(header->raw, header->raw_length))
    return bad_header(kind, header, "is not a text file", error);
  size_t kept = header->count < LOOM_CSV_FIELDS_MAX ? header->count : LOOM_CSV_FIELDS_MAX;
  for (int c = 0; c < LOOM_COLUMNS_MAX; c++) {
    const struct column *column = &kinds[kind].columns[c];
    char what[80];
    columns->fields[c] = -1;
    if (!column->name)
      continue;
    for (size_t f = 0; f < kept; f++) {
      if (!loom_csv_field_is(header->fields[f], column->name) &&
          !(column->other_name && loom_csv_field_is(header->fields[f], column->other_name)))
        continue;
      if (columns->fields[c] >= 0) {
        snprintf(what, sizeof what, "the header has the column %s twice", column->name);
        return bad_header(kind, header, what, error);
      }
      columns->fields[c] = (int)f;
    }
    if (columns->fields[c] < 0 && !column->optional) {
      snprintf(what, sizeof what, "the header has no column %s", column->name);
      return bad_header(kind, header, what, error);
    }
  }
  return LOOM_OK;
}

/* Every column but store_id is an attribute, whose name is kept as it stands, like its values. */
loom_status loom_attributes_find(const struct loom_csv_row *header, int store_field,
                                 struct loom_id_table *texts, struct loom_attributes *attributes,
                                 loom_error *error) {
  attributes->count = 0;
  if (header->count > LOOM_ATTRIBUTE_NAMES_MAX + 1)
    return bad_header(
        LOOM_ATTRIBUTES, header,
        "the header has more than " LOOM_TEXT_OF(LOOM_ATTRIBUTE_NAMES_MAX) " attributes", error);
  for (size_t f = 0; f < header->count; f++) {
    struct loom_csv_field name = header->fields[f];
    if ((int)f == store_field)
      continue;
    if (name.length < 1 || name.length > LOOM_ATTRIBUTE_NAME_MAX)
      return bad_header(LOOM_ATTRIBUTES, header,
                        "the header has an attribute whose name is not of 1 to " LOOM_TEXT_OF(
                            LOOM_ATTRIBUTE_NAME_MAX) " bytes",
                        error);
    uint32_t number = loom_id_table_put(texts, name.text, name.length);
    if (number == LOOM_NO_NUMBER)
      return loom_no_memory(error);
    for (size_t i = 0; i < attributes->count; i++)
      if (attributes->items[i].name == number)
        return bad_header(LOOM_ATTRIBUTES, header, "the header has an attribute twice", error);
    attributes->items[attributes->count].field = (int)f;
    attributes->items[attributes->count++].name = number;
  }
  return LOOM_OK;
}
