/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-dasd.h"

#include <errno.h>
#include <string.h>

#include "lab/lab-number.h"

enum {
    READONLY = 1 << 0,
    USE_DIAG = 1 << 1,
    RAW = 1 << 2,
    ERPLOG = 1 << 3,
    FAILFAST = 1 << 4,
    FAIL_ON_STEAL = 1 << 5,
    AUTODISABLE = 1 << 6,
};

typedef struct {
    const char *name;
    guint mode;
    int (*show)(const LabDasd *, guint attr, GString *);
    int (*store)(LabDasd *, guint attr, const char *);
    guint which;         /* a feature, or a LabDasdNumber */
    gulong least, most;  /* range of a number */
    gulong initial;      /* the driver's default of a number */
    const char *online;  /* constant text while the device is online; NULL: EOPNOTSUPP */
    const char *offline; /* constant text while it is offline; NULL: ENODEV */
} Attr;

static const Attr attrs[];

static int show_text(const LabDasd *dasd, guint attr, GString *text)
{
    const char *value = dasd->is_online ? attrs[attr].online : attrs[attr].offline;

    if (!value)
        return dasd->is_online ? EOPNOTSUPP : ENODEV;
    g_string_append_printf(text, "%s\n", value);
    return 0;
}

static int show_enodev(const LabDasd *dasd G_GNUC_UNUSED, guint attr G_GNUC_UNUSED, GString *text G_GNUC_UNUSED)
{
    return ENODEV;
}

/* The mask of the operational paths, and five masks of paths with a problem, which a lab does not have. */
static int show_path_masks(const LabDasd *dasd, guint attr G_GNUC_UNUSED, GString *text)
{
    if (dasd->is_online)
        g_string_append_printf(text, "%02x 00 00 00 00 00\n", dasd->paths);
    else
        g_string_append(text, "0\n");
    return 0;
}

static int show_feature(const LabDasd *dasd, guint attr, GString *text)
{
    guint which = attrs[attr].which;
    gboolean on = (dasd->features & which) || (which == READONLY && dasd->is_online && dasd->is_read_only);

    g_string_append(text, on ? "1\n" : "0\n");
    return 0;
}

static int show_policy(const LabDasd *dasd, guint attr, GString *text)
{
    g_string_append(text, dasd->features & attrs[attr].which ? "fail\n" : "ignore\n");
    return 0;
}

static int show_number(const LabDasd *dasd, guint attr, GString *text)
{
    if (!dasd->is_online)
        return ENODEV;
    g_string_append_printf(text, "%lu\n", dasd->numbers[attrs[attr].which]);
    return 0;
}

static int show_alias(const LabDasd *dasd, guint attr G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, dasd->is_online && dasd->is_alias ? "1\n" : "0\n");
    return 0;
}

/* Vendor, serial and ssid are those of the embedded 3990, src/dasd/dasd-config.c. */
static int show_uid(const LabDasd *dasd, guint attr G_GNUC_UNUSED, GString *text)
{
    guint devno = dasd->id.devno;

    if (dasd->is_online)
        g_string_append_printf(text, "CCW.0000000%02X%X%04X.%02x%02x.%02x\n", dasd->id.cssid, dasd->id.ssid, devno,
                               dasd->id.cssid ^ dasd->id.ssid, devno >> 8, devno & 0xff);
    else
        g_string_append_c(text, '\n');
    return 0;
}

static gboolean parse_flag(const char *text, gboolean *ret_on)
{
    gulong value;

    if (lab_strtoul(text, 0, &value) != 0 || value > 1)
        return FALSE;
    *ret_on = value == 1;
    return TRUE;
}

static void set_feature(LabDasd *dasd, guint which, gboolean on)
{
    dasd->features = on ? dasd->features | which : dasd->features & ~which;
}

static int store_feature(LabDasd *dasd, guint attr, const char *text)
{
    gboolean on;

    if (!parse_flag(text, &on))
        return EINVAL;
    set_feature(dasd, attrs[attr].which, on);
    return 0;
}

/* DIAG and raw track access exclude each other. A user can change them only while the device is offline. */
static int store_access(LabDasd *dasd, guint attr, const char *text)
{
    guint which = attrs[attr].which;
    gboolean on;

    if (!parse_flag(text, &on))
        return EINVAL;
    if (dasd->is_online || (dasd->features & (USE_DIAG | RAW) & ~which))
        return EPERM;
    set_feature(dasd, which, on);
    return 0;
}

static gboolean is_word(const char *text, const char *word)
{
    gsize length = strlen(word);

    return strncmp(text, word, length) == 0 && (!text[length] || strcmp(text + length, "\n") == 0);
}

static int store_policy(LabDasd *dasd, guint attr, const char *text)
{
    gboolean fail = is_word(text, "fail");

    if (!fail && !is_word(text, "ignore"))
        return EINVAL;
    set_feature(dasd, attrs[attr].which, fail);
    return 0;
}

static int store_reservation(LabDasd *dasd, guint attr G_GNUC_UNUSED, const char *text)
{
    if (!dasd->is_online)
        return ENODEV;
    return is_word(text, "reset") ? 0 : EINVAL;
}

static int store_number(LabDasd *dasd, guint attr, const char *text)
{
    const Attr *row = &attrs[attr];
    gulong value;

    if (!dasd->is_online)
        return ENODEV;
    if (lab_strtoul(text, 10, &value) != 0 || value < row->least || value > row->most)
        return EINVAL;
    if (value || row->which != LAB_DASD_RETRIES)
        dasd->numbers[row->which] = value;
    return 0;
}

