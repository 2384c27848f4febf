/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs every tests/qemuxml2argvdata/NAME.xml through real libvirt and the emulator it names, and compares the result
 * with NAME.stock.args and NAME.series.args, and the XML with the schema. Those with "-err-" in their name fail, with
 * the message in NAME.err. All run in one process, so that libvirt probes the emulator only once.
 *
 * The whole command line is compared where libvirt and QEMU have the fixtures' versions. Elsewhere the test compares
 * what this project adds: each vfio-ccw device, the machine's s390-map-css and its loadparm.
 *
 * LIBVIRT_CCW_REGENERATE=1 writes the expected files anew instead: read the diff before you commit it.
 */
#include <libvirt/libvirt.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "qemu/build.h"

/* The fixtures are for these versions, and for libvirt as root (for a user, its environment for QEMU differs). */
#define LIBVIRT_MAJOR_MINOR 9000
#define EMULATOR "/usr/bin/qemu-system-s390x"
#define EMULATOR_VERSION "QEMU emulator version 7.2."

static QemuPrivateLibvirt *driver;
static gboolean regenerate;
static gboolean whole_lines;
static const QemuValidate with;

static void compare(const char *name, const char *suffix, const char *actual)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_build_filename(FIXTURES, file, NULL);
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;

    if (regenerate)
        g_assert_true(g_file_set_contents(path, actual, -1, &error));
    else
        g_assert_true(g_file_get_contents(path, &expected, NULL, &error));
    g_assert_no_error(error);
    if (!regenerate)
        g_assert_cmpstr(actual, ==, expected);
}

/*
 * libvirt 10.9 and later write a loadparm on the device as well, if QEMU has it there. Returns the line without it, and
 * adds it to @ret_loadparms.
 */
static char *drop_loadparm(const char *line, GString *ret_loadparms)
{
    static const char property[] = ",\"loadparm\":\"";
    const char *start = strstr(line, property);
    const char *end = start ? strchr(start + strlen(property), '"') : NULL;

    if (!end)
        return g_strdup(line);
    g_string_append_len(ret_loadparms, start, end + 1 - start);
    return g_strdup_printf("%.*s%s", (int)(start - line), line, end + 1);
}

/*
 * Returns what this project adds to a command line, which has one argument on each line as in qemu_argv_format().
 * @ret_loadparms: receives what libvirt adds to the devices
 */
static char *keep_ours(const char *text, GString *ret_loadparms)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *kept = g_string_new(NULL);

    for (guint i = 0; lines[i]; i++) {
        const char *feature = strstr(lines[i], "s390-map-css=");
        g_autofree char *stripped = drop_loadparm(lines[i], ret_loadparms);

        if (g_str_has_prefix(lines[i], "-device '{\"driver\":\"vfio-ccw\"") ||
            g_str_has_prefix(lines[i], "-machine loadparm="))
            g_string_append_printf(kept, "%s\n", stripped);
        else if (g_str_has_prefix(lines[i], "-machine ") && feature)
            g_string_append_printf(kept, "%.*s\n", (int)strcspn(feature, ", "), feature);
    }
    return g_string_free(kept, FALSE);
}

static void compare_args(const char *name, const char *suffix, const char *actual, GString *ret_loadparms)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_build_filename(FIXTURES, file, NULL);
    g_autoptr(GString) unused = g_string_new(NULL);
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    g_autofree char *ours = keep_ours(actual, ret_loadparms);

    if (whole_lines || regenerate) {
        compare(name, suffix, actual);
        return;
    }
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    expected = keep_ours(text, unused);
    g_assert_cmpstr(ours, ==, expected);
}

/* Returns the loadparms that libvirt has written on the devices. */
static GString *check_args(const char *name, const char *xml, QemuDialect dialect, const char *suffix)
{
    GString *loadparms = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuArgv) argv = qemu_build_argv(driver, xml, dialect, &with, &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = qemu_argv_format(argv);
    compare_args(name, suffix, text, loadparms);
    return loadparms;
}

static void check_lines(const char *name, const char *xml)
{
    g_autoptr(GString) stock = check_args(name, xml, QEMU_DIALECT_STOCK, ".stock.args");
    g_autoptr(GString) series = check_args(name, xml, QEMU_DIALECT_SERIES, ".series.args");

    g_assert_cmpstr(stock->str, ==, series->str);
}

static void check_error(const char *name, const char *xml)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_null(qemu_build_argv(driver, xml, QEMU_DIALECT_SERIES, &with, &error));
    g_assert_nonnull(error);
    text = g_strconcat(error->message, "\n", NULL);
    compare(name, ".err", text);
}

static void check_fixture(gconstpointer data)
{
    const char *name = data;
    g_autofree char *file = g_strconcat(name, ".xml", NULL);
    g_autofree char *path = g_build_filename(FIXTURES, file, NULL);
    g_autofree char *xml = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_get_contents(path, &xml, NULL, &error));
    if (strstr(name, "-err-")) {
        check_error(name, xml);
    } else {
        conf_validate(xml, &error);
        g_assert_no_error(error);
        check_lines(name, xml);
    }
}

/* An expected file without its .xml would never be checked. */
static void no_orphans(void)
{
    g_autoptr(GDir) dir = g_dir_open(FIXTURES, 0, NULL);
    const char *file;

    while ((file = g_dir_read_name(dir))) {
        g_autofree char *name = g_strndup(file, strcspn(file, "."));
        g_autofree char *xml = g_strconcat(name, ".xml", NULL);
        g_autofree char *path = g_build_filename(FIXTURES, xml, NULL);

        g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    }
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_fixtures(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(FIXTURES, 0, NULL);
    const char *file;

    while ((file = g_dir_read_name(dir)))
        if (g_str_has_suffix(file, ".xml"))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".xml")));
    g_ptr_array_sort(names, by_name);
    return names;
}

static gboolean as_in_fixtures(void)
{
    const char *argv[] = { EMULATOR, "--version", NULL };
    g_autofree char *output = NULL;
    unsigned long version = 0;

    return geteuid() == 0 && virGetVersion(&version, NULL, NULL) == 0 && version / 1000 == LIBVIRT_MAJOR_MINOR &&
           g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &output, NULL, NULL, NULL) &&
           g_str_has_prefix(output, EMULATOR_VERSION);
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) names = list_fixtures();
    g_autoptr(GError) error = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    regenerate = g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0;
    g_test_add_func("/qemu/xml2argv/no-orphans", no_orphans);
    whole_lines = as_in_fixtures();
    driver = qemu_private_libvirt_open(&error);
    g_assert_no_error(error);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_strconcat("/qemu/xml2argv/", name, NULL);

        g_test_add_data_func(path, name, check_fixture);
    }
    status = g_test_run();
    qemu_private_libvirt_free(driver);
    return status;
}
