/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/caps-libvirt.h"

#include <string.h>

#include "conf/uuid.h"
#include "util/error.h"

#define SAMPLE                                                                                                         \
    "<domain type='qemu'><name>libvirt-ccw-sample</name><memory unit='MiB'>64</memory>"                                \
    "<os><type arch='%s' machine='s390-ccw-virtio'>hvm</type></os>%s<devices><emulator>%s</emulator>"                  \
    "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-ccw'>%s<source><address uuid='%s'/></source>"      \
    "</hostdev></devices></domain>"
#define DEVICE "\"driver\":\"vfio-ccw\""

/* What is added to the sample, and the property that the device then has. libvirt ignores an element that it does not
 * know. */
static const struct {
    gsize offset; /* in CcwLibvirtCaps */
    const char *in_domain;
    const char *in_hostdev;
    const char *property;
} questions[] = {
    { G_STRUCT_OFFSET(CcwLibvirtCaps, loadparm), "", "<boot order='1' loadparm='2'/>", "\"loadparm\":" },
    { G_STRUCT_OFFSET(CcwLibvirtCaps, iommufd), "<iommufd enabled='yes'/>", "<driver iommufd='yes'/>", "\"iommufd\":" },
};

static char *make_line(CcwEmbed *embed, const char *emulator, const CcwCaps *caps, const char *in_domain,
                       const char *in_hostdev, GError **error)
{
    g_autofree char *target = g_markup_escape_text(caps->target, -1);
    g_autofree char *path = g_markup_escape_text(emulator, -1);
    char uuid[CCW_UUID_STR_LEN];
    g_autofree char *xml =
        g_strdup_printf(SAMPLE, target, in_domain, path, in_hostdev, ccw_uuid_encode(&(CcwBusId){ 0 }, uuid));

    return ccw_embed_native(embed, xml, error);
}

/* Whether the device has the property in libvirt's command line. An error is a no: libvirt refuses the element. */
static gboolean has_property(const char *line, const char *property)
{
    const char *device = line ? strstr(line, DEVICE) : NULL;
    g_autofree char *words = device ? g_strndup(device, strcspn(device, "}")) : NULL;

    return words && strstr(words, property);
}

gboolean ccw_libvirt_caps_ask(CcwEmbed *embed, const char *emulator, const CcwCaps *caps, CcwLibvirtCaps *ret_caps,
                              GError **error)
{
    g_autofree char *plain = NULL;

    memset(ret_caps, 0, sizeof(*ret_caps));
    if (!caps->ccw_machine) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "emulator %s has no machine type s390-ccw-virtio",
                    emulator);
        return FALSE;
    }
    plain = make_line(embed, emulator, caps, "", "", error);
    if (!plain)
        return FALSE;
    ret_caps->vfio_ccw = has_property(plain, DEVICE);
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autofree char *line = make_line(embed, emulator, caps, questions[i].in_domain, questions[i].in_hostdev, NULL);

        G_STRUCT_MEMBER(gboolean, ret_caps, questions[i].offset) = has_property(line, questions[i].property);
    }
    return TRUE;
}
