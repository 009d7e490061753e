/*
** A head and its cluster against a database of its own: what is stored in both reads the same, whatever becomes of servers and
** writers meanwhile; and what does not add up is told, and never read.
*/
#include "cluster/remote_cluster.h"
#include "cluster/care.h"
#include "cluster/flush.h"
#include "cluster/fold.h"
#include "cluster/ledger.h"
#include "cluster/tend.h"
#include "fake_cluster.h"
#include "report/inspect.h"
#include "reports.h"
#include "sqlite/export.h"
#include "sqlite/head.h"
#include "sqlite/info.h"
#include "sqlite/remote.h"
#include "sqlite/shard_plan.h"
#include "sqlite/spooled.h"
#include "write/facts_sqlite.h"
#include "write/poll_write.h"
#include "write/prune.h"
#include "write/sink_sqlite.h"
#include "write/writer.h"

#define HEADER "store_id,status,timestamp_utc\n"

struct fixture {
  struct scratch scratch;
  struct fake_cluster *fake;
  loom_database *head, *other; /* the other one has its polls itself */
};

static loom_status attach(struct fixture *fixture, const char *name, loom_database **head,
                          loom_error *error) {
  struct loom_conf conf = fake_conf();
  *head = open_database(scratch_path(&fixture->scratch, name));
  return loom_remote_attach(*head, &conf, fake_asker_new(fixture->fake), error);
}

static struct fixture begin(void) {
  struct fixture fixture = {.fake = fake_cluster_new(), .other = memory_database()};
  loom_error error;
  scratch_begin(&fixture.scratch);
  assert_status(attach(&fixture, "head.db", &fixture.head, &error), LOOM_OK, &error);
  return fixture;
}

static void end(struct fixture *fixture) {
  loom_database_close(fixture->head);
  loom_database_close(fixture->other);
  fake_cluster_free(fixture->fake);
  scratch_end(&fixture->scratch);
}

/* ---- storing ---- */

/* Stores texts of polls, all in one transaction. */
static loom_status store_texts(loom_database *database, const char *const *texts, size_t count,
                               struct loom_counts *counts, loom_error *error) {
  struct input_file file = small_file(LOOM_POLLS);
  loom_status status = loom_database_begin_write(database, error);
  *counts = (struct loom_counts){0};
  for (size_t i = 0; status == LOOM_OK && i < count; i++) {
    loom_staging *staging =
        stage_bytes(loom_database_zones(database), &file, texts[i], strlen(texts[i]));
    loom_sink *sink = loom_sink_of(database);
    assert_non_null(sink);
    status = apply_in_steps(sink, staging, 7, error);
    status = status == LOOM_DONE ? LOOM_OK : status;
    counts->added += staging->counts.added;
    counts->duplicates += staging->counts.duplicates;
    counts->conflicts += staging->counts.conflicts;
    loom_sink_free(sink);
    loom_staging_free(staging);
  }
  if (status == LOOM_OK)
    return loom_database_commit(database, error);
  loom_database_rollback(database);
  return status;
}

/* Stores them in both, with the same counts. */
static void store_both(struct fixture *fixture, const char *const *texts, size_t count) {
  struct loom_counts here, there;
  loom_error error;
  assert_status(store_texts(fixture->head, texts, count, &here, &error), LOOM_OK, &error);
  assert_status(store_texts(fixture->other, texts, count, &there, &error), LOOM_OK, &error);
  assert_int_equal(here.added, there.added);
  assert_int_equal(here.duplicates, there.duplicates);
  assert_int_equal(here.conflicts, there.conflicts);
}

static void store_one(struct fixture *fixture, const char *text) {
  store_both(fixture, &text, 1);
}

/* Polls of some stores and days, some of them more than once, and some contradicting others. */
static char *some_polls(uint64_t *state, int count) {
  struct buffer text = {0};
  buffer_printf(&text, HEADER);
  for (int i = 0; i < count; i++) {
    char when[LOOM_TIMESTAMP_SIZE];
    int64_t t = instant("2023-01-20 00:00:00") + (int64_t)random_below(state, 12) * 9 * LOOM_HOUR +
                (int64_t)random_below(state, 4) * LOOM_MINUTE;
    when[loom_format_timestamp(t, when)] = '\0';
    buffer_printf(&text, "shop %d,%s,%s\n", (int)random_below(state, 23),
                  random_below(state, 3) ? "active" : "inactive", when);
  }
  return text.bytes;
}

/* ---- reading ---- */

static loom_status report_of_some(loom_database *database, const struct loom_selection *selection,
                                  size_t windows, bool around, struct buffer *out,
                                  loom_error *error) {
  struct loom_report_options options = default_options();
  options.selection = *selection;
  options.window_count = windows;
  loom_report *report;
  if (around)
    assert_true(loom_rules_preset("monitoring", &options.rules));
  loom_source *source = loom_source_of(database, false);
  assert_non_null(source);
  loom_status status =
      start_report(&options, source, loom_database_zones(database), &report, error);
  if (status == LOOM_OK)
    status = wait_for(report, error);
  if (status == LOOM_DONE)
    put_report(out, report);
  loom_report_free(report);
  loom_source_free(source);
  return status;
}

/* Of the stores of a shard, from 1; 0: of all. */
static loom_status report_of_shard(loom_database *database, unsigned shard, bool around,
                                   struct buffer *out, loom_error *error) {
  struct loom_selection selection = {0};
  if (shard) {
    selection.shards = FAKE_SHARDS;
    selection.shard = shard - 1;
  }
  return report_of_some(database, &selection, 3, around, out, error);
}

static loom_status report_of(loom_database *database, bool around, struct buffer *out,
                             loom_error *error) {
  return report_of_shard(database, 0, around, out, error);
}

static struct buffer export_of(loom_database *database) {
  loom_error error;
  loom_export *export;
  loom_status status;
  struct buffer out = {0};
  const char *text;
  size_t length;
  assert_status(loom_export_new(database, LOOM_POLLS, &export, &error), LOOM_OK, &error);
  while ((status = loom_export_next(export, &text, &length, &error)) == LOOM_OK)
    buffer_put(&out, text, length);
  assert_status(status, LOOM_DONE, &error);
  loom_export_free(export);
  return out;
}

static void assert_same_reports(struct fixture *fixture) {
  loom_error error;
  struct buffer exported = export_of(fixture->head), expected = export_of(fixture->other);
  assert_buffer_equal(&exported, &expected);
  buffer_free(&exported);
  buffer_free(&expected);
  for (int around = 0; around < 2; around++) {
    struct buffer here = {0}, there = {0};
    assert_status(report_of(fixture->head, around, &here, &error), LOOM_DONE, &error);
    assert_status(report_of(fixture->other, around, &there, &error), LOOM_DONE, &error);
    assert_buffer_equal(&here, &there);
    buffer_free(&here);
    buffer_free(&there);
  }
  struct loom_info here, there;
  assert_status(loom_info_read(fixture->head, &here, &error), LOOM_OK, &error);
  assert_status(loom_info_read(fixture->other, &there, &error), LOOM_OK, &error);
  assert_int_equal(here.polls, there.polls);
  assert_int_equal(here.days, there.days);
  assert_int_equal(here.polled_stores, there.polled_stores);
  assert_int_equal(here.first_poll, there.first_poll);
  assert_int_equal(here.newest_poll, there.newest_poll);
}

static void assert_no_report(struct fixture *fixture, loom_status code, const char *words) {
  loom_error error;
  struct buffer out = {0};
  assert_int_equal(report_of(fixture->head, false, &out, &error), code);
  if (!strstr(error.message, words))
    fail_msg("%s", error.message);
  buffer_free(&out);
}

/* ---- what is stored ---- */

static void stores_what_a_database_does(void **state) {
  struct fixture fixture = begin();
  uint64_t seed = 7;
  (void)state;
  for (int i = 0; i < 6; i++) {
    char *texts[3];
    for (int j = 0; j < 3; j++)
      texts[j] = some_polls(&seed, 40 + 60 * (i % 2));
    store_both(&fixture, (const char *const *)texts, (size_t)(1 + i % 3));
    for (int j = 0; j < 3; j++)
      free(texts[j]);
    assert_same_reports(&fixture);
  }
  end(&fixture);
}

static void keeps_nothing_of_what_is_not_committed(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  struct input_file file = small_file(LOOM_POLLS);
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\nb,inactive,2023-01-25 10:00:00\n");
  static const char lost[] =
      HEADER "a,inactive,2023-01-25 10:00:00\nc,active,2023-01-26 09:00:00\n";
  loom_staging *staging = stage_bytes(loom_database_zones(fixture.head), &file, lost, strlen(lost));
  loom_sink *sink = loom_sink_of(fixture.head);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  loom_sink_abandon(sink);
  assert_same_reports(&fixture);
  store_one(&fixture, HEADER "b,active,2023-01-25 11:00:00\n"); /* of a later ingest */
  assert_same_reports(&fixture);
  loom_sink_free(sink);
  loom_staging_free(staging);
  const char *text = HEADER "a,active,2023-01-25 10:00:00\n";
  assert_status(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_OK, &error);
  assert_int_equal(counts.duplicates, 1);
  end(&fixture);
}

/* Another writer, thought to be dead, whose commit was on its way. */
static void commit_late(struct fake_cluster *fake) {
  uint64_t ingest = 1, number = 0;
  while (fake_holding(fake, number + 1))
    number++;
  fake->ledger[fake->ledger_count++] =
      (struct fake_entry){.ingest = ingest, .step = "begin", .shard = 65535, .day = INT32_MIN};
  fake->ledger[fake->ledger_count++] = (struct fake_entry){
      .ingest = ingest, .number = number + 1, .step = "commit", .shard = 65535, .day = INT32_MIN};
}

