/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call of a client that takes several steps: replies of the backend that are waited for, and work that waits for
 * the kernel. Everything runs in the main thread except the work. Several may be in flight on a connection.
 */
#pragma once

#include <glib.h>

#include "remote/call.h"
#include "remote/connection.h"
#include "remote/procedures.h"
#include "remote/rewrite.h"
#include "rpc/wire.h"
#include "util/log.h"

typedef struct _CcwAction CcwAction;

typedef void (*CcwActionReply)(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length);
typedef void (*CcwActionStep)(CcwAction *action);

struct _CcwAction {
    CcwConnection *connection; /* a reference */
    CcwHeader call;            /* the client's */
    CcwArguments arguments;    /* of it */
    CcwActionReply on_reply;   /* NULL: no reply is waited for */
    CcwActionStep on_lost;     /* instead: the backend is gone and there will be none */
    guint32 awaited_serial;
    gint32 awaited_procedure;
    gsize held_bytes; /* libvirt's replies that it has had: its user is charged for them until it ends */
    CcwActionStep work, done;
    /* Of ccw_action_end_raised(), else NULL: */
    GByteArray *frame; /* libvirt's reply */
    GByteArray *reply; /* the raised reply until it is sent */
    GBytes *raised;    /* its payload, to be remembered */
    gint is_answered;  /* atomic: the client has its reply, or a part of it */
    gint can_wait;     /* the worker's: nothing waits for the end of its work */
    struct {
        const CcwMapCss *map_css;
        CcwLogLimit *limit;
        char *subject;
    } warn;                          /* see ccw_action_end_warned() */
    void (*free)(CcwAction *action); /* the rest of what embeds it */
};

/* Takes arguments. */
void ccw_action_begin(CcwAction *action, CcwConnection *connection, const CcwHeader *call, CcwArguments *arguments);

/*
 * ccw_action_reply:
 * @reply: the reply to the client; takes it. NULL: none
 *
 * Sends the reply before the end of the action, for work that the client must not wait for.
 */
void ccw_action_reply(CcwAction *action, GByteArray *reply);

/* The reply to the client (takes it; NULL: none, or it was sent before), and the end: action is freed. */
void ccw_action_end(CcwAction *action, GByteArray *reply);

/* Sends frame, which is the client's own call as it may have been rewritten. Without a backend on_lost is called. */
void ccw_action_call(CcwAction *action, GByteArray *frame, CcwActionReply on_reply, CcwActionStep on_lost);

/* The same with descriptors behind the frame: they are taken, and the array is emptied. NULL: none. */
void ccw_action_call_fds(CcwAction *action, GByteArray *frame, GArray *fds, CcwActionReply on_reply,
                         CcwActionStep on_lost);

/* The same, but the reply goes its usual way, and action is freed. */
void ccw_action_forward(CcwAction *action, GByteArray *frame);

/* A call of our own in the client's name. The client does not see it. */
void ccw_action_ask(CcwAction *action, gint32 procedure, const GByteArray *payload, CcwActionReply on_reply,
                    CcwActionStep on_lost);

/* libvirt's refusal of such a call as the answer to the client's own. */
GByteArray *ccw_action_refusal(const CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length);

/* The reply of status OK to the client's call. payload: NULL if there is nothing in it. */
GByteArray *ccw_action_success(const CcwAction *action, const GByteArray *payload);

/* Such a call with the client's domain argument: the domain's XML. */
void ccw_action_get_domain_xml(CcwAction *action, CcwActionReply on_reply, CcwActionStep on_lost);

/* The XML out of that reply; NULL if it is none, or not of this domain. */
char *ccw_action_read_domain_xml(CcwAction *action, const guint8 *payload, gsize length);

/* work in a worker thread, which alone touches action meanwhile, then done. */
void ccw_action_work(CcwAction *action, CcwWorkKind kind, CcwActionStep work, CcwActionStep done);

/* The end, with a reply of libvirt's as the client shall have it; where that means parsing XML, a worker does it. */
void ccw_action_end_raised(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length);

/* The same of a reply that no action waits for. */
void ccw_reply_begin(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length);

/**
 * ccw_action_end_warned:
 * @map_css: the css feature of the domain around a bare hostdev, which @action keeps; NULL: not known
 * @limit: of the caller's log lines
 * @subject: what the log lines begin with
 *
 * Ends an action whose client has its reply: a worker looks at the host for what an administrator should know of the
 * XML in the client's call, and logs it. Only for calls that libvirt has authorised.
 */
void ccw_action_end_warned(CcwAction *action, const CcwMapCss *map_css, CcwLogLimit *limit, const char *subject);

/* TRUE if this is what an action waits for; then it has had it. For relay.c. */
gboolean ccw_actions_want(CcwConnection *connection, const CcwHeader *header);
gboolean ccw_actions_reply(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length);

/* FALSE if the client's call has a serial that a call in flight has, so that replies could not be told apart. */
gboolean ccw_actions_note_call(CcwConnection *connection, const CcwHeader *header);

/* The client gets the reply to one. */
void ccw_actions_note_reply(CcwConnection *connection, const CcwHeader *header);

/* The backend is gone. */
void ccw_actions_lost(CcwConnection *connection);
