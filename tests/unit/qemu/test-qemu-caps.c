/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/caps.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

static char *replies_path(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".replies", NULL);

    return g_test_build_filename(G_TEST_DIST, "qemucapabilitiesdata", file, NULL);
}

static QemuCaps *read_replies(const char *name)
{
    g_autofree char *path = replies_path(name);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    QemuCaps *caps;

    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    caps = qemu_caps_read(text, &error);
    g_assert_no_error(error);
    return caps;
}

static char *describe(const QemuCaps *caps)
{
    return g_strdup_printf("%s %s%s%s%s%s%s%s, %s", caps->version, caps->target,
                           caps->has_ccw_machine ? " machine" : "", caps->has_vfio_ccw ? " vfio-ccw" : "",
                           caps->has_boot_index ? " bootindex" : "", caps->has_force_orb_pfch ? " pfch" : "",
                           caps->has_loadparm ? " loadparm" : "", caps->has_iommufd ? " iommufd" : "",
                           qemu_caps_dialect_name(caps->dialect));
}

static void recorded(void)
{
    static const struct {
        const char *name;
        const char *caps;
    } cases[] = {
        { "qemu-11.1.s390x", "11.1.* s390x machine vfio-ccw bootindex pfch loadparm iommufd, stock" },
        { "qemu-10.0.s390x", "10.0.* s390x machine vfio-ccw bootindex pfch loadparm iommufd, stock" },
        { "qemu-7.2.s390x", "7.2.* s390x machine vfio-ccw bootindex pfch, stock" },
        { "qemu-3.1.s390x", "3.1.0 s390x machine vfio-ccw pfch, squash-mcss" },
        { "qemu-2.11.s390x", "2.11.2 s390x machine vfio-ccw, stock" },
        { "series.s390x", "2.8.0 s390x machine vfio-ccw, series" },
        { "no-vfio-ccw.s390x", "8.2.0 s390x machine, stock" },
        { "no-ccw-machine.x86_64", "7.2.0 x86_64, stock" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QemuCaps) caps = read_replies(cases[i].name);
        g_autofree char *text = describe(caps);

        if (!g_pattern_match_simple(cases[i].caps, text))
            g_error("%s: '%s' is not '%s'", cases[i].name, text, cases[i].caps);
    }
}

