/*
** Faults on purpose: the n-th allocation fails, of Loom's or of SQLite's, or the n-th read, write or sync of a file.
**
** Loom's allocations are caught by the linker (`-Wl,--wrap=malloc` and its like), SQLite's by sqlite3_config, and file access by
** a VFS over the one of the system, which besides does not sync: tests do not wait for the disk.
*/
#ifndef FAULTS_H
#define FAULTS_H

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum fault_kind {
  FAULT_NONE,
  FAULT_MEMORY,
  FAULT_OWN_MEMORY /* not SQLite's */,
  FAULT_READ,
  FAULT_WRITE,
  FAULT_SYNC
};

/* How it fails: with an error, or a full disk, or after half of it was written. */
enum fault_way { FAULT_ERROR, FAULT_FULL, FAULT_TORN };

static struct {
  _Atomic(enum fault_kind) kind;
  enum fault_way way;
  bool for_good;    /* and not only once */
  atomic_long left; /* times until it happens */
  atomic_long happened;
  atomic_long live; /* allocations of Loom's that were not freed */
} faults;

static void fault_arm(enum fault_kind kind, enum fault_way way, bool for_good, long after) {
  faults.way = way;
  faults.for_good = for_good;
  atomic_store(&faults.left, after);
  atomic_store(&faults.happened, 0);
  atomic_store(&faults.kind, kind);
}

/* How many times it has happened. */
static long fault_disarm(void) {
  atomic_store(&faults.kind, FAULT_NONE);
  return atomic_load(&faults.happened);
}

/* Whether what is about to be done fails. */
static bool fault_now(enum fault_kind kind) {
  if (atomic_load(&faults.kind) != kind)
    return false;
  long left = atomic_fetch_sub(&faults.left, 1);
  bool fails = left == 1 || (left < 1 && faults.for_good);
  if (fails)
    atomic_fetch_add(&faults.happened, 1);
  return fails;
}

/* ---- memory of Loom's ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
char *__wrap_strdup(const char *text);

static bool memory_fails(void) {
  return fault_now(FAULT_MEMORY) || fault_now(FAULT_OWN_MEMORY);
}

static void *counted(void *made) {
  if (made)
    atomic_fetch_add(&faults.live, 1);
  return made;
}

void *__wrap_malloc(size_t size) {
  return memory_fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return memory_fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size) {
  if (memory_fails())
    return NULL;
  void *made = __real_realloc(old, size);
  return old ? made : counted(made);
}

void __wrap_free(void *old) {
  if (old)
    atomic_fetch_sub(&faults.live, 1);
  __real_free(old);
}

char *__wrap_strdup(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = __wrap_malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

/* ---- memory of SQLite's ---- */

static sqlite3_mem_methods system_memory;

static void *sqlite_malloc(int size) {
  return fault_now(FAULT_MEMORY) ? NULL : system_memory.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size) {
  return fault_now(FAULT_MEMORY) ? NULL : system_memory.xRealloc(old, size);
}

/* ---- files ---- */

struct fault_file {
  sqlite3_file base;
  sqlite3_file *real; /* follows it */
};

static sqlite3_vfs *system_vfs, fault_vfs;

static sqlite3_file *real_of(sqlite3_file *file) {
  return ((struct fault_file *)file)->real;
}

static int fault_close(sqlite3_file *file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}

static int fault_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at) {
  if (fault_now(FAULT_READ))
    return SQLITE_IOERR_READ;
  return real_of(file)->pMethods->xRead(real_of(file), bytes, size, at);
}

static int fault_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at) {
  bool fails = fault_now(FAULT_WRITE);
  if (fails && faults.way == FAULT_TORN && size > 1)
    real_of(file)->pMethods->xWrite(real_of(file), bytes, size / 2, at);
  if (fails)
    return faults.way == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, at);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size) {
  if (fault_now(FAULT_WRITE))
    return SQLITE_IOERR_TRUNCATE;
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_sync(sqlite3_file *file, int flags) {
  (void)file, (void)flags;
  return fault_now(FAULT_SYNC) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_reserved(sqlite3_file *file, int *result) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int fault_control(sqlite3_file *file, int what, void *value) {
  return real_of(file)->pMethods->xFileControl(real_of(file), what, value);
}

static int fault_sector(sqlite3_file *file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int fault_device(sqlite3_file *file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int fault_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **at) {
  if (fault_now(FAULT_WRITE))
    return faults.way == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_SHMMAP;
  return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, at);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void fault_shm_barrier(sqlite3_file *file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int fault_shm_unmap(sqlite3_file *file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: without memory-mapped reading, which has no reads to fail. */
static const sqlite3_io_methods fault_methods = {2,
                                                 fault_close,
                                                 fault_read,
                                                 fault_write,
                                                 fault_truncate,
                                                 fault_sync,
                                                 fault_size,
                                                 fault_lock,
                                                 fault_unlock,
                                                 fault_reserved,
                                                 fault_control,
                                                 fault_sector,
                                                 fault_device,
                                                 fault_shm_map,
                                                 fault_shm_lock,
                                                 fault_shm_barrier,
                                                 fault_shm_unmap,
                                                 NULL,
                                                 NULL};

static int fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                      int *out) {
  (void)vfs;
  struct fault_file *mine = (struct fault_file *)file;
  mine->real = (sqlite3_file *)(mine + 1);
  mine->base.pMethods = NULL;
  if (fault_now(FAULT_READ))
    return SQLITE_CANTOPEN;
  int result = system_vfs->xOpen(system_vfs, name, mine->real, flags, out);
  if (mine->real->pMethods)
    mine->base.pMethods = &fault_methods;
  return result;
}

/* Before anything else of SQLite's. */
static void fault_install(void) {
  sqlite3_mem_methods memory;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory) != SQLITE_OK)
    abort();
  memory = system_memory;
  memory.xMalloc = sqlite_malloc;
  memory.xRealloc = sqlite_realloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
      sqlite3_initialize() != SQLITE_OK)
    abort();
  system_vfs = sqlite3_vfs_find(NULL);
  fault_vfs = *system_vfs;
  fault_vfs.zName = "faults";
  fault_vfs.szOsFile += (int)sizeof(struct fault_file);
  fault_vfs.xOpen = fault_open;
  if (sqlite3_vfs_register(&fault_vfs, true) != SQLITE_OK)
    abort();
}

#endif
