/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "qemu/ccw-caps.h"
#include "qemu/ccw-qemu-validate.h"
#include "util/ccw-error.h"

#define DEFAULT_EMULATOR "qemu-system-s390x"
#define UNSUPPORTED "unsupported configuration: "

/* An emulator that did not answer is not asked again before its file, or this much time, has changed. */
#define RETRY (60 * G_TIME_SPAN_SECOND)

typedef struct {
    CcwHost *host;
    GMutex lock;         /* over the host, and asking: one emulator is asked at a time */
    GHashTable *unasked; /* path -> gint64 *, when it may be asked again */
} State;

/*
 * A client names the emulator before libvirt has said whether it may define anything, and it would be run as root: only
 * what the administrator has put among the system's programs under QEMU's name is. Of any other nothing is known here.
 */
static char *find_emulator(const char *stated)
{
    static const char *const folders[] = { "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/libexec/" };
    g_autofree char *found = stated ? g_strdup(stated) : g_find_program_in_path(DEFAULT_EMULATOR);
    char *real = found && g_path_is_absolute(found) ? realpath(found, NULL) : NULL;
    g_autofree char *path = g_strdup(real);
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;
    gboolean in_folder = FALSE;
    struct stat st;

    free(real);
    for (gsize i = 0; path && i < G_N_ELEMENTS(folders); i++)
        in_folder |= g_str_has_prefix(path, folders[i]) && !strchr(path + strlen(folders[i]), '/');
    if (!in_folder || !g_str_has_prefix(name, "qemu-") || stat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
        st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
        return NULL;
    return g_steal_pointer(&found);
}

static gboolean may_ask(State *state, const char *emulator)
{
    const gint64 *again = g_hash_table_lookup(state->unasked, emulator);

    return !again || *again < g_get_monotonic_time();
}

static void note_silence(State *state, const char *emulator)
{
    gint64 *again = g_new(gint64, 1);

    *again = g_get_monotonic_time() + RETRY;
    g_hash_table_replace(state->unasked, g_strdup(emulator), again);
}

/* NULL: not known. */
static CcwCaps *get_caps(State *state, const char *stated, char **ret_emulator)
{
    g_autofree char *emulator = find_emulator(stated);
    g_autofree char *cache = ccw_caps_default_cache();
    g_autoptr(GError) error = NULL;
    CcwCaps *caps = NULL;

    g_mutex_lock(&state->lock);
    if (emulator && may_ask(state, emulator)) {
        caps = ccw_caps_get(emulator, cache, &error);
        if (!caps) {
            g_warning("what it can do for channel devices is not known: %s", error->message);
            note_silence(state, emulator);
        }
    }
    g_mutex_unlock(&state->lock);
    *ret_emulator = g_steal_pointer(&emulator);
    return caps;
}

/* libvirt's words of that kind begin with its number's, which the client gets put before them. */
static void sort_error(GError **error)
{
    char *at = g_error_matches(*error, CCW_ERROR, CCW_ERROR_INVALID) ? strstr((*error)->message, UNSUPPORTED) : NULL;

    if (!at)
        return;
    memmove(at, at + strlen(UNSUPPORTED), strlen(at + strlen(UNSUPPORTED)) + 1);
    (*error)->code = CCW_ERROR_UNSUPPORTED;
}

static gboolean validate(const CcwJudged *judged, State *state, GError **error)
{
    g_autofree char *stated = ccw_qemu_emulator(judged->xml);
    g_autofree char *emulator = NULL;
    g_autoptr(CcwCaps) caps = get_caps(state, stated, &emulator);
    const CcwQemuValidate with = {
        .caps = caps,
        .emulator = emulator,
        .host = state->host,
        .warnings = judged->warnings,
        .has_domain = judged->has_domain,
        .map_css = judged->map_css,
    };
    gboolean valid;

    g_mutex_lock(&state->lock);
    valid = ccw_qemu_validate(judged->xml, &with, error);
    g_mutex_unlock(&state->lock);
    return valid;
}

/* Where libvirt's schemas are not installed libvirt says so itself. */
static gboolean by_schema(const char *xml, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (ccw_conf_validate(xml, &local) || g_error_matches(local, CCW_ERROR, CCW_ERROR_NOT_FOUND) ||
        g_error_matches(local, CCW_ERROR, CCW_ERROR_UNSUPPORTED))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean judge_document(const CcwJudged *judged, gpointer data, GError **error)
{
    GError *local = NULL;

    if ((!judged->by_schema || by_schema(judged->xml, &local)) && validate(judged, data, &local))
        return TRUE;
    sort_error(&local);
    g_propagate_error(error, local);
    return FALSE;
}

static gboolean judge_emulator(const char *path, gpointer data)
{
    g_autofree char *emulator = NULL;
    g_autoptr(CcwCaps) caps = get_caps(data, path, &emulator);

    return caps && caps->ccw_machine && caps->vfio_ccw;
}

const CcwJudge *judge_new(CcwHost *host)
{
    static State state;
    static const CcwJudge judge = { judge_document, judge_emulator, &state };

    state.host = host;
    state.unasked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return &judge;
}
