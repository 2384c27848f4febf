/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/login.h"

#include <gio/gio.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>

#include "remote/polkit.h"
#include "remote/procedures.h"
#include "rpc/rpc-error.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/log.h"

/* In all, however often it tries, but for the time in which polkit asks its user; and with that. */
#define LOGIN_SECONDS 60
#define PROMPT_SECONDS 600

/* remote_auth_type of remote_protocol.x */
#define AUTH_POLKIT 2

struct _CcwLogin {
    CcwPoll *poll;
    CcwLimits *limits;
    int fd;
    CcwPeer *peer;
    gboolean readonly;
    CcwPollWatch *watch;
    guint timer;
    gint64 left;  /* of the time that it has, in microseconds, */
    gint64 since; /* and from when on that passes */
    guint8 head[CCW_FRAME_HEAD];
    gsize head_length;
    CcwHeader call;
    gsize remaining; /* of the call's payload, which is thrown away */
    gboolean asking; /* polkit; the client is not read meanwhile */
    GCancellable *cancellable;
    CcwLoginFunc ended;
    gpointer data;
};

static void end(CcwLogin *login, int fd)
{
    if (login->timer)
        g_source_remove(login->timer);
    ccw_poll_remove(login->watch);
    if (fd < 0)
        ccw_limits_hang_up(login->limits, login->peer->uid, login->fd);
    g_object_unref(login->cancellable);
    login->ended(login, fd, login->peer, login->data);
    g_free(login);
}

/* While polkit is asked the end is put off until that has been cancelled. */
void ccw_login_close(CcwLogin *login)
{
    if (login->asking)
        g_cancellable_cancel(login->cancellable);
    else
        end(login, -1);
}

static gboolean on_timeout(gpointer data)
{
    static CcwLogLimit limit;
    CcwLogin *login = data;

    login->timer = 0;
    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "process %d of user %u did not authenticate itself", login->peer->pid,
                    login->peer->uid);
    ccw_login_close(login);
    return G_SOURCE_REMOVE;
}

/* Its time goes on from here; the timer is for what is left of it. */
static void start_clock(CcwLogin *login)
{
    login->since = g_get_monotonic_time();
    login->timer = g_timeout_add((guint)(MAX(login->left, 0) / 1000), on_timeout, login);
}

static void stop_clock(CcwLogin *login)
{
    g_clear_handle_id(&login->timer, g_source_remove);
    login->left -= g_get_monotonic_time() - login->since;
}

void ccw_login_pass_time(CcwLogin *login, gint64 microseconds)
{
    GSource *timer = g_main_context_find_source_by_id(NULL, login->timer);

    login->since -= microseconds;
    g_source_set_ready_time(timer, g_source_get_ready_time(timer) - microseconds);
}

/* The answers are small: what the socket does not take at once, the client does not want. */
static gboolean send_frame(CcwLogin *login, const GByteArray *frame)
{
    return send(login->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

static gboolean send_error(CcwLogin *login, gint32 code, gint32 domain, const char *message)
{
    g_autoptr(GByteArray) frame = ccw_rpc_error_reply(&login->call, code, domain, message);

    return send_frame(login, frame);
}

static gboolean send_words(CcwLogin *login, const guint32 *words, gsize count)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GByteArray) frame = NULL;
    CcwHeader reply = login->call;

    for (gsize i = 0; i < count; i++)
        ccw_xdr_write_u32(payload, words[i]);
    reply.type = CCW_TYPE_REPLY;
    frame = ccw_frame_new(&reply, payload->data, payload->len);
    return send_frame(login, frame);
}

typedef void (*AnswerFunc)(CcwLogin *login);

static void answer_list(CcwLogin *login)
{
    const guint32 types[] = { 1, AUTH_POLKIT };

    if (!send_words(login, types, G_N_ELEMENTS(types)))
        end(login, -1);
}

static void on_hang_up(guint32 events, gpointer data);
static void on_event(guint32 events, gpointer data);

static void watch(CcwLogin *login, guint32 events, CcwPollFunc func)
{
    ccw_poll_remove(login->watch);
    login->watch = ccw_poll_add(login->poll, login->fd, events, func, login);
}

static const struct {
    CcwPolkitAnswer answer;
    gint32 code;
    const char *message;
    gboolean names_action;
} refusals[] = {
    { CCW_POLKIT_NO, VIR_ERR_AUTH_FAILED, "access denied by policy", FALSE },
    { CCW_POLKIT_NO_AGENT, VIR_ERR_AUTH_UNAVAILABLE, "no polkit agent available to authenticate action", TRUE },
    { CCW_POLKIT_DISMISSED, VIR_ERR_AUTH_CANCELLED, "user cancelled authentication process", FALSE },
};

static const char *action_of(const CcwLogin *login)
{
    return login->readonly ? CCW_POLKIT_MONITOR : CCW_POLKIT_MANAGE;
}

static gboolean refuse(CcwLogin *login, CcwPolkitAnswer answer, const char *why)
{
    static CcwLogLimit limit;
    g_autofree char *message = why ? g_strdup_printf("polkit cannot be asked: %s", why) : NULL;
    gint32 code = VIR_ERR_AUTH_FAILED;

    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if (refusals[i].answer != answer)
            continue;
        code = refusals[i].code;
        message = refusals[i].names_action ? g_strdup_printf("%s '%s'", refusals[i].message, action_of(login))
                                           : g_strdup(refusals[i].message);
    }
    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "process %d of user %u is not let in: %s", login->peer->pid,
                    login->peer->uid, message);
    return send_error(login, code, VIR_FROM_POLKIT, message);
}

