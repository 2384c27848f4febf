/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/limits.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rpc/wire.h"
#include "util/error.h"

#define SHARES 4u        /* a user other than root has one at most, */
#define OTHERS_SHARES 3u /* and all of them together as many as that */

#define FDS_PER_CLIENT 2u /* the client's socket, and the backend's */

#define BYTES_MAX (256u * 1024 * 1024)
#define BYTES_MIN (SHARES * CCW_FRAME_MAX / 4)
/* While a frame is in work there are several copies of it. */
#define MEMORY_PER_BYTE 8u

/* The time between two rounds of calls to those that wait for room. */
#define WAKE_MS 10u

/* An amount that is had by all users, and by those other than root. */
typedef struct {
    gsize max;
    gsize user_max; /* of one user other than root */
    gsize all;
    gsize others;
} Resource;

struct _CcwLimits {
    CcwWorkers *workers;
    GHashTable *users; /* uid -> CcwUser */
    Resource clients;
    Resource logins;
    Resource fds;
    Resource bytes;
    GHashTable *waiting; /* data -> func */
    guint wake;          /* a timer that calls them, or 0 */
    GHashTable *holders; /* data -> Holder */
    gboolean lacks_room; /* a user had no room, although its own share is not used up */
    guint reclaim;       /* a timer that ends holders, or 0 */
};

/* A connection that holds bytes until its client sends or reads. */
typedef struct {
    const CcwUser *user;
    guint64 progress;
    gint64 since;
    void (*end)(gpointer data);
} Holder;

static Resource resource_of(gsize max)
{
    return (Resource){ .max = max, .user_max = MAX(max / SHARES, 1) };
}

/* mine: what the user has of it already. */
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

/* memory.max of cgroup v2; 0 where there is none, or "max". */
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

guint64 ccw_limits_find_memory(void)
{
    struct rlimit limit;
    guint64 address_space = 0;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        address_space = limit.rlim_cur;
    return least(read_cgroup_limit(), address_space);
}

CcwLimits *ccw_limits_new(CcwWorkers *workers, guint fds, guint64 memory, guint max_clients, guint max_user_clients,
                          guint max_logins)
{
    CcwLimits *limits = g_new0(CcwLimits, 1);
    guint usable = fds - MIN(CCW_RESERVED_FDS, fds / 2);
    guint64 bytes = memory ? CLAMP(memory / MEMORY_PER_BYTE, BYTES_MIN, BYTES_MAX) : BYTES_MAX;

    limits->workers = workers;
    limits->users = g_hash_table_new(NULL, NULL);
    limits->waiting = g_hash_table_new(NULL, NULL);
    limits->holders = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    limits->clients = resource_of(MIN(max_clients, usable / 2 / FDS_PER_CLIENT));
    if (max_user_clients)
        limits->clients.user_max = max_user_clients;
    limits->logins = resource_of(max_logins ? max_logins : G_MAXUINT);
    limits->fds = resource_of(usable / 2);
    limits->fds.user_max = MAX(limits->fds.user_max, CCW_FRAME_FDS_MAX);
    limits->bytes = resource_of((gsize)bytes);
    return limits;
}

void ccw_limits_free(CcwLimits *limits)
{
    if (limits->wake)
        g_source_remove(limits->wake);
    if (limits->reclaim)
        g_source_remove(limits->reclaim);
    g_hash_table_unref(limits->holders);
    g_hash_table_unref(limits->waiting);
    g_hash_table_unref(limits->users);
    g_free(limits);
}

guint ccw_limits_max_clients(const CcwLimits *limits)
{
    return (guint)limits->clients.max;
}

guint ccw_limits_clients(const CcwLimits *limits)
{
    return (guint)limits->clients.all;
}

static CcwUser *get_user(CcwLimits *limits, uid_t uid)
{
    CcwUser *user = g_hash_table_lookup(limits->users, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(CcwUser, 1);
        user->limits = limits;
        user->uid = uid;
        g_hash_table_insert(limits->users, GUINT_TO_POINTER(uid), user);
    }
    return user;
}

static void forget_unused(CcwUser *user)
{
    if (user->clients > 0 || user->closing > 0)
        return;
    g_hash_table_remove(user->limits->users, GUINT_TO_POINTER(user->uid));
    g_free(user);
}

