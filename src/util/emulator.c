/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/emulator.h"

#include <string.h>

#include "util/error.h"

#define PREFIX "qemu-system-"
#define KVM "qemu-kvm"
#define LIBEXEC_KVM "/usr/libexec/" KVM

const char *const ccw_emulator_names[] = { PREFIX "s390x", KVM, NULL };

/* The search order. qemu-kvm emulates s390x only on an s390x machine. */
static const char *const default_emulators[] = { PREFIX "s390x", KVM, LIBEXEC_KVM };

gboolean ccw_emulator_is_s390x(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_strv_contains(ccw_emulator_names, name);
}

gboolean ccw_emulator_is_qemu(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_str_has_prefix(name, PREFIX) || g_strv_contains(ccw_emulator_names, name);
}

char *ccw_emulator_find(const char *name, GError **error)
{
    char *path = NULL;

    if (name) {
        path = g_find_program_in_path(name);
        if (!path)
            g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                        "%s is not an executable program%s: name an emulator "
                        "that is there",
                        name, strchr(name, '/') ? "" : " in PATH");
        return path;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(default_emulators) && !path; i++)
        path = g_find_program_in_path(default_emulators[i]);
    if (!path)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no emulator for s390x, neither qemu-system-s390x nor qemu-kvm in PATH, nor " LIBEXEC_KVM
                    ": install QEMU for s390x, or name an emulator");
    return path;
}
