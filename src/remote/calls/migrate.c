/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Migration of a running domain with a ccw device: no channel device can be moved. libvirt would find out from QEMU,
 * in the middle, and not say which device it is; so it is refused when it begins, by name. A domain that is not running
 * migrates (VIR_MIGRATE_OFFLINE): its definition is all that moves.
 *
 * What a call that begins on this side has is looked up in the domain's XML; one that ends here has the XML with it.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "conf/conf.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "rpc/rpc-error.h"

typedef struct {
    CcwAction action;
    GByteArray *frame;   /* the lowered call */
    char *xml;           /* the domain's */
    GByteArray *refusal; /* the reply, if there is a device of ours in that; else NULL */
} Migrate;

static void migrate_free(CcwAction *action)
{
    Migrate *migrate = (Migrate *)action;

    g_byte_array_unref(migrate->frame);
    g_free(migrate->xml);
    g_clear_pointer(&migrate->refusal, g_byte_array_unref);
    g_free(action);
}

/* Every call that is the first of a migration; of these three, only where libvirtd itself leads it. */
static gboolean is_first(gint32 procedure, guint64 flags)
{
    return (procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM && procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM3 &&
            procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS) ||
           flags & (VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED);
}

/* NULL if there is no device of ours. */
static GByteArray *refuse(const CcwHeader *call, const GArray *hostdevs)
{
    g_autofree char *message = NULL;
    char text[CCW_BUS_ID_STR_LEN];

    if (!hostdevs || hostdevs->len == 0)
        return NULL;
    message = g_strdup_printf("cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device "
                              "%s%s first",
                              ccw_bus_id_format(&g_array_index(hostdevs, CcwHostdev, 0).source, text),
                              hostdevs->len > 1 ? ", and the others," : "");
    return ccw_rpc_error_reply(call, VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_QEMU, message);
}

static void forward(CcwAction *action)
{
    ccw_action_forward(action, ((Migrate *)action)->frame);
}

static void refuse_work(CcwAction *action)
{
    Migrate *migrate = (Migrate *)action;
    g_autoptr(GArray) hostdevs = ccw_conf_collect(migrate->xml, NULL, NULL);

    migrate->refusal = refuse(&action->call, hostdevs);
}

static void refused(CcwAction *action)
{
    Migrate *migrate = (Migrate *)action;

    if (migrate->refusal)
        ccw_action_end(action, g_steal_pointer(&migrate->refusal));
    else
        forward(action);
}

/* Who may not read the XML, or names no domain, is told so by libvirt. */
static void got_domain_xml(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Migrate *migrate = (Migrate *)action;

    if (header->status == CCW_STATUS_OK)
        migrate->xml = ccw_action_read_domain_xml(action, payload, length);
    if (migrate->xml)
        ccw_action_work(action, CCW_WORK_PARSE, refuse_work, refused);
    else
        forward(action);
}

static gboolean refuse_incoming(CcwConnection *connection, const CcwCall *call)
{
    g_autoptr(GByteArray) refusal = refuse(&call->header, call->hostdevs);

    if (refusal)
        ccw_connection_send(connection, CCW_SIDE_CLIENT, refusal);
    return refusal != NULL;
}

gboolean ccw_migrate_begin(CcwConnection *connection, CcwCall *call)
{
    const CcwArguments *arguments = &call->arguments;
    guint64 flags = arguments->has_hyper ? arguments->hyper : arguments->flags;
    Migrate *migrate;

    if (flags & VIR_MIGRATE_OFFLINE || !is_first(call->procedure->number, flags))
        return FALSE;
    if (!arguments->domain)
        return refuse_incoming(connection, call);
    if (!call->frame)
        return FALSE;
    migrate = g_new0(Migrate, 1);
    migrate->action.free = migrate_free;
    migrate->frame = g_steal_pointer(&call->frame);
    ccw_action_begin(&migrate->action, connection, &call->header, &call->arguments);
    ccw_action_get_domain_xml(&migrate->action, got_domain_xml, forward);
    return TRUE;
}
