/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device that an administrator has detached: only an administrator releases it. Domains use it and leave it detached.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "css/device.h"
#include "css/sysfs.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "model-kernel.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define UUID "cc390000-0001-8000-8000-000000001234"
#define TOKEN "17:42"
#define STAT "17 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"
#define CSS "sys/bus/css/devices/0.0.0000/"

static const CcwBusId id = { .devno = 0x1234 };

typedef gboolean (*Operation)(CssHost *host, const CcwBusId *bus_id, GError **error);

static Model *start(const char *recording)
{
    Model *model = model_new(recording);

    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, NULL));
    return model;
}

static void ok(Model *model, Operation func)
{
    g_autoptr(GError) error = NULL;

    func(model->host, &id, &error);
    g_assert_no_error(error);
}

static void rejected(Model *model, Operation func, CcwError code, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(func(model->host, &id, &error));
    g_assert_error(error, CCW_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, message));
}

static gboolean has_mdev(Model *model)
{
    g_autofree char *path = g_build_filename(model->tree->root, CSS UUID, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void assert_tree(Model *model, const char *expected)
{
    g_autofree char *now = tree_dump(model->tree);

    g_assert_cmpstr(now, ==, expected);
    g_assert_false(hostdev_journal_has(model->host, &id));
}

/* No domain runs. */
static void reconcile(Model *model)
{
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;

    hostdev_reconcile(model->host, &(HostdevReconcile){ .live = live, .as_of = css_host_clock() }, &error);
    g_assert_no_error(error);
}

static void write_attr(Model *model, const char *path, const char *value)
{
    g_autofree char *full = g_build_filename(model->tree->root, path, NULL);

    g_assert_cmpint(model->host->ops->attr_write(full, value, model), ==, 0);
}

static void there_and_back(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    g_autoptr(CssDevice) device = NULL;
    guint writes;

    ok(model, nodedev_reattach); /* no step to do */
    g_assert_cmpuint(model->n_writes, ==, 0);
    ok(model, nodedev_detach);
    writes = model->n_writes;
    device = css_host_lookup(model->host, &id, NULL);
    hostdev_owner_read(model->host, device);
    g_assert_cmpstr(device->driver, ==, "vfio_ccw");
    g_assert_cmpstr(device->mdevs[0], ==, UUID);
    g_assert_cmpstr(device->owner, ==, HOSTDEV_OWNER_DETACHED);
    ok(model, nodedev_detach); /* it is detached already */
    reconcile(model);
    ok(model, nodedev_reset);
    g_assert_cmpuint(model->n_writes, ==, writes);
    g_assert_true(has_mdev(model));
    ok(model, nodedev_reattach);
    assert_tree(model, before);
}

/* A managed device of a domain, from its claim to its release. */
static void used_by_domain(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autoptr(HostdevRecord) record = NULL;
    gboolean taken = -1;
    guint writes;

    ok(model, nodedev_detach);
    writes = model->n_writes;
    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    g_assert_false(taken);
    g_assert_true(hostdev_confirm(model->host, &id, DOMAIN, NULL));
    g_assert_true(hostdev_confirm_domain(model->host, DOMAIN, NULL));
    g_assert_true(hostdev_roll_back(model->host, &id, TOKEN, NULL));
    g_assert_true(hostdev_leave_open(model->host, &id, TOKEN, NULL));
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    g_assert_cmpuint(model->n_writes, ==, writes);
    g_assert_true(hostdev_journal_load(model->host, &id, &record, NULL));
    g_assert_null(record->owner);
    g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_OWNED);
}

static void a_domains(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    gboolean taken;

    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    rejected(model, nodedev_detach, CCW_ERROR_BUSY, "ccw device 0.0.1234 is in use by domain " DOMAIN);
    rejected(model, nodedev_reattach, CCW_ERROR_BUSY, "in use by domain " DOMAIN);
    rejected(model, nodedev_reset, CCW_ERROR_BUSY, "in use by domain " DOMAIN);
    g_assert_true(has_mdev(model));
}

/* The release for a managed domain stopped midway. The operation first completes that release. */
static void half_released(gconstpointer data)
{
    gboolean detach = GPOINTER_TO_INT(data);
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    gboolean taken;

    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    model_reset(model);
    model->fail_at = 2;
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, NULL));
    if (detach) {
        ok(model, nodedev_detach);
        g_assert_true(has_mdev(model));
        reconcile(model);
        g_assert_true(has_mdev(model));
    }
    ok(model, nodedev_reattach);
    assert_tree(model, before);
}

