/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-programs.h"

#include "util/error.h"
#include "util/paths.h"

/* The lab works without those that are not required. */
static const struct {
    const char *name;
    gboolean is_required;
} own_programs[] = {
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
    static const char *const paths[] = { "/usr/sbin/libvirtd", "/usr/local/sbin/libvirtd" };
    char *path = g_find_program_in_path("libvirtd");

    for (gsize i = 0; !path && i < G_N_ELEMENTS(paths); i++)
        if (g_file_test(paths[i], G_FILE_TEST_IS_EXECUTABLE))
            path = g_strdup(paths[i]);
    if (!path)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no libvirtd on this host: install libvirt's daemon and its QEMU driver");
    return path;
}

/* Without mdevctl, libvirtd lists no node devices and reports no error (udevStateInitializeEnumerate). */
static gboolean check_mdevctl(GError **error)
{
    g_autofree char *path = g_find_program_in_path("mdevctl");

    if (path || g_file_test("/usr/sbin/mdevctl", G_FILE_TEST_IS_EXECUTABLE))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "there is no mdevctl on this host: install it, because libvirtd needs it for node devices");
    return FALSE;
}

LabPrograms *lab_programs_find(GError **error)
{
    g_autoptr(LabPrograms) programs = g_new0(LabPrograms, 1);

    programs->own = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(own_programs); i++) {
        char *path = ccw_paths_find(own_programs[i].name, own_programs[i].is_required ? error : NULL);

        if (path)
            g_ptr_array_add(programs->own, path);
        else if (own_programs[i].is_required)
            return NULL;
    }
    programs->libvirtd = find_libvirtd(error);
    return programs->libvirtd && check_mdevctl(error) ? g_steal_pointer(&programs) : NULL;
}

void lab_programs_free(LabPrograms *programs)
{
    g_ptr_array_unref(programs->own);
    g_free(programs->libvirtd);
    g_free(programs);
}
