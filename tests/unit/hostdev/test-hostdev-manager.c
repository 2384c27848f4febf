/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Work on one device does not delay clients of another one, however long the kernel takes. Other work on the same
 * device waits or is rejected, so that the order of events in hostdev/manager.h is kept.
 */
#include "css/host.h"
#include "fake-host.h"
#include "hostdev/manager.h"
#include "node_device/node-detach.h"

static const CcwBusId first = { .devno = 0x1234 }, second = { .devno = 0x1235 };

/* Runs a call of the manager in a thread. */
typedef struct Call Call;
struct Call {
    HostdevManager *manager;
    void (*func)(Call *call);
    GArray *ids;
    const char *domain_uuid;
    HostdevAttachResult result;
    HostdevLive *live;
    gboolean outdated;
    gboolean done; /* the function's result */
    GThread *thread;
    gint ended; /* atomic */
};

static void call_begin_attach(Call *call)
{
    hostdev_manager_begin_attach(call->manager, call->ids);
}

static void call_end_attach(Call *call)
{
    call->done = hostdev_manager_end_attach(call->manager, call->domain_uuid, call->ids, call->result);
}

static void call_reconcile(Call *call)
{
    call->done = hostdev_manager_reconcile(call->manager, call->live, NULL, &call->outdated, NULL);
}

static void call_operate(Call *call)
{
    call->done = hostdev_manager_operate(call->manager, nodedev_detach_as_of, &g_array_index(call->ids, CcwBusId, 0),
                                         call->live, &call->outdated, NULL);
}

static gpointer run(gpointer data)
{
    Call *call = data;

    call->func(call);
    g_atomic_int_set(&call->ended, TRUE);
    return NULL;
}

static GArray *ids_of(const CcwBusId *id)
{
    return g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(CcwBusId)), id, 1);
}

static Call *begin(HostdevManager *manager, void (*func)(Call *call), const CcwBusId *id, HostdevAttachResult result)
{
    Call *call = g_new0(Call, 1);

    call->manager = manager;
    call->func = func;
    call->ids = ids_of(id);
    call->domain_uuid = GUEST_UUID;
    call->result = result;
    call->live = hostdev_live_new(manager);
    call->thread = g_thread_new("call", run, call);
    return call;
}

/* Asserts that the call ends within some seconds. */
static void expect_end(Call *call)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;

    while (!g_atomic_int_get(&call->ended)) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_thread_yield();
    }
}

static void end(Call *call)
{
    expect_end(call);
    g_thread_join(call->thread);
    g_array_unref(call->ids);
    hostdev_live_free(call->live);
    g_free(call);
}

static void expect_log(const char *expected)
{
    g_autofree char *log = host_take_log();

    g_assert_cmpstr(log, ==, expected);
}

static void claim(HostdevManager *manager, const CcwBusId *id)
{
    g_autoptr(GArray) ids = ids_of(id);

    hostdev_manager_begin_attach(manager, ids);
    g_assert_true(hostdev_manager_claim(manager, id, GUEST_UUID, NULL));
}

static HostdevManager *start(void)
{
    g_free(host_take_log());
    return hostdev_manager_new(css_host_new("/", "/", "/"));
}

/* During a roll-back, an attach of another device begins, is claimed and ends, and a client detaches that device. */
static void roll_back_takes_long(void)
{
    g_autoptr(HostdevManager) manager = start();
    Call *back, *hold, *operation;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_NONE);
    host_wait_blocked();
    hold = begin(manager, call_begin_attach, &second, HOSTDEV_ATTACH_NONE);
    end(hold);
    g_assert_true(hostdev_manager_claim(manager, &second, GUEST_UUID, NULL));
    end(begin(manager, call_end_attach, &second, HOSTDEV_ATTACH_LIVE));
    operation = begin(manager, call_operate, &second, HOSTDEV_ATTACH_NONE);
    expect_end(operation);
    g_assert_true(operation->done);
    end(operation);
    g_assert_false(g_atomic_int_get(&back->ended));
    host_block(NULL);
    end(back);
    expect_log("claim 0.0.1234 claim 0.0.1235 confirm 0.0.1235 detach 0.0.1235 back 0.0.1234 ");
}

/*
 * The same during a reconcile. It skips a device that was attached meanwhile, and returns that its live XML is
 * outdated.
 */
static void reconcile_takes_long(void)
{
    g_autoptr(HostdevManager) manager = start();
    Call *reconcile;

    host_block("reconcile");
    reconcile = begin(manager, call_reconcile, &first, HOSTDEV_ATTACH_NONE);
    host_wait_blocked();
    end(begin(manager, call_begin_attach, &first, HOSTDEV_ATTACH_NONE));
    end(begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_LIVE));
    g_assert_false(g_atomic_int_get(&reconcile->ended));
    host_block(NULL);
    expect_end(reconcile);
    g_assert_true(reconcile->done && reconcile->outdated);
    end(reconcile);
    expect_log("reconcile all:0 but 0.0.1234 ");
}

/* A device is held until its attach has ended. A reconcile that skipped it is repeated then. */
static void reconcile_meets_roll_back(void)
{
    g_autoptr(HostdevManager) manager = start();
    Call *back;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_NONE);
    host_wait_blocked();
    end(begin(manager, call_reconcile, &first, HOSTDEV_ATTACH_NONE));
    expect_log("claim 0.0.1234 reconcile all:0 but 0.0.1234 ");
    host_block(NULL);
    expect_end(back);
    g_assert_true(back->done);
    end(back);
    end(begin(manager, call_reconcile, &first, HOSTDEV_ATTACH_NONE));
    expect_log("back 0.0.1234 reconcile all:0 ");
}

/*
 * The next attach of a device is announced only after the roll-back of the last one, as both have the same token. An
 * administrator's detach waits for that roll-back, too.
 */
static void same_device_waits(void)
{
    g_autoptr(HostdevManager) manager = start();
    Call *back, *hold, *operation;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_NONE);
    host_wait_blocked();
    operation = begin(manager, call_operate, &first, HOSTDEV_ATTACH_NONE);
    hold = begin(manager, call_begin_attach, &first, HOSTDEV_ATTACH_NONE);
    g_assert_false(host_has_announced(&first));
    host_block(NULL);
    end(back);
    end(hold);
    g_assert_true(host_has_announced(&first));
    end(operation); /* done before the attach, or rejected because of it */
    end(begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_NONE));
    g_free(host_take_log());
}

/*
 * The last of two attaches to a device rolls back when it ends, and finds that the other one has confirmed the claim.
 */
static void two_end(void)
{
    g_autoptr(HostdevManager) manager = start();
    g_autoptr(GArray) ids = ids_of(&first);
    Call *live, *none;

    claim(manager, &first);
    hostdev_manager_begin_attach(manager, ids);
    host_block("confirm");
    live = begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_LIVE);
    host_wait_blocked();
    none = begin(manager, call_end_attach, &first, HOSTDEV_ATTACH_NONE);
    host_block(NULL);
    end(live);
    end(none);
    expect_log("claim 0.0.1234 confirm 0.0.1234 ");
    g_assert_false(host_is_announced());
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/manager/roll-back-takes-long", roll_back_takes_long);
    g_test_add_func("/hostdev/manager/reconcile-takes-long", reconcile_takes_long);
    g_test_add_func("/hostdev/manager/reconcile-meets-roll-back", reconcile_meets_roll_back);
    g_test_add_func("/hostdev/manager/same-device-waits", same_device_waits);
    g_test_add_func("/hostdev/manager/two-end", two_end);
    return g_test_run();
}
