/*
** The yardstick: libcsv alone over a file, with empty callbacks, in one thread.
*/
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK (1 << 20)

static void on_field(void *text, size_t length, void *context) {
  (void)text;
  (void)length;
  (void)context;
}

static void on_row(int end, void *context) {
  (void)end;
  (void)context;
}

int main(int argc, char **argv) {
  struct csv_parser parser;
  size_t size;
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  char *chunk = malloc(CHUNK);
  if (!file || !chunk || csv_init(&parser, 0) != 0)
    return 1;
  while ((size = fread(chunk, 1, CHUNK, file)) > 0)
    if (csv_parse(&parser, chunk, size, on_field, on_row, NULL) != size)
      return 1;
  csv_fini(&parser, on_field, on_row, NULL);
  csv_free(&parser);
  free(chunk);
  fclose(file);
  return 0;
}
