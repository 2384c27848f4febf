/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw dasd: creates DASD images and tells what one is. Checking one is in cmd-dasd-check.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-image.h"
#include "util/error.h"

/* Whether a 3390 has that many cylinders is for dasd_image_create to say. */
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

/* The one argument; -1, or what to return. */
static int take_image(int argc, char **argv, const char **ret_image)
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

static int run_create(int argc, char **argv)
{
    g_autofree char *model = NULL, *cylinders_text = NULL, *volser = NULL;
    g_autoptr(GError) error = NULL;
    const char *image = NULL;
    guint32 cylinders = 0;
    int rc;
    const GOptionEntry entries[] = {
        { "model", 0, 0, G_OPTION_ARG_STRING, &model, "3390-1, 3390-2, 3390-3, 3390-9, 3390-27 or 3390-54", "MODEL" },
        { "cylinders", 0, 0, G_OPTION_ARG_STRING, &cylinders_text, "Another size: 1 to 65520 cylinders", "N" },
        { "volser", 0, 0, G_OPTION_ARG_STRING, &volser, "Label the volume with this serial", "VVVVVV" },
        G_OPTION_ENTRY_NULL,
    };

    rc = cmd_options("IMAGE", "Creates an empty 3390 volume in a sparse file.", entries, FALSE, &argc, &argv);
    if (rc >= 0)
        return rc;
    rc = take_image(argc, argv, &image);
    if (rc >= 0)
        return rc;
    if (!model == !cylinders_text)
        return cmd_usage(model ? "give --model or --cylinders, not both" : "give --model or --cylinders");
    signal(SIGXFSZ, SIG_IGN); /* ulimit -f is an error like others, and leaves no half an image */
    if ((cylinders_text && !parse_cylinders(cylinders_text, &cylinders, &error)) ||
        !dasd_image_create(image, model, cylinders, volser, &error))
        return cmd_fail(g_steal_pointer(&error));
    return CMD_OK;
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

static int run_info(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    const char *image = NULL;
    int fd;
    int rc = cmd_options("IMAGE", "Tells what a DASD image is; it may be in use.", NULL, FALSE, &argc, &argv);

    if (rc >= 0)
        return rc;
    rc = take_image(argc, argv, &image);
    if (rc >= 0)
        return rc;
    fd = open(image, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        ccw_error_set_errno(&error, errno, "cannot open %s", image);
        return cmd_fail(g_steal_pointer(&error));
    }
    if (!dasd_image_probe(fd, image, &info, &error)) {
        close(fd);
        return cmd_fail(g_steal_pointer(&error));
    }
    close(fd);
    print_info(image, &info);
    return CMD_OK;
}

/* A row a verb. */
static const struct {
    const char *name;
    CmdFunc func;
    const char *usage;
} verbs[] = {
    { "create", run_create, "create IMAGE (--model MODEL | --cylinders N) [--volser VVVVVV]" },
    { "info", run_info, "info IMAGE" },
    { "check", cmd_dasd_check, "check [--verbose] IMAGE" },
};

int cmd_dasd(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name)
        return cmd_usage("a verb is missing: create, info or check");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        printf("DASD images in the CKD format of Hercules. Usage:\n");
        for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
            printf("  virt-ccw dasd %s\n", verbs[i].usage);
        return CMD_OK;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            g_autofree char *prgname = g_strdup_printf("virt-ccw dasd %s", name);

            g_set_prgname(prgname);
            return verbs[i].func(argc - 1, argv + 1);
        }
    }
    return cmd_usage("there is no verb '%s': create, info or check", name);
}
