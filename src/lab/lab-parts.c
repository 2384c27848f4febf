/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-parts.h"

#include "util/error.h"
#include "util/paths.h"

static const struct {
    const char *name;
    gboolean needed;
} programs[] = {
    { "virt-ccw", TRUE },
    { "virtccwd", TRUE },
    { "libvirt-ccw-vfio.so", TRUE },
    { "qemu-ccw", FALSE },
    { "libvirt-ccw-common.rng", FALSE },
    { "libvirt-ccw-domain.rng", FALSE },
    { "libvirt-ccw-hostdev.rng", FALSE },
    { "libvirt-ccw-nodedev.rng", FALSE },
};

static char *find_libvirtd(GError **error)
{
    static const char *const places[] = { "/usr/sbin/libvirtd", "/usr/local/sbin/libvirtd" };
    char *path = g_find_program_in_path("libvirtd");

    for (gsize i = 0; !path && i < G_N_ELEMENTS(places); i++)
        if (g_file_test(places[i], G_FILE_TEST_IS_EXECUTABLE))
            path = g_strdup(places[i]);
    if (!path)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no libvirtd on this host: install libvirt's daemon and its QEMU driver");
    return path;
}

/* Where it is missing, libvirtd gives up on node devices without a word (udevStateInitializeEnumerate). */
static gboolean check_mdevctl(GError **error)
{
    g_autofree char *path = g_find_program_in_path("mdevctl");

    if (path || g_file_test("/usr/sbin/mdevctl", G_FILE_TEST_IS_EXECUTABLE))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "there is no mdevctl on this host: install it, because libvirtd needs it for node devices");
    return FALSE;
}

LabParts *lab_parts_find(GError **error)
{
    g_autoptr(LabParts) parts = g_new0(LabParts, 1);

    parts->programs = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        char *path = ccw_paths_find(programs[i].name, programs[i].needed ? error : NULL);

        if (path)
            g_ptr_array_add(parts->programs, path);
        else if (programs[i].needed)
            return NULL;
    }
    parts->libvirtd = find_libvirtd(error);
    return parts->libvirtd && check_mdevctl(error) ? g_steal_pointer(&parts) : NULL;
}

void lab_parts_free(LabParts *parts)
{
    g_ptr_array_unref(parts->programs);
    g_free(parts->libvirtd);
    g_free(parts);
}
