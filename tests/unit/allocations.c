/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See allocations.h. */
#include "allocations.h"

#include <stdlib.h>

static gint allocations;

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||               \
    __has_feature(thread_sanitizer) || !defined(__GLIBC__)
#define COUNTS FALSE
#else
#define COUNTS TRUE

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    g_atomic_int_inc(&allocations);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    g_atomic_int_inc(&allocations);
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    g_atomic_int_inc(&allocations);
    return __libc_realloc(old, size);
}
#endif

gboolean allocations_are_counted(void)
{
    gint before = allocations_count();

    if (!COUNTS) {
        g_test_skip("a sanitizer or another C library has its own allocator");
        return FALSE;
    }
    g_free(g_malloc(1));
    g_assert_cmpint(allocations_count(), ==, before + 1);
    return TRUE;
}

gint allocations_count(void)
{
    return g_atomic_int_get(&allocations);
}
