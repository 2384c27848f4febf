/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acquires and releases a device: the exact writes (tests/sysfsdata/NAME.writes), and the roll-back after a failure or
 * the end of the process at each of them.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
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
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define TOKEN "17:42"
#define STAT "17 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"

typedef struct {
    const char *name; /* of the golden file */
    const char *recording;
    guint16 devno;
    const char *edit[2]; /* a file of the tree and its new text, or NULL */
} Case;

static const Case cases[] = {
    { "dasd-online", "dasd.txt", 0x1234, { NULL } },
    { "dasd-offline", "dasd.txt", 0x1235, { NULL } },
    { "dasd-override", "dasd.txt", 0x1234, { "sys/devices/css0/0.0.0000/driver_override", "io_subchannel\n" } },
    { "dasd-override-vfio", "dasd.txt", 0x1234, { "sys/devices/css0/0.0.0000/driver_override", "vfio_ccw\n" } },
    { "dasd-settings", "dasd.txt", 0x1234, { "sys/devices/css0/0.0.0000/0.0.1234/expires", "60\n" } },
    { "virtio", "virtio.txt", 0x1234, { NULL } },
    { "bound-by-administrator", "virtio-bound.txt", 0x1234, { NULL } },
};

static Model *start(const Case *c)
{
    Model *model = model_new(c->recording);
    g_autoptr(GError) error = NULL;

    if (c->edit[0])
        tree_write(model->tree, c->edit[0], c->edit[1]);
    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, &error));
    g_assert_no_error(error);
    return model;
}

static gboolean claim(Model *model, const Case *c, GError **error)
{
    CcwBusId id = { .devno = c->devno };
    gboolean taken = FALSE;
    gboolean ok = hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, error);

    g_assert_true(taken == ok);
    return ok;
}

static gboolean in_journal(Model *model, const Case *c)
{
    CcwBusId id = { .devno = c->devno };

    return hostdev_journal_has(model->host, &id);
}

/* Runs the reconcile of virtccwd's start, with no domain running. */
static void reconcile(Model *model)
{
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;

    tree_remove(model->tree, "proc/17");
    g_assert_true(
        hostdev_reconcile(model->host, &(HostdevReconcile){ .live = live, .as_of = css_host_clock() }, &error));
    g_assert_no_error(error);
}

static void assert_as(Model *model, const char *before)
{
    g_autofree char *after = tree_dump(model->tree);

    g_assert_cmpstr(after, ==, before);
}

static guint count_claim_writes(const Case *c)
{
    g_autoptr(Model) model = start(c);

    g_assert_true(claim(model, c, NULL));
    return model->n_writes;
}

static void there_and_back(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Model) model = start(c);
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *golden = g_strconcat(c->name, ".writes", NULL);
    g_autofree char *uuid = g_strdup_printf("cc390000-0001-8000-8000-00000000%04x", c->devno);
    g_autofree char *link = g_strdup_printf("%s/bus/mdev/devices/%s", model->tree->sysfs, uuid);
    g_autoptr(GError) error = NULL;

    claim(model, c, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_test(link, G_FILE_TEST_EXISTS));
    g_string_append(model->writes, "--\n");
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, &error));
    g_assert_no_error(error);
    assert_golden(golden, model->writes->str);
    assert_as(model, before);
    g_assert_false(in_journal(model, c));
}

static void fails_at_each(gconstpointer data)
{
    const Case *c = data;
    guint n_writes = count_claim_writes(c);

    for (guint n = 1; n <= n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);
        g_autoptr(GError) error = NULL;

        model->fail_at = n;
        model->fail_errno = EIO;
        g_assert_false(claim(model, c, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
        g_assert_nonnull(strstr(error->message, "0.0.12"));
        assert_as(model, before);
        g_assert_false(in_journal(model, c));
    }
}

/* All writes from the n-th one on fail, also those of the roll-back; later all writes succeed. */
static void fails_for_good(gconstpointer data)
{
    const Case *c = data;
    guint n_writes = count_claim_writes(c);

    for (guint n = 2; n <= n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);
        g_autoptr(GError) error = NULL;

        model->fail_at = n;
        model->fail_to = G_MAXUINT;
        model->fail_errno = EIO;
        g_assert_false(claim(model, c, &error));
        g_assert_nonnull(strstr(error->message, "its release failed, too"));
        g_assert_true(in_journal(model, c));
        model_reset(model);
        reconcile(model);
        assert_as(model, before);
        g_assert_false(in_journal(model, c));
    }
}

