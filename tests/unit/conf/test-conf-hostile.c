/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents that are made to cost time or memory, and thousands of damaged ones: each gets the right answer in time. */
#include <string.h>

#include "conf-compare.h"
#include "conf/conf.h"
#include "util/error.h"

#define HOSTDEV "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'/></source></hostdev>"

#define STOCK                                                                                                          \
    "<hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'><source>"                                    \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev>"

static char *repeat(const char *head, const char *text, guint count, const char *tail)
{
    GString *out = g_string_new(head);

    for (guint i = 0; i < count; i++)
        g_string_append(out, text);
    g_string_append(out, tail);
    return g_string_free(out, FALSE);
}

/* Neither lower nor raise may change the text. If code is not negative, both must reject it with this code. */
static void check(const char *text, int code)
{
    g_autoptr(GError) lower_error = NULL;
    g_autoptr(GError) raise_error = NULL;
    gboolean changed = FALSE;
    g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &lower_error);
    g_autofree char *raised = conf_raise(text, &changed, &raise_error);

    if (code >= 0) {
        g_assert_null(lowered);
        g_assert_error(lower_error, CCW_ERROR, code);
        return;
    }
    g_assert_no_error(lower_error);
    g_assert_no_error(raise_error);
    g_assert_cmpstr(lowered, ==, text);
    g_assert_cmpstr(raised, ==, text);
    g_assert_false(changed);
}

static char *nest(const char *head, guint depth, const char *tail)
{
    g_autofree char *open = repeat("", "<a>", depth, "");
    g_autofree char *close = repeat("", "</a>", depth, "");

    return g_strconcat(head, open, close, tail, NULL);
}

static void deep(void)
{
    g_autofree char *unclosed = repeat("<domain>ccw hostdev", "<a>", 100000, "");
    g_autofree char *ours = nest("<domain><devices>" HOSTDEV "</devices>", 100000, "</domain>");
    g_autofree char *other = nest("<domain>" HOSTDEV, 100000, "</domain>");

    check(unclosed, CCW_ERROR_XML);
    check(ours, CCW_ERROR_INVALID);
    check(other, -1);
}

#define HEAD "<domain>\n<metadata>"
#define TAIL "</metadata><devices>" HOSTDEV "</devices></domain>"

static char *numbered(const char *head, const char *name, guint count, const char *tail)
{
    GString *out = g_string_new(head);

    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, " %s%u='u'", name, i);
    g_string_append(out, tail);
    return g_string_free(out, FALSE);
}

static char *with_attributes(guint count)
{
    return numbered(HEAD "<x:y xmlns:x='u'", "a", count - 1, "/>" TAIL);
}

static char *with_declarations(guint count)
{
    return numbered(HEAD "<m xmlns:n='u'><n", "xmlns:a", count - 1, "/></m>" TAIL);
}

static char *with_depth(guint depth)
{
    return nest(HEAD, depth - 2, TAIL);
}

/*
 * Text beyond a bound is rejected if it has an element of ours, and forwarded otherwise. raise and collect do not fail.
 */
