/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talks to polkit in plain D-Bus, as libvirt does (src/util/virpolkit.c). libpolkit-gobject keeps the connection of its
 * first call for ever, even after the bus has restarted. This file uses a connection until the bus closes it.
 */
#include "remote/polkit.h"

#include "remote/bus.h"
#include "util/timer.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u

static const RemoteBusMethod check_method = { POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization" };
static const RemoteBusMethod cancel_method = { POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CancelCheckAuthorization" };

/* One connection for all checks, because each connection takes a descriptor. NULL: no check has been made yet. */
static RemoteBus *kept;

typedef struct {
    RpcPoll *poll;
    RemoteClientProcess *process;
    const char *action;
    char *id; /* identifies the check to CancelCheckAuthorization */
    RemoteBus *bus;
    GError *error; /* the error if there is no bus */
    GCancellable *cancellable;
    gulong on_cancel;
    gboolean again; /* second try, because the first connection was closed */
    RemotePolkitFunc func;
    gpointer data;
} Check;

static void begin(Check *check);

static void answer(Check *check, RemotePolkitAnswer answer, const char *message)
{
    if (check->on_cancel)
        g_cancellable_disconnect(check->cancellable, check->on_cancel);
    check->func(answer, message, check->data);
    g_clear_pointer(&check->bus, remote_bus_unref);
    g_clear_error(&check->error);
    g_object_unref(check->cancellable);
    remote_client_process_free(check->process);
    g_free(check->id);
    g_free(check);
}

static RemotePolkitAnswer understand(GVariant *reply)
{
    gboolean authorized, challenge;
    g_autoptr(GVariant) details = NULL;
    const char *dismissed = NULL;

    g_variant_get(reply, "((bb@a{ss}))", &authorized, &challenge, &details);
    if (authorized)
        return REMOTE_POLKIT_YES;
    if (g_variant_lookup(details, "polkit.dismissed", "&s", &dismissed) && g_strcmp0(dismissed, "true") == 0)
        return REMOTE_POLKIT_DISMISSED;
    return challenge ? REMOTE_POLKIT_NO_AGENT : REMOTE_POLKIT_NO;
}

/*
 * Cancels a check. The check ends when polkit answers it, which it does soon now. Until then it counts as a login of
 * its user, because the bus limits the unanswered calls of a connection.
 */
static void cancel(GCancellable *cancellable G_GNUC_UNUSED, gpointer data)
{
    const Check *check = data;

    if (check->bus && !remote_bus_is_closed(check->bus))
        remote_bus_call(check->bus, &cancel_method, g_variant_new("(s)", check->id), NULL, NULL);
}

static void checked(GVariant *reply, const GError *error, gpointer data)
{
    Check *check = data;

    if (reply && g_variant_is_of_type(reply, G_VARIANT_TYPE("((bba{ss}))"))) {
        answer(check, understand(reply), NULL);
    } else if (reply) {
        answer(check, REMOTE_POLKIT_FAILED, "its answer does not have the form of CheckAuthorization's");
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) && !check->again) {
        check->again = TRUE;
        begin(check);
    } else {
        answer(check, REMOTE_POLKIT_FAILED, error->message);
    }
}

static void ask(Check *check)
{
    GVariantBuilder subject;

    g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&subject, "{sv}", "pid", g_variant_new_uint32((guint32)check->process->pid));
    g_variant_builder_add(&subject, "{sv}", "start-time", g_variant_new_uint64(check->process->start_time));
    g_variant_builder_add(&subject, "{sv}", "uid", g_variant_new_int32((gint32)check->process->uid));
    remote_bus_call(check->bus, &check_method,
                    g_variant_new("((sa{sv})sa{ss}us)", "unix-process", &subject, check->action, NULL,
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

    answer(check, REMOTE_POLKIT_FAILED, check->error->message);
    return G_SOURCE_REMOVE;
}

static RemoteBus *get_bus(RpcPoll *poll, GError **error)
{
    if (kept && remote_bus_is_closed(kept))
        g_clear_pointer(&kept, remote_bus_unref);
    if (!kept)
        kept = remote_bus_new(poll, error);
    return kept ? remote_bus_ref(kept) : NULL;
}

static void begin(Check *check)
{
    g_clear_pointer(&check->bus, remote_bus_unref);
    check->bus = get_bus(check->poll, &check->error);
    if (check->bus)
        ask(check);
    else
        ccw_timer_add(0, report_no_bus, check);
}

void remote_polkit_end(void)
{
    g_clear_pointer(&kept, remote_bus_unref);
}

void remote_polkit_prepare(RpcPoll *poll)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RemoteBus) bus = get_bus(poll, &error);

    if (!bus)
        g_message("polkit cannot be asked yet: %s", error->message);
}

void remote_polkit_check(RpcPoll *poll, const RemoteClientProcess *process, const char *action,
                         GCancellable *cancellable, RemotePolkitFunc func, gpointer data)
{
    static guint count;
    Check *check = g_new0(Check, 1);

    *check = (Check){
        .poll = poll, .process = remote_client_process_copy(process), .action = action, .func = func, .data = data
    };
    check->id = g_strdup_printf("virtccwd-%u", count++);
    check->cancellable = g_object_ref(cancellable);
    begin(check);
}
