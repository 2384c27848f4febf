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

#include "conf/ccw-conf.h"
#include "remote/ccw-action.h"
#include "remote/ccw-connection-private.h"
#include "remote/ccw-relay.h"
#include "remote/ccw-rpc-error.h"

typedef struct {
    CcwAction action;
    GByteArray *frame; /* the lowered call */
} Migrate;

static void migrate_free(CcwAction *action)
{
    g_byte_array_unref(((Migrate *)action)->frame);
    g_free(action);
}

/* Every call that is the first of a migration; of these three, only where libvirtd itself leads it. */
static gboolean is_first(gint32 procedure, guint64 flags)
{
    return (procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM && procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM3 &&
            procedure != CCW_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS) ||
           flags & (VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED);
}

/* NULL if there is no device of ours in it. */
static GByteArray *refuse(const CcwHeader *call, const char *xml)
{
    g_autoptr(GArray) hostdevs = ccw_conf_collect(xml, NULL, NULL);
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

/* Who may not read the XML, or names no domain, is told so by libvirt. */
static void got_domain_xml(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autofree char *xml = NULL;
    GByteArray *refusal;

    if (header->status == CCW_STATUS_OK)
        xml = ccw_action_read_domain_xml(action, payload, length);
    refusal = xml ? refuse(&action->call, xml) : NULL;
    if (refusal)
        ccw_action_end(action, refusal);
    else
        forward(action);
}

static gboolean refuse_incoming(CcwConnection *connection, const CcwHeader *header, const char *xml)
{
    g_autoptr(GByteArray) refusal = xml ? refuse(header, xml) : NULL;

    if (refusal)
        ccw_connection_send(connection, CCW_SIDE_CLIENT, refusal);
    return refusal != NULL;
}

gboolean ccw_migrate_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    CcwArguments arguments;
    Migrate *migrate;
    guint64 flags;
    gboolean done = FALSE;

    if (!ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    flags = arguments.has_hyper ? arguments.hyper : arguments.flags;
    if (flags & VIR_MIGRATE_OFFLINE || !is_first(procedure->number, flags))
        done = FALSE;
    else if (!arguments.domain)
        done = refuse_incoming(connection, header, arguments.xml);
    else
        frame = ccw_relay_lower(procedure, header, payload, length, CCW_MAP_CSS_ABSENT, NULL);
    if (!frame) {
        ccw_arguments_clear(&arguments);
        return done;
    }
    migrate = g_new0(Migrate, 1);
    migrate->action.free = migrate_free;
    migrate->frame = g_steal_pointer(&frame);
    ccw_action_begin(&migrate->action, connection, header, &arguments);
    ccw_action_get_domain_xml(&migrate->action, got_domain_xml, forward);
    return TRUE;
}