static void check_bound(const char *within, const char *beyond, const char *message)
{
    g_auto(GStrv) parts = g_strsplit(beyond, HOSTDEV, 2);
    g_autofree char *other = g_strconcat(parts[0], "<hostdev/>ccw", parts[1], NULL);
    g_autofree char *stock = g_strconcat(parts[0], STOCK, parts[1], NULL);
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    g_autofree char *lowered = conf_lower(within, CONF_MAP_CSS_ABSENT, &changed, &error);
    g_autofree char *raised = NULL;
    g_autoptr(GArray) devices = NULL;

    g_assert_no_error(error);
    g_assert_true(lowered && changed);
    g_assert_null(conf_lower(beyond, CONF_MAP_CSS_ABSENT, &changed, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_cmpstr(error->message, ==, message);
    g_clear_error(&error);
    check(other, -1);
    raised = conf_raise(stock, &changed, &error);
    g_assert_no_error(error);
    g_assert_true(changed && strstr(raised, "devno='0x1234'"));
    devices = conf_collect(stock, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(devices->len, ==, 1);
}

static void bounds(void)
{
    static const struct {
        char *(*make)(guint count);
        guint max;
        const char *message;
    } rows[] = {
        { with_attributes, CONF_ATTRIBUTES_MAX, "line 2: <x:y> has 257 attributes: give at most 256" },
        { with_declarations, CONF_NAMESPACES_MAX,
          "line 2: <n> has 129 namespace declarations in scope: give at most 128" },
        { with_depth, CONF_DEPTH_MAX, "line 2: <a> has 257 levels of nesting: give at most 256" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *within = rows[i].make(rows[i].max);
        g_autofree char *beyond = rows[i].make(rows[i].max + 1);

        check_bound(within, beyond, rows[i].message);
    }
}

static void unclosed(void)
{
    static const char *const texts[] = {
        "hostdev ccw",
        "<hostdev ccw",
        "<hostdev ccw='",
        "<hostdev ccw='>",
        "<hostdev>ccw<!--",
        "<hostdev>ccw<![CDATA[",
        "<hostdev ccw=''><?",
        "<hostdev>ccw</",
        "<hostdev>ccw</hostdev",
        "</hostdev>ccw",
        "<hostdev>ccw</hostdev><a/>",
        "<>hostdev ccw</>",
        "<hostdev ccw=ccw/>",
        "<hostdev ccw/>",
        "<hostdev>ccw & </hostdev>",
        "<hostdev ccw='1' ccw='2'/>",
        "<hostdev>ccw\xff</hostdev>",
        "<hostdev>ccw\x01</hostdev>",
        "<a:hostdev>ccw",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        conf_compare(texts[i]);
        check(texts[i], CCW_ERROR_XML);
    }
}

/* Texts in which the scanner and libxml2 could differ. */
static const char *const strange_texts[] = {
    "<a xmlns='u'><b xmlns=''/><c/></a>",
    "<a xmlns:p='u'><p:b p:c='1' c='2'/><p:b xmlns:p='v'/><q:b q:c=''/></a>",
    "<a xmlns:p='u' xmlns:p='u'/>",
    "<a xmlns='u' xmlns='u'/>",
    "<a xmlns:p='' xmlns:p=''><p:b/></a>",
    "<a xmlns:xml='u' xmlns:xmlns='u'><xml:b xml:lang='c'/><xmlns:b/></a>",
    "<a xmlns='http://www.w3.org/XML/1998/namespace' xmlns='u'><b/></a>",
    "<a xmlns:p='http://www.w3.org/2000/xmlns/'><p:b/></a>",
    "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
    "<a xmlns:p='&#x75;'><p:b/></a>",
    "<:a/>",
    "<a:/>",
    "<a::b/>",
    "<a xmlns:b='u' b:='' :b=''/>",
    "<a>&#x3c;&#60;&lt;&amp;&gt;&quot;&apos;</a>",
    "<a>&#0;</a>",
    "<a>&#x110000;</a>",
    "<a>&#xfffe;</a>",
    "<a>&#;</a>",
    "<a>&#x;</a>",
    "<a>&#4294967361;</a>",
    "<a>&#x0000000000000000041;</a>",
    "<a>&lt</a>",
    "<a b='&#10;&#13;&#9; \r\n\t\r'>\r\n\r</a>",
    "<a b='<'/>",
    "<a b='>'>></a>",
    "<a>]]</a>",
    "<a>]]></a>",
    "<a><![CDATA[]]]]><![CDATA[>&lt;\r\n]]></a>",
    "<![CDATA[]]><a/>",
    "<a/><![CDATA[]]>",
    "<a><!-- - --><!----></a>",
    "<a><!-- -- --></a>",
    "<a><!-- ---></a>",
    "<!-- --><?p?><a/><?p q?> <!-- -->",
    "<a><?p?><?p ? ?></a>",
    "<a><?xml version='1.0'?></a>",
    "<a><?XML?></a>",
    "<a><?xmls?></a>",
    "<a><? p?></a>",
    " <?xml version='1.0'?><a/>",
    "<?xml version='1.0' ?><a/>",
    "<?xml version='1.1' standalone='yes'?><a/>",
    "<?xml version='2.0'?><a/>",
    "<?xml version='1.0'encoding='UTF-8'?><a/>",
    "<?xml encoding='UTF-8'?><a/>",
    "<?xml version='1.0' encoding='utf-8' standalone='maybe'?><a/>",
    "<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe9'>\xe9</a>",
    "<?xml version='1.0' encoding='UTF-16'?><a/>",
    "\xef\xbb\xbf <a/>",
    "<\xc3\xa9 \xc3\xa9='\xc3\xa9'>\xc3\xa9</\xc3\xa9>",
    "<\xcc\x80/>",
    "<a\xcc\x80\xc2\xb7-.0/>",
    "<a>\xed\xa0\x80</a>",
    "<a>\xef\xbf\xbf</a>",
    "<a>\xf4\x90\x80\x80</a>",
    "<a>\xc3</a>",
    "<a b='\xe0\x92\x90'/>",
    "<a>\xe0\x92\x90\xf0\x82\x82\xac\xc1\x81</a>",
    "<a>\x7f</a>",
    "<a b='1' b='2'/>",
    "<a b='1'c='2'/>",
    "<a b = '1' c\n=\n\"2\" />",
    "<a b/>",
    "<a / >",
    "< a/>",
    "<a></a >",
    "<a></ a>",
    "<a></ab>",
    "<ab></a>",
    "<a/>x",
    "x<a/>",
    "<a/><b/>",
    "<a>  <b/>x <c/><!-- --> <d/>&#32; <e/><![CDATA[]]> <f/></a>",
    "<a><b>1<c>2</c><!-- 3 -->4</b><?p 5?></a>",
    "<!-- --><!DOCTYPE a><a/>",
    "<a><!DOCTYPE a></a>",
    "<a/><!DOCTYPE a>",
};

static void strange(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strange_texts); i++)
        conf_compare(strange_texts[i]);
}

static void huge(void)
{
    g_autofree char *ours =
        repeat("<domain><description>", "xxxxxxxxxx", 1 << 20, "</description><devices>" HOSTDEV "</devices></domain>");
    g_autofree char *other = repeat("<domain><description>", "xxxxxxxxxx", 1 << 20, "</description></domain>");
    g_autoptr(GError) error = NULL;

    check(ours, CCW_ERROR_XML);
    check(other, -1);
    g_assert_false(conf_check(other, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
    g_assert_cmpstr(error->message, ==, "XML is longer than 4194304 bytes, the most that libvirt takes");
}

/* As many devices as fit into libvirt's longest string. */
static void many(void)
{
    guint count = (CONF_XML_MAX - 100) / strlen(HOSTDEV);
    g_autofree char *text = repeat("<domain><devices>", HOSTDEV, count, "</devices></domain>");
    g_autofree char *malformed =
        repeat("<domain><devices>", "<hostdev type='ccw'/>vfio-ccw", 140000, "</devices></domain>");
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &error);
    g_autofree char *raised = conf_raise(malformed, &changed, &error);
    g_autoptr(GArray) devices = conf_collect(text, NULL, &error);

    g_assert_no_error(error);
    g_assert_nonnull(lowered);
    g_assert_cmpstr(raised, ==, malformed);
    g_assert_cmpuint(devices->len, ==, count);
}

#define ADVERTISED(uuid)                                                                                               \
    "<!DOCTYPE hostdev><hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='" uuid            \
    "'/></source></hostdev>"

static void entities(void)
{
    static const char *const bombs[] = {
        "<!DOCTYPE domain [<!ENTITY a 'ccwccwccwccw'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c "
        "'&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>"
        "<!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'><!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;'>]><domain a='&g;'>&g;" HOSTDEV
        "</domain>",
        "<!DOCTYPE hostdev SYSTEM 'file:///etc/passwd'>" HOSTDEV,
        "<?xml version='1.0'?><!-- < --><!DOCTYPE hostdev [<!ENTITY x SYSTEM 'http://0.0.0.0/'>]>" HOSTDEV,
        "<!DOCTYPE hostdev [<!ENTITY s \"" HOSTDEV "\">]><hostdev>&s;</hostdev>",
        ADVERTISED("cc390000-0001-8000-8000-000100001234"),
        ADVERTISED("CC390000-0001-8000-8000-000100001234"),
        ADVERTISED("Cc39000000018000800000010000123C"),
        ADVERTISED("c cc cc39 00 --00 - 0001\n8000-80-00\t-0001-00 00 1234"),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bombs); i++) {
        g_autoptr(GError) error = NULL;
        gboolean changed = TRUE;
        g_autofree char *raised = conf_raise(bombs[i], &changed, NULL);

        check(bombs[i], CCW_ERROR_INVALID);
        g_assert_cmpstr(raised, ==, bombs[i]);
        g_assert_false(changed);
        conf_check(bombs[i], &error);
        conf_validate(bombs[i], NULL);
    }
}

/* Only a valid loadparm becomes an argument of QEMU. */
static void loadparms(void)
{
    static const struct {
        const char *value;
        const char *argument; /* NULL: no argument */
    } rows[] = {
        { "2", "value='loadparm=2'" },
        { "prog.1 x", "value='loadparm=PROG.1 X'" },
        { "&#50;", "value='loadparm=2'" },
        { "", NULL },
        { "123456789", NULL },
        { "1,accel=x", NULL },
        { "a=b", NULL },
        { "&#10;", NULL },
        { "&apos;/>", NULL },
        { "\xc3\xa9", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "<domain a='b'><devices><hostdev type='ccw'><source><address devno='1'/></source><boot order='1' "
            "loadparm='%s'/></hostdev></devices></domain>",
            rows[i].value);
        gboolean changed;
        g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, NULL);

        g_assert_nonnull(lowered);
        g_assert_true(!!strstr(lowered, "commandline") == !!rows[i].argument);
        if (rows[i].argument)
            g_assert_nonnull(strstr(lowered, rows[i].argument));
    }
}

/* Random changes: no crash, either an error or a result, and lowering or raising again changes nothing. */
static void check_mutant(const char *text)
{
    g_autoptr(GError) error = NULL;
    gboolean changed;
    g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &error);
    g_autofree char *again = NULL;
    g_autofree char *raised = NULL;
    g_autofree char *raised_again = NULL;
    g_autoptr(GArray) devices = conf_collect(text, NULL, NULL);

    g_assert_true((lowered != NULL) == (error == NULL));
    g_assert_true(lowered || !devices);
    if (!lowered || !conf_check(lowered, NULL))
        return;
    again = conf_lower(lowered, CONF_MAP_CSS_ABSENT, &changed, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again, ==, lowered);
    raised = conf_raise(lowered, &changed, &error);
    g_assert_no_error(error);
    raised_again = conf_raise(raised, &changed, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(raised_again, ==, raised);
}

static void mutate(GRand *rand, GString *text)
{
    static const char *const pieces[] = { "<",          ">",    "'",          "\"",        "&#99;",   "</",
                                          "/>",         "<!--", "-->",        "]]>",       " ",       "\n",
                                          "type='ccw'", "ccw",  "<a>",        "<hostdev>", "<source", "uuid",
                                          "=",          "0x",   "<metadata>", "xmlns='",   "\xc3",    "<?",
                                          "devno=",     "mdev", "features",   "<![CDATA[" };
    guint edits = (guint)g_rand_int_range(rand, 1, 6);

    while (edits-- > 0 && text->len > 8) {
        gssize at = g_rand_int_range(rand, 0, (gint)text->len);
        gssize length = g_rand_int_range(rand, 1, 24);

        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            text->str[at] = (char)g_rand_int_range(rand, 1, 256);
            break;
        case 1:
            g_string_erase(text, at, MIN(length, (gssize)text->len - at));
            break;
        case 2:
            g_string_insert(text, at, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
            break;
        default: {
            gssize from = g_rand_int_range(rand, 0, (gint)text->len);
            g_autofree char *copy = g_strndup(text->str + from, (gsize)length);

            g_string_insert(text, at, copy);
        }
        }
    }
}

static void mutants(void)
{
    static const char *const seeds[] = { "map-css-metadata.xml",       "map-css-features-last.xml",
                                         "hostdev-ccw-whitespace.xml", "hostdev-ccw-attach.xml",
                                         "hostdev-ccw-subsystem.xml",  "snapshot.lowered.xml",
                                         "hostdev-ccw-advertised.xml", "hostdev-ccw-comments.xml",
                                         "hostdev-ccw-one-line.xml" };
    g_autoptr(GRand) rand = g_rand_new_with_seed(3390);

    for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++) {
        g_autofree char *path = g_build_filename(g_getenv("CCW_TEST_DATA"), seeds[i], NULL);
        g_autofree char *seed = NULL;

        g_assert_true(g_file_get_contents(path, &seed, NULL, NULL));
        for (guint n = 0; n < 400; n++) {
            g_autoptr(GString) text = g_string_new(seed);

            mutate(rand, text);
            conf_compare(text->str);
            check_mutant(text->str);
        }
    }
}

