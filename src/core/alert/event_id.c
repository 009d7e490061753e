/*
** Ids of alerts.
*/
#include "alert/event_id.h"
#include "base/sha256.h"

/* Crockford's base 32, which leaves out letters that are taken for others. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void loom_alert_id(int64_t instant, const void *bytes, size_t size, char id[LOOM_ALERT_ID_SIZE]) {
  unsigned char digest[LOOM_SHA256_SIZE];
  uint64_t milliseconds = instant > 0 ? (uint64_t)instant / 1000 : 0;
  loom_sha256(bytes, size, digest);
  for (int i = 0; i < 10; i++)
    id[i] = digits[milliseconds >> (45 - 5 * i) & 31];
  for (int i = 0; i < 16; i++)
    id[10 + i] = digits[digest[i] & 31];
  id[LOOM_ALERT_ID_SIZE - 1] = 0;
}
