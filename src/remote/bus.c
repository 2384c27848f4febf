/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/bus.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/outbox.h"
#include "rpc/socket.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/timer.h"

#define BUS_PREFIX "unix:path="
#define CONNECT_SECONDS 30 /* time for the bus to let this process in */
#define READ_SIZE 16384
#define ANSWER_MAX 256u /* bytes of the bus's answer to the authentication */
#define LINE_END "\r\n"

/* The D-Bus specification, "Message Format": byte order, type, flags, version; lengths and a serial. */
#define HEAD_LENGTH 16u
#define HEAD_TYPE 1u
#define REPLY_MAX (1024u * 1024) /* longest reply in bytes; a longer one is skipped */

typedef enum {
    STATE_AUTH, /* the bus has not accepted this process's user; calls wait */
    STATE_OPEN,
    STATE_CLOSED,
} State;

typedef struct {
    RemoteBusFunc func;
    gpointer data;
} Call;

struct _RemoteBus {
    guint refs;
    RpcPoll *poll;
    int fd; /* -1: closed */
    RpcPollWatch *watch;
    guint timer; /* limits the time in which the bus must let this process in */
    State state;
    RpcOutbox outbox;
    GByteArray *waiting; /* calls until STATE_OPEN */
    GByteArray *in;      /* bytes of a line, or of the current message */
    gsize wanted;        /* bytes of the current message; 0: its head is not complete */
    gsize skip;          /* number of bytes to throw away */
    guint32 serial;
    GHashTable *calls; /* serial -> Call */
};

RemoteBus *remote_bus_ref(RemoteBus *bus)
{
    bus->refs++;
    return bus;
}

static void hang_up(RemoteBus *bus)
{
    g_clear_handle_id(&bus->timer, ccw_timer_remove);
    if (bus->fd < 0)
        return;
    rpc_poll_remove(bus->watch);
    rpc_outbox_clear(&bus->outbox);
    close(bus->fd);
    bus->fd = -1;
    bus->state = STATE_CLOSED;
}

void remote_bus_unref(RemoteBus *bus)
{
    if (--bus->refs > 0)
        return;
    hang_up(bus);
    g_byte_array_unref(bus->waiting);
    g_byte_array_unref(bus->in);
    g_hash_table_unref(bus->calls);
    g_free(bus);
}

gboolean remote_bus_is_closed(const RemoteBus *bus)
{
    return bus->state == STATE_CLOSED;
}

/* Ends the connection, and gives each waiting call an error with @why. */
static void end(RemoteBus *bus, const char *why)
{
    g_autoptr(GError) error = g_error_new(G_IO_ERROR, G_IO_ERROR_CLOSED, "the message bus %s", why);
    g_autoptr(GHashTable) calls = g_steal_pointer(&bus->calls);
    GHashTableIter iter;
    gpointer value;

    remote_bus_ref(bus); /* a call's func may drop the last reference */
    bus->calls = g_hash_table_new_full(ccw_hash_number, NULL, NULL, g_free);
    hang_up(bus);
    g_hash_table_iter_init(&iter, calls);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Call *call = value;

        if (call->func)
            call->func(NULL, error, call->data);
    }
    remote_bus_unref(bus);
}

static gboolean on_timeout(gpointer data)
{
    RemoteBus *bus = data;

    bus->timer = 0;
    end(bus, "rejects the authentication of virtccwd");
    return G_SOURCE_REMOVE;
}

static void update_watch(RemoteBus *bus)
{
    rpc_poll_set(bus->watch, EPOLLIN | (rpc_outbox_is_empty(&bus->outbox) ? 0 : EPOLLOUT));
}

/* If the socket takes no bytes now, a later event flushes the outbox. */
static void write_bytes(RemoteBus *bus, const void *bytes, gsize length)
{
    rpc_outbox_write(&bus->outbox, bytes, length);
    update_watch(bus);
}

