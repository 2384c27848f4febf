/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd's own calls before the first call of a client that matters. When the client's connection starts:
 *
 *   look up       a worker finds the names of the client's user and group
 *   greet         AUTH_LIST, unless the client is root, which sends its own. libvirt sees root, and answers that it
 *                 asks for no proof
 *
 * When the client opens a libvirt that it may open:
 *
 *   wait          until the worker has found the names
 *   open          the client's CONNECT_OPEN
 *   identify      CONNECT_SET_IDENTITY, which needs an open connection
 *   check access  CONNECT_SUPPORTS_FEATURE, unless the client is root. libvirt checks the same access as for
 *                 CONNECT_OPEN, which it checked as root's
 *   resolve       CONNECT_GET_URI, unless the client is root or named a URI: which libvirt is the administrator's
 *                 default
 *
 * Then virtccwd sends the client the reply to its CONNECT_OPEN. root, whose access libvirt does not check, gets the
 * reply before identify, and virtccwd does not read root until identify is done. libvirtd works on several calls of a
 * connection at a time. So virtccwd forwards no call that libvirtd could take for virtccwd's own before then.
 */
#include "remote/identity.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "remote/open.h"
#include "remote/protocol.h"
#include "remote/task.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/log.h"

#define AUTH_NONE 0 /* remote_auth_type of remote_protocol.x */
#define FEATURE 1   /* VIR_DRV_FEATURE_MIGRATION_V1, answered by the driver, not by the daemon; any answer will do */
#define EARLY_MAX 16384u /* bytes; virtccwd rejects a longer call that libvirt may not receive yet */
#define NOT_OPEN "hypervisor connection not open"

typedef enum {
    OPEN_WAIT,
    OPEN_CALL,
    OPEN_IDENTIFY,
    OPEN_CHECK_ACCESS,
    OPEN_RESOLVE,
} OpenState;

typedef struct {
    RemoteTask task;
    OpenState state;
    GByteArray *frame;   /* the client's CONNECT_OPEN */
    GByteArray *reply;   /* libvirt's reply to it */
    gboolean is_default; /* the client names no URI */
} Open;

typedef struct {
    RemoteTask task;
    GByteArray *identity; /* NULL on error */
    GError *error;
} LookUp;

/* The header of tasks that no call of the client begins. */
static const RpcHeader no_call = { .program = RPC_PROGRAM_REMOTE, .version = RPC_PROGRAM_VERSION };

/* From now on virtccwd forwards no call of this client. */
static void shut(RemoteConnection *connection, const char *why)
{
    connection->phase = REMOTE_PHASE_SHUT;
    connection->shut_why = why;
}

static void lost(RemoteTask *task)
{
    task->connection->is_paused = FALSE;
    remote_task_end(task, NULL);
}

static void enter(Open *open, OpenState state);

static void look_up_free(RemoteTask *task)
{
    LookUp *look_up = (LookUp *)task;

    g_clear_pointer(&look_up->identity, g_byte_array_unref);
    g_clear_error(&look_up->error);
    g_free(look_up);
}

static void look_up_work(RemoteTask *task)
{
    LookUp *look_up = (LookUp *)task;

    look_up->identity = remote_client_process_identity(task->connection->process, &look_up->error);
}

/* The waiting task continues before this one ends, so that the connection does not end in between. */
static void look_up_done(RemoteTask *task)
{
    LookUp *look_up = (LookUp *)task;
    RemoteConnection *connection = task->connection;

    connection->identity = g_steal_pointer(&look_up->identity);
    connection->identity_error = g_steal_pointer(&look_up->error);
    if (connection->opening)
        enter((Open *)g_steal_pointer(&connection->opening), OPEN_CALL);
    remote_task_end(task, NULL);
}

static void begin_look_up(RemoteConnection *connection)
{
    LookUp *look_up = g_new0(LookUp, 1);

    look_up->task.free = look_up_free;
    remote_task_begin_undecoded(&look_up->task, connection, &no_call);
    look_up->task.is_answered = TRUE; /* the client may use the serial of no_call */
    remote_task_work(&look_up->task, REMOTE_WORK_LOOK_UP, look_up_work, look_up_done);
}

static void greet_free(RemoteTask *task)
{
    g_free(task);
}

static gboolean lists_none(const RpcHeader *header, const guint8 *payload, gsize length)
{
    RpcXdrReader reader;
    gboolean is_none;

    rpc_xdr_reader_init(&reader, payload, length);
    is_none = rpc_xdr_read_u32(&reader) == 1 && rpc_xdr_read_u32(&reader) == AUTH_NONE;
    return header->status == RPC_STATUS_OK && is_none && !reader.failed;
}

static void greeted(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    RemoteConnection *connection = task->connection;

    if (!lists_none(header, payload, length)) {
        shut(connection, "libvirt behind virtccwd does not let root in without a password: set its auth_unix_rw and "
                         "auth_unix_ro to 'none' or 'polkit'");
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", connection->shut_why);
    }
    connection->is_paused = FALSE;
    remote_task_end(task, NULL);
}

