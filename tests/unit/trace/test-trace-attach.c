/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching to another process: the permission, the devices, and its end. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace-samples.h"
#include "trace/trace-find.h"
#include "trace/trace-reader.h"
#include "trace/trace-ring.h"
#include "util/error.h"

#define NOBODY 65534

/* A process with a ring. After it gets a byte in `go`, it writes three records, and exits without closing the ring. */
static pid_t start_child(int *ret_go)
{
    int go[2], ready[2];
    char byte = 0;
    pid_t pid;

    g_assert_cmpint(pipe(go), ==, 0);
    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        TraceRing *ring = trace_ring_new(NULL);

        close(go[1]);
        if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
            _exit(1);
        for (guint i = 0; i < 3; i++)
            trace_ring_write(ring, &sample_make(i + 1, 8, 0)->capture);
        _exit(0);
    }
    close(go[0]);
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    *ret_go = go[1];
    return pid;
}

static void test_process(void)
{
    g_autoptr(GError) error = NULL;
    TraceReader *reader;
    const guint8 *bytes;
    TraceRead result;
    guint64 lost;
    gsize length;
    int go, status;
    pid_t pid = start_child(&go);

    reader = trace_reader_attach(pid, 8, &error);
    g_assert_no_error(error);
    g_assert_cmpint(trace_reader_next(reader, 0, &bytes, &length, &lost), ==, TRACE_READ_NOTHING);
    g_assert_cmpint(write(go, "", 1), ==, 1);
    for (guint i = 0; i < 3; i++) {
        do
            result = trace_reader_next(reader, 1000, &bytes, &length, &lost);
        while (result == TRACE_READ_NOTHING);
        g_assert_cmpint(result, ==, TRACE_READ_RECORD);
        g_assert_cmpuint(lost, ==, 0);
    }
    do
        result = trace_reader_next(reader, 1000, &bytes, &length, &lost);
    while (result == TRACE_READ_NOTHING);
    g_assert_cmpint(result, ==, TRACE_READ_ENDED);
    trace_reader_free(reader);
    close(go);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);

    g_assert_null(trace_reader_attach(pid, 8, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
}

/* A process without a ring cannot be traced. Another user's process is denied. */
static void test_rejected(void)
{
    g_autoptr(GError) error = NULL;
    pid_t pid;
    int status;

    g_assert_null(trace_reader_attach(getpid(), 8, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "has no embedded channel device"));
    if (getuid() != 0) {
        g_test_skip("needs root, to become another user");
        return;
    }
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        g_autoptr(GError) problem = NULL;

        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(2);
        if (trace_reader_attach(getppid(), 8, &problem))
            _exit(3);
        _exit(g_error_matches(problem, CCW_ERROR, CCW_ERROR_DENIED) ? 0 : 4);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void test_names(void)
{
#define WORDS(text) text, sizeof(text)
    static const struct {
        const char *words;
        gsize length;
        const char *name;
    } rows[] = {
        { WORDS("/usr/bin/qemu-system-s390x\0-name\0guest=g1,debug-threads=on\0-S"), "g1" },
        { WORDS("qemu-system-s390x\0-name\0plain\0-m\0001024"), "plain" },
        { WORDS("qemu-system-s390x\0-name\0guest=a,,b,process=c"), "a,b" },
        { WORDS("qemu-system-s390x\0-name\0guest="), "guest=" },
        { WORDS("qemu-system-s390x\0-m\0001024"), NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = trace_find_name(rows[i].words, rows[i].length);

        g_assert_cmpstr(name, ==, rows[i].name);
    }
    /* The second name is missing, and the last word has no end. */
    g_assert_null(trace_find_name("-name", 5));
    g_assert_null(trace_find_name("", 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/attach/process", test_process);
    g_test_add_func("/trace/attach/rejected", test_rejected);
    g_test_add_func("/trace/attach/names", test_names);
    return g_test_run();
}
