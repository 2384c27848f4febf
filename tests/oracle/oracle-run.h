/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the programs of a core, in their order, on a volume: on Hercules, and on the device library. */
#pragma once

#include "channel/translate.h"
#include "dasd/dasd-device.h"
#include "oracle-core.h"

/* The device library: a 3390 on an image of oracle-image.h. */
typedef struct {
    DasdDevice *device;
    ChannelTranslation *translation;
    ChannelMemory memory;
    guint8 *slot; /* of the program that runs */
} OracleDevice;

/**
 * oracle_device_new:
 * @path: of the image
 * @memory: the translation finds the guest's storage with it
 *
 * Returns: the device (free with oracle_device_free()); NULL with @error
 */
OracleDevice *oracle_device_new(const char *path, const ChannelMemory *memory, GError **error);
void oracle_device_free(OracleDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OracleDevice, oracle_device_free)

/**
 * oracle_device_run:
 * @slot: with the ORB of the program; gets the IRB, and what the device told before it
 *
 * Runs the program of a slot. If the program is suspended, this clears the flag of the CCW, and resumes the program.
 */
void oracle_device_run(OracleDevice *device, guint8 *slot);

/**
 * oracle_run_device:
 * @ret_rules: one for each slot: gets the rules of Hercules (oracle-rules.h) that changed something in its program;
 * NULL: the device keeps its own rules
 *
 * Runs all slots on the device library.
 *
 * Returns: FALSE with @error if the image is not valid
 */
gboolean oracle_run_device(Core *core, const char *image, guint *ret_rules, GError **error);

/**
 * oracle_run_hercules:
 * @folder: for the files of Hercules
 * @seconds: how long Hercules may take
 *
 * Runs all slots on Hercules.
 *
 * Returns: FALSE with @error if Hercules cannot start, or does not end in time
 */
gboolean oracle_run_hercules(Core *core, const char *image, const char *folder, guint seconds, GError **error);
