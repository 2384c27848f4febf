/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares places where virtccwd could parse XML, in turns: the main thread, a worker thread, and a process that gets
 * the text through a socket and sends it back. Prints a line for each document: the median of the wall-clock
 * microseconds of one raise, and how many more it takes than in the main thread.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "remote/workers.h"

#define TURNS 2000

static const char hostdev_format[] = "    <hostdev mode='subsystem' type='ccw' managed='yes'>\n"
                                     "      <source>\n"
                                     "        <address cssid='0x0' ssid='0x0' devno='0x%04x'/>\n"
                                     "      </source>\n"
                                     "      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x%04x'/>\n"
                                     "    </hostdev>\n";

/* A domain as libvirt stores it. */
static char *make_domain(guint hostdevs)
{
    g_autoptr(GString) text = g_string_new("<domain type='kvm'>\n  <name>guest</name>\n  <devices>\n");
    gboolean changed;

    for (guint i = 0; i < hostdevs; i++)
        g_string_append_printf(text, hostdev_format, 0x1000 + i, 0x1000 + i);
    g_string_append(text, "  </devices>\n</domain>\n");
    return conf_lower(text->str, CONF_MAP_CSS_ABSENT, &changed, NULL);
}

static char *raise_text(const char *text)
{
    gboolean changed;

    return conf_raise(text, &changed, NULL);
}

/* --- in a worker --- */

typedef struct {
    RemoteWorkers *workers;
    const char *text;
    char *result;
    gboolean done;
} Job;

static void job_work(gpointer data)
{
    Job *job = data;

    job->result = raise_text(job->text);
}

static void job_done(gpointer data)
{
    ((Job *)data)->done = TRUE;
}

static char *raise_in_worker(RemoteWorkers *workers, const char *text)
{
    Job job = { workers, text, NULL, FALSE };

    remote_workers_push(workers, REMOTE_WORK_PARSE, 1000, NULL, job_work, job_done, &job);
    while (!job.done)
        g_main_context_iteration(NULL, TRUE);
    return job.result;
}

/* --- in a process --- */

static void send_all(int fd, const void *bytes, gsize length)
{
    const char *at = bytes;

    while (length) {
        ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

        if (n <= 0)
            _exit(1);
        at += n;
        length -= (gsize)n;
    }
}

static gboolean receive_all(int fd, void *bytes, gsize length)
{
    char *at = bytes;

    while (length) {
        ssize_t n = recv(fd, at, length, 0);

        if (n <= 0)
            return FALSE;
        at += n;
        length -= (gsize)n;
    }
    return TRUE;
}

static void send_text(int fd, const char *text)
{
    guint32 length = (guint32)strlen(text);

    send_all(fd, &length, sizeof(length));
    send_all(fd, text, length);
}

static char *receive_text(int fd)
{
    guint32 length;
    char *text;

    if (!receive_all(fd, &length, sizeof(length)))
        return NULL;
    text = g_malloc(length + 1u);
    text[length] = '\0';
    if (receive_all(fd, text, length))
        return text;
    g_free(text);
    return NULL;
}

static void serve(int fd)
{
    char *text;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while ((text = receive_text(fd))) {
        g_autofree char *result = raise_text(text);

        send_text(fd, result);
        g_free(text);
    }
    _exit(0);
}

static int start_process(void)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return -1;
    if (fork() == 0) {
        close(fds[0]);
        serve(fds[1]);
    }
    close(fds[1]);
    return fds[0];
}

static char *raise_in_process(int fd, const char *text)
{
    send_text(fd, text);
    return receive_text(fd);
}

/* --- */

static int compare(gconstpointer a, gconstpointer b)
{
    const gint64 *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double median(GArray *times)
{
    g_array_sort(times, compare);
    return (double)g_array_index(times, gint64, times->len / 2) / 1000;
}

static gint64 now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void measure(const char *name, const char *text, RemoteWorkers *workers, int process)
{
    GArray *times[3];
    double medians[3];

    for (guint i = 0; i < G_N_ELEMENTS(times); i++)
        times[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint turn = 0; turn < TURNS; turn++) {
        for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
            gint64 start = now_ns();
            g_autofree char *result = i == 0   ? raise_text(text)
                                      : i == 1 ? raise_in_worker(workers, text)
                                               : raise_in_process(process, text);
            gint64 taken = now_ns() - start;

            if (!result)
                exit(1);
            g_array_append_val(times[i], taken);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        medians[i] = median(times[i]);
        g_array_unref(times[i]);
    }
    printf("%-28s %8zu %10.1f %10.1f %+10.1f %10.1f %+10.1f\n", name, strlen(text), medians[0], medians[1],
           medians[1] - medians[0], medians[2], medians[2] - medians[0]);
}

int main(void)
{
    static const guint counts[] = { 0, 1, 8, 64, 1024 };
    int process = start_process(); /* before there are threads */
    g_autoptr(GError) error = NULL;
    g_autoptr(RemoteWorkers) workers = remote_workers_new(NULL, &error);

    if (process < 0 || !workers) {
        fprintf(stderr, "parse: %s\n", error ? error->message : "no process");
        return 1;
    }
    printf("%-28s %8s %10s %10s %10s %10s %10s\n", "ccw hostdevs in the domain", "bytes", "main, us", "worker", "more",
           "process", "more");
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *text = make_domain(counts[i]);
        g_autofree char *name = g_strdup_printf("%u", counts[i]);

        measure(name, text, workers, process);
    }
    return 0;
}
