/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/node-name.h"
#include "util/error.h"

/*
 * A caller may close descriptors 0 to 2, and the next file opened would take their place: messages would then be
 * written into an image. What stands there instead fails as a closed one does: stdin is only written, the others only
 * read.
 */
static void occupy_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            exit(CMD_FAILED); /* and there is nowhere to say so */
    }
}

void cmd_start(const char *name)
{
    occupy_standard_files();
    setlocale(LC_ALL, "");
    g_set_prgname(name);
}

int cmd_finish(int code)
{
    g_autoptr(GError) error = NULL;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (code != CMD_OK) /* that was said already */
        return code;
    ccw_error_set_errno(&error, errno ? errno : EIO, "cannot write to standard output");
    return cmd_fail(g_steal_pointer(&error));
}

/* A message is one line, whatever a file name or XML text in it holds. */
static void print_line(const char *prefix, const char *message)
{
    g_autofree char *line = ccw_one_line(message);

    fprintf(stderr, "%s: %s%s\n", g_get_prgname(), prefix, g_strchomp(line));
}

int cmd_fail(GError *error)
{
    print_line("error: ", error->message);
    g_error_free(error);
    return CMD_FAILED;
}

void cmd_warn(GPtrArray *warnings)
{
    for (guint i = 0; i < warnings->len; i++)
        print_line("warning: ", g_ptr_array_index(warnings, i));
}

int cmd_usage(const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    print_line("", message);
    fprintf(stderr, "Try '%s --help'.\n", g_get_prgname());
    return CMD_USAGE;
}

/* GOption leaves a "--" where it is if an argument that begins with '-' follows, or a command. */
static void drop_separator(gboolean strict_posix, int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        gboolean needed = i + 1 < *argc && argv[i + 1][0] == '-';

        if (strcmp(argv[i], "--") == 0 && (strict_posix || needed)) {
            memmove(argv + i, argv + i + 1, (gsize)(*argc - i) * sizeof(*argv));
            --*argc;
            return;
        }
        if (strict_posix) /* what follows is the command's */
            return;
    }
}

int cmd_options(const char *parameters, const char *summary, const GOptionEntry *entries, gboolean strict_posix,
                int *argc, char ***argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(parameters);
    g_autoptr(GError) error = NULL;
    g_autofree char *help = NULL;
    gboolean want_help = FALSE;
    const GOptionEntry help_entry[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, &want_help, "Show this help", NULL },
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, summary);
    g_option_context_set_strict_posix(context, strict_posix);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, help_entry, NULL);
    if (!g_option_context_parse(context, argc, argv, &error))
        return cmd_usage("%s", error->message);
    drop_separator(strict_posix, argc, *argv);
    if (!want_help)
        return -1;
    help = g_option_context_get_help(context, FALSE, NULL);
    fputs(help, stdout);
    return CMD_OK;
}

char *cmd_read_input(const char *path, gsize limit, GError **error)
{
    gboolean is_stdin = !path || strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    g_autoptr(GString) text = g_string_new(NULL);
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    char buffer[65536];
    size_t n;
    gboolean failed;
    int saved;

    if (!file) {
        ccw_error_set_errno(error, errno, "cannot open %s", name);
        return NULL;
    }
    while (text->len <= limit && (n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        g_string_append_len(text, buffer, (gssize)n);
    saved = errno;
    failed = ferror(file) != 0;
    if (!is_stdin)
        fclose(file);
    if (failed)
        ccw_error_set_errno(error, saved, "cannot read %s", name);
    else if (text->len > limit)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is longer than %zu bytes", name, limit);
    else if (memchr(text->str, '\0', text->len))
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s holds a NUL byte: it is not text", name);
    else
        return g_strdup(text->str);
    return NULL;
}

CcwHostDevice *cmd_find_device(CcwHost *host, const char *text, GError **error)
{
    CcwNodeKind kind;
    CcwBusId id;

    if (!ccw_device_name_parse(text, &kind, &id, error))
        return NULL;
    return kind == CCW_NODE_CSS ? ccw_host_lookup_subchannel(host, &id, error) : ccw_host_lookup(host, &id, error);
}