static void greet(RemoteConnection *connection)
{
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    RemoteTask *task = g_new0(RemoteTask, 1);

    task->free = greet_free;
    connection->is_paused = TRUE;
    connection->is_listed = TRUE;
    remote_task_begin_undecoded(task, connection, &no_call);
    remote_task_ask(task, REMOTE_PROC_AUTH_LIST, nothing, greeted, lost);
}

/* The look-up runs while libvirt answers AUTH_LIST. */
void remote_identity_begin(RemoteConnection *connection)
{
    begin_look_up(connection);
    if (connection->process->uid != 0)
        greet(connection);
}

/* The steps of one CONNECT_OPEN, from here on. */

static void open_free(RemoteTask *task)
{
    Open *open = (Open *)task;

    g_clear_pointer(&open->frame, g_byte_array_unref);
    g_clear_pointer(&open->reply, g_byte_array_unref);
    g_free(open);
}

static void opened(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Open *open = (Open *)task;

    if (header->status != RPC_STATUS_OK) {
        task->connection->phase = REMOTE_PHASE_NEW;
        remote_task_end(task, remote_task_raise(task, header, payload, length));
        return;
    }
    open->reply = rpc_frame_new(header, payload, length);
    if (task->connection->process->uid == 0) {
        task->connection->is_paused = TRUE;
        remote_task_send_reply(task, g_steal_pointer(&open->reply));
    }
    enter(open, OPEN_IDENTIFY);
}

static void call_open(Open *open)
{
    RemoteTask *task = &open->task;
    RemoteConnection *connection = task->connection;

    if (connection->identity) {
        remote_task_call_frame(task, open->frame, NULL, opened, lost);
        return;
    }
    connection->phase = REMOTE_PHASE_NEW;
    remote_task_end(task, rpc_error_reply(&task->header, VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC,
                                          connection->identity_error->message));
}

static void let_in(Open *open)
{
    RemoteConnection *connection = open->task.connection;

    connection->phase = REMOTE_PHASE_OPEN;
    connection->is_paused = FALSE;
    remote_task_end(&open->task, g_steal_pointer(&open->reply));
}

static void shut_out(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    RemoteConnection *connection = task->connection;
    gboolean is_answered = connection->is_paused;

    shut(connection, NOT_OPEN);
    connection->is_paused = FALSE;
    remote_task_end(task, is_answered ? NULL : remote_task_error_reply(task, header, payload, length));
}

static void identified(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    if (header->status != RPC_STATUS_OK)
        shut_out(task, header, payload, length);
    else if (task->connection->process->uid == 0)
        let_in((Open *)task);
    else
        enter((Open *)task, OPEN_CHECK_ACCESS);
}

static gboolean is_denied(const RpcHeader *header, const guint8 *payload, gsize length)
{
    RpcError error;
    gboolean denied;

    if (header->status != RPC_STATUS_ERROR)
        return FALSE;
    if (!rpc_error_decode(&error, payload, length))
        return TRUE;
    denied = error.code != VIR_ERR_NO_SUPPORT; /* also if the access driver failed */
    rpc_error_clear(&error);
    return denied;
}

static void access_checked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    if (is_denied(header, payload, length))
        shut_out(task, header, payload, length);
    else if (((Open *)task)->is_default)
        enter((Open *)task, OPEN_RESOLVE);
    else
        let_in((Open *)task);
}

static void check_access(Open *open)
{
    g_autoptr(GByteArray) feature = g_byte_array_new();

    rpc_xdr_write_u32(feature, FEATURE);
    remote_task_ask(&open->task, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE, feature, access_checked, lost);
}

/*
 * If the default is another libvirt, libvirtd connected to it as root, before virtccwd told it the client's identity.
 */
static void resolved(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    g_autofree char *uri = header->status == RPC_STATUS_OK ? remote_task_read_string(payload, length) : NULL;

    task->connection->is_elsewhere = !uri || !remote_open_is_trusted(uri, task->connection->process->uid == 0);
    let_in((Open *)task);
}

static void resolve(Open *open)
{
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    remote_task_ask(&open->task, REMOTE_PROC_CONNECT_GET_URI, nothing, resolved, lost);
}

static void enter(Open *open, OpenState state)
{
    open->state = state;
    switch (state) {
    case OPEN_WAIT:
        open->task.connection->opening = &open->task;
        break;
    case OPEN_CALL:
        call_open(open);
        break;
    case OPEN_IDENTIFY:
        remote_task_ask(&open->task, REMOTE_PROC_CONNECT_SET_IDENTITY, open->task.connection->identity, identified,
                        lost);
        break;
    case OPEN_CHECK_ACCESS:
        check_access(open);
        break;
    case OPEN_RESOLVE:
        resolve(open);
        break;
    }
}

