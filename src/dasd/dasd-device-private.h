/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of a device, for dasd-device.c and for tests of the loop over its programs. */
#pragma once

#include "dasd/dasd-device.h"
#include "dasd/dasd-drive.h"
#include "dasd/dasd-exec.h"

struct _DasdDevice {
    GMutex request_lock; /* held while a request runs: one at a time */
    GMutex state_lock;   /* protects running and drive.cancel */
    gboolean running;
    DasdExec *exec;  /* the running program, under request_lock; a request allocates no memory */
    DasdDrive drive; /* protected by request_lock */
};