void remote_bus_call(RemoteBus *bus, const RemoteBusMethod *method, GVariant *arguments, RemoteBusFunc func,
                     gpointer data)
{
    g_autoptr(GDBusMessage) message =
        g_dbus_message_new_method_call(method->name, method->path, method->interface, method->method);
    g_autofree guchar *bytes = NULL;
    Call *call = g_new0(Call, 1);
    gsize length = 0;

    *call = (Call){ func, data };
    g_dbus_message_set_body(message, arguments);
    g_dbus_message_set_serial(message, ++bus->serial ? bus->serial : ++bus->serial);
    bytes = g_dbus_message_to_blob(message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
    g_hash_table_replace(bus->calls, GUINT_TO_POINTER(bus->serial), call);
    if (bus->state == STATE_AUTH)
        g_byte_array_append(bus->waiting, bytes, (guint)length);
    else if (bus->state == STATE_OPEN)
        write_bytes(bus, bytes, length);
}

static void on_hello(GVariant *reply, const GError *error G_GNUC_UNUSED, gpointer data)
{
    RemoteBus *bus = data;

    if (reply)
        g_clear_handle_id(&bus->timer, ccw_timer_remove);
    else if (bus->fd >= 0)
        shutdown(bus->fd, SHUT_RDWR); /* the next event ends the connection */
}

/* Returns: FALSE if the bus broke its protocol. */
static gboolean read_line(RemoteBus *bus)
{
    if (bus->in->len < strlen(LINE_END) || memcmp(bus->in->data + bus->in->len - strlen(LINE_END), LINE_END, 2) != 0)
        return bus->in->len < ANSWER_MAX;
    if (memcmp(bus->in->data, "OK ", strlen("OK ")) != 0)
        return FALSE;
    g_byte_array_set_size(bus->in, 0);
    bus->state = STATE_OPEN;
    write_bytes(bus, "BEGIN\r\n", strlen("BEGIN\r\n"));
    write_bytes(bus, bus->waiting->data, bus->waiting->len);
    g_byte_array_set_size(bus->waiting, 0);
    return TRUE;
}

static gboolean read_head(RemoteBus *bus)
{
    gssize length = g_dbus_message_bytes_needed(bus->in->data, HEAD_LENGTH, NULL);
    guint8 type = bus->in->data[HEAD_TYPE];

    if (length <= (gssize)HEAD_LENGTH)
        return FALSE;
    if ((type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR) &&
        (gsize)length <= REPLY_MAX) {
        bus->wanted = (gsize)length;
    } else {
        bus->skip = (gsize)length - HEAD_LENGTH;
        g_byte_array_set_size(bus->in, 0);
    }
    return TRUE;
}

static void answer(RemoteBus *bus, GDBusMessage *message)
{
    gpointer serial = GUINT_TO_POINTER(g_dbus_message_get_reply_serial(message));
    g_autofree Call *call = g_hash_table_lookup(bus->calls, serial);
    g_autoptr(GVariant) nothing = g_variant_ref_sink(g_variant_new_tuple(NULL, 0));
    GVariant *body = g_dbus_message_get_body(message);
    g_autoptr(GError) error = NULL;

    if (!call)
        return;
    g_hash_table_steal(bus->calls, serial);
    if (g_dbus_message_to_gerror(message, &error)) {
        g_dbus_error_strip_remote_error(error);
        body = NULL;
    } else if (!body) {
        body = nothing;
    }
    if (call->func)
        call->func(body, error, call->data);
}

static gboolean read_reply(RemoteBus *bus)
{
    g_autoptr(GDBusMessage) message =
        g_dbus_message_new_from_blob(bus->in->data, bus->in->len, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);

    g_byte_array_set_size(bus->in, 0);
    bus->wanted = 0;
    if (message)
        answer(bus, message);
    return message != NULL;
}

/* Returns: how many of the next bytes belong to the line or message that is being read. */
static gsize next_part(const RemoteBus *bus, gsize length)
{
    if (bus->state == STATE_AUTH)
        return 1;
    if (bus->skip)
        return MIN(length, bus->skip);
    return MIN(length, (bus->wanted ? bus->wanted : HEAD_LENGTH) - bus->in->len);
}

/* Returns: FALSE if the bus broke its protocol. */
static gboolean feed(RemoteBus *bus, const guint8 *bytes, gsize length)
{
    gboolean is_right = TRUE;

    while (length > 0 && is_right && bus->fd >= 0) {
        gsize part = next_part(bus, length);

        if (bus->skip)
            bus->skip -= part;
        else
            g_byte_array_append(bus->in, bytes, (guint)part);
        bytes += part;
        length -= part;
        if (bus->state == STATE_AUTH)
            is_right = read_line(bus);
        else if (bus->wanted && bus->in->len == bus->wanted)
            is_right = read_reply(bus);
        else if (!bus->wanted && bus->in->len == HEAD_LENGTH)
            is_right = read_head(bus);
    }
    return is_right;
}

/*
 * Reads only a part of the bytes that have arrived, so that other sockets get their turn. Returns: why the connection
 * ends, or NULL.
 */
static const char *read_some(RemoteBus *bus)
{
    guint8 bytes[READ_SIZE];
    ssize_t n = ccw_fd_receive_bytes(bus->fd, bytes, sizeof(bytes));

    if (n < 0)
        return "has closed the connection";
    return feed(bus, bytes, (gsize)n) ? NULL : "sends a message that virtccwd does not understand";
}

static void on_event(guint32 events, gpointer data)
{
    g_autoptr(RemoteBus) bus = remote_bus_ref(data);
    const char *why = NULL;

    if (events & EPOLLOUT)
        rpc_outbox_flush(&bus->outbox);
    if (events & RPC_POLL_FAILED)
        why = "cannot be watched";
    else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        why = read_some(bus);
    if (why)
        end(bus, why);
    else if (bus->fd >= 0)
        update_watch(bus);
}

/* Sends "AUTH EXTERNAL" and this process's user number: its decimal digits, each as an ASCII code in hexadecimal. */
static void authenticate(RemoteBus *bus)
{
    g_autofree char *number = g_strdup_printf("%u", geteuid());
    g_autoptr(GString) line = g_string_new("AUTH EXTERNAL ");

    for (const char *digit = number; *digit; digit++)
        g_string_append_printf(line, "%02x", (guint)*digit);
    g_string_append(line, LINE_END);
    write_bytes(bus, "", 1); /* D-Bus begins with a byte of 0 */
    write_bytes(bus, line->str, line->len);
}

RemoteBus *remote_bus_new_for_fd(RpcPoll *poll, int fd)
{
    static const RemoteBusMethod hello = { "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                           "Hello" };
    RemoteBus *bus = g_new0(RemoteBus, 1);

    bus->refs = 1;
    bus->poll = poll;
    bus->fd = fd;
    bus->waiting = g_byte_array_new();
    bus->in = g_byte_array_new();
    bus->calls = g_hash_table_new_full(ccw_hash_number, NULL, NULL, g_free);
    rpc_outbox_init(&bus->outbox, fd);
    ccw_fd_reject_fds(fd, TRUE);
    bus->timer = ccw_timer_add(CONNECT_SECONDS * 1000, on_timeout, bus);
    bus->watch = rpc_poll_add(poll, fd, EPOLLIN, on_event, bus);
    authenticate(bus);
    remote_bus_call(bus, &hello, g_variant_new_tuple(NULL, 0), on_hello, bus);
    return bus;
}

/* Returns: the path of the first socket in an address (the D-Bus specification, "Server Addresses"). */
static char *find_path(const char *address)
{
    g_auto(GStrv) entries = g_strsplit(address, ";", -1);

    for (char **entry = entries; *entry; entry++) {
        if (!g_str_has_prefix(*entry, BUS_PREFIX))
            continue;
        (*entry)[strcspn(*entry, ",")] = '\0'; /* cuts other keys off */
        return g_uri_unescape_string(*entry + strlen(BUS_PREFIX), NULL);
    }
    return NULL;
}

RemoteBus *remote_bus_new(RpcPoll *poll, GError **error)
{
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    g_autofree char *path = address ? find_path(address) : NULL;
    int fd;

    if (!address)
        return NULL;
    if (!path) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "the address '%s' of the message bus names no socket as unix:path=PATH: change "
                    "DBUS_SYSTEM_BUS_ADDRESS",
                    address);
        return NULL;
    }
    fd = rpc_socket_connect(path, "the message bus", error);
    return fd < 0 ? NULL : remote_bus_new_for_fd(poll, fd);
}
