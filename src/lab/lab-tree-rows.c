/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sysfs tree as a table, after a real s390x kernel's (Linux 6.1 with vfio_ccw). Show and store functions here only
 * translate; what an operation does is the model's.
 */
#include "lab/lab-tree-rows.h"

#include <errno.h>

#include "lab/lab-model-priv.h"

#define PAGE_OF_CHPIDS "40 00 00 00 00 00 00 00 \n"
G_STATIC_ASSERT(LAB_CHPID == 0x40);

static int show_subchannel_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_subchannel(match->sch, text);
    return 0;
}

static int show_ccw_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_ccw(match->sch, text);
    return 0;
}

static int show_mdev_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_mdev(match->sch, text);
    return 0;
}

static int show_group_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_group(match->sch, text);
    return 0;
}

static int show_group_dev(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, LAB_GROUP_MAJOR ":%u\n", match->sch->mdev->group);
    return 0;
}

static int show_dev_busid(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", match->sch->device);
    return 0;
}

static int show_driver_override(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", match->sch->driver_override ? match->sch->driver_override : "(null)");
    return 0;
}

static int show_cutype(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%04x/%02x\n", match->sch->config.cu_type, match->sch->config.cu_model);
    return 0;
}

static int show_devtype(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%04x/%02x\n", match->sch->config.dev_type, match->sch->config.dev_model);
    return 0;
}

static int show_modalias(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_modalias_ccw(match->sch, text);
    g_string_append_c(text, '\n');
    return 0;
}

static int show_online(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, match->sch->online ? "1\n" : "0\n");
    return 0;
}

static int show_availability(const LabModel *model, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", lab_availability(model, match->sch));
    return 0;
}

static int show_vpm(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%02x\n", match->sch->vpm);
    return 0;
}

/* Installed, available, and where a path was tried last, operational. */
static int show_pimpampom(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%02x %02x ff\n", LAB_PATH_MASK,
                           match->sch->state == LAB_STATE_NO_PATH ? 0 : LAB_PATH_MASK);
    return 0;
}

static int show_chp_status(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->varied_off ? "offline\n" : "online\n");
    return 0;
}

static int show_available(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, match->sch->mdev ? "0\n" : "1\n");
    return 0;
}

static int show_dasd(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    return lab_dasd_show(&match->sch->dasd, match->attr, text);
}

/* Of a volume that is not thinly provisioned, below capacity and extent_pool. */
static int show_dasd_zero(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, "0\n");
    return match->sch->online ? 0 : ENODEV;
}

/* The driver asks the control unit how much of it is used, and hands on the error (EIO). */
static int show_dasd_space(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, "-5\n");
    return match->sch->online ? 0 : ENODEV;
}

static int show_css_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->css_autoprobe ? "1\n" : "0\n");
    return 0;
}

static int show_ccw_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->ccw_autoprobe ? "1\n" : "0\n");
    return 0;
}

static int show_mdev_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->mdev_autoprobe ? "1\n" : "0\n");
    return 0;
}

static int show_einval(const LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                       GString *text G_GNUC_UNUSED)
{
    return EINVAL;
}

static int show_eopnotsupp(const LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                           GString *text G_GNUC_UNUSED)
{
    return EOPNOTSUPP;
}

static int store_css_bind(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_bind(model, match->driver, text);
}

static int store_css_unbind(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_unbind(model, match->driver, text);
}

static int store_css_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                           gsize length G_GNUC_UNUSED)
{
    return lab_css_probe(model, text);
}

static int store_driver_override(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_override(model, match->sch, text);
}

static int store_ccw_bind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                          gsize length G_GNUC_UNUSED)
{
    return lab_ccw_bind(model, text);
}

static int store_ccw_unbind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    return lab_ccw_unbind(model, text);
}

static int store_ccw_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                           gsize length G_GNUC_UNUSED)
{
    return lab_ccw_probe(model, text);
}

static int store_online(LabModel *model, const LabMatch *match, const char *text, gsize length)
{
    return lab_ccw_online(model, match->sch, text, length);
}

static int store_create(LabModel *model, const LabMatch *match, const char *text, gsize length)
{
    return lab_mdev_create(model, match->sch, text, length);
}

