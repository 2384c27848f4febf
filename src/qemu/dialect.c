/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/dialect.h"

#include <string.h>

#include "conf/uuid.h"
#include "qemu/option.h"
#include "qemu/props.h"
#include "util/error.h"

#define MAP_CSS "s390-map-css"

/* What libvirt adds for itself: it would wait for libvirt, or for a file that only libvirt writes. */
static const struct {
    const char *option;
    const char *key; /* NULL: whatever the value is */
    const char *value;
} supervision[] = {
    { "S", NULL, NULL },
    { "no-shutdown", NULL, NULL },
    { "object", "id", "masterKey0" },
    { "chardev", "id", "charmonitor" },
    { "mon", "chardev", "charmonitor" },
    { "object", "chardev", "charmonitor" }, /* the monitor of libvirt 12.8 with QEMU 11.1 */
};

/* The keys that QEMU implies for a first piece without "=". */
static const struct {
    const char *option;
    const char *implied_key;
} implied_keys[] = {
    { "device", "driver" }, { "object", "qom-type" }, { "chardev", "backend" },
    { "mon", "chardev" },   { "netdev", "type" },
};

/* A network backend on descriptors that libvirt would have opened. Without it the network is QEMU's own. */
static const char *const descriptor_keys[] = { "fd", "fds", "vhostfd", "vhostfds" };
static const char *const tap_keys[] = { "vhost", "queues" };

static CcwProps *parse_props(const CcwArg *arg)
{
    for (gsize i = 0; arg->value && i < G_N_ELEMENTS(implied_keys); i++)
        if (ccw_arg_is(arg, implied_keys[i].option))
            return ccw_props_parse(arg->value, implied_keys[i].implied_key);
    return NULL;
}

static void set_value(CcwArg *arg, char *value)
{
    g_free(arg->value);
    arg->value = value;
}

static gboolean is_machine(const CcwArg *arg)
{
    return arg->value && (ccw_arg_is(arg, "machine") || ccw_arg_is(arg, "M"));
}

/* NULL if the argument is something else, or cannot be read. */
static CcwProps *parse_vfio_ccw(const CcwArg *arg)
{
    g_autoptr(CcwProps) props = ccw_arg_is(arg, "device") ? parse_props(arg) : NULL;

    return props && ccw_props_equal(props, "driver", "vfio-ccw") ? g_steal_pointer(&props) : NULL;
}

static gboolean is_supervision(const CcwArg *arg)
{
    for (gsize i = 0; i < G_N_ELEMENTS(supervision); i++) {
        g_autoptr(CcwProps) props = NULL;

        if (!ccw_arg_is(arg, supervision[i].option))
            continue;
        if (!supervision[i].key)
            return TRUE;
        props = parse_props(arg);
        if (props && ccw_props_equal(props, supervision[i].key, supervision[i].value))
            return TRUE;
    }
    return FALSE;
}

/* The host's device behind an mdev path of ours. */
static gboolean decode_path(const char *path, CcwBusId *ret_host)
{
    gboolean advertised;

    return g_str_has_prefix(path, CCW_DIALECT_MDEV_DIR "/") &&
           ccw_uuid_decode(path + strlen(CCW_DIALECT_MDEV_DIR "/"), ret_host, &advertised);
}

static void device_to_series(CcwArg *arg)
{
    g_autoptr(CcwProps) props = parse_vfio_ccw(arg);
    char host[CCW_BUS_ID_STR_LEN];
    g_autofree char *guest = NULL;
    const char *path = NULL, *devno = NULL;
    CcwBusId id;

    if (!props || !ccw_props_get(props, "sysfsdev", &path) || !path || !decode_path(path, &id))
        return;
    ccw_props_get(props, "devno", &devno);
    guest = g_strdup(devno);
    ccw_props_replace(props, "sysfsdev", "hostid", ccw_bus_id_format(&id, host));
    if (guest)
        ccw_props_replace(props, "devno", "guestid", guest);
    set_value(arg, ccw_props_format(props));
}

/* TRUE if it was one of ours in css fe. */
static gboolean device_to_squash(CcwArg *arg)
{
    g_autoptr(CcwProps) props = parse_vfio_ccw(arg);
    const char *path = NULL, *devno = NULL;
    char text[CCW_BUS_ID_STR_LEN];
    CcwBusId host, guest;

    if (!props || !ccw_props_get(props, "sysfsdev", &path) || !path || !decode_path(path, &host) ||
        !ccw_props_get(props, "devno", &devno) || !devno || !ccw_bus_id_parse(devno, &guest, NULL) ||
        guest.cssid != CCW_CSSID_VIRTUAL)
        return FALSE;
    guest.cssid = host.cssid == CCW_CSSID_VIRTUAL ? 0 : host.cssid;
    ccw_props_replace(props, "devno", "devno", ccw_bus_id_format(&guest, text));
    set_value(arg, ccw_props_format(props));
    return TRUE;
}