static void crash(Model *model, const Case *c, gboolean (*func)(Model *model, const Case *c, GError **error))
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        func(model, c, NULL);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, CRASH_EXIT);
}

static void crashes_taking(gconstpointer data)
{
    const Case *c = data;
    guint n_writes = count_claim_writes(c);

    for (guint n = 1; n <= 2 * n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);

        *(n % 2 ? &model->crash_before : &model->crash_after) = (n + 1) / 2;
        crash(model, c, claim);
        g_assert_true(in_journal(model, c));
        model_reset(model);
        reconcile(model);
        assert_as(model, before);
        g_assert_false(in_journal(model, c));
    }
}

/* The same domain claims again after its process was killed, and gets a complete device. */
static void crashes_and_claims_again(gconstpointer data)
{
    const Case *c = data;
    guint n_writes = count_claim_writes(c);

    for (guint n = 1; n < n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);
        g_autoptr(GError) error = NULL;

        model->crash_after = n;
        crash(model, c, claim);
        model_reset(model);
        g_assert_true(claim(model, c, &error));
        g_assert_no_error(error);
        g_assert_true(hostdev_release_domain(model->host, DOMAIN, &error));
        assert_as(model, before);
    }
}

static gboolean release(Model *model, const Case *c, GError **error)
{
    CcwBusId id = { .devno = c->devno };

    return hostdev_release(model->host, &id, DOMAIN, error);
}

static void interrupted_release(gconstpointer data)
{
    const Case *c = data;
    guint n_writes = 0;

    for (guint n = 0; n == 0 || n <= 2 * n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);
        g_autoptr(GError) error = NULL;

        g_assert_true(claim(model, c, NULL));
        model_reset(model);
        if (n > 0) {
            *(n % 2 ? &model->crash_before : &model->crash_after) = (n + 1) / 2;
            crash(model, c, release);
            model_reset(model);
        }
        g_assert_true(release(model, c, &error));
        g_assert_no_error(error);
        if (n == 0)
            n_writes = model->n_writes;
        assert_as(model, before);
        g_assert_false(in_journal(model, c));
    }
    g_assert_cmpuint(n_writes, >, 0);
}

static void fails_release(gconstpointer data)
{
    const Case *c = data;

    for (guint n = 1; n <= 1 || n <= count_claim_writes(c); n++) {
        g_autoptr(Model) model = start(c);
        g_autofree char *before = tree_dump(model->tree);
        g_autoptr(HostdevRecord) record = NULL;
        g_autoptr(GError) error = NULL;
        CcwBusId id = { .devno = c->devno };

        g_assert_true(claim(model, c, NULL));
        model_reset(model);
        model->fail_at = n;
        model->fail_errno = EIO;
        if (release(model, c, &error)) /* virtio sets itself online, which saves a write */
            continue;
        g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
        g_assert_true(hostdev_journal_load(model->host, &id, &record, NULL));
        g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_RELEASING);
        g_assert_cmphex(record->steps, !=, 0);
        model_reset(model);
        reconcile(model);
        assert_as(model, before);
    }
}

static const struct {
    const char *name;
    void (*func)(gconstpointer data);
} tests[] = {
    { "there-and-back", there_and_back },
    { "fails-at-each", fails_at_each },
    { "fails-for-good", fails_for_good },
    { "crashes-taking", crashes_taking },
    { "crashes-and-claims-again", crashes_and_claims_again },
    { "interrupted-release", interrupted_release },
    { "fails-release", fails_release },
};

/* --- the machine changes: another device takes the place of 0.0.1234 on its subchannel --- */

#define PLACE "sys/devices/css0/0.0.0000/"

static gsize written_before; /* length of model->writes when it changed */

static void rename_in(Model *model, const char *from, const char *to)
{
    g_autofree char *here = g_build_filename(model->tree->root, from, NULL);
    g_autofree char *there = g_build_filename(model->tree->root, to, NULL);

    g_rename(here, there); /* the file may be missing */
}

