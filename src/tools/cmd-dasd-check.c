/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw dasd check: prints the errors of an image that dasd/dasd-verify.h finds, and its progress.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd-json.h"
#include "cmd-progress.h"
#include "cmd-table.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-verify.h"

#define FINDINGS_SHOWN 50

typedef struct {
    const char *path;
    guint64 findings; /* how many so far */
    guint32 tracks;   /* of the volume */
    CmdProgress progress;
    JsonArray *shown; /* the findings for JSON; NULL: they are printed at once */
} Check;

static void print_finding(Check *check, const DasdFinding *finding)
{
    g_autofree char *record = finding->record < 0 ? g_strdup("") : g_strdup_printf(" record %d", finding->record);

    cmd_progress_clear(&check->progress);
    printf("%s: cylinder %u head %u%s, byte %" G_GUINT64_FORMAT ": %s: %s\n", check->path,
           finding->track / DASD_3390_HEADS, finding->track % DASD_3390_HEADS, record, finding->offset,
           finding->warning ? "warning" : "error", finding->text);
    fflush(stdout);
}

static void add_finding(JsonArray *findings, const DasdFinding *finding)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "cylinder", finding->track / DASD_3390_HEADS);
    json_object_set_int_member(object, "head", finding->track % DASD_3390_HEADS);
    if (finding->record < 0)
        json_object_set_null_member(object, "record");
    else
        json_object_set_int_member(object, "record", finding->record);
    json_object_set_int_member(object, "offset", (gint64)finding->offset);
    json_object_set_string_member(object, "severity", finding->warning ? "warning" : "error");
    json_object_set_string_member(object, "text", finding->text);
    json_array_add_object_element(findings, object);
}

static void on_finding(const DasdFinding *finding, gpointer opaque)
{
    Check *check = opaque;

    if (cmd_is_quiet && finding->warning && !check->shown)
        return;
    if (++check->findings > FINDINGS_SHOWN && !cmd_is_verbose)
        return;
    if (check->shown)
        add_finding(check->shown, finding);
    else
        print_finding(check, finding);
}

static void on_progress(guint32 tracks, gpointer opaque)
{
    Check *check = opaque;

    cmd_progress_update(&check->progress, tracks, check->tracks);
}

static void print_result(const Check *check, const DasdVerifyResult *result)
{
    if (check->findings > FINDINGS_SHOWN && !cmd_is_verbose)
        printf("%s: %" G_GUINT64_FORMAT " more: --verbose shows them\n", check->path, check->findings - FINDINGS_SHOWN);
    if (cmd_is_quiet && !result->errors)
        return;
    printf("%s: %s: errors: %" G_GUINT64_FORMAT ", warnings: %" G_GUINT64_FORMAT ", tracks written: %" G_GUINT64_FORMAT
           " of %u, records: %" G_GUINT64_FORMAT "\n",
           check->path, result->errors ? "damaged" : "clean", result->errors, result->warnings, result->written,
           check->tracks, result->records);
}

static void print_json(const Check *check, const DasdVerifyResult *result)
{
    g_autofree char *image = g_utf8_make_valid(check->path, -1);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "image", image);
    json_object_set_int_member(object, "errors", (gint64)result->errors);
    json_object_set_int_member(object, "warnings", (gint64)result->warnings);
    json_object_set_int_member(object, "tracks", check->tracks);
    json_object_set_int_member(object, "written", (gint64)result->written);
    json_object_set_int_member(object, "records", (gint64)result->records);
    json_object_set_array_member(object, "findings", json_array_ref(check->shown));
    cmd_print_json_object(object);
}

static gboolean is_json;

static const GOptionEntry options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &is_json, "Print JSON", NULL },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    g_autoptr(JsonArray) shown = is_json ? json_array_new() : NULL;
    Check check = { .path = argv[1], .shown = shown };
    const DasdVerifyEvents events = { on_finding, on_progress, &check };
    DasdImageOptions image_options = { .read_only = TRUE };
    g_autofree char *what = g_strdup_printf("verifying %s", argv[1]);
    g_autoptr(GError) error = NULL;
    DasdVerifyResult result;
    DasdImageInfo info;
    int fd;

    if (argc != 2)
        return cmd_usage(argc < 2 ? "the name of the image is missing" : "one image at a time");
    fd = dasd_image_open(argv[1], &image_options, &info, &error);
    if (fd < 0)
        return cmd_fail(g_steal_pointer(&error));
    check.tracks = info.cylinders * info.heads;
    cmd_progress_start(&check.progress, what);
    dasd_verify(fd, &info, &events, &result);
    close(fd);
    cmd_progress_clear(&check.progress);
    (is_json ? print_json : print_result)(&check, &result);
    return result.errors ? CMD_FAILED : CMD_OK;
}

const CmdCommand cmd_dasd_check = {
    .name = "check",
    .summary = "verify every track of an image",
    .description = "Checks every track of a DASD image that no device uses, and changes nothing. Prints the first 50 "
                   "errors and warnings, or with --verbose all.\n"
                   "The exit code is 0 if the image is clean (warnings do not count), 1 if it is damaged.",
    .arguments = "IMAGE",
    .options = options,
    .func = run,
};
