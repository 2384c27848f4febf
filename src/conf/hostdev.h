/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads one <hostdev> element: whether it is a ccw host device, in which form, and which device it names. Formats one,
 * too. Edits are in lower.c and raise.c.
 */
#pragma once

#include "conf/conf.h"
#include "conf/message.h"
#include "conf/xml.h"

typedef enum {
    CONF_HOSTDEV_OTHER,      /* no ccw host device */
    CONF_HOSTDEV_CCW,        /* type='ccw' */
    CONF_HOSTDEV_SUBSYSTEM,  /* type='subsystem' subsystem='ccw': another spelling of the same */
    CONF_HOSTDEV_MDEV,       /* the stock mdev with a UUID of conf/uuid.h */
    CONF_HOSTDEV_ADVERTISED, /* the stock mdev with the advertised UUID: managed, whatever the attribute says */
} ConfHostdevForm;

typedef struct {
    ConfHostdevForm form;
    const ConfXmlElement *element;
    const ConfXmlElement *source;  /* <source>, or NULL for CONF_HOSTDEV_OTHER */
    const ConfXmlElement *address; /* <address> in <source> */
    ConfXmlAttr type;              /* type, model and uuid: set for the two stock forms */
    ConfXmlAttr model;
    ConfXmlAttr uuid;
    ConfHostdev dev;
} ConfHostdevNode;

/**
 * conf_hostdev_read:
 *
 * Reads a <hostdev>. Stock libvirt checks the guest address and the boot order: this function ignores those that do not
 * parse.
 *
 * Returns: FALSE with CCW_ERROR_INVALID if the element has the type ccw and is malformed
 */
gboolean conf_hostdev_read(const ConfXml *xml, const ConfXmlElement *element, ConfHostdevNode *ret_node,
                           GError **error);

/* The same, but does not read the guest address and the boot order. */
gboolean conf_hostdev_read_source(const ConfXml *xml, const ConfXmlElement *element, ConfHostdevNode *ret_node,
                                  GError **error);

/**
 * conf_hostdev_check_guest:
 * @node: a ccw host device
 *
 * Checks that libvirt accepts the guest address for a ccw device. An element without a guest address passes.
 *
 * Returns: FALSE with CCW_ERROR_INVALID
 */
gboolean conf_hostdev_check_guest(const ConfXml *xml, const ConfHostdevNode *node, GError **error);

/* Reads the <address type='ccw'> of any device element. Returns: FALSE if libvirt would read no address. */
gboolean conf_hostdev_read_guest(const ConfXmlElement *device, CcwBusId *ret_id);

/* Returns: the <boot order=> of any device element, as libvirt would read it, or 0 if the device has no boot order. */
guint conf_hostdev_read_boot_order(const ConfXmlElement *device);

/**
 * conf_hostdev_format:
 * @is_lowered: TRUE: as libvirt's mdev; FALSE: with type='ccw'
 *
 * Returns: the <hostdev> element of a device, without a guest address; free it with g_free()
 */
char *conf_hostdev_format(const CcwBusId *id, gboolean is_lowered);
