/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sysfs tree as a table, with the paths of a real s390x kernel (Linux 6.1 with vfio_ccw). It names the functions of
 * lab-tree-attrs.c, and the model does the operations.
 */
#include "lab/lab-tree-rows.h"

#define PAGE_OF_CHPIDS "40 00 00 00 00 00 00 00 \n"

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
        path, LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "", NULL, lab_store_uevent                                         \
    }

/* Sizes are approximately those on s390x. The lab does not count references. */
#define MODULE(name, size)                                                                                             \
    DIR("module/" name, ALWAYS), TEXT("module/" name "/coresize", ALWAYS, size "\n"),                                  \
        DIR("module/" name "/holders", ALWAYS), TEXT("module/" name "/initsize", ALWAYS, "0\n"),                       \
        TEXT("module/" name "/initstate", ALWAYS, "live\n"), TEXT("module/" name "/refcnt", ALWAYS, "0\n"),            \
        TEXT("module/" name "/taint", ALWAYS, "\n"), STORE("module/" name "/uevent", ALWAYS, lab_store_uevent)

#define SCH "devices/css0/%S"
#define CCW "devices/css0/%P/%D"
#define MDEV SCH "/%M"
#define TYPES SCH "/mdev_supported_types"
#define CHP "devices/css0/chp0.40"

