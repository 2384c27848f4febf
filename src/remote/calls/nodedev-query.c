/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions about one ccw_* node device. libvirt drops it when its subchannel leaves io_subchannel, with a PCI device
 * that has vfio-pci for its driver it does not. So the device is looked up first, in a worker: while it is on vfio_ccw
 * the question is answered here, after libvirt has answered one about the subchannel's css_* node device, whose access
 * is then the client's access. Any other goes on as it is; if libvirt does not know one that the host has online, as it
 * hears by a uevent what has just been given back, it is asked again when it does, if the client may see the
 * subchannel.
 *
 * The look-up comes before libvirt has authorised the call: it reads a few files, whatever the host has, and no more.
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "conf/nodedev.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"

#define VFIO_CCW "vfio_ccw"

typedef struct _Node Node;

/* The reply's payload, from that to the question; NULL if there is none to be made. */
typedef GByteArray *(*AnswerFunc)(const Node *node, const guint8 *payload, gsize length);

struct _Node {
    CcwAction action;
    const struct question *question;
    GByteArray *frame; /* the client's call */
    CcwBusId id;
    CcwHostDevice *device; /* on vfio_ccw, or unknown to libvirt; NULL: libvirt's to answer */
    char *subchannel;      /* its node device's name */
    GByteArray *unknown;   /* libvirt's reply that it knows no such device */
    GByteArray *told;      /* libvirt's answer to the question; NULL before that */
    GByteArray *answer;    /* made of it; NULL: it cannot be */
};

static void write_text(GByteArray *out, const char *text)
{
    ccw_xdr_write_string(out, text, strlen(text));
}

static GByteArray *answer_name(const Node *node, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    write_text(out, node->action.arguments.node);
    return out;
}

static GByteArray *answer_xml(const Node *node, const guint8 *payload, gsize length)
{
    CcwXdrReader reader;
    gsize text_length = 0;
    const char *text;
    g_autofree char *css = NULL;
    g_autofree char *xml = NULL;
    GByteArray *out;

    ccw_xdr_reader_init(&reader, payload, length);
    text = ccw_xdr_read_string(&reader, &text_length);
    css = text ? g_strndup(text, text_length) : NULL;
    xml = css ? ccw_conf_detached_device(css, node->action.arguments.node, node->subchannel, VFIO_CCW, &node->id, NULL)
              : NULL;
    if (!xml)
        return NULL;
    out = g_byte_array_new();
    write_text(out, xml);
    return out;
}

static GByteArray *answer_parent(const Node *node, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_optional(out, node->subchannel);
    return out;
}

/* As stock libvirt counts those of a ccw device: the one. */
static GByteArray *answer_count(const Node *node G_GNUC_UNUSED, const guint8 *payload G_GNUC_UNUSED,
                                gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_u32(out, 1);
    return out;
}

static GByteArray *answer_caps(const Node *node, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    gboolean fits = node->action.arguments.flags > 0; /* the last number is maxnames here */
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_u32(out, fits);
    if (fits)
        write_text(out, "ccw");
    return out;
}

/* What holds for the subchannel. */
static GByteArray *answer_same(const Node *node G_GNUC_UNUSED, const guint8 *payload, gsize length)
{
    return g_byte_array_append(g_byte_array_new(), payload, (guint)length);
}

