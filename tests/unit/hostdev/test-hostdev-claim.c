/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process may acquire a device, which one releases it, and the rules for cases that the journal does not answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/device.h"
#include "css/host-private.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "hostdev/unmanaged.h"
#include "model-kernel.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define OTHER "11111111-2222-4333-8444-555555555555"
#define UUID "cc390000-0001-8000-8000-000000001234"
#define TOKEN "17:42"
#define STAT "17 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"

static const CcwBusId id = { .devno = 0x1234 };

static Model *start(const char *recording)
{
    Model *model = model_new(recording);

    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, NULL));
    return model;
}

static void claim_ok(Model *model, const char *domain, gboolean expect_taken)
{
    g_autoptr(GError) error = NULL;
    gboolean taken = -1;

    hostdev_claim(model->host, &id, domain, TOKEN, &taken, &error);
    g_assert_no_error(error);
    g_assert_cmpint(taken, ==, expect_taken);
}

static void claim_rejected(Model *model, const CcwBusId *device, const char *domain, const char *token, CcwError code,
                           const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    gboolean taken = -1;
    guint n_writes = model->n_writes;

    g_assert_false(hostdev_claim(model->host, device, domain, token, &taken, &error));
    g_assert_error(error, CCW_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, message));
    g_assert_cmpint(taken, ==, -1);
    g_assert_cmpuint(model->n_writes, ==, n_writes);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

static HostdevRecord *record_of(Model *model)
{
    g_autoptr(GError) error = NULL;
    HostdevRecord *record = NULL;

    g_assert_true(hostdev_journal_load(model->host, &id, &record, &error));
    g_assert_no_error(error);
    return record;
}

static void assert_state(Model *model, HostdevClaimState state)
{
    g_autoptr(HostdevRecord) record = record_of(model);

    g_assert_nonnull(record);
    g_assert_cmpint(record->state, ==, state);
}

static void assert_no_record(Model *model)
{
    g_assert_null(record_of(model));
}

/* live: NULL: no domain runs */
static void reconcile(Model *model, const char *live_domain, gint64 as_of, const char *only)
{
    g_autoptr(GHashTable) live =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
    g_autoptr(GError) error = NULL;

    if (live_domain) {
        GHashTable *devices = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);

        g_hash_table_add(devices, (gpointer)&id);
        g_hash_table_insert(live, (gpointer)live_domain, devices);
    }
    hostdev_reconcile(model->host, &(HostdevReconcile){ .live = live, .as_of = as_of, .only_domain = only }, &error);
    g_assert_no_error(error);
}

static void rejections(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    CcwBusId gone = { .devno = 0x4321 };

    claim_rejected(model, &gone, DOMAIN, TOKEN, CCW_ERROR_NOT_FOUND, "no ccw device 0.0.4321");
    claim_rejected(model, &id, "d1", TOKEN, CCW_ERROR_INVALID, "'d1' is not a domain UUID");
    claim_rejected(model, &id, DOMAIN, NULL, CCW_ERROR_INVALID, "has ended");
    tree_write(model->tree, "proc/self/mountinfo", "22 1 94:1 / /srv rw - ext4 /dev/dasda1 rw\n");
    claim_rejected(model, &id, DOMAIN, TOKEN, CCW_ERROR_BUSY, "dasda1 is mounted on /srv");
    tree_write(model->tree, "proc/self/mountinfo", "");
    tree_remove(model->tree, "sys/bus/css/drivers/vfio_ccw");
    claim_rejected(model, &id, DOMAIN, TOKEN, CCW_ERROR_UNSUPPORTED, "module vfio_ccw is not loaded");
    g_assert_false(g_file_test(model->tree->run_dir, G_FILE_TEST_IS_DIR) && hostdev_journal_has(model->host, &gone));
}

static void another_mdev(void)
{
    g_autoptr(Model) model = start("virtio-mdev.txt");

    claim_rejected(model, &id, DOMAIN, TOKEN, CCW_ERROR_BUSY,
                   "subchannel 0.0.0000 holds mediated device cc390000-0000-8000-8000-000000001234");
}

