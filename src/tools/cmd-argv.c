/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw argv: what QEMU is started with for a domain. */
#include <stdio.h>

#include "cmd.h"
#include "commands.h"
#include "conf/conf.h"
#include "qemu/build.h"
#include "util/emulator.h"

/* Of the emulator that libvirt will take. NULL if it cannot be asked: that is libvirt's to say. */
static CcwCaps *ask_emulator(const char *xml, char **ret_emulator)
{
    g_autofree char *stated = ccw_qemu_emulator(xml);
    g_autofree char *emulator = ccw_emulator_find(stated, NULL);
    g_autofree char *cache = ccw_caps_default_cache();
    CcwCaps *caps = emulator ? ccw_caps_get(emulator, cache, NULL) : NULL;

    *ret_emulator = g_steal_pointer(&emulator);
    return caps;
}

static int print_argv(const char *path, CcwDialect dialect)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwEmbed) embed = NULL;
    g_autoptr(CcwArgv) argv = NULL;
    g_autoptr(CcwCaps) caps = NULL;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *xml = cmd_read_input(path, CCW_CONF_XML_MAX, &error);
    g_autofree char *text = NULL, *emulator = NULL;
    CcwQemuValidate with = { .warnings = warnings };

    if (xml) {
        caps = ask_emulator(xml, &emulator);
        embed = ccw_embed_open(&error);
    }
    with.caps = caps;
    with.emulator = emulator;
    if (embed)
        argv = ccw_build_argv(embed, xml, dialect, &with, &error);
    if (!argv)
        return cmd_fail(g_steal_pointer(&error));
    cmd_warn(warnings);
    text = ccw_argv_format(argv);
    fputs(text, stdout);
    return CMD_OK;
}

int cmd_argv(int argc, char **argv)
{
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        { "dialect", 'd', 0, G_OPTION_ARG_STRING, &name, "Whose command line: stock or series", "stock|series" },
        G_OPTION_ENTRY_NULL,
    };
    CcwDialect dialect;
    int status = cmd_options("[FILE]", "Prints QEMU's command line for the domain in FILE or on standard input.",
                             entries, FALSE, &argc, &argv);

    if (status >= 0)
        return status;
    if (!name)
        return cmd_usage("--dialect stock or --dialect series is missing");
    if (!ccw_dialect_from_name(name, &dialect))
        return cmd_usage("there is no dialect '%s': it is stock or series", name);
    if (argc > 2)
        return cmd_usage("give one FILE: '%s' is one too many", argv[2]);
    return print_argv(argv[1], dialect);
}
