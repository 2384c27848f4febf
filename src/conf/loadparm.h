/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loadparm of <boot> in a ccw hostdev. libvirt keeps it in the element. Since libvirt 10.9 it also puts it on the
 * device, if QEMU has it there; an older one, or an older QEMU, ignores it. Every QEMU takes the loadparm of the
 * machine, for the device that is booted first. So a domain whose first device to boot from is a ccw hostdev with a
 * loadparm is lowered with the two arguments "-machine loadparm=..." in <qemu:commandline>, which raise takes out
 * again. Where the device has it, too, both say the same.
 */
#pragma once

#include "conf/xml.h"

/* Asks for the edits that add the arguments to a domain, and for those that remove them. */
void ccw_loadparm_lower(CcwXml *xml, const CcwXmlElement *domain);
void ccw_loadparm_raise(CcwXml *xml, const CcwXmlElement *domain);
