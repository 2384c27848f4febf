/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the hook's operations as libvirt calls them, on the model of the kernel. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hook/hook.h"
#include "hook/status.h"
#include "hostdev/journal.h"
#include "model-kernel.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define UUID "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define MDEV(devno, managed)                                                                                           \
    "<hostdev mode='subsystem' type='mdev' managed='" managed "' model='vfio-ccw'><source>"                            \
    "<address uuid='cc390000-0001-8000-8000-00000000" devno "'/></source></hostdev>"
#define DOMAIN(devices) "<domain type='qemu'><name>g</name><uuid>" UUID "</uuid><devices>" devices "</devices></domain>"

static const CcwBusId first = { .devno = 0x1234 };
static const CcwBusId second = { .devno = 0x1235 };

/* Makes a host on which this process's parent is libvirtd. */
static Model *start(void)
{
    Model *model = model_new("dasd.txt");
    g_autofree char *stat = g_strdup_printf("proc/%d/stat", (int)getppid());

    tree_write(model->tree, stat, "1 (libvirtd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1");
    return model;
}

static void run(Model *model, const char *operation, const char *sub_operation, const char *xml)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(hook_run(model->host, model->tree->status, "g", operation, sub_operation, xml, &error));
    g_assert_no_error(error);
}

static gint state_of(Model *model, const CcwBusId *id)
{
    g_autoptr(HostdevRecord) record = NULL;

    g_assert_true(hostdev_journal_load(model->host, id, &record, NULL));
    return record ? (gint)record->state : -1;
}

