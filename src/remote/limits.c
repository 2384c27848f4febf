/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/limits.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rpc/wire.h"
#include "util/error.h"
#include "util/timer.h"

#define SHARES 4u        /* a user other than root has at most one of these shares of a resource */
#define OTHERS_SHARES 3u /* all users other than root together have at most this many shares */

#define FDS_PER_CLIENT 2u /* the client's socket and the backend's socket */

#define BYTES_MAX (256u * 1024 * 1024)
#define BYTES_MIN (SHARES * RPC_FRAME_MAX / 4)
/* virtccwd keeps several copies of a frame while it works on it. */
#define MEMORY_PER_BYTE 8u

/* Time between two rounds of calls to the connections that wait for room. */
#define WAKE_MS 10u

/* The used amount of a resource: by all users, and by all users other than root. */
typedef struct {
    gsize max;
    gsize user_max; /* maximum of one user other than root */
    gsize all;
    gsize others;
} Resource;

struct _RemoteLimits {
    RemoteWorkers *workers;
    GHashTable *users; /* uid -> RemoteUser */
    Resource clients;
    Resource logins;
    Resource fds;
    Resource bytes;
    GHashTable *waiting; /* argument -> function */
    guint wake;          /* timer that calls the waiting functions, or 0 */
    GHashTable *watched; /* argument -> Watched */
    gboolean lacks_room; /* a user lacked room although its own share was not full */
    guint reclaim;       /* timer that ends connections without progress, or 0 */
};

/* A connection that holds bytes until its client sends or reads more. */
typedef struct {
    const RemoteUser *user;
    guint64 progress;
    gint64 since;
    void (*end)(gpointer data);
} Watched;

static Resource resource_of(gsize max)
{
    return (Resource){ .max = max, .user_max = MAX(max / SHARES, 1) };
}

/* Returns: whether the user may have @more of a resource. @mine: the amount that the user has */
static gboolean fits(const Resource *resource, uid_t uid, gsize mine, gsize more)
{
    if (resource->all + more > resource->max)
        return FALSE;
    return uid == 0 || (mine + more <= resource->user_max &&
                        resource->others + more <= MAX(resource->max / SHARES * OTHERS_SHARES, resource->user_max));
}

static void add(Resource *resource, uid_t uid, gssize more)
{
    resource->all += (gsize)more;
    if (uid != 0)
        resource->others += (gsize)more;
}

static guint64 least(guint64 limit, guint64 other)
{
    if (!limit || !other)
        return MAX(limit, other);
    return MIN(limit, other);
}

/* Returns: memory.max of cgroup v2; 0 if the file does not exist, or contains "max". */
static guint64 read_cgroup_limit(void)
{
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    g_autofree char *limit = NULL;
    guint64 value = 0;

    if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL) || !g_str_has_prefix(text, "0::/"))
        return 0;
    text[strcspn(text, "\n")] = '\0';
    path = g_build_filename("/sys/fs/cgroup", text + strlen("0::"), "memory.max", NULL);
    if (g_file_get_contents(path, &limit, NULL, NULL))
        g_ascii_string_to_unsigned(g_strchomp(limit), 10, 1, G_MAXUINT64, &value, NULL);
    return value;
}

guint64 remote_limits_find_memory(void)
{
    struct rlimit limit;
    guint64 address_space = 0;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        address_space = limit.rlim_cur;
    return least(read_cgroup_limit(), address_space);
}

RemoteLimits *remote_limits_new(RemoteWorkers *workers, guint fds, guint64 memory, guint max_clients,
                                guint max_user_clients, guint max_logins)
{
    RemoteLimits *limits = g_new0(RemoteLimits, 1);
    guint usable = fds - MIN(REMOTE_RESERVED_FDS, fds / 2);
    guint64 bytes = memory ? CLAMP(memory / MEMORY_PER_BYTE, BYTES_MIN, BYTES_MAX) : BYTES_MAX;

    limits->workers = workers;
    limits->users = g_hash_table_new(NULL, NULL);
    limits->waiting = g_hash_table_new(NULL, NULL);
    limits->watched = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    limits->clients = resource_of(MIN(max_clients, usable / 2 / FDS_PER_CLIENT));
    if (max_user_clients)
        limits->clients.user_max = max_user_clients;
    limits->logins = resource_of(max_logins ? max_logins : G_MAXUINT);
    limits->fds = resource_of(usable / 2);
    limits->fds.user_max = MAX(limits->fds.user_max, RPC_FRAME_FDS_MAX);
    limits->bytes = resource_of((gsize)bytes);
    return limits;
}

