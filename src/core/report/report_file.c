/*
** Writing report files.
*/
#include "report/report_file.h"
#include "base/atomic_file.h"
#include "report/report_csv.h"

#include <string.h>

#define ROWS_TO_A_WRITE 1000

/* Appends rows of either file; false: memory is out. */
static bool put_rows(const struct loom_report_file *file, bool figures, const loom_report *report,
                     size_t first, size_t count, struct loom_text *text) {
  return figures ? loom_report_figures_rows(report, first, count, text)
                 : loom_report_csv_rows(report, file->minutes, file->harmless, first, count, text);
}

static loom_status write_rows(loom_atomic_file *to, const struct loom_report_file *file,
                              bool figures, const loom_report *report, loom_error *error) {
  struct loom_text text = {0};
  loom_status status = LOOM_OK;
  size_t count = loom_report_count(report);
  if (!figures)
    status = loom_atomic_file_write(to, file->header, strlen(file->header), error);
  if (status == LOOM_OK && !figures)
    status = loom_atomic_file_write(to, "\n", 1, error);
  for (size_t first = 0; status == LOOM_OK && first < count; first += ROWS_TO_A_WRITE) {
    size_t rows = count - first < ROWS_TO_A_WRITE ? count - first : ROWS_TO_A_WRITE;
    text.length = 0;
    if (put_rows(file, figures, report, first, rows, &text))
      status = loom_atomic_file_write(to, text.bytes, text.length, error);
    else
      status = loom_no_memory(error);
  }
  loom_text_free(&text);
  return status;
}

static loom_status write_one(const struct loom_report_file *file, bool figures,
                             const loom_report *report, loom_error *error) {
  loom_atomic_file *to;
  loom_status status =
      loom_atomic_file_new(figures ? file->figures_path : file->path, false, &to, error);
  if (status == LOOM_OK)
    status = write_rows(to, file, figures, report, error);
  if (status == LOOM_OK)
    status = loom_atomic_file_commit(to, error);
  loom_atomic_file_free(to);
  return status;
}

loom_status loom_report_file_write(void *context, const loom_report *report, loom_error *error) {
  const struct loom_report_file *file = context;
  loom_status status = LOOM_OK;
  if (file->figures_path)
    status = write_one(file, true, report, error);
  return status == LOOM_OK ? write_one(file, false, report, error) : status;
}
