/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of node devices, to which the ccw_* devices on vfio_ccw are added: libvirt drops them (nodedev-query.c). If
 * there are any, libvirt is asked which css_* and ccw_* node devices the client may see: one is added if its subchannel
 * is among them, and it is not itself.
 */
#include <libvirt/libvirt.h>
#include <string.h>

#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "rpc/xdr.h"

#define NAMES_MAX 65536u /* REMOTE_NODE_DEVICE_LIST_MAX */
#define CAP_CCW "ccw"
#define STATES (VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE | VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE)
/* VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT and _TRANSIENT, which an older libvirt's header does not have. */
#define PERSISTENCE (1u << 28 | 1u << 29)

typedef struct {
    CcwAction action;
    guint32 limit;       /* of the client's, in names */
    guint32 persistence; /* the client's flags of that kind */
    GByteArray *reply;   /* libvirt's, held back */
    GPtrArray *detached; /* of CcwHostDevice */
} Nodes;

static void nodes_free(CcwAction *action)
{
    Nodes *nodes = (Nodes *)action;

    g_clear_pointer(&nodes->reply, g_byte_array_unref);
    g_clear_pointer(&nodes->detached, g_ptr_array_unref);
    g_free(nodes);
}

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Nodes *)action)->reply));
}

/* An array of names; NULL if there is none in the payload. */
static GPtrArray *read_names(CcwXdrReader *reader)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    guint32 count = ccw_xdr_read_u32(reader);

    for (guint32 i = 0; i < count && !reader->failed && i < NAMES_MAX; i++) {
        gsize length = 0;
        const char *name = ccw_xdr_read_string(reader, &length);

        if (name)
            g_ptr_array_add(names, g_strndup(name, length));
    }
    return reader->failed || count > NAMES_MAX ? NULL : g_steal_pointer(&names);
}

static void write_names(GByteArray *out, GPtrArray *names)
{
    ccw_xdr_write_u32(out, names->len);
    for (guint i = 0; i < names->len; i++)
        ccw_xdr_write_string(out, names->pdata[i], strlen(names->pdata[i]));
}

/* The names as a set, which borrows them. */
static GHashTable *set_of(const GPtrArray *names)
{
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < names->len; i++)
        g_hash_table_add(set, names->pdata[i]);
    return set;
}

static void add_names(GPtrArray *names, const GPtrArray *added, guint32 limit)
{
    g_autoptr(GHashTable) present = set_of(names);

    for (guint i = 0; i < added->len && names->len < MIN(limit, NAMES_MAX); i++)
        if (!g_hash_table_contains(present, added->pdata[i]))
            g_ptr_array_add(names, g_strdup(added->pdata[i]));
}

/* libvirt's reply with the names added; NULL if it is not laid out as it should be. */
static GByteArray *add_to_reply(const Nodes *nodes, GPtrArray *added)
{
    gint32 procedure = nodes->action.call.procedure;
    gboolean has_count = procedure != CCW_PROC_NODE_LIST_DEVICES;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GPtrArray) names = NULL;
    CcwXdrReader reader;
    guint32 count;

    ccw_xdr_reader_init(&reader, nodes->reply->data + CCW_FRAME_HEAD, nodes->reply->len - CCW_FRAME_HEAD);
    if (procedure != CCW_PROC_NODE_NUM_OF_DEVICES) {
        names = read_names(&reader);
        if (!names)
            return NULL;
    }
    count = has_count ? ccw_xdr_read_u32(&reader) : 0;
    if (reader.failed || reader.at != reader.length)
        return NULL;
    if (names && (names->len > 0 || nodes->limit > 0)) {
        add_names(names, added, nodes->limit);
        count = names->len;
    } else {
        count += added->len; /* a count was all that was asked for */
    }
    if (names)
        write_names(out, names);
    if (has_count)
        ccw_xdr_write_u32(out, count);
    return g_steal_pointer(&out);
}

