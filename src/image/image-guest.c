/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "css/host.h"
#include "launcher/launch.h"
#include "qemu/caps.h"
#include "util/error.h"
#include "util/file.h"

#define STOP_SECONDS 60

static gboolean is_always(const ImageGuestSettings *settings G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean has_streams(const ImageGuestSettings *settings)
{
    return settings->has_streams;
}

static gboolean has_terminal(const ImageGuestSettings *settings)
{
    return settings->has_terminal;
}

#define SERIAL_PORT(name) "virtserialport,chardev=" name ",name=org.libvirt-ccw." name

/* What a port is in QEMU. */
static const struct {
    const char *name;
    const char *device;
    gboolean (*is_wanted)(const ImageGuestSettings *settings);
} port_rows[IMAGE_PORTS] = {
    [IMAGE_PORT_CONSOLE] = { "console", "sclpconsole,chardev=console", is_always },
    [IMAGE_PORT_REPORT] = { "report", SERIAL_PORT("report"), is_always },
    [IMAGE_PORT_INPUT] = { "input", SERIAL_PORT("input"), has_streams },
    [IMAGE_PORT_OUTPUT] = { "output", SERIAL_PORT("output"), has_streams },
    [IMAGE_PORT_ERROR] = { "error", SERIAL_PORT("error"), has_streams },
    [IMAGE_PORT_TERMINAL] = { "terminal", "virtconsole,chardev=terminal", has_terminal },
};

/* What QEMU inherits, and how it was made. All descriptors are close-on-exec until the child executes QEMU. */
typedef struct {
    Launcher *launch;
    int kernel_fd;
    int initramfs_fd;
    int disk_fd;            /* the caller's */
    int log_fd;             /* the write end */
    int ports[IMAGE_PORTS]; /* QEMU's ends */
} Start;

static void start_init(Start *start)
{
    *start = (Start){ .launch = launcher_new(), .kernel_fd = -1, .initramfs_fd = -1, .disk_fd = -1, .log_fd = -1 };
    for (guint i = 0; i < IMAGE_PORTS; i++)
        start->ports[i] = -1;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void start_clear(Start *start)
{
    launcher_free(start->launch);
    close_fd(&start->kernel_fd);
    close_fd(&start->initramfs_fd);
    close_fd(&start->log_fd);
    for (guint i = 0; i < IMAGE_PORTS; i++)
        close_fd(&start->ports[i]);
}

/* Returns: a file in memory with all of the parts; -1 with an error. parts: up to the first NULL */
static int make_memory_file(const char *name, GBytes *const *parts, GError **error)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    for (; fd >= 0 && *parts; parts++)
        if (!ccw_file_write_all(fd, g_bytes_get_data(*parts, NULL), g_bytes_get_size(*parts))) {
            int saved = errno;

            close(fd);
            fd = -1;
            errno = saved;
        }
    if (fd < 0)
        ccw_error_set_errno(error, errno, "cannot keep the %s of the captive guest in memory", name);
    return fd;
}

static gboolean make_files(Start *start, const ImageGuestSettings *settings, GError **error)
{
    GBytes *const kernel[] = { settings->captive->kernel, NULL };
    GBytes *const initramfs[] = { settings->captive->initramfs, settings->plan, NULL };

    start->disk_fd = settings->disk_fd;
    start->kernel_fd = make_memory_file("kernel", kernel, error);
    if (start->kernel_fd < 0)
        return FALSE;
    start->initramfs_fd = make_memory_file("initramfs", initramfs, error);
    return start->initramfs_fd >= 0;
}

static gboolean make_ports(Start *start, ImageGuest *guest, const ImageGuestSettings *settings, GError **error)
{
    int pair[2];

    for (guint i = 0; i < IMAGE_PORTS; i++) {
        if (!port_rows[i].is_wanted(settings))
            continue;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
            ccw_error_set_errno(error, errno, "cannot make a channel to the captive guest");
            return FALSE;
        }
        guest->ports[i] = pair[0];
        start->ports[i] = pair[1];
    }
    if (pipe2(pair, O_CLOEXEC) < 0) {
        ccw_error_set_errno(error, errno, "cannot make a pipe for QEMU");
        return FALSE;
    }
    guest->log_fd = pair[0];
    start->log_fd = pair[1];
    return TRUE;
}

G_GNUC_PRINTF(3, 4) static void add(QemuArgv *argv, const char *option, const char *format, ...)
{
    g_autofree char *value = NULL;
    va_list args;

    va_start(args, format);
    value = g_strdup_vprintf(format, args);
    va_end(args);
    qemu_argv_add(argv, option, value);
}

static void add_ports(QemuArgv *argv, const Start *start)
{
    qemu_argv_add(argv, "-device", "virtio-serial-ccw");
    for (guint i = 0; i < IMAGE_PORTS; i++) {
        if (start->ports[i] < 0)
            continue;
        add(argv, "-chardev", "socket,id=%s,fd=%d", port_rows[i].name, start->ports[i]);
        qemu_argv_add(argv, "-device", port_rows[i].device);
    }
}

