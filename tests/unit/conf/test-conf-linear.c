/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The time must be proportional to the length of the text, whatever is in it: FACTOR times the text may take TIMES_MAX
 * times the processor time of one thread. That is ten times the proportional time, because a short text fits in the
 * processor's cache and the machine does other work. Quadratic time would be 1,024 times as much.
 */
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "conf/conf.h"
#include "conf/domcaps.h"
#include "conf/nodedev.h"
#include "conf/xml.h"

#define SIZE (16 * 1024) /* bytes */
#define FACTOR 32
#define TIMES_MAX (10 * FACTOR)
#define FLOOR 0.001 /* seconds; shorter times are not compared */
#define TRIES 3     /* the shortest counts; a failed comparison is repeated once */
#define ROUNDS 6
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURED FALSE /* sanitizers request and release large blocks each time, which would be measured, too */
#else
#define MEASURED TRUE
#endif

/* A text with a repeated unit, then as often another one. '#' stands for the number of the repetition. */
typedef struct {
    const char *name;
    const char *head, *unit, *middle, *second, *tail;
} Shape;

#define OURS                                                                                                           \
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>"                        \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                                  \
    "<address uuid='cc390000-0001-8000-8000-000000001235'/></source></hostdev>"
#define DEVICES "<devices>" OURS "</devices>"
#define DOMAIN "<domain><features><s390-map-css state='on'/></features>"
#define IN_METADATA DOMAIN "<metadata>"
#define REST "</metadata>" DEVICES "</domain>"
#define CARRIER "s390-map-css xmlns='" CONF_NAMESPACE "'"
#define UUID "cc390000-0001-8000-8000-000000001234"

