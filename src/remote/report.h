/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What virtccwd's log says of each attach and detach: a line at info level when it is done or refused, with the device,
 * the domain and who asked. Clients cause these lines: they are bounded as util/log.h says, each kind apart. A
 * release has its line in hostdev/release-log.h.
 */
#pragma once

#include "remote/action.h"
#include "util/address.h"
#include "util/log.h"

/* One kind of call: static, and its limits zero at first. */
typedef struct {
    const char *done;  /* "attached" */
    const char *verb;  /* "attach" */
    const char *place; /* behind the devices: " to ", and the domain follows; " from this host" without a domain */
    CcwLogLimit done_limit, refused_limit;
} CcwReport;

/**
 * ccw_report_reply:
 * @devices: what the call is about: "ccw device 0.0.1234"
 * @reply: what the client gets, a frame; NULL: the client or libvirt has gone
 *
 * Logs how a client's call ended.
 */
void ccw_report_reply(CcwReport *report, const CcwAction *action, const char *devices, const GByteArray *reply);

/* "ccw device 0.0.1234", or "ccw devices 0.0.1234, 0.0.1235" */
char *ccw_report_devices(const GArray *ids);
