/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The modules of a kernel, as its modules.dep and modules.builtin list them: which files a module needs, in the order
 * in which they are loaded.
 */
#pragma once

#include <glib.h>

typedef struct _ImageModules ImageModules;

/**
 * image_modules_parse:
 * @dep: text of modules.dep
 * @builtin: text of modules.builtin; NULL: the kernel has no module built in
 *
 * Returns: the modules; NULL with CCW_ERROR_INVALID, which names the line
 */
ImageModules *image_modules_parse(const char *dep, const char *builtin, GError **error);

void image_modules_free(ImageModules *modules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageModules, image_modules_free)

/**
 * image_modules_add:
 * @name: of a module, "dasd_eckd_mod"; '-' and '_' are the same, as for modprobe
 * @paths: char *, in the folder of modules.dep; gets the module behind everything that it needs, and nothing twice
 *
 * A module that is built into the kernel adds nothing.
 *
 * Returns: FALSE with CCW_ERROR_NOT_FOUND if the kernel has no such module, or CCW_ERROR_INVALID if modules.dep is
 * damaged
 */
gboolean image_modules_add(const ImageModules *modules, const char *name, GPtrArray *paths, GError **error);
