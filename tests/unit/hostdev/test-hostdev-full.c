/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /run is full: the journal is on a small tmpfs in the test's own mount namespace. No step is done on the host that the
 * journal cannot record, and no step stays done.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "css/host-private.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/release.h"
#include "hostdev/steps.h"
#include "model-kernel.h"
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define TOKEN "17:42"
#define STAT "17 (libvirtd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"
#define STEPS 5

static const CcwBusId id = { .devno = 0x1234 };
static const CssHostOps *model_ops;
static guint full_after; /* the number of writes to sysfs after which it is full */

static void fill(Model *model)
{
    g_autofree char *path = g_build_filename(model->tree->run_dir, "filler", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    char page[4096] = { 0 };

    g_assert_cmpint(fd, >=, 0);
    while (write(fd, page, sizeof(page)) > 0)
        ;
    g_assert_cmpint(errno, ==, ENOSPC);
    close(fd);
}

static void empty(Model *model)
{
    g_autofree char *path = g_build_filename(model->tree->run_dir, "filler", NULL);

    g_unlink(path);
}

static int write_and_fill(const char *path, const char *value, gpointer data)
{
    Model *model = data;
    int errnum = model_ops->attr_write(path, value, data);

    if (model->n_writes == full_after)
        fill(model);
    return errnum;
}

/* NULL: the test was skipped */
static Model *start(void)
{
    static CssHostOps ops;
    Model *model = model_new("dasd.txt");

    g_mkdir_with_parents(model->tree->run_dir, 0755);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", model->tree->run_dir, "tmpfs", 0, "size=64k") < 0) {
        g_test_skip("a file system cannot be mounted here");
        model_free(model);
        return NULL;
    }
    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, NULL));
    model_ops = model->host->ops;
    ops = *model_ops;
    ops.attr_write = write_and_fill;
    model->host->ops = &ops;
    full_after = G_MAXUINT;
    return model;
}

static void finish(Model *model)
{
    umount2(model->tree->run_dir, MNT_DETACH);
    model_free(model);
}

static gboolean claim(Model *model, GError **error)
{
    gboolean taken;

    return hostdev_claim(model->host, &id, DOMAIN, TOKEN, &taken, error);
}

static void expect_rejected(Model *model, const char *before)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *now = NULL;

    g_assert_false(claim(model, &error));
    g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    now = tree_dump(model->tree);
    g_assert_cmpstr(now, ==, before);
    g_assert_false(hostdev_journal_has(model->host, &id));
}

/* Full before the first step. */
static void from_the_start(void)
{
    g_autofree char *before = NULL;
    Model *model = start();

    if (!model)
        return;
    before = tree_dump(model->tree);
    fill(model);
    expect_rejected(model, before);
    g_assert_cmpuint(model->n_writes, ==, 0);
    empty(model);
    g_assert_true(claim(model, NULL));
    finish(model);
}

/* Full after each step: the steps that were done are undone, in reverse order. */
static void midway(void)
{
    for (guint step = 1; step < STEPS; step++) {
        g_autofree char *before = NULL;
        Model *model = start();

        if (!model)
            return;
        before = tree_dump(model->tree);
        full_after = step;
        expect_rejected(model, before);
        g_assert_cmpuint(model->n_writes, >, step);
        finish(model);
    }
}

/* A release of an owned device completes although the journal cannot record it. A confirmation is repeated later. */
static void afterwards(void)
{
    g_autoptr(HostdevRecord) record = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    Model *model = start();

    if (!model)
        return;
    before = tree_dump(model->tree);
    g_assert_true(claim(model, NULL));
    fill(model);
    g_assert_false(hostdev_confirm(model->host, &id, DOMAIN, &error));
    g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    g_assert_true(hostdev_journal_load(model->host, &id, &record, NULL));
    g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_PENDING);
    g_assert_false(hostdev_announce(model->host, &id, TOKEN, NULL));
    hostdev_withdraw(model->host, &id);
    g_assert_true(hostdev_release(model->host, &id, DOMAIN, NULL));
    after = tree_dump(model->tree);
    g_assert_cmpstr(after, ==, before);
    g_assert_false(hostdev_journal_has(model->host, &id));
    finish(model);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/full/from-the-start", from_the_start);
    g_test_add_func("/hostdev/full/midway", midway);
    g_test_add_func("/hostdev/full/afterwards", afterwards);
    return g_test_run();
}
