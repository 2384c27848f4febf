/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many clients, queued descriptors and bytes one user, and all users together, may have. Each user has at most a
 * quarter of a resource. All users other than root together have at most three quarters, so that virtccwd always serves
 * root. docs/security.md has the bounds as a table.
 *
 * All functions are for the main thread: the one whose GMainContext the server uses.
 */
#pragma once

#include <sys/types.h>

#include "remote/workers.h"
#include "util/fd.h"

/*
 * Descriptors that virtccwd reserves for its own work: a message with the maximum number of descriptors, rejections,
 * sysfs, libvirt, polkit. If the process may open fewer than twice this number, virtccwd reserves half of them.
 */
#define REMOTE_RESERVED_FDS 512u

/*
 * Maximum number of descriptors queued for one client. libvirtd itself may hold as many: 5 calls with 32 descriptors
 * each.
 */
#define REMOTE_CLIENT_FDS_MAX 160u

/* Maximum number of a client's unanswered calls. virtccwd does not read a client that has more. */
#define REMOTE_CLIENT_CALLS_MAX 1024u

/* Seconds for which a client may hold bytes without progress while other users lack room. */
#define REMOTE_STALL_SECONDS 30u

typedef struct _RemoteLimits RemoteLimits;

/* The resources that one user holds. Only the functions below change the members. */
typedef struct {
    RemoteLimits *limits;
    uid_t uid;
    guint clients;       /* connections, and logins that have begun or wait */
    guint closing;       /* descriptors that workers have to close; they also count in fds */
    guint logins;        /* clients that authenticate themselves now */
    guint fds;           /* descriptors queued for the user's clients */
    gsize bytes;         /* bytes of frames that arrive, calls in progress, and frames that wait to be read */
    gboolean lacks_room; /* the user's own share was full */
} RemoteUser;

/**
 * remote_limits_new:
 * @workers: close descriptors, and outlive the limits; NULL: descriptors are closed at once
 * @fds: maximum number of open descriptors of the process (RLIMIT_NOFILE)
 * @memory: maximum memory of the process in bytes; 0: no limit
 * @max_clients: of all users together
 * @max_user_clients: of one user other than root; 0: a quarter of the maximum
 * @max_logins: of all users together; 0: no limit
 */
RemoteLimits *remote_limits_new(RemoteWorkers *workers, guint fds, guint64 memory, guint max_clients,
                                guint max_user_clients, guint max_logins);
void remote_limits_free(RemoteLimits *limits); /* only after all clients have left, and all descriptors are closed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteLimits, remote_limits_free)

/*
 * Returns: how many bytes of memory the process may have: the lower of its cgroup's limit and RLIMIT_AS; 0 if there is
 * no limit.
 */
guint64 remote_limits_find_memory(void);

/* Return the maximum and the current number of clients of all users. */
guint remote_limits_max_clients(const RemoteLimits *limits);
guint remote_limits_clients(const RemoteLimits *limits);

/**
 * remote_limits_add_client:
 *
 * Counts one more client of that user.
 *
 * Returns: a reference to the user, which remote_user_remove_client() drops, or NULL with CCW_ERROR_BUSY if there are
 * too many clients.
 */
RemoteUser *remote_limits_add_client(RemoteLimits *limits, uid_t uid, GError **error);

/* Drops the reference of remote_limits_add_client(), which may free the user. */
void remote_user_remove_client(RemoteUser *user);

/**
 * remote_limits_close:
 * @limits: NULL closes at once, for tests
 *
 * Closes a descriptor that a client of that user has sent, in a worker. Until then the descriptor counts as one of the
 * user's queued descriptors.
 */
void remote_limits_close(RemoteLimits *limits, uid_t uid, int fd);

/**
 * remote_limits_hang_up:
 * @limits: NULL closes at once, for tests
 *
 * As remote_limits_close(), for a client's own socket.
 */
void remote_limits_hang_up(RemoteLimits *limits, uid_t uid, int fd);

/*
 * Returns: whether one more client of that user may authenticate itself now. If so, the client counts until
 * remote_user_end_login(). root does not authenticate, and always may.
 */
gboolean remote_user_begin_login(RemoteUser *user);
void remote_user_end_login(RemoteUser *user);

/* Return whether the user may have that many more bytes or descriptors. These functions count nothing. */
gboolean remote_user_has_room(const RemoteUser *user, gsize bytes);
gboolean remote_user_has_fd_room(const RemoteUser *user, guint fds);

/**
 * remote_limits_wait:
 *
 * Registers @func for one call with @data, in the default main context, after some bytes or descriptors of any user
 * have become free. @func must check again whether it has room. A call with the same @data replaces the earlier one.
 */
void remote_limits_wait(RemoteLimits *limits, void (*func)(gpointer data), gpointer data);

/* Removes the function that waits with @data, if there is one. */
void remote_limits_stop_waiting(RemoteLimits *limits, gpointer data);

/* Counts bytes and descriptors that the user holds (< 0: holds no more), whether there is room for them or not. */
void remote_user_charge(RemoteUser *user, gssize bytes, gint fds);

/**
 * remote_user_watch_progress:
 * @progress: a value that changes whenever the client makes progress; a change restarts the client's time
 *
 * Notes that @data holds bytes until its client sends or reads more. After REMOTE_STALL_SECONDS without progress while
 * other users lack room, the limits call @end with @data once, in the default main context. Does nothing for root.
 */
void remote_user_watch_progress(RemoteUser *user, guint64 progress, void (*end)(gpointer data), gpointer data);

/* Notes that @data holds no bytes any more. */
void remote_user_unwatch_progress(RemoteUser *user, gconstpointer data);

/*
 * Notes that the user had no room for that many more bytes. The limits then end connections that have held bytes for
 * too long.
 */
void remote_user_lacks_room(RemoteUser *user, gsize bytes);

/* Increases the time for which each client has held its bytes; for tests. */
void remote_limits_pass_time(RemoteLimits *limits, gint64 microseconds);
