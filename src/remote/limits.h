/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of virtccwd's resources one user, and all users together, may have: clients, queued descriptors, bytes.
 * Each user has at most a quarter of a resource, and all users but root together have at most three quarters, so that
 * root is always served. docs/security.md has the bounds as a table.
 *
 * Everything here is for the main thread.
 */
#pragma once

#include <sys/types.h>

#include "remote/workers.h"
#include "util/fd.h"

/*
 * Descriptors that are kept back for virtccwd's own work: a message with as many as there can be, refusals, sysfs,
 * libvirt, polkit. If there are fewer than twice as many, half of what there are.
 */
#define CCW_RESERVED_FDS 512u

/* Queued for one client: what libvirtd itself may hold, 5 calls with 32 descriptors each. */
#define CCW_CLIENT_FDS_MAX 160u

/* Calls of a client that libvirt has and has not answered; while there are more the client is not read. */
#define CCW_CLIENT_CALLS_MAX 1024u

/* Seconds that a client may hold bytes without progress while others have no room for theirs. */
#define CCW_HOLD_SECONDS 30u

typedef struct _CcwLimits CcwLimits;

/* The resources that one user holds. The members are for reading; the functions below change them. */
typedef struct {
    CcwLimits *limits;
    uid_t uid;
    guint clients;       /* connections, and logins that wait or have begun */
    guint closing;       /* descriptors that a worker closes; they count among fds too */
    guint logins;        /* of those: not yet authenticated, and answered */
    guint fds;           /* queued for the user's clients */
    gsize bytes;         /* held for them: frames that arrive, calls in work, frames that wait to be read */
    gboolean lacks_room; /* in its own share */
} CcwUser;

/**
 * ccw_limits_new:
 * @workers: close descriptors, and outlive this; NULL: they are closed at once
 * @fds: how many descriptors the process may have open (RLIMIT_NOFILE)
 * @memory: how many bytes of memory it may have, or 0 if that is not limited
 * @max_clients: of all users together
 * @max_user_clients: of one user other than root; 0 for a quarter of what there is
 * @max_logins: of all users together, 0 for no limit
 */
CcwLimits *ccw_limits_new(CcwWorkers *workers, guint fds, guint64 memory, guint max_clients, guint max_user_clients,
                          guint max_logins);
void ccw_limits_free(CcwLimits *limits); /* every client must be gone, and every descriptor closed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwLimits, ccw_limits_free)

/* Returns: what the process may have of memory: the least of its cgroup's limit and RLIMIT_AS; 0 if there is neither.
 */
guint64 ccw_limits_find_memory(void);

/* How many clients of all users there can be, and are. */
guint ccw_limits_max_clients(const CcwLimits *limits);
guint ccw_limits_clients(const CcwLimits *limits);

/**
 * ccw_limits_add_client:
 *
 * Counts one more client of that user.
 *
 * Returns: a reference to the user, which ccw_user_remove_client() takes back; or NULL with CCW_ERROR_BUSY if there are
 * as many already as there may be.
 */
CcwUser *ccw_limits_add_client(CcwLimits *limits, uid_t uid, GError **error);
void ccw_user_remove_client(CcwUser *user);

/**
 * ccw_limits_close:
 * @limits: NULL closes at once, for tests
 *
 * Closes a descriptor that a client of that user has sent in a worker. Until it is closed it counts as one of the
 * user's queued descriptors.
 */
void ccw_limits_close(CcwLimits *limits, uid_t uid, int fd);

/* The same of a client's socket. limits: NULL closes at once, for tests. */
void ccw_limits_hang_up(CcwLimits *limits, uid_t uid, int fd);

/*
 * Whether one more client of that user may try to authenticate now; then it is counted until ccw_user_end_login().
 * root does not authenticate, and always may.
 */
gboolean ccw_user_begin_login(CcwUser *user);
void ccw_user_end_login(CcwUser *user);

/* Whether the user may have as many more bytes, or descriptors, as that. Nothing is counted. */
gboolean ccw_user_has_room(const CcwUser *user, gsize bytes);
gboolean ccw_user_has_fd_room(const CcwUser *user, guint fds);

/**
 * ccw_limits_wait:
 *
 * Has func called with @data once, in the default main context, after somewhere some bytes or descriptors have become
 * free; func asks again whether that is enough. A call with the same @data replaces the one before.
 */
void ccw_limits_wait(CcwLimits *limits, void (*func)(gpointer data), gpointer data);
void ccw_limits_stop_waiting(CcwLimits *limits, gpointer data);

/* Counts what the user holds, whether there is room or not. */
void ccw_user_charge(CcwUser *user, gssize bytes, gint fds);

/**
 * ccw_user_hold:
 * @progress: a value that changes whenever the client makes progress; then its time begins anew
 *
 * Notes that @data holds bytes until its client sends or reads more. If that takes longer than CCW_HOLD_SECONDS while
 * others have no room, @end is called with @data once, in the default main context. Does nothing for root.
 */
void ccw_user_hold(CcwUser *user, guint64 progress, void (*end)(gpointer data), gpointer data);
void ccw_user_release(CcwUser *user, gconstpointer data);

/* The user had no room for that many more bytes: ends the connections that have held bytes for too long. */
void ccw_user_lacks_room(CcwUser *user, gsize bytes);

/* Makes every client that holds bytes have held them for that much longer; for tests. */
void ccw_limits_pass_time(CcwLimits *limits, gint64 microseconds);
