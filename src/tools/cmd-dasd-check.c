/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw dasd check: says what is wrong with an image, and where. What is looked at is dasd/dasd-verify.h's.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-verify.h"

#define FINDINGS_SHOWN 50
#define TTY_INTERVAL (G_TIME_SPAN_SECOND / 5)
#define LOG_INTERVAL (5 * G_TIME_SPAN_SECOND)

typedef struct {
    const char *path;
    gboolean verbose;
    guint64 findings;
    guint32 tracks;
    gboolean tty;
    gboolean on_line; /* the terminal's line has a percentage */
    gint64 said;      /* when progress was told last */
} Check;

static void clear_line(Check *check)
{
    if (check->on_line)
        fputs("\r\033[K", stderr);
    check->on_line = FALSE;
}

static void found(const DasdFinding *finding, gpointer opaque)
{
    Check *check = opaque;
    g_autofree char *record = finding->record < 0 ? g_strdup("") : g_strdup_printf(" record %d", finding->record);

    if (++check->findings > FINDINGS_SHOWN && !check->verbose)
        return;
    clear_line(check);
    printf("%s: cylinder %u head %u%s, byte %" G_GUINT64_FORMAT ": %s: %s\n", check->path,
           finding->track / DASD_3390_HEADS, finding->track % DASD_3390_HEADS, record, finding->offset,
           finding->warning ? "warning" : "error", finding->text);
    fflush(stdout);
}

/* On a terminal a line that changes; elsewhere a line now and then. */
static void progress(guint32 tracks, gpointer opaque)
{
    Check *check = opaque;
    gint64 now = g_get_monotonic_time();

    if (now - check->said < (check->tty ? TTY_INTERVAL : LOG_INTERVAL))
        return;
    check->said = now;
    fprintf(stderr, "%s%s: %u %% of %s%s", check->tty ? "\r" : "", g_get_prgname(),
            (guint)((guint64)tracks * 100 / check->tracks), check->path, check->tty ? "" : "\n");
    check->on_line = check->tty;
}

static void print_result(const Check *check, const DasdVerifyResult *result)
{
    if (check->findings > FINDINGS_SHOWN && !check->verbose)
        printf("%s: %" G_GUINT64_FORMAT " more are shown with --verbose\n", check->path,
               check->findings - FINDINGS_SHOWN);
    printf("%s: %s: errors: %" G_GUINT64_FORMAT ", warnings: %" G_GUINT64_FORMAT ", tracks written: %" G_GUINT64_FORMAT
           " of %u, records: %" G_GUINT64_FORMAT "\n",
           check->path, result->errors ? "damaged" : "clean", result->errors, result->warnings, result->written,
           check->tracks, result->records);
}

int cmd_dasd_check(int argc, char **argv)
{
    Check check = { .tty = isatty(STDERR_FILENO) };
    const DasdVerifyEvents events = { found, progress, &check };
    DasdImageOptions options = { .read_only = TRUE };
    DasdVerifyResult result;
    DasdImageInfo info;
    g_autoptr(GError) error = NULL;
    int fd, rc;
    const GOptionEntry entries[] = {
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &check.verbose, "Show all that is found, not the first 50", NULL },
        G_OPTION_ENTRY_NULL,
    };

    rc = cmd_options("IMAGE",
                     "Looks at every track of a DASD image that no device writes, and changes nothing.\n"
                     "The exit code is 0 if it is clean (warnings do not count), 1 if it is damaged.",
                     entries, FALSE, &argc, &argv);
    if (rc >= 0)
        return rc;
    if (argc != 2)
        return cmd_usage(argc < 2 ? "the name of the image is missing" : "one image at a time");
    fd = dasd_image_open(argv[1], &options, &info, &error);
    if (fd < 0)
        return cmd_fail(g_steal_pointer(&error));
    check.path = argv[1];
    check.tracks = info.cylinders * info.heads;
    check.said = g_get_monotonic_time();
    dasd_verify(fd, &info, &events, &result);
    close(fd);
    clear_line(&check);
    print_result(&check, &result);
    return result.errors ? CMD_FAILED : CMD_OK;
}