static void foreign_mdev(void)
{
    g_autoptr(Model) model = start("virtio-bound.txt");

    tree_write(model->tree, "sys/devices/css0/0.0.0000/" UUID "/remove", "");
    claim_ok(model, DOMAIN, FALSE);
    g_assert_cmpuint(model->n_writes, ==, 0);
    assert_no_record(model);
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    g_assert_cmpuint(model->n_writes, ==, 0);
}

static void mdev_elsewhere(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    tree_write(model->tree, "sys/bus/mdev/devices/" UUID "/remove", "");
    claim_rejected(model, &id, DOMAIN, TOKEN, CCW_ERROR_BUSY, "on another subchannel");
}

static void other_driver(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *driver = g_build_filename(model->tree->sysfs, "devices/css0/0.0.0000/driver", NULL);

    tree_remove(model->tree, "sys/devices/css0/0.0.0000/driver");
    g_assert_cmpint(symlink("../../../bus/css/drivers/chsc_subchannel", driver), ==, 0);
    claim_rejected(model, &id, DOMAIN, TOKEN, CCW_ERROR_UNSUPPORTED, "bound to chsc_subchannel");
}

static void kernel_busy(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(GError) error = NULL;
    gboolean taken;

    model->fail_at = 1;
    model->fail_to = 99;
    model->fail_errno = EBUSY;
    g_assert_false(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, "the kernel says that it is in use"));
}

/* udev had the device open when the kernel was asked, and has closed it when its processes are looked up. */
static void kernel_busy_once(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    model->fail_at = 1;
    model->fail_errno = EBUSY;
    claim_ok(model, DOMAIN, TRUE);
}

static void domains(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(CssDevice) device = NULL;
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    guint taken_writes;

    claim_ok(model, DOMAIN, TRUE);
    taken_writes = model->n_writes;
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    claim_rejected(model, &id, OTHER, TOKEN, CCW_ERROR_BUSY, "in use by domain " DOMAIN);
    claim_ok(model, DOMAIN, FALSE); /* this domain has the device already */

    g_assert_true(hostdev_confirm_domain(model->host, OTHER, NULL));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_confirm_domain(model->host, DOMAIN, NULL));
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    claim_rejected(model, &id, OTHER, TOKEN, CCW_ERROR_BUSY, "in use by domain " DOMAIN);
    claim_ok(model, DOMAIN, TRUE); /* the domain starts again, before the device of its last run was released */
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_confirm_domain(model->host, DOMAIN, NULL));
    device = css_host_lookup(model->host, &id, NULL);
    hostdev_owner_read(model->host, device);
    g_assert_cmpstr(device->owner, ==, DOMAIN);

    g_assert_true(hostdev_release_domain(model->host, OTHER, NULL));
    g_assert_true(hostdev_release(model->host, &id, OTHER, NULL));
    g_assert_cmpuint(model->n_writes, ==, taken_writes);
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    g_assert_true(hostdev_release(model->host, &id, "C7A5FDBD-EDAF-9455-926A-D65C16DB1809", NULL));
    assert_no_record(model);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

static void stale_taker(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;
    g_autoptr(GError) error = NULL;
    gboolean taken;

    claim_ok(model, DOMAIN, TRUE);
    tree_remove(model->tree, "proc/17");
    tree_write(model->tree, "proc/18/stat", "18 (libvirtd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 43 1 1");
    claim_rejected(model, &id, OTHER, "18:43", CCW_ERROR_BUSY,
                   "the process that acquired it has ended: run 'virt-ccw reconcile'");
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, "18:43", &taken, &error));
    g_assert_true(taken);
    record = record_of(model);
    g_assert_cmpstr(record->token, ==, "18:43");
}

/* Another program removed the mdev: a new claim makes it again. */
static void mdev_lost(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *remove = g_build_filename(model->tree->sysfs, "bus/css/devices/0.0.0000/" UUID "/remove", NULL);

    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    g_assert_cmpint(model->host->ops->attr_write(remove, "1", model), ==, 0);
    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(g_file_test(remove, G_FILE_TEST_EXISTS));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
}

