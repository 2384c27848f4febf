/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw lower, raise and validate: XML in, XML or a verdict out. */
#include <stdio.h>

#include "cmd.h"
#include "commands.h"
#include "conf/conf.h"
#include "qemu/validate.h"

/* The one FILE argument and its text. -1 to go on, else the exit code. */
static int read_argument(int argc, char **argv, const char *summary, char **ret_text)
{
    g_autoptr(GError) error = NULL;
    int rc = cmd_options("[FILE]", summary, NULL, FALSE, &argc, &argv);

    if (rc >= 0)
        return rc;
    if (argc > 2)
        return cmd_usage("give one FILE: '%s' is one too many", argv[2]);
    *ret_text = cmd_read_input(argc == 2 ? argv[1] : NULL, CCW_CONF_XML_MAX, &error);
    return *ret_text ? -1 : cmd_fail(g_steal_pointer(&error));
}

/* What came back unchanged may not have been looked at. */
static int write_result(const char *text, const char *result, gboolean changed)
{
    g_autoptr(GError) error = NULL;

    if (!changed && !ccw_conf_check(text, &error))
        return cmd_fail(g_steal_pointer(&error));
    fputs(result, stdout);
    return CMD_OK;
}

int cmd_lower(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autofree char *result = NULL;
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    int rc = read_argument(argc, argv, "Writes a domain or hostdev XML as stock libvirt takes it.", &text);

    if (rc >= 0)
        return rc;
    result = ccw_conf_lower(text, CCW_MAP_CSS_ABSENT, &changed, &error);
    return result ? write_result(text, result, changed) : cmd_fail(g_steal_pointer(&error));
}

int cmd_raise(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autofree char *result = NULL;
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    int rc = read_argument(argc, argv, "Writes a stock domain or hostdev XML with its ccw devices as such.", &text);

    if (rc >= 0)
        return rc;
    result = ccw_conf_raise(text, &changed, &error);
    return result ? write_result(text, result, changed) : cmd_fail(g_steal_pointer(&error));
}

int cmd_validate(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwHost) host = ccw_host_new(CCW_HOST_SYSFS, "/proc", CCW_HOST_RUN_DIR);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    const CcwQemuValidate with = { .host = host, .warnings = warnings };
    int rc = read_argument(
        argc, argv,
        "Validates a domain, hostdev or node device XML against libvirt's schema and ours, and the channel "
        "devices in it by what QEMU can do. No emulator is run.",
        &text);

    if (rc >= 0)
        return rc;
    /* The schema's words are libxml2's: ours come first. */
    if (!ccw_qemu_validate(text, &with, &error) || !ccw_conf_validate(text, &error))
        return cmd_fail(g_steal_pointer(&error));
    cmd_warn(warnings);
    return CMD_OK;
}
