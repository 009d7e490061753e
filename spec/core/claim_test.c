/*
** Claims of commits, by a clock that goes on where a writer rests.
*/
#include "base/platform.h"
#include "cluster/claim.h"
#include "cluster/ledger.h"
#include "fake_cluster.h"
#include "support.h"

#define OWN 100 /* the ingest that claims */
#define NUMBER 1

static int64_t now;

int64_t __wrap_loom_clock(void);
void __wrap_loom_rest(int64_t milliseconds);

int64_t __wrap_loom_clock(void) {
  return now;
}

void __wrap_loom_rest(int64_t milliseconds) {
  now += milliseconds;
}

static void add_step(struct fake_cluster *fake, const char *step, uint64_t ingest,
                     const char *writer) {
  struct fake_entry entry = {
      .ingest = ingest, .number = NUMBER, .shard = 65535, .day = INT32_MIN, .newest = INT64_MIN};
  snprintf(entry.step, sizeof entry.step, "%s", step);
  snprintf(entry.note, sizeof entry.note, "%s", writer);
  fake->ledger[fake->ledger_count++] = entry;
}

static size_t count_steps(const struct fake_cluster *fake, const char *step) {
  size_t count = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    count += strcmp(fake->ledger[i].step, step) == 0;
  return count;
}

/* Claims beside what another writer, which is dead, has claimed. */
static loom_status claim(struct fake_cluster *fake, loom_error *error) {
  struct loom_conf conf = fake_conf();
  loom_cluster *cluster;
  struct loom_claim own;
  loom_database *head = memory_database();
  now = 0;
  add_step(fake, "claim", 5, "dead");
  assert_status(loom_cluster_new(&conf, fake_asker_new(fake), NULL, &cluster, error), LOOM_OK,
                error);
  assert_status(loom_database_begin_write(head, error), LOOM_OK, error);
  loom_status status = loom_claim(cluster, head, OWN, NUMBER, &own, error);
  loom_error ignored;
  assert_status(loom_database_end_write(head, LOOM_OK, &ignored), LOOM_OK, &ignored);
  loom_database_close(head);
  loom_cluster_free(cluster);
  loom_conf_free(&conf);
  return status;
}

static void waits_for_a_dead_writer_once(void **state) {
  struct fake_cluster *fake = fake_cluster_new();
  loom_error error;
  (void)state;
  assert_status(claim(fake, &error), LOOM_OK, &error);
  assert_int_equal(now, LOOM_CLAIM_WAIT);
  fake_cluster_free(fake);
}

/* One that waited for the dead one, too, claims when that has had its time, and then commits. */
static void claim_at_the_end(struct fake_cluster *fake, unsigned times) {
  (void)times;
  if (now >= LOOM_CLAIM_WAIT - 50 && count_steps(fake, "claim") == 1)
    add_step(fake, "claim", OWN - 1, "alive");
  if (now >= LOOM_CLAIM_WAIT + 1000 && count_steps(fake, "commit") == 0)
    add_step(fake, "commit", OWN - 1, "");
}

static void does_not_take_another_for_dead_with_one_that_is(void **state) {
  struct fake_cluster *fake = fake_cluster_new();
  loom_error error;
  (void)state;
  fake->before_claims = claim_at_the_end;
  claim(fake, &error);
  assert_int_equal(count_steps(fake, "commit"), 1); /* it is there to be seen before the own one */
  assert_in_range(now, LOOM_CLAIM_WAIT + 1000, 2 * LOOM_CLAIM_WAIT);
  fake_cluster_free(fake);
}

/* Or one that began later does. */
static void claim_later_at_the_end(struct fake_cluster *fake, unsigned times) {
  (void)times;
  if (now >= LOOM_CLAIM_WAIT - 50 && count_steps(fake, "claim") == 1)
    add_step(fake, "claim", OWN + 1, "alive");
}

static void gives_way_to_a_later_one_whenever_it_claims(void **state) {
  struct fake_cluster *fake = fake_cluster_new();
  loom_error error;
  (void)state;
  fake->before_claims = claim_later_at_the_end;
  assert_int_equal(claim(fake, &error), LOOM_EBUSY);
  assert_int_equal(count_steps(fake, "commit"), 0);
  fake_cluster_free(fake);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(waits_for_a_dead_writer_once),
      cmocka_unit_test(does_not_take_another_for_dead_with_one_that_is),
      cmocka_unit_test(gives_way_to_a_later_one_whenever_it_claims),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
