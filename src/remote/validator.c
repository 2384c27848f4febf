/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/validator.h"

#include "qemu/validate.h"

void remote_remarks_clear(RemoteRemarks *remarks)
{
    g_clear_pointer(&remarks->warnings, g_ptr_array_unref);
    g_clear_pointer(&remarks->devices, g_array_unref);
}

static QemuValidate prepare(RemoteRemarks *remarks)
{
    remote_remarks_clear(remarks);
    remarks->warnings = qemu_warnings_new();
    remarks->devices = g_array_new(FALSE, FALSE, sizeof(QemuDevice));
    return (QemuValidate){ .devices = remarks->devices, .warnings = remarks->warnings };
}

gboolean remote_validator_check(ConfXml *xml, const ConfMapCss *map_css, RemoteRemarks *remarks, GError **error)
{
    QemuValidate with = prepare(remarks);

    with.has_domain = map_css != NULL;
    with.map_css = map_css ? *map_css : CONF_MAP_CSS_ABSENT;
    return qemu_validate_xml(xml, &with, error);
}

void remote_validator_look_up(RemoteRemarks *remarks, CssHost *host)
{
    if (host && remarks->devices)
        qemu_warn_of_devices(host, remarks->devices, remarks->warnings);
}