/*
 * A domain is started while libvirt has not answered an attach to it: the end of that attach does not affect the guest.
 * In the other order, the attach does not release the device.
 */
static void start_and_attach(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;
    gboolean taken;

    tree_write(model->tree, "proc/18/stat", "18 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 43 1 1");
    g_assert_true(hostdev_announce(model->host, &id, "18:43", NULL));
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, "18:43", &taken, NULL));
    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_roll_back(model->host, &id, "18:43", NULL));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, "18:43", &taken, NULL));
    g_assert_false(taken);
    g_assert_true(hostdev_roll_back(model->host, &id, "18:43", NULL));
    record = record_of(model);
    g_assert_cmpstr(record->token, ==, TOKEN);
    /* The start fails. Then the claim is the attach's again, as libvirt may be about to attach the existing mdev. */
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    hostdev_withdraw(model->host, &id);
    g_assert_true(hostdev_roll_back(model->host, &id, "18:43", NULL));
    assert_no_record(model);
}

/* An unmanaged device must be detached and have no other owner. Live XML from before that is outdated. */
static void unmanaged(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(GError) absent = NULL;
    g_autoptr(GError) claimed = NULL;
    g_autoptr(HostdevRecord) record = NULL;
    gboolean stale;
    gint64 before;

    g_assert_false(hostdev_use_unmanaged(model->host, &id, &absent));
    g_assert_error(absent, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_nonnull(strstr(absent->message, "'virsh nodedev-detach ccw_0_0_1234', or give managed='yes'"));
    claim_ok(model, OTHER, TRUE);
    g_assert_false(hostdev_use_unmanaged(model->host, &id, &claimed));
    g_assert_nonnull(strstr(claimed->message, "ccw device 0.0.1234 is in use by domain " OTHER));
    g_assert_true(hostdev_release_domain(model->host, OTHER, NULL));
    g_assert_true(nodedev_detach(model->host, &id, NULL));
    before = css_host_clock();
    g_assert_true(hostdev_use_unmanaged(model->host, &id, NULL));
    record = record_of(model);
    g_assert_null(record->owner);
    g_assert_true(nodedev_reattach_as_of(model->host, &id, before - 1, &stale, NULL));
    g_assert_true(stale);
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    g_assert_true(nodedev_reattach_as_of(model->host, &id, css_host_clock(), &stale, NULL));
    g_assert_false(stale);
    assert_no_record(model);
}

/* A release does not remove another program's mdev from a subchannel, although we have bound the subchannel. */
static void mdev_of_another(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *create =
        g_build_filename(model->tree->sysfs, "bus/css/devices/0.0.0000/mdev_supported_types/vfio_ccw-io/create", NULL);
    g_autofree char *remove = g_build_filename(model->tree->sysfs, "bus/css/devices/0.0.0000/" UUID "/remove", NULL);
    g_autofree char *theirs = g_build_filename(model->tree->sysfs, "bus/css/devices/0.0.0000/" OTHER "/remove", NULL);
    g_autoptr(GError) error = NULL;

    claim_ok(model, DOMAIN, TRUE);
    g_assert_cmpint(model->host->ops->attr_write(remove, "1", model), ==, 0);
    g_assert_cmpint(model->host->ops->attr_write(create, OTHER, model), ==, 0);
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, OTHER));
    g_assert_true(g_file_test(theirs, G_FILE_TEST_EXISTS));
    assert_state(model, HOSTDEV_CLAIM_RELEASING);
    g_assert_cmpint(model->host->ops->attr_write(theirs, "1", model), ==, 0);
    g_clear_error(&error);
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, &error));
    assert_no_record(model);
}

