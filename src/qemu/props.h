/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The argument of -device, -object, -chardev and their like in either spelling that QEMU takes: an option string or a
 * JSON object (the latter if it begins with "{"). Order and spelling survive a change.
 */
#pragma once

#include <glib.h>

typedef struct _CcwProps CcwProps;

/* NULL if it is JSON that cannot be read: then it is QEMU's to say so. */
CcwProps *ccw_props_parse(const char *text, const char *implied_key);
void ccw_props_free(CcwProps *props);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwProps, ccw_props_free)

char *ccw_props_format(CcwProps *props);

/*
 * TRUE if key is there; *ret_value (NULL is allowed) is then its value, owned by props, or NULL if it has none or, in
 * JSON, if it is not a string.
 */
gboolean ccw_props_get(CcwProps *props, const char *key, const char **ret_value);

/* TRUE if key is there with just that value. */
gboolean ccw_props_equal(CcwProps *props, const char *key, const char *value);

/* key becomes new_key with the string value, at key's place; at the end if there is no key. */
void ccw_props_replace(CcwProps *props, const char *key, const char *new_key, const char *value);

void ccw_props_remove(CcwProps *props, const char *key);