static const Shape shapes[] = {
    /* libxml2 takes quadratic time for these. */
    { "attributes", IN_METADATA "<a", " a#=''", "/>", "", REST },
    { "attributes with a prefix", IN_METADATA "<a xmlns:p='u'", " p:a#=''", "/>", "", REST },
    { "declarations", IN_METADATA "<a", " xmlns:a#='u'", "/>", "", REST },
    { "declarations and elements", IN_METADATA "<a", " xmlns:a#='u'", ">", "<a0:b/>", "</a>" REST },
    { "nested declarations", IN_METADATA, "<a xmlns:a#='u'>", "", "</a>", REST },
    { "nested declarations and attributes", IN_METADATA, "<a xmlns:a#='u' a#:b='' a0:b=''>", "", "</a>", REST },
    { "long declaration and elements", IN_METADATA "<a xmlns:p='", "uuuu", "'>", "<p:" CARRIER "/><p:b/>",
      "</a>" REST },
    { "declarations of ours", IN_METADATA, "<c:s390-map-css xmlns:c='u' xmlns:d='" CONF_NAMESPACE "'/>", "", "", REST },
    /* Markup. */
    { "nested elements", IN_METADATA, "<a>", "", "</a>", REST },
    { "elements", IN_METADATA, "<b/>", "", "", REST },
    { "default declarations", IN_METADATA, "<b xmlns='u#'/>", "", "", REST },
    { "comments", IN_METADATA, "<!---->", "", "", REST },
    { "long comment", IN_METADATA "<!--", "- ", "-->", "", REST },
    { "instructions", IN_METADATA, "<?p?>", "", "", REST },
    { "long instruction", IN_METADATA "<?p ", "? ", "?>", "", REST },
    { "CDATA sections", IN_METADATA, "<![CDATA[x]]>", "", "", REST },
    { "long CDATA section", IN_METADATA "<![CDATA[", "]", " ]]>", "", REST },
    { "character references", IN_METADATA, "&#65;", "", "", REST },
    { "entities", IN_METADATA, "&lt;", "", "", REST },
    { "references in a value", DOMAIN "<devices><hostdev mode='subsystem' type='ccw' managed='", "&#x79;", "'/>", "",
      "</devices></domain>" },
    { "long reference", DOMAIN "<devices><hostdev mode='subsystem' type='&#", "0", "99;cw'/>", "",
      "</devices></domain>" },
    { "white space", IN_METADATA, " ", "", "", REST },
    { "lines", IN_METADATA, "\n", "", "", REST },
    { "brackets", IN_METADATA, "]", "", "", REST },
    { "beyond ASCII", IN_METADATA, "\xc3\xa9", "", "", REST },
    { "long name", IN_METADATA "<a", "aaaa", "/>", "", REST },
    { "long end tag", IN_METADATA "<a>", "<b>", "</b", "    ", REST },
    /* Text that does not end. */
    { "unclosed value", "<domain><hostdev ccw='s390-map-css'/>", "<b c='", "", "", "" },
    { "unclosed comments", "<domain><hostdev ccw='s390-map-css'/>", "<!--", "", "", "" },
    { "unclosed elements", "<domain><hostdev ccw='vfio-ccw'/>", "<a>", "", "", "" },
    { "unclosed markup", "<domain><hostdev ccw='vfio-ccw'/>", "<?a ", "", "", "" },
    { "document type", "<!DOCTYPE a [", "<!ATTLIST a hostdev# CDATA 'vfio-ccw'>", "]><a/>", "", "" },
    { "document type and blanks", "<!DOCTYPE a><a b='cc", " ", "'/>", "", "" },
    { "document type and nearly ours", "<!DOCTYPE a><a b='", "cc390000-0001-8000-8000-0000-", "'/>", "", "" },
    { "document type and letters", "<!DOCTYPE a><a b='", "C c-", "'/>", "", "" },
    /* Elements of this project. */
    { "our devices", DOMAIN "<devices>", OURS, "</devices>", "", "</domain>" },
    { "our devices on lines", DOMAIN "<devices>", "\n\n\n\n\n\n    " OURS, "</devices>", "", "</domain>" },
    { "lists of devices", DOMAIN, DEVICES, "", "", "</domain>" },
    { "malformed devices", DOMAIN "<devices>", "<hostdev type='ccw'/>vfio-ccw", "</devices>", "", "</domain>" },
    { "attributes of a device", DOMAIN "<devices><hostdev type='ccw'", " a#=''",
      "><source><address devno='1'/></source></hostdev>", "", "</devices></domain>" },
    { "attributes of a stock device", DOMAIN "<devices><hostdev type='mdev' model='vfio-ccw'", " a#=''",
      "><source><address uuid='" UUID "'/></source></hostdev>", "", "</devices></domain>" },
    { "attributes of an address", DOMAIN "<devices><hostdev type='ccw'><source><address devno='1'", " a#=''",
      "/></source></hostdev>", "", "</devices></domain>" },
    { "children of a device", DOMAIN "<devices><hostdev type='ccw'><source><address devno='1'/></source>", "<b/>",
      "</hostdev>", "", "</devices></domain>" },
    { "sources of a device", DOMAIN "<devices><hostdev type='mdev' model='vfio-ccw'>",
      "<source><address uuid='" UUID "'/></source>", "</hostdev>", "", "</devices></domain>" },
    { "domains", "<a>", DOMAIN DEVICES "</domain>", "", "", "</a>" },
    { "stock domains", "<a>", "<domain><metadata><" CARRIER " state='on'/></metadata>" DEVICES "</domain>", "", "",
      "</a>" },
    { "nested domains", "<a>", "<domain>" DEVICES, "", "</domain>", "</a>" },
    { "features", "<domain><features>", "<a/>", "<s390-map-css state='on'/>", "", "</features>" DEVICES "</domain>" },
    { "malformed features", "<domain><features>", "<s390-map-css/>", "", "", "</features>" DEVICES "</domain>" },
    { "carriers", "<domain><metadata>", "<" CARRIER "/>", "", "", "</metadata>" DEVICES "</domain>" },
    { "features to raise into", "<domain><metadata><" CARRIER " state='on'/></metadata><features>", "\n\n\n <a/>", "",
      "\n ", "</features>" DEVICES "</domain>" },
    { "blank features to raise into", "<domain><metadata><" CARRIER " state='on'/></metadata><features>", " ", "\n",
      "\n\n  ", "</features>" DEVICES "</domain>" },
    { "indented domain", "<a>", "    ", "\n", "    ", DOMAIN DEVICES "</domain></a>" },
    { "children of a domain", DOMAIN, "<name/>", "", "\n<b/>", DEVICES "</domain>" },
    /* Node devices and capabilities. */
    { "capabilities", "<device>",
      "<capability type='mdev'><uuid>cc390000-0001-8000-8000-000100001234</uuid></capability>", "", "", "</device>" },
    { "other capabilities", "<device>", "\n<capability type='ccw'><cssid>1</cssid><devno>&#48;x</devno></capability>",
      "", "", "</device>" },
    { "text of a capability", "<device><capability type='ccw'><cssid>", "&#48;<a/>", "", "<!-- -->",
      "</cssid></capability></device>" },
    { "values", "<domainCapabilities><devices><hostdev supported='yes'><enum name='subsysType'>", "<value>a</value>",
      "", "", "</enum></hostdev></devices><features><a/></features></domainCapabilities>" },
    { "enumerations", "<domainCapabilities><devices><hostdev supported='yes'>", "<enum name='a'/>", "", "",
      "</hostdev></devices><features><a/></features></domainCapabilities>" },
    { "machine", "<domainCapabilities><path>", "a&amp;", "</path><machine>s390-ccw", "b<a/>",
      "</machine></domainCapabilities>" },
    /* Messages. */
    { "message", "", UUID " ", "", "", "" },
    { "message of mediated devices", "", "mediated device '" UUID "' ", "", "", "" },
    { "message of nearly ours", "", "cc390000-0001-8000-8000-", "", "", "" },
    { "message of paths", "", "/sys/bus/mdev/devices/", "", UUID, "" },
};

static void lower(const char *text)
{
    gboolean changed;

    g_free(conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, NULL));
}

