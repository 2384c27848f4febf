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
#include "util/timer.h"

/* Time for all attempts of a client together without prompts, and time for one prompt of polkit. */
#define LOGIN_SECONDS 60
#define PROMPT_SECONDS 600

/* remote_auth_type of remote_protocol.x */
#define AUTH_POLKIT 2

/* virtccwd reads a call of the client, and then answers it. polkit's answer may take as long as a person does. */
typedef enum {
    LOGIN_READ_HEAD,
    LOGIN_READ_PAYLOAD,
    LOGIN_ASK_POLKIT, /* virtccwd does not read the client meanwhile */
} LoginState;

struct _RemoteLogin {
    LoginState state;
    RpcPoll *poll;
    RemoteLimits *limits;
    int fd;
    RemoteClientProcess *process;
    gboolean readonly;
    RpcPollWatch *watch;
    guint timer;
    gint64 left;  /* microseconds that the client has left */
    gint64 since; /* time from which left counts */
    guint8 head[RPC_FRAME_HEAD];
    gsize head_length;
    RpcHeader call;
    gsize remaining; /* unread bytes of the call's payload, which is thrown away */
    GCancellable *cancellable;
    RemoteLoginFunc ended;
    gpointer data;
};

static void end(RemoteLogin *login, int fd)
{
    if (login->timer)
        ccw_timer_remove(login->timer);
    rpc_poll_remove(login->watch);
    if (fd < 0)
        remote_limits_hang_up(login->limits, login->process->uid, login->fd);
    g_object_unref(login->cancellable);
    login->ended(login, fd, login->process, login->data);
    g_free(login);
}

/* A login that waits for polkit ends only when the question has been cancelled. */
void remote_login_close(RemoteLogin *login)
{
    if (login->state == LOGIN_ASK_POLKIT)
        g_cancellable_cancel(login->cancellable);
    else
        end(login, -1);
}

static gboolean on_timeout(gpointer data)
{
    static CcwLogLimit limit;
    RemoteLogin *login = data;

    login->timer = 0;
    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "process %d of user %u did not authenticate itself in time",
                    login->process->pid, login->process->uid);
    remote_login_close(login);
    return G_SOURCE_REMOVE;
}

/* Starts the client's time: sets the timer to the time that is left. */
static void start_clock(RemoteLogin *login)
{
    login->since = g_get_monotonic_time();
    login->timer = ccw_timer_add((guint)(MAX(login->left, 0) / 1000), on_timeout, login);
}

static void stop_clock(RemoteLogin *login)
{
    g_clear_handle_id(&login->timer, ccw_timer_remove);
    login->left -= g_get_monotonic_time() - login->since;
}

void remote_login_pass_time(RemoteLogin *login, gint64 microseconds)
{
    login->since -= microseconds;
    ccw_timer_advance(login->timer, microseconds);
}

/*
 * Returns: FALSE if the socket does not take the whole frame. The answers are small, so such a client does not read
 * them.
 */
static gboolean send_frame(RemoteLogin *login, const GByteArray *frame)
{
    return send(login->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

static gboolean send_error(RemoteLogin *login, gint32 code, gint32 domain, const char *message)
{
    g_autoptr(GByteArray) frame = rpc_error_reply(&login->call, code, domain, message);

    return send_frame(login, frame);
}

static gboolean send_words(RemoteLogin *login, const guint32 *words, gsize count)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GByteArray) frame = NULL;
    RpcHeader reply = login->call;

    for (gsize i = 0; i < count; i++)
        rpc_xdr_write_u32(payload, words[i]);
    reply.type = RPC_TYPE_REPLY;
    frame = rpc_frame_new(&reply, payload->data, payload->len);
    return send_frame(login, frame);
}

typedef void (*AnswerFunc)(RemoteLogin *login);

static void answer_list(RemoteLogin *login)
{
    const guint32 types[] = { 1, AUTH_POLKIT };

    if (!send_words(login, types, G_N_ELEMENTS(types)))
        end(login, -1);
}

static void on_hang_up(guint32 events, gpointer data);
static void on_event(guint32 events, gpointer data);

static void watch(RemoteLogin *login, guint32 events, RpcPollFunc func)
{
    rpc_poll_remove(login->watch);
    login->watch = rpc_poll_add(login->poll, login->fd, events, func, login);
    rpc_poll_set_group(login->watch, login->process->uid);
}

static const struct {
    RemotePolkitAnswer answer;
    gint32 code;
    const char *message;
    gboolean names_action;
} rejections[] = {
    { REMOTE_POLKIT_NO, VIR_ERR_AUTH_FAILED, "access denied by policy", FALSE },
    { REMOTE_POLKIT_NO_AGENT, VIR_ERR_AUTH_UNAVAILABLE, "no polkit agent available to authenticate action", TRUE },
    { REMOTE_POLKIT_DISMISSED, VIR_ERR_AUTH_CANCELLED, "user cancelled authentication process", FALSE },
};

static const char *action_of(const RemoteLogin *login)
{
    return login->readonly ? REMOTE_POLKIT_MONITOR : REMOTE_POLKIT_MANAGE;
}

static gboolean reject(RemoteLogin *login, RemotePolkitAnswer answer, const char *why)
{
    static CcwLogLimit limit;
    g_autofree char *message = why ? g_strdup_printf("polkit cannot be asked: %s", why) : NULL;
    gint32 code = VIR_ERR_AUTH_FAILED;

    for (gsize i = 0; i < G_N_ELEMENTS(rejections); i++) {
        if (rejections[i].answer != answer)
            continue;
        code = rejections[i].code;
        message = rejections[i].names_action ? g_strdup_printf("%s '%s'", rejections[i].message, action_of(login))
                                             : g_strdup(rejections[i].message);
    }
    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "process %d of user %u is rejected: %s", login->process->pid,
                    login->process->uid, message);
    return send_error(login, code, VIR_FROM_POLKIT, message);
}

