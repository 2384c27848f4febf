/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw: the table of its subcommands.
 */
#include "cmd-complete.h"
#include "cmd-words.h"
#include "commands.h"

/* In the order of --help; cmd-*.c have them. */
static const CmdCommand *const verbs[] = {
    &cmd_dasd,     &cmd_image, &cmd_lab,          &cmd_list,  &cmd_reconcile, &cmd_detach,
    &cmd_reattach, &cmd_reset, &cmd_export,       &cmd_trace, &cmd_lower,     &cmd_raise,
    &cmd_validate, &cmd_argv,  &cmd_capabilities, &cmd_hook,  NULL,
};

static const CmdCommand virt_ccw = {
    .name = "virt-ccw",
    .description = "Channel-attached devices (DASD) of IBM Z for libvirt.",
    .verbs = verbs,
};

int main(int argc, char **argv)
{
    cmd_start(virt_ccw.name);
    if (cmd_complete_is_wanted(argc, argv))
        return cmd_finish(cmd_complete(&virt_ccw, cmd_words, argv + 2));
    return cmd_finish(cmd_run(&virt_ccw, argc, argv));
}
