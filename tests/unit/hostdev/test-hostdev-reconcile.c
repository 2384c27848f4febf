/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices reconcile releases: not those that are open; without libvirt; and after a reboot. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "css/host.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "model-kernel.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define OTHER "11111111-2222-4333-8444-555555555555"
#define QEMU_CCW "qemu-ccw:17" /* launcher/host-devices.h: an owner that is no domain of libvirt */
#define UUID "cc390000-0001-8000-8000-000000001234"
#define TOKEN "17:42"
#define STAT "17 (libvirtd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"
#define BOOT "proc/sys/kernel/random/boot_id"

static const CcwBusId id = { .devno = 0x1234 };

/* Acquires a device for a domain, and confirms it. */
static Model *start(void)
{
    Model *model = model_new("dasd.txt");
    gboolean taken;

    tree_write(model->tree, "proc/17/stat", STAT);
    tree_write(model->tree, BOOT, "aaaaaaaa-1111-4222-8333-444444444444\n");
    g_assert_true(hostdev_load_modules(model->host, NULL));
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    g_assert_true(taken);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    model_reset(model);
    return model;
}

/* Compares the journal's entry with "pending", "owned by DOMAIN", ... or "none". */
static char *journal_of(Model *model)
{
    g_autoptr(HostdevRecord) record = NULL;

    g_assert_true(hostdev_journal_load(model->host, &id, &record, NULL));
    if (!record)
        return g_strdup("none");
    return g_strdup_printf("%s by %s", hostdev_claim_state_name(record->state), record->owner);
}

static void assert_journal(Model *model, const char *expected)
{
    g_autofree char *now = journal_of(model);

    g_assert_cmpstr(now, ==, expected);
}

static void note(const HostdevReconciled *reconciled, gpointer data)
{
    static const char *const results[] = { "released", "noted", "left", "failed" };
    char buf[CCW_BUS_ID_STR_LEN];

    g_string_append_printf(data, "%s %s: %s of %s", ccw_bus_id_format(&reconciled->device, buf),
                           results[reconciled->result], hostdev_claim_state_name(reconciled->state),
                           reconciled->domain);
    if (reconciled->owner)
        g_string_append_printf(data, ", is %s's", reconciled->owner);
    if (reconciled->message)
        g_string_append_printf(data, ", %s", reconciled->message);
}

/* Runs reconcile with the request and the current time, and compares its report. */
static void reconcile(Model *model, HostdevReconcile request, gboolean expected, const char *report)
{
    g_autoptr(GHashTable) nothing = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    if (!request.running && !request.live)
        request.live = nothing;
    request.as_of = css_host_clock();
    request.report = note;
    request.report_data = text;
    g_assert_cmpint(hostdev_reconcile(model->host, &request, &error), ==, expected);
    g_assert_cmpint(error == NULL, ==, expected);
    g_assert_cmpstr(text->str, ==, report);
}

#define KEPT                                                                                                           \
    "cannot release ccw device 0.0.1234: process 99 (qemu-system-s39) has it open; the device can be released when "   \
    "that "                                                                                                            \
    "process has ended"

/* libvirt does not know the guest, but a process has the device open. */
static void open_is_left(void)
{
    g_autoptr(Model) model = start();

    model_open_mdev(model, "99");
    reconcile(model, (HostdevReconcile){ 0 }, FALSE, "0.0.1234 left: owned of " DOMAIN ", " KEPT);
    reconcile(model, (HostdevReconcile){ .only_domain = OTHER }, TRUE, "");
    g_assert_cmpuint(model->n_writes, ==, 0);
    assert_journal(model, "owned by " DOMAIN);
    model_close_mdev(model, "99");
    reconcile(model, (HostdevReconcile){ .only_device = &id }, TRUE, "0.0.1234 released: owned of " DOMAIN);
    assert_journal(model, "none");
}

/*
 * libvirt says that the domain has ended. A process that still has the device open keeps it until the next reconcile.
 */
