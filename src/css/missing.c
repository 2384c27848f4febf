/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/missing.h"

#include <stdio.h>
#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"
#include "util/error.h"
#include "util/file.h"

#define IGNORED_MAX (16 * 1024 * 1024) /* all devices of four subchannel sets singly: 262144 lines of 9 bytes */

char *css_path_cure(CssHost *host, guint cssid, guint chpid)
{
    g_autofree char *dir = css_host_path(host, "devices/css%x/chp%x.%02x", cssid, cssid, chpid);
    g_autofree char *status = css_sysfs_attr(dir, "status");
    g_autofree char *configure = css_sysfs_attr(dir, "configure");

    if (g_strcmp0(configure, "0") == 0)
        return g_strdup_printf("channel path %x.%02x is deconfigured; chchp -c 1 %x.%02x", cssid, chpid, cssid, chpid);
    if (g_strcmp0(status, "offline") == 0)
        return g_strdup_printf("channel path %x.%02x is varied off; chchp -v 1 %x.%02x", cssid, chpid, cssid, chpid);
    return NULL;
}

/* drivers/s390/cio/blacklist.c: a line is "0.0.1234" or "0.0.0000-0.0.1233". */
static gboolean line_has(const char *line, const CcwBusId *id)
{
    g_auto(GStrv) ends = g_strsplit(line, "-", 2);
    CcwBusId first, last;

    if (!ends[0] || !ccw_bus_id_parse(ends[0], &first, NULL) ||
        !ccw_bus_id_parse(ends[1] ? ends[1] : ends[0], &last, NULL))
        return FALSE;
    return first.cssid == id->cssid && first.ssid == id->ssid && last.cssid == id->cssid && last.ssid == id->ssid &&
           first.devno <= id->devno && id->devno <= last.devno;
}

static gboolean is_ignored(CssHost *host, const CcwBusId *id)
{
    g_autofree char *path = g_build_filename(host->proc_root, "cio_ignore", NULL);
    FILE *file = fopen(path, "re");
    char line[64];
    gsize n = 0;
    gboolean ignored = FALSE;

    while (file && !ignored && n < IGNORED_MAX && fgets(line, sizeof(line), file)) {
        n += strlen(line);
        ignored = line_has(g_strstrip(line), id);
    }
    if (file)
        fclose(file);
    return ignored;
}

/* Returns css_path_cure() of the first unavailable channel path. */
static char *any_path_cure(CssHost *host, guint cssid)
{
    g_autofree char *css = css_host_path(host, "devices/css%x", cssid);
    g_autoptr(GPtrArray) names = css_sysfs_names(css);
    char *cure = NULL;

    for (guint i = 0; i < names->len && !cure; i++) {
        guint of, chpid;
        char end;

        if (sscanf(names->pdata[i], "chp%x.%2x%c", &of, &chpid, &end) == 2 && of == cssid)
            cure = css_path_cure(host, cssid, chpid);
    }
    return cure;
}

/*
 * A number in XML without 0x is decimal, while a bus id is hexadecimal: devno='1234' is 0.0.04d2. Returns the digits if
 * they name a device of the host in hexadecimal, else NULL.
 */
static char *find_meant(CssHost *host, const CcwBusId *id)
{
    CcwBusId meant = *id;
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *digits = g_strdup_printf("%u", id->devno);
    g_autofree char *dir = NULL;
    guint64 devno = g_ascii_strtoull(digits, NULL, 16);

    if (devno > G_MAXUINT16 || devno == id->devno)
        return NULL;
    meant.devno = (guint16)devno;
    dir = css_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(&meant, buf));
    return g_file_test(dir, G_FILE_TEST_EXISTS) ? g_steal_pointer(&digits) : NULL;
}

void css_missing_set_error(CssHost *host, const CcwBusId *id, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *cure = NULL, *digits = NULL;

    ccw_bus_id_format(id, buf);
    if (is_ignored(host, id)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "ccw device %s is hidden by cio_ignore: cio_ignore -r %s first", buf, buf);
        return;
    }
    cure = any_path_cure(host, id->cssid);
    digits = find_meant(host, id);
    if (digits)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no ccw device %s on this host: devno='%s' is decimal; is devno='0x%s' meant?", buf,
                    digits, digits);
    else if (cure)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no ccw device %s on this host; %s may bring it back", buf, cure);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no ccw device %s on this host: 'virt-ccw list' shows this host's devices", buf);
}
