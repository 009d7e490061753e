/*
** A cluster's own configuration.
*/
#include "cluster/topology.h"
#include "cluster/row_binary.h"
#include "cluster/sql_text.h"

#include <string.h>

/* SQL has no text that came from outside: the name goes as hexadecimal digits. */
static bool add_hex(struct loom_text *sql, const char *name) {
  bool good = true;
  for (; good && *name; name++)
    good = loom_sql_add(sql, "%02x", (unsigned char)*name);
  return good;
}

static loom_status tell_all(const struct loom_text *answer, loom_topology_fn *tell, void *context,
                            loom_error *error) {
  struct loom_row_reader reader = loom_row_reader_of(answer);
  loom_status status = LOOM_OK;
  while (status == LOOM_OK && loom_row_more(&reader)) {
    size_t length;
    uint32_t shard = loom_row_u32(&reader);
    const char *host = loom_row_string(&reader, &length);
    if (!reader.bad)
      status = tell(context, shard, host, length, error);
  }
  return reader.bad ? loom_fail(error, LOOM_EIO, "the answer of which shards there are is cut off")
                    : status;
}

loom_status loom_topology_read(loom_cluster *cluster, const char *name, loom_topology_fn *tell,
                               void *context, loom_error *error) {
  struct loom_text sql = {0}, answer = {0};
  bool good =
      loom_sql_add(&sql, "SELECT shard_num, host_name FROM clusters WHERE cluster = unhex('") &&
      add_hex(&sql, name) &&
      loom_sql_add(&sql, "') ORDER BY shard_num, replica_num FORMAT RowBinary");
  loom_status status =
      good ? loom_cluster_ask(cluster, 0, &(struct loom_question){.sql = &sql}, &answer, error)
           : loom_no_memory(error);
  if (status == LOOM_OK)
    status = tell_all(&answer, tell, context, error);
  loom_text_free(&sql);
  loom_text_free(&answer);
  return status;
}
