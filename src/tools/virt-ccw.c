/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw: the project's own command. It only finds the subcommand.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "util/ccw-config.h"

/* A row a subcommand, in the order of --help; the functions are in cmd-*.c. */
static const struct {
    const char *name;
    CmdFunc func;
    const char *summary;
} commands[] = {
    { "dasd", cmd_dasd, "create, describe or verify a DASD image" },
    { "lab", cmd_lab, "run a command where there is an embedded channel subsystem" },
    { "list", cmd_list, "list the host's channel devices, and who uses them" },
    { "reconcile", cmd_reconcile, "release devices that a crash has left without a guest" },
    { "detach", cmd_detach, "take devices from the host, for guests to use" },
    { "reattach", cmd_reattach, "give devices back to the host" },
    { "reset", cmd_reset, "set devices offline and online again" },
    { "export", cmd_export, "make devices ready for guests without libvirt-ccw" },
    { "trace", cmd_trace, "show the channel I/O of running guests" },
    { "lower", cmd_lower, "write a domain or hostdev XML as stock libvirt takes it" },
    { "raise", cmd_raise, "write a stock XML with its ccw devices as such" },
    { "validate", cmd_validate, "validate a domain, hostdev or node device XML" },
    { "argv", cmd_argv, "print QEMU's command line for a domain" },
    { "capabilities", cmd_capabilities, "tell what an emulator can do for channel devices" },
    { "hook", cmd_hook, "called by libvirt's qemu hook when a guest starts and ends" },
    { NULL, NULL, NULL },
};

static void help(void)
{
    printf("Usage: virt-ccw COMMAND [ARGUMENT...]\n\n"
           "Channel-attached devices (DASD) of IBM Z for libvirt.\n\nCommands:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].name)
            printf("  %-12s %s\n", commands[i].name, commands[i].summary);
    printf("\nvirt-ccw COMMAND --help explains each command; --version shows the version.\n");
}

static int run_command(const char *name, int argc, char **argv)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].name && strcmp(commands[i].name, name) == 0) {
            g_autofree char *prgname = g_strdup_printf("virt-ccw %s", name);

            g_set_prgname(prgname);
            return commands[i].func(argc, argv);
        }
    }
    return cmd_usage("there is no command '%s'", name);
}

/* "help COMMAND [VERB]": the same as "COMMAND [VERB] --help". */
static int run_help(int argc, char **argv)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    for (int i = 0; i < argc; i++)
        g_ptr_array_add(words, argv[i]);
    g_ptr_array_add(words, (gpointer) "--help");
    g_ptr_array_add(words, NULL);
    return run_command(argv[0], argc + 1, (char **)words->pdata);
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name)
        return cmd_usage("a command is missing");
    if (strcmp(name, "help") == 0 && argc > 2)
        return run_help(argc - 2, argv + 2);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        help();
        return CMD_OK;
    }
    if (strcmp(name, "--version") == 0) {
        printf("virt-ccw %s\n", CCW_VERSION);
        return CMD_OK;
    }
    return run_command(name, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    cmd_start("virt-ccw");
    return cmd_finish(run(argc, argv));
}
