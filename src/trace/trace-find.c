/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "trace/trace-ring.h"
#include "util/emulator.h"
#include "util/error.h"

#define RING_LINK "/memfd:" TRACE_RING_NAME " (deleted)"

int trace_find_ring(pid_t pid, GError **error)
{
    g_autofree char *folder = g_strdup_printf("/proc/%d/fd", (int)pid);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int fd = -1;

    if (!dir && errno == ENOENT) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no process %d", (int)pid);
        return -1;
    }
    if (!dir) {
        ccw_error_set_errno(error, errno, "cannot trace process %d, which only its own user and root can trace",
                            (int)pid);
        return -1;
    }
    while (fd < 0 && (entry = readdir(dir)) != NULL) {
        char target[64] = "";

        if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) < 0 || strcmp(target, RING_LINK) != 0)
            continue;
        fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            break;
    }
    if (fd < 0 && entry)
        ccw_error_set_errno(error, errno, "cannot open the ring of process %d", (int)pid);
    else if (fd < 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "process %d has no embedded channel device", (int)pid);
    closedir(dir);
    return fd;
}

/* Parses "guest=NAME,debug-threads=on" or "NAME". QEMU writes a comma in a name twice. */
static char *parse_name(const char *value, gsize length)
{
    g_autoptr(GString) name = g_string_new(NULL);
    gsize at = length > 6 && strncmp(value, "guest=", 6) == 0 ? 6 : 0;

    for (; at < length; at++) {
        if (value[at] == ',' && (at + 1 == length || value[++at] != ','))
            break;
        g_string_append_c(name, value[at]);
    }
    return g_strdup(name->str);
}

char *trace_find_name(const char *words, gsize length)
{
    gboolean is_value = FALSE;

    for (gsize at = 0; at < length;) {
        gsize word = strnlen(words + at, length - at);

        if (is_value)
            return parse_name(words + at, word);
        is_value = word == 5 && memcmp(words + at, "-name", 5) == 0;
        at += word + 1;
    }
    return NULL;
}

/* Returns: the command line of a process, with its length; NULL if it cannot be read. */
static char *read_words(pid_t pid, gsize *ret_length)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
    char *words = NULL;

    return g_file_get_contents(path, &words, ret_length, NULL) ? words : NULL;
}

char *trace_find_name_of(pid_t pid)
{
    gsize length = 0;
    g_autofree char *words = read_words(pid, &length);

    return words ? trace_find_name(words, length) : NULL;
}

/* Returns: whether the process is a QEMU for s390x, and that of the domain unless domain is NULL. */
static gboolean is_wanted(pid_t pid, const char *domain)
{
    gsize length = 0;
    g_autofree char *words = read_words(pid, &length), *name = NULL;

    if (!words || length == 0)
        return FALSE;
    if (!ccw_emulator_is_s390x(words))
        return FALSE;
    name = domain ? trace_find_name(words, length) : NULL;
    return !domain || (name && strcmp(name, domain) == 0);
}

static void set_not_found(const char *domain, const GError *denied, GError **error)
{
    if (denied)
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED, "%s", denied->message);
    else if (domain)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no running domain '%s' with an embedded channel device", domain);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "no running QEMU has an embedded channel device");
}

GArray *trace_find_qemus(const char *domain, GError **error)
{
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_autoptr(GError) denied = NULL;
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, error);
    const char *name;

    if (!dir)
        return NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
        g_autoptr(GError) problem = NULL;
        int fd;

        if (pid <= 0 || !is_wanted(pid, domain))
            continue;
        fd = trace_find_ring(pid, &problem);
        if (fd >= 0) {
            g_array_append_val(pids, pid);
            close(fd);
        } else if (g_error_matches(problem, CCW_ERROR, CCW_ERROR_DENIED) && !denied) {
            denied = g_steal_pointer(&problem);
        }
    }
    if (pids->len > 0)
        return g_steal_pointer(&pids);
    set_not_found(domain, denied, error);
    return NULL;
}
