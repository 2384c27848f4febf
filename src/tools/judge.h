/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What virtccwd knows of QEMU: remote/ccw-judge.h, by what src/qemu and the schema say. */
#pragma once

#include "node_device/ccw-host.h"
#include "remote/ccw-judge.h"

/* For the rest of the process. host is used from many threads, and not by others; takes it. */
const CcwJudge *judge_new(CcwHost *host);
