/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/build.h"

#include <string.h>

#include "conf/conf.h"
#include "qemu/dialect.h"
#include "util/error.h"

static const struct {
    const char *name;
    CcwDialect dialect;
} dialects[] = {
    { "stock", CCW_DIALECT_STOCK },
    { "series", CCW_DIALECT_SERIES },
};

gboolean ccw_dialect_from_name(const char *name, CcwDialect *ret_dialect)
{
    for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++) {
        if (strcmp(dialects[i].name, name) == 0) {
            *ret_dialect = dialects[i].dialect;
            return TRUE;
        }
    }
    return FALSE;
}

CcwArgv *ccw_build_argv(CcwEmbed *embed, const char *xml, CcwDialect dialect, const CcwQemuValidate *with,
                        GError **error)
{
    CcwMapCss map_css = CCW_MAP_CSS_ABSENT;
    g_autoptr(CcwArgv) argv = NULL;
    g_autoptr(GArray) hostdevs = NULL;
    g_autofree char *stock_xml = NULL, *line = NULL;
    gboolean changed;

    hostdevs = ccw_conf_collect(xml, &map_css, error);
    if (!hostdevs || !ccw_qemu_validate(xml, with, error))
        return NULL;
    stock_xml = ccw_conf_lower(xml, CCW_MAP_CSS_ABSENT, &changed, error);
    if (!stock_xml)
        return NULL;
    line = ccw_embed_native(embed, stock_xml, error);
    if (!line)
        return NULL;
    argv = ccw_argv_parse_shell(line, error);
    if (!argv)
        return NULL;
    if (dialect == CCW_DIALECT_SERIES)
        ccw_dialect_to_series(argv, map_css);
    return g_steal_pointer(&argv);
}
