/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "util/endian.h"
#include "util/error.h"
#include "util/file.h"

static char *folder;

static void attributes(void)
{
    g_autofree char *path = g_build_filename(folder, "attr", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_true(ccw_file_replace(path, "online\n", 7, 0644, &error));
    g_assert_no_error(error);
    text = ccw_attr_read(path, &error);
    g_assert_cmpstr(text, ==, "online");
    g_assert_cmpint(ccw_attr_write(path, "0"), ==, 0);
    g_unlink(path);
    g_assert_cmpint(ccw_attr_write(path, "0"), ==, ENOENT);
    g_assert_null(ccw_attr_read(path, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
}

static void modes(void)
{
    static const mode_t umasks[] = { 0, 022, 077 };
    static const int wanted[] = { 0600, 0644 };
    g_autofree char *path = g_build_filename(folder, "mode", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(umasks) * G_N_ELEMENTS(wanted); i++) {
        mode_t before = umask(umasks[i / G_N_ELEMENTS(wanted)]);
        int mode = wanted[i % G_N_ELEMENTS(wanted)];
        struct stat st;

        g_assert_true(ccw_file_replace(path, "", 0, mode, NULL));
        umask(before);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmphex(st.st_mode & 07777, ==, mode);
    }
    g_unlink(path);
}

static void too_long(void)
{
    g_autofree char *path = g_build_filename(folder, "long", NULL);
    g_autofree char *data = g_strnfill(CCW_ATTR_MAX + 1, 'x');
    g_autoptr(GError) error = NULL;

    g_assert_true(ccw_file_replace(path, data, CCW_ATTR_MAX + 1, 0644, NULL));
    g_assert_null(ccw_attr_read(path, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    g_unlink(path);
}

static void byte_order(void)
{
    guint8 bytes[8] = { 0 };

    ccw_store_be16(bytes, 0x1234);
    g_assert_cmphex(bytes[0], ==, 0x12);
    ccw_store_le32(bytes + 1, 0x01020304);
    g_assert_cmphex(bytes[1], ==, 4);
    g_assert_cmphex(ccw_load_be32(bytes + 1), ==, 0x04030201);
    ccw_store_be64(bytes, 0x0102030405060708);
    g_assert_cmphex(bytes[7], ==, 8);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("test-util-file-XXXXXX", NULL);
    g_test_add_func("/util/file/attributes", attributes);
    g_test_add_func("/util/file/modes", modes);
    g_test_add_func("/util/file/too-long", too_long);
    g_test_add_func("/util/endian", byte_order);
    rc = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return rc;
}