static void does_not_see_a_commit_that_came_too_late(void **state) {
  struct fixture fixture = begin();
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->before_commit = commit_late;
  store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
  assert_same_reports(&fixture);
  store_one(&fixture, HEADER "b,inactive,2023-01-25 10:10:00\n");
  assert_same_reports(&fixture);
  end(&fixture);
}

/* Another writer, which looked for commits when this one did, and began later. */
static void commit_over(struct fake_cluster *fake) {
  uint64_t ingest = 0, number = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    ingest = fake->ledger[i].ingest > ingest ? fake->ledger[i].ingest : ingest;
  while (fake_holding(fake, number + 1))
    number++;
  fake->ledger[fake->ledger_count++] =
      (struct fake_entry){.ingest = ingest + 1, .step = "begin", .shard = 65535, .day = INT32_MIN};
  fake->ledger[fake->ledger_count++] =
      (struct fake_entry){.ingest = ingest + 1, .step = "part", .newest = INT64_MIN};
  fake->ledger[fake->ledger_count++] = (struct fake_entry){.ingest = ingest + 1,
                                                           .number = number + !fake->is_over,
                                                           .step = "commit",
                                                           .shard = 65535,
                                                           .day = INT32_MIN};
}

static void is_not_done_where_another_commit_holds(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->before_commit = commit_over;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EBUSY);
  assert_string_equal(error.message,
                      "commit 2 of another writer came to the cluster meanwhile: try again");
  assert_same_reports(&fixture);
  store_one(&fixture, text);
  assert_int_equal(fake_holding(fixture.fake, 3) > 0, true);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- claims ---- */

static void add_step(struct fake_cluster *fake, const char *step, uint64_t ingest,
                     uint64_t number) {
  struct fake_entry entry = {
      .ingest = ingest, .number = number, .shard = 65535, .day = INT32_MIN, .note = "another"};
  snprintf(entry.step, sizeof entry.step, "%s", step);
  fake->ledger[fake->ledger_count++] = entry;
}

static size_t count_steps(const struct fake_cluster *fake, const char *step) {
  size_t count = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    count += strcmp(fake->ledger[i].step, step) == 0;
  return count;
}

/* One that began later claims the number at the same time. */
static void claim_later(struct fake_cluster *fake, unsigned times) {
  if (times == 2)
    add_step(fake, "claim", UINT64_C(1) << 60, 2);
}

static void gives_way_to_a_later_claim(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->claims_told = 0;
  fixture.fake->before_claims = claim_later;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EBUSY);
  assert_string_equal(error.message, "another writer is about to commit to the cluster: try again");
  assert_int_equal(count_steps(fixture.fake, "withdrawn"), 1);
  assert_int_equal(count_steps(fixture.fake, "commit"), 1);
  assert_same_reports(&fixture);
  fixture.fake->before_claims = NULL;
  add_step(fixture.fake, "withdrawn", UINT64_C(1) << 60, 2);
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* One that began before has claimed the number, and takes that back, as it sees the later claim. */
static void claim_and_withdraw(struct fake_cluster *fake, unsigned times) {
  if (times == 2)
    add_step(fake, "claim", 5, 2);
  if (times == 3)
    add_step(fake, "withdrawn", 5, 2);
}

static void waits_for_an_earlier_claim(void **state) {
  struct fixture fixture = begin();
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->claims_told = 0;
  fixture.fake->before_claims = claim_and_withdraw;
  store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
  assert_int_equal(fixture.fake->claims_told, 3);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* Or commits. */
static void claim_and_commit(struct fake_cluster *fake, unsigned times) {
  static uint64_t ingest;
  if (times == 1) {
    ingest = fake->ledger[fake->ledger_count - 1].ingest - 1; /* this one has begun */
    add_step(fake, "begin", ingest, 0);
    add_step(fake, "claim", ingest, 2);
  }
  if (times == 2) {
    fake->ledger[fake->ledger_count++] =
        (struct fake_entry){.ingest = ingest, .step = "part", .newest = INT64_MIN};
    add_step(fake, "commit", ingest, 2);
  }
}

static void gives_up_where_an_earlier_claim_comes_to_a_commit(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->claims_told = 0;
  fixture.fake->before_claims = claim_and_commit;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EBUSY);
  assert_int_equal(count_steps(fixture.fake, "commit"), 2);
  fixture.fake->before_claims = NULL;
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* A writer of this head that was killed cannot commit any more: its claim is not waited for. */
static void claim_as_this_head(struct fake_cluster *fake, unsigned times) {
  for (size_t i = 0; times == 1 && i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "claim") == 0) {
      struct fake_entry again = fake->ledger[i];
      again.number = 2;
      fake->ledger[fake->ledger_count++] = again;
      break;
    }
}