static const struct question {
    gint32 procedure;
    gint32 asked; /* of the subchannel's node device */
    AnswerFunc answer;
    gboolean has_number; /* the client's goes with it */
    gboolean has_xml;    /* and before that XML: ours, as the client's must not get to libvirt with another's name */
} questions[] = {
    { CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_name },
    { CCW_PROC_NODE_DEVICE_GET_XML_DESC, CCW_PROC_NODE_DEVICE_GET_XML_DESC, answer_xml, TRUE },
    { CCW_PROC_NODE_DEVICE_GET_PARENT, CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_parent },
    { CCW_PROC_NODE_DEVICE_NUM_OF_CAPS, CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_count },
    { CCW_PROC_NODE_DEVICE_LIST_CAPS, CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_caps },
    { CCW_PROC_NODE_DEVICE_GET_AUTOSTART, CCW_PROC_NODE_DEVICE_GET_AUTOSTART, answer_same },
    { CCW_PROC_NODE_DEVICE_IS_PERSISTENT, CCW_PROC_NODE_DEVICE_IS_PERSISTENT, answer_same },
    { CCW_PROC_NODE_DEVICE_IS_ACTIVE, CCW_PROC_NODE_DEVICE_IS_ACTIVE, answer_same },
    /* Nothing that can be done with a ccw or css device; whether the client may is said first. */
    { CCW_PROC_NODE_DEVICE_DESTROY, CCW_PROC_NODE_DEVICE_DESTROY, answer_same },
    { CCW_PROC_NODE_DEVICE_UNDEFINE, CCW_PROC_NODE_DEVICE_UNDEFINE, answer_same, TRUE },
    { CCW_PROC_NODE_DEVICE_CREATE, CCW_PROC_NODE_DEVICE_CREATE, answer_same, TRUE },
    { CCW_PROC_NODE_DEVICE_SET_AUTOSTART, CCW_PROC_NODE_DEVICE_SET_AUTOSTART, answer_same, TRUE },
    { CCW_PROC_NODE_DEVICE_UPDATE, CCW_PROC_NODE_DEVICE_UPDATE, answer_same, TRUE, TRUE },
};

static void node_free(CcwAction *action)
{
    Node *node = (Node *)action;

    g_byte_array_unref(node->frame);
    ccw_host_device_free(node->device);
    g_free(node->subchannel);
    g_clear_pointer(&node->unknown, g_byte_array_unref);
    g_clear_pointer(&node->told, g_byte_array_unref);
    g_clear_pointer(&node->answer, g_byte_array_unref);
    g_free(node);
}

static void lost(CcwAction *action)
{
    ccw_action_end(action, NULL);
}

static void passed_on(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ccw_action_end_raised(action, header, payload, length);
}

static void end_unknown(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Node *)action)->unknown));
}

static void wait_work(CcwAction *action)
{
    const CcwServices *services = action->connection->services;

    if (services->wait_listed)
        services->wait_listed(services->look_data, action->arguments.node);
}

static void waited(CcwAction *action)
{
    ccw_action_call(action, ((Node *)action)->frame, passed_on, lost);
}

static void got_subchannel(CcwAction *action, const CcwHeader *header, const guint8 *payload G_GNUC_UNUSED,
                           gsize length G_GNUC_UNUSED)
{
    if (header->status == CCW_STATUS_OK)
        ccw_action_work(action, CCW_WORK_HOST, wait_work, waited);
    else
        end_unknown(action);
}

/* The name of the subchannel's node device, with which each question about it begins. */
static GByteArray *name_subchannel(Node *node)
{
    GByteArray *payload = g_byte_array_new();

    node->subchannel = ccw_node_name_format(CCW_NODE_CSS, &node->device->subchannel);
    write_text(payload, node->subchannel);
    return payload;
}

static void online_work(CcwAction *action)
{
    Node *node = (Node *)action;

    node->device = ccw_manager_find_bound(action->connection->services->manager, &node->id);
}

static void online_found(CcwAction *action)
{
    Node *node = (Node *)action;

    if (node->device && node->device->online == 1) {
        g_autoptr(GByteArray) payload = name_subchannel(node);

        ccw_action_ask(action, CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME, payload, got_subchannel, end_unknown);
    } else {
        end_unknown(action);
    }
}

