/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In plain D-Bus, as libvirt itself does it (src/util/virpolkit.c): libpolkit-gobject keeps the connection of its first
 * call for ever, also when the bus has restarted since. Here a connection is used until the bus closes it.
 */
#include "remote/polkit.h"

#include "remote/bus.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u

static const CcwBusMethod check_method = { POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization" };
static const CcwBusMethod cancel_method = { POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CancelCheckAuthorization" };

/* The connection, which no check has to make anew: that takes a descriptor. NULL: there was none yet. */
static CcwBus *kept;

typedef struct {
    CcwPoll *poll;
    CcwPeer *peer;
    const char *action;
    char *id; /* by which the check can be cancelled */
    CcwBus *bus;
    GError *error; /* why there is none */
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
    g_clear_pointer(&check->bus, ccw_bus_unref);
    g_clear_error(&check->error);
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

    if (check->bus && !ccw_bus_is_closed(check->bus))
        ccw_bus_call(check->bus, &cancel_method, g_variant_new("(s)", check->id), NULL, NULL);
}

static void checked(GVariant *reply, const GError *error, gpointer data)
{
    Check *check = data;

    if (reply && g_variant_is_of_type(reply, G_VARIANT_TYPE("((bba{ss}))"))) {
        answer(check, understand(reply), NULL);
    } else if (reply) {
        answer(check, CCW_POLKIT_FAILED, "its answer is not laid out as CheckAuthorization's is");
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) && !check->again) {
        check->again = TRUE;
        begin(check);
    } else {
        answer(check, CCW_POLKIT_FAILED, error->message);
    }
}

static void ask(Check *check)
{
    GVariantBuilder process;

    g_variant_builder_init(&process, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&process, "{sv}", "pid", g_variant_new_uint32((guint32)check->peer->pid));
    g_variant_builder_add(&process, "{sv}", "start-time", g_variant_new_uint64(check->peer->start_time));
    g_variant_builder_add(&process, "{sv}", "uid", g_variant_new_int32((gint32)check->peer->uid));
    ccw_bus_call(check->bus, &check_method,
                 g_variant_new("((sa{sv})sa{ss}us)", "unix-process", &process, check->action, NULL,
                               ALLOW_USER_INTERACTION, check->id),
                 checked, check);
    if (!check->on_cancel)
        check->on_cancel = g_cancellable_connect(check->cancellable, G_CALLBACK(cancel), check, NULL);
    else if (g_cancellable_is_cancelled(check->cancellable))
        cancel(check->cancellable, check);
}

static gboolean report_no_bus(gpointer data)
{
    Check *check = data;

    answer(check, CCW_POLKIT_FAILED, check->error->message);
    return G_SOURCE_REMOVE;
}

static CcwBus *get_bus(CcwPoll *poll, GError **error)
{
    if (kept && ccw_bus_is_closed(kept))
        g_clear_pointer(&kept, ccw_bus_unref);
    if (!kept)
        kept = ccw_bus_new(poll, error);
    return kept ? ccw_bus_ref(kept) : NULL;
}

static void begin(Check *check)
{
    g_clear_pointer(&check->bus, ccw_bus_unref);
    check->bus = get_bus(check->poll, &check->error);
    if (check->bus)
        ask(check);
    else
        g_idle_add(report_no_bus, check);
}

void ccw_polkit_prepare(CcwPoll *poll)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwBus) bus = get_bus(poll, &error);

    if (!bus)
        g_message("polkit cannot be asked yet: %s", error->message);
}

void ccw_polkit_check(CcwPoll *poll, const CcwPeer *peer, const char *action, GCancellable *cancellable,
                      CcwPolkitFunc func, gpointer data)
{
    static guint count;
    Check *check = g_new0(Check, 1);

    *check = (Check){ .poll = poll, .peer = ccw_peer_copy(peer), .action = action, .func = func, .data = data };
    check->id = g_strdup_printf("virtccwd-%u", count++);
    check->cancellable = g_object_ref(cancellable);
    begin(check);
}
