/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's call that takes several steps: the task waits for replies of libvirt, and for work in worker threads.
 * All its functions run in the main thread (remote/limits.h) except the work. A connection may have several tasks in
 * progress.
 */
#pragma once

#include <glib.h>

#include "remote/call.h"
#include "remote/connection.h"
#include "rpc/wire.h"
#include "util/log.h"

typedef struct _RemoteTask RemoteTask;

typedef void (*RemoteTaskOnReply)(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);
typedef void (*RemoteTaskStep)(RemoteTask *task);

struct _RemoteTask {
    RemoteConnection *connection;     /* a reference */
    RpcHeader header;                 /* header of the client's call, or of the reply that is raised */
    RemoteCall *call;                 /* the client's call, decoded; NULL: the task began without a decoded call */
    const RemoteProcedure *procedure; /* row of the procedure, or NULL if the table has no row */
    RemoteTaskOnReply on_reply;       /* NULL: the task does not wait for a reply */
    RemoteTaskStep on_lost;           /* called instead of on_reply when the backend is closed, and will not reply */
    guint32 awaited_serial;
    gint32 awaited_procedure;
    gsize reply_bytes; /* bytes of libvirt's replies, which the user is charged for until the end */
    RemoteTaskStep work, done;
    gint is_answered; /* atomic: the client has its reply, or a part of it */
    /* Of a task that raises a reply of libvirt in a worker (reply.c): */
    GByteArray *frame; /* libvirt's reply */
    GByteArray *reply; /* the raised reply until it is sent */
    GBytes *raised;    /* payload of the raised reply, for remote_raised_keep() */
    gint can_wait;     /* set by the worker: nothing waits for the end of its work */
    struct {
        CcwLogLimit *limit;
        char *subject;
    } warn;                         /* arguments of remote_task_end_warned() */
    void (*free)(RemoteTask *task); /* frees the struct around the task, not the call */
};

/**
 * remote_task_begin:
 * @task: all 0 except its free
 * @call: the client's call; the task owns it
 *
 * Begins the task of a client's call.
 */
void remote_task_begin(RemoteTask *task, RemoteConnection *connection, RemoteCall *call);

/**
 * remote_task_begin_undecoded:
 * @header: of the client's call, or of the reply that the task raises
 *
 * As remote_task_begin(), without a decoded call.
 */
void remote_task_begin_undecoded(RemoteTask *task, RemoteConnection *connection, const RpcHeader *header);

/**
 * remote_task_send_reply:
 * @reply: the reply to the client; the function owns it. NULL: does nothing
 *
 * Sends the reply before the task ends, so that the client does not wait for the rest of the work.
 */
void remote_task_send_reply(RemoteTask *task, GByteArray *reply);

/**
 * remote_task_end:
 * @reply: the reply to the client; the function owns it. NULL: sends no reply
 *
 * Ends the task and frees it.
 */
void remote_task_end(RemoteTask *task, GByteArray *reply);

/*
 * Sends libvirt the client's call, lowered if necessary, with its descriptors, and frees the call's XML and frame. If
 * the backend is closed, calls on_lost instead.
 */
void remote_task_call(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost);

/* As remote_task_call(), but keeps the frame: the task may send the call again. */
void remote_task_call_first(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost);

/**
 * remote_task_call_frame:
 * @frame: the client's call
 * @fds: descriptors as gint, or NULL if the call has none: the function owns them, and empties the array
 *
 * As remote_task_call(), for a task without a decoded call.
 */
void remote_task_call_frame(RemoteTask *task, GByteArray *frame, GArray *fds, RemoteTaskOnReply on_reply,
                            RemoteTaskStep on_lost);

/*
 * Sends libvirt the client's call as remote_task_call() does, and ends the task. The relay raises the reply and
 * sends it to the client as any other.
 */
void remote_task_forward(RemoteTask *task);

/**
 * remote_task_ask:
 * @payload: the arguments of the call
 *
 * Sends libvirt a call of our own in the client's name. The client does not see it. If the backend is closed, calls
 * on_lost instead.
 */
void remote_task_ask(RemoteTask *task, gint32 procedure, const GByteArray *payload, RemoteTaskOnReply on_reply,
                     RemoteTaskStep on_lost);

/* Returns: the reply to the client's call, made from libvirt's error to a call of remote_task_ask(). */
GByteArray *remote_task_error_reply(const RemoteTask *task, const RpcHeader *header, const guint8 *payload,
                                    gsize length);

/*
 * Returns: libvirt's reply to the client's own call, raised for the client. The reply must not have XML to be parsed.
 */
GByteArray *remote_task_raise(const RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);

/**
 * remote_task_success:
 * @payload: NULL: empty
 *
 * Returns: the reply of status OK to the client's call.
 */
GByteArray *remote_task_success(const RemoteTask *task, const GByteArray *payload);

/* Asks libvirt, in the client's name, for the XML of the domain in the client's call. */
void remote_task_get_domain_xml(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost);

/* Returns: the text of a reply that is one string, or NULL if the payload is not laid out so. */
char *remote_task_read_string(const guint8 *payload, gsize length);

/**
 * remote_task_open_domain_xml:
 * @text: libvirt's answer; outlives the document
 *
 * Parses a domain's XML. Call it in a worker.
 *
 * Returns: NULL and CCW_ERROR_INVALID if the XML is not of the domain in the client's call, or an error of
 * conf_xml_open() if it is not well-formed.
 */
ConfXml *remote_task_open_domain_xml(const RemoteTask *task, const char *text, GError **error);

/*
 * Calls @work in a worker thread, and then @done in the main thread. Between the two only the worker touches @task.
 */
void remote_task_work(RemoteTask *task, RemoteWorkKind kind, RemoteTaskStep work, RemoteTaskStep done);

/* As remote_task_work(); see remote_workers_push_background() for @can_wait. */
void remote_task_work_background(RemoteTask *task, RemoteWorkKind kind, RemoteTaskStep work, RemoteTaskStep done,
                                 const gint *can_wait);

/**
 * remote_task_end_warned:
 * @limit: of the caller's log lines
 * @subject: beginning of the log lines
 *
 * Ends a task whose client has its reply. A worker looks up the devices of the call on the host, and logs its
 * warnings for the administrator. Only for calls that virtccwd has validated and libvirt has authorised.
 */
void remote_task_end_warned(RemoteTask *task, CcwLogLimit *limit, const char *subject);

/* Returns: whether a task waits for the reply with that header. */
gboolean remote_tasks_want(RemoteConnection *connection, const RpcHeader *header);

/**
 * remote_tasks_receive:
 *
 * Hands a reply to the task that waits for it.
 *
 * Returns: FALSE if no task waits for it.
 */
gboolean remote_tasks_receive(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload,
                              gsize length);

/**
 * remote_tasks_note_call:
 *
 * Notes a client's call as unanswered.
 *
 * Returns: FALSE if an unanswered call has the same serial, or if the client has too many unanswered calls.
 */
gboolean remote_tasks_note_call(RemoteConnection *connection, const RpcHeader *header);

/* Calls on_lost of all tasks that wait for a reply, when the backend is closed. */
void remote_tasks_lost(RemoteConnection *connection);
