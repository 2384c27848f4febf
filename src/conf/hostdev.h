/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One <hostdev> element: is it ours, in which form, and which device is it. Reads; changes nothing.
 */
#pragma once

#include "conf/conf.h"
#include "conf/xml.h"

typedef enum {
    CCW_HOSTDEV_OTHER,      /* not ours */
    CCW_HOSTDEV_CCW,        /* type='ccw' */
    CCW_HOSTDEV_SUBSYSTEM,  /* type='subsystem' subsystem='ccw': the same, in the other spelling */
    CCW_HOSTDEV_MDEV,       /* the stock mdev with a UUID of ours */
    CCW_HOSTDEV_ADVERTISED, /* the same with the variant that node devices advertise: managed, whatever it says */
} CcwHostdevForm;

typedef struct {
    CcwHostdevForm form;
    const CcwXmlElement *element;
    const CcwXmlElement *source;  /* of ours: <source>, */
    const CcwXmlElement *address; /* and the <address> in it */
    CcwXmlAttr type;              /* of the two stock forms: where these attributes stand */
    CcwXmlAttr model;
    CcwXmlAttr uuid;
    CcwHostdev dev;
} CcwHostdevNode;

/*
 * FALSE and CCW_ERROR_INVALID if it says it is a ccw host device and is malformed. The guest address and the boot order
 * are stock libvirt's to judge: what does not parse counts as not given.
 */
gboolean ccw_hostdev_read(const CcwXml *xml, const CcwXmlElement *element, CcwHostdevNode *ret_node, GError **error);

/* The same without the guest address and the boot order, which count as not given. */
gboolean ccw_hostdev_read_source(const CcwXml *xml, const CcwXmlElement *element, CcwHostdevNode *ret_node,
                                 GError **error);

/* Of one of ours: is the guest address, if there is one, what libvirt takes for a ccw device? CCW_ERROR_INVALID. */
gboolean ccw_hostdev_check_guest(const CcwXml *xml, const CcwHostdevNode *node, GError **error);

/* Of any device element: the <address type='ccw'> and the <boot order=> that libvirt would read (0: none). */
gboolean ccw_hostdev_read_guest(const CcwXmlElement *device, CcwBusId *ret_id);
guint ccw_hostdev_read_boot_order(const CcwXmlElement *device);

/* Sets CCW_ERROR_INVALID to "line N: MESSAGE", N being the element's. */
void ccw_conf_refuse(const CcwXml *xml, const CcwXmlElement *element, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* A value from a document, fit for a message: short, and on one line. Free with g_free. */
char *ccw_conf_excerpt(const char *value);