static void answered_first(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Node *node = (Node *)action;
    CcwRpcError error;
    gboolean unknown = FALSE;

    if (header->status == CCW_STATUS_ERROR && ccw_rpc_error_decode(&error, payload, length)) {
        unknown = error.code == VIR_ERR_NO_NODE_DEVICE;
        ccw_rpc_error_clear(&error);
    }
    if (!unknown) {
        passed_on(action, header, payload, length);
        return;
    }
    node->unknown = ccw_relay_raise(header, payload, length);
    ccw_action_work(action, CCW_WORK_LOOK_UP, online_work, online_found);
}

static void answer_work(CcwAction *action)
{
    Node *node = (Node *)action;

    node->answer = node->question->answer(node, node->told->data, node->told->len);
}

static void answer_made(CcwAction *action)
{
    const Node *node = (Node *)action;

    if (node->answer)
        ccw_action_end(action, ccw_action_success(action, node->answer));
    else
        ccw_action_call(action, node->frame, passed_on, lost);
}

static void answered(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Node *node = (Node *)action;

    if (header->status != CCW_STATUS_OK) {
        ccw_action_end(action, ccw_action_refusal(action, header, payload, length));
        return;
    }
    node->told = g_byte_array_append(g_byte_array_new(), payload, (guint)length);
    ccw_action_work(action, CCW_WORK_PARSE, answer_work, answer_made);
}

/*
 * A css device as libvirt's schema has it. nodedev-update locks the device that it is about, and, when the XML has a
 * mediated device, its parent: with the subchannel asked about, which is the parent of the client's device,
 * libvirt 11.3 would wait for itself. It does not come to look at the rest.
 */
static void write_css_xml(GByteArray *payload, const Node *node)
{
    const CcwBusId *id = &node->device->subchannel;
    g_autofree char *xml = g_strdup_printf(
        "<device><name>%s</name><capability type='css'><cssid>0x%x</cssid><ssid>0x%x</ssid><devno>0x%04x</devno>"
        "</capability></device>",
        node->subchannel, id->cssid, id->ssid, id->devno);

    write_text(payload, xml);
}

/* Asks libvirt, in the client's name, about the node device of the subchannel. */
static void ask_question(CcwAction *action)
{
    Node *node = (Node *)action;
    g_autoptr(GByteArray) payload = name_subchannel(node);

    if (node->question->has_xml)
        write_css_xml(payload, node);
    if (node->question->has_number)
        ccw_xdr_write_u32(payload, action->arguments.flags);
    ccw_action_ask(action, node->question->asked, payload, answered, lost);
}

static void find_work(CcwAction *action)
{
    Node *node = (Node *)action;
    CcwHostDevice *device = ccw_manager_find_bound(action->connection->services->manager, &node->id);

    if (device && g_strcmp0(device->driver, VFIO_CCW) == 0)
        node->device = device;
    else
        ccw_host_device_free(device);
}

static void found(CcwAction *action)
{
    const Node *node = (Node *)action;

    if (node->device)
        ask_question(action);
    else
        ccw_action_call(action, node->frame, answered_first, lost);
}

gboolean ccw_node_begin(CcwConnection *connection, const CcwCall *call)
{
    const CcwProcedure *procedure = call->procedure;
    CcwArguments arguments;
    CcwNodeKind kind;
    CcwBusId id;
    Node *node;

    if (!call->frame || !ccw_arguments_read(&arguments, procedure->call, call->payload->data, call->payload->len))
        return FALSE;
    if (!ccw_node_name_parse(arguments.node, &kind, &id) || kind != CCW_NODE_CCW) {
        ccw_arguments_clear(&arguments);
        return FALSE;
    }
    node = g_new0(Node, 1);
    node->action.free = node_free;
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
        if (questions[i].procedure == procedure->number)
            node->question = &questions[i];
    node->frame = g_byte_array_ref(call->frame);
    node->id = id;
    ccw_action_begin(&node->action, connection, &call->header, &arguments);
    ccw_action_work(&node->action, CCW_WORK_LOOK_UP, find_work, found);
    return TRUE;
}
