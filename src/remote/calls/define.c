/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain with our element in it that is defined or created:
 *
 *   validate  the XML alone, in a worker
 *   call      the lowered call, with the client's flags: with --validate libvirt checks the lowered XML by its schema
 *   reply     libvirt's, to the client
 *   warn      if libvirt accepted the domain: a worker looks at the host, and logs what an administrator should know
 *
 * The rest of the domain is libvirt's to validate, and so is what QEMU can do.
 */
#include <libvirt/virterror.h>

#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/validator.h"
#include "rpc/rpc-error.h"

typedef struct {
    CcwAction action;
    const CcwProcedure *procedure;
    GByteArray *frame; /* the lowered call */
    GArray *fds;       /* behind it, as gint; NULL: no descriptors */
    GError *error;     /* why the XML is not valid */
} Define;

static void define_free(CcwAction *action)
{
    Define *define = (Define *)action;

    g_byte_array_unref(define->frame);
    if (define->fds)
        ccw_fds_close(&action->connection->closer, define->fds);
    g_clear_pointer(&define->fds, g_array_unref);
    g_clear_error(&define->error);
    g_free(define);
}

static void lost(CcwAction *action)
{
    ccw_action_end(action, NULL);
}

static void got_reply(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    const CcwServices *services = action->connection->services;
    const Define *define = (Define *)action;

    ccw_action_reply(action, ccw_relay_raise(header, payload, length));
    if (header->status == CCW_STATUS_OK) {
        ccw_action_end_warned(action, NULL, &limit, "a domain that is defined or created");
        return;
    }
    if (define->procedure->starts && services->start_failed) /* the hook may have taken a device */
        services->start_failed(services->changed_data);
    ccw_action_end(action, NULL);
}

static void validate_work(CcwAction *action)
{
    Define *define = (Define *)action;

    ccw_validator_check(action->arguments.xml, NULL, &define->error);
}

static void validated(CcwAction *action)
{
    Define *define = (Define *)action;

    if (define->error)
        ccw_action_end(action, ccw_rpc_error_reply_for(&action->call, define->error));
    else
        ccw_action_call_fds(action, define->frame, define->fds, got_reply, lost);
}

gboolean ccw_define_begin(CcwConnection *connection, CcwCall *call)
{
    Define *define;

    if (!call->is_lowered)
        return FALSE;
    define = g_new0(Define, 1);
    define->action.free = define_free;
    define->procedure = call->procedure;
    define->frame = g_steal_pointer(&call->frame);
    define->fds = g_steal_pointer(&call->fds);
    ccw_action_begin(&define->action, connection, &call->header, &call->arguments);
    ccw_action_work(&define->action, CCW_WORK_PARSE, validate_work, validated);
    return TRUE;
}