static void make_argv(const Start *start, const ImageGuestSettings *settings)
{
    QemuArgv *argv = start->launch->argv;
    char bus_id[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(&settings->device, bus_id);
    argv->program = g_strdup(settings->emulator);
    qemu_argv_add(argv, "-machine", "s390-ccw-virtio,s390-map-css=on");
    qemu_argv_add(argv, "-nodefaults", NULL);
    qemu_argv_add(argv, "-no-user-config", NULL);
    qemu_argv_add(argv, "-no-reboot", NULL);
    qemu_argv_add(argv, "-display", "none");
    add(argv, "-m", "%u", settings->memory);
    add(argv, "-kernel", "/proc/self/fd/%d", start->kernel_fd);
    add(argv, "-initrd", "/proc/self/fd/%d", start->initramfs_fd);
    qemu_argv_add(argv, "-append", "console=ttysclp0 panic=-1 loglevel=4");
    add_ports(argv, start);
    if (start->disk_fd >= 0) {
        add(argv, "-drive", "if=none,id=root,format=raw,readonly=on,file.locking=off,file.filename=/proc/self/fd/%d",
            start->disk_fd);
        qemu_argv_add(argv, "-device", "virtio-blk-ccw,drive=root");
    }
    add(argv, "-device", "vfio-ccw,id=dasd,hostid=%s,guestid=fe.%u.%04x", bus_id, settings->device.ssid,
        settings->device.devno);
}

static gboolean prepare(Start *start, const ImageGuestSettings *settings, char ***ret_envp, GError **error)
{
    g_autofree char *cache = qemu_caps_default_cache();
    g_autofree char *warning = NULL;
    g_auto(GStrv) envp = g_get_environ();
    const LauncherSettings launcher = { .sysfs_root = CSS_HOST_SYSFS, .cache_dir = cache };
    const DasdImageOptions options = { .read_only = settings->is_read_only };

    launcher_add_dasd(start->launch, &settings->device, settings->image, &options);
    make_argv(start, settings);
    return launcher_prepare(start->launch, &launcher, envp, ret_envp, &warning, error);
}

static gboolean keep_open(int fd)
{
    return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

static gboolean keep_all_open(const Start *start)
{
    for (guint i = 0; i < IMAGE_PORTS; i++)
        if (!keep_open(start->ports[i]))
            return FALSE;
    return keep_open(start->kernel_fd) && keep_open(start->initramfs_fd) && keep_open(start->disk_fd);
}

/* QEMU has a process group of its own, so that a key of the terminal ends this process, which then ends QEMU. */
G_NORETURN static void become_qemu(const Start *start, pid_t parent, const sigset_t *mask, char **envp)
{
    g_autoptr(GError) error = NULL;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (getppid() == parent && null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(start->log_fd, STDOUT_FILENO) >= 0 &&
        dup2(start->log_fd, STDERR_FILENO) >= 0 && keep_all_open(start)) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        launcher_exec(start->launch, envp, &error);
        fprintf(stderr, "%s\n", error->message);
    }
    _exit(1);
}

static gboolean spawn(const Start *start, const sigset_t *mask, char **envp, ImageGuest *guest, GError **error)
{
    pid_t self = getpid(), pid = fork();

    if (pid == 0)
        become_qemu(start, self, mask, envp);
    if (pid > 0) {
        guest->pid = pid;
        return TRUE;
    }
    ccw_error_set_errno(error, errno, "cannot start a process for %s", start->launch->argv->program);
    return FALSE;
}

ImageGuest *image_guest_start(const ImageGuestSettings *settings, const sigset_t *mask, GError **error)
{
    g_autoptr(ImageGuest) guest = g_new0(ImageGuest, 1);
    g_auto(GStrv) envp = NULL;
    Start start;
    gboolean ok;

    guest->log_fd = -1;
    for (guint i = 0; i < IMAGE_PORTS; i++)
        guest->ports[i] = -1;
    start_init(&start);
    ok = make_files(&start, settings, error) && make_ports(&start, guest, settings, error) &&
         prepare(&start, settings, &envp, error) && spawn(&start, mask, envp, guest, error);
    start_clear(&start);
    return ok ? g_steal_pointer(&guest) : NULL;
}

static void close_ports(ImageGuest *guest)
{
    for (guint i = 0; i < IMAGE_PORTS; i++)
        close_fd(&guest->ports[i]);
    close_fd(&guest->log_fd);
}

/* Waits for QEMU. Returns: FALSE after STOP_SECONDS. SIGCHLD is blocked. */
static gboolean wait_for_qemu(ImageGuest *guest, int *ret_status)
{
    const struct timespec tick = { .tv_sec = 1 };
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (guint i = 0; i <= STOP_SECONDS; i++) {
        if (waitpid(guest->pid, ret_status, WNOHANG) == guest->pid) {
            guest->pid = 0;
            return TRUE;
        }
        sigtimedwait(&child, NULL, &tick);
    }
    return FALSE;
}

gboolean image_guest_stop(ImageGuest *guest, GError **error)
{
    int status = 0;

    kill(guest->pid, SIGTERM);
    close_ports(guest);
    if (!wait_for_qemu(guest, &status)) {
        kill(guest->pid, SIGKILL);
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "QEMU did not end within %d s, and was killed", STOP_SECONDS);
        return FALSE;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "QEMU ended with %s %d", WIFEXITED(status) ? "exit code" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return FALSE;
}

void image_guest_free(ImageGuest *guest)
{
    if (!guest)
        return;
    if (guest->pid > 0) {
        kill(guest->pid, SIGKILL);
        waitpid(guest->pid, NULL, 0);
    }
    close_ports(guest);
    g_free(guest);
}
