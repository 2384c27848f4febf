/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See channel-watch.h. */
#include "channel-watch.h"

#if CHANNEL_WATCH_AVAILABLE

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096
#define EFLAGS_TRAP 0x100

static struct {
    guint8 *at;
    guint8 *page;
    guint64 after;
    volatile guint reads;
    volatile gboolean hit; /* the current single step is an access to the bytes */
    struct sigaction old_segv;
    struct sigaction old_trap;
} watch;

static void on_segv(int signum, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    guint8 *address = info->si_addr;

    if (address < watch.page || address >= watch.page + PAGE) {
        signal(signum, SIG_DFL); /* a real fault: it happens again, and ends the test */
        return;
    }
    watch.hit = address >= watch.at && address < watch.at + sizeof(guint64);
    watch.reads += watch.hit ? 1 : 0;
    mprotect(watch.page, PAGE, PROT_READ | PROT_WRITE);
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TRAP;
}

static void on_trap(int signum G_GNUC_UNUSED, siginfo_t *info G_GNUC_UNUSED, void *context)
{
    ucontext_t *uc = context;

    uc->uc_mcontext.gregs[REG_EFL] &= ~EFLAGS_TRAP;
    if (watch.hit)
        memcpy(watch.at, &watch.after, sizeof(watch.after));
    mprotect(watch.page, PAGE, PROT_NONE);
}

void channel_watch_begin(guint8 *at, guint64 after)
{
    struct sigaction segv = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
    struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

    watch.at = at;
    watch.page = at - ((guintptr)at & (PAGE - 1));
    watch.after = after;
    watch.reads = 0;
    g_assert_cmpint(sigaction(SIGSEGV, &segv, &watch.old_segv), ==, 0);
    g_assert_cmpint(sigaction(SIGTRAP, &trap, &watch.old_trap), ==, 0);
    g_assert_cmpint(mprotect(watch.page, PAGE, PROT_NONE), ==, 0);
}

guint channel_watch_end(void)
{
    g_assert_cmpint(mprotect(watch.page, PAGE, PROT_READ | PROT_WRITE), ==, 0);
    sigaction(SIGSEGV, &watch.old_segv, NULL);
    sigaction(SIGTRAP, &watch.old_trap, NULL);
    return watch.reads;
}

#else

void channel_watch_begin(guint8 *at G_GNUC_UNUSED, guint64 after G_GNUC_UNUSED)
{
}

guint channel_watch_end(void)
{
    return 0;
}

#endif
