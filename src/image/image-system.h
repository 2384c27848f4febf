/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out how the distribution of a root file system boots and sets a DASD online, and plans what the captive guest
 * writes for it.
 */
#pragma once

#include "image/image-kernel.h"
#include "image/image-plan.h"

/**
 * image_system_plan:
 * @device: the bus id of the DASD
 * @parameters: kernel parameters of the user; NULL: none
 *
 * Adds the settings of guest/build that depend on the root: the kernel, the initramfs, the parameters, and how the DASD
 * is set online.
 *
 * Returns: FALSE with CCW_ERROR_INVALID or CCW_ERROR_NOT_FOUND if the root cannot boot as the user asks
 */
gboolean image_system_plan(const ImageRoot *root, const ImageKernel *kernel, const char *device, const char *parameters,
                           ImagePlan *plan, GError **error);