/* Error reporting would go to /dev/dasd_eer, which a lab does not have, so it stays off. */
static int store_eer(LabDasd *dasd, guint attr G_GNUC_UNUSED, const char *text)
{
    gboolean on;

    if (!dasd->is_online)
        return ENODEV;
    return parse_flag(text, &on) ? 0 : EINVAL;
}

static int store_online_only(LabDasd *dasd, guint attr G_GNUC_UNUSED, const char *text G_GNUC_UNUSED)
{
    return dasd->is_online ? 0 : ENODEV;
}

static int store_einval(LabDasd *dasd G_GNUC_UNUSED, guint attr G_GNUC_UNUSED, const char *text G_GNUC_UNUSED)
{
    return EINVAL;
}

#define TEXT(name, online, offline)                                                                                    \
    {                                                                                                                  \
        name, 0444, show_text, NULL, 0, 0, 0, 0, online, offline                                                       \
    }
#define FEATURE(name, which, store)                                                                                    \
    {                                                                                                                  \
        name, 0644, show_feature, store, which, 0, 0, 0, NULL, NULL                                                    \
    }
#define NUMBER(name, which, least, most, initial)                                                                      \
    {                                                                                                                  \
        name, 0644, show_number, store_number, which, least, most, initial, NULL, NULL                                 \
    }
#define COMMAND(name, store)                                                                                           \
    {                                                                                                                  \
        name, 0200, NULL, store, 0, 0, 0, 0, NULL, NULL                                                                \
    }

#define HZ 100
#define SAFE_OFFLINE "safe_offline"

static const Attr attrs[] = {
    { "alias", 0444, show_alias, NULL, 0, 0, 0, 0, NULL, NULL },
    { "copy_pair", 0644, show_enodev, store_einval, 0, 0, 0, 0, NULL, NULL },
    TEXT("copy_role", "none", NULL),
    TEXT("discipline", "ECKD", "none"),
    { "eer_enabled", 0644, show_text, store_eer, 0, 0, 0, 0, "0", "0" },
    FEATURE("erplog", ERPLOG, store_feature),
    TEXT("ese", "0", NULL),
    NUMBER("expires", LAB_DASD_EXPIRES, 1, 40000000, 300),
    FEATURE("failfast", FAILFAST, store_feature),
    TEXT("fc_security", "Unsupported", NULL),
    TEXT("host_access_count", NULL, NULL),
    TEXT("hpf", "0", NULL),
    { "last_known_reservation_state", 0644, show_text, store_reservation, 0, 0, 0, 0, "none", "none" },
    FEATURE("path_autodisable", AUTODISABLE, store_feature),
    NUMBER("path_interval", LAB_DASD_PATH_INTERVAL, 1, 4294967295UL, 300),
    { "path_masks", 0444, show_path_masks, NULL, 0, 0, 0, 0, NULL, NULL },
    COMMAND("path_reset", store_online_only),
    NUMBER("path_threshold", LAB_DASD_PATH_THRESHOLD, 0, 4294967295UL, 256),
    COMMAND("ping", store_online_only),
    FEATURE("raw_track_access", RAW, store_access),
    FEATURE("readonly", READONLY, store_feature),
    { "reservation_policy", 0644, show_policy, store_policy, FAIL_ON_STEAL, 0, 0, 0, NULL, NULL },
    NUMBER("retries", LAB_DASD_RETRIES, 0, 32768, 256),
    COMMAND(SAFE_OFFLINE, store_online_only),
    TEXT("status", "online", "unknown"),
    NUMBER("timeout", LAB_DASD_TIMEOUT, 0, G_MAXUINT32 / HZ, 0),
    { "uid", 0444, show_uid, NULL, 0, 0, 0, 0, NULL, NULL },
    FEATURE("use_diag", USE_DIAG, store_access),
    TEXT("vendor", "CCW", ""),
};
const guint lab_dasd_n_attrs = G_N_ELEMENTS(attrs);

void lab_dasd_init(LabDasd *dasd, const CcwBusId *id, gboolean read_only)
{
    *dasd = (LabDasd){ .id = *id, .is_read_only = read_only, .features = AUTODISABLE };
}

void lab_dasd_set_online(LabDasd *dasd, gboolean online)
{
    dasd->is_online = online;
    for (gsize i = 0; online && i < G_N_ELEMENTS(attrs); i++)
        if (attrs[i].store == store_number)
            dasd->numbers[attrs[i].which] = attrs[i].initial;
}

const char *lab_dasd_attr_name(guint attr)
{
    return attrs[attr].name;
}

guint lab_dasd_attr_mode(guint attr)
{
    return attrs[attr].mode;
}

gboolean lab_dasd_find_attr(const char *name, guint *ret_attr)
{
    for (guint i = 0; i < lab_dasd_n_attrs; i++) {
        if (strcmp(attrs[i].name, name) == 0) {
            *ret_attr = i;
            return TRUE;
        }
    }
    return FALSE;
}

int lab_dasd_show(const LabDasd *dasd, guint attr, GString *text)
{
    return attrs[attr].show ? attrs[attr].show(dasd, attr, text) : EIO;
}

int lab_dasd_store(LabDasd *dasd, guint attr, const char *text, gboolean *ret_offline)
{
    int result = attrs[attr].store ? attrs[attr].store(dasd, attr, text) : EIO;

    if (result == 0)
        *ret_offline = strcmp(attrs[attr].name, SAFE_OFFLINE) == 0;
    return result;
}