void remote_limits_free(RemoteLimits *limits)
{
    if (limits->wake)
        ccw_timer_remove(limits->wake);
    if (limits->reclaim)
        ccw_timer_remove(limits->reclaim);
    g_hash_table_unref(limits->watched);
    g_hash_table_unref(limits->waiting);
    g_hash_table_unref(limits->users);
    g_free(limits);
}

guint remote_limits_max_clients(const RemoteLimits *limits)
{
    return (guint)limits->clients.max;
}

guint remote_limits_clients(const RemoteLimits *limits)
{
    return (guint)limits->clients.all;
}

static RemoteUser *get_user(RemoteLimits *limits, uid_t uid)
{
    RemoteUser *user = g_hash_table_lookup(limits->users, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(RemoteUser, 1);
        user->limits = limits;
        user->uid = uid;
        g_hash_table_insert(limits->users, GUINT_TO_POINTER(uid), user);
    }
    return user;
}

static void forget_unused(RemoteUser *user)
{
    if (user->clients > 0 || user->closing > 0)
        return;
    g_hash_table_remove(user->limits->users, GUINT_TO_POINTER(user->uid));
    g_free(user);
}

RemoteUser *remote_limits_add_client(RemoteLimits *limits, uid_t uid, GError **error)
{
    RemoteUser *user = g_hash_table_lookup(limits->users, GUINT_TO_POINTER(uid));

    if (!fits(&limits->clients, uid, user ? user->clients : 0, 1) ||
        !fits(&limits->fds, uid, user ? user->fds : 0, 1)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "too many clients: user %u has %u with %u descriptors in their queues, and there are %zu in all; "
                    "close some, or raise max_clients or max_user_clients in virtccwd.conf",
                    uid, user ? user->clients : 0, user ? user->fds : 0, limits->clients.all);
        return NULL;
    }
    user = get_user(limits, uid);
    user->clients++;
    add(&limits->clients, uid, 1);
    return user;
}

void remote_user_remove_client(RemoteUser *user)
{
    user->clients--;
    add(&user->limits->clients, user->uid, -1);
    forget_unused(user);
}

typedef struct {
    RemoteUser *user;
    int fd;
} Closing;

static void close_work(gpointer data)
{
    ccw_fd_close_soon(((Closing *)data)->fd);
}

static void closed(gpointer data)
{
    Closing *closing = data;
    RemoteUser *user = closing->user;

    g_free(closing);
    user->closing--;
    remote_user_charge(user, 0, -1);
    forget_unused(user);
}

static void close_later(RemoteLimits *limits, RemoteWorkKind kind, uid_t uid, int fd)
{
    Closing *closing;

    if (!limits || !limits->workers) {
        close(fd);
        return;
    }
    closing = g_new0(Closing, 1);
    *closing = (Closing){ get_user(limits, uid), fd };
    closing->user->closing++;
    remote_user_charge(closing->user, 0, 1);
    remote_workers_push(limits->workers, kind, uid, limits, close_work, closed, closing);
}

void remote_limits_close(RemoteLimits *limits, uid_t uid, int fd)
{
    close_later(limits, REMOTE_WORK_CLOSE, uid, fd);
}

void remote_limits_hang_up(RemoteLimits *limits, uid_t uid, int fd)
{
    if (ccw_fd_rejects_fds(fd)) /* no descriptor is in its queue: virtccwd has never allowed any */
        close(fd);
    else
        close_later(limits, REMOTE_WORK_HANG_UP, uid, fd);
}

gboolean remote_user_begin_login(RemoteUser *user)
{
    if (user->uid != 0 && !fits(&user->limits->logins, user->uid, user->logins, 1))
        return FALSE;
    user->logins++;
    add(&user->limits->logins, user->uid, 1);
    return TRUE;
}

void remote_user_end_login(RemoteUser *user)
{
    user->logins--;
    add(&user->limits->logins, user->uid, -1);
}

gboolean remote_user_has_room(const RemoteUser *user, gsize bytes)
{
    return fits(&user->limits->bytes, user->uid, user->bytes, bytes);
}