static void open_is_not_released(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    gboolean taken;

    model_open_mdev(model, "99");
    g_assert_false(hostdev_release_domain(model->host, DOMAIN, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, KEPT);
    g_clear_error(&error);
    g_assert_false(hostdev_claim(model->host, &id, OTHER, TOKEN, &taken, &error));
    g_assert_cmpstr(error->message, ==, KEPT);
    g_clear_error(&error);
    g_assert_false(nodedev_reattach(model->host, &id, &error));
    g_assert_cmpstr(error->message, ==, KEPT);
    g_assert_cmpuint(model->n_writes, ==, 0);
    assert_journal(model, "releasing by " DOMAIN);
    model_close_mdev(model, "99");
    reconcile(model, (HostdevReconcile){ 0 }, TRUE, "0.0.1234 released: releasing of " DOMAIN);
}

/* libvirt gave the mdev to another domain before this domain's end was complete. */
static void open_by_another(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) devices = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);

    model_open_mdev(model, "99");
    g_assert_false(hostdev_release_domain(model->host, DOMAIN, NULL));
    g_hash_table_add(devices, (gpointer)&id);
    g_hash_table_insert(live, (gpointer)OTHER, devices);
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE,
              "0.0.1234 noted: releasing of " DOMAIN ", is " OTHER "'s");
    assert_journal(model, "owned by " OTHER);
    g_assert_false(hostdev_release_domain(model->host, OTHER, NULL));
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE,
              "0.0.1234 noted: releasing of " OTHER ", is " OTHER "'s");
    g_assert_cmpuint(model->n_writes, ==, 0);
}

/*
 * Another process holds the device's lock for as long as the kernel takes. Calls for other devices do not wait for it.
 * (If one did, this test would not end.)
 */
static void locked_elsewhere(void)
{
    g_autoptr(Model) model = start();
    g_auto(HostdevLockFd) lock = -1;
    gboolean taken;

    reconcile(model, (HostdevReconcile){ 0 }, TRUE, "0.0.1234 released: owned of " DOMAIN);
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    g_assert_true(hostdev_announce(model->host, &id, TOKEN, NULL));
    lock = hostdev_journal_lock(model->host, &id, NULL);
    g_assert_cmpint(lock, >=, 0);
    reconcile(model, (HostdevReconcile){ 0 }, TRUE, ""); /* the claim's process lives */
    g_assert_true(hostdev_release_domain(model->host, OTHER, NULL));
    g_assert_true(hostdev_confirm_domain(model->host, OTHER, NULL));
    g_assert_false(hostdev_has_stale(model->host));
    assert_journal(model, "pending by " DOMAIN);
}

static void dry_run(void)
{
    g_autoptr(Model) model = start();

    reconcile(model, (HostdevReconcile){ .dry_run = TRUE }, TRUE, "0.0.1234 released: owned of " DOMAIN);
    g_assert_cmpuint(model->n_writes, ==, 0);
    assert_journal(model, "owned by " DOMAIN);
}

/* Without libvirt, a domain that may run keeps its devices. A device that no guest can have is released. */
static void without_libvirt(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) running = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean taken;

    g_hash_table_add(running, (gpointer)DOMAIN);
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, "");
    assert_journal(model, "owned by " DOMAIN);
    g_hash_table_remove_all(running);
    model_open_mdev(model, "99");
    reconcile(model, (HostdevReconcile){ .running = running }, FALSE, "0.0.1234 left: owned of " DOMAIN ", " KEPT);
    model_close_mdev(model, "99");
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, "0.0.1234 released: owned of " DOMAIN);

    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, ""); /* the claim's process lives */
    tree_remove(model->tree, "proc/17");
    g_hash_table_add(running, (gpointer)DOMAIN);
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, ""); /* libvirt may continue with an attach */
    assert_journal(model, "pending by " DOMAIN);
    g_hash_table_remove_all(running);
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, "0.0.1234 released: pending of " DOMAIN);
}

/* libvirtd lives, but the start for which it acquired the device is over: libvirt does not list the domain. */
static void abandoned(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) devices = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);
    gboolean taken;

    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    g_hash_table_insert(live, (gpointer)DOMAIN, devices);
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE, ""); /* the domain starts */
    g_hash_table_remove(live, DOMAIN);
    /* The request does not include libvirt's answer about the domain. */
    reconcile(model, (HostdevReconcile){ .live = live, .only_domain = DOMAIN }, TRUE, "");
    g_assert_true(hostdev_announce(model->host, &id, TOKEN, NULL));
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE, ""); /* an attach, whose process lives */
    hostdev_withdraw(model->host, &id);
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE, "0.0.1234 released: pending of " DOMAIN);

    g_assert_true(hostdev_claim(model->host, &id, QEMU_CCW, TOKEN, &taken, NULL));
    reconcile(model, (HostdevReconcile){ .live = live }, TRUE, "");
    assert_journal(model, "pending by " QEMU_CCW);
}

/*
 * libvirt answers for all running domains but one. That one keeps its devices; for the others the kernel's answer
 * counts.
 */
