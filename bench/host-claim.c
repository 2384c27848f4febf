/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims devices for a domain and releases them, and prints the seconds of each: the hook's work at a guest's start and
 * end. bench/host runs this program in a lab.
 *
 *     bench-host-claim WIDTH KERNEL-MS BUSID...
 *
 * Works on WIDTH devices at a time. Sleeps KERNEL-MS at each write to sysfs, which stands for the time that a
 * mainframe's kernel needs for an offline or a bind; the lab needs hardly any.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "css/host-private.h"
#include "hostdev/claim.h"
#include "hostdev/process.h"
#include "hostdev/release.h"
#include "util/file.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define RUN_DIR "/run/libvirt-ccw"

static gulong kernel_us;

static int slow_write(const char *path, const char *value, gpointer data G_GNUC_UNUSED)
{
    if (kernel_us)
        g_usleep(kernel_us);
    return ccw_attr_write(path, value);
}

static void check(gboolean good, GError *error)
{
    if (good)
        return;
    fprintf(stderr, "bench-host-claim: %s\n", error->message);
    exit(1);
}

int main(int argc, char **argv)
{
    g_autoptr(CssHost) host = css_host_new(CSS_HOST_SYSFS, "/proc", RUN_DIR);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    g_autofree char *token = hostdev_process_identify(host, getpid());
    CssHostOps ops = *host->ops;
    GError *error = NULL;
    gint64 start, claimed;

    if (argc < 4)
        return 2;
    host->parallel = (guint)atoi(argv[1]);
    kernel_us = (gulong)atoi(argv[2]) * 1000;
    ops.attr_write = slow_write;
    host->ops = &ops;
    for (int i = 3; i < argc; i++) {
        CcwBusId id;

        check(ccw_bus_id_parse(argv[i], &id, &error), error);
        g_array_append_val(ids, id);
    }
    start = g_get_monotonic_time();
    check(hostdev_claim_all(host, &g_array_index(ids, CcwBusId, 0), ids->len, DOMAIN, token, &error), error);
    claimed = g_get_monotonic_time();
    check(hostdev_release_domain(host, DOMAIN, &error), error);
    printf("%.6f %.6f\n", (double)(claimed - start) / 1e6, (double)(g_get_monotonic_time() - claimed) / 1e6);
    return 0;
}