gboolean remote_user_has_fd_room(const RemoteUser *user, guint fds)
{
    return fits(&user->limits->fds, user->uid, user->fds, fds);
}

/* A waiting function may end the wait of another connection, or begin its own wait again. */
static gboolean wake_waiting(gpointer data)
{
    RemoteLimits *limits = data;
    g_autoptr(GList) keys = g_hash_table_get_keys(limits->waiting);

    limits->wake = 0;
    for (GList *item = keys; item; item = item->next) {
        void (*func)(gpointer data) = g_hash_table_lookup(limits->waiting, item->data);

        if (g_hash_table_remove(limits->waiting, item->data))
            func(item->data);
    }
    return G_SOURCE_REMOVE;
}

void remote_limits_wait(RemoteLimits *limits, void (*func)(gpointer data), gpointer data)
{
    g_hash_table_replace(limits->waiting, data, func);
}

void remote_limits_stop_waiting(RemoteLimits *limits, gpointer data)
{
    g_hash_table_remove(limits->waiting, data);
}

void remote_user_charge(RemoteUser *user, gssize bytes, gint fds)
{
    user->bytes += (gsize)bytes;
    user->fds += (guint)fds;
    add(&user->limits->bytes, user->uid, bytes);
    add(&user->limits->fds, user->uid, fds);
    if ((bytes < 0 || fds < 0) && !user->limits->wake && g_hash_table_size(user->limits->waiting) > 0)
        user->limits->wake = ccw_timer_add(WAKE_MS, wake_waiting, user->limits);
}

void remote_limits_pass_time(RemoteLimits *limits, gint64 microseconds)
{
    GHashTableIter iter;
    gpointer watched;

    g_hash_table_iter_init(&iter, limits->watched);
    while (g_hash_table_iter_next(&iter, NULL, &watched))
        ((Watched *)watched)->since -= microseconds;
}

void remote_user_watch_progress(RemoteUser *user, guint64 progress, void (*end)(gpointer data), gpointer data)
{
    Watched *watched = g_hash_table_lookup(user->limits->watched, data);

    if (user->uid == 0 || (watched && watched->progress == progress))
        return;
    watched = g_new0(Watched, 1);
    *watched = (Watched){ user, progress, g_get_monotonic_time(), end };
    g_hash_table_replace(user->limits->watched, data, watched);
}

void remote_user_unwatch_progress(RemoteUser *user, gconstpointer data)
{
    g_hash_table_remove(user->limits->watched, data);
}

static gboolean is_to_end(const RemoteLimits *limits, const Watched *watched)
{
    return (limits->lacks_room || watched->user->lacks_room) &&
           g_get_monotonic_time() - watched->since >= REMOTE_STALL_SECONDS * G_TIME_SPAN_SECOND;
}

static void forget_lack(gpointer uid G_GNUC_UNUSED, gpointer user, gpointer data G_GNUC_UNUSED)
{
    ((RemoteUser *)user)->lacks_room = FALSE;
}

/* end() of one connection may free its user, and may end other connections. */
static gboolean reclaim(gpointer data)
{
    RemoteLimits *limits = data;
    g_autoptr(GList) keys = g_hash_table_get_keys(limits->watched);

    limits->reclaim = 0;
    for (GList *item = keys; item; item = item->next) {
        const Watched *watched = g_hash_table_lookup(limits->watched, item->data);
        void (*end)(gpointer data) = watched && is_to_end(limits, watched) ? watched->end : NULL;

        if (!end)
            continue;
        g_hash_table_remove(limits->watched, item->data);
        end(item->data);
    }
    limits->lacks_room = FALSE;
    g_hash_table_foreach(limits->users, forget_lack, NULL);
    return G_SOURCE_REMOVE;
}

/* A user whose own share is full must not end other users' connections. */
void remote_user_lacks_room(RemoteUser *user, gsize bytes)
{
    RemoteLimits *limits = user->limits;

    if (user->uid != 0 && user->bytes + bytes > limits->bytes.user_max)
        user->lacks_room = TRUE;
    else
        limits->lacks_room = TRUE;
    if (!limits->reclaim)
        limits->reclaim = ccw_timer_add(WAKE_MS, reclaim, limits);
}
