/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the channel subsystem, on trees recorded from a kernel. */
#include "css/device.h"
#include "hostdev/journal.h"
#include "sysfs-tree.h"
#include "util/error.h"

#include <string.h>

static CssHost *host_of(Tree *tree)
{
    return tree_host(tree);
}

static CcwBusId bus_id(const char *text)
{
    CcwBusId id = { 0 };

    g_assert_true(ccw_bus_id_parse(text, &id, NULL));
    return id;
}

static char *describe(const CssDevice *device)
{
    g_autofree char *bus = ccw_bus_id_to_string(&device->bus_id);
    g_autofree char *sub = ccw_bus_id_to_string(&device->subchannel);
    g_autofree char *mdevs = g_strjoinv(",", device->mdevs);

    return g_strdup_printf("%s %s %s %s %s %s [%s] %s %d [%s] %s\n", bus, sub, device->cutype, device->devtype,
                           device->driver, device->device_driver, device->chpids, device->block, device->online, mdevs,
                           device->owner);
}

static void assert_list(const char *recording, const char *expected)
{
    g_autoptr(Tree) tree = tree_new(recording);
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) devices = css_host_list(host, &error);
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < devices->len; i++) {
        g_autofree char *line = NULL;

        hostdev_owner_read(host, devices->pdata[i]);
        line = describe(devices->pdata[i]);
        g_string_append(text, line);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

#define OTHERS                                                                                                         \
    "0.0.0009 0.0.0001 3270/00 n/a io_subchannel 3270 [01 00 00 00 00 00 00 00] (null) 0 [] (null)\n"                  \
    "0.0.0200 0.0.0002 3832/09 n/a io_subchannel virtio_ccw [00 00 00 00 00 00 00 00] (null) 1 [] (null)\n"

static void list(void)
{
    assert_list("virtio.txt",
                OTHERS "0.0.1234 0.0.0000 3832/02 n/a io_subchannel virtio_ccw [00 00 00 00 00 00 00 00] vda 1 [] "
                       "(null)\n");
    assert_list("virtio-bound.txt", OTHERS
                "0.0.1234 0.0.0000 (null) (null) vfio_ccw (null) [00 00 00 00 00 00 00 00] (null) -1 [] (null)\n");
    assert_list("virtio-mdev.txt",
                OTHERS "0.0.1234 0.0.0000 (null) (null) vfio_ccw (null) [00 00 00 00 00 00 00 00] (null) -1 "
                       "[cc390000-0000-8000-8000-000000001234] (null)\n");
    assert_list("dasd.txt",
                "0.0.1234 0.0.0000 3990/e9 3390/0c io_subchannel dasd-eckd [40 00 00 00 00 00 00 00] dasda 1 [] "
                "(null)\n"
                "0.0.1235 0.0.0001 3990/e9 3390/0c io_subchannel dasd-eckd [40 00 00 00 00 00 00 00] (null) 0 [] "
                "(null)\n");
}

static void no_css(void)
{
    g_autoptr(CssHost) host = css_host_new("/nonexistent", "/proc", "/nonexistent/run");
    g_autoptr(GError) error = NULL;

    g_assert_null(css_host_list(host, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "no channel subsystem here"));
    g_clear_error(&error);
    g_assert_null(css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, &error));
    g_assert_nonnull(strstr(error->message, "no channel subsystem here"));
    g_clear_error(&error);
    g_assert_null(css_host_lookup_subchannel(host, &(CcwBusId){ .devno = 0 }, &error));
    g_assert_nonnull(strstr(error->message, "no channel subsystem here"));
}

static void lookup(void)
{
    g_autoptr(Tree) tree = tree_new("virtio-bound.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(GError) error = NULL;
    CcwBusId disk = bus_id("0.0.1234"), gone = bus_id("0.0.4321"), sub = bus_id("0.0.0001");
    g_autoptr(CssDevice) by_id = css_host_lookup(host, &disk, NULL);
    g_autoptr(CssDevice) by_subchannel = css_host_lookup_subchannel(host, &sub, NULL);

    g_assert_cmphex(by_id->subchannel.devno, ==, 0);
    g_assert_cmphex(by_subchannel->bus_id.devno, ==, 9);
    g_assert_null(css_host_lookup(host, &gone, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "no ccw device 0.0.4321"));
    g_clear_error(&error);
    g_assert_null(css_host_lookup_subchannel(host, &gone, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
}

/* A link from a device to a subchannel that names another device is ignored. */
static void old_link(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = host_of(tree);
    CcwBusId disk = bus_id("0.0.1234");
    g_autoptr(CssDevice) device = NULL;

    tree_write(tree, "sys/devices/css0/0.0.0000/dev_busid", "0.0.9999\n");
    device = css_host_lookup(host, &disk, NULL);
    g_assert_null(device);
}

/* Finds a device whose subchannel has io_subchannel or vfio_ccw; one without a driver is found only by a search. */
static void bound(void)
{
    g_autoptr(Tree) io = tree_new("virtio.txt");
    g_autoptr(Tree) vfio = tree_new("virtio-bound.txt");
    g_autoptr(CssHost) io_host = host_of(io);
    g_autoptr(CssHost) vfio_host = host_of(vfio);
    CcwBusId disk = bus_id("0.0.1234"), gone = bus_id("0.0.4321");
    g_autoptr(CssDevice) on_io = css_host_lookup_bound(io_host, &disk);
    g_autoptr(CssDevice) on_vfio = css_host_lookup_bound(vfio_host, &disk);
    g_autoptr(CssDevice) searched = NULL;

    g_assert_cmpstr(on_io->driver, ==, "io_subchannel");
    g_assert_cmpstr(on_vfio->driver, ==, "vfio_ccw");
    g_assert_null(css_host_lookup_bound(io_host, &gone));
    tree_remove(vfio, "sys/bus/css/drivers/vfio_ccw/0.0.0000");
    g_assert_null(css_host_lookup_bound(vfio_host, &disk));
    searched = css_host_lookup(vfio_host, &disk, NULL);
    g_assert_nonnull(searched);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/css/list/recordings", list);
    g_test_add_func("/css/list/no-css", no_css);
    g_test_add_func("/css/list/lookup", lookup);
    g_test_add_func("/css/list/old-link", old_link);
    g_test_add_func("/css/list/bound", bound);
    return g_test_run();
}