CcwUser *ccw_limits_add_client(CcwLimits *limits, uid_t uid, GError **error)
{
    CcwUser *user = g_hash_table_lookup(limits->users, GUINT_TO_POINTER(uid));

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

void ccw_user_remove_client(CcwUser *user)
{
    user->clients--;
    add(&user->limits->clients, user->uid, -1);
    forget_unused(user);
}

typedef struct {
    CcwUser *user;
    int fd;
} Closing;

static void close_work(gpointer data)
{
    ccw_fd_close_soon(((Closing *)data)->fd);
}

static void closed(gpointer data)
{
    Closing *closing = data;
    CcwUser *user = closing->user;

    g_free(closing);
    user->closing--;
    ccw_user_charge(user, 0, -1);
    forget_unused(user);
}

static void close_later(CcwLimits *limits, CcwWorkKind kind, uid_t uid, int fd)
{
    Closing *closing;

    if (!limits || !limits->workers) {
        close(fd);
        return;
    }
    closing = g_new0(Closing, 1);
    *closing = (Closing){ get_user(limits, uid), fd };
    closing->user->closing++;
    ccw_user_charge(closing->user, 0, 1);
    ccw_workers_push(limits->workers, kind, uid, limits, close_work, closed, closing);
}

void ccw_limits_close(CcwLimits *limits, uid_t uid, int fd)
{
    close_later(limits, CCW_WORK_CLOSE, uid, fd);
}

void ccw_limits_hang_up(CcwLimits *limits, uid_t uid, int fd)
{
    if (ccw_fd_refuses_fds(fd)) /* no descriptor is in its queue, as virtccwd never refuses them again */
        close(fd);
    else
        close_later(limits, CCW_WORK_HANG_UP, uid, fd);
}

gboolean ccw_user_begin_login(CcwUser *user)
{
    if (user->uid != 0 && !fits(&user->limits->logins, user->uid, user->logins, 1))
        return FALSE;
    user->logins++;
    add(&user->limits->logins, user->uid, 1);
    return TRUE;
}

void ccw_user_end_login(CcwUser *user)
{
    user->logins--;
    add(&user->limits->logins, user->uid, -1);
}

gboolean ccw_user_has_room(const CcwUser *user, gsize bytes)
{
    return fits(&user->limits->bytes, user->uid, user->bytes, bytes);
}

gboolean ccw_user_has_fd_room(const CcwUser *user, guint fds)
{
    return fits(&user->limits->fds, user->uid, user->fds, fds);
}

/* A function may end the wait of others, or begin its own anew. */
static gboolean wake_waiting(gpointer data)
{
    CcwLimits *limits = data;
    g_autoptr(GList) keys = g_hash_table_get_keys(limits->waiting);

    limits->wake = 0;
    for (GList *item = keys; item; item = item->next) {
        void (*func)(gpointer data) = g_hash_table_lookup(limits->waiting, item->data);

        if (g_hash_table_remove(limits->waiting, item->data))
            func(item->data);
    }
    return G_SOURCE_REMOVE;
}

void ccw_limits_wait(CcwLimits *limits, void (*func)(gpointer data), gpointer data)
{
    g_hash_table_replace(limits->waiting, data, func);
}

void ccw_limits_stop_waiting(CcwLimits *limits, gpointer data)
{
    g_hash_table_remove(limits->waiting, data);
}

void ccw_user_charge(CcwUser *user, gssize bytes, gint fds)
{
    user->bytes += (gsize)bytes;
    user->fds += (guint)fds;
    add(&user->limits->bytes, user->uid, bytes);
    add(&user->limits->fds, user->uid, fds);
    if ((bytes < 0 || fds < 0) && !user->limits->wake && g_hash_table_size(user->limits->waiting) > 0)
        user->limits->wake = g_timeout_add(WAKE_MS, wake_waiting, user->limits);
}

void ccw_limits_pass_time(CcwLimits *limits, gint64 microseconds)
{
    GHashTableIter iter;
    gpointer holder;

    g_hash_table_iter_init(&iter, limits->holders);
    while (g_hash_table_iter_next(&iter, NULL, &holder))
        ((Holder *)holder)->since -= microseconds;
}

void ccw_user_hold(CcwUser *user, guint64 progress, void (*end)(gpointer data), gpointer data)
{
    Holder *holder = g_hash_table_lookup(user->limits->holders, data);

    if (user->uid == 0 || (holder && holder->progress == progress))
        return;
    holder = g_new0(Holder, 1);
    *holder = (Holder){ user, progress, g_get_monotonic_time(), end };
    g_hash_table_replace(user->limits->holders, data, holder);
}

void ccw_user_release(CcwUser *user, gconstpointer data)
{
    g_hash_table_remove(user->limits->holders, data);
}

static gboolean is_to_end(const CcwLimits *limits, const Holder *holder)
{
    return (limits->lacks_room || holder->user->lacks_room) &&
           g_get_monotonic_time() - holder->since >= CCW_HOLD_SECONDS * G_TIME_SPAN_SECOND;
}

static void forget_lack(gpointer uid G_GNUC_UNUSED, gpointer user, gpointer data G_GNUC_UNUSED)
{
    ((CcwUser *)user)->lacks_room = FALSE;
}

/* The end of a connection may free its user, and may end other connections. */
static gboolean reclaim(gpointer data)
{
    CcwLimits *limits = data;
    g_autoptr(GList) keys = g_hash_table_get_keys(limits->holders);

    limits->reclaim = 0;
    for (GList *item = keys; item; item = item->next) {
        const Holder *holder = g_hash_table_lookup(limits->holders, item->data);
        void (*end)(gpointer data) = holder && is_to_end(limits, holder) ? holder->end : NULL;

        if (!end)
            continue;
        g_hash_table_remove(limits->holders, item->data);
        end(item->data);
    }
    limits->lacks_room = FALSE;
    g_hash_table_foreach(limits->users, forget_lack, NULL);
    return G_SOURCE_REMOVE;
}

/* A user whose own share is full must not end connections of others. */
void ccw_user_lacks_room(CcwUser *user, gsize bytes)
{
    CcwLimits *limits = user->limits;

    if (user->uid != 0 && user->bytes + bytes > limits->bytes.user_max)
        user->lacks_room = TRUE;
    else
        limits->lacks_room = TRUE;
    if (!limits->reclaim)
        limits->reclaim = g_timeout_add(WAKE_MS, reclaim, limits);
}