/*
 * The scanner reads eight bytes at a time. Puts each byte at each position of them, in the middle and at the end of a
 * text.
 */
static void words(void)
{
    static const struct {
        const char *head, *run, *tail;
    } shapes[] = {
        { "<", "abcdefghij", "/>" },           { "<a ", "abcdefghij", "='1'/>" },
        { "<a b='", "0123456 89", "'/>" },     { "<a b=\"", "x-y-z-x-y-", "\" c='23456789'/>" },
        { "<a>\n", "          ", "<b/></a>" }, { "<a></", "abcdefghij", "a>" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        for (gsize at = 0; at < strlen(shapes[i].run); at++)
            for (guint byte = 1; byte < 256; byte++) {
                g_autofree char *text = g_strconcat(shapes[i].head, shapes[i].run, shapes[i].tail, NULL);

                text[strlen(shapes[i].head) + at] = (char)byte;
                conf_compare(text);
                text[strlen(shapes[i].head) + at + 1] = '\0';
                conf_compare(text);
            }
}

/*
 * The parser compares the names of up to some number of attributes with each other. From a declaration on it uses a
 * table.
 */
static void repeated(void)
{
    static const char *const between[] = { "", " xmlns:p='u'", " xmlns:p=''", " xmlns:xml='u'",
                                           " xmlns='u' xmlns='v'" };

    for (guint count = 2; count < 20; count++)
        for (guint same = 0; same < count; same++)
            for (gsize i = 0; i < G_N_ELEMENTS(between); i++) {
                g_autoptr(GString) text = g_string_new("<a");

                for (guint n = 0; n < count; n++) {
                    g_string_append_printf(text, " b%u='%u'", n, n);
                    if (n == count / 2)
                        g_string_append(text, between[i]);
                }
                g_string_append(text, between[i]);
                conf_compare(text->str);
                g_string_append_printf(text, " b%u='again'/>", same);
                conf_compare(text->str);
                g_string_truncate(text, text->len - strlen("again'/>"));
                g_string_append(text, "' c='1'/>");
                conf_compare(text->str);
            }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/hostile/deep", deep);
    g_test_add_func("/conf/hostile/bounds", bounds);
    g_test_add_func("/conf/hostile/unclosed", unclosed);
    g_test_add_func("/conf/hostile/strange", strange);
    g_test_add_func("/conf/hostile/huge", huge);
    g_test_add_func("/conf/hostile/many", many);
    g_test_add_func("/conf/hostile/loadparms", loadparms);
    g_test_add_func("/conf/hostile/entities", entities);
    g_test_add_func("/conf/hostile/mutants", mutants);
    g_test_add_func("/conf/hostile/words", words);
    g_test_add_func("/conf/hostile/repeated", repeated);
    return g_test_run();
}