static void a_life(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    const char *xml = DOMAIN(MDEV("1234", "yes") MDEV("1235", "yes"));

    run(model, "prepare", "begin", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    g_assert_cmpint(state_of(model, &second), ==, HOSTDEV_CLAIM_PENDING);
    run(model, "start", "begin", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    run(model, "started", "begin", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    g_assert_cmpint(state_of(model, &second), ==, HOSTDEV_CLAIM_OWNED);
    run(model, "stopped", "end", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    run(model, "release", "end", xml);
    g_assert_cmpint(state_of(model, &first), ==, -1);
    g_assert_cmpint(state_of(model, &second), ==, -1);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

/* Each device that a start acquires or cannot acquire, and each release, has a log line with the domain's name. */
static void logged(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    const char *xml = DOMAIN(MDEV("1234", "yes"));

    g_test_expect_message(NULL, G_LOG_LEVEL_INFO,
                          "acquired ccw device 0.0.1234 for domain 'g' (" UUID "), which libvirt's process * starts");
    run(model, "prepare", "begin", xml);
    g_test_assert_expected_messages();
    run(model, "started", "begin", xml);
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO, "released ccw device 0.0.1234 of domain 'g' (" UUID ") to this host");
    run(model, "release", "end", xml);
    g_test_assert_expected_messages();
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO, "cannot acquire ccw device 0.0.9999 for domain 'g' (*: *0.0.9999*");
    g_assert_false(
        hook_run(model->host, model->tree->status, "g", "prepare", "begin", DOMAIN(MDEV("9999", "yes")), &error));
    g_test_assert_expected_messages();
    g_clear_error(&error);
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO, "cannot acquire the ccw devices of domain 'g' (without a UUID)*: *");
    g_assert_false(
        hook_run(model->host, model->tree->status, "g", "prepare", "begin", "<domain><hostdev type='ccw'", &error));
    g_test_assert_expected_messages();
}

/* A hook of a killed libvirtd calls release late, after the domain has been started again. */
static void late_release(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *self = g_strdup_printf("proc/%d/stat", (int)getpid());

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes")));
    /* The hook has run since boot. */
    tree_write(model->tree, self, "1 (virt-ccw) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 0 1 1");
    run(model, "release", "end", DOMAIN(""));
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    tree_remove(model->tree, self);
    run(model, "release", "end", DOMAIN(""));
    g_assert_cmpint(state_of(model, &first), ==, -1);
}

/* The hostdev was removed from the XML while the domain ran: the device is released all the same. */
static void release_without_hostdev(void)
{
    g_autoptr(Model) model = start();

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes")));
    run(model, "release", "end", DOMAIN(""));
    g_assert_cmpint(state_of(model, &first), ==, -1);
}

/* Writes libvirt's status file of the domain that has the device. pid: the QEMU's. */
static void write_status(Model *model, int pid)
{
    g_autofree char *text = g_strdup_printf(
        "<!--\n-->\n<domstatus state='running' reason='booted' pid='%d'>\n  <taint/>\n  %s\n</domstatus>\n", pid,
        DOMAIN(MDEV("1234", "yes")));

    tree_write(model->tree, "status/g.xml", text);
}

/* After a start that failed because another guest has the device, libvirt calls release for this one. */
static void release_of_another(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    const char *other =
        "<domain><uuid>11111111-2222-4333-8444-555555555555</uuid><devices>" MDEV("1234", "yes") "</devices></domain>";
    guint n_writes;

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes")));
    run(model, "started", "begin", DOMAIN(MDEV("1234", "yes")));
    write_status(model, getpid());
    n_writes = model->n_writes;
    g_assert_false(hook_run(model->host, model->tree->status, "o", "prepare", "begin", other, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, "ccw device 0.0.1234 is in use by driver QEMU, domain g");
    run(model, "release", "end", other);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    g_assert_cmpuint(model->n_writes, ==, n_writes);
}

static void veto_rolls_back(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *before = tree_dump(model->tree);
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(hook_run(model->host, model->tree->status, "g", "prepare", "begin",
                            DOMAIN(MDEV("1235", "yes") MDEV("1234", "yes") MDEV("4321", "yes")), &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "0.0.4321"));
    g_assert_cmpint(state_of(model, &first), ==, -1);
    after = tree_dump(model->tree);
    g_assert_cmpstr(before, ==, after);
}

static void exit_codes(void)
{
    g_assert_cmpint(hook_failed("prepare", "begin"), ==, 1);
    g_assert_cmpint(hook_failed("prepare", "end"), ==, 0);
    g_assert_cmpint(hook_failed("reconnect", "begin"), ==, 0);
    g_assert_cmpint(hook_failed("attach", "begin"), ==, 0);
}

static void nothing_of_ours(void)
{
    static const char *const xmls[] = {
        "",
        "no XML",
        "<domain",
        DOMAIN(""),
        "<domain><devices><hostdev mode='subsystem' type='pci'/><odd",
        DOMAIN("<hostdev mode='subsystem' type='mdev' model='vfio-ccw' managed='yes'><source>"
               "<address uuid='11111111-2222-4333-8444-555555555555'/></source></hostdev>"),
    };
    static const char *const operations[][2] = {
        { "prepare", "begin" },
        { "start", "begin" },
        { "started", "begin" },
        { "stopped", "end" },
        { "release", "end" },
        { "reconnect", "begin" },
        { "migrate", "begin" },
        { "restore", "begin" },
        { "attach", "begin" },
        { "prepare", "end" },
        { "", "" },
    };
    g_autoptr(Model) model = start();

    for (gsize i = 0; i < G_N_ELEMENTS(xmls); i++)
        for (gsize o = 0; o < G_N_ELEMENTS(operations); o++)
            run(model, operations[o][0], operations[o][1], xmls[i]);
    g_assert_cmpuint(model->n_writes, ==, 0);
    g_assert_cmpuint(model->modules->len, ==, 0);
    g_assert_false(g_file_test(model->tree->run_dir, G_FILE_TEST_EXISTS));
}

/* One of two devices is not managed, and was not detached: the start fails and does not acquire the other one. */
static void unmanaged(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    const char *xml = DOMAIN(MDEV("1235", "yes") MDEV("1234", "no"));

    g_assert_false(hook_run(model->host, model->tree->status, "g", "prepare", "begin", xml, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, "unmanaged ccw device 0.0.1234 must be detached from the host first"));
    g_assert_cmpuint(model->n_writes, ==, 0);
    g_assert_true(nodedev_detach(model->host, &first, NULL));
    run(model, "prepare", "begin", xml);
    g_assert_cmpint(state_of(model, &second), ==, HOSTDEV_CLAIM_PENDING);
    run(model, "release", "end", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    g_assert_cmpint(state_of(model, &second), ==, -1);
}

static void odd_but_ours(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;

    g_assert_false(hook_run(model->host, model->tree->status, "g", "prepare", "begin",
                            "<domain><devices>" MDEV("1234", "yes") "<odd", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
    g_clear_error(&error);
    g_assert_false(hook_run(model->host, model->tree->status, "g", "prepare", "begin",
                            "<domain><devices>" MDEV("1234", "yes") "</devices></domain>", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
    g_assert_nonnull(strstr(error->message, "guest 'g' has no domain UUID"));
    g_assert_cmpuint(model->n_writes, ==, 0);
}

static void restarted(void)
{
    g_autoptr(Model) model = start();
    const char *xml = DOMAIN(MDEV("1234", "yes"));
    g_autofree char *stat = g_strdup_printf("proc/%d", (int)getppid());

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes") MDEV("1235", "yes")));
    tree_remove(model->tree, stat); /* libvirtd ends before it calls the hook with "started" */
    run(model, "reconnect", "begin", xml);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    g_assert_cmpint(state_of(model, &second), ==, -1);
}

#define OTHER "11111111-2222-4333-8444-555555555555"
#define OTHERS "<domain><name>o</name><uuid>" OTHER "</uuid><devices>" MDEV("1234", "yes") "</devices></domain>"

/* Without virtccwd, a domain that wants the device finds out that its owner has gone without a release. */
static void gone(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes")));
    run(model, "started", "begin", DOMAIN(MDEV("1234", "yes")));
    write_status(model, getpid());
    g_assert_false(hook_run(model->host, model->tree->status, "o", "prepare", "begin", OTHERS, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    run(model, "release", "end", OTHERS);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_OWNED);
    tree_remove(model->tree, "status/g.xml");
    run(model, "prepare", "begin", OTHERS);
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
}

/* libvirt has no status file of the domain. */
static void name_not_known(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes")));
    g_assert_false(hook_run(model->host, model->tree->status, "o", "prepare", "begin", OTHERS, &error));
    g_assert_cmpstr(error->message, ==, "ccw device 0.0.1234 is in use by domain " UUID);
}

/* libvirtd was killed while it started the domain. */
static void gone_while_it_started(void)
{
    g_autoptr(Model) model = start();
    g_autofree char *parent = g_strdup_printf("proc/%d", (int)getppid());

    run(model, "prepare", "begin", DOMAIN(MDEV("1234", "yes") MDEV("1235", "yes")));
    run(model, "release", "end", "<domain><uuid>" OTHER "</uuid></domain>");
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    tree_remove(model->tree, parent);
    tree_write(model->tree, "status/g.xml", "<domstatus pid='1'><domain><uuid>odd</uuid></domain></domstatus>");
    /* The damaged status file may be of any domain. */
    run(model, "release", "end", "<domain><uuid>" OTHER "</uuid></domain>");
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    write_status(model, -1);
    run(model, "release", "end", "<domain><uuid>" OTHER "</uuid></domain>");
    g_assert_cmpint(state_of(model, &first), ==, HOSTDEV_CLAIM_PENDING);
    write_status(model, G_MAXINT);
    run(model, "release", "end", "<domain><uuid>" OTHER "</uuid></domain>");
    g_assert_cmpint(state_of(model, &first), ==, -1);
    g_assert_cmpint(state_of(model, &second), ==, -1);
}

static void status_files(void)
{
    static const struct {
        const char *text;
        gint runs; /* -1: the file is not understood */
    } cases[] = {
        { "<domstatus pid='0'><domain><uuid>C7A5FDBD-edaf-9455-926a-d65c16db1809</uuid></domain></domstatus>", 1 },
        { "<domstatus><a><uuid>x</uuid></a><domain><os><uuid>x</uuid></os><uuid> " UUID
          "\n</uuid></domain></domstatus>",
          1 },
        { "<domstatus pid='2147483647'><domain><uuid>" UUID "</uuid></domain></domstatus>", 0 },
        { "<domstatus pid='1'><domain><name/></domain></domstatus>", -1 },
        { "<domain><uuid>" UUID "</uuid></domain>", -1 },
        { "<domstatus pid='1'><domain><uuid>" UUID, -1 },
        { "", -1 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Model) model = start();
        g_autoptr(GError) error = NULL;
        g_autoptr(GHashTable) running = NULL;

        tree_write(model->tree, "status/a.xml", cases[i].text);
        tree_write(model->tree, "status/b.xml.new", "half");
        running = hook_status_running(model->tree->status, "/proc", &error);
        g_assert_cmpint(running ? g_hash_table_contains(running, UUID) : -1, ==, cases[i].runs);
        if (!running) {
            g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
            g_assert_nonnull(strstr(error->message, "status/a.xml is not understood"));
        }
    }
}

/* A status file of 65 MiB, nearly all of it a client's text: the hook finds the domain's UUID, and nothing else. */
static void long_status_file(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("<domstatus pid='1'><devices/><domain><name>&lt;/uuid&gt;</name><uuid>" UUID
                                           "</uuid><metadata><a><uuid>" OTHER "</uuid>");
    g_autoptr(GHashTable) running = NULL, uses = NULL;
    g_autofree char *chunk = g_strnfill(1 << 20, ' ');

    for (gsize i = 0; i < 1 << 20; i += 4)
        memcpy(chunk + i, "<b/>", 4);
    for (guint i = 0; i < 65; i++)
        g_string_append(text, chunk);
    g_string_append(text, "</a></metadata><devices><hostdev><source><address uuid='" UUID
                          "'/></source></hostdev></devices></domain></domstatus>");
    tree_write(model->tree, "status/g.xml", text->str);
    running = hook_status_running(model->tree->status, "/proc", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_hash_table_size(running), ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(running, UUID), ==, "g");
    uses = hook_status_uses(model->tree->status, "/proc");
    g_assert_cmpuint(g_hash_table_size(uses), ==, 0);

    g_string_insert(text, 0, "<domstatus><domain/></domstatus>"); /* libvirt does not write this */
    tree_write(model->tree, "status/g.xml", text->str);
    g_assert_null(hook_status_running(model->tree->status, "/proc", NULL));
}

#define ADDRESS(uuid) "<source><address uuid='" uuid "'/></source>"
#define FIRST_MDEV "cc390000-0001-8000-8000-000000001234"
#define SECOND_MDEV "cc390000-0001-8000-8000-000000001235"

/* A user who may write a domain's metadata could put another domain's device into it. */
static void uses_in_devices_alone(void)
{
    g_autoptr(Model) model = start();
    g_autoptr(GHashTable) uses = NULL;

    tree_write(model->tree, "status/g.xml",
               "<domstatus><domain><uuid>" UUID "</uuid><metadata><hostdev>" ADDRESS(
                   FIRST_MDEV) "</hostdev>"
                               "<devices><hostdev>" ADDRESS(
                                   FIRST_MDEV) "</hostdev></devices></metadata>"
                                               "<devices><hostdev>" ADDRESS(
                                                   SECOND_MDEV) "</hostdev></devices></domain></domstatus>");
    uses = hook_status_uses(model->tree->status, "/proc");
    g_assert_cmpuint(g_hash_table_size(uses), ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(uses, SECOND_MDEV), ==, "g");
}

/* reconnect must not fail for any reason: libvirt would kill the guest. */
static void failures_that_do_not_veto(void)
{
    g_autoptr(Model) model = start();
    const char *xml = DOMAIN(MDEV("1234", "yes"));
    static const char *const operations[][2] = {
        { "started", "begin" },
        { "release", "end" },
        { "reconnect", "begin" },
    };

    tree_write(model->tree, "run/devices/0.0.1234.json", "damaged");
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(
            hook_run(model->host, model->tree->status, "g", operations[i][0], operations[i][1], xml, &error));
        g_assert_cmpint(hook_failed(operations[i][0], operations[i][1]), ==, 0);
        g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    }
}

static void domain_uuid(void)
{
    static const struct {
        const char *xml;
        const char *uuid;
    } cases[] = {
        { DOMAIN(""), UUID },
        { "<?xml version='1.0'?><!-- x --><domain><uuid> C7A5FDBD-EDAF-9455-926A-D65C16DB1809\n</uuid></domain>",
          UUID },
        { "<domain><metadata><uuid>" UUID "</uuid></metadata></domain>", NULL },
        { "<network><uuid>" UUID "</uuid></network>", NULL },
        { "<domain><uuid>mine</uuid></domain>", NULL },
        { "<domain><uuid/></domain>", NULL },
        { "", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *uuid = hook_domain_uuid(cases[i].xml);

        g_assert_cmpstr(uuid, ==, cases[i].uuid);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hook/events/a-life", a_life);
    g_test_add_func("/hook/events/logged", logged);
    g_test_add_func("/hook/events/uses-in-devices-alone", uses_in_devices_alone);
    g_test_add_func("/hook/events/late-release", late_release);
    g_test_add_func("/hook/events/release-without-hostdev", release_without_hostdev);
    g_test_add_func("/hook/events/release-of-another", release_of_another);
    g_test_add_func("/hook/events/veto-rolls-back", veto_rolls_back);
    g_test_add_func("/hook/events/exit-codes", exit_codes);
    g_test_add_func("/hook/events/nothing-of-ours", nothing_of_ours);
    g_test_add_func("/hook/events/odd-but-ours", odd_but_ours);
    g_test_add_func("/hook/events/unmanaged", unmanaged);
    g_test_add_func("/hook/events/restarted", restarted);
    g_test_add_func("/hook/events/gone", gone);
    g_test_add_func("/hook/events/name-not-known", name_not_known);
    g_test_add_func("/hook/events/gone-while-it-started", gone_while_it_started);
    g_test_add_func("/hook/events/status-files", status_files);
    g_test_add_func("/hook/events/long-status-file", long_status_file);
    g_test_add_func("/hook/events/failures-that-do-not-veto", failures_that_do_not_veto);
    g_test_add_func("/hook/events/domain-uuid", domain_uuid);
    return g_test_run();
}
