/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/temp-dir.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"

/* The path of libvirt's socket in the directory must fit into sun_path (108 bytes); the rest of it has about 60. */
#define TMPDIR_MAX 32

struct _QemuTempDir {
    char *path;
    GPid cleaner;
    int cleaner_fd; /* closing this starts the cleanup */
};

/*
 * The cleaner process makes the directory itself, so that it can remove it at any time. It prints the directory's name,
 * and waits for the end of its standard input. It also kills the emulator that libvirt may just ask for its
 * capabilities, whose pidfile is in the directory. It is a shell, because the process that starts it may have threads
 * already.
 */
static const char cleaner_script[] = "trap '' HUP INT QUIT TERM PIPE\n"
                                     "PATH=/usr/bin:/bin\n"
                                     "dir=$(mktemp -d \"$0/virt-ccw-XXXXXX\") || exit 1\n"
                                     "echo \"$dir\"\n"
                                     "exec >/dev/null\n"
                                     "read -r end\n"
                                     "for file in \"$dir\"/lib/qemu/qmp-*/qmp.pid; do\n"
                                     "    read -r pid < \"$file\" && kill \"$pid\"\n"
                                     "done\n"
                                     "rm -rf -- \"$dir\" || rm -rf -- \"$dir\"\n";

static const char *parent_dir(void)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./_";
    const char *dir = g_get_tmp_dir();

    return dir[0] == '/' && strlen(dir) <= TMPDIR_MAX && strspn(dir, harmless) == strlen(dir) ? dir : "/tmp";
}

/* Returns: the line that the cleaner prints; "" if it prints no line. */
static char *read_line(int fd)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char byte;
    ssize_t n;

    while (line->len < PATH_MAX && ((n = read(fd, &byte, 1)) == 1 || (n < 0 && errno == EINTR))) {
        if (n == 1 && byte == '\n')
            break;
        if (n == 1)
            g_string_append_c(line, byte);
    }
    return g_strdup(line->str);
}

QemuTempDir *qemu_temp_dir_new(GError **error)
{
    const GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES | G_SPAWN_STDERR_TO_DEV_NULL;
    const char *dir = parent_dir();
    const char *argv[] = { "/bin/sh", "-c", cleaner_script, dir, NULL };
    g_autoptr(QemuTempDir) temp_dir = g_new0(QemuTempDir, 1);
    g_autoptr(GError) spawn_error = NULL;
    int output;

    if (!g_spawn_async_with_pipes("/", (char **)argv, NULL, flags, NULL, NULL, &temp_dir->cleaner,
                                  &temp_dir->cleaner_fd, &output, NULL, &spawn_error)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s", spawn_error->message);
        return NULL;
    }
    temp_dir->path = read_line(output);
    close(output);
    if (!*temp_dir->path) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM,
                    "cannot make a temporary directory in %s; set TMPDIR to another folder", dir);
        return NULL;
    }
    return g_steal_pointer(&temp_dir);
}

void qemu_temp_dir_free(QemuTempDir *temp_dir)
{
    if (!temp_dir)
        return;
    if (temp_dir->cleaner > 0) {
        close(temp_dir->cleaner_fd);
        while (waitpid(temp_dir->cleaner, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    g_free(temp_dir->path);
    g_free(temp_dir);
}

const char *qemu_temp_dir_path(const QemuTempDir *temp_dir)
{
    return temp_dir->path;
}
