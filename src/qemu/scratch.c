/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/scratch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"

/* A socket of libvirt's below it has to fit into sun_path (108 bytes); the rest of its path has some 60. */
#define TMPDIR_MAX 32

struct _CcwScratch {
    char *path;
    GPid janitor;
    int janitor_fd; /* the janitor goes to work when this end is closed */
};

/*
 * The janitor makes the directory, so that there is no moment without somebody to remove it, says its name, and waits
 * for its standard input to end. An emulator that libvirt was just asking for its capabilities would be left behind
 * too: its pidfile is in the directory while it runs. It is a shell, because the process that starts it may have
 * threads already.
 */
static const char janitor_script[] = "trap '' HUP INT QUIT TERM PIPE\n"
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

/* The line that the janitor says; "" if it had nothing to say. */
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

CcwScratch *ccw_scratch_new(GError **error)
{
    const GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES | G_SPAWN_STDERR_TO_DEV_NULL;
    const char *dir = parent_dir();
    const char *argv[] = { "/bin/sh", "-c", janitor_script, dir, NULL };
    g_autoptr(CcwScratch) scratch = g_new0(CcwScratch, 1);
    g_autoptr(GError) spawn_error = NULL;
    int output;

    if (!g_spawn_async_with_pipes("/", (char **)argv, NULL, flags, NULL, NULL, &scratch->janitor, &scratch->janitor_fd,
                                  &output, NULL, &spawn_error)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s", spawn_error->message);
        return NULL;
    }
    scratch->path = read_line(output);
    close(output);
    if (!*scratch->path) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot make a temporary directory in %s", dir);
        return NULL;
    }
    return g_steal_pointer(&scratch);
}

void ccw_scratch_free(CcwScratch *scratch)
{
    if (!scratch)
        return;
    if (scratch->janitor > 0) {
        close(scratch->janitor_fd);
        while (waitpid(scratch->janitor, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    g_free(scratch->path);
    g_free(scratch);
}

const char *ccw_scratch_path(const CcwScratch *scratch)
{
    return scratch->path;
}
