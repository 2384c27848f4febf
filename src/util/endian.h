/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unaligned accessors with the byte order in their names. Channel structures are big-endian and the header of a CKD
 * image is little-endian on every host.
 */
#pragma once

#include <glib.h>
#include <string.h>

#define CCW_DEFINE_ACCESSORS(bits, order, ORDER)                                                                       \
    static inline guint##bits ccw_load_##order##bits(const void *at)                                                   \
    {                                                                                                                  \
        guint##bits value;                                                                                             \
                                                                                                                       \
        memcpy(&value, at, sizeof(value));                                                                             \
        return GUINT##bits##_FROM_##ORDER(value);                                                                      \
    }                                                                                                                  \
    static inline void ccw_store_##order##bits(void *at, guint##bits value)                                            \
    {                                                                                                                  \
        value = GUINT##bits##_TO_##ORDER(value);                                                                       \
        memcpy(at, &value, sizeof(value));                                                                             \
    }

CCW_DEFINE_ACCESSORS(16, be, BE)
CCW_DEFINE_ACCESSORS(32, be, BE)
CCW_DEFINE_ACCESSORS(64, be, BE)
CCW_DEFINE_ACCESSORS(16, le, LE)
CCW_DEFINE_ACCESSORS(32, le, LE)
