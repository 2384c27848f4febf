/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a CCHH, the address of a track in channel programs and in a volume's VTOC: four bytes, big-endian. The upper 12
 * bits of the head belong to the cylinder, for volumes of more than 65536 cylinders.
 */
#pragma once

#include "util/endian.h"

static inline guint32 ccw_cchh_cylinder(const guint8 *cchh)
{
    return ccw_load_be16(cchh) | (ccw_load_be16(cchh + 2) & 0xfff0u) << 12;
}

static inline guint32 ccw_cchh_head(const guint8 *cchh)
{
    return ccw_load_be16(cchh + 2) & 0xfu;
}
