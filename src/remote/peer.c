/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/peer.h"

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
/* Fields of /proc/PID/stat behind the parenthesis that ends the command: the state is the third of all, see proc(5). */
#define STAT_START_TIME (22 - 3)
#define STAT_MAX 2048 /* bytes; some 400 where every number is at its longest */

/* How many bytes came, and a 0 behind them; -1. One read(2) has all of such a file of /proc. */
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
 * The start time of the first thread is that of the process. /proc/PID/stat has it too, but there the kernel adds up
 * all threads first, and the client decides how many those are.
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
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s is not laid out as it should be", path);
        return FALSE;
    }
    return TRUE;
}

/*
 * /proc/PID belongs to the effective user of the process. /proc/PID/status has its other users too, but also all of its
 * groups, of which a process may have 65,536.
 */
static gboolean has_effective_uid(pid_t pid, uid_t uid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", pid);
    struct stat found;

    return stat(path, &found) == 0 && found.st_uid == uid;
}

/* The line of proc(5), status: "Uid:", real, effective, saved and file system user. */
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
 * A process that was root when it connected may have another effective user by now, and may become root again. No other
 * client has its status read, which may take a millisecond.
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

gboolean ccw_peer_uid(int fd, uid_t *ret_uid, GError **error)
{
    struct ucred ucred;

    if (!read_credentials(fd, &ucred, error))
        return FALSE;
    *ret_uid = ucred.uid;
    return TRUE;
}

CcwPeer *ccw_peer_new(int fd, GError **error)
{
    g_autoptr(CcwPeer) peer = g_new0(CcwPeer, 1);
    struct ucred ucred;

    if (!read_credentials(fd, &ucred, error))
        return NULL;
    peer->pid = ucred.pid;
    peer->uid = ucred.uid;
    peer->gid = ucred.gid;
    if (!read_start_time(peer->pid, &peer->start_time, error))
        return NULL;
    /* A client that waited to be accepted may have ended, and its number be another process's. */
    if (!has_uid(peer->pid, peer->uid)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "process %d does not belong to user %u, who connected",
                    peer->pid, peer->uid);
        return NULL;
    }
    peer->label = read_label(fd);
    return g_steal_pointer(&peer);
}

CcwPeer *ccw_peer_copy(const CcwPeer *peer)
{
    CcwPeer *copy = g_memdup2(peer, sizeof(*peer));

    copy->label = g_strdup(peer->label);
    return copy;
}

void ccw_peer_free(CcwPeer *peer)
{
    if (!peer)
        return;
    g_free(peer->label);
    g_free(peer);
}

/* Of a user or a group: the reentrant look-ups want a buffer of a size that they do not tell. */
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
    ccw_xdr_write_string(out, text, strlen(text));
}

static void write_string_param(GByteArray *out, const char *name, const char *value)
{
    write_text(out, name);
    ccw_xdr_write_u32(out, VIR_TYPED_PARAM_STRING);
    write_text(out, value);
}

/* type: LLONG or ULLONG, which are 8 bytes. */
static void write_number_param(GByteArray *out, const char *name, guint32 type, guint64 value)
{
    write_text(out, name);
    ccw_xdr_write_u32(out, type);
    ccw_xdr_write_u32(out, (guint32)(value >> 32));
    ccw_xdr_write_u32(out, (guint32)value);
}

GByteArray *ccw_peer_identity(const CcwPeer *peer, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *user = find_name(FALSE, peer->uid, error);
    g_autofree char *group = user ? find_name(TRUE, peer->gid, error) : NULL;

    if (!group)
        return NULL;
    ccw_xdr_write_u32(out, peer->label ? 7 : 6);
    write_string_param(out, VIR_CONNECT_IDENTITY_USER_NAME, user);
    write_number_param(out, VIR_CONNECT_IDENTITY_UNIX_USER_ID, VIR_TYPED_PARAM_ULLONG, peer->uid);
    write_string_param(out, VIR_CONNECT_IDENTITY_GROUP_NAME, group);
    write_number_param(out, VIR_CONNECT_IDENTITY_UNIX_GROUP_ID, VIR_TYPED_PARAM_ULLONG, peer->gid);
    write_number_param(out, VIR_CONNECT_IDENTITY_PROCESS_ID, VIR_TYPED_PARAM_LLONG, (guint64)peer->pid);
    write_number_param(out, VIR_CONNECT_IDENTITY_PROCESS_TIME, VIR_TYPED_PARAM_ULLONG, peer->start_time);
    if (peer->label)
        write_string_param(out, VIR_CONNECT_IDENTITY_SELINUX_CONTEXT, peer->label);
    ccw_xdr_write_u32(out, 0); /* flags */
    return g_steal_pointer(&out);
}
