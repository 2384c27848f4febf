/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain with our element in it, to be defined or created: it is judged, in a worker, before libvirt gets it. What is
 * not ours in it is libvirt's to judge.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include "remote/ccw-action.h"
#include "remote/ccw-connection-private.h"
#include "remote/ccw-rpc-error.h"
#include "util/ccw-error.h"

typedef struct {
    CcwAction action;
    GByteArray *frame; /* the lowered call */
    GArray *fds;       /* behind it, as gint; NULL: none */
    gboolean by_schema;
    GPtrArray *warnings;
    GError *error;
} Define;

static void define_free(CcwAction *action)
{
    Define *define = (Define *)action;

    g_byte_array_unref(define->frame);
    for (guint i = 0; define->fds && i < define->fds->len; i++)
        close(g_array_index(define->fds, gint, i));
    g_clear_pointer(&define->fds, g_array_unref);
    g_ptr_array_unref(define->warnings);
    g_clear_error(&define->error);
    g_free(define);
}

static void judge_work(CcwAction *action)
{
    const CcwJudge *judge = action->connection->services->judge;
    Define *define = (Define *)action;
    const CcwJudged judged = {
        .xml = action->arguments.xml,
        .by_schema = define->by_schema,
        .warnings = define->warnings,
    };

    judge->document(&judged, judge->data, &define->error);
}

static void judged(CcwAction *action)
{
    Define *define = (Define *)action;

    for (guint i = 0; i < define->warnings->len; i++)
        g_message("a domain that is defined or created: %s", (const char *)define->warnings->pdata[i]);
    if (!define->error)
        ccw_action_forward(action, define->frame, define->fds);
    else if (g_error_matches(define->error, CCW_ERROR, CCW_ERROR_XML))
        ccw_action_end(action, ccw_rpc_error_reply(&action->call, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML,
                                                   define->error->message));
    else
        ccw_action_end(action, ccw_rpc_error_reply_for(&action->call, define->error));
}

static gboolean wants_schema(gint32 procedure, guint32 flags)
{
    switch (procedure) {
    case CCW_PROC_DOMAIN_CREATE_XML:
    case CCW_PROC_DOMAIN_CREATE_XML_WITH_FILES:
        return (flags & VIR_DOMAIN_START_VALIDATE) != 0;
    case CCW_PROC_DOMAIN_DEFINE_XML_FLAGS:
        return (flags & VIR_DOMAIN_DEFINE_VALIDATE) != 0;
    default:
        return FALSE;
    }
}

gboolean ccw_define_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                          const guint8 *payload, gsize length, GByteArray *frame, GArray *fds)
{
    CcwArguments arguments;
    Define *define;

    if (!connection->services->judge || connection->readonly ||
        !ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    define = g_new0(Define, 1);
    define->action.free = define_free;
    define->frame = g_byte_array_ref(frame);
    define->by_schema = wants_schema(procedure->number, arguments.flags);
    define->warnings = g_ptr_array_new_with_free_func(g_free);
    if (fds && fds->len) {
        define->fds = g_array_new(FALSE, FALSE, sizeof(gint));
        g_array_append_vals(define->fds, fds->data, fds->len);
        g_array_set_size(fds, 0);
    }
    ccw_action_begin(&define->action, connection, header, &arguments);
    ccw_action_work(&define->action, CCW_WORK_PARSE, judge_work, judged);
    return TRUE;
}