/* What is listed of a detached device: the serial from udev's database, if it is valid. */
static void found_volser(void)
{
    static const struct {
        const char *file; /* in udev's database */
        const char *volser;
    } rows[] = {
        { "S:disk/by-id/ccw-0X1234\nE:ID_TYPE=disk\nE:ID_SERIAL=0X1234\nE:ID_SERIAL_SHORT=1\n", "0X1234" },
        { "E:ID_SERIAL=A", "A" },
        { "E:ID_SERIAL=TOOLONG\n", NULL },
        { "E:ID_SERIAL=\n", NULL },
        { "E:ID_SERIAL=A\033B\n", NULL },
        { "E:ID_BUS=ccw\n", NULL },
        { NULL, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Model) model = start("dasd.txt");
        g_autoptr(HostdevRecord) record = NULL;
        g_autoptr(CssDevice) device = NULL;

        if (rows[i].file)
            tree_write(model->tree, "udev/b94:0", rows[i].file);
        claim_ok(model, DOMAIN, TRUE);
        record = record_of(model);
        g_assert_cmpstr(record->found_volser, ==, rows[i].volser);
        device = css_host_lookup(model->host, &id, NULL);
        g_assert_null(device->found_volser);
        hostdev_owner_read(model->host, device);
        g_assert_cmpstr(device->found_volser, ==, rows[i].volser);
    }
}

/* A domain gets a device whose release for another domain has begun, after that release is complete. */
static void releasing(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;

    claim_ok(model, DOMAIN, TRUE);
    model_reset(model);
    model->fail_at = 2;
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, NULL));
    assert_state(model, HOSTDEV_CLAIM_RELEASING);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    assert_state(model, HOSTDEV_CLAIM_RELEASING);
    claim_ok(model, OTHER, TRUE);
    record = record_of(model);
    g_assert_cmpstr(record->owner, ==, OTHER);
    g_assert_cmpint(record->found_online, ==, 1);
}

static void hardware_gone(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(GError) error = NULL;

    claim_ok(model, DOMAIN, TRUE);
    tree_remove(model->tree, "sys/devices/css0/0.0.0000");
    tree_remove(model->tree, "sys/bus/css/devices/0.0.0000");
    model_reset(model);
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(model->n_writes, ==, 0);
    assert_no_record(model);
}

static void by_level(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;

    claim_ok(model, DOMAIN, TRUE);
    reconcile(model, NULL, css_host_clock(), DOMAIN); /* the claim is pending, and its process lives */
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    reconcile(model, DOMAIN, css_host_clock(), NULL);
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    reconcile(model, NULL, css_host_clock(), OTHER); /* only another domain's devices */
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    reconcile(model, NULL, 0, NULL); /* the live XML is from before the confirmation */
    assert_state(model, HOSTDEV_CLAIM_OWNED);
    reconcile(model, NULL, css_host_clock(), NULL);
    assert_no_record(model);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

static void assert_owned_by(Model *model, const char *domain)
{
    g_autoptr(HostdevRecord) record = record_of(model);

    g_assert_nonnull(record);
    g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_OWNED);
    g_assert_cmpstr(record->owner, ==, domain);
    g_assert_null(record->token);
}

