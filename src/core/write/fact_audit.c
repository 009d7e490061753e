/*
** Changes of facts as entries of the audit. Weeks and attributes of a store are collected, since one change sets several; others
** have an entry each.
*/
#include "write/fact_audit.h"
#include "base/grow.h"
#include "write/fact_text.h"

#include <stdlib.h>
#include <string.h>

/*
** Facts in an entry: all attributes that a store may have. Who sets more weeks than this in one go gets an entry to so many; each
** fact looks for its key among them.
*/
#define ITEMS_MAX 256

struct piece {
  size_t at, length;
  bool there;
};

/* A key, and what was and is there. */
struct loom_audited {
  struct piece key, before, after;
};

static bool is_collected(enum loom_fact_kind kind) {
  return kind == LOOM_FACT_WEEK || kind == LOOM_FACT_ATTRIBUTE;
}

/* ---- writing ---- */

/* What surrounds the facts of a kind that is collected. */
static const char *const opens[LOOM_FACT_KINDS] = {
    [LOOM_FACT_WEEK] = "{\"changes\":[", [LOOM_FACT_ATTRIBUTE] = "{\"attributes\":{"};
static const char *const closes[LOOM_FACT_KINDS] = {
    [LOOM_FACT_WEEK] = "]}", [LOOM_FACT_ATTRIBUTE] = "}}"};

static bool is_same(const struct loom_fact_audit *audit, const struct loom_audited *item) {
  const char *bytes = audit->pieces.bytes;
  return item->before.there == item->after.there && item->before.length == item->after.length &&
         memcmp(bytes + item->before.at, bytes + item->after.at, item->before.length) == 0;
}

static const struct piece *side_of(const struct loom_audited *item, bool is_after) {
  return is_after ? &item->after : &item->before;
}

/* Puts one side of the entry; its room is made. */
static void put_side(struct loom_fact_audit *audit, bool is_after) {
  const char *separator = "";
  loom_text_put_string(&audit->entry, opens[audit->kind]);
  for (size_t i = 0; i < audit->count; i++) {
    const struct piece *piece = side_of(&audit->items[i], is_after);
    if (is_same(audit, &audit->items[i]))
      continue;
    loom_text_put_string(&audit->entry, separator);
    loom_text_put(&audit->entry, audit->pieces.bytes + piece->at, piece->length);
    separator = ",";
  }
  loom_text_put_string(&audit->entry, closes[audit->kind]);
}

static const char *kind_name(enum loom_fact_kind kind) {
  static const char *const names[LOOM_FACT_KINDS] = {
      [LOOM_FACT_STORE] = "store",         [LOOM_FACT_ZONE] = "timezone",
      [LOOM_FACT_WEEK] = "hours",          [LOOM_FACT_SPECIAL_DAY] = "special_day",
      [LOOM_FACT_EXCLUSION] = "exclusion", [LOOM_FACT_ATTRIBUTE] = "attributes"};
  return names[kind];
}

static bool fill_entry(struct loom_fact_audit *audit, struct loom_audit_entry *entry) {
  const struct loom_audited *item = &audit->items[0];
  if (!is_collected(audit->kind)) {
    entry->before = item->before.there ? audit->pieces.bytes + item->before.at : NULL;
    entry->before_length = item->before.length;
    entry->after = item->after.there ? audit->pieces.bytes + item->after.at : NULL;
    entry->after_length = item->after.length;
    return true;
  }
  audit->entry.length = 0;
  if (!loom_text_reserve(&audit->entry, audit->pieces.length + audit->count * 2 + 64))
    return false;
  put_side(audit, false);
  entry->before_length = audit->entry.length;
  put_side(audit, true);
  entry->before = audit->entry.bytes;
  entry->after = audit->entry.bytes + entry->before_length;
  entry->after_length = audit->entry.length - entry->before_length;
  return true;
}

static void forget(struct loom_fact_audit *audit) {
  audit->count = 0;
  audit->pieces.length = 0;
}

/* Writes what has been collected. */
static loom_status flush(struct loom_fact_audit *audit, loom_database *database,
                         loom_error *error) {
  struct loom_audit_entry entry = {.author = &audit->author,
                                   .kind = kind_name(audit->kind),
                                   .store = audit->store_length ? audit->store : NULL,
                                   .store_length = audit->store_length,
                                   .total = &audit->total};
  loom_status status = LOOM_OK;
  bool changes = false;
  for (size_t i = 0; i < audit->count && !changes; i++)
    changes = !is_same(audit, &audit->items[i]);
  if (changes && !fill_entry(audit, &entry))
    status = loom_no_memory(error);
  if (changes && status == LOOM_OK)
    status = loom_audit_add(database, &entry, error);
  audit->has_written |= changes;
  forget(audit);
  return status;
}

/* ---- noting ---- */

