/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/caps-libvirt.h"

#include <string.h>

#include "conf/uuid.h"
#include "qemu/argv.h"
#include "qemu/props.h"
#include "util/error.h"

#define SAMPLE                                                                                                         \
    "<domain type='qemu'><name>libvirt-ccw-sample</name><memory unit='MiB'>64</memory>"                                \
    "<os><type arch='%s' machine='s390-ccw-virtio'>hvm</type></os>%s<devices><emulator>%s</emulator>"                  \
    "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-ccw'>%s<source><address uuid='%s'/></source>"      \
    "</hostdev></devices></domain>"

/* Elements to add to the sample, and the device's property that libvirt makes of them if it knows the elements. */
static const struct {
    gsize offset; /* in QemuLibvirtCaps */
    const char *in_domain;
    const char *in_hostdev;
    const char *property;
} questions[] = {
    { G_STRUCT_OFFSET(QemuLibvirtCaps, has_loadparm), "", "<boot order='1' loadparm='2'/>", "loadparm" },
    { G_STRUCT_OFFSET(QemuLibvirtCaps, has_iommufd), "<iommufd enabled='yes'/>", "<driver iommufd='yes'/>", "iommufd" },
};

/*
 * Returns: the properties of the vfio-ccw device in libvirt's command line for a sample, or NULL without such a device.
 */
static QemuProps *find_device(const char *line)
{
    g_autoptr(QemuArgv) argv = qemu_argv_parse_shell(line, NULL);

    for (guint i = 0; argv && i < argv->args->len; i++) {
        const QemuArg *arg = g_ptr_array_index(argv->args, i);
        g_autoptr(QemuProps) props = NULL;

        if (!qemu_arg_is(arg, "device") || !arg->value)
            continue;
        props = qemu_props_parse(arg->value, "driver");
        if (props && qemu_props_equal(props, "driver", "vfio-ccw"))
            return g_steal_pointer(&props);
    }
    return NULL;
}

static char *make_line(QemuPrivateLibvirt *driver, const char *emulator, const QemuCaps *caps, const char *in_domain,
                       const char *in_hostdev, GError **error)
{
    g_autofree char *target = g_markup_escape_text(caps->target, -1);
    g_autofree char *path = g_markup_escape_text(emulator, -1);
    char uuid[CONF_UUID_STR_LEN];
    g_autofree char *xml =
        g_strdup_printf(SAMPLE, target, in_domain, path, in_hostdev, conf_uuid_encode(&(CcwBusId){ 0 }, uuid));

    return qemu_private_libvirt_native(driver, xml, error);
}

/* line: NULL if libvirt rejects the element. Returns: whether the device has the property. */
static gboolean has_property(const char *line, const char *property)
{
    g_autoptr(QemuProps) device = line ? find_device(line) : NULL;

    return device && qemu_props_get(device, property, NULL);
}

gboolean qemu_libvirt_caps_ask(QemuPrivateLibvirt *driver, const char *emulator, const QemuCaps *caps,
                               QemuLibvirtCaps *ret_caps, GError **error)
{
    g_autofree char *plain = NULL;

    memset(ret_caps, 0, sizeof(*ret_caps));
    if (!caps->has_ccw_machine) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "emulator %s has no machine type s390-ccw-virtio",
                    emulator);
        return FALSE;
    }
    plain = make_line(driver, emulator, caps, "", "", error);
    if (!plain)
        return FALSE;
    ret_caps->has_vfio_ccw = has_property(plain, "driver");
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autofree char *line =
            make_line(driver, emulator, caps, questions[i].in_domain, questions[i].in_hostdev, NULL);

        G_STRUCT_MEMBER(gboolean, ret_caps, questions[i].offset) = has_property(line, questions[i].property);
    }
    return TRUE;
}
