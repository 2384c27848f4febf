/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the trace prints a hint about an idle guest, and the text of the hint. */
#include "trace/trace-idle.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define S G_TIME_SPAN_SECOND
#define MS G_TIME_SPAN_MILLISECOND

static char *check(TraceIdle *idle, gint64 now, gint64 cpu)
{
    return trace_idle_check(idle, 4711, "guest", now, (guint64)cpu);
}

static void expect_hint(TraceIdle *idle, gint64 now, gint64 cpu, const char *expected)
{
    g_autofree char *hint = check(idle, now, cpu);

    g_assert_cmpstr(hint, ==, expected);
}

#define TEXT(seconds, busy)                                                                                            \
    "process 4711 (guest) has done no channel I/O for " seconds " seconds, and its processor is " busy                 \
    ": 'virsh qemu-monitor-command guest --hmp info registers' shows its PSW"

static void test_busy(void)
{
    TraceIdle idle = { 0 };

    trace_idle_on_io(&idle, 100 * S);
    expect_hint(&idle, 100 * S + 100 * MS, 5 * S, NULL);
    expect_hint(&idle, 110 * S - 1, 14 * S, NULL);
    expect_hint(&idle, 110 * S + 100 * MS, 5 * S + 9 * S, TEXT("10", "busy (90 %)"));
    expect_hint(&idle, 111 * S, 15 * S, NULL); /* once */
    expect_hint(&idle, 1000 * S, 15 * S, NULL);
}

static void test_again(void)
{
    TraceIdle idle = { 0 };

    trace_idle_on_io(&idle, 100 * S);
    expect_hint(&idle, 101 * S, 0, NULL);
    expect_hint(&idle, 111 * S, 0, TEXT("11", "idle (0 %)"));
    trace_idle_on_io(&idle, 120 * S);
    expect_hint(&idle, 121 * S, 0, NULL);
    expect_hint(&idle, 131 * S, 0, NULL); /* too soon after the first */
    trace_idle_on_io(&idle, 400 * S);
    expect_hint(&idle, 409 * S, 0, NULL);
    expect_hint(&idle, 419 * S, 4 * S, TEXT("19", "idle (40 %)"));
}

/* I/O in between restarts the time. If the processor time cannot be read, there is no hint. */
static void test_io(void)
{
    TraceIdle idle = { 0 };

    trace_idle_on_io(&idle, 100 * S);
    expect_hint(&idle, 109 * S, 7 * S, NULL);
    trace_idle_on_io(&idle, 109 * S);
    expect_hint(&idle, 118 * S, 7 * S, NULL);
    expect_hint(&idle, 119 * S, 0, TEXT("10", "idle (0 %)"));
}

/* The name comes from a guest, and may contain any byte. */
static void test_names(void)
{
    TraceIdle idle = { 0 };
    g_autofree char *none = NULL;
    g_autofree char *odd = NULL;

    trace_idle_on_io(&idle, S);
    g_assert_null(trace_idle_check(&idle, 7, NULL, 2 * S, 0));
    none = trace_idle_check(&idle, 7, NULL, 12 * S, 0);
    g_assert_cmpstr(
        none, ==,
        "process 7 has done no channel I/O for 11 seconds, and its processor is idle (0 %): 'info registers' "
        "in QEMU's monitor shows its PSW");
    trace_idle_on_io(&idle, 1000 * S);
    g_assert_null(trace_idle_check(&idle, 7, "a\nb", 1001 * S, 0));
    odd = trace_idle_check(&idle, 7, "a\nb", 1012 * S, 0);
    g_assert_nonnull(odd);
    g_assert_null(strchr(odd, '\n'));
}

/* Runs a process that does not end. qemu-user invents /proc/PID/stat of its own process, so this is a child. */
static pid_t start_busy(void)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            ;
    }
    return pid;
}

/* A process that does not exist uses no processor time. */
static void test_cpu(void)
{
    gint64 deadline = g_get_monotonic_time() + 60 * S;
    pid_t busy = start_busy();

    while (trace_idle_cpu(busy) < 50 * MS)
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
    kill(busy, SIGKILL);
    g_assert_cmpint(waitpid(busy, NULL, 0), ==, busy);
    g_assert_cmpuint(trace_idle_cpu(busy), ==, 0);
    g_assert_cmpuint(trace_idle_cpu(-1), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/idle/busy", test_busy);
    g_test_add_func("/trace/idle/again", test_again);
    g_test_add_func("/trace/idle/io", test_io);
    g_test_add_func("/trace/idle/names", test_names);
    g_test_add_func("/trace/idle/cpu", test_cpu);
    return g_test_run();
}
