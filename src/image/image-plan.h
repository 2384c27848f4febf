/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a captive guest: a text with assignments for a shell, which guest/init reads. It reaches the guest as a
 * second initramfs of one file.
 */
#pragma once

#include <glib.h>

typedef struct _ImagePlan ImagePlan;

/* @action: "build" or "run", a file of src/image/guest */
ImagePlan *image_plan_new(const char *action);
void image_plan_free(ImagePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImagePlan, image_plan_free)

/* Adds NAME=VALUE. The value may be any text. */
void image_plan_set(ImagePlan *plan, const char *name, const char *value);

/* Adds the shell function command_line: it runs the command that its arguments and then @words form. */
void image_plan_set_command(ImagePlan *plan, char *const *words);

/* Returns: the initramfs; NULL with CCW_ERROR_SYSTEM. */
GBytes *image_plan_finish(const ImagePlan *plan, GError **error);
