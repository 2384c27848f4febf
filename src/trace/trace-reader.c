/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "trace/trace-find.h"
#include "trace/trace-ring.h"
#include "util/endian.h"
#include "util/error.h"

#define FILE_SIZE (TRACE_RING_PAGE + (gsize)TRACE_RING_SIZE)
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

struct _TraceReader {
    TraceShared *shared;
    const guint8 *bytes;
    int fd;
    int pid_fd;
    guint data_max;
    guint64 position;  /* the next record's */
    guint64 sequence;  /* the expected sequence number of the next record */
    gboolean is_fresh; /* the reader has read no record yet, so the number may not belong to the position */
    guint8 *copy;      /* TRACE_RECORD_MAX bytes */
};

static void renew_deadline(TraceReader *reader)
{
    TraceShared *shared = reader->shared;

    if (__atomic_load_n(&shared->data_max, __ATOMIC_RELAXED) < reader->data_max)
        __atomic_store_n(&shared->data_max, reader->data_max, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->deadline, trace_clock() + TRACE_DEADLINE_NS, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->enabled, 1, __ATOMIC_SEQ_CST);
}

static gboolean check_file(int fd, GError **error)
{
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS);

    /* The seals keep the file from becoming shorter while it is mapped. */
    if (seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &status) == 0 && status.st_size == FILE_SIZE)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL,
                "its ring for tracing is of another version: use the virt-ccw that belongs to its libvirt-ccw-vfio.so");
    return FALSE;
}

TraceReader *trace_reader_new(int fd, int pid_fd, guint data_max, GError **error)
{
    g_autoptr(TraceReader) reader = g_new0(TraceReader, 1);
    void *at;

    reader->fd = fd;
    reader->pid_fd = pid_fd;
    reader->data_max = data_max;
    if (!check_file(fd, error))
        return NULL;
    at = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        ccw_error_set_errno(error, errno, "cannot map the ring for tracing");
        return NULL;
    }
    reader->shared = at;
    reader->bytes = (const guint8 *)at + TRACE_RING_PAGE;
    if (reader->shared->magic != TRACE_RING_MAGIC || reader->shared->version != TRACE_RING_VERSION) {
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_PROTOCOL,
            "its ring for tracing is of another version: use the virt-ccw that belongs to its libvirt-ccw-vfio.so");
        return NULL;
    }
    reader->copy = g_malloc(TRACE_RECORD_MAX);
    reader->is_fresh = TRUE;
    reader->sequence = __atomic_load_n(&reader->shared->sequence, __ATOMIC_RELAXED);
    reader->position = __atomic_load_n(&reader->shared->head, __ATOMIC_ACQUIRE);
    renew_deadline(reader);
    return g_steal_pointer(&reader);
}

void trace_reader_free(TraceReader *reader)
{
    if (reader->shared)
        munmap(reader->shared, FILE_SIZE);
    close(reader->fd);
    if (reader->pid_fd >= 0)
        close(reader->pid_fd);
    g_free(reader->copy);
    g_free(reader);
}

TraceReader *trace_reader_attach(pid_t pid, guint data_max, GError **error)
{
    /* If the pid is another process's when trace_find_ring() opens the ring, this descriptor shows the end at once. */
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    TraceReader *reader;
    int fd;

    if (pid_fd < 0) {
        if (errno == ESRCH)
            g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no process %d", (int)pid);
        else
            ccw_error_set_errno(error, errno, "cannot attach to process %d", (int)pid);
        return NULL;
    }
    fd = trace_find_ring(pid, error);
    if (fd < 0) {
        close(pid_fd);
        return NULL;
    }
    reader = trace_reader_new(fd, pid_fd, data_max, error);
    if (!reader)
        g_prefix_error(error, "process %d: ", (int)pid);
    return reader;
}

TraceDevice trace_reader_find_device(const TraceReader *reader, const CcwBusId *id)
{
    for (guint i = 0; i < TRACE_RING_DEVICES; i++)
        if (__atomic_load_n(&reader->shared->devices[i], __ATOMIC_ACQUIRE) == ccw_bus_id_hash(id) + 1)
            return TRACE_DEVICE_OPEN;
    return __atomic_load_n(&reader->shared->n_unlisted, __ATOMIC_ACQUIRE) ? TRACE_DEVICE_UNKNOWN : TRACE_DEVICE_ABSENT;
}

