/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw dasd: creates and describes DASD images. cmd-dasd-check.c and cmd-dasd-map.c have the other verbs.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd-json.h"
#include "cmd-table.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-image.h"
#include "util/error.h"

/* Parses the number only; dasd_image_create() checks whether a 3390 can have it. */
static gboolean parse_cylinders(const char *text, guint32 *ret_cylinders, GError **error)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "'%s' is not a number of cylinders: give a decimal number from 1 to %u", text,
                    DASD_3390_CYLINDERS_MAX);
        return FALSE;
    }
    *ret_cylinders = (guint32)value;
    return TRUE;
}

/* Reads the only argument. Returns: -1, or the exit code. */
static int read_image_argument(int argc, char **argv, const char **ret_image)
{
    if (argc < 2)
        return cmd_usage("the name of the image is missing");
    if (argc > 2)
        return cmd_usage("one image at a time: '%s' is one too many", argv[2]);
    if (!*argv[1])
        return cmd_usage("the name of the image is empty");
    *ret_image = argv[1];
    return -1;
}

static char *model, *cylinders_text, *volser;

static const GOptionEntry create_options[] = {
    { "model", 0, 0, G_OPTION_ARG_STRING, &model, "3390-1, 3390-2, 3390-3, 3390-9, 3390-27 or 3390-54", "MODEL" },
    { "cylinders", 0, 0, G_OPTION_ARG_STRING, &cylinders_text, "A size of 1 to 65520 cylinders, not a model's", "N" },
    { "volser", 0, 0, G_OPTION_ARG_STRING, &volser, "Label the volume with this serial", "VVVVVV" },
    G_OPTION_ENTRY_NULL,
};

static int run_create(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const char *image = NULL;
    guint32 cylinders = 0;
    gboolean done;
    int rc = read_image_argument(argc, argv, &image);

    if (rc >= 0)
        return rc;
    if (!model == !cylinders_text)
        return cmd_usage(model ? "give --model or --cylinders, not both" : "give --model or --cylinders");
    signal(SIGXFSZ, SIG_IGN); /* at the limit of ulimit -f, write() fails, and the incomplete image is removed */
    if (cylinders_text && !parse_cylinders(cylinders_text, &cylinders, &error))
        return cmd_fail(g_steal_pointer(&error));
    cmd_block_signals();
    done = dasd_image_create(image, model, cylinders, volser, &error);
    cmd_unblock_signals();
    return done ? CMD_OK : cmd_fail(g_steal_pointer(&error));
}

static void print_info(const char *path, const DasdImageInfo *info)
{
    printf("image:          %s\n"
           "devtype:        %04x/%02x (%s)\n"
           "cutype:         %04x/%02x\n"
           "cylinders:      %u\n"
           "heads:          %u\n"
           "formatted:      %s\n"
           "volser:         %s\n"
           "file size:      %" G_GUINT64_FORMAT "\n"
           "allocated size: %" G_GUINT64_FORMAT "\n",
           path, info->device_type, info->device_model, info->name, info->cu_type, info->cu_model, info->cylinders,
           info->heads, info->formatted ? "yes" : "no", info->volser[0] ? info->volser : "-", info->file_size,
           info->allocated_size);
}

static void print_info_json(const char *path, const DasdImageInfo *info)
{
    g_autofree char *devtype = g_strdup_printf("%04x/%02x", info->device_type, info->device_model);
    g_autofree char *cutype = g_strdup_printf("%04x/%02x", info->cu_type, info->cu_model);
    g_autofree char *image = g_utf8_make_valid(path, -1);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "image", image);
    json_object_set_string_member(object, "devtype", devtype);
    json_object_set_string_member(object, "cutype", cutype);
    json_object_set_string_member(object, "model", info->name);
    json_object_set_int_member(object, "cylinders", info->cylinders);
    json_object_set_int_member(object, "heads", info->heads);
    json_object_set_boolean_member(object, "formatted", info->formatted);
    if (info->volser[0])
        json_object_set_string_member(object, "volser", info->volser);
    else
        json_object_set_null_member(object, "volser");
    json_object_set_int_member(object, "file_size", (gint64)info->file_size);
    json_object_set_int_member(object, "allocated_size", (gint64)info->allocated_size);
    cmd_print_json_object(object);
}

static gboolean is_json;

static const GOptionEntry info_options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &is_json, "Print JSON", NULL },
    G_OPTION_ENTRY_NULL,
};

static int run_info(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    const char *image = NULL;
    int fd;
    int rc = read_image_argument(argc, argv, &image);

    if (rc >= 0)
        return rc;
    fd = dasd_image_open_unlocked(image, &info, &error);
    if (fd < 0)
        return cmd_fail(g_steal_pointer(&error));
    close(fd);
    (is_json ? print_info_json : print_info)(image, &info);
    return CMD_OK;
}

static const CmdCommand dasd_create = {
    .name = "create",
    .summary = "create an empty volume in a sparse file",
    .description = "Creates an empty 3390 volume in a sparse file. Give --model or --cylinders.",
    .arguments = "IMAGE",
    .options = create_options,
    .func = run_create,
};

static const CmdCommand dasd_info = {
    .name = "info",
    .summary = "describe an image, also one in use",
    .description = "Describes a DASD image, also one in use.",
    .arguments = "IMAGE",
    .options = info_options,
    .func = run_info,
};

static const CmdCommand *const dasd_verbs[] = { &dasd_create, &dasd_info, &cmd_dasd_check, &cmd_dasd_map, NULL };

const CmdCommand cmd_dasd = {
    .name = "dasd",
    .summary = "create, describe, verify or map a DASD image",
    .description = "DASD images in the CKD format of Hercules.",
    .verbs = dasd_verbs,
};
