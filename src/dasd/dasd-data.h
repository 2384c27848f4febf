/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a command: moves it to and from the addresses of the CCWs. */
#pragma once

#include <glib.h>

#include "dasd/dasd-program.h"

/* The data of the current CCW, and of the CCWs that data chaining adds. */
typedef struct {
    DasdProgram *program;
    DasdCcw *ccw;  /* current CCW; data chaining replaces it */
    guint32 left;  /* bytes that the CCW still has: the residual count */
    guint32 done;  /* bytes moved with this CCW, without a list of IDAWs */
    guint32 entry; /* index in the list of IDAWs */
    guint32 entry_done;
    guint8 cstat;      /* program check, if an address or a chained CCW was invalid */
    gboolean pci;      /* a chained CCW asks for a program-controlled interruption */
    gboolean is_short; /* the device had or wanted more than the CCWs hold */
} DasdData;

/* Begins with the first byte of @ccw, which must be the current CCW of @program. Both outlive @data. */
void dasd_data_begin(DasdData *data, DasdProgram *program, DasdCcw *ccw);

/**
 * dasd_data_put:
 *
 * Copies @length bytes into the memory of the CCWs.
 *
 * Returns: the number of bytes that fit; fewer than @length sets @data->is_short
 */
gsize dasd_data_put(DasdData *data, const void *from, gsize length);

/**
 * dasd_data_get:
 *
 * Copies @length bytes out of the memory of the CCWs.
 *
 * Returns: the number of bytes that the CCWs had; fewer than @length sets @data->is_short
 */
gsize dasd_data_get(DasdData *data, void *to, gsize length);

/**
 * dasd_data_get_upto:
 *
 * Like dasd_data_get(), for a command that accepts fewer bytes: does not set @data->is_short.
 */
gsize dasd_data_get_upto(DasdData *data, void *to, gsize length);

/**
 * dasd_data_drop:
 *
 * Takes @length bytes from the CCWs like dasd_data_get(), and ignores them. Does not set @data->is_short.
 */
void dasd_data_drop(DasdData *data, gsize length);

/**
 * dasd_data_check:
 *
 * Checks, without a move, whether dasd_data_get() of @length bytes would end in a program check. CCWs with fewer bytes
 * are valid. A write checks its data first, so that a program check does not leave a part of a record on the track.
 *
 * Returns: the subchannel status: 0, or the reason why the data is invalid
 */
guint8 dasd_data_check(const DasdData *data, gsize length);

/**
 * dasd_data_end:
 *
 * Ends the data of a command. If the count of a chain-data CCW ran out, this function fetches the next CCW, as a
 * channel does.
 */
void dasd_data_end(DasdData *data);
