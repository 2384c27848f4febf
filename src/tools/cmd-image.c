/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw image: makes a DASD image that IPLs from a root file system, and runs commands on such an image.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd-table.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-label.h"
#include "image/image-build.h"
#include "image/image-run.h"
#include "util/emulator.h"
#include "util/error.h"

#define DEVICE_DEFAULT "0.0.1234"
#define VOLSER_DEFAULT "LNX001"
#define MEMORY_DEFAULT 1024
#define TIMEOUT_DEFAULT 3600
#define GUEST_SUFFIX ".guest"
#define BY_FILES G_MININT /* cylinders: as many as the files need */

/* The options that both verbs have. */
static char *device_text, *guest, *emulator;
static int memory = MEMORY_DEFAULT, timeout = TIMEOUT_DEFAULT;

#define COMMON_OPTIONS                                                                                                   \
    { "device",                                                                                                          \
      0,                                                                                                                 \
      0,                                                                                                                 \
      G_OPTION_ARG_STRING,                                                                                               \
      &device_text,                                                                                                      \
      "Bus id of the DASD when it is IPLed (default: " DEVICE_DEFAULT ")",                                               \
      "CSSID.SSID.DEVNO" },                                                                                              \
        { "memory", 0, 0, G_OPTION_ARG_INT, &memory, "Memory of the captive guest in MiB (default: 1024)", "N" },        \
        { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, "Longest time of a step in seconds (default: 3600)", "SECONDS" }, \
    {                                                                                                                    \
        "qemu", 0, 0, G_OPTION_ARG_FILENAME, &emulator, "Emulator (default: " CCW_EMULATOR_DEFAULT ")", "EMULATOR"       \
    }

/* What is shown of a guest that works. */
typedef struct {
    gint64 started;  /* of all of it; g_get_monotonic_time() */
    gint64 begun;    /* of the step */
    char *step;      /* NULL: no step has begun */
    guint percent;   /* as shown last */
    gboolean is_tty; /* a line can be written anew */
} Progress;

static double seconds_since(gint64 time)
{
    return (double)(g_get_monotonic_time() - time) / G_TIME_SPAN_SECOND;
}

/* Shows how long the last step took, and what begins. */
static void show_step(const char *name, gpointer data)
{
    Progress *progress = data;

    if (cmd_is_quiet)
        return;
    if (progress->step)
        fprintf(stderr, "%s%-14s%8.1f s\n", progress->is_tty ? "\r" : "", progress->step,
                seconds_since(progress->begun));
    g_free(progress->step);
    progress->step = g_strdup(name);
    progress->begun = g_get_monotonic_time();
    progress->percent = 0;
    if (name && progress->is_tty)
        fprintf(stderr, "%-14s...", name);
}

static void show_percent(guint32 done, guint32 total, gpointer data)
{
    Progress *progress = data;
    guint percent = total > 0 ? (guint)((guint64)done * 100 / total) : 0;

    if (cmd_is_quiet || !progress->is_tty || percent == progress->percent)
        return;
    progress->percent = percent;
    fprintf(stderr, "\r%-14s%7u %%", progress->step ? progress->step : "", percent);
}

static void show_console(const char *line, gpointer data G_GNUC_UNUSED)
{
    g_autofree char *safe = ccw_one_line(line);

    fprintf(stderr, "console: %s\n", safe);
}

/* Ends the line of the last step, if that has failed. */
static void end_progress(Progress *progress)
{
    if (progress->step && progress->is_tty && !cmd_is_quiet)
        fputc('\n', stderr);
    g_clear_pointer(&progress->step, g_free);
}

/* Prints the guest's words, and then the error. */
static int fail_with_words(GPtrArray *words, GError *error)
{
    for (guint i = 0; words && i < words->len; i++)
        fprintf(stderr, "guest: %s\n", (char *)g_ptr_array_index(words, i));
    return cmd_fail(error);
}

static gboolean check_number(const char *option, int value, int min, int max, GError **error)
{
    if (value >= min && value <= max)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s %d: give a number from %d to %d", option, value, min, max);
    return FALSE;
}

