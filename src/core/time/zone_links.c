/*
** The tz database's list of links.
*/
#include "time/zone_links.h"
#include "base/grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATH_SIZE 4096
#define TEXT_MAX (4 << 20) /* bytes: the whole database is 110 KB of text */

/* Reads the file into the links' text, and ends it with a NUL; no text: there is no such file. */
static loom_status read_text(struct loom_zone_links *links, const char *path, loom_error *error) {
  FILE *file = fopen(path, "rbe");
  if (!file)
    return LOOM_OK;
  links->text = malloc(TEXT_MAX + 1);
  size_t size = links->text ? fread(links->text, 1, TEXT_MAX, file) : 0;
  loom_status status = LOOM_OK;
  if (!links->text)
    status = loom_no_memory(error);
  else if (ferror(file))
    status = loom_fail(error, LOOM_EIO, "%.900s: cannot be read", path);
  fclose(file);
  if (status != LOOM_OK)
    return status;
  links->text[size] = '\0';
  char *fitting = realloc(links->text, size + 1);
  if (fitting)
    links->text = fitting;
  return LOOM_OK;
}

/* The next word of a line: what blanks, and the line's end, are around. Advances *text past it. */
static size_t take_word(const char **text, const char **word) {
  *word = *text + strspn(*text, " \t\r");
  size_t length = strcspn(*word, " \t\r\n");
  *text = *word + length;
  return length;
}

/* zic takes any beginning of the word, in any case. */
static bool is_link(const char *word, size_t length) {
  return length >= 1 && length <= 4 && strncasecmp(word, "link", length) == 0;
}

static bool add(struct loom_zone_links *links, size_t *capacity,
                const struct loom_zone_link *link) {
  if (!loom_grow(&links->items, capacity, links->count + 1, sizeof *links->items))
    return false;
  links->items[links->count++] = *link;
  return true;
}

static loom_status find_links(struct loom_zone_links *links, loom_error *error) {
  size_t capacity = 0;
  for (const char *at = links->text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
    const char *keyword;
    struct loom_zone_link link;
    size_t length = take_word(&at, &keyword);
    if (!is_link(keyword, length))
      continue;
    link.target_length = take_word(&at, &link.target);
    link.name_length = take_word(&at, &link.name);
    if (link.target_length && link.name_length && !add(links, &capacity, &link))
      return loom_no_memory(error);
  }
  return LOOM_OK;
}

loom_status loom_zone_links_read(struct loom_zone_links *links, const char *directory,
                                 loom_error *error) {
  static const char *const names[] = {"tzdata.zi", "backward"};
  char path[PATH_SIZE];
  loom_status status = LOOM_OK;
  for (size_t i = 0; i < 2 && status == LOOM_OK && !links->text; i++)
    if (snprintf(path, sizeof path, "%s/%s", directory, names[i]) < (int)sizeof path)
      status = read_text(links, path, error);
  if (status == LOOM_OK && links->text)
    status = find_links(links, error);
  if (status != LOOM_OK)
    loom_zone_links_free(links);
  links->read = status == LOOM_OK;
  return status;
}

const struct loom_zone_link *loom_zone_links_find(const struct loom_zone_links *links,
                                                  const char *name, size_t length) {
  for (size_t i = 0; i < links->count; i++)
    if (links->items[i].name_length == length && memcmp(links->items[i].name, name, length) == 0)
      return &links->items[i];
  return NULL;
}

void loom_zone_links_free(struct loom_zone_links *links) {
  free(links->text);
  free(links->items);
  *links = (struct loom_zone_links){0};
}
