/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates plain CCWs by blocks on x86-64 with AVX2 or AVX-512, whose vectors are worth it. translate-block.h has the
 * functions for one size of vectors, and knows only this byte order. Other machines use translate-plain.c only.
 */
#include "channel/translate-private.h"

#ifndef __has_builtin
#define __has_builtin(builtin) 0
#endif

#if defined(__x86_64__) && __has_builtin(__builtin_shufflevector)

#include <immintrin.h>

/* One bit of a word, from the left on, for the low five bits of a command. */
#define CMD_BIT(low) (0x80000000u >> (low))

/*
 * The commands that are plain by these bits. Invalid commands, TICs, searches, commands that read backward, and NOOP
 * are not plain. A few other commands have the same bits as NOOP, and so get no faster than without vectors.
 */
#define CMDS_PLAIN                                                                                                     \
    ~(CMD_BIT(0x00) | CMD_BIT(0x08) | CMD_BIT(0x10) | CMD_BIT(0x18) | CMD_BIT(0x01) | CMD_BIT(0x09) | CMD_BIT(0x11) |  \
      CMD_BIT(0x19) | CMD_BIT(0x0c) | CMD_BIT(0x1c) | CMD_BIT(CCW_CMD_NOOP))

#define FLAGS_MATTER ((guint8) ~(CCW_FLAG_SLI | CCW_FLAG_PCI))

/* Storage in one piece, which the device can fetch from and store into. */
typedef struct {
    guint32 base;
    guint32 last; /* the highest offset of data with any count */
    guint64 host; /* the host's address minus the guest's */
} OneRange;

static gboolean find_range(const ChannelPlainView *view, OneRange *ret_range)
{
    const ChannelWindow *fetch = view->fetch, *store = view->store;
    guint64 host = (guint64)(guintptr)fetch->host - fetch->address;
    guint64 base = MAX(fetch->address, store->address);
    guint64 end = MIN(fetch->address + fetch->ccw_size, store->address + store->ccw_size);

    if (host != (guint64)(guintptr)store->host - store->address || end < base + G_MAXUINT16)
        return FALSE;
    /* A CCW has an address of 31 bits. */
    *ret_range = (OneRange){ .base = (guint32)base, .last = (guint32)(end - base - G_MAXUINT16), .host = host };
    return TRUE;
}

/* For each of eight bytes from byte n on: the number of the byte to move there. */
#define SWAP_WORDS(n) n + 3, n + 2, n + 1, n, n + 7, n + 6, n + 5, n + 4
#define FORMAT1_OF_0(n) n, n + 4, n + 6, n + 7, n + 5, n + 1, n + 2, n + 3
#define FOR_32_BYTES(move) move(0), move(8), move(16), move(24)
#define FOR_64_BYTES(move) FOR_32_BYTES(move), move(32), move(40), move(48), move(56)

#define EVERY_OTHER_BIT(word) _pext_u32(word, 0x55555555)

#define VECTOR_SIZE 32
#define VECTOR_TARGET "avx2,bmi2"
#define FOR_ALL_BYTES FOR_32_BYTES
#define VECTOR_HIGH_BITS(words) (guint32) _mm256_movemask_ps((__m256)(words))
#define VECTOR_SHIFT_LEFT(words, by) _mm256_sllv_epi32((__m256i)(words), (__m256i)(by))
#include "channel/translate-block.h"

#undef FOR_ALL_BYTES
#define VECTOR_SIZE 64
#define FOR_ALL_BYTES FOR_64_BYTES
#define VECTOR_TARGET "avx512f,avx512bw,avx512dq,bmi2"
#define VECTOR_HIGH_BITS(words) (guint32) _mm512_movepi32_mask((__m512i)(words))
#define VECTOR_SHIFT_LEFT(words, by) _mm512_sllv_epi32((__m512i)(words), (__m512i)(by))
#include "channel/translate-block.h"

ChannelTranslateBlocks channel_translate_vector(ChannelPlainMode mode)
{
    if (!__builtin_cpu_supports("bmi2"))
        return NULL;
    if (mode == CHANNEL_PLAIN_AVX2 && __builtin_cpu_supports("avx2"))
        return translate_blocks_32;
    /* The code needs no VBMI2, but processors without it lower their clock for vectors of this size. */
    if (mode == CHANNEL_PLAIN_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2"))
        return translate_blocks_64;
    return NULL;
}

#else

ChannelTranslateBlocks channel_translate_vector(ChannelPlainMode mode G_GNUC_UNUSED)
{
    return NULL;
}

#endif