static void on_polkit_answer(RemotePolkitAnswer answer, const char *why, gpointer data)
{
    const guint32 complete = 1;
    RemoteLogin *login = data;

    login->state = LOGIN_READ_HEAD;
    g_clear_handle_id(&login->timer, ccw_timer_remove);
    if (g_cancellable_is_cancelled(login->cancellable))
        end(login, -1);
    else if (answer == REMOTE_POLKIT_YES)
        end(login, send_words(login, &complete, 1) ? login->fd : -1);
    else if (!reject(login, answer, why))
        end(login, -1);
    else {
        watch(login, EPOLLIN, on_event);
        start_clock(login);
    }
}

static void answer_polkit(RemoteLogin *login)
{
    login->state = LOGIN_ASK_POLKIT;
    stop_clock(login);
    login->timer = ccw_timer_add(PROMPT_SECONDS * 1000, on_timeout, login);
    watch(login, EPOLLRDHUP, on_hang_up);
    remote_polkit_check(login->poll, login->process, action_of(login), login->cancellable, on_polkit_answer, login);
}

static void answer_sasl(RemoteLogin *login)
{
    if (!send_error(login, VIR_ERR_AUTH_FAILED, VIR_FROM_RPC, "authentication failed"))
        end(login, -1);
}

static void answer_other(RemoteLogin *login)
{
    if (!send_error(login, VIR_ERR_RPC, VIR_FROM_RPC, "authentication required"))
        end(login, -1);
}

static const struct {
    gint32 procedure;
    AnswerFunc answer;
} answers[] = {
    { REMOTE_PROC_AUTH_LIST, answer_list },       { REMOTE_PROC_AUTH_SASL_INIT, answer_sasl },
    { REMOTE_PROC_AUTH_SASL_START, answer_sasl }, { REMOTE_PROC_AUTH_SASL_STEP, answer_sasl },
    { REMOTE_PROC_AUTH_POLKIT, answer_polkit },
};

static void answer_call(RemoteLogin *login)
{
    AnswerFunc answer = answer_other;

    if (login->call.type != RPC_TYPE_CALL)
        return; /* the client does not expect an answer */
    if (login->call.program == RPC_PROGRAM_REMOTE && login->call.version == RPC_PROGRAM_VERSION)
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
            if (answers[i].procedure == login->call.procedure)
                answer = answers[i].answer;
    answer(login);
}

/*
 * Returns: > 0: the number of bytes received; 0: no bytes now; < 0: the client has left, or sends descriptors, which no
 * client does before it is authenticated.
 */
static ssize_t receive(RemoteLogin *login, void *buffer, gsize length)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t n = ccw_fd_receive(login->fd, buffer, length, fds);

    for (guint i = 0; i < fds->len; i++)
        remote_limits_close(login->limits, login->process->uid, g_array_index(fds, gint, i));
    return fds->len ? -1 : n;
}

static ssize_t read_head(RemoteLogin *login)
{
    ssize_t n = receive(login, login->head + login->head_length, sizeof(login->head) - login->head_length);

    if (n <= 0)
        return n;
    login->head_length += (gsize)n;
    if (login->head_length < sizeof(login->head))
        return n;
    /* virtccwd cannot find the end of a frame with descriptors here. No client begins with one. */
    if (!rpc_header_decode(login->head, &login->call, NULL) || rpc_header_has_fds(&login->call))
        return -1;
    login->remaining = login->call.length - RPC_FRAME_HEAD;
    login->state = LOGIN_READ_PAYLOAD;
    return n;
}

static ssize_t read_payload(RemoteLogin *login)
{
    guint8 waste[4096];
    ssize_t n = receive(login, waste, MIN(sizeof(waste), login->remaining));

    if (n > 0)
        login->remaining -= (gsize)n;
    return n;
}

/* Reads no byte after the current frame: the next frame may be the first one for libvirt. */
static void on_event(guint32 events, gpointer data)
{
    RemoteLogin *login = data;
    ssize_t n = -1;

    if (!(events & RPC_POLL_FAILED))
        n = login->state == LOGIN_READ_HEAD ? read_head(login) : read_payload(login);
    if (n < 0) {
        end(login, -1);
    } else if (login->state == LOGIN_READ_PAYLOAD && login->remaining == 0) {
        login->head_length = 0;
        login->state = LOGIN_READ_HEAD;
        answer_call(login);
    }
}

static void on_hang_up(guint32 events G_GNUC_UNUSED, gpointer data)
{
    RemoteLogin *login = data;

    rpc_poll_set(login->watch, 0);
    remote_login_close(login);
}

RemoteLogin *remote_login_new(RpcPoll *poll, RemoteLimits *limits, int fd, RemoteClientProcess *process,
                              gboolean readonly, RemoteLoginFunc ended, gpointer data)
{
    RemoteLogin *login = g_new0(RemoteLogin, 1);

    *login = (RemoteLogin){
        .poll = poll, .limits = limits, .fd = fd, .process = process, .readonly = readonly, .ended = ended, .data = data
    };
    login->cancellable = g_cancellable_new();
    login->watch = rpc_poll_add(poll, fd, EPOLLIN, on_event, login);
    rpc_poll_set_group(login->watch, process->uid);
    login->left = LOGIN_SECONDS * G_USEC_PER_SEC;
    start_clock(login);
    return login;
}
