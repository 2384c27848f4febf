/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/dialect.h"

#include <string.h>

#include "conf/uuid.h"
#include "qemu/option.h"
#include "qemu/props.h"
#include "util/error.h"

#define MAP_CSS "s390-map-css"

/* Arguments that libvirt adds for itself: QEMU would wait for libvirt, or for a file that only libvirt writes. */
static const struct {
    const char *option;
    const char *key; /* NULL: any value */
    const char *value;
} supervision[] = {
    { "S", NULL, NULL },
    { "no-shutdown", NULL, NULL },
    { "object", "id", "masterKey0" },
    { "chardev", "id", "charmonitor" },
    { "mon", "chardev", "charmonitor" },
    { "object", "chardev", "charmonitor" }, /* the monitor of libvirt 12.8 with QEMU 11.1 */
};

/* The keys that QEMU implies for a first property without "=". */
static const struct {
    const char *option;
    const char *implied_key;
} implied_keys[] = {
    { "device", "driver" }, { "object", "qom-type" }, { "chardev", "backend" },
    { "mon", "chardev" },   { "netdev", "type" },
};

/* The keys of a network backend with descriptors that libvirt opens. qemu-ccw replaces it by QEMU's user network. */
static const char *const descriptor_keys[] = { "fd", "fds", "vhostfd", "vhostfds" };
static const char *const tap_keys[] = { "vhost", "queues" };

static QemuProps *parse_props(const QemuArg *arg)
{
    for (gsize i = 0; arg->value && i < G_N_ELEMENTS(implied_keys); i++)
        if (qemu_arg_is(arg, implied_keys[i].option))
            return qemu_props_parse(arg->value, implied_keys[i].implied_key);
    return NULL;
}

static void set_value(QemuArg *arg, char *value)
{
    g_free(arg->value);
    arg->value = value;
}

static gboolean is_machine(const QemuArg *arg)
{
    return arg->value && (qemu_arg_is(arg, "machine") || qemu_arg_is(arg, "M"));
}

/* Returns: the properties of a vfio-ccw device, or NULL for another argument, or one that cannot be parsed. */
static QemuProps *parse_vfio_ccw(const QemuArg *arg)
{
    g_autoptr(QemuProps) props = qemu_arg_is(arg, "device") ? parse_props(arg) : NULL;

    return props && qemu_props_equal(props, "driver", "vfio-ccw") ? g_steal_pointer(&props) : NULL;
}

static gboolean is_supervision(const QemuArg *arg)
{
    for (gsize i = 0; i < G_N_ELEMENTS(supervision); i++) {
        g_autoptr(QemuProps) props = NULL;

        if (!qemu_arg_is(arg, supervision[i].option))
            continue;
        if (!supervision[i].key)
            return TRUE;
        props = parse_props(arg);
        if (props && qemu_props_equal(props, supervision[i].key, supervision[i].value))
            return TRUE;
    }
    return FALSE;
}

/* Decodes the host's device in the path of a mediated device. Returns: FALSE if its UUID is not ours. */
static gboolean decode_path(const char *path, CcwBusId *ret_host)
{
    gboolean advertised;

    return g_str_has_prefix(path, QEMU_DIALECT_MDEV_DIR "/") &&
           conf_uuid_decode(path + strlen(QEMU_DIALECT_MDEV_DIR "/"), ret_host, &advertised);
}

static void device_to_series(QemuArg *arg)
{
    g_autoptr(QemuProps) props = parse_vfio_ccw(arg);
    char host[CCW_BUS_ID_STR_LEN];
    g_autofree char *guest = NULL;
    const char *path = NULL, *devno = NULL;
    CcwBusId id;

    if (!props || !qemu_props_get(props, "sysfsdev", &path) || !path || !decode_path(path, &id))
        return;
    qemu_props_get(props, "devno", &devno);
    guest = g_strdup(devno);
    qemu_props_replace(props, "sysfsdev", "hostid", ccw_bus_id_format(&id, host));
    if (guest)
        qemu_props_replace(props, "devno", "guestid", guest);
    set_value(arg, qemu_props_format(props));
}