static void unknown_domain(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) unknown = g_hash_table_new(g_str_hash, g_str_equal);
    HostdevReconcile request = { .live = live, .running = unknown };
    gboolean taken;

    g_hash_table_add(unknown, (gpointer)DOMAIN);
    reconcile(model, request, TRUE, "");
    assert_journal(model, "owned by " DOMAIN);

    g_hash_table_remove_all(unknown);
    g_hash_table_add(unknown, (gpointer)OTHER);
    model_open_mdev(model, "99");
    reconcile(model, request, FALSE, "0.0.1234 left: owned of " DOMAIN ", " KEPT);
    model_close_mdev(model, "99");
    reconcile(model, request, TRUE, "0.0.1234 released: owned of " DOMAIN);

    g_assert_true(hostdev_claim(model->host, &id, OTHER, TOKEN, &taken, NULL));
    reconcile(model, request, TRUE, ""); /* OTHER starts */
    assert_journal(model, "pending by " OTHER);
}

/* libvirt may continue with the attach of a process that has died. */
static void stale_is_kept(void)
{
    g_autoptr(Model) model = start();
    gboolean taken;

    reconcile(model, (HostdevReconcile){ .keep_stale = TRUE }, TRUE, "0.0.1234 released: owned of " DOMAIN);
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    tree_remove(model->tree, "proc/17");
    reconcile(model, (HostdevReconcile){ .keep_stale = TRUE }, TRUE, "");
    assert_journal(model, "pending by " DOMAIN);
    reconcile(model, (HostdevReconcile){ 0 }, TRUE, "0.0.1234 released: pending of " DOMAIN);
}

/* A release that has begun is completed, whatever domains run. */
static void without_libvirt_releasing(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) running = g_hash_table_new(g_str_hash, g_str_equal);

    model->fail_at = 2;
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, NULL));
    model_reset(model);
    g_hash_table_add(running, (gpointer)DOMAIN);
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, "0.0.1234 released: releasing of " DOMAIN);
}

/*
 * The device was taken out of the machine and came back: it has its host driver and no mdev. Another domain may claim
 * it.
 */
static void vanished_and_came_back(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) running = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean taken;
    static const char *const writes[][2] = {
        { "bus/css/devices/0.0.0000/" UUID "/remove", "1" },
        { "bus/css/drivers/vfio_ccw/unbind", "0.0.0000" },
        { "bus/css/devices/0.0.0000/driver_override", "\n" },
        { "bus/css/drivers/io_subchannel/bind", "0.0.0000" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(writes); i++) {
        g_autofree char *path = g_build_filename(model->tree->sysfs, writes[i][0], NULL);

        g_assert_cmpint(model->host->ops->attr_write(path, writes[i][1], model), ==, 0);
    }
    g_hash_table_add(running, (gpointer)DOMAIN);
    reconcile(model, (HostdevReconcile){ .running = running }, TRUE, "");
    g_assert_true(hostdev_claim(model->host, &id, OTHER, TOKEN, &taken, NULL));
    assert_journal(model, "pending by " OTHER);
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL)); /* the domain owns no device any more */
    assert_journal(model, "pending by " OTHER);
}

/* The entry is outdated after a reboot: a mediated device with its UUID belongs to another program, and stays. */
static void rebooted(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *entry = g_build_filename(model->tree->run_dir, "devices/0.0.1234.json", NULL);
    gboolean taken;

    g_assert_true(hostdev_announce(model->host, &id, TOKEN, NULL));
    tree_write(model->tree, BOOT, "bbbbbbbb-1111-4222-8333-444444444444\n");
    g_assert_null(hostdev_journal_announced(model->host, &id));
    assert_journal(model, "none");
    g_assert_true(hostdev_claim(model->host, &id, OTHER, TOKEN, &taken, NULL));
    g_assert_false(taken);
    g_assert_true(g_file_test(entry, G_FILE_TEST_EXISTS));
    reconcile(model, (HostdevReconcile){ 0 }, TRUE, "");
    g_assert_false(g_file_test(entry, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(model->n_writes, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/reconcile/open-is-left", open_is_left);
    g_test_add_func("/hostdev/reconcile/open-is-not-released", open_is_not_released);
    g_test_add_func("/hostdev/reconcile/open-by-another", open_by_another);
    g_test_add_func("/hostdev/reconcile/locked-elsewhere", locked_elsewhere);
    g_test_add_func("/hostdev/reconcile/dry-run", dry_run);
    g_test_add_func("/hostdev/reconcile/abandoned", abandoned);
    g_test_add_func("/hostdev/reconcile/without-libvirt", without_libvirt);
    g_test_add_func("/hostdev/reconcile/unknown-domain", unknown_domain);
    g_test_add_func("/hostdev/reconcile/stale-is-kept", stale_is_kept);
    g_test_add_func("/hostdev/reconcile/without-libvirt-releasing", without_libvirt_releasing);
    g_test_add_func("/hostdev/reconcile/vanished-and-came-back", vanished_and_came_back);
    g_test_add_func("/hostdev/reconcile/rebooted", rebooted);
    return g_test_run();
}
