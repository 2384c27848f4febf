/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the real emulator's capabilities with the recorded ones, in tests/qemucapabilitiesdata.
 *
 * LIBVIRT_CCW_REGENERATE=1 records the answers anew instead. The other files there were made manually, and say so.
 */
#include <string.h>

#include "qemu/caps.h"

#define EMULATOR "/usr/bin/qemu-system-s390x"
#define HEADER "# Recorded from " EMULATOR " by LIBVIRT_CCW_REGENERATE=1 (docs/qemu-dialects.md).\n"

/* Returns the file of the emulator's major and minor version: "qemu-7.2.s390x.replies". */
static char *recorded_of(const QemuCaps *caps)
{
    g_auto(GStrv) parts = g_strsplit(caps->version, ".", 3);

    g_assert_cmpuint(g_strv_length(parts), ==, 3);
    return g_strdup_printf(DATA "/qemu-%s.%s.s390x.replies", parts[0], parts[1]);
}

static void record(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuCaps) real = qemu_caps_get(EMULATOR, NULL, &error);
    g_autofree char *path = real ? recorded_of(real) : NULL;
    g_autofree char *answers = real ? qemu_caps_record(EMULATOR, &error) : NULL;
    g_autofree char *text = answers ? g_strconcat(HEADER, answers, NULL) : NULL;

    g_assert_no_error(error);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
}

static void compare(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuCaps) real = qemu_caps_get(EMULATOR, NULL, &error);
    g_autoptr(QemuCaps) recorded = NULL;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    path = recorded_of(real);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_autofree char *why =
            g_strdup_printf("nothing is recorded of QEMU %s: LIBVIRT_CCW_REGENERATE=1 writes %s", real->version, path);

        g_test_skip(why);
        return;
    }
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    recorded = qemu_caps_read(text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(real->target, ==, recorded->target);
    g_assert_true(real->has_ccw_machine && recorded->has_ccw_machine);
    g_assert_true(real->has_vfio_ccw && recorded->has_vfio_ccw);
    g_assert_true(real->has_boot_index && recorded->has_boot_index);
    g_assert_true(real->has_force_orb_pfch && recorded->has_force_orb_pfch);
    g_assert_cmpint(real->has_loadparm, ==, recorded->has_loadparm);
    g_assert_cmpint(real->has_iommufd, ==, recorded->has_iommufd);
    g_assert_cmpint(real->dialect, ==, recorded->dialect);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/capabilities/real",
                    g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0 ? record : compare);
    return g_test_run();
}
