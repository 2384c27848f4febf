/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/host-private.h"
#include "css/sysfs.h"
#include "hostdev/process.h"
#include "util/error.h"
#include "util/file.h"

#define SUFFIX ".json"
#define UNFINISHED ".json.new" /* an entry that a process writes now, with the lock held */
#define ANNOUNCED ".attach"

static char *file_of(CssHost *host, const CcwBusId *id, const char *suffix)
{
    char buf[CCW_BUS_ID_STR_LEN];

    return g_strconcat(host->devices_dir, "/", ccw_bus_id_format(id, buf), suffix, NULL);
}

/*
 * Makes devices/ with mode 0700, whatever the umask is; also fixes the mode of a folder of an older version. Entries
 * name domains, which libvirt's access drivers may hide from a user, so only root may read them. On a host the units
 * make RUN_DIR 0700: it has libvirtd's own sockets, which only virtccwd may use. A lab makes its RUN_DIR 0755, since
 * the QEMU of its guests connects to the lab's socket there.
 */
static gboolean make_dir(CssHost *host, GError **error)
{
    g_autofree char *run_dir = g_path_get_dirname(host->devices_dir);
    struct stat st;

    if (g_mkdir_with_parents(run_dir, 0700) < 0 || (g_mkdir(host->devices_dir, 0700) < 0 && errno != EEXIST)) {
        ccw_error_set_errno(error, errno, "cannot create %s", host->devices_dir);
        return FALSE;
    }
    if (lstat(host->devices_dir, &st) == 0 && (st.st_mode & 07777) == 0700)
        return TRUE;
    if (g_chmod(host->devices_dir, 0700) == 0)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot set the permissions of %s", host->devices_dir);
    return FALSE;
}

/* Removes the file that a killed process has left while it replaced the entry. The caller has locked the device. */
static void remove_unfinished(CssHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, UNFINISHED);

    g_unlink(path);
}

int hostdev_journal_lock(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *path = file_of(host, id, ".lock");
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd, rc;

    if (!make_dir(host, error))
        return -1;
    /*
     * 0600: a user who can open the file can block all others. No process removes it: else two processes could lock two
     * files of the same name. Callers make none for a device that does not exist (hostdev_claim_lock()).
     */
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot open %s", path);
        return -1;
    }
    do
        rc = fcntl(fd, F_OFD_SETLKW, &lock);
    while (rc < 0 && errno == EINTR);
    if (rc < 0) {
        ccw_error_set_errno(error, errno, "cannot lock %s", path);
        close(fd);
        return -1;
    }
    remove_unfinished(host, id);
    return fd;
}

gboolean hostdev_journal_has(CssHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, SUFFIX);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

gboolean hostdev_journal_load(CssHost *host, const CcwBusId *id, HostdevRecord **ret_record, GError **error)
{
    g_autofree char *path = file_of(host, id, SUFFIX);
    g_autoptr(GError) read_error = NULL;
    g_autofree char *text = ccw_attr_read(path, &read_error);
    g_autoptr(JsonNode) root = NULL;
    const char *why;
    HostdevRecord *record;

    if (!text && g_error_matches(read_error, CCW_ERROR, CCW_ERROR_NOT_FOUND)) {
        *ret_record = NULL;
        return TRUE;
    }
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&read_error));
        return FALSE;
    }
    root = json_from_string(text, NULL);
    if (hostdev_record_is_of_earlier_boot(host, root)) {
        *ret_record = NULL;
        return TRUE;
    }
    record = hostdev_record_from_json(root, id, &why);
    if (!record) {
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_SYSTEM,
            "the journal entry %s is not understood: %s; bring the device to the state that you want and remove "
            "that file",
            path, why);
        return FALSE;
    }
    *ret_record = record;
    return TRUE;
}

gboolean hostdev_journal_save(CssHost *host, const HostdevRecord *record, GError **error)
{
    g_autofree char *path = file_of(host, &record->device, SUFFIX);
    g_autofree char *temporary = file_of(host, &record->device, UNFINISHED);
    g_autoptr(JsonNode) root = hostdev_record_to_json(host, record);
    g_autofree char *json = json_to_string(root, TRUE);
    g_autofree char *text = g_strconcat(json, "\n", NULL);

    return ccw_file_replace_by(path, temporary, text, strlen(text), 0600, error);
}

