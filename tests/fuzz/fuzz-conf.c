/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes lower, raise, collect and the UUID. Input: a document, whose length chooses the default of the feature.
 * Lowering or raising twice changes nothing more, and so does raise(lower(x)). Elements, attributes and the verdict are
 * those of libxml2.
 */
#include <string.h>

#include "conf-compare.h"
#include "conf/conf.h"
#include "conf/domcaps.h"
#include "conf/nodedev.h"
#include "conf/uuid.h"
#include "fuzz-fail.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void require_equal(const char *what, const char *is, const char *should_be)
{
    if (g_strcmp0(is, should_be) != 0)
        fuzz_fail("%s: '%s' is not '%s'", what, is, should_be);
}

/* raise(lower(text)), or NULL if lower refuses it. */
static char *lower_and_raise(const char *text, ConfMapCss map)
{
    gboolean changed;
    g_autofree char *lowered = conf_lower(text, map, &changed, NULL);
    g_autofree char *lowered_again = NULL;
    g_autofree char *raised = NULL;
    g_autofree char *raised_again = NULL;

    if (!lowered || !conf_check(lowered, NULL))
        return NULL;
    lowered_again = conf_lower(lowered, map, &changed, NULL);
    require_equal("lowered again", lowered_again, lowered);
    raised = conf_raise(lowered, &changed, NULL);
    if (!conf_check(raised, NULL))
        fuzz_fail("raised '%s' to '%s'", lowered, raised);
    raised_again = conf_raise(raised, &changed, NULL);
    require_equal("raised again", raised_again, raised);
    return g_steal_pointer(&raised);
}

/* The first call adds what is missing, the second one changes nothing. */
static void check_document(const char *text, ConfMapCss map)
{
    g_autofree char *once = lower_and_raise(text, map);
    g_autofree char *twice = once ? lower_and_raise(once, map) : NULL;
    g_autofree char *thrice = twice ? lower_and_raise(twice, map) : NULL;

    if (twice)
        require_equal("lowered and raised again", thrice, twice);
}

typedef char *(*RewriteFunc)(const char *text, gboolean *ret_changed, GError **error);

/* Node devices and capabilities: the result is well-formed if the input is. */
static void check_rewrite(const char *text, RewriteFunc rewrite)
{
    gboolean changed;
    g_autofree char *new = rewrite(text, &changed, NULL);

    if (new &&changed && !conf_check(new, NULL))
        fuzz_fail("'%s' became '%s'", text, new);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = NULL;
    g_autofree char *message = NULL;
    g_autofree char *raised = NULL;
    g_autofree char *sample = NULL;
    g_autoptr(GArray) devices = NULL;
    gboolean advertised, changed;
    CcwBusId id;

    text = g_strndup((const char *)data, size);
    conf_compare(text);
    check_document(text, (ConfMapCss)(size % 3));
    raised = conf_raise(text, &changed, NULL);
    devices = conf_collect(text, NULL, NULL);
    message = conf_raise_text(text);
    check_rewrite(text, conf_advertise);
    check_rewrite(text, conf_unadvertise);
    check_rewrite(text, conf_domcaps_raise);
    sample = conf_domcaps_sample(text);
    if (sample && !conf_check(sample, NULL))
        fuzz_fail("the sample of '%s' is '%s'", text, sample);
    if (conf_uuid_decode(text, &id, &advertised) && !conf_uuid_decode_xml(text, &id, &advertised))
        fuzz_fail("libvirt reads '%s'", text);
    if (conf_uuid_decode(text, &id, &advertised) && !advertised) {
        g_autofree char *lower = g_ascii_strdown(text, -1);
        char uuid[CONF_UUID_STR_LEN];

        require_equal("UUID", conf_uuid_encode(&id, uuid), lower);
    }
    return 0;
}