static int store_remove(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_mdev_remove(model, match->uuid, text);
}

static int store_dasd(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_ccw_dasd(model, match->sch, match->attr, text);
}

static int store_mdev_unbind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                             gsize length G_GNUC_UNUSED)
{
    return lab_mdev_unbind(model, text);
}

static int store_mdev_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    return lab_mdev_probe(model, text);
}

static int store_einval(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                        const char *text G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    return EINVAL;
}

static int store_enodev(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                        const char *text G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    return ENODEV;
}

static int set_autoprobe(LabModel *model, gboolean *autoprobe, const char *text)
{
    g_mutex_lock(&model->lock);
    *autoprobe = text[0] != '0';
    g_mutex_unlock(&model->lock);
    return 0;
}

static int store_css_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                               gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->css_autoprobe, text);
}

static int store_ccw_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                               gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->ccw_autoprobe, text);
}

static int store_mdev_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                                gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->mdev_autoprobe, text);
}

static int store_subchannel_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_SUBCHANNEL, text);
}

static int store_ccw_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_CCW, text);
}

static int store_mdev_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_MDEV, text);
}

static int store_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_OTHER, text);
}

/* chp_configure_write(): the request goes to the machine, which does not report a refusal. */
static int store_configure(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text,
                           gsize length G_GNUC_UNUSED)
{
    gulong value;

    return lab_strtoul(text, 10, &value) == 0 && value <= 1 ? 0 : EINVAL;
}

static int store_chp_status(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    return lab_chp_vary(model, text);
}

static int store_rescan(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
                        gsize length G_GNUC_UNUSED)
{
    lab_css_rescan(model);
    return 0;
}

/* Channel measurements are off, and there are none to switch on; else as cmb_enable_store() of drivers/s390/cio/cmf.c.
 */
static int store_cmb_enable(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    gulong value;
    int result = lab_strtoul(text, 16, &value);

    if (result)
        return result;
    return value == 1 ? EOPNOTSUPP : EINVAL;
}

static int store_nothing(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                         const char *text G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    return 0;
}

#define DIR(path, when)                                                                                                \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_DIR, 0755, NULL, NULL, NULL                                                    \
    }
#define LINK(path, when, target)                                                                                       \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_LINK, 0777, target, NULL, NULL                                                 \
    }
#define TEXT(path, when, text)                                                                                         \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_ATTR, 0444, text, NULL, NULL                                                   \
    }
#define SHOW(path, when, show)                                                                                         \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_ATTR, 0444, NULL, show, NULL                                                   \
    }
#define STORE(path, when, store)                                                                                       \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_ATTR, 0200, NULL, NULL, store                                                  \
    }
#define BOTH(path, when, show, store)                                                                                  \
    {                                                                                                                  \
        path, LAB_WHEN_##when, LAB_NODE_ATTR, 0644, NULL, show, store                                                  \
    }
#define UEVENT(path)                                                                                                   \
    {                                                                                                                  \
        path, LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "", NULL, store_uevent                                             \
    }

/* Sizes are what they are on s390x, more or less; refcnt is not kept. */
#define MODULE(name, size)                                                                                             \
    DIR("module/" name, ALWAYS), TEXT("module/" name "/coresize", ALWAYS, size "\n"),                                  \
        DIR("module/" name "/holders", ALWAYS), TEXT("module/" name "/initsize", ALWAYS, "0\n"),                       \
        TEXT("module/" name "/initstate", ALWAYS, "live\n"), TEXT("module/" name "/refcnt", ALWAYS, "0\n"),            \
        TEXT("module/" name "/taint", ALWAYS, "\n"), STORE("module/" name "/uevent", ALWAYS, store_uevent)

#define SCH "devices/css0/%S"
#define CCW "devices/css0/%P/%D"
#define MDEV SCH "/%M"
#define TYPES SCH "/mdev_supported_types"
#define CHP "devices/css0/chp0.40"

