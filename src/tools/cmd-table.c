/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-table.h"

#include <stdio.h>
#include <string.h>

#include "util/ccw-config.h"

static gboolean want_help;

static const GOptionEntry help_options[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &want_help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL,
};

static const GOptionEntry common_options[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &cmd_is_quiet, "Do not print progress, hints, warnings or success messages",
      NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &cmd_is_verbose, "Print all details and each step", NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &want_help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL,
};

const GOptionEntry *cmd_common_options(const CmdCommand *command)
{
    if (!command->func)
        return NULL;
    return command->is_daemon ? help_options : common_options;
}

const CmdCommand *cmd_find_verb(const CmdCommand *command, const char *name)
{
    for (gsize i = 0; command->verbs && command->verbs[i]; i++)
        if (strcmp(command->verbs[i]->name, name) == 0)
            return command->verbs[i];
    return NULL;
}

/* Returns: "create, info or check" */
static char *verb_names(const CmdCommand *command)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; command->verbs[i]; i++)
        g_string_append_printf(names, "%s%s", !i ? "" : command->verbs[i + 1] ? ", " : " or ", command->verbs[i]->name);
    return g_string_free(names, FALSE);
}

static int print_verbs(const CmdCommand *command)
{
    const char *name = g_get_prgname();

    printf("Usage: %s COMMAND [ARGUMENT...]\n\n%s\n\nCommands:\n", name, command->description);
    for (gsize i = 0; command->verbs[i]; i++)
        printf("  %-12s %s\n", command->verbs[i]->name, command->verbs[i]->summary);
    printf("\n'%s COMMAND --help' explains a command%s.\n", name,
           strchr(name, ' ') ? "" : "; --version shows the version");
    return CMD_OK;
}

/* Removes a "--" that GOption leaves: before an argument that begins with '-', or before a command. */
static void drop_separator(gboolean is_posix, int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        gboolean is_needed = i + 1 < *argc && argv[i + 1][0] == '-';

        if (strcmp(argv[i], "--") == 0 && (is_posix || is_needed)) {
            memmove(argv + i, argv + i + 1, (gsize)(*argc - i) * sizeof(*argv));
            --*argc;
            return;
        }
        if (is_posix) /* the following words belong to the command */
            return;
    }
}

static GOptionContext *make_context(const CmdCommand *command)
{
    GOptionContext *context = g_option_context_new(command->arguments);
    const GOptionEntry *common = cmd_common_options(command);

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->description);
    g_option_context_set_strict_posix(context, command->is_posix);
    if (command->options)
        g_option_context_add_main_entries(context, command->options, NULL);
    if (common)
        g_option_context_add_main_entries(context, common, NULL);
    return context;
}

int cmd_print_help(const CmdCommand *command)
{
    g_autoptr(GOptionContext) context = make_context(command);
    g_autofree char *help = g_option_context_get_help(context, FALSE, NULL);

    fputs(help, stdout);
    return CMD_OK;
}

/* Parses the options of a command, then calls its function. */
static int run_func(const CmdCommand *command, int argc, char **argv)
{
    g_autoptr(GOptionContext) context = make_context(command);
    g_autoptr(GError) error = NULL;

    if (!g_option_context_parse(context, &argc, &argv, &error))
        return cmd_usage("%s", error->message);
    drop_separator(command->is_posix, &argc, argv);
    if (want_help)
        return cmd_print_help(command);
    if (cmd_is_verbose)
        cmd_show_steps();
    return command->func(argc, argv);
}

static gboolean is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Runs the verb that argv[1] names. */
static int run_verb(const CmdCommand *command, int argc, char **argv)
{
    const char *kind = strchr(g_get_prgname(), ' ') ? "verb" : "command";
    const CmdCommand *verb = argc > 1 ? cmd_find_verb(command, argv[1]) : NULL;
    g_autofree char *names = verb_names(command);
    g_autofree char *name = NULL;

    if (argc > 1 && is_help(argv[1]))
        return print_verbs(command);
    if (argc < 2)
        return cmd_usage("a %s is missing: %s", kind, names);
    if (!verb)
        return cmd_usage("there is no %s '%s': %s", kind, argv[1], names);
    name = g_strdup_printf("%s %s", g_get_prgname(), verb->name);
    g_set_prgname(name);
    return verb->verbs ? run_verb(verb, argc - 1, argv + 1) : run_func(verb, argc - 1, argv + 1);
}

/* Runs "help COMMAND [VERB]" as "COMMAND [VERB] --help". */
static int run_help(const CmdCommand *program, int argc, char **argv)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    for (int i = 1; i < argc; i++)
        g_ptr_array_add(words, argv[i]);
    g_ptr_array_add(words, (gpointer) "--help");
    g_ptr_array_add(words, NULL);
    return run_verb(program, argc, (char **)words->pdata);
}

int cmd_run(const CmdCommand *program, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program->name, CCW_VERSION);
        return CMD_OK;
    }
    if (!program->verbs)
        return run_func(program, argc, argv);
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return run_help(program, argc, argv);
    return run_verb(program, argc, argv);
}
