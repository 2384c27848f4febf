/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error of a disk that kill_device.py must find. Preloaded into QEMU, this acknowledges every write to a file at an
 * offset at once, and performs it later. When QEMU is killed, the waiting writes are lost.
 */
#include <glib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DELAY (20 * G_TIME_SPAN_MILLISECOND)

typedef struct {
    int fd;
    off_t offset;
    size_t count;
    gint64 due;
    guint8 bytes[];
} Write;

static gpointer write_later(gpointer data)
{
    GAsyncQueue *queue = data;

    for (;;) {
        g_autofree Write *later = g_async_queue_pop(queue);
        gint64 left = later->due - g_get_monotonic_time();

        if (left > 0)
            g_usleep((gulong)left);
        for (size_t done = 0; done < later->count;) {
            long n =
                syscall(SYS_pwrite64, later->fd, later->bytes + done, later->count - done, later->offset + (off_t)done);

            if (n <= 0)
                break;
            done += (size_t)n;
        }
    }
    return NULL;
}

/* With 64-bit offsets, this replaces the C library's pwrite64. */
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
    static GAsyncQueue *queue;
    static gsize made;
    Write *later = g_malloc(sizeof(Write) + count);

    if (g_once_init_enter(&made)) {
        queue = g_async_queue_new();
        g_thread_unref(g_thread_new("delayed_writes", write_later, queue));
        g_once_init_leave(&made, 1);
    }
    *later = (Write){ .fd = fd, .offset = offset, .count = count, .due = g_get_monotonic_time() + DELAY };
    memcpy(later->bytes, buffer, count);
    g_async_queue_push(queue, later);
    return (ssize_t)count;
}
