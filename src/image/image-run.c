/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "image/image-mark.h"
#include "image/image-plan.h"
#include "util/error.h"
#include "util/file.h"

/* The steps of guest/run, in its order. */
static const ImageStep run_steps[] = {
    { "online", FALSE },
    { "run", TRUE },
    { "finish", FALSE },
    { NULL, FALSE },
};

static const char *const shell[] = { "sh", "-c", "command -v bash >/dev/null && exec bash; exec sh", NULL };

/* Reports an image that is missing or damaged before the captive guest is made. */
static gboolean check_image(const char *path, GError **error)
{
    DasdImageInfo info;
    int fd = dasd_image_open_unlocked(path, &info, error);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Makes the captive guest of a root file system, which is left as it is. */
static ImageCaptive *make_captive(const char *path, GError **error)
{
    g_autoptr(ImageRoot) root = image_root_open(path, ccw_file_temporary_folder(), error);
    g_autoptr(ImageKernel) kernel = root ? image_kernel_find(root, error) : NULL;

    return kernel ? image_captive_make(root, kernel, IMAGE_EXT4, error) : NULL;
}

static ImageCaptive *get_captive(const ImageRunSettings *settings, GError **error)
{
    ImageCaptive *captive;

    if (settings->root)
        return make_captive(settings->root, error);
    captive = image_captive_load(settings->guest, error);
    if (!captive)
        g_prefix_error(error, "no captive guest for %s (give one with --guest, or a root file system with --from): ",
                       settings->image);
    return captive;
}

static void plan_terminal(ImagePlan *plan, gboolean has_terminal)
{
    struct winsize size = { 0 };
    g_autofree char *rows = NULL, *columns = NULL;

    if (!has_terminal || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
    rows = g_strdup_printf("%u", size.ws_row);
    columns = g_strdup_printf("%u", size.ws_col);
    image_plan_set(plan, "rows", rows);
    image_plan_set(plan, "columns", columns);
    image_plan_set(plan, "terminal", has_terminal ? "yes" : "no");
    if (has_terminal && g_getenv("TERM"))
        image_plan_set(plan, "TERM", g_getenv("TERM"));
}

static GBytes *make_plan(const ImageRunSettings *settings, const char *mark, GError **error)
{
    g_autoptr(ImagePlan) plan = image_plan_new("run");
    g_autofree char *device = ccw_bus_id_to_string(&settings->device);

    image_plan_set(plan, "device", device);
    image_plan_set(plan, "filesystem", "auto");
    image_plan_set(plan, "where", settings->is_beside ? "guest" : "root");
    image_plan_set(plan, "access", settings->is_read_only ? "ro" : "rw");
    image_plan_set(plan, "end", mark);
    plan_terminal(plan, settings->has_terminal);
    image_plan_set_command(plan, settings->command ? settings->command : (char *const *)shell);
    return image_plan_finish(plan, error);
}

int image_run(const ImageRunSettings *settings, GPtrArray **ret_words, GError **error)
{
    g_autoptr(ImageCaptive) captive = check_image(settings->image, error) ? get_captive(settings, error) : NULL;
    g_autofree char *mark = image_mark_random();
    g_autoptr(GBytes) plan = captive ? make_plan(settings, mark, error) : NULL;
    const ImageGuestSettings guest = {
        .captive = captive,
        .plan = plan,
        .image = settings->image,
        .device = settings->device,
        .is_read_only = settings->is_read_only,
        .disk_fd = -1,
        .memory = settings->memory,
        .emulator = settings->emulator,
        .has_streams = !settings->has_terminal,
        .has_terminal = settings->has_terminal,
    };
    const ImageSessionSettings session = {
        .steps = run_steps,
        .step_seconds = settings->step_seconds,
        .mark = mark,
        .watcher = &settings->watcher,
    };

    *ret_words = NULL;
    return plan ? image_session_run(&guest, &session, ret_words, error) : -1;
}