static void link_in(Model *model, const char *link, const char *target)
{
    g_autofree char *path = g_build_filename(model->tree->root, link, NULL);

    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void attach_another(Model *model)
{
    g_autofree char *there = g_build_filename(model->tree->root, PLACE "0.0.1234", NULL);

    if (g_file_test(there, G_FILE_TEST_EXISTS)) {
        rename_in(model, PLACE "0.0.1234", PLACE "0.0.9999");
        tree_remove(model->tree, "sys/bus/ccw/devices/0.0.1234");
        tree_remove(model->tree, "sys/bus/ccw/drivers/dasd-eckd/0.0.1234");
        link_in(model, "sys/bus/ccw/devices/0.0.9999", "../../../devices/css0/0.0.0000/0.0.9999");
        link_in(model, "sys/bus/ccw/drivers/dasd-eckd/0.0.9999", "../../../../devices/css0/0.0.0000/0.0.9999");
    }
    rename_in(model, "stash/0.0.1234", "stash/0.0.9999");
    rename_in(model, "stash/0.0.1234.children", "stash/0.0.9999.children");
    tree_write(model->tree, PLACE "dev_busid", "0.0.9999\n");
    written_before = model->writes->len;
}

static void assert_as_found(Model *model)
{
    g_autofree char *sub = g_build_filename(model->tree->root, PLACE, NULL);
    g_autofree char *driver = css_sysfs_link_name(sub, "driver");
    g_autofree char *override = css_sysfs_attr(sub, "driver_override");
    g_auto(GStrv) mdevs = css_subchannel_mdevs(model->host, &(CcwBusId){ 0 });

    g_assert_cmpstr(driver, ==, "io_subchannel");
    g_assert_cmpstr(override, ==, "(null)");
    g_assert_null(mdevs[0]);
    g_assert_true(css_sysfs_has(sub, "0.0.9999/online"));
}

/*
 * n odd: change after write (n + 1) / 2; even: change between the check of the device before write n / 2 and that
 * write.
 */
static void machine_changes(void)
{
    const Case *c = &cases[0];
    guint n_writes = count_claim_writes(c);

    for (guint n = 1; n <= 2 * n_writes; n++) {
        g_autoptr(Model) model = start(c);
        g_autoptr(GError) error = NULL;

        model->change = attach_another;
        *(n % 2 ? &model->change_after : &model->change_before) = (n + 1) / 2;
        g_assert_false(claim(model, c, &error));
        g_test_message("%u: %s\n%s", n, error->message, model->writes->str);
        if (n > 2)
            g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
        if (n % 2)
            g_assert_null(strstr(model->writes->str + written_before, "io_subchannel/unbind <-"));
        assert_as_found(model);
        g_assert_false(in_journal(model, c));
    }
}

/* A claim of the device that is there now, and its mediated device, are left alone. */
static void machine_changes_and_another_takes(void)
{
    const Case *c = &cases[0];
    g_autoptr(Model) model = start(c);
    const CcwBusId other = { .devno = 0x9999 };
    g_autofree char *sub = g_build_filename(model->tree->root, PLACE, NULL);
    g_autofree char *driver = NULL;
    gboolean taken = FALSE;

    g_assert_true(claim(model, c, NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    model_reset(model);
    model->fail_at = 4; /* the bind to vfio_ccw, and all writes of the roll-back */
    model->fail_to = G_MAXUINT;
    model->fail_errno = EIO;
    g_assert_false(claim(model, c, NULL));
    model_reset(model);
    attach_another(model);
    g_assert_true(hostdev_claim(model->host, &other, "11111111-2222-4333-8444-555555555555", TOKEN, &taken, NULL));
    g_assert_true(release(model, c, NULL));
    g_assert_false(in_journal(model, c));
    driver = css_sysfs_link_name(sub, "driver");
    g_assert_cmpstr(driver, ==, "vfio_ccw");
    g_assert_true(hostdev_journal_has(model->host, &other));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (gsize t = 0; t < G_N_ELEMENTS(tests); t++) {
            g_autofree char *name = g_strdup_printf("/hostdev/steps/%s/%s", cases[i].name, tests[t].name);

            g_test_add_data_func(name, &cases[i], tests[t].func);
        }
    }
    g_test_add_func("/hostdev/steps/machine-changes", machine_changes);
    g_test_add_func("/hostdev/steps/machine-changes-and-another-takes", machine_changes_and_another_takes);
    return g_test_run();
}
