/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-image.h"
#include "image/image-plan.h"
#include "image/image-system.h"
#include "util/error.h"

/* The steps of guest/build, in its order. */
static const ImageStep build_steps[] = {
    { "online", FALSE },      { "format", FALSE }, { "partition", FALSE },
    { "file-system", FALSE }, { "unpack", FALSE }, { "configure", FALSE },
    { "boot-record", FALSE }, { "finish", FALSE }, { NULL, FALSE },
};

/* The state of one build. */
typedef struct {
    const ImageBuildSettings *settings;
    ImageRoot *root;
    ImageKernel *kernel;
    ImageCaptive *captive;
    char *part;       /* the image until it is finished */
    char *guest_part; /* the file of the captive guest until then */
} Build;

static void build_clear(Build *build)
{
    if (build->part)
        unlink(build->part);
    if (build->guest_part)
        unlink(build->guest_part);
    g_free(build->part);
    g_free(build->guest_part);
    image_captive_free(build->captive);
    image_kernel_free(build->kernel);
    image_root_free(build->root);
}

static void tell(const Build *build, const char *step)
{
    if (build->settings->watcher.step)
        build->settings->watcher.step(step, build->settings->watcher.data);
}

static gboolean check_absent(const char *path, GError **error)
{
    struct stat st;

    if (lstat(path, &st) == 0)
        ccw_error_set_errno(error, EEXIST, "cannot create %s", path);
    else if (errno != ENOENT)
        ccw_error_set_errno(error, errno, "cannot create %s", path);
    else
        return TRUE;
    return FALSE;
}

static gboolean read_root(Build *build, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(build->settings->image);

    tell(build, "read");
    build->root = image_root_open(build->settings->root, folder, error);
    if (!build->root)
        return FALSE;
    build->kernel = image_kernel_find(build->root, error);
    return build->kernel != NULL;
}

static gboolean make_captive(Build *build, GError **error)
{
    tell(build, "captive-guest");
    build->captive = image_captive_make(build->root, build->kernel, build->settings->file_system, error);
    return build->captive != NULL;
}

/*
 * Adds half of the files' size and 256 MiB: the file system needs some for its own data, and the user for more files.
 */
static gboolean choose_cylinders(const Build *build, guint32 *ret_cylinders, GError **error)
{
    guint64 bytes = image_root_size(build->root);
    guint64 cylinders = (bytes + bytes / 2 + (256u << 20)) / IMAGE_ROOT_CYLINDER + 1;

    *ret_cylinders = build->settings->cylinders ? build->settings->cylinders : (guint32)MIN(cylinders, G_MAXUINT32);
    if (build->settings->cylinders || cylinders <= DASD_3390_CYLINDERS_MAX)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "the files of %s take %" G_GUINT64_FORMAT " bytes, for which a 3390 of %u cylinders is too small",
                build->settings->root, bytes, DASD_3390_CYLINDERS_MAX);
    return FALSE;
}

static gboolean create_image(Build *build, GError **error)
{
    g_autofree char *part = g_strdup_printf("%s.%08x.part", build->settings->image, g_random_int());
    guint32 cylinders = 0;

    if (!build->settings->model && !choose_cylinders(build, &cylinders, error))
        return FALSE;
    if (!dasd_image_create(part, build->settings->model, cylinders, NULL, error))
        return FALSE;
    build->part = g_steal_pointer(&part);
    return TRUE;
}

static GBytes *make_plan(const Build *build, GError **error)
{
    g_autoptr(ImagePlan) plan = image_plan_new("build");
    g_autofree char *device = ccw_bus_id_to_string(&build->settings->device);

    image_plan_set(plan, "device", device);
    image_plan_set(plan, "volser", build->settings->volser);
    image_plan_set(plan, "filesystem", image_file_system_name(build->settings->file_system));
    if (!image_system_plan(build->root, build->kernel, device, build->settings->parameters, plan, error))
        return NULL;
    return image_plan_finish(plan, error);
}

static gboolean run_guest(Build *build, GBytes *plan, GPtrArray **ret_words, GError **error)
{
    const ImageGuestSettings guest = {
        .captive = build->captive,
        .plan = plan,
        .image = build->part,
        .device = build->settings->device,
        .disk_fd = image_root_fd(build->root),
        .memory = build->settings->memory,
        .emulator = build->settings->emulator,
    };
    const ImageSessionSettings session = {
        .steps = build_steps,
        .step_seconds = build->settings->step_seconds,
        .watcher = &build->settings->watcher,
    };

    tell(build, "boot");
    return image_session_run(&guest, &session, ret_words, error) == 0;
}

static gboolean save_captive(Build *build, GError **error)
{
    g_autofree char *part = NULL;

    if (!build->settings->guest)
        return TRUE;
    part = g_strdup_printf("%s.%08x.part", build->settings->guest, g_random_int());
    if (!image_captive_save(build->captive, part, error))
        return FALSE;
    build->guest_part = g_steal_pointer(&part);
    return TRUE;
}

/* Gives a finished file its name. Fails if another process has created a file of that name. */
static gboolean move_into_place(char **part, const char *path, GError **error)
{
    int failed = renameat2(AT_FDCWD, *part, AT_FDCWD, path, RENAME_NOREPLACE);

    if (failed && errno == EINVAL) /* the file system of the host does not know the flag */
        failed = link(*part, path) < 0 || unlink(*part) < 0;
    if (failed) {
        ccw_error_set_errno(error, errno, "cannot create %s", path);
        return FALSE;
    }
    g_clear_pointer(part, g_free);
    return TRUE;
}

/* Writes the image to the host's disk before it gets its name. */
static gboolean sync_image(const Build *build, GError **error)
{
    int fd = open(build->part, O_RDONLY | O_CLOEXEC);
    gboolean is_synced = fd >= 0 && fsync(fd) == 0;

    if (!is_synced)
        ccw_error_set_errno(error, errno, "cannot write %s", build->part);
    if (fd >= 0)
        close(fd);
    return is_synced;
}

static gboolean finish(Build *build, GError **error)
{
    if (!sync_image(build, error))
        return FALSE;
    if (build->guest_part && !move_into_place(&build->guest_part, build->settings->guest, error))
        return FALSE;
    if (move_into_place(&build->part, build->settings->image, error))
        return TRUE;
    if (build->settings->guest)
        unlink(build->settings->guest);
    return FALSE;
}

/* Reads what the user gives, and writes nothing but temporary files without a name. */
static gboolean prepare(Build *build, GBytes **ret_plan, GError **error)
{
    const ImageBuildSettings *settings = build->settings;
    g_autoptr(GBytes) plan = NULL;

    if (!check_absent(settings->image, error) || (settings->guest && !check_absent(settings->guest, error)) ||
        !read_root(build, error))
        return FALSE;
    plan = make_plan(build, error);
    if (!plan || !make_captive(build, error))
        return FALSE;
    *ret_plan = g_steal_pointer(&plan);
    return TRUE;
}

/* Blocks the signals that would end this process between a file's creation and its removal. */
static void block_signals(sigset_t *ret_before)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, ret_before);
}

gboolean image_build(const ImageBuildSettings *settings, GPtrArray **ret_words, GError **error)
{
    Build build = { .settings = settings };
    g_autoptr(GBytes) plan = NULL;
    sigset_t before;
    gboolean ok;

    *ret_words = NULL;
    ok = prepare(&build, &plan, error);
    block_signals(&before);
    ok = ok && save_captive(&build, error) && create_image(&build, error) &&
         run_guest(&build, plan, ret_words, error) && finish(&build, error);
    build_clear(&build);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}