void ccw_dialect_stock_to_squash(CcwArgv *argv)
{
    gboolean squashed = FALSE;

    for (guint i = 0; i < argv->args->len; i++)
        squashed = device_to_squash(g_ptr_array_index(argv->args, i)) || squashed;
    if (squashed)
        ccw_argv_add(argv, "-machine", "s390-squash-mcss=on");
}

static void netdev_to_series(CcwArg *arg)
{
    g_autoptr(CcwProps) props = ccw_arg_is(arg, "netdev") ? parse_props(arg) : NULL;
    gboolean has_descriptor = FALSE;

    if (!props)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(descriptor_keys); i++) {
        has_descriptor = has_descriptor || ccw_props_get(props, descriptor_keys[i], NULL);
        ccw_props_remove(props, descriptor_keys[i]);
    }
    if (!has_descriptor)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(tap_keys); i++)
        ccw_props_remove(props, tap_keys[i]);
    ccw_props_replace(props, "type", "type", "user");
    set_value(arg, ccw_props_format(props));
}

void ccw_dialect_to_series(CcwArgv *argv, CcwMapCss map_css)
{
    const char *state = map_css == CCW_MAP_CSS_OFF ? "off" : "on";
    gboolean stated = FALSE;

    g_ptr_array_set_size(argv->env, 0);
    for (guint i = argv->args->len; i > 0; i--)
        if (is_supervision(g_ptr_array_index(argv->args, i - 1)))
            g_ptr_array_remove_index(argv->args, i - 1);
    for (guint i = 0; i < argv->args->len; i++) {
        CcwArg *arg = g_ptr_array_index(argv->args, i);

        device_to_series(arg);
        netdev_to_series(arg);
        if (is_machine(arg) && !stated) {
            set_value(arg, g_strdup_printf("%s,%s=%s", arg->value, MAP_CSS, state));
            stated = TRUE;
        }
    }
    if (!stated) {
        g_autofree char *value = g_strdup_printf("%s=%s", MAP_CSS, state);

        ccw_argv_add(argv, "-machine", value);
    }
}

/* Takes the feature out of every -machine; one with nothing else in it goes altogether. */
static gboolean take_map_css(CcwArgv *argv, CcwMapCss *ret_map_css, GError **error)
{
    CcwMapCss map_css = CCW_MAP_CSS_ABSENT;

    for (guint i = 0; i < argv->args->len; i++) {
        CcwArg *arg = g_ptr_array_index(argv->args, i);
        g_autoptr(GPtrArray) options = is_machine(arg) ? ccw_options_parse(arg->value, "type") : NULL;
        const CcwOption *option = options ? ccw_options_find(options, MAP_CSS) : NULL;

        if (!option)
            continue;
        if (g_strcmp0(option->value, "on") != 0 && g_strcmp0(option->value, "off") != 0) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' of %s: %s is on or off", option->raw, arg->option,
                        MAP_CSS);
            return FALSE;
        }
        map_css = strcmp(option->value, "on") == 0 ? CCW_MAP_CSS_ON : CCW_MAP_CSS_OFF;
        ccw_options_remove(options, MAP_CSS);
        if (options->len > 0)
            set_value(arg, ccw_options_format(options));
        else
            g_ptr_array_remove_index(argv->args, i--);
    }
    *ret_map_css = map_css;
    return TRUE;
}

/* *ret_found tells whether key is there; it is not an error if not. */
static gboolean get_bus_id(CcwProps *props, const char *key, gboolean *ret_found, CcwBusId *ret_id, GError **error)
{
    const char *text = NULL;

    if (!ccw_props_get(props, key, &text)) {
        *ret_found = FALSE;
        return TRUE;
    }
    if (!text) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s wants a device bus id, for example 0.0.1234", key);
        return FALSE;
    }
    if (!ccw_bus_id_read(text, ret_id, error)) {
        g_prefix_error(error, "%s: ", key);
        return FALSE;
    }
    *ret_found = TRUE;
    return TRUE;
}

CcwBusId ccw_dialect_default_guest(const CcwBusId *host, CcwMapCss map_css)
{
    gboolean map = map_css != CCW_MAP_CSS_OFF;

    return (CcwBusId){ .cssid = map ? CCW_CSSID_VIRTUAL : host->cssid, .ssid = host->ssid, .devno = host->devno };
}

