/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plain CCWs by blocks, where the processor has vectors that make it worth while: x86-64 with AVX2 or AVX-512. What is
 * done with a block is translate-block.h, once for each size of vectors; other machines do without
 * (translate-plain.c), and their byte order is none of this file's.
 */
#include "channel/translate-private.h"

#ifndef __has_builtin
#define __has_builtin(builtin) 0
#endif

#if defined(__x86_64__) && __has_builtin(__builtin_shufflevector)

#include <immintrin.h>

/* A command's low five bits, as a bit of a word from the left on. */
#define CMD_BIT(low) (0x80000000u >> (low))

/*
 * Commands that are plain by these bits. Not so are invalid ones and TICs, searches, those that read backward, and
 * NOOP, which a few others share its bits with: they are no worse off than without vectors.
 */
#define CMDS_PLAIN                                                                                                     \
    ~(CMD_BIT(0x00) | CMD_BIT(0x08) | CMD_BIT(0x10) | CMD_BIT(0x18) | CMD_BIT(0x01) | CMD_BIT(0x09) | CMD_BIT(0x11) |  \
      CMD_BIT(0x19) | CMD_BIT(0x0c) | CMD_BIT(0x1c) | CMD_BIT(CCW_CMD_NOOP))

#define FLAGS_MATTER ((guint8) ~(CCW_FLAG_SLI | CCW_FLAG_PCI))

/* Storage that can be fetched from and stored into, in one piece. */
typedef struct {
    guint32 base;
    guint32 last; /* the highest offset where data of any count fits */
    guint64 host; /* of guest address 0, if it had one there */
} OneRange;

static gboolean find_range(const CcwPlainView *view, OneRange *ret_range)
{
    const CcwWindow *fetch = view->fetch, *store = view->store;
    guint64 host = (guint64)(guintptr)fetch->host - fetch->address;
    guint64 base = MAX(fetch->address, store->address);
    guint64 end = MIN(fetch->address + fetch->ccw_size, store->address + store->ccw_size);

    if (host != (guint64)(guintptr)store->host - store->address || end < base + G_MAXUINT16)
        return FALSE;
    /* 31 bits, as much as CCWs can name. */
    *ret_range = (OneRange){ .base = (guint32)base, .last = (guint32)(end - base - G_MAXUINT16), .host = host };
    return TRUE;
}

/* For eight bytes from byte n on: where each comes from. */
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

CcwTakeBlocks ccw_translate_vector(CcwPlainWay way)
{
    if (!__builtin_cpu_supports("bmi2"))
        return NULL;
    if (way == CCW_PLAIN_AVX2 && __builtin_cpu_supports("avx2"))
        return take_blocks_32;
    /* VBMI2 is not needed: processors that are older lower their clock for vectors of this size. */
    if (way == CCW_PLAIN_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2"))
        return take_blocks_64;
    return NULL;
}

#else

CcwTakeBlocks ccw_translate_vector(CcwPlainWay way G_GNUC_UNUSED)
{
    return NULL;
}

#endif
