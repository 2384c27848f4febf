/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain gets all of its devices, in parallel, or no device; and two domains that want the same ones at once. */
#include <errno.h>
#include <string.h>

#include "css/host.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "model-kernel.h"
#include "util/error.h"
#include "util/thread.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define OTHER "11111111-2222-4333-8444-555555555555"
#define TOKEN "17:42"
#define STAT "17 (libvirtd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1"
#define ROUNDS 20

static const CcwBusId up[] = { { .devno = 0x1234 }, { .devno = 0x1235 } };
static const CcwBusId down[] = { { .devno = 0x1235 }, { .devno = 0x1234 } };

static Model *start(void)
{
    Model *model = model_new("dasd.txt");

    tree_write(model->tree, "proc/17/stat", STAT);
    g_assert_true(hostdev_load_modules(model->host, NULL));
    return model;
}

static guint n_entries(Model *model)
{
    g_autoptr(GArray) ids = hostdev_journal_list(model->host);

    return ids->len;
}

static void count(guint index, gpointer data)
{
    g_atomic_int_inc((gint *)data + index);
}

static void every_index_once(void)
{
    gint counts[200] = { 0 };

    ccw_parallel_run(0, 16, count, counts);
    ccw_parallel_run(100, 16, count, counts);
    ccw_parallel_run(1, 1, count, counts + 100);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        g_assert_cmpint(counts[i], ==, i <= 100);
}

static void all_and_back(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    model->host->parallel = 8;
    hostdev_claim_all(model->host, down, 2, DOMAIN, TOKEN, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n_entries(model), ==, 2);
    /* A second claim of the same domain succeeds. */
    g_assert_true(hostdev_claim_all(model->host, down, 2, DOMAIN, TOKEN, NULL));
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, &error));
    g_assert_cmpuint(n_entries(model), ==, 0);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

/* Whichever write fails, no device stays acquired or reserved. */
static void none_if_one_fails(void)
{
    for (guint fail_at = 1; fail_at <= 8; fail_at++) {
        g_autoptr(Model) model = start();
        g_autofree char *before = tree_dump(model->tree);
        g_autofree char *after = NULL;
        g_autoptr(GError) error = NULL;

        model->fail_at = fail_at;
        model->fail_errno = EIO;
        g_assert_false(hostdev_claim_all(model->host, down, 2, DOMAIN, TOKEN, &error));
        g_assert_nonnull(strstr(error->message, fail_at <= 5 ? "0.0.1234" : "0.0.1235"));
        g_assert_cmpuint(n_entries(model), ==, 0);
        after = tree_dump(model->tree);
        g_assert_cmpstr(before, ==, after);
    }
}

static void rejected_before_anything(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    gboolean taken;
    guint n_writes;

    g_assert_true(hostdev_claim(model->host, &up[1], OTHER, TOKEN, &taken, NULL));
    n_writes = model->n_writes;
    g_assert_false(hostdev_claim_all(model->host, up, 2, DOMAIN, TOKEN, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, "0.0.1235 is in use by domain " OTHER));
    g_assert_cmpuint(model->n_writes, ==, n_writes);
    g_assert_cmpuint(n_entries(model), ==, 1);
    g_clear_error(&error);
    g_assert_false(hostdev_claim_all(model->host, up, 2, DOMAIN, NULL, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
}

/* A start that was killed after it had reserved the devices leaves nothing to undo. */
static void reserved_only(void)
{
    g_autoptr(Model) model = start();
    HostdevRecord record = { .device = up[0],
                             .state = HOSTDEV_CLAIM_PENDING,
                             .owner = (char *)DOMAIN,
                             .token = (char *)"16:1",
                             .found_online = -1,
                             .found_override = (char *)"" };
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean taken = FALSE;
    g_auto(HostdevLockFd) lock = hostdev_journal_lock(model->host, &up[0], NULL);

    g_assert_true(hostdev_journal_save(model->host, &record, NULL));
    hostdev_lock_fd_clear(&lock);
    lock = -1;
    g_assert_true(hostdev_claim(model->host, &up[0], DOMAIN, TOKEN, &taken, NULL));
    g_assert_true(taken);
    g_assert_true(hostdev_release_domain(model->host, DOMAIN, NULL));
    g_assert_true(hostdev_journal_save(model->host, &record, NULL));
    model_reset(model);
    g_assert_true(hostdev_reconcile(model->host, &(HostdevReconcile){ .live = live, .as_of = css_host_clock() }, NULL));
    g_assert_cmpuint(n_entries(model), ==, 0);
    g_assert_cmpuint(model->n_writes, ==, 0);
}

typedef struct {
    Model *model;
    const CcwBusId *ids;
    const char *domain;
    gboolean got;
} Start;

static gpointer start_domain(gpointer data)
{
    Start *domain = data;
    g_autoptr(GError) error = NULL;

    domain->got = hostdev_claim_all(domain->model->host, domain->ids, 2, domain->domain, TOKEN, &error);
    if (!domain->got)
        g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    return NULL;
}

/* Exactly one domain gets the devices, whatever the order in which each names them, and neither waits for ever. */
static void two_domains_at_once(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;

    model->host->parallel = 8;
    for (guint i = 0; i < ROUNDS; i++) {
        Start one = { model, up, DOMAIN, FALSE }, two = { model, down, OTHER, FALSE };
        GThread *thread = g_thread_new("one", start_domain, &one);

        start_domain(&two);
        g_thread_join(thread);
        g_assert_cmpint(one.got + two.got, ==, 1);
        g_assert_true(hostdev_release_domain(model->host, one.got ? OTHER : DOMAIN, NULL));
        g_assert_cmpuint(n_entries(model), ==, 2);
        g_assert_true(hostdev_release_domain(model->host, one.got ? DOMAIN : OTHER, NULL));
    }
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/claim-all/every-index-once", every_index_once);
    g_test_add_func("/hostdev/claim-all/all-and-back", all_and_back);
    g_test_add_func("/hostdev/claim-all/none-if-one-fails", none_if_one_fails);
    g_test_add_func("/hostdev/claim-all/rejected-before-anything", rejected_before_anything);
    g_test_add_func("/hostdev/claim-all/reserved-only", reserved_only);
    g_test_add_func("/hostdev/claim-all/two-domains-at-once", two_domains_at_once);
    return g_test_run();
}
