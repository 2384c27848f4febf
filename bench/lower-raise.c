/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times lower and raise of documents, and libxml2's own parse and serialisation of the same documents, in turns. Prints
 * a line for each document: its bytes, microseconds of the two and of libxml2, and the ratios.
 */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/conf.h"

#define TURNS 200
#define TURN_US 500 /* of each part; the shortest turn counts, because other work of the machine only adds time */

static const char hostdev_format[] = "    <hostdev mode='subsystem' type='ccw' managed='yes'>\n"
                                     "      <source>\n"
                                     "        <address cssid='0x0' ssid='0x0' devno='0x%04x'/>\n"
                                     "      </source>\n"
                                     "      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x%04x'/>\n"
                                     "    </hostdev>\n";

/* A domain in libvirt's layout. */
static const char head[] =
    "<domain type='kvm' id='1'>\n  <name>guest</name>\n  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n"
    "  <memory unit='KiB'>219136</memory>\n  <currentMemory unit='KiB'>219136</currentMemory>\n"
    "  <vcpu placement='static'>1</vcpu>\n  <os>\n    <type arch='s390x' machine='s390-ccw-virtio-7.2'>hvm</type>\n"
    "    <boot dev='hd'/>\n  </os>\n  <features>\n    <acpi/>\n  </features>\n  <clock offset='utc'/>\n"
    "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n"
    "  <devices>\n    <emulator>/usr/bin/qemu-system-s390x</emulator>\n"
    "    <disk type='block' device='disk'>\n      <driver name='qemu' type='raw'/>\n      <source dev='/dev/sda'/>\n"
    "      <target dev='vda' bus='virtio'/>\n"
    "      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0000'/>\n    </disk>\n"
    "    <controller type='pci' index='0' model='pci-root'/>\n"
    "    <console type='pty' tty='/dev/pts/3'>\n      <source path='/dev/pts/3'/>\n"
    "      <target type='sclp' port='0'/>\n    </console>\n";
static const char tail[] = "    <memballoon model='none'/>\n    <panic model='s390'/>\n  </devices>\n"
                           "  <seclabel type='dynamic' model='dac' relabel='yes'/>\n</domain>\n";

static char *make_domain(guint hostdevs)
{
    GString *text = g_string_new(head);

    for (guint i = 0; i < hostdevs; i++)
        g_string_append_printf(text, hostdev_format, 0x1000 + i, 0x1000 + i);
    return g_string_free(g_string_append(text, tail), FALSE);
}

static char *make_hostdev(void)
{
    return g_strdup_printf(hostdev_format, 0x1234, 0x1234);
}

typedef void (*Work)(const char *text);

static void work_libxml2(const char *text)
{
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
    xmlChar *out = NULL;
    int length;

    xmlDocDumpMemory(doc, &out, &length);
    xmlFree(out);
    xmlFreeDoc(doc);
}

static void work_lower(const char *text)
{
    gboolean changed;

    g_free(conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, NULL));
}

static void work_raise(const char *text)
{
    gboolean changed;

    g_free(conf_raise(text, &changed, NULL));
}

static double cpu_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Returns the microseconds of one call, the mean of as many as fit into a turn. */
static double time_turn(Work work, const char *text)
{
    double start = cpu_us();
    double end = start;
    guint count = 0;

    while (end - start < TURN_US) {
        work(text);
        count++;
        end = cpu_us();
    }
    return (end - start) / count;
}

static void measure(const char *name, const char *text)
{
    gboolean changed;
    g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, NULL);
    const struct {
        Work work;
        const char *text;
    } parts[] = { { work_lower, text }, { work_libxml2, text }, { work_raise, lowered }, { work_libxml2, lowered } };
    double least[G_N_ELEMENTS(parts)];

    for (guint turn = 0; turn < TURNS; turn++) {
        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
            double us = time_turn(parts[i].work, parts[i].text);

            least[i] = turn ? MIN(least[i], us) : us;
        }
    }
    printf("%-26s %7zu  %8.2f %8.2f %6.2f   %8.2f %8.2f %6.2f\n", name, strlen(text), least[0], least[1],
           least[0] / least[1], least[2], least[3], least[2] / least[3]);
}

int main(void)
{
    const struct {
        const char *name;
        char *text;
    } rows[] = {
        { "a hostdev", make_hostdev() }, { "a domain with 1 of ours", make_domain(1) },
        { "with 8", make_domain(8) },    { "with 64", make_domain(64) },
        { "with none", make_domain(0) },
    };

    xmlInitParser();
    printf("%-26s %7s  %8s %8s %6s   %8s %8s %6s\n", "", "bytes", "lower", "libxml2", "ratio", "raise", "libxml2",
           "ratio");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        measure(rows[i].name, rows[i].text);
        g_free(rows[i].text);
    }
    return 0;
}