gboolean hostdev_journal_remove(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *path = file_of(host, id, SUFFIX);

    if (g_unlink(path) == 0 || errno == ENOENT)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot remove %s", path);
    return FALSE;
}

/* Reads "TOKEN BOOT", or only a token if the kernel did not tell the boot. */
char *hostdev_journal_announced(CssHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);
    char *text = ccw_attr_read(path, NULL);
    char *boot = text ? strchr(text, ' ') : NULL;
    g_autofree char *now = boot ? hostdev_boot(host) : NULL;

    if (!boot)
        return text;
    *boot++ = '\0';
    if (now && strcmp(boot, now) != 0)
        g_clear_pointer(&text, g_free);
    return text;
}

/* Not atomic: only a writer that was killed leaves a truncated file, and a truncated token names no running process. */
gboolean hostdev_journal_announce(CssHost *host, const CcwBusId *id, const char *token, GError **error)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);
    g_autofree char *boot = hostdev_boot(host);
    g_autofree char *text = boot ? g_strdup_printf("%s %s", token, boot) : g_strdup(token);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)) {
        close(fd);
        return TRUE;
    }
    ccw_error_set_errno(error, errno, "cannot write %s", path);
    if (fd >= 0)
        close(fd);
    return FALSE;
}

void hostdev_journal_withdraw(CssHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);

    g_unlink(path);
}

GArray *hostdev_journal_list(CssHost *host)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    g_autoptr(GPtrArray) names = css_sysfs_names(host->devices_dir);

    for (guint i = 0; i < names->len; i++) {
        char *name = names->pdata[i];
        CcwBusId id;

        if (!g_str_has_suffix(name, SUFFIX))
            continue;
        name[strlen(name) - strlen(SUFFIX)] = '\0';
        if (ccw_bus_id_parse(name, &id, NULL))
            g_array_append_val(ids, id);
    }
    return ids;
}

gboolean hostdev_can_read_owners(CssHost *host)
{
    return faccessat(AT_FDCWD, host->devices_dir, R_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES;
}

/* Returns: the kind of owner that the entry has, or NULL if it is gone or of an earlier boot. */
static const char *owner_name_of(CssHost *host, const CcwBusId *id)
{
    g_autoptr(HostdevRecord) record = NULL;

    if (!hostdev_journal_load(host, id, &record, NULL))
        return "unknown";
    return record ? hostdev_owner_name(hostdev_owner_kind(record->owner)) : NULL;
}

char *hostdev_owners_to_text(CssHost *host, GError **error)
{
    g_autoptr(GArray) ids = hostdev_journal_list(host);
    GString *text;

    if (!hostdev_can_read_owners(host)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED, "cannot read the journal in %s: only root can",
                    host->devices_dir);
        return NULL;
    }
    text = g_string_new(NULL);
    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        const char *name = owner_name_of(host, id);
        char buf[CCW_BUS_ID_STR_LEN];

        if (name)
            g_string_append_printf(text, "%s %s\n", ccw_bus_id_format(id, buf), name);
    }
    return g_string_free(text, FALSE);
}

gboolean hostdev_has_entry(CssHost *host, const CcwBusId *id)
{
    return hostdev_journal_has(host, id);
}

void hostdev_owner_read(CssHost *host, CssDevice *device)
{
    g_autoptr(HostdevRecord) record = NULL;

    g_clear_pointer(&device->owner, g_free);
    device->is_releasing = FALSE;
    if (!hostdev_journal_load(host, &device->bus_id, &record, NULL)) {
        device->owner = hostdev_can_read_owners(host) ? g_strdup("?") : NULL;
        return;
    }
    device->is_releasing = record && record->state == HOSTDEV_CLAIM_RELEASING;
    if (!record)
        return;
    device->owner = record->owner ? g_steal_pointer(&record->owner) : g_strdup(HOSTDEV_OWNER_DETACHED);
    if (device->cutype) /* sysfs has the types already */
        return;
    device->cutype = g_steal_pointer(&record->found_cutype);
    device->found_volser = g_steal_pointer(&record->found_volser);
    g_free(device->devtype);
    device->devtype = g_steal_pointer(&record->found_devtype);
}