/* A ccw device, wherever it is. */
/* clang-format off */
#define CCW_ROWS(path, when) \
    DIR(path, when), \
    { path "/%A", LAB_WHEN_BOUND, LAB_NODE_ATTR, 0, NULL, show_dasd, store_dasd }, \
    SHOW(path "/availability", ALWAYS, show_availability), \
    { path "/cmb_enable", LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "0\n", NULL, store_cmb_enable }, \
    SHOW(path "/cutype", ALWAYS, show_cutype), \
    SHOW(path "/devtype", ALWAYS, show_devtype), \
    LINK(path "/driver", BOUND, "bus/ccw/drivers/dasd-eckd"), \
    SHOW(path "/modalias", ALWAYS, show_modalias), \
    BOTH(path "/online", ALWAYS, show_online, store_online), \
    DIR(path "/capacity", BOUND), \
    SHOW(path "/capacity/logical_capacity", ALWAYS, show_dasd_zero), \
    SHOW(path "/capacity/space_allocated", ALWAYS, show_dasd_space), \
    SHOW(path "/capacity/space_configured", ALWAYS, show_dasd_space), \
    DIR(path "/extent_pool", BOUND), \
    SHOW(path "/extent_pool/cap_at_warnlevel", ALWAYS, show_dasd_zero), \
    SHOW(path "/extent_pool/extent_size", ALWAYS, show_dasd_zero), \
    SHOW(path "/extent_pool/pool_id", ALWAYS, show_dasd_zero), \
    SHOW(path "/extent_pool/pool_oos", ALWAYS, show_dasd_zero), \
    SHOW(path "/extent_pool/warn_threshold", ALWAYS, show_dasd_zero), \
    DIR(path "/paths_info", ONLINE), \
    DIR(path "/paths_info/0.40", ALWAYS), \
    TEXT(path "/paths_info/0.40/fc_security", ALWAYS, "Unsupported\n"), \
    LINK(path "/subsystem", ALWAYS, "bus/ccw"), \
    BOTH(path "/uevent", ALWAYS, show_ccw_uevent, store_ccw_uevent)

