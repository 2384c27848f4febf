/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "image/image-lines.h"
#include "image/image-report.h"
#include "image/image-streams.h"
#include "util/error.h"

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* The sources of lines. line_handlers has the handler of each. */
enum { LINES_REPORT, LINES_CONSOLE, LINES_LOG, LINES };

typedef struct {
    const ImageSessionSettings *settings;
    ImageGuest *guest;
    ImageStreams *streams;
    ImageLines *lines[LINES];
    GPtrArray *words;      /* char *: what the programs of this step have written */
    GPtrArray *console;    /* char *: the last lines of the console and of QEMU */
    const ImageStep *step; /* that the guest does now; NULL: it boots */
    gint64 deadline;       /* of the step, in the time of g_get_monotonic_time() */
    gboolean is_over;      /* the guest has nothing more to do */
    int code;
    int signal_fd;
} Session;

static const char *step_name(const Session *session)
{
    return session->step ? session->step->name : "boot";
}

static void limit_step(Session *session)
{
    gboolean is_unlimited = session->step && session->step->is_unlimited;

    session->deadline = is_unlimited
                            ? G_MAXINT64
                            : g_get_monotonic_time() + (gint64)session->settings->step_seconds * G_TIME_SPAN_SECOND;
}

/* The guest may begin only the step that follows. */
static gboolean begin_step(Session *session, const ImageReport *report, GError **error)
{
    const ImageStep *next = session->step ? session->step + 1 : session->settings->steps;
    const ImageWatcher *watcher = session->settings->watcher;

    if (g_strcmp0(next->name, report->text) != 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "the guest begins step '%s' where '%s' follows", report->text,
                    next->name ? next->name : "the end");
        return FALSE;
    }
    session->step = next;
    g_ptr_array_set_size(session->words, 0);
    limit_step(session);
    if (next->is_unlimited)
        image_streams_begin(session->streams);
    if (watcher->step)
        watcher->step(next->name, watcher->data);
    return TRUE;
}

static gboolean show_progress(Session *session, const ImageReport *report, GError **error G_GNUC_UNUSED)
{
    const ImageWatcher *watcher = session->settings->watcher;

    if (watcher->progress)
        watcher->progress(report->number, report->total, watcher->data);
    return TRUE;
}

static gboolean keep_words(Session *session, const ImageReport *report, GError **error G_GNUC_UNUSED)
{
    image_tail_add(session->words, report->text);
    return TRUE;
}

static gboolean fail_step(Session *session, const ImageReport *report, GError **error)
{
    const char *last = session->words->len > 0 ? g_ptr_array_index(session->words, session->words->len - 1) : NULL;

    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "step '%s' failed in the guest with exit code %u%s%s",
                step_name(session), report->number, last ? ": " : "", last ? last : "");
    return FALSE;
}

/* The guest has done what it was started for; it may do so in its last step only. */
static gboolean end(Session *session, const ImageReport *report, GError **error)
{
    const ImageStep *next = session->step ? session->step + 1 : session->settings->steps;
    const ImageWatcher *watcher = session->settings->watcher;

    if (next->name) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "the guest ends before step '%s'", next->name);
        return FALSE;
    }
    session->is_over = TRUE;
    session->code = (int)report->number;
    if (watcher->step)
        watcher->step(NULL, watcher->data);
    return TRUE;
}

static gboolean (*const report_handlers[])(Session *session, const ImageReport *report, GError **error) = {
    [IMAGE_REPORT_STEP] = begin_step, [IMAGE_REPORT_PROGRESS] = show_progress,
    [IMAGE_REPORT_SAY] = keep_words,  [IMAGE_REPORT_FAILED] = fail_step,
    [IMAGE_REPORT_EXIT] = end,        [IMAGE_REPORT_DONE] = end,
};

static gboolean take_report(const char *line, gpointer data, GError **error)
{
    Session *session = data;
    ImageReport report;

    return image_report_parse(line, &report, error) && report_handlers[report.kind](session, &report, error);
}

static gboolean take_console(const char *line, gpointer data, GError **error G_GNUC_UNUSED)
{
    Session *session = data;
    const ImageWatcher *watcher = session->settings->watcher;

    image_tail_add(session->console, line);
    if (watcher->console)
        watcher->console(line, watcher->data);
    return TRUE;
}

static const ImageLineFunc line_handlers[LINES] = {
    [LINES_REPORT] = take_report,
    [LINES_CONSOLE] = take_console,
    [LINES_LOG] = take_console,
};

static int *lines_fd(Session *session, guint which)
{
    return which == LINES_LOG       ? &session->guest->log_fd
           : which == LINES_CONSOLE ? &session->guest->ports[IMAGE_PORT_CONSOLE]
                                    : &session->guest->ports[IMAGE_PORT_REPORT];
}

