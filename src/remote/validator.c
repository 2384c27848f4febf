/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/validator.h"

#include <string.h>

#include "qemu/validate.h"
#include "util/error.h"

#define UNSUPPORTED "unsupported configuration: "

/* libvirt's client library puts the words of CCW_ERROR_UNSUPPORTED's number before the message. */
static void sort_error(GError *error)
{
    char *at = g_error_matches(error, CCW_ERROR, CCW_ERROR_INVALID) ? strstr(error->message, UNSUPPORTED) : NULL;

    if (!at)
        return;
    memmove(at, at + strlen(UNSUPPORTED), strlen(at + strlen(UNSUPPORTED)) + 1);
    error->code = CCW_ERROR_UNSUPPORTED;
}

static gboolean validate(const char *xml, const CcwMapCss *map_css, CcwQemuValidate *with, GError **error)
{
    with->has_domain = map_css != NULL;
    with->map_css = map_css ? *map_css : CCW_MAP_CSS_ABSENT;
    return ccw_qemu_validate(xml, with, error);
}

gboolean ccw_validator_check(const char *xml, const CcwMapCss *map_css, GError **error)
{
    CcwQemuValidate with = { 0 };
    GError *local = NULL;

    if (validate(xml, map_css, &with, &local))
        return TRUE;
    sort_error(local);
    g_propagate_error(error, local);
    return FALSE;
}

GPtrArray *ccw_validator_read(const char *xml, GArray *devices)
{
    GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
    CcwQemuValidate with = { .devices = devices, .warnings = warnings };

    validate(xml, NULL, &with, NULL);
    return warnings;
}

GPtrArray *ccw_validator_warn(const char *xml, const CcwMapCss *map_css, CcwHost *host)
{
    GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
    CcwQemuValidate with = { .host = host, .warnings = warnings };

    validate(xml, map_css, &with, NULL);
    return warnings;
}