static void lower_with_error(const char *text)
{
    g_autoptr(GError) error = NULL;
    gboolean changed;

    g_free(conf_lower(text, CONF_MAP_CSS_OFF, &changed, &error));
}

static void raise_xml(const char *text)
{
    gboolean changed;

    g_free(conf_raise(text, &changed, NULL));
}

static void collect(const char *text)
{
    GArray *devices = conf_collect(text, NULL, NULL);

    if (devices)
        g_array_unref(devices);
}

static void raise_text(const char *text)
{
    g_free(conf_raise_text(text));
}

static void check(const char *text)
{
    if (!g_str_has_prefix(text, "<!DOCTYPE")) /* libxml2 parses these, and clients cannot send them */
        conf_check(text, NULL);
}

static void advertise(const char *text)
{
    gboolean changed;

    g_free(conf_advertise(text, &changed, NULL));
}

static void unadvertise(const char *text)
{
    gboolean changed;

    g_free(conf_unadvertise(text, &changed, NULL));
}

static void raise_capabilities(const char *text)
{
    gboolean changed;

    g_free(conf_domcaps_raise(text, &changed, NULL));
}

static void read_emulator(const char *text)
{
    g_free(conf_domcaps_sample(text));
}

static const struct {
    const char *name;
    void (*work)(const char *text);
} works[] = {
    { "lower", lower },
    { "lower, with an error", lower_with_error },
    { "raise", raise_xml },
    { "collect", collect },
    { "check", check },
    { "raise text", raise_text },
    { "advertise", advertise },
    { "unadvertise", unadvertise },
    { "domcaps", raise_capabilities },
    { "emulator", read_emulator },
};

static void append_numbered(GString *out, const char *unit, guint number)
{
    for (const char *p = unit; *p; p++)
        if (*p == '#')
            g_string_append_printf(out, "%x", number);
        else
            g_string_append_c(out, *p);
}

static char *make(const Shape *shape, gsize size)
{
    gsize count = size / (strlen(shape->unit) + strlen(shape->second));
    GString *out = g_string_new(shape->head);

    for (guint i = 0; i < count; i++)
        append_numbered(out, shape->unit, i);
    g_string_append(out, shape->middle);
    for (guint i = 0; i < count; i++)
        append_numbered(out, shape->second, i);
    return g_string_free(g_string_append(out, shape->tail), FALSE);
}

static double cpu_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double measure(void (*work)(const char *text), const char *text, double least)
{
    for (guint i = 0; i < TRIES; i++) {
        double start = cpu_seconds(), took;

        work(text);
        took = cpu_seconds() - start;
        least = MIN(least, took);
    }
    return least;
}

/* Asks for the line of each element. */
static void ask_lines(const char *text)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, NULL);

    for (const ConfXmlElement *element = conf_xml_first_element(conf_xml_root(xml)); element;
         element = conf_xml_next_element(element))
        g_assert_cmpuint(conf_xml_line(xml, conf_xml_span(element)->start), ==, 1);
}

/* A text without a line break. */
static void one_line(void)
{
    static const Shape shape = { "elements in one line", "<a>", "<b attribute='#'/>", "", "", "</a>" };
    g_autofree char *small = make(&shape, SIZE);
    g_autofree char *large = make(&shape, FACTOR * SIZE);
    double short_time = measure(ask_lines, small, G_MAXDOUBLE);
    double long_time = measure(ask_lines, large, G_MAXDOUBLE);

    g_test_message("%.3f and %.3f ms", short_time * 1e3, long_time * 1e3);
    if (MEASURED)
        g_assert_cmpfloat(long_time, <, MAX(TIMES_MAX * short_time, FLOOR));
}

static void check_shape(gconstpointer data)
{
    const Shape *shape = data;
    g_autofree char *small = make(shape, SIZE);
    g_autofree char *large = make(shape, FACTOR * SIZE);

    for (gsize i = 0; i < G_N_ELEMENTS(works); i++) {
        double short_time = measure(works[i].work, small, G_MAXDOUBLE);
        double long_time = measure(works[i].work, large, G_MAXDOUBLE);

        for (guint round = 0; MEASURED && round < ROUNDS && long_time > FLOOR && long_time > TIMES_MAX * short_time;
             round++) {
            short_time = measure(works[i].work, small, G_MAXDOUBLE);
            long_time = measure(works[i].work, large, long_time);
        }
        g_test_message("%s: %.3f and %.3f ms", works[i].name, short_time * 1e3, long_time * 1e3);
        if (MEASURED && long_time > FLOOR && long_time > TIMES_MAX * short_time)
            g_error("%s of %d times the %s takes %.1f times the time", works[i].name, FACTOR, shape->name,
                    long_time / short_time);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Keep memory in the process: the time in which the kernel supplies it would be measured, too. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, G_MAXINT);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *path = g_strconcat("/conf/linear/", shapes[i].name, NULL);

        g_test_add_data_func(path, &shapes[i], check_shape);
    }
    g_test_add_func("/conf/linear/one-line", one_line);
    return g_test_run();
}
