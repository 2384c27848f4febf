/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "lab/lab-uevent.h"
#include "util/endian.h"

/* libudev's hash of "vfio", which depends on the host's byte order. */
#define VFIO_HASH (G_BYTE_ORDER == G_BIG_ENDIAN ? 0x77dcffefu : 0x9cba94c3u)

static void message(void)
{
    static const char properties[] = "ACTION=add\0DEVPATH=/devices/virtual/vfio/0\0SUBSYSTEM=vfio\0SEQNUM=7\0"
                                     "MAJOR=254\0DEVNAME=/dev/vfio/0";
    g_autoptr(GByteArray) bytes =
        lab_uevent_message("add", "/devices/virtual/vfio/0", "vfio", "MAJOR=254\nDEVNAME=vfio/0\n", 7);
    guint32 header_size, offset, length;

    g_assert_cmpuint(bytes->len, ==, 40 + sizeof(properties));
    g_assert_cmpmem(bytes->data, 8, "libudev", 8);
    g_assert_cmphex(ccw_load_be32(bytes->data + 8), ==, 0xfeedcafe);
    memcpy(&header_size, bytes->data + 12, 4);
    memcpy(&offset, bytes->data + 16, 4);
    memcpy(&length, bytes->data + 20, 4);
    g_assert_cmphex(ccw_load_be32(bytes->data + 24), ==, VFIO_HASH);
    g_assert_cmpuint(header_size, ==, 40);
    g_assert_cmpuint(offset, ==, 40);
    g_assert_cmpuint(length, ==, sizeof(properties));
    g_assert_cmpmem(bytes->data + 40, length, properties, sizeof(properties));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/uevent/message", message);
    return g_test_run();
}