static gboolean check_guest(const CcwBusId *host, const CcwBusId *guest, gboolean map, GError **error)
{
    CcwBusId mapped = { .cssid = CCW_CSSID_VIRTUAL, .ssid = guest->ssid, .devno = guest->devno };
    char host_text[CCW_BUS_ID_STR_LEN], guest_text[CCW_BUS_ID_STR_LEN], mapped_text[CCW_BUS_ID_STR_LEN];

    if (!map || guest->cssid == CCW_CSSID_VIRTUAL)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "guestid %s of hostid %s is outside css fe, which contradicts %s=on: give guestid=%s, or %s=off",
                ccw_bus_id_format(guest, guest_text), ccw_bus_id_format(host, host_text), MAP_CSS,
                ccw_bus_id_format(&mapped, mapped_text), MAP_CSS);
    return FALSE;
}

gboolean ccw_dialect_device_to_stock(CcwProps *props, CcwMapCss map_css, gboolean *ret_is_series, CcwBusId *ret_host,
                                     GError **error)
{
    gboolean map = map_css != CCW_MAP_CSS_OFF;
    gboolean has_host = FALSE, has_guest = FALSE;
    g_autofree char *path = NULL;
    char devno[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    CcwBusId host, guest;

    if (!get_bus_id(props, "hostid", &has_host, &host, error) ||
        !get_bus_id(props, "guestid", &has_guest, &guest, error))
        return FALSE;
    if (!has_host && !has_guest) {
        *ret_is_series = FALSE;
        return TRUE;
    }
    if (!has_host) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "guestid without hostid: name the host's device too");
        return FALSE;
    }
    if (ccw_props_get(props, "sysfsdev", NULL) || ccw_props_get(props, "devno", NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "hostid and guestid do not go with sysfsdev and devno, which say the same: give one pair");
        return FALSE;
    }
    if (!has_guest)
        guest = ccw_dialect_default_guest(&host, map_css);
    if (!check_guest(&host, &guest, map, error))
        return FALSE;
    path = g_build_filename(CCW_DIALECT_MDEV_DIR, ccw_uuid_encode(&host, uuid), NULL);
    ccw_props_replace(props, "hostid", "sysfsdev", path);
    ccw_props_replace(props, "guestid", "devno", ccw_bus_id_format(&guest, devno));
    *ret_is_series = TRUE;
    *ret_host = host;
    return TRUE;
}

static gboolean add_host(GArray *hosts, const CcwBusId *host, GError **error)
{
    char text[CCW_BUS_ID_STR_LEN];

    for (guint i = 0; i < hosts->len; i++) {
        if (!ccw_bus_id_equal(&g_array_index(hosts, CcwBusId, i), host))
            continue;
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "hostid %s is used by another device already",
                    ccw_bus_id_format(host, text));
        return FALSE;
    }
    g_array_append_val(hosts, *host);
    return TRUE;
}

static gboolean device_to_stock(CcwArg *arg, CcwMapCss map_css, GArray *hosts, GError **error)
{
    g_autoptr(CcwProps) props = parse_vfio_ccw(arg);
    gboolean is_series = FALSE;
    CcwBusId host;

    if (!props)
        return TRUE;
    if (!ccw_dialect_device_to_stock(props, map_css, &is_series, &host, error) ||
        (is_series && !add_host(hosts, &host, error))) {
        g_prefix_error(error, "-device %s: ", arg->value);
        return FALSE;
    }
    if (is_series)
        set_value(arg, ccw_props_format(props));
    return TRUE;
}

gboolean ccw_dialect_to_stock(CcwArgv *argv, GArray **ret_hosts, CcwMapCss *ret_map_css, GError **error)
{
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    CcwMapCss map_css;

    if (!take_map_css(argv, &map_css, error))
        return FALSE;
    for (guint i = 0; i < argv->args->len; i++)
        if (!device_to_stock(g_ptr_array_index(argv->args, i), map_css, hosts, error))
            return FALSE;
    *ret_hosts = g_steal_pointer(&hosts);
    *ret_map_css = map_css;
    return TRUE;
}

gboolean ccw_dialect_check_iommufd(const CcwArgv *argv,
                                   gboolean (*is_embedded)(const CcwBusId *host, gconstpointer data),
                                   gconstpointer data, GError **error)
{
    for (guint i = 0; i < argv->args->len; i++) {
        g_autoptr(CcwProps) props = parse_vfio_ccw(g_ptr_array_index(argv->args, i));
        const char *path = NULL;
        char text[CCW_BUS_ID_STR_LEN];
        CcwBusId host;

        if (!props || !ccw_props_get(props, "iommufd", NULL) || !ccw_props_get(props, "sysfsdev", &path) || !path ||
            !decode_path(path, &host) || !is_embedded(&host, data))
            continue;
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
            "iommufd of ccw device %s: the embedded channel subsystem answers for VFIO groups, and cannot be bound to "
            "an iommufd: remove iommufd from the device",
            ccw_bus_id_format(&host, text));
        return FALSE;
    }
    return TRUE;
}