/* Returns: whether the argument is a device with our UUID in css fe. */
static gboolean device_to_squash(QemuArg *arg)
{
    g_autoptr(QemuProps) props = parse_vfio_ccw(arg);
    const char *path = NULL, *devno = NULL;
    char text[CCW_BUS_ID_STR_LEN];
    CcwBusId host, guest;

    if (!props || !qemu_props_get(props, "sysfsdev", &path) || !path || !decode_path(path, &host) ||
        !qemu_props_get(props, "devno", &devno) || !devno || !ccw_bus_id_parse(devno, &guest, NULL) ||
        guest.cssid != CCW_CSSID_VIRTUAL)
        return FALSE;
    guest.cssid = host.cssid == CCW_CSSID_VIRTUAL ? 0 : host.cssid;
    qemu_props_replace(props, "devno", "devno", ccw_bus_id_format(&guest, text));
    set_value(arg, qemu_props_format(props));
    return TRUE;
}

void qemu_dialect_stock_to_squash(QemuArgv *argv)
{
    gboolean is_squashed = FALSE;

    for (guint i = 0; i < argv->args->len; i++)
        is_squashed = device_to_squash(g_ptr_array_index(argv->args, i)) || is_squashed;
    if (is_squashed)
        qemu_argv_add(argv, "-machine", "s390-squash-mcss=on");
}

static void netdev_to_series(QemuArg *arg)
{
    g_autoptr(QemuProps) props = qemu_arg_is(arg, "netdev") ? parse_props(arg) : NULL;
    gboolean has_descriptor = FALSE;

    if (!props)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(descriptor_keys); i++) {
        has_descriptor = has_descriptor || qemu_props_get(props, descriptor_keys[i], NULL);
        qemu_props_remove(props, descriptor_keys[i]);
    }
    if (!has_descriptor)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(tap_keys); i++)
        qemu_props_remove(props, tap_keys[i]);
    qemu_props_replace(props, "type", "type", "user");
    set_value(arg, qemu_props_format(props));
}

void qemu_dialect_to_series(QemuArgv *argv, ConfMapCss map_css)
{
    const char *state = map_css == CONF_MAP_CSS_OFF ? "off" : "on";
    gboolean is_stated = FALSE;

    g_ptr_array_set_size(argv->env, 0);
    for (guint i = argv->args->len; i > 0; i--)
        if (is_supervision(g_ptr_array_index(argv->args, i - 1)))
            g_ptr_array_remove_index(argv->args, i - 1);
    for (guint i = 0; i < argv->args->len; i++) {
        QemuArg *arg = g_ptr_array_index(argv->args, i);

        device_to_series(arg);
        netdev_to_series(arg);
        if (is_machine(arg) && !is_stated) {
            set_value(arg, g_strdup_printf("%s,%s=%s", arg->value, MAP_CSS, state));
            is_stated = TRUE;
        }
    }
    if (!is_stated) {
        g_autofree char *value = g_strdup_printf("%s=%s", MAP_CSS, state);

        qemu_argv_add(argv, "-machine", value);
    }
}

/* Removes the feature from every -machine, and a -machine that has no other option. */
static gboolean remove_map_css(QemuArgv *argv, ConfMapCss *ret_map_css, GError **error)
{
    ConfMapCss map_css = CONF_MAP_CSS_ABSENT;

    for (guint i = 0; i < argv->args->len; i++) {
        QemuArg *arg = g_ptr_array_index(argv->args, i);
        g_autoptr(GPtrArray) options = is_machine(arg) ? qemu_options_parse(arg->value, "type") : NULL;
        const QemuOption *option = options ? qemu_options_find(options, MAP_CSS) : NULL;

        if (!option)
            continue;
        if (g_strcmp0(option->value, "on") != 0 && g_strcmp0(option->value, "off") != 0) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' of %s: give %s=on or %s=off", option->raw,
                        arg->option, MAP_CSS, MAP_CSS);
            return FALSE;
        }
        map_css = strcmp(option->value, "on") == 0 ? CONF_MAP_CSS_ON : CONF_MAP_CSS_OFF;
        qemu_options_remove(options, MAP_CSS);
        if (options->len > 0)
            set_value(arg, qemu_options_format(options));
        else
            g_ptr_array_remove_index(argv->args, i--);
    }
    *ret_map_css = map_css;
    return TRUE;
}