static void does_not_wait_for_its_own_dead(void **state) {
  struct fixture fixture = begin();
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->claims_told = 0;
  fixture.fake->before_claims = claim_as_this_head;
  store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
  assert_int_equal(fixture.fake->claims_told, 2);
  assert_int_equal(count_steps(fixture.fake, "claim"), 3);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void reads_anew_where_its_commit_does_not_hold(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-26 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  assert_status(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_OK, &error);
  fixture.fake->is_over = true;
  commit_over(fixture.fake);
  assert_no_report(&fixture, LOOM_EBUSY, "commit 2 of another writer took the place");
  loom_database_close(fixture.head);
  assert_status(attach(&fixture, "head.db", &fixture.head, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* As they were before heads knew which commit it is that has a number. */
static void completes_an_older_head(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  assert_status(loom_database_begin_write(fixture.head, &error), LOOM_OK, &error);
  assert_status(
      loom_database_execute(
          fixture.head, "UPDATE service SET value = 'polls 2 1' WHERE name = 'cluster'", &error),
      LOOM_OK, &error);
  assert_status(loom_database_commit(fixture.head, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
  assert_same_reports(&fixture);
  assert_rows(fixture.head, "SELECT value LIKE 'polls 2 2 % %' FROM service WHERE name = 'cluster'",
              "1:1 \n");
  end(&fixture);
}

static void refuses_what_another_writer_overtook(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  loom_database *second;
  struct input_file file = small_file(LOOM_POLLS);
  static const char mine[] = HEADER "a,active,2023-01-25 10:00:00\n";
  const char *theirs = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,inactive,2023-01-25 09:00:00\n");
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  loom_staging *staging = stage_bytes(loom_database_zones(fixture.head), &file, mine, strlen(mine));
  loom_sink *sink = loom_sink_of(fixture.head);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  assert_status(store_texts(second, &theirs, 1, &counts, &error), LOOM_OK, &error);
  assert_int_equal(loom_sink_commit(sink, &error), LOOM_EBUSY);
  assert_non_null(strstr(error.message, "commit 2 of another writer"));
  assert_status(loom_sink_begin(sink, &error), LOOM_OK,
                &error); /* the staging can be stored again */
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  const char *both[] = {theirs, mine};
  assert_status(store_texts(fixture.other, both, 2, &counts, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  loom_sink_free(sink);
  loom_staging_free(staging);
  loom_database_close(second);
  end(&fixture);
}

/* ---- one shard's stores ---- */

/* How many of the lines of a text, but for its first one, are among those of another. */
static size_t count_lines(const struct buffer *lines, const struct buffer *among) {
  size_t count = 0;
  const char *at = strchr(lines->bytes, '\n') + 1;
  for (const char *stop; (stop = strchr(at, '\n')); at = stop + 1) {
    char *line = strndup(at - 1, (size_t)(stop - at) + 2);
    assert_non_null(strstr(among->bytes, line));
    free(line);
    count++;
  }
  return count;
}

static void fill(struct fixture *fixture);

static void measures_a_shard_by_itself(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  (void)state;
  fill(&fixture);
  for (int around = 0; around < 2; around++) {
    struct buffer all = {0};
    size_t count = 0;
    assert_status(report_of(fixture.head, around, &all, &error), LOOM_DONE, &error);
    for (unsigned shard = 1; shard <= FAKE_SHARDS; shard++) {
      struct buffer own = {0};
      assert_status(report_of_shard(fixture.head, shard, around, &own, &error), LOOM_DONE, &error);
      count += count_lines(&own, &all);
      buffer_free(&own);
    }
    assert_int_equal(count, count_lines(&all, &all));
    buffer_free(&all);
  }
  end(&fixture);
}

static void asks_no_shard_for_what_another_has(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  struct buffer own = {0};
  (void)state;
  fill(&fixture);
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->dead[1][i] = true;
  assert_status(report_of_shard(fixture.head, 1, true, &own, &error), LOOM_DONE, &error);
  assert_int_equal(report_of_shard(fixture.head, 2, true, &own, &error), LOOM_EUNREACHABLE);
  for (int i = 0; i < FAKE_REPLICAS; i++) {
    fixture.fake->dead[1][i] = false;
    fixture.fake->blocks[1][fixture.fake->block_count[1] - 1].polls[0] ^= 1;
  }
  assert_status(report_of_shard(fixture.head, 1, false, &own, &error), LOOM_DONE, &error);
  assert_int_equal(report_of_shard(fixture.head, 2, false, &own, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "does not add up"));
  buffer_free(&own);
  end(&fixture);
}

/* ---- what workers are asked for ---- */

static loom_status check_plan(loom_database *head, uint64_t number, uint64_t ingest,
                              loom_error *error) {
  assert_status(loom_database_begin_read(head, error), LOOM_OK, error);
  loom_status status = loom_shard_plan_check(head, number, ingest, error);
  loom_database_end_read(head);
  return status;
}

static void plans_what_each_shard_has(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  struct loom_shard_plan plan, some;
  struct loom_selection selection = {0};
  static const char *const globs[] = {"shop 1*"};
  const int64_t as_of = instant("2023-01-24 00:00:00");
  (void)state;
  assert_int_equal(loom_shard_plan_make(fixture.head, &selection, FAKE_SHARDS, NULL, &plan, &error),
                   LOOM_EEMPTY);
  fill(&fixture);
  assert_status(loom_shard_plan_make(fixture.head, &selection, FAKE_SHARDS, NULL, &plan, &error),
                LOOM_OK, &error);
  assert_int_equal(plan.number, 3);
  assert_int_equal(plan.counts[0] + plan.counts[1], 23);
  assert_in_range(plan.counts[0], 11, 12);
  selection = (struct loom_selection){.globs = globs, .glob_count = 1};
  assert_status(loom_shard_plan_make(fixture.head, &selection, FAKE_SHARDS, &as_of, &some, &error),
                LOOM_OK, &error);
  assert_int_equal(some.as_of, as_of);
  assert_int_equal(some.counts[0] + some.counts[1], 11);
  assert_status(check_plan(fixture.head, plan.number, plan.ingest, &error), LOOM_OK, &error);
  assert_int_equal(check_plan(fixture.head, plan.number + 1, plan.ingest, &error), LOOM_EBUSY);
  assert_int_equal(check_plan(fixture.head, plan.number, plan.ingest + 1, &error), LOOM_EBUSY);
  assert_non_null(strstr(error.message, "the head is at commit 3"));
  end(&fixture);
}

/* ---- servers that are not as they should be ---- */

static void fill(struct fixture *fixture) {
  uint64_t seed = 3;
  for (int i = 0; i < 3; i++) {
    char *text = some_polls(&seed, 200);
    store_one(fixture, text);
    free(text);
  }
}

static void reads_of_a_replica_that_has_all(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  fixture.fake->dead[0][0] = true;
  fixture.fake->lags[1][0] = 5;
  fixture.fake->lags[1][1] = 1;
  assert_same_reports(&fixture);
  fixture.fake->lags[1][2] = 1;
  assert_no_report(&fixture, LOOM_EIO, "and no other replica has all");
  end(&fixture);
}

/* What a writer does not see it counts wrong, and its own it would not find. */
static void writes_by_a_replica_that_has_all(void **state) {
  struct fixture fixture = begin();
  uint64_t seed = 5;
  (void)state;
  fill(&fixture);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      fixture.fake->lags[i][j] = (size_t)(1 + i + j);
  char *text = some_polls(&seed, 200);
  const char *texts[] = {text, HEADER "shop 5,inactive,2023-01-20 00:00:00\n", text};
  store_both(&fixture, texts, 3);
  free(text);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* A day of which nothing was committed, by a writer that gave up. */
static void takes_nothing_for_known_that_is_not_committed(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  struct input_file file = small_file(LOOM_POLLS);
  static const char lost[] = HEADER "a,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-20 10:00:00\n");
  loom_staging *staging = stage_bytes(loom_database_zones(fixture.head), &file, lost, strlen(lost));
  loom_sink *sink = loom_sink_of(fixture.head);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  loom_sink_abandon(sink);
  store_one(&fixture, HEADER "a,active,2023-01-21 10:00:00\n");
  const char *texts[] = {HEADER "a,inactive,2023-01-25 09:00:00\n", lost};
  store_both(&fixture, texts, 2);
  assert_same_reports(&fixture);
  loom_sink_free(sink);
  loom_staging_free(staging);
  end(&fixture);
}

static void never_takes_a_part_for_the_whole(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->cuts[1][i] = 1;
  assert_no_report(&fixture, LOOM_EIO, "the answer is cut off");
  struct fake_block *last = &fixture.fake->blocks[1][fixture.fake->block_count[1] - 1];
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->cuts[1][i] =
        8 + 4 + 8 + 2 + 1 + 8 * last->count; /* a row: what is left is whole */
  assert_no_report(&fixture, LOOM_EIO, "does not add up");
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->cuts[1][i] = 0;
  last->polls[0] ^= 1; /* as many, but others */
  assert_no_report(&fixture, LOOM_EIO, "does not add up");
  last->polls[0] ^= 1;
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- days that go while they are read ---- */

static unsigned gone_at; /* when polls are asked for so often all that there is has gone */

static void go(struct fake_cluster *fake, unsigned times) {
  if (times != gone_at)
    return;
  for (int i = 0; i < FAKE_SHARDS; i++)
    for (int j = 0; j < FAKE_REPLICAS; j++)
      fake->lags[i][j] = fake->block_count[i];
}

enum { ALL, SOME, EXPORT, ONE, READINGS };

static loom_status export_some(loom_database *head, struct buffer *out, loom_error *error) {
  const char *text;
  size_t length;
  loom_export *export;
  loom_status status = loom_export_new(head, LOOM_POLLS, &export, error);
  while (status == LOOM_OK && (status = loom_export_next(export, &text, &length, error)) == LOOM_OK)
    buffer_put(out, text, length);
  loom_export_free(export);
  return status;
}

static loom_status inspect_one(loom_database *head, loom_error *error) {
  struct loom_inspect_options options = {
      .id = "shop 7", .id_length = 6, .window = standard[0], .default_zone = "UTC"};
  struct loom_inspection in;
  assert_true(loom_rules_preset("monitoring", &options.rules));
  loom_source *source = loom_source_of(head, true);
  assert_non_null(source);
  loom_status status = loom_inspect(&options, source, loom_database_zones(head), &in, error);
  loom_inspection_free(&in);
  loom_source_free(source);
  return status == LOOM_OK ? LOOM_DONE : status;
}

/* By the last hour of all stores or of one, which need polls of other days, too. */
static loom_status read_as(loom_database *head, int reading, struct buffer *out,
                           loom_error *error) {
  struct loom_id_table ids;
  if (reading == ONE)
    return inspect_one(head, error);
  loom_id_table_init(&ids);
  loom_id_table_put(&ids, "shop 7", 6);
  const struct loom_selection some = {.ids = reading == SOME ? &ids : NULL};
  loom_status status = reading == EXPORT ? export_some(head, out, error)
                                         : report_of_some(head, &some, 1, true, out, error);
  loom_id_table_free(&ids);
  return status;
}

static void never_takes_what_has_gone_for_none(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  for (int reading = 0; reading < READINGS; reading++) {
    unsigned failed = 0;
    loom_status status = LOOM_EIO;
    for (gone_at = 1; status != LOOM_DONE; gone_at++) {
      struct buffer out = {0};
      loom_error error;
      fixture.fake->polls_told = 0;
      fixture.fake->before_polls = go;
      status = read_as(fixture.head, reading, &out, &error);
      bool is_gone = fixture.fake->polls_told >= gone_at;
      fixture.fake->before_polls = NULL;
      memset(fixture.fake->lags, 0, sizeof fixture.fake->lags);
      assert_true(is_gone || status == LOOM_DONE);
      if (is_gone)
        assert_int_equal(status, LOOM_EIO);
      failed += status != LOOM_DONE;
      buffer_free(&out);
    }
    assert_true(failed);
  }
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- answers that are lost ---- */

/* Replicas are asked until so many seconds have passed, at least once. */
static struct fixture begin_with(bool of_one, unsigned patience) {
  struct fixture fixture = {.fake = fake_cluster_new(), .other = memory_database()};
  struct loom_conf conf = of_one ? fake_conf_of_one() : fake_conf();
  loom_error error;
  conf.patience = patience;
  scratch_begin(&fixture.scratch);
  fixture.head = open_database(scratch_path(&fixture.scratch, "head.db"));
  assert_status(loom_remote_attach(fixture.head, &conf, fake_asker_new(fixture.fake), &error),
                LOOM_OK, &error);
  return fixture;
}

static void lose_commit(struct fake_cluster *fake) {
  fake->loses[0] = 1;
}

static void lose_all_of_commit(struct fake_cluster *fake) {
  fake->loses[0] = FAKE_REPLICAS;
}

static void is_done_where_the_commit_is_there(void **state) {
  (void)state;
  for (int of_one = 0; of_one < 2; of_one++) {
    struct fixture fixture = begin_with(of_one, 0);
    store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
    fixture.fake->before_commit = of_one ? lose_commit : lose_all_of_commit;
    store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
    assert_same_reports(&fixture);
    end(&fixture);
  }
}

static void says_where_it_is_not_known_whether_it_is_done(void **state) {
  struct fixture fixture = begin_with(false, 0);
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->before_commit = lose_all_of_commit;
  fixture.fake->dies = true;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EIO);
  assert_non_null(strstr(error.message,
                         "it is not known whether the polls came to the cluster; load them again, "
                         "which counts nothing twice: shard 1 does not answer: "));
  memset(fixture.fake->dead, false, sizeof fixture.fake->dead);
  assert_status(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_OK, &error);
  assert_int_equal(counts.added, 0);
  assert_int_equal(counts.duplicates, 1);
  assert_status(store_texts(fixture.other, &text, 1, &counts, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void has_a_commit_once_that_is_there_twice(void **state) {
  (void)state;
  for (int of_one = 0; of_one < 2; of_one++) {
    struct fixture fixture = begin_with(of_one, 60);
    uint64_t seed = 3;
    for (int i = 0; i < 3; i++) {
      char *text = some_polls(&seed, 60);
      fixture.fake->before_commit = i == 1 ? lose_commit : NULL;
      store_one(&fixture, text);
      free(text);
      assert_same_reports(&fixture);
    }
    end(&fixture);
  }
}

static void keeps_nothing_of_blocks_that_may_be_there_twice(void **state) {
  struct fixture fixture = begin_with(true, 60);
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "a,active,2023-01-25 10:00:00\nb,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,inactive,2023-01-24 10:00:00\n");
  fixture.fake->loses[1] = 1;
  size_t count = fixture.fake->block_count[1];
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EIO);
  assert_string_equal(error.message,
                      "shard 2, http://127.0.0.1:10: Timeout was reached; it has no "
                      "other replica, and is not sent twice what it may have: try "
                      "again");
  assert_int_equal(fixture.fake->block_count[1], count + 1);
  assert_same_reports(&fixture);
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- heads ---- */

static void brings_another_head_up(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  loom_database *second;
  (void)state;
  fill(&fixture);
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  loom_database *first = fixture.head;
  fixture.head = second;
  assert_same_reports(&fixture);
  assert_rows(second, "SELECT value LIKE 'polls 2 3 % %' FROM service WHERE name = 'cluster'",
              "1:1 \n");
  store_one(&fixture, HEADER "shop 5,active,2023-02-01 10:00:00\nnew,active,2023-02-01 11:00:00\n");
  fixture.head = first; /* which has not heard of it */
  loom_database *third;
  loom_database_close(first);
  assert_status(attach(&fixture, "head.db", &third, &error), LOOM_OK, &error);
  fixture.head = third;
  assert_same_reports(&fixture);
  loom_database_close(second);
  end(&fixture);
}

static void refuses_heads_of_others(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  static const char one[] = "loom cluster 1\ndatabase polls\nhead h\nshard http://127.0.0.1:00\n";
  struct loom_conf conf;
  struct buffer out = {0};
  (void)state;
  fill(&fixture);
  assert_status(loom_conf_parse("c", one, strlen(one), &conf, &error), LOOM_OK, &error);
  assert_int_equal(loom_remote_attach(fixture.head, &conf, fake_asker_new(fixture.fake), &error),
                   LOOM_EINVAL);
  assert_non_null(strstr(error.message, "in 2 shards, and this is polls in 1"));
  conf = fake_conf();
  assert_int_equal(loom_remote_attach(fixture.other, &conf, fake_asker_new(fixture.fake), &error),
                   LOOM_EINVAL);
  assert_non_null(strstr(error.message, "has polls of its own"));
  /* the file by itself has no polls, and says so */
  loom_database *alone = open_database(scratch_path(&fixture.scratch, "head.db"));
  assert_int_equal(report_of(alone, false, &out, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "the polls are in a cluster"));
  const char *text = HEADER "a,active,2023-01-25 10:00:00\n";
  struct loom_counts counts;
  assert_int_equal(store_texts(alone, &text, 1, &counts, &error), LOOM_EINVAL);
  buffer_free(&out);
  loom_database_close(alone);
  end(&fixture);
}

static void identify(struct fake_cluster *fake) {
  struct loom_conf conf = fake_conf();
  loom_cluster *cluster;
  loom_error error;
  assert_status(loom_cluster_new(&conf, fake_asker_new(fake), NULL, &cluster, &error), LOOM_OK,
                &error);
  assert_status(loom_ledger_identify(cluster, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
  loom_conf_free(&conf);
}

static void tells_clusters_of_one_name_apart(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  loom_database *other;
  struct fake_cluster *old = fixture.fake, *new = fake_cluster_new();
  static const char identity[] =
      "SELECT length(value) FROM service WHERE name = 'cluster' AND "
      "value NOT LIKE '% -'";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  assert_rows(fixture.head, identity, "");
  identify(old); /* one that was made before there were identities */
  identify(old);
  assert_int_equal(old->ledger_count,
                   6); /* begin, parts of a day and of the roster, claim, commit */
  char own[sizeof old->ledger[5].note];
  memcpy(own, old->ledger[5].note, sizeof own);
  assert_int_equal(strlen(own), 32);
  store_one(&fixture, HEADER "b,active,2023-01-25 10:00:00\n");
  char kept[192];
  snprintf(kept, sizeof kept,
           "SELECT value LIKE 'polls 2 2 %% %s' FROM service WHERE name = 'cluster'", own);
  assert_rows(fixture.head, kept, "1:1 \n");
  identify(new);
  for (size_t i = 0; i < old->ledger_count; i++)
    if (strcmp(old->ledger[i].step, "identity") != 0)
      new->ledger[new->ledger_count++] = old->ledger[i];
  fixture.fake = new;
  assert_int_equal(attach(&fixture, "head.db", &other, &error), LOOM_EINVAL);
  assert_non_null(strstr(error.message, "is the head of another cluster of the same name"));
  loom_database_close(other);
  fixture.fake = old;
  assert_status(attach(&fixture, "head.db", &other, &error), LOOM_OK, &error);
  loom_database_close(other);
  fake_cluster_free(new);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- care ---- */

/* Of how many rows the roster was written anew that were superseded. */
static uint64_t compact_roster(struct fixture *fixture, uint64_t least, uint64_t expected) {
  loom_error error;
  loom_cluster *cluster;
  struct loom_compacted compacted;
  assert_status(loom_remote_open(fixture->head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_care_compact(fixture->head, cluster, least, &compacted, &error), LOOM_OK,
                &error);
  assert_int_equal(compacted.days, expected);
  return compacted.entries;
}

static void compact(struct fixture *fixture, uint64_t expected) {
  assert_int_equal(compact_roster(fixture, 0, expected), 0);
}

static void count_problem(void *context, const char *problem) {
  int *count = context;
  (void)problem;
  ++*count;
}

static void assert_problems(struct fixture *fixture, int expected) {
  loom_error error;
  loom_remote *remote = loom_database_remote(fixture->head);
  int count = 0;
  assert_status(remote->type->check(remote, count_problem, &count, &error), LOOM_OK, &error);
  assert_int_equal(count, expected);
}

static void writes_days_anew(void **state) {
  struct fixture fixture = begin();
  uint64_t seed = 11;
  (void)state;
  fill(&fixture);
  assert_problems(&fixture, 0);
  compact(&fixture, 5);
  assert_problems(&fixture, 0);
  assert_same_reports(&fixture);
  compact(&fixture, 0);
  char *text = some_polls(&seed, 100);
  store_one(&fixture, text);
  free(text);
  assert_same_reports(&fixture);
  compact(&fixture, 5);
  assert_same_reports(&fixture);
  fixture.fake->lags[0][2] = 1;
  fixture.fake->dead[1][1] = true;
  assert_problems(&fixture, 3); /* of polls, of the roster, and of the other shard */
  end(&fixture);
}

static uint64_t drop(struct fixture *fixture, int64_t age) {
  loom_error error;
  loom_cluster *cluster;
  uint64_t dropped;
  assert_status(loom_remote_open(fixture->head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_care_drop(cluster, age, &dropped, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
  return dropped;
}

static size_t count_of_blocks(const struct fixture *fixture) {
  return fixture->fake->block_count[0] + fixture->fake->block_count[1];
}

static void take_over(loom_database *head) {
  loom_error error;
  loom_cluster *cluster;
  assert_status(loom_remote_open(head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_care_take_over(head, cluster, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
}

static void is_written_by_its_owner_alone(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  loom_database *second, *first = fixture.head;
  const char *text = HEADER "a,active,2023-01-26 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  take_over(first);
  store_one(&fixture, HEADER "a,active,2023-01-25 11:00:00\n");
  assert_int_equal(store_texts(second, &text, 1, &counts, &error), LOOM_EOWNER);
  assert_string_equal(error.message,
                      "head.db: another head alone writes to this cluster, until "
                      "loom cluster take-over has this one do so");
  take_over(second);
  assert_int_equal(store_texts(first, &text, 1, &counts, &error), LOOM_EOWNER);
  fixture.head = second;
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  take_over(first);
  take_over(first);
  fixture.head = first;
  store_one(&fixture, HEADER "a,active,2023-01-25 13:00:00\n");
  assert_same_reports(&fixture);
  loom_database_close(second);
  end(&fixture);
}

static void drops_what_was_replaced(void **state) {
  struct fixture fixture = begin();
  uint64_t seed = 13;
  (void)state;
  fill(&fixture);
  struct loom_database *behind;
  loom_error error;
  assert_status(attach(&fixture, "behind.db", &behind, &error), LOOM_OK, &error);
  size_t before = count_of_blocks(&fixture);
  assert_int_equal(drop(&fixture, 0), 0);
  compact(&fixture, 5);
  size_t both = count_of_blocks(&fixture);
  assert_true(both > before);
  assert_int_equal(drop(&fixture, 3600), 0); /* reports of before may read it still */
  assert_int_equal(count_of_blocks(&fixture), both);
  assert_int_equal(drop(&fixture, 0), 10); /* two shards */
  assert_int_equal(count_of_blocks(&fixture), both - before);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  loom_database *head = fixture.head;
  fixture.head = behind;
  assert_no_report(&fixture, LOOM_EIO, "blocks of commit 3, and no other replica has all");
  loom_database_close(behind);
  assert_status(attach(&fixture, "behind.db", &fixture.head, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  loom_database_close(fixture.head);
  fixture.head = head;
  for (int i = 0; i < 4; i++) {
    char *text = some_polls(&seed, 50);
    store_one(&fixture, text);
    free(text);
    assert_same_reports(&fixture);
  }
  compact(&fixture, 5);
  assert_int_equal(drop(&fixture, 0), 10);
  assert_int_equal(drop(&fixture, 0), 0);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* ---- folds ---- */

static uint64_t fold(struct fixture *fixture) {
  loom_error error;
  loom_cluster *cluster;
  uint64_t rows;
  assert_status(loom_remote_open(fixture->head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_fold(cluster, 1, &rows, &error), LOOM_OK, &error);
  loom_cluster_free(cluster);
  return rows;
}

static void reopen(struct fixture *fixture, loom_database **head, const char *name) {
  loom_error error;
  loom_database_close(*head);
  assert_status(attach(fixture, name, head, &error), LOOM_OK, &error);
}

/* Whatever is done by turns, and whatever head is asked that was away since. */
static void reads_the_same_when_the_ledger_is_folded(void **state) {
  static const char *const names[] = {"head.db", "second.db"};
  struct fixture fixture = begin();
  uint64_t seed = 17;
  loom_database *heads[2] = {fixture.head}, *old;
  loom_error error;
  size_t folds = 0, at = 0;
  (void)state;
  fill(&fixture);
  assert_status(attach(&fixture, names[1], &heads[1], &error), LOOM_OK, &error);
  assert_status(attach(&fixture, "old.db", &old, &error), LOOM_OK, &error);
  for (int i = 0; i < 30; i++) {
    char *text = some_polls(&seed, 20);
    store_one(&fixture, text);
    free(text);
    if (random_below(&seed, 3) == 0)
      folds += fold(&fixture) > 0;
    if (random_below(&seed, 6) == 0)
      compact(&fixture, 5);
    if (random_below(&seed, 6) == 0)
      drop(&fixture, 0);
    assert_same_reports(&fixture);
    assert_problems(&fixture, 0);
    if (random_below(&seed, 4) == 0) {
      at = !at;
      reopen(&fixture, &heads[at], names[at]);
      fixture.head = heads[at]; /* which writes from now on */
      assert_same_reports(&fixture);
    }
  }
  assert_true(folds > 5);
  reopen(&fixture, &old, "old.db");
  fixture.head = old;
  assert_same_reports(&fixture);
  fixture.head = heads[at];
  loom_database_close(heads[!at]);
  loom_database_close(old);
  end(&fixture);
}

/* How many ingests every question names. */
static size_t count_voids(struct fixture *fixture) {
  loom_error error;
  loom_cluster *cluster;
  struct loom_ledger ledger;
  assert_status(loom_remote_open(fixture->head, &cluster, &error), LOOM_OK, &error);
  assert_status(loom_ledger_read(cluster, LOOM_LAST_COMMIT, 0, &ledger, &error), LOOM_OK, &error);
  size_t count = ledger.void_count;
  loom_ledger_free(&ledger);
  loom_cluster_free(cluster);
  return count;
}

static void forgets_what_failed_a_day_ago(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "a,inactive,2023-01-25 11:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->before_commit = commit_over;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EBUSY);
  for (size_t i = 0; i < fixture.fake->ledger_count; i++)
    fixture.fake->ledger[i].at = 1;
  store_one(&fixture, HEADER "a,active,2023-01-26 10:00:00\n");
  store_one(&fixture, HEADER "a,active,2023-01-27 10:00:00\n");
  assert_int_equal(count_voids(&fixture), 1);
  assert_true(fold(&fixture) > 0);
  assert_int_equal(count_voids(&fixture), 1); /* its rows are there */
  compact(&fixture, 1);
  compact(&fixture, 0);
  drop(&fixture, 0);
  assert_true(fold(&fixture) > 0);
  assert_int_equal(count_voids(&fixture), 0);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  store_one(&fixture, text);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void tells_that_a_fold_is_wrong(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  assert_true(fold(&fixture) > 0);
  assert_problems(&fixture, 0);
  for (size_t i = 0; i < fixture.fake->ledger_count; i++)
    if (strcmp(fixture.fake->ledger[i].step, "folded") == 0)
      fixture.fake->ledger[i].added++; /* which no replica's blocks tell */
  assert_problems(&fixture, 1);
  end(&fixture);
}

/* Another writer, which began later, and commits first. */
static void commit_first(struct fake_cluster *fake) {
  static const uint64_t ingest = UINT64_C(1) << 60;
  uint64_t number = 0;
  while (fake_holding(fake, number + 1))
    number++;
  add_step(fake, "begin", ingest, 0);
  add_step(fake, "part", ingest, number + 1);
  add_step(fake, "commit", ingest, number + 1);
}

static void begins_nothing_behind_a_later_commit(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *text = HEADER "b,active,2023-01-25 10:00:00\n";
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  size_t before = count_of_blocks(&fixture);
  fixture.fake->before_begin = commit_first;
  assert_int_equal(store_texts(fixture.head, &text, 1, &counts, &error), LOOM_EBUSY);
  assert_string_equal(error.message,
                      "commit 2 of another writer came to the cluster meanwhile: try again");
  assert_int_equal(count_of_blocks(&fixture), before);
  end(&fixture);
}

/* A fold finds that the last that began does not hold. */
static void fold_without_it(struct fake_cluster *fake) {
  uint64_t ingest = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    if (strcmp(fake->ledger[i].step, "begin") == 0)
      ingest = fake->ledger[i].ingest;
  add_step(fake, "void", 1, 0);
  fake->ledger[fake->ledger_count - 1].blocks = ingest;
}

static void is_not_done_where_it_was_folded_without(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  const char *const texts[] = {HEADER "b,active,2023-01-25 10:00:00\n"};
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  fixture.fake->before_commit = fold_without_it;
  assert_int_equal(store_texts(fixture.head, texts, 1, &counts, &error), LOOM_EIO);
  assert_non_null(strstr(error.message, "it is not known whether the polls came to the cluster"));
  store_one(&fixture, HEADER "c,active,2023-01-25 10:00:00\n");
  end(&fixture);
}

static struct loom_pruning prune(loom_database *database, bool dry_run) {
  loom_error error;
  struct loom_pruning pruning;
  const struct loom_prune_options options = {.keep = 40 * LOOM_HOUR,
                                             .now = instant("2024-01-01 00:00:00"),
                                             .dry_run = dry_run,
                                             .force = true,
                                             .author = {.by = "test", .at = 1}};
  assert_status(loom_prune(database, &options, &pruning, &error), LOOM_OK, &error);
  return pruning;
}

static void removes_old_polls(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  store_one(&fixture, HEADER "gone,active,2023-01-19 01:00:00\n");
  for (int i = 0; i < 2; i++) {
    struct loom_pruning here = prune(fixture.head, i == 0), there = prune(fixture.other, i == 0);
    assert_int_equal(here.cut, there.cut);
    assert_int_equal(here.gone.polls, there.gone.polls);
    assert_int_equal(here.gone.days, there.gone.days);
    assert_int_equal(here.gone.first, there.gone.first);
    assert_int_equal(here.kept.polls, there.kept.polls);
    assert_int_equal(here.kept.days, there.kept.days);
    assert_int_equal(here.kept.first, there.kept.first);
    assert_true(here.gone.polls > 0);
  }
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  store_one(&fixture, HEADER "gone,active,2023-01-19 02:00:00\n"); /* of a day that was removed */
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  end(&fixture);
}

/* ---- what a service has answered ---- */

/* Stores polls as a service does: in the head. */
static struct loom_counts spool_into(loom_database *head, const char *text) {
  loom_error error;
  struct input_file file = small_file(LOOM_POLLS);
  loom_staging *staging = stage_bytes(loom_database_zones(head), &file, text, strlen(text));
  loom_sink *sink = loom_sink_sqlite(head);
  assert_non_null(sink);
  assert_status(loom_sink_begin(sink, &error), LOOM_OK, &error);
  assert_status(loom_sink_apply_all(sink, staging, &error), LOOM_OK, &error);
  assert_status(loom_sink_commit(sink, &error), LOOM_OK, &error);
  struct loom_counts counts = staging->counts;
  loom_sink_free(sink);
  loom_staging_free(staging);
  return counts;
}

static void spool(struct fixture *fixture, const char *text) {
  struct loom_counts counts;
  loom_error error;
  spool_into(fixture->head, text);
  assert_status(store_texts(fixture->other, &text, 1, &counts, &error), LOOM_OK, &error);
}

static void assert_spooled(loom_database *head, int64_t expected) {
  loom_error error;
  int64_t found = -1;
  assert_status(loom_database_begin_read(head, &error), LOOM_OK, &error);
  assert_status(loom_spooled_size(head, &found, &error), LOOM_OK, &error);
  loom_database_end_read(head);
  assert_int_equal(found, expected);
}

static loom_status open_of(void *context, loom_cluster **cluster, loom_error *error) {
  return loom_remote_open(context, cluster, error);
}

static struct loom_flushed flush(loom_database *head) {
  loom_error error;
  struct loom_flushed flushed;
  assert_status(loom_flush(head, open_of, head, &flushed, &error), LOOM_OK, &error);
  return flushed;
}

static void reads_and_flushes_what_is_spooled(void **state) {
  struct fixture fixture = begin();
  uint64_t seed = 5;
  (void)state;
  spool(&fixture,
        HEADER "first,active,2023-01-21 10:00:00\n"); /* before anything is in the cluster */
  assert_same_reports(&fixture);
  fill(&fixture); /* which flushes it */
  assert_spooled(fixture.head, 0);
  for (int i = 0; i < 6; i++) {
    char *text = some_polls(&seed, 30 + 200 * (i % 3));
    spool(&fixture, text);
    free(text);
    spool(&fixture, HEADER "shop 3,inactive,2023-03-01 10:00:00\nnew,active,2022-12-01 11:00:00\n");
    assert_same_reports(&fixture);
    if (i % 2 == 0)
      continue;
    assert_true(flush(fixture.head).counts.added > 0 || i > 1);
    assert_spooled(fixture.head, 0);
    assert_problems(&fixture, 0);
    assert_same_reports(&fixture);
  }
  assert_int_equal(flush(fixture.head).polls, 0);
  end(&fixture);
}

static void keeps_the_order_in_which_polls_came(void **state) {
  struct fixture fixture = begin();
  (void)state;
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n");
  spool(&fixture, HEADER "a,inactive,2023-01-25 10:00:00\nb,inactive,2023-01-25 10:00:00\n");
  assert_same_reports(&fixture);
  store_one(&fixture, HEADER "a,active,2023-01-25 10:00:00\n"); /* a file, which comes later */
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void copy_file(const char *from, const char *to) {
  struct buffer bytes = {0};
  char block[4096];
  size_t length;
  FILE *file = fopen(from, "rb");
  assert_non_null(file);
  while ((length = fread(block, 1, sizeof block, file)) > 0)
    buffer_put(&bytes, block, length);
  fclose(file);
  file = fopen(to, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes.bytes, 1, bytes.length, file), bytes.length);
  fclose(file);
  buffer_free(&bytes);
}

static void counts_once_what_is_flushed_twice(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  loom_database *again;
  (void)state;
  fill(&fixture);
  spool(&fixture, HEADER "shop 1,inactive,2023-01-20 00:00:00\nb,inactive,2023-02-25 10:00:00\n");
  loom_database_close(fixture.head); /* whose log is in the file then */
  char before[640];
  snprintf(before, sizeof before, "%s", scratch_path(&fixture.scratch, "before.db"));
  copy_file(scratch_path(&fixture.scratch, "head.db"), before);
  assert_status(attach(&fixture, "head.db", &fixture.head, &error), LOOM_OK, &error);
  assert_int_equal(flush(fixture.head).counts.duplicates, 0);
  assert_same_reports(&fixture);
  loom_database_close(fixture.head);
  /* as it is where the cluster's commit was the last that there was: what is known there is not flushed again */
  assert_status(attach(&fixture, "before.db", &again, &error), LOOM_OK, &error);
  fixture.head = again;
  assert_spooled(again, 0);
  assert_same_reports(&fixture);
  assert_int_equal(flush(again).polls, 0);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  end(&fixture);
}

static struct {
  const char *path, *text;
  loom_remote *remote;
} meanwhile;

/* Others write to the head while blocks are sent. */
static void spool_meanwhile(struct fake_cluster *fake) {
  loom_database *head = open_database(meanwhile.path);
  (void)fake;
  loom_database_set_remote(head, meanwhile.remote->type->retain(meanwhile.remote));
  spool_into(head, meanwhile.text);
  loom_database_close(head);
}

static void keeps_what_is_spooled_during_a_flush(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  char path[640];
  (void)state;
  snprintf(path, sizeof path, "%s", scratch_path(&fixture.scratch, "head.db"));
  meanwhile.path = path;
  meanwhile.text = HEADER "a,inactive,2023-01-25 10:00:00\nc,active,2023-01-25 12:00:00\n";
  spool(&fixture, HEADER "a,active,2023-01-25 10:00:00\nb,active,2023-01-25 10:00:00\n");
  fixture.fake->before_blocks = spool_meanwhile;
  meanwhile.remote = loom_database_remote(fixture.head);
  flush(fixture.head);
  assert_status(store_texts(fixture.other, &meanwhile.text, 1, &counts, &error), LOOM_OK, &error);
  assert_spooled(fixture.head, 2);
  assert_same_reports(&fixture);
  assert_int_equal(flush(fixture.head).counts.conflicts, 1);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  end(&fixture);
}

struct impatient {
  struct fixture *fixture;
  struct loom_conf conf;
};

static loom_status open_impatiently(void *context, loom_cluster **cluster, loom_error *error) {
  struct impatient *impatient = context;
  const struct loom_patience patience = {20, 20};
  return loom_cluster_new(&impatient->conf, fake_asker_new(impatient->fixture->fake), &patience,
                          cluster, error);
}

static void keeps_the_spool_while_the_cluster_is_away(void **state) {
  struct fixture fixture = begin();
  struct impatient impatient = {&fixture, fake_conf()};
  struct loom_flushed flushed;
  loom_error error;
  (void)state;
  fill(&fixture);
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->dead[1][i] = true;
  spool(&fixture, HEADER
        "a,active,2023-01-25 10:00:00\nb,active,2023-01-25 10:00:00\n"
        "c,active,2023-01-25 10:00:00\n");
  assert_int_equal(loom_flush(fixture.head, open_impatiently, &impatient, &flushed, &error),
                   LOOM_EUNREACHABLE);
  assert_spooled(fixture.head, 3);
  spool(&fixture, HEADER "d,active,2023-01-25 10:00:00\n");
  for (int i = 0; i < FAKE_REPLICAS; i++)
    fixture.fake->dead[1][i] = false;
  assert_same_reports(&fixture);
  assert_int_equal(flush(fixture.head).counts.added, 4);
  assert_same_reports(&fixture);
  loom_conf_free(&impatient.conf);
  end(&fixture);
}

/* A write of nothing, which may wait for a gate. */
struct marked_write {
  loom_write write; /* the first member */
  pthread_mutex_t *gate;
  int mark;
};

static int marks[4];
static atomic_int mark_count;

static loom_status wait_at_gate(loom_write *write, loom_error *error) {
  struct marked_write *marked = (struct marked_write *)write;
  (void)error;
  if (marked->gate) {
    pthread_mutex_lock(marked->gate);
    pthread_mutex_unlock(marked->gate);
  }
  return LOOM_OK;
}

static loom_status note_mark(loom_write *write, loom_sink *sink, loom_error *error) {
  (void)sink;
  (void)error;
  marks[mark_count++] = ((struct marked_write *)write)->mark;
  return LOOM_OK;
}

static void keep_marked(loom_write *write) {
  (void)write;
}

static void has_polls_overtake_what_waits_for_the_cluster(void **state) {
  static const struct loom_write_type alone = {.prepare = wait_at_gate,
                                               .apply = note_mark,
                                               .clear = keep_marked,
                                               .free = keep_marked,
                                               .alone = true},
                                      spooling = {.prepare = wait_at_gate,
                                                  .apply = note_mark,
                                                  .clear = keep_marked,
                                                  .free = keep_marked};
  struct fixture fixture = begin();
  loom_error error;
  loom_writer *writer;
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  struct marked_write writes[] = {
      {.gate = &gate, .mark = 1}, {.mark = 2}, {.mark = 3}, {.mark = 4}};
  const struct loom_writer_options options = {
      .busy_timeout = 10000, .capacity = 1 << 20, .remote = loom_database_remote(fixture.head)};
  (void)state;
  mark_count = 0;
  assert_status(
      loom_writer_new(scratch_path(&fixture.scratch, "head.db"), &options, &writer, &error),
      LOOM_OK, &error);
  pthread_mutex_lock(&gate);
  for (size_t i = 0; i < COUNT_OF(writes); i++) {
    loom_write_init(&writes[i].write, i < 2 ? &alone : &spooling);
    writes[i].write.spools = i >= 2;
    assert_status(loom_writer_submit(writer, &writes[i].write, &error), LOOM_OK, &error);
  }
  pthread_mutex_unlock(&gate);
  for (size_t i = 0; i < COUNT_OF(writes); i++)
    while (loom_write_state(&writes[i].write, NULL) == LOOM_WRITE_PENDING)
      nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  loom_writer_free(writer);
  const int expected[] = {1, 3, 4, 2};
  for (size_t i = 0; i < COUNT_OF(writes); i++) {
    assert_int_equal(loom_write_state(&writes[i].write, NULL), LOOM_WRITE_DONE);
    assert_int_equal(marks[i], expected[i]);
  }
  end(&fixture);
}

static void has_a_writer_spool_polls(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  loom_writer *writer;
  struct loom_counts counts;
  const struct loom_writer_options options = {
      .busy_timeout = 1000, .capacity = 1 << 20, .remote = loom_database_remote(fixture.head)};
  const char *text = HEADER "a,active,2023-01-25 10:00:00\na,inactive,2023-01-25 11:00:00\n";
  (void)state;
  for (int i = 0; i < FAKE_SHARDS * FAKE_REPLICAS; i++)
    fixture.fake->dead[i / FAKE_REPLICAS][i % FAKE_REPLICAS] = true;
  assert_status(
      loom_writer_new(scratch_path(&fixture.scratch, "head.db"), &options, &writer, &error),
      LOOM_OK, &error);
  const struct loom_poll_text format = {
      .format = LOOM_POLLS_CSV, .latest = INT64_MAX, .zones = loom_writer_zones(writer)};
  loom_poll_write *write = loom_poll_write_of_text(&format, text, strlen(text));
  assert_non_null(write);
  assert_status(loom_writer_submit(writer, loom_poll_write_head(write), &error), LOOM_OK, &error);
  loom_writer_free(writer); /* when it is done */
  assert_int_equal(loom_write_state(loom_poll_write_head(write), &error), LOOM_WRITE_DONE);
  assert_int_equal(loom_poll_write_head(write)->counts.added, 2);
  loom_write_release(loom_poll_write_head(write));
  assert_spooled(fixture.head, 2);
  for (int i = 0; i < FAKE_SHARDS * FAKE_REPLICAS; i++)
    fixture.fake->dead[i / FAKE_REPLICAS][i % FAKE_REPLICAS] = false;
  assert_status(store_texts(fixture.other, &text, 1, &counts, &error), LOOM_OK, &error);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void flushes_behind_what_others_have_committed(void **state) {
  struct fixture fixture = begin();
  struct loom_counts counts;
  loom_error error;
  loom_database *second;
  const char *theirs = HEADER "shop 4,active,2023-01-29 09:00:00\n";
  (void)state;
  fill(&fixture);
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  assert_status(store_texts(second, &theirs, 1, &counts, &error), LOOM_OK, &error);
  assert_status(store_texts(fixture.other, &theirs, 1, &counts, &error), LOOM_OK, &error);
  spool(&fixture,
        HEADER "shop 3,active,2023-01-30 10:00:00\nshop 4,inactive,2023-01-28 10:00:00\n");
  flush(fixture.head);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  loom_database_close(second);
  end(&fixture);
}

/* ---- and what others have committed meanwhile ---- */

/* Another head's commit, of which this one has not heard. */
static void commit_elsewhere(struct fixture *fixture, const char *name, const char *text) {
  loom_database *second;
  struct loom_counts counts;
  loom_error error;
  assert_status(attach(fixture, name, &second, &error), LOOM_OK, &error);
  assert_status(store_texts(second, &text, 1, &counts, &error), LOOM_OK, &error);
  assert_status(store_texts(fixture->other, &text, 1, &counts, &error), LOOM_OK, &error);
  loom_database_close(second);
}

static void numbers_new_stores_behind_those_of_others(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  /* which this head gives the numbers that another gives to these: of one both have polls */
  spool(&fixture, HEADER
        "mine,active,2023-01-25 10:00:00\nours,active,2023-01-25 11:00:00\n"
        "mine too,inactive,2023-01-26 11:00:00\n");
  commit_elsewhere(&fixture, "second.db",
                   HEADER "ours,inactive,2023-01-25 12:00:00\ntheirs,active,2023-01-25 10:00:00\n");
  assert_int_equal(flush(fixture.head).counts.added, 3);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  assert_rows(fixture.head, "SELECT count(*) FROM service WHERE name = 'unsent'", "1:0 \n");
  assert_rows(fixture.head, "SELECT store_id FROM store ORDER BY number DESC LIMIT 4",
              "8:mine too \n4:mine \n6:theirs \n4:ours \n");
  assert_problems(&fixture, 0);
  spool(&fixture, HEADER "again,active,2023-01-25 10:00:00\n"); /* read before it is flushed */
  commit_elsewhere(&fixture, "third.db", HEADER "other,active,2023-01-25 10:00:00\n");
  store_one(&fixture, HEADER "shop 1,active,2023-01-26 10:00:00\n");
  assert_same_reports(&fixture);
  end(&fixture);
}

static void assert_does_not_flush(loom_database *head) {
  struct loom_flushed flushed;
  loom_error error;
  assert_int_equal(loom_flush(head, open_of, head, &flushed, &error), LOOM_EOWNER);
  assert_int_equal(flushed.polls, 0);
}

static void flushes_nothing_while_another_head_alone_writes(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  loom_database *second, *first = fixture.head;
  (void)state;
  fill(&fixture);
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  take_over(second);
  assert_does_not_flush(first); /* where there is nothing to, either */
  fixture.head = second;
  store_one(&fixture, HEADER "theirs,active,2023-01-25 10:00:00\n");
  fixture.head = first;
  assert_does_not_flush(first); /* and is brought up */
  assert_same_reports(&fixture);
  spool(&fixture, HEADER "mine,active,2023-01-25 10:00:00\n");
  size_t before = count_of_blocks(&fixture);
  assert_does_not_flush(first);
  assert_int_equal(count_of_blocks(&fixture), before);
  assert_spooled(first, 1);
  assert_same_reports(&fixture);
  take_over(first);
  assert_int_equal(flush(first).counts.added, 1);
  assert_spooled(first, 0);
  assert_same_reports(&fixture);
  loom_database_close(second);
  end(&fixture);
}

/* A commit of no polls. */
static void commit_by_another(struct fake_cluster *fake) {
  uint64_t ingest = 0, number = 0;
  for (size_t i = 0; i < fake->ledger_count; i++)
    ingest = fake->ledger[i].ingest > ingest ? fake->ledger[i].ingest : ingest;
  while (fake_holding(fake, number + 1))
    number++;
  add_step(fake, "begin", ++ingest, 0);
  add_step(fake, "part", ingest, number + 1);
  fake->ledger[fake->ledger_count - 1].shard = LOOM_ROSTER_SHARD;
  add_step(fake, "commit", ingest, number + 1);
}

static loom_status tend(loom_database *head, const struct loom_tend_rules *rules, bool *tended,
                        loom_error *error) {
  return loom_tend(head, open_of, head, rules, tended, error);
}

static void writes_days_anew_by_and_by(void **state) {
  struct fixture fixture = begin();
  struct loom_tend_rules rules = {.commits = 3, .past_commits = 3, .polls = UINT64_MAX};
  loom_error error;
  bool tended;
  int days = 0;
  (void)state;
  fill(&fixture); /* three commits of five days */
  rules.commits = 4;
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_false(tended); /* none of which is over by then */
  rules.commits = 3;
  rules.polls = 10;
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_false(tended);
  rules.polls = UINT64_MAX;
  spool(&fixture, HEADER "shop 1,inactive,2023-01-21 09:00:00\nwaits,active,2023-01-21 09:00:00\n");
  do {
    assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
    days += tended;
    assert_same_reports(&fixture);
    assert_problems(&fixture, 0);
  } while (tended);
  assert_int_equal(days, 5);
  assert_spooled(fixture.head, 2);
  flush(fixture.head);
  assert_same_reports(&fixture);
  rules = (struct loom_tend_rules){
      .commits = 9, .past_commits = 2, .polls = UINT64_MAX, .past = INT32_MAX};
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_true(tended); /* that of the flush */
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_false(tended);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  end(&fixture);
}

static void writes_no_day_anew_that_others_write(void **state) {
  struct fixture fixture = begin();
  const struct loom_tend_rules rules = {.commits = 3, .polls = UINT64_MAX};
  char path[640];
  loom_error error;
  loom_database *second;
  bool tended;
  (void)state;
  fill(&fixture);
  snprintf(path, sizeof path, "%s", scratch_path(&fixture.scratch, "head.db"));
  meanwhile.path = path;
  meanwhile.remote = loom_database_remote(fixture.head);
  meanwhile.text = HEADER "shop 1,inactive,2023-01-21 09:00:00\n";
  spool(&fixture, meanwhile.text);
  fixture.fake->before_blocks = commit_by_another;
  assert_int_equal(tend(fixture.head, &rules, &tended, &error), LOOM_EBUSY);
  assert_false(tended);
  flush(fixture.head);
  assert_same_reports(&fixture);
  fixture.fake->before_blocks = spool_meanwhile; /* which is no reason not to */
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_true(tended);
  assert_spooled(fixture.head, 1);
  commit_elsewhere(&fixture, "second.db", HEADER "shop 4,active,2023-01-29 09:00:00\n");
  assert_status(tend(fixture.head, &rules, &tended, &error), LOOM_OK, &error);
  assert_false(tended); /* the head is behind */
  flush(fixture.head);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  assert_status(attach(&fixture, "third.db", &second, &error), LOOM_OK, &error);
  take_over(second);
  assert_int_equal(tend(fixture.head, &rules, &tended, &error), LOOM_EOWNER);
  loom_database_close(second);
  end(&fixture);
}

static int meanwhile_times;

/* Whoever may write to the head commits something of no polls, each time. */
static void commit_by_this_head(struct fake_cluster *fake) {
  loom_database *head;
  loom_error error;
  assert_status(loom_database_open(meanwhile.path, LOOM_OPEN_EXISTING, 0, &head, &error), LOOM_OK,
                &error);
  loom_database_set_remote(head, meanwhile.remote->type->retain(meanwhile.remote));
  if (loom_database_begin_write(head, &error) == LOOM_OK) {
    commit_by_another(fake);
    loom_database_rollback(head);
    meanwhile_times++;
  }
  fake->before_blocks = commit_by_this_head;
  loom_database_close(head);
}

static void flushes_while_others_write_to_the_head_all_the_time(void **state) {
  struct fixture fixture = begin();
  char path[640];
  (void)state;
  snprintf(path, sizeof path, "%s", scratch_path(&fixture.scratch, "head.db"));
  meanwhile.path = path;
  meanwhile.remote = loom_database_remote(fixture.head);
  meanwhile_times = 0;
  fill(&fixture);
  spool(&fixture, HEADER "mine,active,2023-01-25 10:00:00\n");
  fixture.fake->before_blocks = commit_by_this_head;
  assert_int_equal(flush(fixture.head).counts.added, 1);
  assert_true(meanwhile_times > 1);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  end(&fixture);
}

/* Zones do not matter to what is compared here, but to the roster. */
static void put_zone(loom_database *head, const char *store, const char *zone) {
  static const struct loom_author author = {.by = "test", .by_length = 4};
  loom_facts *facts = loom_facts_sqlite(head);
  const struct loom_fact fact = {.kind = LOOM_FACT_ZONE,
                                 .store = store,
                                 .store_length = strlen(store),
                                 .override = true,
                                 .name = "",
                                 .text = zone,
                                 .text_length = strlen(zone)};
  struct loom_fact copy = fact;
  loom_error error;
  assert_non_null(facts);
  assert_status(loom_facts_begin(facts, &author, &error), LOOM_OK, &error);
  assert_status(loom_facts_put(facts, &copy, &error), LOOM_OK, &error);
  assert_status(loom_facts_commit(facts, &error), LOOM_OK, &error);
  loom_facts_free(facts);
}

static void keeps_what_waits_when_the_roster_is_written_anew(void **state) {
  struct fixture fixture = begin();
  loom_database *second, *first = fixture.head;
  loom_error error;
  const char *theirs =
      HEADER "ours,inactive,2023-01-25 12:00:00\ntheirs,active,2023-01-25 10:00:00\n";
  (void)state;
  fill(&fixture);
  assert_status(attach(&fixture, "second.db", &second, &error), LOOM_OK, &error);
  spool(&fixture, HEADER
        "mine,active,2023-01-25 10:00:00\nours,active,2023-01-25 11:00:00\n"
        "shop 3,inactive,2023-01-30 11:00:00\n");
  fixture.head = second;
  store_one(&fixture, theirs);
  put_zone(second, "shop 3", "Asia/Tokyo");
  put_zone(second, "shop 3", "Europe/Berlin");
  put_zone(second, "shop 3", "Asia/Tokyo");
  put_zone(fixture.other, "shop 3", "Asia/Tokyo");
  assert_true(compact_roster(&fixture, 1, 5) > 0);
  fixture.head = first;
  assert_int_equal(flush(fixture.head).counts.added, 3);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  put_zone(first, "mine", "Asia/Tokyo"); /* and what is written anew has it, too */
  put_zone(first, "mine", "Europe/Berlin");
  put_zone(fixture.other, "mine", "Europe/Berlin");
  spool(&fixture, HEADER "mine too,active,2023-01-25 10:00:00\n");
  assert_true(compact_roster(&fixture, 1, 1) > 0);
  assert_same_reports(&fixture);
  assert_problems(&fixture, 0);
  reopen(&fixture, &second, "second.db");
  flush(first);
  reopen(&fixture, &second, "second.db");
  fixture.head = second;
  assert_same_reports(&fixture);
  fixture.head = first;
  loom_database_close(second);
  end(&fixture);
}

static void brings_a_head_up_that_was_opened_without_the_cluster(void **state) {
  struct fixture fixture = begin();
  struct loom_conf conf = fake_conf();
  loom_error error;
  (void)state;
  fill(&fixture);
  commit_elsewhere(&fixture, "second.db", HEADER "theirs,active,2023-01-25 10:00:00\n");
  loom_database_close(fixture.head);
  for (int i = 0; i < FAKE_SHARDS * FAKE_REPLICAS; i++)
    fixture.fake->dead[i / FAKE_REPLICAS][i % FAKE_REPLICAS] = true;
  fixture.head = open_database(scratch_path(&fixture.scratch, "head.db"));
  conf.is_hasty = true;
  conf.patience = 1;
  assert_status(loom_remote_attach(fixture.head, &conf, fake_asker_new(fixture.fake), &error),
                LOOM_OK, &error);
  spool(&fixture, HEADER "mine,active,2023-01-25 10:00:00\n");
  for (int i = 0; i < FAKE_SHARDS * FAKE_REPLICAS; i++)
    fixture.fake->dead[i / FAKE_REPLICAS][i % FAKE_REPLICAS] = false;
  flush(fixture.head);
  assert_same_reports(&fixture);
  commit_elsewhere(&fixture, "third.db", HEADER "others,active,2023-01-25 11:00:00\n");
  flush(fixture.head); /* of nothing */
  assert_same_reports(&fixture);
  end(&fixture);
}

static void keeps_of_an_old_spool_what_is_not_known(void **state) {
  struct fixture fixture = begin();
  loom_error error;
  char before[640];
  (void)state;
  fill(&fixture);
  spool(&fixture, HEADER "a,active,2023-01-25 10:00:00\nb,active,2023-01-25 10:00:00\n");
  loom_database_close(fixture.head); /* a backup */
  snprintf(before, sizeof before, "%s", scratch_path(&fixture.scratch, "before.db"));
  copy_file(scratch_path(&fixture.scratch, "head.db"), before);
  assert_status(attach(&fixture, "head.db", &fixture.head, &error), LOOM_OK, &error);
  flush(fixture.head);
  store_one(&fixture, HEADER "a,inactive,2023-01-25 10:00:00\n"); /* which was wrong */
  loom_database_close(fixture.head);
  assert_status(attach(&fixture, "before.db", &fixture.head, &error), LOOM_OK, &error);
  assert_spooled(fixture.head, 0);
  assert_same_reports(&fixture);
  end(&fixture);
}

static void prunes_what_is_spooled(void **state) {
  struct fixture fixture = begin();
  (void)state;
  fill(&fixture);
  spool(&fixture, HEADER "old,active,2022-12-25 10:00:00\nshop 3,active,2023-01-24 10:00:00\n");
  struct loom_pruning here = prune(fixture.head, false), there = prune(fixture.other, false);
  assert_int_equal(here.cut, there.cut);
  assert_int_equal(here.gone.polls, there.gone.polls);
  assert_same_reports(&fixture);
  spool(&fixture, HEADER "old,active,2023-01-24 09:00:00\n");
  assert_same_reports(&fixture);
  compact(&fixture, 2);
  assert_same_reports(&fixture);
  end(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stores_what_a_database_does),
      cmocka_unit_test(keeps_nothing_of_what_is_not_committed),
      cmocka_unit_test(does_not_see_a_commit_that_came_too_late),
      cmocka_unit_test(is_not_done_where_another_commit_holds),
      cmocka_unit_test(gives_way_to_a_later_claim),
      cmocka_unit_test(waits_for_an_earlier_claim),
      cmocka_unit_test(gives_up_where_an_earlier_claim_comes_to_a_commit),
      cmocka_unit_test(does_not_wait_for_its_own_dead),
      cmocka_unit_test(reads_anew_where_its_commit_does_not_hold),
      cmocka_unit_test(completes_an_older_head),
      cmocka_unit_test(refuses_what_another_writer_overtook),
      cmocka_unit_test(measures_a_shard_by_itself),
      cmocka_unit_test(asks_no_shard_for_what_another_has),
      cmocka_unit_test(plans_what_each_shard_has),
      cmocka_unit_test(reads_of_a_replica_that_has_all),
      cmocka_unit_test(writes_by_a_replica_that_has_all),
      cmocka_unit_test(takes_nothing_for_known_that_is_not_committed),
      cmocka_unit_test(never_takes_a_part_for_the_whole),
      cmocka_unit_test(never_takes_what_has_gone_for_none),
      cmocka_unit_test(has_a_commit_once_that_is_there_twice),
      cmocka_unit_test(is_done_where_the_commit_is_there),
      cmocka_unit_test(says_where_it_is_not_known_whether_it_is_done),
      cmocka_unit_test(keeps_nothing_of_blocks_that_may_be_there_twice),
      cmocka_unit_test(brings_another_head_up),
      cmocka_unit_test(refuses_heads_of_others),
      cmocka_unit_test(tells_clusters_of_one_name_apart),
      cmocka_unit_test(writes_days_anew),
      cmocka_unit_test(is_written_by_its_owner_alone),
      cmocka_unit_test(drops_what_was_replaced),
      cmocka_unit_test(reads_the_same_when_the_ledger_is_folded),
      cmocka_unit_test(forgets_what_failed_a_day_ago),
      cmocka_unit_test(tells_that_a_fold_is_wrong),
      cmocka_unit_test(begins_nothing_behind_a_later_commit),
      cmocka_unit_test(is_not_done_where_it_was_folded_without),
      cmocka_unit_test(removes_old_polls),
      cmocka_unit_test(reads_and_flushes_what_is_spooled),
      cmocka_unit_test(keeps_the_order_in_which_polls_came),
      cmocka_unit_test(counts_once_what_is_flushed_twice),
      cmocka_unit_test(keeps_what_is_spooled_during_a_flush),
      cmocka_unit_test(keeps_the_spool_while_the_cluster_is_away),
      cmocka_unit_test(has_a_writer_spool_polls),
      cmocka_unit_test(has_polls_overtake_what_waits_for_the_cluster),
      cmocka_unit_test(flushes_behind_what_others_have_committed),
      cmocka_unit_test(flushes_nothing_while_another_head_alone_writes),
      cmocka_unit_test(flushes_while_others_write_to_the_head_all_the_time),
      cmocka_unit_test(writes_days_anew_by_and_by),
      cmocka_unit_test(writes_no_day_anew_that_others_write),
      cmocka_unit_test(numbers_new_stores_behind_those_of_others),
      cmocka_unit_test(keeps_what_waits_when_the_roster_is_written_anew),
      cmocka_unit_test(brings_a_head_up_that_was_opened_without_the_cluster),
      cmocka_unit_test(keeps_of_an_old_spool_what_is_not_known),
      cmocka_unit_test(prunes_what_is_spooled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
