/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-ccw: reads its command line, rewrites QEMU's for the stock binary, opens the images and becomes QEMU. What the
 * preloaded library gets is in util/lab-protocol.h (LIBVIRT_CCW_DEVICES). Taking devices of the host, and giving
 * them back, is supervise.h's.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"
#include "launcher/lease.h"
#include "launcher/monitor.h"
#include "qemu/argv.h"
#include "util/address.h"

typedef struct {
    CcwBusId id;
    char *path;
    int fd; /* -1 until it is opened */
    DasdImageOptions options;
} CcwLaunchDasd;

typedef struct {
    gboolean help;
    gboolean version;
    GPtrArray *dasds; /* of CcwLaunchDasd *, each id once */
    CcwArgv *argv;    /* QEMU's; its program is NULL if none was named */
    char *qmp;        /* path of a monitor that takes hostid, or NULL */
    int library_fd;   /* -1, or the library, where LD_PRELOAD cannot hold its name */

    /* of ccw_launch_prepare */
    CcwMonitor monitor; /* of qmp; its descriptors are -1 without */
    GArray *taken;      /* of CcwBusId: to be taken from the host with the lease */
    CcwLease *lease;    /* borrowed; NULL: nothing is taken, now or later, and ccw_launch_exec is enough */
} CcwLaunch;

void ccw_launch_free(CcwLaunch *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwLaunch, ccw_launch_free)

/*
 * Reads the words after the program's name. Options with two dashes are ours, with one dash QEMU's with its value;
 * after "--" all are QEMU's. A first word of QEMU's that is the path of a qemu-system-* or qemu-kvm names the program,
 * so that a line printed by "virt-ccw argv --dialect series" can follow. Errors: G_OPTION_ERROR (usage);
 * CCW_ERROR_INVALID (a bus id that is none, given twice).
 */
CcwLaunch *ccw_launch_parse(char *const *words, GError **error);

typedef struct {
    const char *sysfs_root; /* "/sys": of mediated devices */
    const char *cache_dir;  /* of capabilities: ccw_caps_get */
    CcwLease *lease;        /* to take the host's devices with; NULL: a hostid without an image must have its mdev */
} CcwLaunchPlaces;

/*
 * Makes everything ready: the arguments, in the dialect of the program, the images (opened and locked), the library. A
 * program that is to have channel devices is asked whether it can.
 * *ret_warning is NULL or a line for the user. *ret_envp is the environment to execute with, made from envp.
 * Errors: CCW_ERROR_INVALID, CCW_ERROR_NOT_FOUND, CCW_ERROR_IMAGE, CCW_ERROR_BUSY, CCW_ERROR_SYSTEM,
 * CCW_ERROR_UNSUPPORTED; one line each.
 */
gboolean ccw_launch_prepare(CcwLaunch *launch, const CcwLaunchPlaces *places, char *const *envp, char ***ret_envp,
                            char **ret_warning, GError **error);

/* Closes what QEMU has of the monitor; once QEMU has ended, so does the monitor. */
void ccw_launch_close_monitor(CcwLaunch *launch);

/* Becomes QEMU; returns on failure only. */
void ccw_launch_exec(CcwLaunch *launch, char **envp, GError **error);
