/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In plain D-Bus, as libvirt itself does it (src/util/virpolkit.c): libpolkit-gobject keeps the connection of its first
 * call for ever, also when the bus has restarted since. Here a connection is used until the bus closes it.
 */
#include "remote/ccw-polkit.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u
#define UNTIL_ANSWERED G_MAXINT

/* The connection, which no check has to make anew: that takes a thread and descriptors. NULL: there was none yet. */
static GDBusConnection *kept;

typedef struct {
    CcwPeer *peer;
    const char *action;
    char *id; /* by which the check can be cancelled */
    GDBusConnection *bus;
    GCancellable *cancellable;
    gulong on_cancel;
    gboolean again; /* the connection turned out to be closed, and this is the second try */
    CcwPolkitFunc func;
    gpointer data;
} Check;

static void begin(Check *check);

static void answer(Check *check, CcwPolkitAnswer answer, const char *message)
{
    if (check->on_cancel)
        g_cancellable_disconnect(check->cancellable, check->on_cancel);
    check->func(answer, message, check->data);
    g_clear_object(&check->bus);
    g_object_unref(check->cancellable);
    ccw_peer_free(check->peer);
    g_free(check->id);
    g_free(check);
}

static CcwPolkitAnswer understand(GVariant *reply)
{
    gboolean authorized, challenge;
    g_autoptr(GVariant) details = NULL;
    const char *dismissed = NULL;

    g_variant_get(reply, "((bb@a{ss}))", &authorized, &challenge, &details);
    if (authorized)
        return CCW_POLKIT_YES;
    if (g_variant_lookup(details, "polkit.dismissed", "&s", &dismissed) && g_strcmp0(dismissed, "true") == 0)
        return CCW_POLKIT_DISMISSED;
    return challenge ? CCW_POLKIT_NO_AGENT : CCW_POLKIT_NO;
}

/*
 * The check goes on until polkit has answered it, which it now does soon: the bus lets a connection have only so many
 * calls unanswered, and each of them is one of its user's logins until then.
 */
static void cancel(GCancellable *cancellable G_GNUC_UNUSED, gpointer data)
{
    const Check *check = data;

    if (!check->bus)
        return; /* ask() does it */
    g_dbus_connection_call(check->bus, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CancelCheckAuthorization",
                           g_variant_new("(s)", check->id), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void checked(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    Check *check = data;

    if (reply) {
        answer(check, understand(reply), NULL);
        return;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) && !check->again) {
        check->again = TRUE;
        g_clear_object(&check->bus);
        begin(check);
        return;
    }
    g_dbus_error_strip_remote_error(error);
    answer(check, CCW_POLKIT_FAILED, error->message);
}

static void keep(GDBusConnection *bus)
{
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    g_set_object(&kept, bus);
}

static void ask(Check *check)
{
    GVariantBuilder process;

    g_variant_builder_init(&process, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&process, "{sv}", "pid", g_variant_new_uint32((guint32)check->peer->pid));
    g_variant_builder_add(&process, "{sv}", "start-time", g_variant_new_uint64(check->peer->start_time));
    g_variant_builder_add(&process, "{sv}", "uid", g_variant_new_int32((gint32)check->peer->uid));
    g_dbus_connection_call(check->bus, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization",
                           g_variant_new("((sa{sv})sa{ss}us)", "unix-process", &process, check->action, NULL,
                                         ALLOW_USER_INTERACTION, check->id),
                           G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, UNTIL_ANSWERED, NULL, checked, check);
    if (!check->on_cancel)
        check->on_cancel = g_cancellable_connect(check->cancellable, G_CALLBACK(cancel), check, NULL);
    else if (g_cancellable_is_cancelled(check->cancellable))
        cancel(check->cancellable, check);
}

static void got_bus(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Check *check = data;

    check->bus = g_bus_get_finish(result, &error);
    if (!check->bus) {
        answer(check, CCW_POLKIT_FAILED, error->message);
        return;
    }
    keep(check->bus);
    ask(check);
}

/* A closed connection has to be let go of: g_bus_get() returns the one that there is. */
static void begin(Check *check)
{
    if (kept && (check->again || g_dbus_connection_is_closed(kept)))
        g_clear_object(&kept);
    if (kept) {
        check->bus = g_object_ref(kept);
        ask(check);
    } else {
        g_bus_get(G_BUS_TYPE_SYSTEM, check->cancellable, got_bus, check);
    }
}

void ccw_polkit_prepare(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

    if (bus)
        keep(bus);
    else
        g_message("polkit cannot be asked yet: %s", error->message);
}

void ccw_polkit_check(const CcwPeer *peer, const char *action, GCancellable *cancellable, CcwPolkitFunc func,
                      gpointer data)
{
    static guint count;
    Check *check = g_new0(Check, 1);

    *check = (Check){ .peer = ccw_peer_copy(peer), .action = action, .func = func, .data = data };
    check->id = g_strdup_printf("virtccwd-%u", count++);
    check->cancellable = g_object_ref(cancellable);
    begin(check);
}
