/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done to one device, however long the kernel takes, holds up no client of another one; and what is done to the
 * same device waits, or is refused, so that the order of events in hostdev/manager.h holds.
 */
#include "css/host.h"
#include "fake-host.h"
#include "hostdev/manager.h"
#include "node_device/node-detach.h"

static const CcwBusId first = { .devno = 0x1234 }, second = { .devno = 0x1235 };

/* A call of the manager in a thread of its own. */
typedef struct Call Call;
struct Call {
    CcwManager *manager;
    void (*func)(Call *call);
    GArray *ids;
    const char *domain_uuid;
    CcwAttachResult result;
    CcwLive *live;
    gboolean stale;
    gboolean done; /* what the function returned */
    GThread *thread;
    gint ended; /* atomic */
};

static void call_hold(Call *call)
{
    ccw_manager_hold(call->manager, call->ids);
}

static void call_settle(Call *call)
{
    call->done = ccw_manager_settle(call->manager, call->domain_uuid, call->ids, call->result);
}

static void call_reconcile(Call *call)
{
    call->done = ccw_manager_reconcile(call->manager, call->live, NULL, &call->stale, NULL);
}

static void call_by_hand(Call *call)
{
    call->done = ccw_manager_by_hand(call->manager, ccw_host_detach_as_of, &g_array_index(call->ids, CcwBusId, 0),
                                     call->live, &call->stale, NULL);
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

static Call *begin(CcwManager *manager, void (*func)(Call *call), const CcwBusId *id, CcwAttachResult result)
{
    Call *call = g_new0(Call, 1);

    call->manager = manager;
    call->func = func;
    call->ids = ids_of(id);
    call->domain_uuid = GUEST_UUID;
    call->result = result;
    call->live = ccw_live_new(manager);
    call->thread = g_thread_new("call", run, call);
    return call;
}

/* It ends within some seconds. */
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
    ccw_live_free(call->live);
    g_free(call);
}

static void expect_log(const char *expected)
{
    g_autofree char *log = host_take_log();

    g_assert_cmpstr(log, ==, expected);
}

static void claim(CcwManager *manager, const CcwBusId *id)
{
    g_autoptr(GArray) ids = ids_of(id);

    ccw_manager_hold(manager, ids);
    g_assert_true(ccw_manager_claim(manager, id, GUEST_UUID, NULL));
}

static CcwManager *start(void)
{
    g_free(host_take_log());
    return ccw_manager_new(ccw_host_new("/", "/", "/"));
}

/* During a roll-back, an attach of another device begins, is claimed and settled, and a client detaches the device. */
static void roll_back_takes_long(void)
{
    g_autoptr(CcwManager) manager = start();
    Call *back, *hold, *hand;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_settle, &first, CCW_ATTACH_NONE);
    host_wait_blocked();
    hold = begin(manager, call_hold, &second, CCW_ATTACH_NONE);
    end(hold);
    g_assert_true(ccw_manager_claim(manager, &second, GUEST_UUID, NULL));
    end(begin(manager, call_settle, &second, CCW_ATTACH_LIVE));
    hand = begin(manager, call_by_hand, &second, CCW_ATTACH_NONE);
    expect_end(hand);
    g_assert_true(hand->done);
    end(hand);
    g_assert_false(g_atomic_int_get(&back->ended));
    host_block(NULL);
    end(back);
    expect_log("claim 0.0.1234 claim 0.0.1235 confirm 0.0.1235 detach 0.0.1235 back 0.0.1234 ");
}

/* The same with a give-back by level; which leaves alone what has come in between, and says that it has seen old XML.
 */
static void level_takes_long(void)
{
    g_autoptr(CcwManager) manager = start();
    Call *level;

    host_block("reconcile");
    level = begin(manager, call_reconcile, &first, CCW_ATTACH_NONE);
    host_wait_blocked();
    end(begin(manager, call_hold, &first, CCW_ATTACH_NONE));
    end(begin(manager, call_settle, &first, CCW_ATTACH_LIVE));
    g_assert_false(g_atomic_int_get(&level->ended));
    host_block(NULL);
    expect_end(level);
    g_assert_true(level->done && level->stale);
    end(level);
    expect_log("reconcile all:0 but 0.0.1234 ");
}

/* A device is held until its attach is settled to the end: what passes it over then is looked at again. */
static void level_meets_settling(void)
{
    g_autoptr(CcwManager) manager = start();
    Call *back;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_settle, &first, CCW_ATTACH_NONE);
    host_wait_blocked();
    end(begin(manager, call_reconcile, &first, CCW_ATTACH_NONE));
    expect_log("claim 0.0.1234 reconcile all:0 but 0.0.1234 ");
    host_block(NULL);
    expect_end(back);
    g_assert_true(back->done);
    end(back);
    end(begin(manager, call_reconcile, &first, CCW_ATTACH_NONE));
    expect_log("back 0.0.1234 reconcile all:0 ");
}

/*
 * The next attach of a device is announced when the last one is rolled back, and not before: both have one token. By
 * hand, too, waits for that.
 */
static void same_device_waits(void)
{
    g_autoptr(CcwManager) manager = start();
    Call *back, *hold, *hand;

    claim(manager, &first);
    host_block("back");
    back = begin(manager, call_settle, &first, CCW_ATTACH_NONE);
    host_wait_blocked();
    hand = begin(manager, call_by_hand, &first, CCW_ATTACH_NONE);
    hold = begin(manager, call_hold, &first, CCW_ATTACH_NONE);
    g_assert_false(host_has_announced(&first));
    host_block(NULL);
    end(back);
    end(hold);
    g_assert_true(host_has_announced(&first));
    end(hand); /* done before the attach, or refused because of it */
    end(begin(manager, call_settle, &first, CCW_ATTACH_NONE));
    g_free(host_take_log());
}

/* Of two attaches to a device the last one settled rolls back, and finds what the other one has confirmed. */
static void two_settle(void)
{
    g_autoptr(CcwManager) manager = start();
    g_autoptr(GArray) ids = ids_of(&first);
    Call *live, *none;

    claim(manager, &first);
    ccw_manager_hold(manager, ids);
    host_block("confirm");
    live = begin(manager, call_settle, &first, CCW_ATTACH_LIVE);
    host_wait_blocked();
    none = begin(manager, call_settle, &first, CCW_ATTACH_NONE);
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
    g_test_add_func("/hostdev/manager/level-takes-long", level_takes_long);
    g_test_add_func("/hostdev/manager/level-meets-settling", level_meets_settling);
    g_test_add_func("/hostdev/manager/same-device-waits", same_device_waits);
    g_test_add_func("/hostdev/manager/two-settle", two_settle);
    return g_test_run();
}
