/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/endian.h"
#include "util/error.h"

#define FILE_SIZE (TRACE_RING_PAGE + (gsize)TRACE_RING_SIZE)

gint64 trace_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

/* Makes a file whose size cannot change, so that neither the writer nor a tracer loses mapped pages. */
static int make_file(void)
{
    int fd = memfd_create(TRACE_RING_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 &&
        (ftruncate(fd, FILE_SIZE) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

TraceRing *trace_ring_new(GError **error)
{
    int fd = make_file();
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    TraceRing *ring;

    if (at == MAP_FAILED) {
        ccw_error_set_errno(error, errno, "cannot make the ring for tracing");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    ring = g_new0(TraceRing, 1);
    g_mutex_init(&ring->lock);
    ring->fd = fd;
    ring->shared = at;
    ring->bytes = (guint8 *)at + TRACE_RING_PAGE;
    ring->shared->version = TRACE_RING_VERSION;
    ring->shared->size = TRACE_RING_SIZE;
    __atomic_store_n(&ring->shared->magic, TRACE_RING_MAGIC, __ATOMIC_RELEASE);
    return ring;
}

void trace_ring_free(TraceRing *ring)
{
    munmap(ring->shared, FILE_SIZE);
    close(ring->fd);
    g_free(ring->record);
    g_mutex_clear(&ring->lock);
    g_free(ring);
}

/* Replaces the first entry that is from by to. Returns: FALSE if there is no such entry. */
static gboolean replace_device(TraceShared *shared, guint32 from, guint32 to)
{
    for (guint i = 0; i < TRACE_RING_DEVICES; i++) {
        if (__atomic_load_n(&shared->devices[i], __ATOMIC_RELAXED) == from) {
            __atomic_store_n(&shared->devices[i], to, __ATOMIC_RELEASE);
            return TRUE;
        }
    }
    return FALSE;
}

void trace_ring_add_device(TraceRing *ring, const CcwBusId *id)
{
    g_mutex_lock(&ring->lock);
    if (!replace_device(ring->shared, 0, ccw_bus_id_hash(id) + 1))
        __atomic_fetch_add(&ring->shared->n_unlisted, 1, __ATOMIC_RELEASE);
    g_mutex_unlock(&ring->lock);
}

void trace_ring_remove_device(TraceRing *ring, const CcwBusId *id)
{
    g_mutex_lock(&ring->lock);
    if (!replace_device(ring->shared, ccw_bus_id_hash(id) + 1, 0))
        __atomic_fetch_sub(&ring->shared->n_unlisted, 1, __ATOMIC_RELEASE);
    g_mutex_unlock(&ring->lock);
}

static gboolean has_tracer(TraceRing *ring)
{
    return __atomic_load_n(&ring->shared->deadline, __ATOMIC_SEQ_CST) > trace_clock();
}

/*
 * Returns: FALSE if there is no tracer any more. A new tracer may attach meanwhile: it sets the deadline first, then
 * enabled.
 */
static gboolean check_deadline(TraceRing *ring)
{
    if (has_tracer(ring))
        return TRUE;
    __atomic_store_n(&ring->shared->data_max, 0, __ATOMIC_RELAXED); /* the next tracer sets it again */
    __atomic_store_n(&ring->shared->enabled, 0, __ATOMIC_SEQ_CST);
    if (!has_tracer(ring))
        return FALSE;
    __atomic_store_n(&ring->shared->enabled, 1, __ATOMIC_SEQ_CST);
    return TRUE;
}

static void put(TraceRing *ring, guint64 position, const guint8 *from, gsize length)
{
    gsize at = position % TRACE_RING_SIZE;
    gsize first = MIN(length, TRACE_RING_SIZE - at);

    memcpy(ring->bytes + at, from, first);
    memcpy(ring->bytes, from + first, length - first);
}

static void append(TraceRing *ring, gsize length)
{
    TraceShared *shared = ring->shared;
    guint64 end = ring->head + length;

    /* A tracer that copies the overwritten bytes must see this first. The fence orders it before the bytes. */
    __atomic_store_n(&shared->reserved, end, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    put(ring, ring->head, ring->record, length);
    /* The next record is the first that begins in its part of the ring. */
    if (ring->head / TRACE_RING_MARK_SIZE != end / TRACE_RING_MARK_SIZE)
        __atomic_store_n(&shared->marks[end / TRACE_RING_MARK_SIZE % TRACE_RING_MARKS], end, __ATOMIC_RELAXED);
    ring->head = end;
    ring->sequence++;
    __atomic_store_n(&shared->sequence, ring->sequence, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->head, end, __ATOMIC_RELEASE);
    __atomic_fetch_add(&shared->wake, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &shared->wake, FUTEX_WAKE, G_MAXINT, NULL, NULL, 0);
}

void trace_ring_write(TraceRing *ring, TraceCapture *capture)
{
    guint32 data_max = __atomic_load_n(&ring->shared->data_max, __ATOMIC_RELAXED);
    gsize length;

    g_mutex_lock(&ring->lock);
    if (check_deadline(ring)) {
        if (!ring->record)
            ring->record = g_malloc(TRACE_RECORD_MAX);
        capture->data_max = MIN(data_max, TRACE_DATA_MAX);
        length = trace_capture(capture, ring->record);
        ccw_store_be64(ring->record + TRACE_OFS_SEQUENCE, ring->sequence);
        append(ring, length);
    }
    g_mutex_unlock(&ring->lock);
}
