/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/build.h"

#include <string.h>

#include "conf/conf.h"
#include "qemu/dialect.h"
#include "util/error.h"

static const struct {
    const char *name;
    QemuDialect dialect;
} dialects[] = {
    { "stock", QEMU_DIALECT_STOCK },
    { "series", QEMU_DIALECT_SERIES },
};

gboolean qemu_dialect_from_name(const char *name, QemuDialect *ret_dialect)
{
    for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++) {
        if (strcmp(dialects[i].name, name) == 0) {
            *ret_dialect = dialects[i].dialect;
            return TRUE;
        }
    }
    return FALSE;
}

QemuArgv *qemu_build_argv(QemuPrivateLibvirt *driver, const char *xml, QemuDialect dialect, const QemuValidate *with,
                          GError **error)
{
    ConfMapCss map_css = CONF_MAP_CSS_ABSENT;
    g_autoptr(QemuArgv) argv = NULL;
    g_autoptr(GArray) hostdevs = NULL;
    g_autofree char *stock_xml = NULL, *line = NULL;
    gboolean changed;

    hostdevs = conf_collect(xml, &map_css, error);
    if (!hostdevs || !qemu_validate(xml, with, error))
        return NULL;
    stock_xml = conf_lower(xml, CONF_MAP_CSS_ABSENT, &changed, error);
    if (!stock_xml)
        return NULL;
    line = qemu_private_libvirt_native(driver, stock_xml, error);
    if (!line)
        return NULL;
    argv = qemu_argv_parse_shell(line, error);
    if (!argv)
        return NULL;
    if (dialect == QEMU_DIALECT_SERIES)
        qemu_dialect_to_series(argv, map_css);
    return g_steal_pointer(&argv);
}
