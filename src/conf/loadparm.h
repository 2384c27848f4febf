/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loadparm of <boot> in a ccw hostdev. libvirt keeps it in the element. libvirt 10.9 and later also pass it to the
 * device, if QEMU supports that; older versions ignore it. Every QEMU accepts a loadparm of the machine, for the device
 * that it boots first. Therefore lower adds the two arguments "-machine loadparm=..." to <qemu:commandline> if the
 * domain boots first from a ccw hostdev with a loadparm, and raise removes them. If the device has the loadparm too,
 * both have the same value.
 */
#pragma once

#include "conf/xml.h"

/* Adds the edits to @xml that add the arguments to a domain, or remove them. */
void conf_loadparm_lower(ConfXml *xml, const ConfXmlElement *domain);
void conf_loadparm_raise(ConfXml *xml, const ConfXmlElement *domain);