/* Another domain's attach found the mdev of this claim: the claim's end must not remove it. */
static void another_got_it(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    guint n_writes;

    claim_ok(model, DOMAIN, TRUE);
    n_writes = model->n_writes;
    g_assert_true(hostdev_confirm(model->host, &id, "11111111-2222-4333-8444-55555555555F", NULL));
    assert_owned_by(model, "11111111-2222-4333-8444-55555555555f");
    g_assert_true(hostdev_roll_back(model->host, &id, TOKEN, NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    assert_owned_by(model, "11111111-2222-4333-8444-55555555555f");
    g_assert_cmpuint(model->n_writes, ==, n_writes);
}

static gboolean must_skip(const CcwBusId *device, gpointer skipped)
{
    return ccw_bus_id_equal(device, skipped);
}

/* The same, found by reconcile. */
static void another_has_it(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(GHashTable) nothing = g_hash_table_new(g_str_hash, g_str_equal);
    guint n_writes;

    claim_ok(model, DOMAIN, TRUE);
    n_writes = model->n_writes;
    g_assert_true(hostdev_leave_open(model->host, &id, "18:43", NULL)); /* the token of another claim */
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_leave_open(model->host, &id, TOKEN, NULL));
    assert_owned_by(model, DOMAIN);
    g_assert_true(hostdev_reconcile(
        model->host,
        &(HostdevReconcile){
            .live = nothing, .as_of = css_host_clock(), .must_skip = must_skip, .skip_data = (gpointer)&id },
        NULL));
    assert_owned_by(model, DOMAIN);
    reconcile(model, OTHER, css_host_clock(), NULL);
    assert_owned_by(model, OTHER);
    g_assert_cmpuint(model->n_writes, ==, n_writes);
    reconcile(model, NULL, css_host_clock(), NULL);
    assert_no_record(model);
}

/* The first step of the release failed, and then the device was attached to another domain. */
static void not_released_after_all(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    claim_ok(model, DOMAIN, TRUE);
    model_reset(model);
    model->fail_at = 1;
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, NULL));
    assert_state(model, HOSTDEV_CLAIM_RELEASING);
    reconcile(model, OTHER, css_host_clock(), NULL);
    assert_owned_by(model, OTHER);
    g_assert_true(hostdev_release(model->host, &id, OTHER, NULL));
    assert_no_record(model);
}

/* virtccwd has asked libvirt to attach the device to another domain, while the end of this domain releases it. */
static void announced(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;
    const CcwBusId gone = { .devno = 0x4321 };
    guint n_writes;

    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_confirm_domain(model->host, DOMAIN, NULL));
    n_writes = model->n_writes;
    tree_write(model->tree, "proc/18/stat", "18 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 43 1 1");
    g_assert_true(hostdev_announce(model->host, &id, "18:43", NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    reconcile(model, NULL, css_host_clock(), NULL);
    g_assert_cmpuint(model->n_writes, ==, n_writes);
    record = record_of(model);
    g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_PENDING);
    g_assert_cmpstr(record->token, ==, "18:43");
    hostdev_withdraw(model->host, &id);
    g_assert_true(hostdev_roll_back(model->host, &id, "18:43", NULL));
    assert_no_record(model);

    g_assert_true(hostdev_announce(model->host, &gone, "18:43", NULL));
    g_assert_null(hostdev_journal_announced(model->host, &gone));
}

/* The process that announced the attach has ended, and cannot release the device any more. */
static void announced_and_ended(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_announce(model->host, &id, "18:43", NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    assert_no_record(model);
}

static void roll_back(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;

    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_roll_back(model->host, &id, "18:43", NULL));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    g_assert_true(hostdev_roll_back(model->host, &id, TOKEN, NULL));
    assert_no_record(model);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

/* virtccwd ended after libvirt's success, and before it confirmed the claim. */
static void stale_but_live(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    claim_ok(model, DOMAIN, TRUE);
    tree_remove(model->tree, "proc/17");
    reconcile(model, DOMAIN, css_host_clock(), DOMAIN);
    assert_state(model, HOSTDEV_CLAIM_OWNED);
}

static void stale(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    claim_ok(model, DOMAIN, TRUE);
    tree_remove(model->tree, "proc/17");
    reconcile(model, NULL, 0, NULL); /* the live XML is older than the claim */
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    reconcile(model, NULL, css_host_clock(), NULL);
    assert_no_record(model);
}

/* The clock begins anew at each boot. A journal from an earlier boot is outdated, whatever its times are. */
static void from_an_earlier_boot(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;

    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    record = record_of(model);
    record->since = G_MAXINT64;
    g_assert_true(hostdev_journal_save(model->host, record, NULL));
    reconcile(model, NULL, css_host_clock(), NULL);
    assert_no_record(model);
}

/* vfio_ccw was loaded while the subchannel had no driver, and has bound it. */
static void grabbed(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    g_autofree char *bind = g_build_filename(model->tree->sysfs, "bus/css/drivers/vfio_ccw/bind", NULL);
    g_autoptr(GError) error = NULL;

    claim_ok(model, DOMAIN, TRUE);
    model_reset(model);
    model->fail_at = 4; /* bind to io_subchannel */
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, &error));
    g_clear_error(&error);
    g_assert_cmpint(model->host->ops->attr_write(bind, "0.0.0000", model), ==, 0);
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, &error));
    g_assert_no_error(error);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

