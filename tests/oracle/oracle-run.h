/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running the programs of a core, in their order, on a volume: on Hercules, and on the device library.
 */
#pragma once

#include "channel/translate.h"
#include "dasd/dasd-device.h"
#include "oracle-core.h"

/* The device library; device is a 3390 on an image of oracle-image.h. */
typedef struct {
    DasdDevice *device;
    CcwTranslation *translation;
    CcwMemory memory;
} OracleDevice;

/* memory: where the translation finds the storage that guest addresses name. */
OracleDevice *oracle_device_new(const char *path, const CcwMemory *memory, GError **error);
void oracle_device_free(OracleDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OracleDevice, oracle_device_free)

/* Runs the program of an ORB. */
void oracle_device_run(OracleDevice *device, const guint8 orb[CCW_ORB_SIZE], guint8 irb[CCW_IRB_SIZE]);

/* Runs all slots. */
gboolean oracle_run_device(Core *core, const char *image, GError **error);

/* Starts Hercules in this folder and waits until it ended, at most so long. */
gboolean oracle_run_hercules(Core *core, const char *image, const char *folder, guint seconds, GError **error);