static void failed(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);

    tree_write(model->tree, "proc/self/mountinfo", "22 1 94:1 / /srv rw - ext4 /dev/dasda1 rw\n");
    rejected(model, nodedev_detach, CCW_ERROR_BUSY, "dasda1 is mounted on /srv");
    rejected(model, nodedev_reset, CCW_ERROR_BUSY, "dasda1 is mounted on /srv");
    tree_write(model->tree, "proc/self/mountinfo", "");
    for (guint step = 1; step <= 5; step++) {
        model_reset(model);
        model->fail_at = step;
        model->fail_errno = EIO;
        rejected(model, nodedev_detach, CCW_ERROR_SYSTEM, "0.0.1234");
        assert_tree(model, before);
    }
}

/*
 * The process is killed at each write: reconcile, which finds a stale token, or the next operation releases the device.
 */
static void killed(void)
{
    for (guint step = 1; step <= 5; step++) {
        g_autoptr(Model) model = start("dasd.txt");
        g_autofree char *before = tree_dump(model->tree);
        int status;
        pid_t pid;

        model->crash_after = step;
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
            nodedev_detach(model->host, &id, NULL);
            _exit(0);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(WEXITSTATUS(status), ==, CRASH_EXIT);
        g_assert_true(hostdev_journal_has(model->host, &id));
        model->crash_after = 0;
        if (step % 2)
            reconcile(model);
        else
            ok(model, nodedev_reattach);
        assert_tree(model, before);
    }
}

static void reset(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);

    ok(model, nodedev_reset);
    g_assert_cmpstr(model->writes->str, ==,
                    "bus/ccw/devices/0.0.1234/online <- 0\nbus/ccw/devices/0.0.1234/online <- 1\n");
    assert_tree(model, before);
    model_reset(model);
    model->fail_at = 1;
    model->fail_to = 99;
    model->fail_errno = EBUSY;
    rejected(model, nodedev_reset, CCW_ERROR_BUSY, "the kernel says that it is in use");
    assert_tree(model, before);
}

/*
 * Settings that the kernel forgets at offline are set again. If that fails, the device is back all the same, with a
 * warning.
 */
static void settings(void)
{
    static const Operation verbs[][2] = { { nodedev_reset }, { nodedev_detach, nodedev_reattach } };
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = NULL;

    tree_write(model->tree, "sys/bus/ccw/devices/0.0.1234/expires", "60\n");
    tree_write(model->tree, "sys/bus/ccw/devices/0.0.1234/eer_enabled", "1\n");
    before = tree_dump(model->tree);
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        for (gsize v = 0; v < G_N_ELEMENTS(verbs[i]) && verbs[i][v]; v++)
            ok(model, verbs[i][v]);
        assert_tree(model, before);
    }
    model_reset(model);
    model->fail_at = 3; /* the write after those of offline and online */
    model->fail_errno = EMEDIUMTYPE;
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                          "ccw device 0.0.1234 is online again, but its eer_enabled cannot be set to 1 as before: *");
    ok(model, nodedev_reset);
    g_test_assert_expected_messages();
    g_assert_false(hostdev_journal_has(model->host, &id));
}

/* An administrator has bound the device without us. As for PCI, reattach binds it to its host driver. */
static void bound_by_administrator(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *bound = NULL;
    g_autoptr(CssDevice) device = NULL;

    write_attr(model, "sys/bus/ccw/devices/0.0.1234/online", "0");
    write_attr(model, CSS "driver_override", "vfio_ccw");
    write_attr(model, "sys/bus/css/drivers/io_subchannel/unbind", "0.0.0000");
    write_attr(model, "sys/bus/css/drivers/vfio_ccw/bind", "0.0.0000");
    bound = tree_dump(model->tree);
    ok(model, nodedev_detach);
    ok(model, nodedev_reattach); /* to the state in which it was found */
    assert_tree(model, bound);
    write_attr(model, CSS "mdev_supported_types/vfio_ccw-io/create", UUID);
    ok(model, nodedev_detach); /* it is detached already, though not by us */
    g_assert_false(hostdev_journal_has(model->host, &id));
    ok(model, nodedev_reattach);
    device = css_host_lookup(model->host, &id, NULL);
    g_assert_cmpstr(device->driver, ==, "io_subchannel");
    g_assert_cmpint(device->online, ==, 0);
    g_assert_false(hostdev_journal_has(model->host, &id));
}

/* A device that was found without a driver gets no driver back. Without an entry it gets its host driver. */
static void bound_to_nothing(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *unbound = NULL;
    g_autoptr(CssDevice) device = NULL;

    write_attr(model, "sys/bus/ccw/devices/0.0.1234/online", "0");
    write_attr(model, "sys/bus/css/drivers/io_subchannel/unbind", "0.0.0000");
    unbound = tree_dump(model->tree);
    ok(model, nodedev_detach);
    ok(model, nodedev_reattach);
    assert_tree(model, unbound);
    write_attr(model, CSS "driver_override", "vfio_ccw");
    ok(model, nodedev_reattach);
    device = css_host_lookup(model->host, &id, NULL);
    g_assert_cmpstr(device->driver, ==, "io_subchannel");
    g_assert_cmpint(device->online, ==, 0);
    g_assert_false(hostdev_journal_has(model->host, &id));
}