static void modules(void)
{
    g_autoptr(Model) model = model_new("virtio.txt");
    g_autoptr(CssHost) other = css_host_new(model->tree->sysfs, model->tree->proc, model->tree->run_dir);
    g_autoptr(GError) error = NULL;

    g_assert_false(hostdev_load_modules(other, &error)); /* the modules of another kernel */
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "vfio_iommu_type1"));
    g_assert_true(hostdev_load_modules(model->host, NULL));
    g_assert_cmpstr(model->modules->str, ==, "vfio_iommu_type1\nvfio_ccw\n");
    g_assert_true(hostdev_load_modules(model->host, NULL));
    g_assert_cmpstr(model->modules->str, ==, "vfio_iommu_type1\nvfio_ccw\n");
}

static gpointer make_late(gpointer data)
{
    Model *model = data;
    g_autofree char *late = g_build_filename(model->tree->root, "late", NULL);
    g_autofree char *device = g_build_filename(model->tree->sysfs, "bus/ccw/devices/0.0.1234", NULL);

    g_usleep(150 * 1000); /* the test is about this delay */
    g_assert_cmpint(g_rename(late, device), ==, 0);
    return NULL;
}

static const CssHostOps *model_ops;
static GThread *late_thread;

/* The ccw device appears some time after the subchannel was bound, as on a real machine. */
static int late_write(const char *path, const char *value, gpointer data)
{
    Model *model = data;
    int errnum = model_ops->attr_write(path, value, data);
    g_autofree char *late = g_build_filename(model->tree->root, "late", NULL);
    g_autofree char *device = g_build_filename(model->tree->sysfs, "bus/ccw/devices/0.0.1234", NULL);

    if (g_str_has_suffix(path, "io_subchannel/bind")) {
        g_assert_cmpint(g_rename(device, late), ==, 0);
        late_thread = g_thread_new("late", make_late, model);
    }
    return errnum;
}

static void late_device(gconstpointer online)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;
    CssHostOps ops = *model->host->ops;

    if (strcmp(online, "0") == 0) {
        tree_write(model->tree, "sys/devices/css0/0.0.0000/0.0.1234/online", "0\n");
        tree_remove(model->tree, "sys/devices/css0/0.0.0000/0.0.1234/block");
    }
    before = tree_dump(model->tree);
    model_ops = model->host->ops;
    ops.attr_write = late_write;
    model->host->ops = &ops;
    model->host->kernel_timeout_ms = 8000;
    claim_ok(model, DOMAIN, TRUE);
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, &error));
    g_assert_no_error(error);
    g_thread_join(late_thread);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

#define LIKE_QEMU_CCW "cc390000-0002-8000-8000-000000000017"

/* A user who defines a domain chooses its UUID. No UUID makes the domain the owner of qemu-ccw's devices. */
static void owner_is_no_domain(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;
    g_autofree char *path = g_build_filename(model->tree->root, "run/devices/0.0.1234.json", NULL);
    g_autofree char *text = NULL;

    claim_ok(model, "qemu-ccw:17", TRUE);
    claim_rejected(model, &id, LIKE_QEMU_CCW, "18:1", CCW_ERROR_INVALID, "is reserved for qemu-ccw");
    claim_rejected(model, &id, DOMAIN, "18:1", CCW_ERROR_BUSY, "is in use by qemu-ccw, process 17");
    g_assert_false(hostdev_claim_all(model->host, &id, 1, LIKE_QEMU_CCW, "18:1", NULL));
    g_assert_true(hostdev_confirm_domain(model->host, LIKE_QEMU_CCW, NULL));
    g_assert_true(hostdev_release_domain(model->host, LIKE_QEMU_CCW, NULL));
    assert_state(model, HOSTDEV_CLAIM_PENDING);
    /* An older version has written this, and can read it. */
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, LIKE_QEMU_CCW));
    g_assert_nonnull(strstr(text, "\"owner\" : \"qemu-ccw\","));
    memcpy(strstr(text, "\"owner\""), "\"wrote\"", strlen("\"owner\""));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    record = record_of(model);
    g_assert_cmpstr(record->owner, ==, "qemu-ccw:17");
    g_assert_true(hostdev_release_domain(model->host, "qemu-ccw:17", NULL));
    assert_no_record(model);
}