static void copy_out(const TraceReader *reader, guint64 position, guint8 *to, gsize length)
{
    gsize at = position % TRACE_RING_SIZE;
    gsize first = MIN(length, TRACE_RING_SIZE - at);

    memcpy(to, reader->bytes + at, first);
    memcpy(to + first, reader->bytes, length - first);
}

/* Called after a copy. Returns: whether the writer has not overwritten the bytes from position on meanwhile. */
static gboolean is_intact(const TraceReader *reader, guint64 position)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&reader->shared->reserved, __ATOMIC_RELAXED) - position <= TRACE_RING_SIZE;
}

/* Copies the record at the reader's position. Returns: FALSE if the writer has overwritten it, or it is no record. */
static gboolean copy_record(TraceReader *reader, guint64 head, gsize *ret_length)
{
    gsize length;

    if (head - reader->position < TRACE_RECORD_SIZE || head - reader->position > TRACE_RING_SIZE)
        return FALSE;
    copy_out(reader, reader->position, reader->copy, TRACE_RECORD_SIZE);
    length = trace_record_length(reader->copy);
    if (!is_intact(reader, reader->position) || length == 0 || length > head - reader->position)
        return FALSE;
    copy_out(reader, reader->position + TRACE_RECORD_SIZE, reader->copy + TRACE_RECORD_SIZE,
             length - TRACE_RECORD_SIZE);
    *ret_length = length;
    return is_intact(reader, reader->position);
}

/* Goes to the oldest record that the writer will not soon overwrite: at least a quarter of the ring is in between. */
static void skip_ahead(TraceReader *reader)
{
    guint64 head = __atomic_load_n(&reader->shared->head, __ATOMIC_ACQUIRE);
    guint64 best = head;

    for (guint i = 0; i < TRACE_RING_MARKS; i++) {
        guint64 mark = __atomic_load_n(&reader->shared->marks[i], __ATOMIC_RELAXED);

        if (mark > reader->position && mark < best && head - mark <= TRACE_RING_SIZE / 4 * 3)
            best = mark;
    }
    reader->position = best;
}

static gboolean take_record(TraceReader *reader, const guint8 **ret_bytes, gsize *ret_length, guint64 *ret_lost)
{
    guint64 head = __atomic_load_n(&reader->shared->head, __ATOMIC_ACQUIRE);
    gboolean skipped = FALSE;
    guint64 sequence;
    gsize length;

    /* A busy writer wins some of these races. The next call tries again. */
    for (guint tries = 0; head != reader->position; tries++) {
        if (copy_record(reader, head, &length)) {
            sequence = ccw_load_be64(reader->copy + TRACE_OFS_SEQUENCE);
            if (reader->is_fresh && !skipped)
                reader->sequence = sequence;
            reader->is_fresh = FALSE;
            *ret_lost = sequence > reader->sequence ? sequence - reader->sequence : 0;
            reader->sequence = sequence + 1;
            reader->position += length;
            *ret_bytes = reader->copy;
            *ret_length = length;
            return TRUE;
        }
        if (tries == TRACE_RING_MARKS)
            break;
        skipped = TRUE;
        skip_ahead(reader);
        head = __atomic_load_n(&reader->shared->head, __ATOMIC_ACQUIRE);
    }
    if (skipped)
        reader->is_fresh = FALSE;
    return FALSE;
}

static gboolean has_ended(const TraceReader *reader)
{
    struct pollfd poll_fd = { .fd = reader->pid_fd, .events = POLLIN };

    return reader->pid_fd >= 0 && poll(&poll_fd, 1, 0) == 1;
}

TraceRead trace_reader_next(TraceReader *reader, guint timeout_ms, const guint8 **ret_bytes, gsize *ret_length,
                            guint64 *ret_lost)
{
    const struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };
    guint32 wake = __atomic_load_n(&reader->shared->wake, __ATOMIC_ACQUIRE);
    gboolean ended;

    *ret_lost = 0;
    renew_deadline(reader);
    if (take_record(reader, ret_bytes, ret_length, ret_lost))
        return TRACE_READ_RECORD;
    ended = has_ended(reader);
    if (!ended && timeout_ms > 0)
        syscall(SYS_futex, &reader->shared->wake, FUTEX_WAIT, wake, &timeout, NULL, 0);
    /* The process may have written a record before its end. */
    if (take_record(reader, ret_bytes, ret_length, ret_lost))
        return TRACE_READ_RECORD;
    return ended ? TRACE_READ_ENDED : TRACE_READ_NOTHING;
}
