/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a CCW names its data: an address, or a list of IDAWs. */
#pragma once

#include "oracle-program.h"

#define ORACLE_ADDRESS_OUTSIDE_STORAGE 0x7ffff000u /* no storage has this address */

/* How a CCW addresses its data. The kinds after ORACLE_ADDRESS_ACROSS are errors. */
typedef enum {
    ORACLE_ADDRESS_DIRECT,
    ORACLE_ADDRESS_IDAW,
    ORACLE_ADDRESS_SPREAD,      /* two IDAWs, each with a part of the data */
    ORACLE_ADDRESS_SPREAD_HALF, /* the second one is on a border of 2 KiB only */
    ORACLE_ADDRESS_ACROSS,      /* in one piece, across a border of 2 KiB that is not one of 4 KiB */
    ORACLE_ADDRESS_SECOND_ODD,
    ORACLE_ADDRESS_SECOND_OUTSIDE,
    ORACLE_ADDRESS_SECOND_RESERVED,
    ORACLE_ADDRESS_FIRST_OUTSIDE,
    ORACLE_ADDRESS_FIRST_RESERVED,
    ORACLE_ADDRESS_LIST_ODD,
    ORACLE_ADDRESS_LIST_OUTSIDE,
    ORACLE_ADDRESS_OUTSIDE,
    ORACLE_ADDRESS_RESERVED,
    ORACLE_ADDRESSES,
} OracleAddress;

/**
 * oracle_address_put_part:
 * @special: how the data is addressed if no other way is chosen
 * @at: of the data in the slot, or that of large counts
 *
 * Adds the CCW of a part of a command.
 */
void oracle_address_put_part(OracleProgram *program, OracleAddress special, guint8 code, guint8 flags, guint16 count,
                             guint32 at);
