/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prepares QEMU for qemu-ccw: converts its command line for the stock binary, opens the images, makes the environment
 * of the preloaded library (LIBVIRT_CCW_DEVICES in util/lab-protocol.h), and executes QEMU. supervise.h acquires and
 * releases devices of the host.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"
#include "launcher/host-devices.h"
#include "launcher/monitor.h"
#include "qemu/argv.h"
#include "util/address.h"

typedef struct {
    CcwBusId id;
    char *path;
    int fd;          /* -1 before launcher_prepare() */
    int snapshot_fd; /* -1 before launcher_prepare(), and without a snapshot */
    DasdImageOptions options;
} LauncherDasd;

typedef struct {
    gboolean is_help;    /* the user asks for the help */
    gboolean is_version; /* the user asks for the version */
    GPtrArray *dasds;    /* LauncherDasd *, with unique ids */
    QemuArgv *argv;      /* QEMU's; its program is NULL if the user names no program */
    char *qmp;           /* path of a monitor that knows hostid; NULL: no monitor */
    char *snapshot_dir;  /* folder of snapshots; NULL: as dasd_snapshot_create() chooses */
    int library_fd;      /* the library, if LD_PRELOAD cannot hold its path; -1 */

    /* launcher_prepare() sets these. */
    LauncherMonitor monitor;  /* the monitor of qmp; its descriptors are -1 without one */
    GArray *to_acquire;       /* CcwBusId of the host's devices to acquire */
    LauncherDevices *devices; /* acquires them; the caller owns it. NULL: QEMU uses no device of the host, and the
                                 caller needs launcher_exec() only */
} Launcher;

Launcher *launcher_new(void);
void launcher_free(Launcher *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Launcher, launcher_free)

/* Adds a DASD. @path: of its image */
void launcher_add_dasd(Launcher *launch, const CcwBusId *id, const char *path, const DasdImageOptions *options);

/* Returns: the DASD with a bus id, or NULL if there is no such DASD. */
const LauncherDasd *launcher_find_dasd(const Launcher *launch, const CcwBusId *id);

typedef struct {
    const char *sysfs_root;   /* "/sys" */
    const char *cache_dir;    /* for qemu_caps_get() */
    LauncherDevices *devices; /* acquires the host's devices; NULL: a hostid without an image needs a mediated device */
} LauncherSettings;

/**
 * launcher_prepare: Prepares the arguments in the dialect of the emulator, the images (opened and locked), and the
 * library. Asks the emulator for its capabilities if the guest has channel devices.
 * @envp: the environment of the caller
 * @ret_envp: the environment to execute QEMU with
 * @ret_warning: a line for the user; NULL: no warning
 *
 * Returns: FALSE with CCW_ERROR_INVALID, CCW_ERROR_NOT_FOUND, CCW_ERROR_IMAGE, CCW_ERROR_BUSY, CCW_ERROR_SYSTEM or
 * CCW_ERROR_UNSUPPORTED; each message is one line.
 */
gboolean launcher_prepare(Launcher *launch, const LauncherSettings *settings, char *const *envp, char ***ret_envp,
                          char **ret_warning, GError **error);

/* Closes the descriptors of the monitor that QEMU has, too. So the monitor ends when QEMU ends. */
void launcher_close_monitor(Launcher *launch);

/* Becomes QEMU. Returns with an error on failure only. */
void launcher_exec(Launcher *launch, char **envp, GError **error);