const LabRow lab_rows[] = {
    DIR("", ALWAYS),
    DIR("block", ALWAYS),
    DIR("bus", ALWAYS),
    DIR("class", ALWAYS),
    DIR("dev", ALWAYS),
    DIR("dev/block", ALWAYS),
    DIR("dev/char", ALWAYS),
    LINK("dev/char/%C", GROUP, "devices/virtual/vfio/%G"),
    DIR("devices", ALWAYS),
    DIR("devices/virtual", ALWAYS),
    DIR("firmware", ALWAYS),
    DIR("fs", ALWAYS),
    DIR("kernel", ALWAYS),
    DIR("module", ALWAYS),
    MODULE("dasd_eckd_mod", "131072"),
    DIR("module/dasd_eckd_mod/drivers", ALWAYS),
    LINK("module/dasd_eckd_mod/drivers/ccw:" LAB_CCW_DRIVER, ALWAYS, "bus/ccw/drivers/" LAB_CCW_DRIVER),
    MODULE("mdev", "20480"),
    LINK("module/mdev/holders/vfio_ccw", ALWAYS, "module/vfio_ccw"),
    MODULE("vfio", "28672"),
    LINK("module/vfio/holders/vfio_ccw", ALWAYS, "module/vfio_ccw"),
    LINK("module/vfio/holders/vfio_iommu_type1", ALWAYS, "module/vfio_iommu_type1"),
    MODULE("vfio_ccw", "32768"),
    DIR("module/vfio_ccw/drivers", ALWAYS),
    LINK("module/vfio_ccw/drivers/css:vfio_ccw", ALWAYS, "bus/css/drivers/vfio_ccw"),
    LINK("module/vfio_ccw/drivers/mdev:" LAB_MDEV_DRIVER, ALWAYS, "bus/mdev/drivers/" LAB_MDEV_DRIVER),
    MODULE("vfio_iommu_type1", "24576"),

    DIR("devices/css0", ALWAYS),
    DIR("devices/css0/defunct", ALWAYS),
    UEVENT("devices/css0/defunct/uevent"),
    TEXT("devices/css0/pools", ALWAYS, "poolinfo - 0.1\n"),
    SHOW("devices/css0/real_cssid", ALWAYS, show_einval),
    STORE("devices/css0/rescan", ALWAYS, store_rescan),
    UEVENT("devices/css0/uevent"),

    DIR(CHP, ALWAYS),
    TEXT(CHP "/chid", ALWAYS, "0040\n"),
    TEXT(CHP "/chid_external", ALWAYS, "1\n"),
    TEXT(CHP "/cmg", ALWAYS, "unknown\n"),
    BOTH(CHP "/configure", ALWAYS, show_eopnotsupp, store_configure),
    TEXT(CHP "/esc", ALWAYS, "0\n"),
    TEXT(CHP "/shared", ALWAYS, "unknown\n"),
    BOTH(CHP "/status", ALWAYS, show_chp_status, store_chp_status),
    TEXT(CHP "/type", ALWAYS, "1b\n"), /* a FICON channel */
    UEVENT(CHP "/uevent"),
    TEXT(CHP "/util_string", ALWAYS, "\n"),

    DIR(SCH, REGISTERED),
    TEXT(SCH "/chpids", ALWAYS, PAGE_OF_CHPIDS),
    SHOW(SCH "/dev_busid", ALWAYS, show_dev_busid),
    LINK(SCH "/driver", LINKED, "bus/css/drivers/%X"),
    BOTH(SCH "/driver_override", ALWAYS, show_driver_override, store_driver_override),
    STORE(SCH "/logging", IO, store_nothing),
    TEXT(SCH "/modalias", ALWAYS, "css:t0\n"),
    SHOW(SCH "/pimpampom", ALWAYS, show_pimpampom),
    LINK(SCH "/subsystem", ALWAYS, "bus/css"),
    TEXT(SCH "/type", ALWAYS, "0\n"),
    BOTH(SCH "/uevent", ALWAYS, show_subchannel_uevent, store_subchannel_uevent),
    SHOW(SCH "/vpm", IO, show_vpm),

    CCW_ROWS(SCH "/%D", CCW_HERE),
    CCW_ROWS("devices/css0/" LAB_DEFUNCT "/%D", ORPHAN),

    DIR(TYPES, VFIO),
    DIR(TYPES "/" LAB_MDEV_TYPE, ALWAYS),
    SHOW(TYPES "/" LAB_MDEV_TYPE "/available_instances", ALWAYS, show_available),
    STORE(TYPES "/" LAB_MDEV_TYPE "/create", ALWAYS, store_create),
    TEXT(TYPES "/" LAB_MDEV_TYPE "/device_api", ALWAYS, "vfio-ccw\n"),
    DIR(TYPES "/" LAB_MDEV_TYPE "/devices", ALWAYS),
    LINK(TYPES "/" LAB_MDEV_TYPE "/devices/%M", ACTIVE, MDEV),
    TEXT(TYPES "/" LAB_MDEV_TYPE "/name", ALWAYS, "I/O subchannel (Non-QDIO)\n"),

    DIR(MDEV, MDEV),
    LINK(MDEV "/driver", DRIVEN, "bus/mdev/drivers/" LAB_MDEV_DRIVER),
    LINK(MDEV "/iommu_group", GROUP, "kernel/iommu_groups/%G"),
    LINK(MDEV "/mdev_type", ACTIVE, TYPES "/" LAB_MDEV_TYPE),
    STORE(MDEV "/remove", ACTIVE, store_remove),
    LINK(MDEV "/subsystem", ACTIVE, "bus/mdev"),
    BOTH(MDEV "/uevent", ACTIVE, show_mdev_uevent, store_mdev_uevent),
    DIR(MDEV "/vfio-dev", GROUP),
    DIR(MDEV "/vfio-dev/%V", ALWAYS),
    LINK(MDEV "/vfio-dev/%V/device", ALWAYS, MDEV),
    LINK(MDEV "/vfio-dev/%V/subsystem", ALWAYS, "class/vfio-dev"),
    UEVENT(MDEV "/vfio-dev/%V/uevent"),

    DIR("bus/css", ALWAYS),
    DIR("bus/css/devices", ALWAYS),
    LINK("bus/css/devices/%S", REGISTERED, SCH),
    DIR("bus/css/drivers", ALWAYS),
    DIR("bus/css/drivers/%X", ALWAYS),
    LINK("bus/css/drivers/%X/%S", LINKED_X, SCH),
    STORE("bus/css/drivers/%X/bind", ALWAYS, store_css_bind),
    LINK("bus/css/drivers/%X/module", MODULE, "module/%X"),
    STORE("bus/css/drivers/%X/uevent", ALWAYS, store_uevent),
    STORE("bus/css/drivers/%X/unbind", ALWAYS, store_css_unbind),
    BOTH("bus/css/drivers_autoprobe", ALWAYS, show_css_autoprobe, store_css_autoprobe),
    STORE("bus/css/drivers_probe", ALWAYS, store_css_probe),
    STORE("bus/css/uevent", ALWAYS, store_uevent),

    DIR("bus/ccw", ALWAYS),
    DIR("bus/ccw/devices", ALWAYS),
    LINK("bus/ccw/devices/%D", CCW, CCW),
    DIR("bus/ccw/drivers", ALWAYS),
    DIR("bus/ccw/drivers/" LAB_CCW_DRIVER, ALWAYS),
    LINK("bus/ccw/drivers/" LAB_CCW_DRIVER "/%D", BOUND, CCW),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/bind", ALWAYS, store_ccw_bind),
    LINK("bus/ccw/drivers/" LAB_CCW_DRIVER "/module", ALWAYS, "module/dasd_eckd_mod"),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/uevent", ALWAYS, store_uevent),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/unbind", ALWAYS, store_ccw_unbind),
    BOTH("bus/ccw/drivers_autoprobe", ALWAYS, show_ccw_autoprobe, store_ccw_autoprobe),
    STORE("bus/ccw/drivers_probe", ALWAYS, store_ccw_probe),
    STORE("bus/ccw/uevent", ALWAYS, store_uevent),

    DIR("bus/mdev", ALWAYS),
    DIR("bus/mdev/devices", ALWAYS),
    LINK("bus/mdev/devices/%M", ACTIVE, MDEV),
    DIR("bus/mdev/drivers", ALWAYS),
    DIR("bus/mdev/drivers/" LAB_MDEV_DRIVER, ALWAYS),
    LINK("bus/mdev/drivers/" LAB_MDEV_DRIVER "/%M", DRIVEN, MDEV),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/bind", ALWAYS, store_enodev),
    LINK("bus/mdev/drivers/" LAB_MDEV_DRIVER "/module", ALWAYS, "module/vfio_ccw"),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/uevent", ALWAYS, store_uevent),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/unbind", ALWAYS, store_mdev_unbind),
    BOTH("bus/mdev/drivers_autoprobe", ALWAYS, show_mdev_autoprobe, store_mdev_autoprobe),
    STORE("bus/mdev/drivers_probe", ALWAYS, store_mdev_probe),
    STORE("bus/mdev/uevent", ALWAYS, store_uevent),

    DIR("class/mdev_bus", ALWAYS),
    LINK("class/mdev_bus/%S", MDEV_BUS, SCH),
    DIR("class/vfio", ALWAYS),
    LINK("class/vfio/%G", GROUP, "devices/virtual/vfio/%G"),
    DIR("class/vfio-dev", ALWAYS),
    LINK("class/vfio-dev/%V", GROUP, MDEV "/vfio-dev/%V"),
    DIR("devices/virtual/vfio", ALWAYS),
    DIR("devices/virtual/vfio/%G", GROUP),
    SHOW("devices/virtual/vfio/%G/dev", ALWAYS, show_group_dev),
    LINK("devices/virtual/vfio/%G/subsystem", ALWAYS, "class/vfio"),
    BOTH("devices/virtual/vfio/%G/uevent", ALWAYS, show_group_uevent, store_uevent),

    DIR("kernel/iommu_groups", ALWAYS),
    DIR("kernel/iommu_groups/%G", GROUP),
    DIR("kernel/iommu_groups/%G/devices", ALWAYS),
    LINK("kernel/iommu_groups/%G/devices/%M", ALWAYS, MDEV),
    TEXT("kernel/iommu_groups/%G/name", ALWAYS, "vfio-noiommu\n"),
    TEXT("kernel/iommu_groups/%G/reserved_regions", ALWAYS, ""),
    { "kernel/iommu_groups/%G/type", LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "unknown\n", NULL, store_einval },
};
/* clang-format on */
const gsize lab_n_rows = G_N_ELEMENTS(lab_rows);