static void stranger(void)
{
    g_autoptr(Model) model = start("virtio-mdev.txt");

    rejected(model, nodedev_detach, CCW_ERROR_BUSY, "holds mediated device cc390000-0000-8000-8000-000000001234");
    rejected(model, nodedev_reattach, CCW_ERROR_BUSY, "holds mediated device cc390000-0000-8000-8000-000000001234");
    g_assert_cmpuint(model->n_writes, ==, 0);
}

static void not_there(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    CcwBusId gone = { .devno = 0x4321 };
    g_autoptr(GError) error = NULL;

    g_assert_false(nodedev_detach(model->host, &gone, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_false(nodedev_reattach(model->host, &gone, NULL));
    g_assert_false(nodedev_reset(model->host, &gone, NULL));
}

/* A QEMU that libvirt does not know has the mediated device, which is ours or that of another program. */
static void used_by_qemu(gconstpointer data)
{
    gboolean ours = GPOINTER_TO_INT(data);
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *journal = g_build_filename(model->tree->run_dir, "devices/0.0.1234.json", NULL);
    guint writes;

    ok(model, nodedev_detach);
    if (!ours)
        g_assert_cmpint(unlink(journal), ==, 0);
    writes = model->n_writes;
    model_open_mdev(model, "812");
    rejected(model, nodedev_reattach, CCW_ERROR_BUSY,
             "ccw device 0.0.1234 is in use by a guest: its mediated device is open by process 812 (qemu-system-s39)");
    if (ours)
        rejected(model, nodedev_reset, CCW_ERROR_BUSY, "open by process 812");
    else
        ok(model, nodedev_reset); /* which changes nothing, and so needs no check */
    ok(model, nodedev_detach);    /* it is detached already */
    g_assert_cmpuint(model->n_writes, ==, writes);
    g_assert_true(has_mdev(model));
    model_close_mdev(model, "812");
    ok(model, nodedev_reset);
    ok(model, nodedev_reattach);
    g_assert_true(model->open_at_remove);
    if (ours)
        assert_tree(model, before);
}

/* The device was half released when a QEMU opened its mediated device, which was still there. */
static void half_released_and_used(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    gboolean taken;

    g_assert_true(hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, NULL));
    model_reset(model);
    model->fail_at = 1;
    model->fail_errno = EIO;
    g_assert_false(hostdev_release(model->host, &id, DOMAIN, NULL));
    g_assert_true(has_mdev(model));
    model_open_mdev(model, "812");
    rejected(model, nodedev_reattach, CCW_ERROR_BUSY, "process 812 (qemu-system-s39) has it open");
    rejected(model, nodedev_detach, CCW_ERROR_BUSY, "process 812 (qemu-system-s39) has it open");
    g_assert_true(has_mdev(model));
}

/* The kernel guards a DASD that is open: the error names the process. */
static void open_raw(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);

    if (!tree_node(model->tree, S_IFBLK, "dasda1", "94:1")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    tree_open(model->tree, "812", "dd\n", "dev/dasda1");
    model->fail_at = 1;
    model->fail_errno = EBUSY;
    rejected(model, nodedev_detach, CCW_ERROR_BUSY,
             "ccw device 0.0.1234 is in use by this host: dasda1 is open by process 812 (dd)");
    assert_tree(model, before);
    model_reset(model);
    model->fail_at = 1;
    rejected(model, nodedev_reset, CCW_ERROR_BUSY, "dasda1 is open by process 812 (dd)");
    assert_tree(model, before);
}

/* An administrator cannot detach the device while another process attaches it. */
static void being_attached(void)
{
    static const Operation operations[] = { nodedev_detach, nodedev_reattach, nodedev_reset };
    g_autoptr(Model) model = start("dasd.txt");

    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
        g_assert_true(hostdev_announce(model->host, &id, TOKEN, NULL));
        rejected(model, operations[i], CCW_ERROR_BUSY,
                 "ccw device 0.0.1234 is in use: it is being attached to a domain");
        hostdev_withdraw(model->host, &id);
        ok(model, operations[i]);
    }
    g_assert_true(hostdev_announce(model->host, &id, TOKEN, NULL));
    tree_remove(model->tree, "proc/17");
    ok(model, nodedev_detach);
}

/*
 * The device was taken out of the machine while detached, and put in again: without the override, it has its host
 * driver.
 */