/* visible: what the client may see of css_* and ccw_*. */
static GPtrArray *missing_names(const Nodes *nodes, const GPtrArray *visible)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = set_of(visible);

    for (guint i = 0; i < nodes->detached->len; i++) {
        const CcwHostDevice *device = nodes->detached->pdata[i];
        g_autofree char *name = ccw_node_name_format(CCW_NODE_CCW, &device->bus_id);
        g_autofree char *subchannel = ccw_node_name_format(CCW_NODE_CSS, &device->subchannel);

        if (g_hash_table_contains(seen, subchannel) && !g_hash_table_contains(seen, name))
            g_ptr_array_add(missing, g_steal_pointer(&name));
    }
    return missing;
}

static void got_visible(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Nodes *nodes = (Nodes *)action;
    g_autoptr(GPtrArray) visible = NULL;
    g_autoptr(GPtrArray) missing = NULL;
    g_autoptr(GByteArray) answer = NULL;
    CcwXdrReader reader;

    ccw_xdr_reader_init(&reader, payload, length);
    if (header->status == CCW_STATUS_OK)
        visible = read_names(&reader);
    if (visible) {
        missing = missing_names(nodes, visible);
        answer = missing->len ? add_to_reply(nodes, missing) : NULL;
    }
    if (answer)
        ccw_action_end(action, ccw_action_success(action, answer));
    else
        end(action);
}

static void list_work(CcwAction *action)
{
    ((Nodes *)action)->detached = ccw_manager_list_detached(action->connection->services->manager);
}

static void listed(CcwAction *action)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (((Nodes *)action)->detached->len == 0) {
        end(action);
        return;
    }
    ccw_xdr_write_u32(payload, 1); /* need_results */
    /* A device is as persistent as its subchannel, of which libvirt knows. */
    ccw_xdr_write_u32(payload, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV |
                                   ((Nodes *)action)->persistence);
    ccw_action_ask(action, CCW_PROC_CONNECT_LIST_ALL_NODE_DEVICES, payload, got_visible, end);
}

static void got_list(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ((Nodes *)action)->reply = ccw_relay_raise(header, payload, length);
    if (header->status == CCW_STATUS_OK)
        ccw_action_work(action, CCW_WORK_LOOK_UP, list_work, listed);
    else
        end(action);
}

/* Whether active ccw devices are wanted. */
static gboolean wants_ccw(gint32 procedure, const CcwArguments *arguments)
{
    guint32 caps = arguments->flags & ~((guint32)STATES | PERSISTENCE);
    guint32 states = arguments->flags & STATES;

    if (procedure != CCW_PROC_CONNECT_LIST_ALL_NODE_DEVICES)
        return !arguments->option || strcmp(arguments->option, CAP_CCW) == 0;
    return (!caps || caps & VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV) &&
           (!states || states & VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE);
}

/* maxnames of 112, need_results of 285. */
static guint32 read_limit(gint32 procedure, const guint8 *payload, gsize length)
{
    CcwXdrReader reader;
    gsize cap_length;

    ccw_xdr_reader_init(&reader, payload, length);
    if (procedure == CCW_PROC_CONNECT_LIST_ALL_NODE_DEVICES)
        return ccw_xdr_read_u32(&reader) ? NAMES_MAX : 0;
    if (ccw_xdr_read_present(&reader))
        ccw_xdr_read_string(&reader, &cap_length);
    return ccw_xdr_read_u32(&reader);
}

gboolean ccw_nodes_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                         const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    CcwArguments arguments;
    Nodes *nodes;

    if (!ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    if (!wants_ccw(procedure->number, &arguments)) {
        ccw_arguments_clear(&arguments);
        return FALSE;
    }
    frame = ccw_frame_new(header, payload, length);
    nodes = g_new0(Nodes, 1);
    nodes->action.free = nodes_free;
    nodes->limit = read_limit(procedure->number, payload, length);
    if (procedure->number == CCW_PROC_CONNECT_LIST_ALL_NODE_DEVICES)
        nodes->persistence = arguments.flags & PERSISTENCE;
    ccw_action_begin(&nodes->action, connection, header, &arguments);
    ccw_action_call(&nodes->action, frame, got_list, end);
    return TRUE;
}
