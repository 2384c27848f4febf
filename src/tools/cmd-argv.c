/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw argv: prints QEMU's command line for a domain. */
#include <stdio.h>

#include "cmd-table.h"
#include "commands.h"
#include "conf/conf.h"
#include "qemu/build.h"
#include "util/emulator.h"

/* Asks the emulator that libvirt uses. Returns: NULL if that fails, because libvirt reports the reason later. */
static QemuCaps *ask_emulator(const char *xml, char **ret_emulator)
{
    g_autofree char *stated = qemu_emulator(xml);
    g_autofree char *emulator = ccw_emulator_find(stated, NULL);
    g_autofree char *cache = qemu_caps_default_cache();
    QemuCaps *caps = emulator ? qemu_caps_get(emulator, cache, NULL) : NULL;

    *ret_emulator = g_steal_pointer(&emulator);
    return caps;
}

static int print_argv(const char *path, QemuDialect dialect)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuPrivateLibvirt) driver = NULL;
    g_autoptr(QemuArgv) argv = NULL;
    g_autoptr(QemuCaps) caps = NULL;
    g_autoptr(GPtrArray) warnings = qemu_warnings_new();
    g_autofree char *xml = cmd_read_input(path, CONF_XML_MAX, &error);
    g_autofree char *text = NULL, *emulator = NULL;
    QemuValidate with = { .warnings = warnings };

    if (xml) {
        caps = ask_emulator(xml, &emulator);
        driver = qemu_private_libvirt_open(&error);
    }
    with.caps = caps;
    with.emulator = emulator;
    if (driver)
        argv = qemu_build_argv(driver, xml, dialect, &with, &error);
    if (!argv)
        return cmd_fail(g_steal_pointer(&error));
    cmd_warn(warnings);
    text = qemu_argv_format(argv);
    fputs(text, stdout);
    return CMD_OK;
}

static char *dialect_name;

static const GOptionEntry options[] = {
    { "dialect", 'd', 0, G_OPTION_ARG_STRING, &dialect_name, "For stock QEMU, or in the series' dialect for qemu-ccw",
      "stock|series" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    QemuDialect dialect;

    if (!dialect_name)
        return cmd_usage("--dialect stock or --dialect series is missing");
    if (!qemu_dialect_from_name(dialect_name, &dialect))
        return cmd_usage("there is no dialect '%s': give stock or series", dialect_name);
    if (argc > 2)
        return cmd_usage("give one FILE: '%s' is one too many", argv[2]);
    return print_argv(argv[1], dialect);
}

const CmdCommand cmd_argv = {
    .name = "argv",
    .summary = "print QEMU's command line for a domain",
    .description = "Prints QEMU's command line for the domain in FILE or on standard input.",
    .arguments = "[FILE]",
    .options = options,
    .func = run,
};
