/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "css/state.h"
#include "sysfs-tree.h"
#include "util/error.h"

typedef struct {
    const char *name;
    CcwError code;
    const char *message; /* NULL: no error */
    struct {
        const char *path; /* in the tree */
        const char *text;
    } files[6];
} Case;

#define CSS "sys/devices/css0/"
#define SCH CSS "0.0.0000/"
#define DEV SCH "0.0.1234/"
#define OTHER CSS "0.0.0001/0.0.1235/"
#define NAME "ccw device 0.0.1234 "

static const Case cases[] = {
    { "good", 0, NULL, { { NULL, NULL } } },
    { "offline", 0, NULL, { { DEV "online", "0\n" } } },
    { "boxed",
      CCW_ERROR_BUSY,
      NAME "is boxed: another system has reserved it; release it there, or take it over with 'echo force > "
           "/sys/bus/ccw/devices/0.0.1234/online'",
      { { DEV "availability", "boxed\n" } } },
    { "no-path",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no path: no channel path to it works; see lschp",
      { { DEV "availability", "no path\n" } } },
    { "no-device",
      CCW_ERROR_UNSUPPORTED,
      NAME "is not operational: nothing answers at its device number any more",
      { { DEV "availability", "no device\n" } } },
    { "fcp",
      CCW_ERROR_UNSUPPORTED,
      NAME
      "is a QDIO device (an FCP channel), which vfio_ccw does not support: give the guest the SCSI disks behind it",
      { { DEV "cutype", "1731/03\n" } } },
    { "osa",
      CCW_ERROR_UNSUPPORTED,
      NAME "is a QDIO device (an OSA or HiperSockets adapter), which vfio_ccw does not support: give the guest a "
           "network interface on it",
      { { DEV "cutype", "1731/01\n" } } },
    { "a-word-of-a-later-kernel", 0, NULL, { { DEV "availability", "splendid\n" } } },
    { "varied-off",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no channel path: channel path 0.40 is varied off; chchp -v 1 0.40 first",
      { { CSS "chp0.40/status", "offline\n" }, { DEV "availability", "no path\n" } } },
    { "deconfigured",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no channel path: channel path 0.40 is deconfigured; chchp -c 1 0.40 first",
      { { CSS "chp0.40/status", "offline\n" }, { CSS "chp0.40/configure", "0\n" } } },
    { "one-of-two-varied-off",
      0,
      NULL,
      { { SCH "chpids", "40 41 00 00 00 00 00 00\n" },
        { SCH "pimpampom", "c0 c0 ff\n" },
        { CSS "chp0.40/status", "offline\n" },
        { CSS "chp0.41/status", "online\n" } } },
    { "both-varied-off",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no channel path: channel path 0.40 is varied off; chchp -v 1 0.40 first",
      { { SCH "chpids", "40 41 00 00 00 00 00 00\n" },
        { SCH "pimpampom", "c0 c0 ff\n" },
        { CSS "chp0.40/status", "offline\n" },
        { CSS "chp0.41/status", "offline\n" } } },
    { "one-varied-off-and-one-not-available",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no channel path: channel path 0.41 is varied off; chchp -v 1 0.41 first",
      { { SCH "chpids", "40 41 00 00 00 00 00 00\n" },
        { SCH "pimpampom", "c0 40 ff\n" },
        { CSS "chp0.41/status", "offline\n" } } },
    { "no-path-at-all",
      CCW_ERROR_UNSUPPORTED,
      NAME "has no channel path: none is both installed and available (pim 80, pam 00); see lschp",
      { { SCH "pimpampom", "80 00 ff\n" } } },
    { "odd-masks", 0, NULL, { { SCH "pimpampom", "zz\n" } } },
    { "odd-chpids", 0, NULL, { { SCH "chpids", "4000 0 x\n" }, { CSS "chp0.40/status", "offline\n" } } },
    { "alias",
      CCW_ERROR_UNSUPPORTED,
      NAME "is a PAV alias of 0.0.1235, which has no storage of its own: a guest needs the base device 0.0.1235",
      { { DEV "alias", "1\n" },
        { DEV "uid", "IBM.750000000.1234.10\n" },
        { OTHER "alias", "0\n" },
        { OTHER "uid", "IBM.750000000.1234.10\n" } } },
    { "hyper-alias",
      CCW_ERROR_UNSUPPORTED,
      NAME "is a PAV alias, which has no storage of its own: a guest needs the base device (alias 0 in lsdasd)",
      { { DEV "alias", "1\n" },
        { DEV "uid", "IBM.750000000.1234.xx\n" },
        { OTHER "alias", "0\n" },
        { OTHER "uid", "IBM.750000000.1234.10\n" } } },
    { "base", 0, NULL, { { DEV "alias", "0\n" }, { DEV "uid", "IBM.750000000.1234.10\n" }, { OTHER "alias", "1\n" } } },
};

static void put_all(Tree *tree, const Case *c)
{
    for (gsize i = 0; i < G_N_ELEMENTS(c->files) && c->files[i].path; i++)
        tree_write(tree, c->files[i].path, c->files[i].text);
}

static void one(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    put_all(tree, c);
    device = css_host_lookup(host, &id, &error);
    g_assert_no_error(error);
    g_assert_cmpint(css_state_check(host, device, &error), ==, c->message == NULL);
    if (!c->message)
        return;
    g_assert_error(error, CCW_ERROR, (gint)c->code);
    g_assert_cmpstr(error->message, ==, c->message);
}

#define MISSING "there is no ccw device 0.0.4321 on this host"
#define SHOWN ": 'virt-ccw list' shows this host's devices"
#define HIDDEN "ccw device 0.0.4321 is hidden by cio_ignore: cio_ignore -r 0.0.4321 first"

static const Case missing[] = {
    { "missing", 0, MISSING SHOWN, { { NULL, NULL } } },
    { "ignored-alone", 0, HIDDEN, { { "proc/cio_ignore", "0.0.0001\n0.0.4321\n" } } },
    { "ignored-range",
      0,
      HIDDEN,
      { { "proc/cio_ignore", "0.0.0000-0.0.1233\n0.0.1236-0.0.ffff\n0.1.0000-0.1.ffff\n" } } },
    { "not-ignored",
      0,
      MISSING SHOWN,
      { { "proc/cio_ignore", "0.0.0000-0.0.4320\n0.0.4322-0.0.ffff\n0.1.4321\n0.1.0000-0.1.ffff\nodd-\n-\n\n" } } },
    { "path-varied-off",
      0,
      MISSING "; channel path 0.41 is varied off; chchp -v 1 0.41 may bring it back",
      { { CSS "chp0.40/status", "online\n" }, { CSS "chp0.41/status", "offline\n" } } },
};

static void not_there(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x4321 };

    put_all(tree, c);
    g_assert_null(css_host_lookup(host, &id, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, c->message);
}

/* devno='1234' means 0.0.1234, which exists. */
static void decimal(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 1234 };

    g_assert_null(css_host_lookup(host, &id, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==,
                    "there is no ccw device 0.0.04d2 on this host: devno='1234' is decimal; is devno='0x1234' meant?");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("/css/state/", cases[i].name, NULL);

        g_test_add_data_func(name, &cases[i], one);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(missing); i++) {
        g_autofree char *name = g_strconcat("/css/state/", missing[i].name, NULL);

        g_test_add_data_func(name, &missing[i], not_there);
    }
    g_test_add_func("/css/state/decimal", decimal);
    return g_test_run();
}