static void on_polkit_answer(CcwPolkitAnswer answer, const char *why, gpointer data)
{
    const guint32 complete = 1;
    CcwLogin *login = data;

    login->asking = FALSE;
    g_clear_handle_id(&login->timer, g_source_remove);
    if (g_cancellable_is_cancelled(login->cancellable))
        end(login, -1);
    else if (answer == CCW_POLKIT_YES)
        end(login, send_words(login, &complete, 1) ? login->fd : -1);
    else if (!refuse(login, answer, why))
        end(login, -1);
    else {
        watch(login, EPOLLIN, on_event);
        start_clock(login);
    }
}

static void answer_polkit(CcwLogin *login)
{
    login->asking = TRUE;
    stop_clock(login);
    login->timer = g_timeout_add_seconds(PROMPT_SECONDS, on_timeout, login);
    watch(login, EPOLLRDHUP, on_hang_up);
    ccw_polkit_check(login->poll, login->peer, action_of(login), login->cancellable, on_polkit_answer, login);
}

static void answer_sasl(CcwLogin *login)
{
    if (!send_error(login, VIR_ERR_AUTH_FAILED, VIR_FROM_RPC, "authentication failed"))
        end(login, -1);
}

static void answer_other(CcwLogin *login)
{
    if (!send_error(login, VIR_ERR_RPC, VIR_FROM_RPC, "authentication required"))
        end(login, -1);
}

static const struct {
    gint32 procedure;
    AnswerFunc answer;
} answers[] = {
    { CCW_PROC_AUTH_LIST, answer_list },       { CCW_PROC_AUTH_SASL_INIT, answer_sasl },
    { CCW_PROC_AUTH_SASL_START, answer_sasl }, { CCW_PROC_AUTH_SASL_STEP, answer_sasl },
    { CCW_PROC_AUTH_POLKIT, answer_polkit },
};

static void answer_call(CcwLogin *login)
{
    AnswerFunc answer = answer_other;

    if (login->call.type != CCW_TYPE_CALL)
        return; /* the client does not wait for an answer */
    if (login->call.program == CCW_PROGRAM_REMOTE && login->call.version == CCW_PROGRAM_VERSION)
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
            if (answers[i].procedure == login->call.procedure)
                answer = answers[i].answer;
    answer(login);
}

/* > 0: something came; 0: nothing now; < 0: the client has gone, or sends descriptors, which no client does so early.
 */
static ssize_t receive(CcwLogin *login, void *buffer, gsize length)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t n = ccw_fd_receive(login->fd, buffer, length, fds);

    for (guint i = 0; i < fds->len; i++)
        ccw_limits_close(login->limits, login->peer->uid, g_array_index(fds, gint, i));
    return fds->len ? -1 : n;
}

static ssize_t read_head(CcwLogin *login)
{
    ssize_t n = receive(login, login->head + login->head_length, sizeof(login->head) - login->head_length);

    if (n <= 0)
        return n;
    login->head_length += (gsize)n;
    if (login->head_length < sizeof(login->head))
        return n;
    /* What comes behind a frame with descriptors cannot be told without them; no client begins so. */
    if (!ccw_header_decode(login->head, &login->call, NULL) || ccw_header_has_fds(&login->call))
        return -1;
    login->remaining = login->call.length - CCW_FRAME_HEAD;
    return n;
}

static ssize_t read_payload(CcwLogin *login)
{
    guint8 waste[4096];
    ssize_t n = receive(login, waste, MIN(sizeof(waste), login->remaining));

    if (n > 0)
        login->remaining -= (gsize)n;
    return n;
}

/* Nothing behind the frame is read: it may be the first one that is libvirt's. */
static void on_event(guint32 events, gpointer data)
{
    CcwLogin *login = data;
    gboolean in_head = login->head_length < sizeof(login->head);
    ssize_t n = -1;

    if (!(events & CCW_POLL_FAILED))
        n = in_head ? read_head(login) : read_payload(login);
    if (n < 0) {
        end(login, -1);
    } else if (login->head_length == sizeof(login->head) && login->remaining == 0) {
        login->head_length = 0;
        answer_call(login);
    }
}

static void on_hang_up(guint32 events G_GNUC_UNUSED, gpointer data)
{
    CcwLogin *login = data;

    ccw_poll_set(login->watch, 0);
    ccw_login_close(login);
}

CcwLogin *ccw_login_new(CcwPoll *poll, CcwLimits *limits, int fd, CcwPeer *peer, gboolean readonly, CcwLoginFunc ended,
                        gpointer data)
{
    CcwLogin *login = g_new0(CcwLogin, 1);

    *login = (CcwLogin){
        .poll = poll, .limits = limits, .fd = fd, .peer = peer, .readonly = readonly, .ended = ended, .data = data
    };
    login->cancellable = g_cancellable_new();
    login->watch = ccw_poll_add(poll, fd, EPOLLIN, on_event, login);
    login->left = LOGIN_SECONDS * G_USEC_PER_SEC;
    start_clock(login);
    return login;
}
