/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/client-process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libvirt/libvirt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpc/xdr.h"
#include "util/error.h"

#define LABEL_MAX 4096
#define DATABASE_MAX (1024u * 1024)
/*
 * Number of fields in /proc/PID/stat between the parenthesis that ends the command and the start time. The state, which
 * follows the parenthesis, is field 3; see proc(5).
 */
#define STAT_START_TIME (22 - 3)
#define STAT_MAX 2048 /* bytes; the longest possible text has some 400 */

/*
 * Reads a file of /proc by one read(2), which returns such a file as a whole, and appends a 0. Returns: the number of
 * bytes, or -1.
 */
static ssize_t read_stat(const char *path, char *text, gsize size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    if (n >= 0)
        text[n] = '\0';
    return n;
}

/*
 * Reads the start time of the first thread, which is that of the process. The kernel adds up all threads before it
 * shows /proc/PID/stat, and the client decides how many threads it has.
 */
static gboolean read_start_time(pid_t pid, guint64 *ret_time, GError **error)
{
    char path[sizeof("/proc/2147483647/task/2147483647/stat")];
    char text[STAT_MAX];
    char *at, *end;

    g_snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
    if (read_stat(path, text, sizeof(text)) < 0 || !(at = strrchr(text, ')'))) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s does not say when the client started", path);
        return FALSE;
    }
    at++;
    for (guint i = 0; at && i < STAT_START_TIME; i++)
        at = strchr(at + 1, ' ');
    *ret_time = at ? g_ascii_strtoull(at, &end, 10) : 0;
    if (*ret_time == 0 || *end != ' ') {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s does not have the form that proc(5) describes", path);
        return FALSE;
    }
    return TRUE;
}

/*
 * Checks the owner of /proc/PID, which is the effective user of the process. /proc/PID/status also has the other users
 * of the process, but it lists all its groups, too, of which a process may have 65,536.
 */
static gboolean has_effective_uid(pid_t pid, uid_t uid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", pid);
    struct stat found;

    return stat(path, &found) == 0 && found.st_uid == uid;
}

/* Checks the line "Uid:" of /proc/PID/status (proc(5)): real, effective, saved and file system user. */
static gboolean has_any_uid(pid_t pid, uid_t uid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
    g_autofree char *text = NULL;
    const char *line;
    guint uids[4];

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "\nUid:")) ||
        sscanf(line, "\nUid: %u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != G_N_ELEMENTS(uids))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(uids); i++)
        if (uids[i] == uid)
            return TRUE;
    return FALSE;
}

/*
 * A process that connected as root may have another effective user by now, and may become root again. Reading the
 * status may take a millisecond, so this function does it for root only.
 */
static gboolean has_uid(pid_t pid, uid_t uid)
{
    return has_effective_uid(pid, uid) || (uid == 0 && has_any_uid(pid, uid));
}

static char *read_label(int fd)
{
    char label[LABEL_MAX + 1];
    socklen_t length = LABEL_MAX;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &length) < 0)
        return NULL;
    label[length] = '\0';
    return g_strdup(label);
}

static gboolean read_credentials(int fd, struct ucred *ret_ucred, GError **error)
{
    socklen_t length = sizeof(*ret_ucred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_ucred, &length) == 0)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot read the credentials of a client");
    return FALSE;
}

gboolean remote_client_process_uid(int fd, uid_t *ret_uid, GError **error)
{
    struct ucred ucred;

    if (!read_credentials(fd, &ucred, error))
        return FALSE;
    *ret_uid = ucred.uid;
    return TRUE;
}

RemoteClientProcess *remote_client_process_new(int fd, GError **error)
{
    g_autoptr(RemoteClientProcess) process = g_new0(RemoteClientProcess, 1);
    struct ucred ucred;

    if (!read_credentials(fd, &ucred, error))
        return NULL;
    process->pid = ucred.pid;
    process->uid = ucred.uid;
    process->gid = ucred.gid;
    if (!read_start_time(process->pid, &process->start_time, error))
        return NULL;
    /* The client may have ended while it waited to be accepted, and another process may have its number now. */
    if (!has_uid(process->pid, process->uid)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "process %d does not belong to user %u, who connected",
                    process->pid, process->uid);
        return NULL;
    }
    process->label = read_label(fd);
    return g_steal_pointer(&process);
}

RemoteClientProcess *remote_client_process_copy(const RemoteClientProcess *process)
{
    RemoteClientProcess *copy = g_memdup2(process, sizeof(*process));

    copy->label = g_strdup(process->label);
    return copy;
}

void remote_client_process_free(RemoteClientProcess *process)
{
    if (!process)
        return;
    g_free(process->label);
    g_free(process);
}

/* Finds the name of a user or a group. The reentrant look-ups do not say how large a buffer they need. */
static char *find_name(gboolean group, guint id, GError **error)
{
    struct passwd user, *found_user = NULL;
    struct group of_group, *found_group = NULL;
    int rc = ERANGE;

    for (gsize size = 1024; rc == ERANGE && size <= DATABASE_MAX; size *= 2) {
        g_autofree char *buffer = g_malloc(size);

        rc = group ? getgrgid_r(id, &of_group, buffer, size, &found_group)
                   : getpwuid_r(id, &user, buffer, size, &found_user);
        if (rc == 0 && (found_user || found_group))
            return g_strdup(group ? of_group.gr_name : user.pw_name);
    }
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no %s with the number %u on this system",
                group ? "group" : "user", id);
    return NULL;
}

static void write_text(GByteArray *out, const char *text)
{
    rpc_xdr_write_string(out, text, strlen(text));
}

static void write_string_param(GByteArray *out, const char *name, const char *value)
{
    write_text(out, name);
    rpc_xdr_write_u32(out, VIR_TYPED_PARAM_STRING);
    write_text(out, value);
}

/* @type: LLONG or ULLONG, which have 8 bytes */
static void write_number_param(GByteArray *out, const char *name, guint32 type, guint64 value)
{
    write_text(out, name);
    rpc_xdr_write_u32(out, type);
    rpc_xdr_write_u32(out, (guint32)(value >> 32));
    rpc_xdr_write_u32(out, (guint32)value);
}

GByteArray *remote_client_process_identity(const RemoteClientProcess *process, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *user = find_name(FALSE, process->uid, error);
    g_autofree char *group = user ? find_name(TRUE, process->gid, error) : NULL;

    if (!group)
        return NULL;
    rpc_xdr_write_u32(out, process->label ? 7 : 6);
    write_string_param(out, VIR_CONNECT_IDENTITY_USER_NAME, user);
    write_number_param(out, VIR_CONNECT_IDENTITY_UNIX_USER_ID, VIR_TYPED_PARAM_ULLONG, process->uid);
    write_string_param(out, VIR_CONNECT_IDENTITY_GROUP_NAME, group);
    write_number_param(out, VIR_CONNECT_IDENTITY_UNIX_GROUP_ID, VIR_TYPED_PARAM_ULLONG, process->gid);
    write_number_param(out, VIR_CONNECT_IDENTITY_PROCESS_ID, VIR_TYPED_PARAM_LLONG, (guint64)process->pid);
    write_number_param(out, VIR_CONNECT_IDENTITY_PROCESS_TIME, VIR_TYPED_PARAM_ULLONG, process->start_time);
    if (process->label)
        write_string_param(out, VIR_CONNECT_IDENTITY_SELINUX_CONTEXT, process->label);
    rpc_xdr_write_u32(out, 0); /* flags */
    return g_steal_pointer(&out);
}
