/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what the dynamic loader of s390x needs to start a program: its interpreter and its libraries. The file comes
 * from a foreign root file system, so nothing in it is trusted.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *interpreter; /* PT_INTERP; NULL for a library or a static program */
    GPtrArray *needed; /* char *: DT_NEEDED */
    char *run_path;    /* DT_RUNPATH, else DT_RPATH, folders divided by colons; NULL */
} ImageElf;

/* Returns: whether the data begins as an ELF file does. */
gboolean image_elf_is(GBytes *data);

/**
 * image_elf_read:
 * @name: of the file, for messages
 *
 * Returns: what the file needs; NULL with CCW_ERROR_INVALID if it is damaged, or not for s390x
 */
ImageElf *image_elf_read(GBytes *data, const char *name, GError **error);

void image_elf_free(ImageElf *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageElf, image_elf_free)