static gboolean check_common(CcwBusId *ret_device, GError **error)
{
    const char *device = device_text ? device_text : DEVICE_DEFAULT;

    if (!ccw_bus_id_read(device, ret_device, error)) {
        g_prefix_error(error, "--device %s: ", device);
        return FALSE;
    }
    if (ret_device->cssid != 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "--device %s: Linux uses only channel subsystem 0", device);
        return FALSE;
    }
    return check_number("--memory", memory, 256, 1 << 20, error) &&
           check_number("--timeout", timeout, 1, G_MAXINT / 1000, error);
}

/* Returns: the file of the captive guest. */
static char *guest_of(const char *image)
{
    return guest ? g_strdup(guest) : g_strconcat(image, GUEST_SUFFIX, NULL);
}

/* A write beyond ulimit -f, or into a closed pipe, fails, and what is not finished is removed. */
static void ignore_signals(void)
{
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static char *model, *volser, *parameters, *file_system;
static int cylinders = BY_FILES;
static gboolean has_no_guest;

static const GOptionEntry build_options[] = {
    { "model", 0, 0, G_OPTION_ARG_STRING, &model, "3390-1, 3390-2, 3390-3, 3390-9, 3390-27 or 3390-54", "MODEL" },
    { "cylinders", 0, 0, G_OPTION_ARG_INT, &cylinders, "A size of 1 to 65520 cylinders (default: by the files)", "N" },
    { "volser", 0, 0, G_OPTION_ARG_STRING, &volser, "Label the volume with this serial (default: " VOLSER_DEFAULT ")",
      "VVVVVV" },
    { "file-system", 0, 0, G_OPTION_ARG_STRING, &file_system, "File system of the root (default: ext4)",
      "ext4|xfs|btrfs" },
    { "parameters", 0, 0, G_OPTION_ARG_STRING, &parameters, "Kernel parameters besides root=", "TEXT" },
    { "guest", 0, 0, G_OPTION_ARG_FILENAME, &guest,
      "Keep the captive guest for 'image run' in FILE (default: IMAGE" GUEST_SUFFIX ")", "FILE" },
    { "no-guest", 0, 0, G_OPTION_ARG_NONE, &has_no_guest, "Do not keep the captive guest", NULL },
    COMMON_OPTIONS,
    G_OPTION_ENTRY_NULL,
};

static gboolean check_build(ImageBuildSettings *settings, GError **error)
{
    if (!check_common(&settings->device, error))
        return FALSE;
    if (file_system && !image_file_system_parse(file_system, &settings->file_system, error))
        return FALSE;
    if (cylinders != BY_FILES && !check_number("--cylinders", cylinders, 1, DASD_3390_CYLINDERS_MAX, error))
        return FALSE;
    return dasd_label_check_volser(settings->volser, error);
}

static int build(const char *root, const char *image)
{
    g_autofree char *guest_file = guest_of(image);
    Progress progress = { .started = g_get_monotonic_time(), .is_tty = isatty(STDERR_FILENO) };
    ImageBuildSettings settings = {
        .root = root,
        .image = image,
        .guest = has_no_guest ? NULL : guest_file,
        .file_system = IMAGE_EXT4,
        .model = model,
        .cylinders = cylinders == BY_FILES ? 0 : (guint32)cylinders,
        .volser = volser ? volser : VOLSER_DEFAULT,
        .parameters = parameters,
        .memory = (guint)memory,
        .step_seconds = (guint)timeout,
        .emulator = emulator,
        .watcher = { .step = show_step,
                     .progress = show_percent,
                     .console = cmd_is_verbose ? show_console : NULL,
                     .data = &progress },
    };
    g_autoptr(GPtrArray) words = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok = check_build(&settings, &error) && image_build(&settings, &words, &error);

    end_progress(&progress);
    if (!ok)
        return fail_with_words(words, g_steal_pointer(&error));
    if (!cmd_is_quiet)
        fprintf(stderr, "%-14s%8.1f s\n", "total", seconds_since(progress.started));
    return CMD_OK;
}

static int run_build(int argc, char **argv)
{
    if (argc != 3 || !*argv[1] || !*argv[2])
        return cmd_usage("give ROOT and IMAGE");
    if (model && cylinders != BY_FILES)
        return cmd_usage("give --model or --cylinders, not both");
    if (guest && has_no_guest)
        return cmd_usage("give --guest or --no-guest, not both");
    if (guest && strcmp(guest, argv[2]) == 0)
        return cmd_usage("--guest %s is the image itself: give another file", guest);
    ignore_signals();
    return build(argv[1], argv[2]);
}

static char *from;
static gboolean is_read_only, is_unmounted;

static const GOptionEntry run_options[] = {
    { "guest", 0, 0, G_OPTION_ARG_FILENAME, &guest,
      "Use the captive guest in FILE, which 'image build' kept (default: IMAGE" GUEST_SUFFIX ")", "FILE" },
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &from, "Make the captive guest of the root file system ROOT", "ROOT" },
    { "read-only", 0, 0, G_OPTION_ARG_NONE, &is_read_only, "COMMAND cannot write to the image", NULL },
    { "unmounted", 0, 0, G_OPTION_ARG_NONE, &is_unmounted,
      "Run COMMAND in the captive guest, and do not mount the volume", NULL },
    COMMON_OPTIONS,
    G_OPTION_ENTRY_NULL,
};

