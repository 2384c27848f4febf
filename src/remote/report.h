/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logs each attach and detach at info level when it is done or rejected, with the device, the domain and the client.
 * Clients cause these lines, so util/log.h limits them, each kind separately. hostdev/release-log.h logs releases.
 */
#pragma once

#include "remote/task.h"
#include "util/address.h"
#include "util/log.h"

/* One kind of call. A static variable, whose limits are 0 at first. */
typedef struct {
    const char *done; /* "attached" */
    const char *verb; /* "attach" */
    const char
        *preposition; /* the words after the devices: " to ", before the domain; " from this host" without a domain */
    CcwLogLimit done_limit, rejected_limit;
} RemoteReport;

/**
 * remote_report_reply:
 * @devices: the devices of the call: "ccw device 0.0.1234"
 * @reply: the frame that the client gets; NULL: the client or libvirt has left
 *
 * Logs how a client's call ended.
 */
void remote_report_reply(RemoteReport *report, const RemoteTask *task, const char *devices, const GByteArray *reply);

/**
 * remote_report_error:
 * @call: has an error, and the domain that it is for
 *
 * Logs that virtccwd rejects a client's call for its XML. If the XML names no device that virtccwd can read, the line
 * names none.
 */
void remote_report_error(RemoteReport *report, const RemoteConnection *connection, const RemoteCall *call);

/* Returns: "ccw device 0.0.1234", or "ccw devices 0.0.1234, 0.0.1235". hostdevs: of ConfHostdev */
char *remote_report_devices(const GArray *hostdevs);