/* Puts what a fact is told from others of its store and kind by. */
static bool put_key(struct loom_fact_audit *audit, const struct loom_fact *fact,
                    struct piece *key) {
  struct loom_text *text = &audit->pieces;
  const char *bytes = fact->name;
  size_t length = fact->kind == LOOM_FACT_ATTRIBUTE ? fact->name_length : 0;
  int64_t number[2] = {fact->number, 0};
  if (fact->kind == LOOM_FACT_WEEK || fact->kind == LOOM_FACT_SPECIAL_DAY) {
    number[0] = fact->date;
    number[1] = fact->override;
  }
  if (fact->kind != LOOM_FACT_ATTRIBUTE) {
    bytes = (const char *)number;
    length = sizeof number;
  }
  if (!loom_text_reserve(text, length + 1))
    return false;
  *key = (struct piece){.at = text->length, .length = length, .there = true};
  loom_text_put(text, bytes, length);
  return true;
}

/* Puts a side of an item: a fact, or that there is none with the other one's key. */
static bool put_piece(struct loom_fact_audit *audit, const struct loom_fact *fact,
                      const struct loom_fact *other, struct piece *piece) {
  *piece = (struct piece){.at = audit->pieces.length, .there = fact != NULL};
  bool good =
      fact ? loom_fact_put(&audit->pieces, fact) : loom_fact_put_absent(&audit->pieces, other);
  piece->length = audit->pieces.length - piece->at;
  return good;
}

static struct loom_audited *find_item(struct loom_fact_audit *audit, const struct piece *key) {
  const char *bytes = audit->pieces.bytes;
  for (size_t i = audit->count; i-- > 0;) { /* what is set twice is so at once */
    struct loom_audited *item = &audit->items[i];
    if (item->key.length == key->length &&
        memcmp(bytes + item->key.at, bytes + key->at, key->length) == 0)
      return item;
  }
  return NULL;
}

/* Whether a fact may be of the entry that is being collected, as far as its store and kind go. */
static bool is_of_entry(const struct loom_fact_audit *audit, const struct loom_fact *fact) {
  size_t length = fact->store ? fact->store_length : 0;
  return audit->count > 0 && audit->kind == fact->kind && audit->store_length == length &&
         (length == 0 || memcmp(audit->store, fact->store, length) == 0);
}

static void begin_entry(struct loom_fact_audit *audit, const struct loom_fact *fact) {
  audit->kind = fact->kind;
  audit->store_length = fact->store ? fact->store_length : 0;
  if (audit->store_length > sizeof audit->store)
    audit->store_length = sizeof audit->store;
  if (audit->store_length)
    memcpy(audit->store, fact->store, audit->store_length);
}

static bool add_item(struct loom_fact_audit *audit, const struct loom_fact *before,
                     const struct loom_fact *after, struct loom_audited item) {
  if (!loom_grow(&audit->items, &audit->capacity, audit->count + 1, sizeof *audit->items) ||
      !put_piece(audit, before, after, &item.before) ||
      !put_piece(audit, after, before, &item.after))
    return false;
  audit->items[audit->count++] = item;
  return true;
}

loom_status loom_fact_audit_note(struct loom_fact_audit *audit, loom_database *database,
                                 const struct loom_fact *before, const struct loom_fact *after,
                                 loom_error *error) {
  const struct loom_fact *fact = after ? after : before;
  struct loom_audited item = {0}, *known = NULL;
  loom_status status = LOOM_OK;
  bool good = true;
  if (!is_of_entry(audit, fact))
    status = flush(audit, database, error);
  if (status == LOOM_OK)
    good = put_key(audit, fact, &item.key);
  if (status == LOOM_OK && good)
    known = find_item(audit, &item.key);
  if (known) {
    good = put_piece(audit, after, before, &known->after);
  } else if (status == LOOM_OK && good) {
    bool is_full = audit->count >= (is_collected(fact->kind) ? ITEMS_MAX : 1);
    if (is_full)
      status = flush(audit, database, error);
    if (is_full && status == LOOM_OK)
      good = put_key(audit, fact, &item.key);
    if (audit->count == 0)
      begin_entry(audit, fact);
    good = good && (status != LOOM_OK || add_item(audit, before, after, item));
  }
  return status == LOOM_OK && !good ? loom_no_memory(error) : status;
}

/* ---- the whole ---- */

loom_status loom_fact_audit_begin(struct loom_fact_audit *audit, const struct loom_author *author,
                                  loom_error *error) {
  char *signature = malloc(author->by_length + author->reason_length + 1);
  if (!signature)
    return loom_no_memory(error);
  free(audit->signature);
  audit->signature = signature;
  audit->author = loom_author_copy(author, signature);
  audit->has_written = false;
  audit->total.changes = -1;
  forget(audit);
  return LOOM_OK;
}

loom_status loom_fact_audit_end(struct loom_fact_audit *audit, loom_database *database,
                                loom_error *error) {
  loom_status status = flush(audit, database, error);
  return status == LOOM_OK && audit->has_written ? loom_audit_trim(database, error) : status;
}

void loom_fact_audit_free(struct loom_fact_audit *audit) {
  free(audit->signature);
  free(audit->items);
  loom_text_free(&audit->pieces);
  loom_text_free(&audit->entry);
  *audit = (struct loom_fact_audit){0};
}