/* A ccw device, below its subchannel or below css0/defunct. */
/* clang-format off */
#define LAB_CCW_ROWS(path, when) \
    DIR(path, when), \
    { path "/%A", LAB_WHEN_BOUND, LAB_NODE_ATTR, 0, NULL, lab_show_dasd, lab_store_dasd }, \
    SHOW(path "/availability", ALWAYS, lab_show_availability), \
    { path "/cmb_enable", LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "0\n", NULL, lab_store_cmb_enable }, \
    SHOW(path "/cutype", ALWAYS, lab_show_cutype), \
    SHOW(path "/devtype", ALWAYS, lab_show_devtype), \
    LINK(path "/driver", BOUND, "bus/ccw/drivers/dasd-eckd"), \
    SHOW(path "/modalias", ALWAYS, lab_show_modalias), \
    BOTH(path "/online", ALWAYS, lab_show_online, lab_store_online), \
    DIR(path "/capacity", BOUND), \
    SHOW(path "/capacity/logical_capacity", ALWAYS, lab_show_dasd_cylinders), \
    SHOW(path "/capacity/space_allocated", ALWAYS, lab_show_dasd_cylinders), \
    SHOW(path "/capacity/space_configured", ALWAYS, lab_show_dasd_cylinders), \
    DIR(path "/extent_pool", BOUND), \
    SHOW(path "/extent_pool/cap_at_warnlevel", ALWAYS, lab_show_dasd_zero), \
    SHOW(path "/extent_pool/extent_size", ALWAYS, lab_show_dasd_extent_size), \
    SHOW(path "/extent_pool/pool_id", ALWAYS, lab_show_dasd_zero), \
    SHOW(path "/extent_pool/pool_oos", ALWAYS, lab_show_dasd_zero), \
    SHOW(path "/extent_pool/warn_threshold", ALWAYS, lab_show_dasd_zero), \
    DIR(path "/paths_info", ONLINE), \
    DIR(path "/paths_info/0.40", ALWAYS), \
    TEXT(path "/paths_info/0.40/fc_security", ALWAYS, "Unsupported\n"), \
    LINK(path "/subsystem", ALWAYS, "bus/ccw"), \
    BOTH(path "/uevent", ALWAYS, lab_show_ccw_uevent, lab_store_ccw_uevent)

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
    SHOW("devices/css0/real_cssid", ALWAYS, lab_show_einval),
    STORE("devices/css0/rescan", ALWAYS, lab_store_rescan),
    UEVENT("devices/css0/uevent"),

    DIR(CHP, ALWAYS),
    TEXT(CHP "/chid", ALWAYS, "0040\n"),
    TEXT(CHP "/chid_external", ALWAYS, "1\n"),
    TEXT(CHP "/cmg", ALWAYS, "unknown\n"),
    BOTH(CHP "/configure", ALWAYS, lab_show_eopnotsupp, lab_store_configure),
    TEXT(CHP "/esc", ALWAYS, "0\n"),
    TEXT(CHP "/shared", ALWAYS, "unknown\n"),
    BOTH(CHP "/status", ALWAYS, lab_show_chp_status, lab_store_chp_status),
    TEXT(CHP "/type", ALWAYS, "1b\n"), /* a FICON channel */
    UEVENT(CHP "/uevent"),
    TEXT(CHP "/util_string", ALWAYS, "\n"),

    DIR(SCH, REGISTERED),
    TEXT(SCH "/chpids", ALWAYS, PAGE_OF_CHPIDS),
    SHOW(SCH "/dev_busid", ALWAYS, lab_show_dev_busid),
    LINK(SCH "/driver", LINKED, "bus/css/drivers/%X"),
    BOTH(SCH "/driver_override", ALWAYS, lab_show_driver_override, lab_store_driver_override),
    STORE(SCH "/logging", IO, lab_store_nothing),
    TEXT(SCH "/modalias", ALWAYS, "css:t0\n"),
    SHOW(SCH "/pimpampom", ALWAYS, lab_show_pimpampom),
    LINK(SCH "/subsystem", ALWAYS, "bus/css"),
    TEXT(SCH "/type", ALWAYS, "0\n"),
    BOTH(SCH "/uevent", ALWAYS, lab_show_subchannel_uevent, lab_store_subchannel_uevent),
    SHOW(SCH "/vpm", IO, lab_show_vpm),

    LAB_CCW_ROWS(SCH "/%D", CCW_HERE),
    LAB_CCW_ROWS("devices/css0/" LAB_DEFUNCT "/%D", ORPHAN),

    DIR(TYPES, VFIO),
    DIR(TYPES "/" LAB_MDEV_TYPE, ALWAYS),
    SHOW(TYPES "/" LAB_MDEV_TYPE "/available_instances", ALWAYS, lab_show_available),
    STORE(TYPES "/" LAB_MDEV_TYPE "/create", ALWAYS, lab_store_create),
    TEXT(TYPES "/" LAB_MDEV_TYPE "/device_api", ALWAYS, "vfio-ccw\n"),
    DIR(TYPES "/" LAB_MDEV_TYPE "/devices", ALWAYS),
    LINK(TYPES "/" LAB_MDEV_TYPE "/devices/%M", ACTIVE, MDEV),
    TEXT(TYPES "/" LAB_MDEV_TYPE "/name", ALWAYS, "I/O subchannel (Non-QDIO)\n"),

    DIR(MDEV, MDEV),
    LINK(MDEV "/driver", DRIVEN, "bus/mdev/drivers/" LAB_MDEV_DRIVER),
    LINK(MDEV "/iommu_group", GROUP, "kernel/iommu_groups/%G"),
    LINK(MDEV "/mdev_type", ACTIVE, TYPES "/" LAB_MDEV_TYPE),
    STORE(MDEV "/remove", ACTIVE, lab_store_remove),
    LINK(MDEV "/subsystem", ACTIVE, "bus/mdev"),
    BOTH(MDEV "/uevent", ACTIVE, lab_show_mdev_uevent, lab_store_mdev_uevent),
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
    STORE("bus/css/drivers/%X/bind", ALWAYS, lab_store_css_bind),
    LINK("bus/css/drivers/%X/module", MODULE, "module/%X"),
    STORE("bus/css/drivers/%X/uevent", ALWAYS, lab_store_uevent),
    STORE("bus/css/drivers/%X/unbind", ALWAYS, lab_store_css_unbind),
    BOTH("bus/css/drivers_autoprobe", ALWAYS, lab_show_css_autoprobe, lab_store_css_autoprobe),
    STORE("bus/css/drivers_probe", ALWAYS, lab_store_css_probe),
    STORE("bus/css/uevent", ALWAYS, lab_store_uevent),

    DIR("bus/ccw", ALWAYS),
    DIR("bus/ccw/devices", ALWAYS),
    LINK("bus/ccw/devices/%D", CCW, CCW),
    DIR("bus/ccw/drivers", ALWAYS),
    DIR("bus/ccw/drivers/" LAB_CCW_DRIVER, ALWAYS),
    LINK("bus/ccw/drivers/" LAB_CCW_DRIVER "/%D", BOUND, CCW),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/bind", ALWAYS, lab_store_ccw_bind),
    LINK("bus/ccw/drivers/" LAB_CCW_DRIVER "/module", ALWAYS, "module/dasd_eckd_mod"),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/uevent", ALWAYS, lab_store_uevent),
    STORE("bus/ccw/drivers/" LAB_CCW_DRIVER "/unbind", ALWAYS, lab_store_ccw_unbind),
    BOTH("bus/ccw/drivers_autoprobe", ALWAYS, lab_show_ccw_autoprobe, lab_store_ccw_autoprobe),
    STORE("bus/ccw/drivers_probe", ALWAYS, lab_store_ccw_probe),
    STORE("bus/ccw/uevent", ALWAYS, lab_store_uevent),

    DIR("bus/mdev", ALWAYS),
    DIR("bus/mdev/devices", ALWAYS),
    LINK("bus/mdev/devices/%M", ACTIVE, MDEV),
    DIR("bus/mdev/drivers", ALWAYS),
    DIR("bus/mdev/drivers/" LAB_MDEV_DRIVER, ALWAYS),
    LINK("bus/mdev/drivers/" LAB_MDEV_DRIVER "/%M", DRIVEN, MDEV),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/bind", ALWAYS, lab_store_enodev),
    LINK("bus/mdev/drivers/" LAB_MDEV_DRIVER "/module", ALWAYS, "module/vfio_ccw"),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/uevent", ALWAYS, lab_store_uevent),
    STORE("bus/mdev/drivers/" LAB_MDEV_DRIVER "/unbind", ALWAYS, lab_store_mdev_unbind),
    BOTH("bus/mdev/drivers_autoprobe", ALWAYS, lab_show_mdev_autoprobe, lab_store_mdev_autoprobe),
    STORE("bus/mdev/drivers_probe", ALWAYS, lab_store_mdev_probe),
    STORE("bus/mdev/uevent", ALWAYS, lab_store_uevent),

    DIR("class/mdev_bus", ALWAYS),
    LINK("class/mdev_bus/%S", MDEV_BUS, SCH),
    DIR("class/vfio", ALWAYS),
    LINK("class/vfio/%G", GROUP, "devices/virtual/vfio/%G"),
    DIR("class/vfio-dev", ALWAYS),
    LINK("class/vfio-dev/%V", GROUP, MDEV "/vfio-dev/%V"),
    DIR("devices/virtual/vfio", ALWAYS),
    DIR("devices/virtual/vfio/%G", GROUP),
    SHOW("devices/virtual/vfio/%G/dev", ALWAYS, lab_show_group_dev),
    LINK("devices/virtual/vfio/%G/subsystem", ALWAYS, "class/vfio"),
    BOTH("devices/virtual/vfio/%G/uevent", ALWAYS, lab_show_group_uevent, lab_store_uevent),

    DIR("kernel/iommu_groups", ALWAYS),
    DIR("kernel/iommu_groups/%G", GROUP),
    DIR("kernel/iommu_groups/%G/devices", ALWAYS),
    LINK("kernel/iommu_groups/%G/devices/%M", ALWAYS, MDEV),
    TEXT("kernel/iommu_groups/%G/name", ALWAYS, "vfio-noiommu\n"),
    TEXT("kernel/iommu_groups/%G/reserved_regions", ALWAYS, ""),
    { "kernel/iommu_groups/%G/type", LAB_WHEN_ALWAYS, LAB_NODE_ATTR, 0644, "unknown\n", NULL, lab_store_einval },
};
/* clang-format on */
const gsize lab_n_rows = G_N_ELEMENTS(lab_rows);
