/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/node-name.h"
#include "qemu/validate.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"

gboolean cmd_is_quiet;
gboolean cmd_is_verbose;

/*
 * Opens descriptors 0 to 2 that the caller has closed. Otherwise the next file would get their numbers, and messages
 * would go into an image. Their use fails as that of closed ones: stdin is open for writing only, the others for
 * reading only.
 */
static void open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            exit(CMD_FAILED); /* there is no file for a message */
    }
}

void cmd_start(const char *name)
{
    open_standard_files();
    setlocale(LC_ALL, "");
    g_set_prgname(name);
}

int cmd_finish(int code)
{
    g_autoptr(GError) error = NULL;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (code != CMD_OK) /* a message has reported the first error */
        return code;
    ccw_error_set_errno(&error, errno ? errno : EIO, "cannot write to standard output");
    return cmd_fail(g_steal_pointer(&error));
}

#define RED "\033[1;31m"
#define MAGENTA "\033[1;35m"
#define NO_COLOUR "\033[0m"

/* Returns: whether standard error is a terminal with colours, and the user has not set NO_COLOR (no-color.org). */
static gboolean has_colours(void)
{
    const char *no_color = g_getenv("NO_COLOR");
    const char *terminal = g_getenv("TERM");

    return isatty(STDERR_FILENO) && !(no_color && *no_color) && terminal && strcmp(terminal, "dumb") != 0;
}

/* Prints a message as one line, also if a file name or XML text in it has more. kind: "error: " or ""; colour: of it */
static void print_line(const char *kind, const char *colour, const char *message)
{
    g_autofree char *line = ccw_one_line(message);
    gboolean is_coloured = *colour && has_colours();

    fprintf(stderr, "%s: %s%s%s%s\n", g_get_prgname(), is_coloured ? colour : "", kind, is_coloured ? NO_COLOUR : "",
            g_strchomp(line));
}

int cmd_fail(GError *error)
{
    print_line("error: ", RED, error->message);
    g_error_free(error);
    return CMD_FAILED;
}

void cmd_warning(const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    if (cmd_is_quiet)
        return;
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    print_line("warning: ", MAGENTA, message);
}

void cmd_warn(GPtrArray *warnings)
{
    for (guint i = 0; i < warnings->len; i++) {
        g_autofree char *warning = qemu_warning_format(g_ptr_array_index(warnings, i));

        cmd_warning("%s", warning);
    }
}

static GLogWriterOutput write_step(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    const char *message = NULL;

    for (gsize i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = fields[i].value;
    if (!ccw_log_is_ours(fields, n_fields) || !message || !(level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)))
        return g_log_writer_default(level, fields, n_fields, data);
    print_line("", "", message);
    return G_LOG_WRITER_HANDLED;
}

/* Prints each step, and sends to the journal what it would get without --verbose. */
static GLogWriterOutput write_both(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    if (level & G_LOG_LEVEL_INFO && ccw_log_is_ours(fields, n_fields))
        ccw_log_writer_journal(level, fields, n_fields, data);
    return write_step(level, fields, n_fields, data);
}

static GLogWriterFunc writer = g_log_writer_default;

/* GLib lets a program set its writer only once. */
static GLogWriterOutput write_message(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    return writer(level, fields, n_fields, data);
}

static void set_writer(GLogWriterFunc func)
{
    if (writer == g_log_writer_default)
        g_log_set_writer_func(write_message, NULL, NULL);
    writer = func;
}

void cmd_show_steps(void)
{
    set_writer(write_step);
}

void cmd_log_changes(void)
{
    set_writer(writer == write_step ? write_both : ccw_log_writer_journal);
}

int cmd_usage(const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    print_line("", "", message);
    fprintf(stderr, "Try '%s --help'.\n", g_get_prgname());
    return CMD_USAGE;
}

static void mask_signals(int how)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(how, &signals, NULL);
}

void cmd_block_signals(void)
{
    mask_signals(SIG_BLOCK);
}

void cmd_unblock_signals(void)
{
    mask_signals(SIG_UNBLOCK);
}

static gboolean write_in_place(const char *path, const char *text, GError **error)
{
    FILE *file = fopen(path, "we");
    gboolean done = file && fputs(text, file) >= 0;

    if (file && fclose(file) != 0)
        done = FALSE;
    if (!done)
        ccw_error_set_errno(error, errno, "cannot write %s", path);
    return done;
}

gboolean cmd_write_file(const char *path, const char *text, int mode, GError **error)
{
    g_autofree char *real = realpath(path, NULL); /* the file, and not a link to it, is replaced */
    struct stat status;
    gboolean done;

    /* realpath() finds no file for a pipe in /dev/fd. */
    if (stat(path, &status) == 0 && (!real || !S_ISREG(status.st_mode)))
        return write_in_place(path, text, error);
    cmd_block_signals();
    done = ccw_file_replace(real ? real : path, text, strlen(text), mode, error);
    cmd_unblock_signals();
    return done;
}

gboolean cmd_is_one_file(const char *one, const char *other)
{
    struct stat a, b;

    if (stat(one, &a) != 0 || stat(other, &b) != 0)
        return strcmp(one, other) == 0;
    return S_ISREG(a.st_mode) && ccw_file_is_same(&a, &b);
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

CssDevice *cmd_find_device(CssHost *host, const char *text, GError **error)
{
    ConfNodeKind kind;
    CcwBusId id;

    if (!conf_device_name_parse(text, &kind, &id, error))
        return NULL;
    return kind == CONF_NODE_CSS ? css_host_lookup_subchannel(host, &id, error) : css_host_lookup(host, &id, error);
}
