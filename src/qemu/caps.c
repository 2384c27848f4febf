/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/caps.h"

#include "util/error.h"

#define MACHINE "s390-ccw-virtio"

static const char *const dialect_names[] = {
    [QEMU_CAPS_STOCK] = "stock",
    [QEMU_CAPS_SQUASH_MCSS] = "squash-mcss",
    [QEMU_CAPS_SERIES] = "series",
};

void qemu_caps_free(QemuCaps *caps)
{
    if (!caps)
        return;
    g_free(caps->version);
    g_free(caps->target);
    g_free(caps);
}

const char *qemu_caps_dialect_name(QemuCapsDialect dialect)
{
    return dialect_names[dialect];
}

gboolean qemu_caps_check(const QemuCaps *caps, const char *emulator, const char *what, GError **error)
{
    if (!caps->has_ccw_machine)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "%s: emulator %s (QEMU %s, %s) has no machine type " MACHINE ": name qemu-system-s390x", what,
                    emulator, caps->version, caps->target);
    else if (!caps->has_vfio_ccw)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "%s: VFIO CCW device assignment is not supported by this version of QEMU: emulator %s (QEMU %s) "
                    "has no device vfio-ccw",
                    what, emulator, caps->version);
    return caps->has_ccw_machine && caps->has_vfio_ccw;
}