/*
 * The kernel prevents a mount of a virtio disk only while a process has the disk open exclusively, which is from the
 * check for users to the write of "online". A disk that comes back would get another name if its old node were still
 * open.
 */
static void holds_disk(void)
{
    g_autoptr(Model) model = model_new("virtio.txt");
    gboolean taken = FALSE;

    if (!tree_node(model->tree, S_IFBLK, "vda", "254:0")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, NULL));
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    g_assert_true(model->open_at_offline);
    g_assert_cmpint(fcntl(model->disk, F_GETFD), <, 0);
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    model->open_at_offline = FALSE;
    g_assert_true(nodedev_reset(model->host, &id, NULL));
    g_assert_true(model->open_at_offline);
    g_assert_false(model->open_at_online);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/claim/rejections", rejections);
    g_test_add_func("/hostdev/claim/another-mdev", another_mdev);
    g_test_add_func("/hostdev/claim/foreign-mdev", foreign_mdev);
    g_test_add_func("/hostdev/claim/mdev-elsewhere", mdev_elsewhere);
    g_test_add_func("/hostdev/claim/other-driver", other_driver);
    g_test_add_func("/hostdev/claim/kernel-busy", kernel_busy);
    g_test_add_func("/hostdev/claim/kernel-busy-once", kernel_busy_once);
    g_test_add_func("/hostdev/claim/domains", domains);
    g_test_add_func("/hostdev/claim/stale-taker", stale_taker);
    g_test_add_func("/hostdev/claim/mdev-lost", mdev_lost);
    g_test_add_func("/hostdev/claim/start-and-attach", start_and_attach);
    g_test_add_func("/hostdev/claim/unmanaged", unmanaged);
    g_test_add_func("/hostdev/claim/mdev-of-another", mdev_of_another);
    g_test_add_func("/hostdev/claim/found-volser", found_volser);
    g_test_add_func("/hostdev/claim/releasing", releasing);
    g_test_add_func("/hostdev/claim/hardware-gone", hardware_gone);
    g_test_add_func("/hostdev/claim/by-level", by_level);
    g_test_add_func("/hostdev/claim/another-got-it", another_got_it);
    g_test_add_func("/hostdev/claim/another-has-it", another_has_it);
    g_test_add_func("/hostdev/claim/not-released-after-all", not_released_after_all);
    g_test_add_func("/hostdev/claim/announced", announced);
    g_test_add_func("/hostdev/claim/announced-and-ended", announced_and_ended);
    g_test_add_func("/hostdev/claim/roll-back", roll_back);
    g_test_add_func("/hostdev/claim/stale-but-live", stale_but_live);
    g_test_add_func("/hostdev/claim/stale", stale);
    g_test_add_func("/hostdev/claim/from-an-earlier-boot", from_an_earlier_boot);
    g_test_add_func("/hostdev/claim/grabbed", grabbed);
    g_test_add_func("/hostdev/claim/modules", modules);
    g_test_add_data_func("/hostdev/claim/late-device/online", "1", late_device);
    g_test_add_data_func("/hostdev/claim/late-device/offline", "0", late_device);
    g_test_add_func("/hostdev/claim/holds-disk", holds_disk);
    g_test_add_func("/hostdev/claim/owner-is-no-domain", owner_is_no_domain);
    return g_test_run();
}