static void checked(void)
{
    g_autoptr(QemuCaps) good = read_replies("qemu-7.2.s390x");
    g_autoptr(QemuCaps) without = read_replies("no-vfio-ccw.s390x");
    g_autoptr(QemuCaps) other = read_replies("no-ccw-machine.x86_64");
    g_autoptr(GError) error = NULL;

    g_assert_true(qemu_caps_check(good, "/q", "hostid 0.0.1234", NULL));
    g_assert_false(qemu_caps_check(without, "/q", "hostid 0.0.1234", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "hostid 0.0.1234: VFIO CCW device assignment is not supported by this version of QEMU: emulator /q "
                    "(QEMU 8.2.0) has no device vfio-ccw");
    g_clear_error(&error);
    g_assert_false(qemu_caps_check(other, "/q", "hostid 0.0.1234", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "hostid 0.0.1234: emulator /q (QEMU 7.2.0, x86_64) has no machine type s390-ccw-virtio: name "
                    "qemu-system-s390x");
}

static void hostile_answers(void)
{
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autofree char *nested = g_strdup_printf("{\"id\":\"target\",\"return\":%s", deep);
    const char *const cases[] = { "",
                                  "\n\n",
                                  "{}",
                                  "[]",
                                  "{\"QMP\":[]}",
                                  "{\"QMP\":{}}",
                                  "{\"QMP\":{\"version\":7}}",
                                  "{\"QMP\":{}}\n{\"id\":7,\"return\":{\"arch\":\"x\"}}",
                                  "{\"QMP\":{}}\n{\"id\":\"target\",\"return\":[{\"arch\":\"x\"}]}",
                                  "{\"QMP\":{}}\n{\"id\":\"machines\",\"return\":[null,7,{\"name\":7}]}",
                                  nested };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(qemu_caps_read(cases[i], &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    }
}

/* Makes an emulator that gives the recorded answers, and notes that it ran. */
static char *make_emulator(const char *dir, const char *script)
{
    char *path = g_build_filename(dir, "qemu-system-s390x", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\necho >>%s/runs\n%s\n", dir, script);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, 0755), ==, 0);
    return path;
}

static gsize count_runs(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "runs", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;

    g_file_get_contents(path, &text, &length, NULL);
    return length;
}

static void expect_caps(const char *emulator, const char *cache, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuCaps) caps = qemu_caps_get(emulator, cache, &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = describe(caps);
    g_assert_cmpstr(text, ==, expected);
}

/* Returns the only file in the cache. */
static char *cache_file(const char *cache)
{
    g_autoptr(GDir) dir = g_dir_open(cache, 0, NULL);
    char *path = g_build_filename(cache, g_dir_read_name(dir), NULL);

    g_assert_null(g_dir_read_name(dir));
    return path;
}

static void remove_all(const char *dir)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", dir);

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void cached(void)
{
    g_autofree char *dir = g_dir_make_tmp("ccw-caps-XXXXXX", NULL);
    g_autofree char *cache = g_build_filename(dir, "cache", "below", NULL);
    g_autofree char *series = replies_path("series.s390x");
    g_autofree char *old = replies_path("qemu-3.1.s390x");
    g_autofree char *series_quoted = g_shell_quote(series);
    g_autofree char *old_quoted = g_shell_quote(old);
    g_autofree char *say_series = g_strconcat("exec cat ", series_quoted, NULL);
    g_autofree char *say_old = g_strconcat("exec cat ", old_quoted, NULL);
    g_autofree char *emulator = make_emulator(dir, say_series);
    g_autofree char *file = NULL, *again = NULL;

    expect_caps(emulator, cache, "2.8.0 s390x machine vfio-ccw, series");
    expect_caps(emulator, cache, "2.8.0 s390x machine vfio-ccw, series");
    g_assert_cmpuint(count_runs(dir), ==, 1);
    expect_caps(emulator, NULL, "2.8.0 s390x machine vfio-ccw, series");
    g_assert_cmpuint(count_runs(dir), ==, 2);
    /* A damaged file is replaced after asking the emulator again. */
    file = cache_file(cache);
    g_assert_true(g_file_set_contents(file, "{\"identity\":", -1, NULL));
    expect_caps(emulator, cache, "2.8.0 s390x machine vfio-ccw, series");
    expect_caps(emulator, cache, "2.8.0 s390x machine vfio-ccw, series");
    g_assert_cmpuint(count_runs(dir), ==, 3);
    /* Another program at the same path. */
    again = make_emulator(dir, say_old);
    expect_caps(again, cache, "3.1.0 s390x machine vfio-ccw pfch, squash-mcss");
    g_assert_cmpuint(count_runs(dir), ==, 4);
    /* Where the cache cannot be written, the answers are still correct. */
    expect_caps(again, "/proc/none", "3.1.0 s390x machine vfio-ccw pfch, squash-mcss");
    remove_all(dir);
}

static void no_emulators(void)
{
    static const struct {
        const char *script;
        const char *message;
    } cases[] = {
        { "exit 1", "emulator */qemu-system-s390x ended without answering over QMP (it printed no error): *" },
        { "echo no lib >&2; echo more >&2; exit 127", "emulator * ended without answering over QMP (no lib): *" },
        { "echo hello; echo '{}'", "emulator * does not greet over QMP (*): *" },
        { "echo '{\"QMP\":{}}'", "emulator * ended without answering over QMP (*): *" },
        { "exec head -c 5000000 /dev/zero", "emulator * sends too much data over QMP (*): *" },
    };
    g_autofree char *dir = g_dir_make_tmp("ccw-caps-XXXXXX", NULL);
    g_autofree char *none = g_build_filename(dir, "none", NULL);
    g_autoptr(GError) missing = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *emulator = make_emulator(dir, cases[i].script);
        g_autoptr(GError) error = NULL;

        g_assert_null(qemu_caps_get(emulator, NULL, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, cases[i].message);
    }
    g_assert_null(qemu_caps_get(none, NULL, &missing));
    g_assert_error(missing, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    remove_all(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/caps/recorded", recorded);
    g_test_add_func("/qemu/caps/checked", checked);
    g_test_add_func("/qemu/caps/hostile-answers", hostile_answers);
    g_test_add_func("/qemu/caps/cached", cached);
    g_test_add_func("/qemu/caps/no-emulators", no_emulators);
    return g_test_run();
}