static void begin_open(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) reply = NULL;
    RemoteOpenArguments arguments;
    Open *open;

    if (!remote_open_read(&arguments, payload, length, connection->process->uid == 0, &error)) {
        reply = rpc_error_reply(header, VIR_ERR_ACCESS_DENIED, VIR_FROM_RPC, error->message);
        remote_connection_send(connection, REMOTE_SIDE_CLIENT, reply);
        return;
    }
    open = g_new0(Open, 1);
    open->task.free = open_free;
    remote_task_begin_undecoded(&open->task, connection, header);
    open->is_default = arguments.is_default;
    connection->is_elsewhere = arguments.is_elsewhere;
    connection->is_opened_readonly = arguments.is_readonly;
    connection->phase = REMOTE_PHASE_OPENING;
    open->frame = rpc_frame_new(header, payload, length);
    enter(open, connection->identity || connection->identity_error ? OPEN_CALL : OPEN_WAIT);
}

/* Calls that do not depend on the client's identity, or that end a connection. */
static const gint32 before_open[] = {
    REMOTE_PROC_CONNECT_CLOSE,  REMOTE_PROC_CONNECT_SUPPORTS_FEATURE, REMOTE_PROC_AUTH_LIST,
    REMOTE_PROC_AUTH_SASL_INIT, REMOTE_PROC_AUTH_SASL_START,          REMOTE_PROC_AUTH_SASL_STEP,
    REMOTE_PROC_AUTH_POLKIT,
};

static gboolean is_remote(const RpcHeader *header, gint32 procedure)
{
    return header->program == RPC_PROGRAM_REMOTE && header->procedure == procedure;
}

static gboolean passes_before_open(const RpcHeader *header)
{
    for (gsize i = 0; i < G_N_ELEMENTS(before_open); i++)
        if (is_remote(header, before_open[i]))
            return TRUE;
    return FALSE;
}

/* Returns: whether virtccwd may forward this call now. */
static gboolean may_pass(const RemoteConnection *connection, const RpcHeader *header)
{
    if (is_remote(header, REMOTE_PROC_CONNECT_SET_IDENTITY) && connection->process->uid != 0)
        return FALSE;
    return connection->phase == REMOTE_PHASE_OPEN ||
           (connection->phase != REMOTE_PHASE_SHUT && passes_before_open(header));
}

static gboolean is_too_long(const RpcHeader *header)
{
    return header->length > EARLY_MAX;
}

static void reject(RemoteConnection *connection, const RpcHeader *header)
{
    const char *message = connection->phase == REMOTE_PHASE_SHUT ? connection->shut_why : NOT_OPEN;
    gint32 code = VIR_ERR_INTERNAL_ERROR;
    g_autoptr(GByteArray) reply = NULL;

    if (is_remote(header, REMOTE_PROC_CONNECT_SET_IDENTITY) && connection->process->uid != 0) {
        code = VIR_ERR_ACCESS_DENIED;
        message = "only root may set the identity of another client";
    } else if (is_remote(header, REMOTE_PROC_CONNECT_OPEN) && connection->phase == REMOTE_PHASE_OPENING) {
        message = "connection already open";
    } else if (!connection->is_listed) {
        code = VIR_ERR_RPC;
        message = "authentication required";
    } else if (is_remote(header, REMOTE_PROC_CONNECT_OPEN) && connection->phase == REMOTE_PHASE_NEW &&
               is_too_long(header)) {
        message = "the arguments of this call are too long: shorten the URI";
    }
    reply = rpc_error_reply(header, code, VIR_FROM_RPC, message);
    remote_connection_send(connection, REMOTE_SIDE_CLIENT, reply);
}

gboolean remote_identity_header(RemoteConnection *connection, const RpcHeader *header, RpcInboxHandling *ret_handling)
{
    if (is_remote(header, REMOTE_PROC_CONNECT_SET_IDENTITY))
        connection->is_for_another = TRUE;
    if (is_remote(header, REMOTE_PROC_AUTH_LIST))
        connection->is_listed = TRUE;
    if (!connection->process || (header->type != RPC_TYPE_CALL && header->type != RPC_TYPE_CALL_WITH_FDS) ||
        may_pass(connection, header))
        return FALSE;
    *ret_handling = RPC_INBOX_HOLD;
    if (header->type != RPC_TYPE_CALL) {
        /* virtccwd cannot hold a frame with descriptors here; no client sends any so early. */
        *ret_handling = RPC_INBOX_STOP;
    } else if (is_too_long(header)) {
        reject(connection, header);
        *ret_handling = RPC_INBOX_DROP;
    }
    return TRUE;
}

gboolean remote_identity_frame(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload,
                               gsize length)
{
    if (!connection->process || may_pass(connection, header))
        return FALSE; /* the phase may have changed since its header came */
    if (is_remote(header, REMOTE_PROC_CONNECT_OPEN) && connection->phase == REMOTE_PHASE_NEW)
        begin_open(connection, header, payload, length);
    else
        reject(connection, header);
    return TRUE;
}