static int run(const char *image, char *const *command)
{
    g_autofree char *guest_file = guest_of(image);
    gboolean has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Progress progress = { .started = g_get_monotonic_time(), .is_tty = FALSE };
    ImageRunSettings settings = {
        .image = image,
        .guest = from ? NULL : guest_file,
        .root = from,
        .is_read_only = is_read_only,
        .is_beside = is_unmounted,
        .command = command,
        .has_terminal = has_terminal,
        .memory = (guint)memory,
        .step_seconds = (guint)timeout,
        .emulator = emulator,
        .watcher = { .step = cmd_is_verbose ? show_step : NULL,
                     .console = cmd_is_verbose ? show_console : NULL,
                     .data = &progress },
    };
    g_autoptr(GPtrArray) words = NULL;
    g_autoptr(GError) error = NULL;
    int code = -1;

    if (!command && !has_terminal)
        return cmd_usage("give a COMMAND: standard input and output are no terminal for a shell");
    if (check_common(&settings.device, &error))
        code = image_run(&settings, &words, &error);
    end_progress(&progress);
    return code < 0 ? fail_with_words(words, g_steal_pointer(&error)) : code;
}

static int run_run(int argc, char **argv)
{
    if (argc < 2 || !*argv[1])
        return cmd_usage("the name of the image is missing");
    if (argc > 2 && strcmp(argv[2], "--") != 0)
        return cmd_usage("'%s': write -- before COMMAND", argv[2]);
    if (argc == 3)
        return cmd_usage("COMMAND is missing after --");
    if (guest && from)
        return cmd_usage("give --guest or --from, not both");
    ignore_signals();
    return run(argv[1], argc > 3 ? argv + 3 : NULL);
}

static const CmdCommand image_build_command = {
    .name = "build",
    .summary = "make an image that IPLs from a root file system",
    .description = "Makes a DASD image that IPLs from ROOT, a root file system of s390x Linux: a folder, a tar "
                   "archive, or - for an archive on standard input.",
    .arguments = "ROOT IMAGE",
    .options = build_options,
    .func = run_build,
};

static const CmdCommand image_run_command = {
    .name = "run",
    .summary = "run a command in the system of an image",
    .description = "Runs COMMAND in the system on a DASD image, without booting it: the first partition is the root "
                   "of COMMAND. Without COMMAND, runs a shell. The exit code is COMMAND's.",
    .arguments = "IMAGE [-- COMMAND [ARGUMENT...]]",
    .options = run_options,
    .is_posix = TRUE,
    .func = run_run,
};

static const CmdCommand *const image_verbs[] = { &image_build_command, &image_run_command, NULL };

const CmdCommand cmd_image = {
    .name = "image",
    .summary = "make a DASD image that IPLs, or run a command on one",
    .description = "DASD images with a whole system.",
    .verbs = image_verbs,
};