/* Reads a bus id. *ret_found: whether there is such a key. Returns: FALSE with an error if its value is no bus id. */
static gboolean get_bus_id(QemuProps *props, const char *key, gboolean *ret_found, CcwBusId *ret_id, GError **error)
{
    const char *text = NULL;

    if (!qemu_props_get(props, key, &text)) {
        *ret_found = FALSE;
        return TRUE;
    }
    if (!text) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s needs a bus id, for example 0.0.1234", key);
        return FALSE;
    }
    if (!ccw_bus_id_read(text, ret_id, error)) {
        g_prefix_error(error, "%s: ", key);
        return FALSE;
    }
    *ret_found = TRUE;
    return TRUE;
}

CcwBusId qemu_dialect_default_guest(const CcwBusId *host, ConfMapCss map_css)
{
    gboolean map = map_css != CONF_MAP_CSS_OFF;

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

gboolean qemu_dialect_device_to_stock(QemuProps *props, ConfMapCss map_css, gboolean *ret_is_series, CcwBusId *ret_host,
                                      GError **error)
{
    gboolean map = map_css != CONF_MAP_CSS_OFF;
    gboolean has_host = FALSE, has_guest = FALSE;
    g_autofree char *path = NULL;
    char devno[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];
    CcwBusId host, guest;

    if (!get_bus_id(props, "hostid", &has_host, &host, error) ||
        !get_bus_id(props, "guestid", &has_guest, &guest, error))
        return FALSE;
    if (!has_host && !has_guest) {
        *ret_is_series = FALSE;
        return TRUE;
    }
    if (!has_host) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "guestid without hostid: give the hostid, too");
        return FALSE;
    }
    if (qemu_props_get(props, "sysfsdev", NULL) || qemu_props_get(props, "devno", NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "hostid and guestid exclude sysfsdev and devno, which mean the same: give one pair");
        return FALSE;
    }
    if (!has_guest)
        guest = qemu_dialect_default_guest(&host, map_css);
    if (!check_guest(&host, &guest, map, error))
        return FALSE;
    path = g_build_filename(QEMU_DIALECT_MDEV_DIR, conf_uuid_encode(&host, uuid), NULL);
    qemu_props_replace(props, "hostid", "sysfsdev", path);
    qemu_props_replace(props, "guestid", "devno", ccw_bus_id_format(&guest, devno));
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

static gboolean device_to_stock(QemuArg *arg, ConfMapCss map_css, GArray *hosts, GError **error)
{
    g_autoptr(QemuProps) props = parse_vfio_ccw(arg);
    gboolean is_series = FALSE;
    CcwBusId host;

    if (!props)
        return TRUE;
    if (!qemu_dialect_device_to_stock(props, map_css, &is_series, &host, error) ||
        (is_series && !add_host(hosts, &host, error))) {
        g_prefix_error(error, "-device %s: ", arg->value);
        return FALSE;
    }
    if (is_series)
        set_value(arg, qemu_props_format(props));
    return TRUE;
}

gboolean qemu_dialect_to_stock(QemuArgv *argv, GArray **ret_hosts, ConfMapCss *ret_map_css, GError **error)
{
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    ConfMapCss map_css;

    if (!remove_map_css(argv, &map_css, error))
        return FALSE;
    for (guint i = 0; i < argv->args->len; i++)
        if (!device_to_stock(g_ptr_array_index(argv->args, i), map_css, hosts, error))
            return FALSE;
    *ret_hosts = g_steal_pointer(&hosts);
    *ret_map_css = map_css;
    return TRUE;
}

gboolean qemu_dialect_check_iommufd(const QemuArgv *argv,
                                    gboolean (*is_embedded)(const CcwBusId *host, gconstpointer data),
                                    gconstpointer data, GError **error)
{
    for (guint i = 0; i < argv->args->len; i++) {
        g_autoptr(QemuProps) props = parse_vfio_ccw(g_ptr_array_index(argv->args, i));
        const char *path = NULL;
        char text[CCW_BUS_ID_STR_LEN];
        CcwBusId host;

        if (!props || !qemu_props_get(props, "iommufd", NULL) || !qemu_props_get(props, "sysfsdev", &path) || !path ||
            !decode_path(path, &host) || !is_embedded(&host, data))
            continue;
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
            "iommufd of ccw device %s: an embedded device has a VFIO group, and cannot be bound to an iommufd: remove "
            "iommufd from the device",
            ccw_bus_id_format(&host, text));
        return FALSE;
    }
    return TRUE;
}
