/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests image/image-modules.h. */
#include "image/image-modules.h"

#include "util/error.h"

#define DEP                                                                                                            \
    "kernel/drivers/s390/block/dasd_mod.ko:\n"                                                                         \
    "kernel/drivers/s390/block/dasd_eckd_mod.ko.xz: kernel/drivers/s390/block/dasd_mod.ko\n"                           \
    "kernel/fs/mbcache.ko.xz:\n"                                                                                       \
    "kernel/fs/jbd2/jbd2.ko.xz: kernel/lib/crc16.ko\n"                                                                 \
    "kernel/lib/crc16.ko:\n"                                                                                           \
    "kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz kernel/lib/crc16.ko\n"
#define BUILTIN "kernel/drivers/block/virtio-blk.ko\n"

static char *load_order(const ImageModules *modules, const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    for (; *names; names++)
        if (!image_modules_add(modules, *names, paths, error))
            return NULL;
    g_ptr_array_add(paths, NULL);
    return g_strjoinv(" ", (char **)paths->pdata);
}

static void check_order(const char *dep, const char *const *names, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageModules) modules = image_modules_parse(dep, BUILTIN, &error);
    g_autofree char *order = NULL;

    g_assert_no_error(error);
    order = load_order(modules, names, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(order, ==, expected);
}

/* Each module comes once, after the modules that it needs, also if the line in modules.dep has another order. */
static void test_order(void)
{
    const char *const names[] = { "ext4", "dasd_eckd_mod", "jbd2", NULL };

    check_order(DEP, names,
                "kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz kernel/fs/ext4/ext4.ko.xz "
                "kernel/drivers/s390/block/dasd_mod.ko kernel/drivers/s390/block/dasd_eckd_mod.ko.xz");
}

static void test_names(void)
{
    const char *const builtin[] = { "virtio_blk", "virtio-blk", NULL };
    const char *const dashes[] = { "dasd-mod", NULL };

    check_order(DEP, builtin, "");
    check_order(DEP, dashes, "kernel/drivers/s390/block/dasd_mod.ko");
}

static void check_refused(const char *dep, const char *name, int code, const char *message)
{
    const char *const names[] = { name, NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageModules) modules = image_modules_parse(dep, NULL, &error);
    g_autofree char *order = modules ? load_order(modules, names, &error) : NULL;

    g_assert_null(order);
    g_assert_error(error, CCW_ERROR, code);
    g_assert_nonnull(strstr(error->message, message));
}

static void test_refused(void)
{
    g_autoptr(GString) chain = g_string_new(NULL);

    check_refused(DEP, "zdsfs", CCW_ERROR_NOT_FOUND, "no module zdsfs");
    check_refused("kernel/a.ko: kernel/b.ko\n", "a", CCW_ERROR_INVALID, "kernel/b.ko has no line");
    check_refused("kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\n", "a", CCW_ERROR_INVALID, "needs itself");
    check_refused("kernel/a.ko:\nkernel/b.ko\n", "a", CCW_ERROR_INVALID, "line 2");
    check_refused("kernel/a.txt:\n", "a", CCW_ERROR_INVALID, "line 1");
    check_refused("../a.ko:\n", "a", CCW_ERROR_INVALID, "line 1");
    check_refused("kernel/a.ko: /etc/b.ko\n", "a", CCW_ERROR_INVALID, "line 1");
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(chain, "m%u.ko: m%u.ko\n", i, i + 1);
    check_refused(chain->str, "m0", CCW_ERROR_INVALID, "too long a chain");
}

/* Every module needs all others: without a limit this would not end. */
static void test_circles(void)
{
    g_autoptr(GString) dep = g_string_new(NULL);

    for (guint i = 0; i < 40; i++) {
        g_string_append_printf(dep, "m%u.ko:", i);
        for (guint k = 0; k < 40; k++)
            g_string_append_printf(dep, " m%u.ko", (i + 1 + k) % 40);
        g_string_append_c(dep, '\n');
    }
    check_refused(dep->str, "m0", CCW_ERROR_INVALID, "needs itself");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/modules/order", test_order);
    g_test_add_func("/image/modules/names", test_names);
    g_test_add_func("/image/modules/refused", test_refused);
    g_test_add_func("/image/modules/circles", test_circles);
    return g_test_run();
}
