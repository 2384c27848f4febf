/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Defines translate_blocks_N() for translate-vector.c, which includes this file once for each size of vectors, with
 * VECTOR_SIZE, VECTOR_TARGET and the rest defined. So there is no #pragma once. A block is the CCWs of two vectors of
 * VECTOR_SIZE bytes.
 *
 * The operators are those of the compilers' "vector extensions", and work on all elements. The machine is
 * little-endian, so a CCW that is read from the guest as a doubleword has its command in the low byte, its flags and
 * count above, and its address in the high half. The bytes of the address and of the count are in reverse order.
 */
#define VECTOR_PASTE(name, size) name##_##size
#define VECTOR_EXPAND(name, size) VECTOR_PASTE(name, size)
#define VECTOR_NAME(name) VECTOR_EXPAND(name, VECTOR_SIZE)
#define VECTOR_INLINE static inline __attribute__((always_inline, target(VECTOR_TARGET)))
#define PER_VECTOR (VECTOR_SIZE / CCW_SIZE)
#define PER_BLOCK (2 * PER_VECTOR)

#define Doublewords VECTOR_NAME(Doublewords)
#define Words VECTOR_NAME(Words)
#define Bytes VECTOR_NAME(Bytes)
#define InMemory VECTOR_NAME(InMemory)
typedef guint64 Doublewords __attribute__((vector_size(VECTOR_SIZE)));
typedef guint32 Words __attribute__((vector_size(VECTOR_SIZE)));
typedef guint8 Bytes __attribute__((vector_size(VECTOR_SIZE)));
typedef guint64 InMemory __attribute__((vector_size(VECTOR_SIZE), aligned(CCW_SIZE), may_alias));

/*
 * Reads once, because volatile forbids the compiler to read again. Processors read a doubleword whole, but nothing
 * depends on that, because the translation checks and uses this copy.
 */
VECTOR_INLINE Doublewords VECTOR_NAME(read)(const guint64 *from)
{
    return *(const volatile InMemory *)(const void *)from;
}

VECTOR_INLINE void VECTOR_NAME(store)(void *at, Doublewords value)
{
    *(InMemory *)at = value;
}

/* channel_format1_of_0() of all elements. */
VECTOR_INLINE Doublewords VECTOR_NAME(format1_of_0)(Doublewords ccws)
{
    const Bytes moved = __builtin_shufflevector((Bytes)ccws, (Bytes)ccws, FOR_ALL_BYTES(FORMAT1_OF_0));

    return (Doublewords)moved & ~(0xffull << 32);
}

/*
 * Finds the CCWs that are not plain.
 * heads: the low halves of the CCWs
 * addresses: in the machine's byte order
 *
 * Returns: a word for each CCW, whose high bit is 1 if the CCW is not plain.
 */
VECTOR_INLINE Words VECTOR_NAME(find_not_plain)(const OneRange *range, Words heads, Words addresses)
{
    const Words offsets = addresses - range->base;
    const Words no_count = (heads >> 16) - 1;
    /* Flags of a CCW that is not plain shift by more bits than the word has, so that the result is 0. */
    const Words shifts = (heads ^ CCW_FLAG_CC << 8) & (FLAGS_MATTER << 8 | 31);
    const Words plain = (Words)VECTOR_SHIFT_LEFT((Words){ 0 } + CMDS_PLAIN, shifts);

    /* The offset of an address below base or beyond 31 bits is negative, or higher than last. */
    return offsets | (range->last - offsets) | no_count | ~plain;
}

/* Saves a block with a CCW that is not plain in t->read_ahead, and clears the addresses of CCWs that are not plain. */
VECTOR_INLINE void VECTOR_NAME(save_block)(ChannelTranslation *t, guint index, Doublewords a, Doublewords b, Words odd)
{
    guint64 *cda = t->program.cda + index;
    const guint32 odd_bits = VECTOR_HIGH_BITS(odd);
    /* The words of a and b alternate. The results are 0 for a CCW that is not plain, else all ones. */
    const Doublewords plain_a = ((Doublewords)odd << 32 >> 63) - 1;
    const Doublewords plain_b = ((Doublewords)odd >> 63) - 1;

    t->read_ahead.first = index;
    t->read_ahead.n = PER_BLOCK;
    t->read_ahead.plain =
        ~(EVERY_OTHER_BIT(odd_bits) | EVERY_OTHER_BIT(odd_bits >> 1) << PER_VECTOR) & ((1u << PER_BLOCK) - 1);
    VECTOR_NAME(store)(t->read_ahead.raw, a);
    VECTOR_NAME(store)(t->read_ahead.raw + PER_VECTOR, b);
    VECTOR_NAME(store)(cda, VECTOR_NAME(read)(cda) & plain_a);
    VECTOR_NAME(store)(cda + PER_VECTOR, VECTOR_NAME(read)(cda + PER_VECTOR) & plain_b);
}

/* See ChannelTranslateBlocks. */
static __attribute__((target(VECTOR_TARGET))) guint VECTOR_NAME(translate_blocks)(ChannelTranslation *t,
                                                                                  const ChannelPlainView *view)
{
    const Doublewords low = (Doublewords){ 0 } + G_MAXUINT32;
    const gboolean format1 = t->is_format1;
    const guint64 *raw = view->raw, *end = raw + view->n / PER_BLOCK * PER_BLOCK, *cda_field = t->cda_fields + t->count;
    guint64 *cda = t->program.cda + t->count;
    guint8(*ccw)[CCW_SIZE] = t->program.ccw + t->count;
    OneRange range;

    if (!find_range(view, &range))
        return 0;
    for (; raw < end; raw += PER_BLOCK, cda_field += PER_BLOCK, ccw += PER_BLOCK, cda += PER_BLOCK) {
        const Doublewords raw_a = VECTOR_NAME(read)(raw), raw_b = VECTOR_NAME(read)(raw + PER_VECTOR);
        const Doublewords a = format1 ? raw_a : VECTOR_NAME(format1_of_0)(raw_a);
        const Doublewords b = format1 ? raw_b : VECTOR_NAME(format1_of_0)(raw_b);
        const Doublewords swapped = a >> 32 | (b & ~low);
        const Doublewords addresses =
            (Doublewords)__builtin_shufflevector((Bytes)swapped, (Bytes)swapped, FOR_ALL_BYTES(SWAP_WORDS));
        const Words odd = VECTOR_NAME(find_not_plain)(&range, (Words)((a & low) | b << 32), (Words)addresses);

        VECTOR_NAME(store)(ccw, (a & low) | VECTOR_NAME(read)(cda_field));
        VECTOR_NAME(store)(ccw + PER_VECTOR, (b & low) | VECTOR_NAME(read)(cda_field + PER_VECTOR));
        VECTOR_NAME(store)(cda, (addresses & low) + range.host);
        VECTOR_NAME(store)(cda + PER_VECTOR, (addresses >> 32) + range.host);
        if (VECTOR_HIGH_BITS(odd)) {
            VECTOR_NAME(save_block)(t, (guint)(cda - t->program.cda), raw_a, raw_b, odd);
            break;
        }
    }
    return (guint)(raw - view->raw);
}

#undef Doublewords
#undef Words
#undef Bytes
#undef InMemory
#undef PER_BLOCK
#undef PER_VECTOR
#undef VECTOR_INLINE
#undef VECTOR_NAME
#undef VECTOR_EXPAND
#undef VECTOR_PASTE
#undef VECTOR_HIGH_BITS
#undef VECTOR_SHIFT_LEFT
#undef VECTOR_TARGET
#undef VECTOR_SIZE