static void back_again(gconstpointer data)
{
    gboolean detach = GPOINTER_TO_INT(data);
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *before = tree_dump(model->tree);

    ok(model, nodedev_detach);
    write_attr(model, "sys/bus/css/drivers/vfio_ccw/unbind", "0.0.0000");
    write_attr(model, CSS "driver_override", "\n");
    write_attr(model, "sys/bus/css/drivers/io_subchannel/bind", "0.0.0000");
    if (detach) {
        ok(model, nodedev_detach);
        g_assert_true(has_mdev(model));
    }
    ok(model, nodedev_reattach);
    assert_tree(model, before);
}

/* The same, but the device is not plugged in again: there is nothing to release. */
static void gone_for_good(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    ok(model, nodedev_detach);
    tree_remove(model->tree, "sys/bus/css/devices/0.0.0000");
    tree_remove(model->tree, "sys/bus/css/drivers/vfio_ccw/0.0.0000");
    tree_remove(model->tree, "sys/devices/css0/0.0.0000");
    tree_remove(model->tree, "sys/bus/mdev/devices/" UUID);
    ok(model, nodedev_reattach);
    g_assert_false(hostdev_journal_has(model->host, &id));
    rejected(model, nodedev_reattach, CCW_ERROR_NOT_FOUND, "there is no ccw device 0.0.1234 on this host");
}

static void boxed(void)
{
    g_autoptr(Model) model = start("dasd.txt");

    tree_write(model->tree, "sys/bus/ccw/devices/0.0.1234/availability", "boxed\n");
    rejected(model, nodedev_detach, CCW_ERROR_BUSY, "ccw device 0.0.1234 is boxed");
    g_assert_cmpuint(model->n_writes, ==, 0);
}

#define BOOT "proc/sys/kernel/random/boot_id"

/* An entry from before a reboot is outdated, although the subchannel has been bound to vfio_ccw since. */
static void entry_of_an_earlier_boot(void)
{
    g_autoptr(Model) model = start("dasd.txt");
    g_autofree char *sub = g_build_filename(model->tree->root, CSS, NULL);
    g_autofree char *driver = NULL;

    tree_write(model->tree, BOOT, "aaaaaaaa-1111-4222-8333-444444444444\n");
    ok(model, nodedev_detach);
    tree_write(model->tree, BOOT, "bbbbbbbb-1111-4222-8333-444444444444\n");
    ok(model, nodedev_reattach);
    driver = css_sysfs_link_name(sub, "driver");
    g_assert_cmpstr(driver, ==, "io_subchannel");
    g_assert_false(has_mdev(model));
    g_assert_false(hostdev_journal_has(model->host, &id));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/node_device/detach/there-and-back", there_and_back);
    g_test_add_func("/node_device/detach/used-by-domain", used_by_domain);
    g_test_add_func("/node_device/detach/a-domains", a_domains);
    g_test_add_data_func("/node_device/detach/half-released/detach", GINT_TO_POINTER(TRUE), half_released);
    g_test_add_data_func("/node_device/detach/half-released/reattach", GINT_TO_POINTER(FALSE), half_released);
    g_test_add_func("/node_device/detach/failed", failed);
    g_test_add_func("/node_device/detach/killed", killed);
    g_test_add_func("/node_device/detach/reset", reset);
    g_test_add_func("/node_device/detach/settings", settings);
    g_test_add_func("/node_device/detach/bound-by-administrator", bound_by_administrator);
    g_test_add_func("/node_device/detach/bound-to-nothing", bound_to_nothing);
    g_test_add_func("/node_device/detach/stranger", stranger);
    g_test_add_func("/node_device/detach/not-there", not_there);
    g_test_add_data_func("/node_device/detach/used-by-qemu/ours", GINT_TO_POINTER(TRUE), used_by_qemu);
    g_test_add_data_func("/node_device/detach/used-by-qemu/another's", GINT_TO_POINTER(FALSE), used_by_qemu);
    g_test_add_func("/node_device/detach/half-released-and-used", half_released_and_used);
    g_test_add_func("/node_device/detach/open-raw", open_raw);
    g_test_add_func("/node_device/detach/being-attached", being_attached);
    g_test_add_data_func("/node_device/detach/back-again/detach", GINT_TO_POINTER(TRUE), back_again);
    g_test_add_data_func("/node_device/detach/back-again/reattach", GINT_TO_POINTER(FALSE), back_again);
    g_test_add_func("/node_device/detach/gone-for-good", gone_for_good);
    g_test_add_func("/node_device/detach/boxed", boxed);
    g_test_add_func("/node_device/detach/entry-of-an-earlier-boot", entry_of_an_earlier_boot);
    return g_test_run();
}