/* Reads from the guest. The end of the report's port means that QEMU has ended. */
static gboolean serve_lines(Session *session, guint which, GError **error)
{
    int *fd = lines_fd(session, which);
    char buffer[4096];
    ssize_t n = read(*fd, buffer, sizeof(buffer));

    if (n > 0)
        return image_lines_feed(session->lines[which], buffer, (gsize)n, line_handlers[which], session, error);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return TRUE;
    close(*fd);
    *fd = -1;
    if (which != LINES_REPORT)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "QEMU ended while the guest did step '%s'", step_name(session));
    return FALSE;
}

static gboolean serve_signal(Session *session, GError **error)
{
    struct signalfd_siginfo info;

    if (read(session->signal_fd, &info, sizeof(info)) != sizeof(info))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "ended by %s in step '%s'", g_strsignal((int)info.ssi_signo),
                step_name(session));
    return FALSE;
}

static int milliseconds_left(const Session *session)
{
    gint64 left = (session->deadline - g_get_monotonic_time()) / 1000;

    return session->deadline == G_MAXINT64 ? -1 : (int)CLAMP(left, 0, G_MAXINT);
}

static gboolean check_time(const Session *session, GError **error)
{
    if (g_get_monotonic_time() < session->deadline)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM,
                "step '%s' has taken longer than %u s; --timeout SECONDS gives it more", step_name(session),
                session->settings->step_seconds);
    return FALSE;
}

/* Waits for the guest, for a signal, or for the deadline, and does what each asks for. */
static gboolean serve(Session *session, GError **error)
{
    struct pollfd polls[1 + LINES + IMAGE_STREAMS_POLLS] = { { .fd = session->signal_fd, .events = POLLIN } };
    guint n;

    for (guint i = 0; i < LINES; i++) /* poll() ignores a descriptor of -1 */
        polls[1 + i] = (struct pollfd){ .fd = *lines_fd(session, i), .events = POLLIN };
    n = image_streams_poll(session->streams, polls + 1 + LINES);
    if (poll(polls, 1 + LINES + n, milliseconds_left(session)) < 0 && errno != EINTR) {
        ccw_error_set_errno(error, errno, "cannot wait for the guest");
        return FALSE;
    }
    if (polls[0].revents && !serve_signal(session, error))
        return FALSE;
    /* The console first: it explains why the report's port has ended. */
    for (guint i = LINES; i > 0; i--)
        if (polls[i].revents && !serve_lines(session, i - 1, error))
            return FALSE;
    return image_streams_serve(session->streams, polls + 1 + LINES, n, error) && check_time(session, error);
}

static gboolean follow(Session *session, GError **error)
{
    limit_step(session);
    while (!session->is_over || !image_streams_are_over(session->streams))
        if (!serve(session, error))
            return FALSE;
    return TRUE;
}

/* Blocks the signals that end the guest, and SIGCHLD. Returns: a signalfd for the first. */
static int block_signals(sigset_t *ret_before)
{
    sigset_t ending, all;

    sigemptyset(&ending);
    for (gsize i = 0; i < G_N_ELEMENTS(ending_signals); i++)
        sigaddset(&ending, ending_signals[i]);
    all = ending;
    sigaddset(&all, SIGCHLD);
    signal(SIGCHLD, SIG_DFL); /* with a caller's SIG_IGN, waitpid() would not find QEMU */
    sigprocmask(SIG_BLOCK, &all, ret_before);
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

static gboolean run_guest(Session *session, GError **error)
{
    g_autoptr(ImageStreams) streams = image_streams_new(session->guest, session->settings->mark);
    gboolean ok;

    session->streams = streams;
    ok = follow(session, error);
    session->streams = NULL;
    return ok && image_guest_stop(session->guest, error);
}

int image_session_run(const ImageGuestSettings *guest, const ImageSessionSettings *settings, GPtrArray **ret_words,
                      GError **error)
{
    sigset_t before, none;
    Session session = { .settings = settings, .signal_fd = block_signals(&before) };
    g_autoptr(ImageGuest) running = NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) console = g_ptr_array_new_with_free_func(g_free);
    gboolean ok;

    sigemptyset(&none);
    running = image_guest_start(guest, &none, error);
    session.guest = running;
    session.words = words;
    session.console = console;
    for (guint i = 0; i < LINES; i++)
        session.lines[i] = image_lines_new();
    ok = running && run_guest(&session, error);
    for (guint i = 0; i < LINES; i++)
        image_lines_free(session.lines[i]);
    g_clear_pointer(&running, image_guest_free);
    close(session.signal_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    *ret_words = g_ptr_array_ref(words->len > 0 ? words : console);
    return ok ? session.code : -1;
}
