/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw lower, raise and validate: convert and validate XML. */
#include <stdio.h>

#include "cmd-table.h"
#include "commands.h"
#include "conf/conf.h"
#include "qemu/validate.h"

/* Reads the text of the only argument, FILE. Returns: -1, or the exit code. */
static int read_argument(int argc, char **argv, char **ret_text)
{
    g_autoptr(GError) error = NULL;

    if (argc > 2)
        return cmd_usage("give one FILE: '%s' is one too many", argv[2]);
    *ret_text = cmd_read_input(argc == 2 ? argv[1] : NULL, CONF_XML_MAX, &error);
    return *ret_text ? -1 : cmd_fail(g_steal_pointer(&error));
}

/* Writes a result. Checks XML that is unchanged, because a conversion without channel devices does not check it. */
static int write_result(const char *text, const char *result, gboolean changed)
{
    g_autoptr(GError) error = NULL;

    if (!changed && !conf_check(text, &error))
        return cmd_fail(g_steal_pointer(&error));
    fputs(result, stdout);
    return CMD_OK;
}

static int run_lower(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autofree char *result = NULL;
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    int rc = read_argument(argc, argv, &text);

    if (rc >= 0)
        return rc;
    result = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &error);
    return result ? write_result(text, result, changed) : cmd_fail(g_steal_pointer(&error));
}

static int run_raise(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autofree char *result = NULL;
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    int rc = read_argument(argc, argv, &text);

    if (rc >= 0)
        return rc;
    result = conf_raise(text, &changed, &error);
    return result ? write_result(text, result, changed) : cmd_fail(g_steal_pointer(&error));
}

static int run_validate(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(CssHost) host = css_host_new(CSS_HOST_SYSFS, "/proc", CSS_HOST_RUN_DIR);
    g_autoptr(GPtrArray) warnings = qemu_warnings_new();
    const QemuValidate with = { .host = host, .warnings = warnings };
    int rc = read_argument(argc, argv, &text);

    if (rc >= 0)
        return rc;
    /* qemu_validate() is first, because its messages are better than libxml2's. */
    if (!qemu_validate(text, &with, &error) || !conf_validate(text, &error))
        return cmd_fail(g_steal_pointer(&error));
    cmd_warn(warnings);
    return CMD_OK;
}

const CmdCommand cmd_lower = {
    .name = "lower",
    .summary = "convert a domain or hostdev XML for stock libvirt",
    .description = "Converts a domain or hostdev XML to XML for stock libvirt.",
    .arguments = "[FILE]",
    .func = run_lower,
};

const CmdCommand cmd_raise = {
    .name = "raise",
    .summary = "convert a stock domain or hostdev XML to ccw devices",
    .description = "Converts a stock domain or hostdev XML to XML with ccw devices.",
    .arguments = "[FILE]",
    .func = run_raise,
};

const CmdCommand cmd_validate = {
    .name = "validate",
    .summary = "validate a domain, hostdev or node device XML",
    .description = "Validates a domain, hostdev or node device XML by libvirt's schema and ours, and its channel "
                   "devices by what QEMU can do. Starts no emulator.",
    .arguments = "[FILE]",
    .func = run_validate,
};
