/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads call these functions. */
#include "fake-host.h"

#include "css/device.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/process.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "node_device/node-detach.h"
#include "util/error.h"

static GMutex lock;
static GCond cond;
static GString *log_text;
static char *claim_failure, *modules_failure;
static CcwError claim_code;
static gboolean are_claims_blocked;
static gint announced;           /* a bit (1 << the last digit of a devno) for each announced device; atomic */
static const char *blocked_word; /* the word of the calls that host_block() stops */
static gboolean is_blocked;      /* such a call has begun */
/* The domains of the claims that are neither confirmed nor rolled back, by the last digit of the devno. */
static char *pending[16];

static void note(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void note(const char *format, ...)
{
    va_list args;

    g_mutex_lock(&lock);
    if (!log_text)
        log_text = g_string_new(NULL);
    va_start(args, format);
    g_string_append_vprintf(log_text, format, args);
    va_end(args);
    g_mutex_unlock(&lock);
}

char *host_take_log(void)
{
    char *taken;

    g_mutex_lock(&lock);
    taken = log_text ? g_string_free(log_text, FALSE) : g_strdup("");
    log_text = NULL;
    g_mutex_unlock(&lock);
    return taken;
}

void host_fail_claim(CcwError code, const char *message)
{
    g_free(claim_failure);
    claim_failure = g_strdup(message);
    claim_code = code;
}

void host_fail_modules(const char *message)
{
    g_free(modules_failure);
    modules_failure = g_strdup(message);
}

void host_block_claims(gboolean block)
{
    g_mutex_lock(&lock);
    are_claims_blocked = block;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

void host_block(const char *word)
{
    g_mutex_lock(&lock);
    blocked_word = word;
    is_blocked = FALSE;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

void host_wait_blocked(void)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;

    g_mutex_lock(&lock);
    while (!is_blocked)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
}

/* Waits as long as the kernel would, which is until host_block() lets the call go on. */
static void take_time(const char *word)
{
    g_mutex_lock(&lock);
    while (g_strcmp0(blocked_word, word) == 0) {
        is_blocked = TRUE;
        g_cond_broadcast(&cond);
        g_cond_wait(&cond, &lock);
    }
    g_mutex_unlock(&lock);
}

CssHost *css_host_new(const char *sysfs_root G_GNUC_UNUSED, const char *proc_root G_GNUC_UNUSED,
                      const char *run_dir G_GNUC_UNUSED)
{
    static int host;

    return (CssHost *)&host;
}

void css_host_free(CssHost *host G_GNUC_UNUSED)
{
}

char *hostdev_process_identify(CssHost *host G_GNUC_UNUSED, pid_t pid G_GNUC_UNUSED)
{
    return g_strdup("token");
}

gint64 css_host_clock(void)
{
    return g_get_monotonic_time();
}

gboolean hostdev_load_modules(CssHost *host G_GNUC_UNUSED, GError **error)
{
    note("modules ");
    if (modules_failure)
        g_set_error_literal(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, modules_failure);
    return !modules_failure;
}

void css_device_free(CssDevice *device)
{
    g_free(device);
}

gboolean hostdev_claim(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, const char *domain_uuid, const char *token,
                       gboolean *ret_taken, GError **error)
{
    char text[CCW_BUS_ID_STR_LEN];

    g_assert_cmpstr(token, ==, "token");
    g_assert_true(host_is_announced());
    note("claim %s ", ccw_bus_id_format(id, text));
    g_mutex_lock(&lock);
    while (are_claims_blocked)
        g_cond_wait(&cond, &lock);
    g_mutex_unlock(&lock);
    if (claim_failure) {
        g_set_error_literal(error, CCW_ERROR, (gint)claim_code, claim_failure);
        return FALSE;
    }
    *ret_taken = !pending[id->devno & 0xf];
    if (*ret_taken)
        pending[id->devno & 0xf] = g_strdup(domain_uuid);
    return TRUE;
}

/* Ends a claim. A call for a device without a claim has no effect and is not noted. */
static gboolean end_claim(const char *word, const CcwBusId *id, const char *domain_uuid)
{
    char text[CCW_BUS_ID_STR_LEN];

    if (!pending[id->devno & 0xf])
        return TRUE;
    note("%s %s ", word, ccw_bus_id_format(id, text));
    if (g_strcmp0(domain_uuid, pending[id->devno & 0xf]) != 0)
        note("for-another ");
    g_clear_pointer(&pending[id->devno & 0xf], g_free);
    return TRUE;
}

gboolean hostdev_confirm(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, const char *domain_uuid,
                         GError **error G_GNUC_UNUSED)
{
    g_assert_true(host_is_announced());
    take_time("confirm");
    return end_claim("confirm", id, domain_uuid);
}

gboolean hostdev_announce(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, const char *token,
                          GError **error G_GNUC_UNUSED)
{
    g_assert_cmpstr(token, ==, "token");
    g_atomic_int_or((guint *)&announced, 1u << (id->devno & 0xf));
    return TRUE;
}

void hostdev_withdraw(CssHost *host G_GNUC_UNUSED, const CcwBusId *id)
{
    g_assert_true(host_has_announced(id));
    g_atomic_int_and((guint *)&announced, ~(1u << (id->devno & 0xf)));
}

gboolean host_has_announced(const CcwBusId *id)
{
    return g_atomic_int_get(&announced) >> (id->devno & 0xf) & 1;
}

gboolean host_is_announced(void)
{
    return g_atomic_int_get(&announced) != 0;
}

gboolean hostdev_roll_back(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, const char *token,
                           GError **error G_GNUC_UNUSED)
{
    g_assert_cmpstr(token, ==, "token");
    g_assert_false(host_has_announced(id));
    take_time("back");
    return end_claim("back", id, pending[id->devno & 0xf]);
}

gboolean hostdev_leave_open(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, const char *token,
                            GError **error G_GNUC_UNUSED)
{
    g_assert_cmpstr(token, ==, "token");
    return end_claim("open", id, pending[id->devno & 0xf]);
}

gboolean hostdev_has_stale(CssHost *host G_GNUC_UNUSED)
{
    return FALSE;
}

gboolean hostdev_reconcile(CssHost *host G_GNUC_UNUSED, const HostdevReconcile *request, GError **error G_GNUC_UNUSED)
{
    GHashTable *devices = g_hash_table_lookup(request->live, GUEST_UUID);

    take_time("reconcile");
    note("reconcile %s:%u", request->only_domain ? "one" : "all", devices ? g_hash_table_size(devices) : 0);
    if (request->must_skip(&(CcwBusId){ .devno = 0x1234 }, request->skip_data))
        note(" but 0.0.1234");
    note(" ");
    return TRUE;
}

static CssDevice *device_of(const CcwBusId *id, const CcwBusId *subchannel)
{
    CssDevice *device = g_new0(CssDevice, 1);

    device->bus_id = *id;
    device->subchannel = *subchannel;
    return device;
}

gboolean css_host_has_css(CssHost *host G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

/* The number of device lookups, and whether they wait. */
static gint lookups;
static gboolean are_lookups_blocked;

guint host_take_lookups(void)
{
    return (guint)g_atomic_int_exchange(&lookups, 0);
}

void host_block_lookups(gboolean block)
{
    g_mutex_lock(&lock);
    are_lookups_blocked = block;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static void count_lookup(void)
{
    g_atomic_int_inc(&lookups);
    g_main_context_wakeup(NULL); /* a test may wait for it */
    g_mutex_lock(&lock);
    while (are_lookups_blocked)
        g_cond_wait(&cond, &lock);
    g_mutex_unlock(&lock);
}

/* The host has 0.0.1234 on subchannel 0.0.0034, online, and 0.0.1236 on 0.0.0036, which is bound to vfio_ccw. */
CssDevice *css_host_lookup(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, GError **error G_GNUC_UNUSED)
{
    static char vfio_ccw[] = "vfio_ccw";
    CssDevice *device;

    count_lookup();
    if (id->devno != 0x1234 && id->devno != 0x1236)
        return NULL;
    device = device_of(id, &(CcwBusId){ .devno = (guint16)(id->devno - 0x1200) });
    device->online = id->devno == 0x1234;
    if (id->devno == 0x1236)
        device->driver = vfio_ccw;
    return device;
}

CssDevice *css_host_lookup_bound(CssHost *host, const CcwBusId *id)
{
    return css_host_lookup(host, id, NULL);
}

CssDevice *css_host_lookup_subchannel(CssHost *host G_GNUC_UNUSED, const CcwBusId *subchannel,
                                      GError **error G_GNUC_UNUSED)
{
    return subchannel->devno == 0x0034 ? device_of(&(CcwBusId){ .devno = 0x1234 }, subchannel) : NULL;
}

static guint more_detached;

void host_detach_many(guint count)
{
    more_detached = count;
}

/* The devices of host_detach_many() are 0.1.0000 and so on, on subchannels of the same numbers. */
GPtrArray *css_host_list_detached(CssHost *host G_GNUC_UNUSED)
{
    GPtrArray *devices = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < more_detached; i++) {
        const CcwBusId id = { .ssid = 1, .devno = (guint16)i };

        g_ptr_array_add(devices, device_of(&id, &id));
    }
    g_ptr_array_add(devices, device_of(&(CcwBusId){ .devno = 0x1236 }, &(CcwBusId){ .devno = 0x0036 }));
    return devices;
}

static gboolean operate(const char *what, const CcwBusId *id, GError **error)
{
    char text[CCW_BUS_ID_STR_LEN];

    note("%s %s ", what, ccw_bus_id_format(id, text));
    if (!claim_failure)
        return TRUE;
    g_set_error_literal(error, CCW_ERROR, (gint)claim_code, claim_failure);
    return FALSE;
}

gboolean nodedev_detach(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, GError **error)
{
    return operate("detach", id, error);
}

gboolean nodedev_detach_as_of(CssHost *host, const CcwBusId *id, gint64 as_of G_GNUC_UNUSED, gboolean *ret_outdated,
                              GError **error)
{
    *ret_outdated = FALSE;
    return nodedev_detach(host, id, error);
}

gboolean nodedev_reattach_as_of(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, gint64 as_of,
                                gboolean *ret_outdated G_GNUC_UNUSED, GError **error)
{
    g_assert_cmpint(as_of, >, 0);
    return operate("reattach", id, error);
}

gboolean nodedev_reattach(CssHost *host, const CcwBusId *id, GError **error)
{
    gboolean stale;

    return nodedev_reattach_as_of(host, id, G_MAXINT64, &stale, error);
}

gboolean nodedev_reset_as_of(CssHost *host G_GNUC_UNUSED, const CcwBusId *id, gint64 as_of,
                             gboolean *ret_outdated G_GNUC_UNUSED, GError **error)
{
    g_assert_cmpint(as_of, >, 0);
    return operate("reset", id, error);
}

gboolean nodedev_reset(CssHost *host, const CcwBusId *id, GError **error)
{
    gboolean stale;

    return nodedev_reset_as_of(host, id, G_MAXINT64, &stale, error);
}
