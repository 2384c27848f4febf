/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of node devices. virtccwd adds the ccw_* devices on vfio_ccw, which libvirt drops (nodedev-query.c):
 *
 *   call         sends the client's call
 *   look up      a worker finds the devices on vfio_ccw
 *   ask visible  if there are any: asks which css_* and ccw_* node devices the client may see. virtccwd adds a device
 *                if the answer has its subchannel, but not the device itself
 */
#include <libvirt/libvirt.h>
#include <string.h>

#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "rpc/xdr.h"

#define NAMES_MAX 65536u /* REMOTE_NODE_DEVICE_LIST_MAX */
#define CAP_CCW "ccw"
#define STATES (VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE | VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE)
/* VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT and _TRANSIENT, which the header of an older libvirt does not have. */
#define PERSISTENCE (1u << 28 | 1u << 29)

typedef struct {
    RemoteTask task;
    guint32 limit;       /* maximum number of names in the client's call */
    guint32 persistence; /* the client's flags of PERSISTENCE */
    GByteArray *reply;   /* libvirt's reply, held back */
    GPtrArray *detached; /* of CssDevice */
} List;

static void list_free(RemoteTask *task)
{
    List *list = (List *)task;

    g_clear_pointer(&list->reply, g_byte_array_unref);
    g_clear_pointer(&list->detached, g_ptr_array_unref);
    g_free(list);
}

static void end(RemoteTask *task)
{
    remote_task_end(task, g_steal_pointer(&((List *)task)->reply));
}

static void look_up_work(RemoteTask *task);
static void look_up_done(RemoteTask *task);
static void visible_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    ((List *)task)->reply = remote_task_raise(task, header, payload, length);
    if (header->status == RPC_STATUS_OK)
        remote_task_work(task, REMOTE_WORK_LOOK_UP, look_up_work, look_up_done);
    else
        end(task);
}

static void look_up_work(RemoteTask *task)
{
    ((List *)task)->detached = hostdev_manager_list_detached(task->connection->services->manager);
}

static void look_up_done(RemoteTask *task)
{
    const List *list = (List *)task;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (list->detached->len == 0) {
        end(task);
        return;
    }
    rpc_xdr_write_u32(payload, 1); /* need_results */
    /* A device is as persistent as its subchannel, which libvirt knows. */
    rpc_xdr_write_u32(payload, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV |
                                   list->persistence);
    remote_task_ask(task, REMOTE_PROC_CONNECT_LIST_ALL_NODE_DEVICES, payload, visible_asked, end);
}

/* Reads an array of names. Returns: NULL if the payload has none. */
static GPtrArray *read_names(RpcXdrReader *reader)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    guint32 count = rpc_xdr_read_u32(reader);

    for (guint32 i = 0; i < count && !reader->failed && i < NAMES_MAX; i++) {
        gsize length = 0;
        const char *name = rpc_xdr_read_string(reader, &length);

        if (name)
            g_ptr_array_add(names, g_strndup(name, length));
    }
    return reader->failed || count > NAMES_MAX ? NULL : g_steal_pointer(&names);
}

static void write_names(GByteArray *out, GPtrArray *names)
{
    rpc_xdr_write_u32(out, names->len);
    for (guint i = 0; i < names->len; i++)
        rpc_xdr_write_string(out, names->pdata[i], strlen(names->pdata[i]));
}

/* Returns: the names as a set, which refers to @names. */
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

/* Adds names to libvirt's reply. Returns: NULL if the reply is not laid out as expected. */
static GByteArray *add_to_reply(const List *list, GPtrArray *added)
{
    gint32 procedure = list->task.header.procedure;
    gboolean has_count = procedure != REMOTE_PROC_NODE_LIST_DEVICES;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GPtrArray) names = NULL;
    RpcXdrReader reader;
    guint32 count;

    rpc_xdr_reader_init(&reader, list->reply->data + RPC_FRAME_HEAD, list->reply->len - RPC_FRAME_HEAD);
    if (procedure != REMOTE_PROC_NODE_NUM_OF_DEVICES) {
        names = read_names(&reader);
        if (!names)
            return NULL;
    }
    count = has_count ? rpc_xdr_read_u32(&reader) : 0;
    if (reader.failed || reader.at != reader.length)
        return NULL;
    if (names && (names->len > 0 || list->limit > 0)) {
        add_names(names, added, list->limit);
        count = names->len;
    } else {
        count += added->len; /* the client asked for the count only */
    }
    if (names)
        write_names(out, names);
    if (has_count)
        rpc_xdr_write_u32(out, count);
    return g_steal_pointer(&out);
}

/*
 * Returns: the names of the detached devices to be added. @visible: css_* and ccw_* node devices that the client may
 * see
 */
static GPtrArray *missing_names(const List *list, const GPtrArray *visible)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = set_of(visible);

    for (guint i = 0; i < list->detached->len; i++) {
        const CssDevice *device = list->detached->pdata[i];
        g_autofree char *name = conf_node_name_format(CONF_NODE_CCW, &device->bus_id);
        g_autofree char *subchannel = conf_node_name_format(CONF_NODE_CSS, &device->subchannel);

        if (g_hash_table_contains(seen, subchannel) && !g_hash_table_contains(seen, name))
            g_ptr_array_add(missing, g_steal_pointer(&name));
    }
    return missing;
}

static void visible_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    List *list = (List *)task;
    g_autoptr(GPtrArray) visible = NULL;
    g_autoptr(GPtrArray) missing = NULL;
    g_autoptr(GByteArray) answer = NULL;
    RpcXdrReader reader;

    rpc_xdr_reader_init(&reader, payload, length);
    if (header->status == RPC_STATUS_OK)
        visible = read_names(&reader);
    if (visible) {
        missing = missing_names(list, visible);
        answer = missing->len ? add_to_reply(list, missing) : NULL;
    }
    if (answer)
        remote_task_end(task, remote_task_success(task, answer));
    else
        end(task);
}

/* Returns: whether the client's list includes active ccw devices. */
static gboolean wants_ccw(gint32 procedure, const RemoteArguments *arguments)
{
    guint32 caps = arguments->flags & ~((guint32)STATES | PERSISTENCE);
    guint32 states = arguments->flags & STATES;

    if (procedure != REMOTE_PROC_CONNECT_LIST_ALL_NODE_DEVICES)
        return !arguments->option || strcmp(arguments->option, CAP_CCW) == 0;
    return (!caps || caps & VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV) &&
           (!states || states & VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE);
}

gboolean remote_nodedev_list_begin(RemoteConnection *connection, RemoteCall *call)
{
    const RemoteArguments *arguments = &call->arguments;
    gboolean is_all = call->procedure->number == REMOTE_PROC_CONNECT_LIST_ALL_NODE_DEVICES;
    List *list;

    if (!wants_ccw(call->procedure->number, arguments))
        return FALSE;
    list = g_new0(List, 1);
    list->task.free = list_free;
    /* The first number is need_results in 285, and maxnames in 112; 111 returns no names. */
    list->limit = is_all && arguments->first ? NAMES_MAX : arguments->first;
    list->persistence = is_all ? arguments->flags & PERSISTENCE : 0;
    remote_task_begin(&list->task, connection, call);
    remote_task_call(&list->task, called, end);
    return TRUE;
}
