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
#include "hostdev/token.h"
#include "util/error.h"
#include "util/file.h"

#define SUFFIX ".json"
#define UNFINISHED ".json.new" /* an entry that is being written, with the lock held */
#define ANNOUNCED ".attach"

static char *file_of(CcwHost *host, const CcwBusId *id, const char *suffix)
{
    char buf[CCW_BUS_ID_STR_LEN];

    return g_strconcat(host->devices_dir, "/", ccw_bus_id_format(id, buf), suffix, NULL);
}

/*
 * Entries name domains, which libvirt's access drivers may hide from a user: only root looks in. On a host RUN_DIR
 * itself is for root alone (0700, as the units make it): it holds libvirtd's own sockets, which only virtccwd may use.
 * A lab makes its RUN_DIR 0755, since its guests' QEMU reaches the lab's socket there. The modes of devices/ hold
 * whatever the umask is, and for a folder of an older version as well.
 */
static gboolean make_dir(CcwHost *host, GError **error)
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
    ccw_error_set_errno(error, errno, "cannot keep other users out of %s", host->devices_dir);
    return FALSE;
}

/* A process that was killed while it replaced the entry leaves this file. The lock is held. */
static void remove_unfinished(CcwHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, UNFINISHED);

    g_unlink(path);
}

int ccw_journal_lock(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *path = file_of(host, id, ".lock");
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd, rc;

    if (!make_dir(host, error))
        return -1;
    /* 0600: a user who can open the file can block every other one. It is never removed, or two processes could lock
     * two files of one name; a device that is not there gets none (ccw_claim_lock). */
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

gboolean ccw_journal_has(CcwHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, SUFFIX);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

gboolean ccw_journal_load(CcwHost *host, const CcwBusId *id, CcwRecord **ret_record, GError **error)
{
    g_autofree char *path = file_of(host, id, SUFFIX);
    g_autoptr(GError) read_error = NULL;
    g_autofree char *text = ccw_attr_read(path, &read_error);
    g_autoptr(JsonNode) root = NULL;
    const char *why;
    CcwRecord *record;

    if (!text && g_error_matches(read_error, CCW_ERROR, CCW_ERROR_NOT_FOUND)) {
        *ret_record = NULL;
        return TRUE;
    }
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&read_error));
        return FALSE;
    }
    root = json_from_string(text, NULL);
    if (ccw_record_is_of_earlier_boot(host, root)) {
        *ret_record = NULL;
        return TRUE;
    }
    record = ccw_record_from_json(root, id, &why);
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

gboolean ccw_journal_save(CcwHost *host, const CcwRecord *record, GError **error)
{
    g_autofree char *path = file_of(host, &record->device, SUFFIX);
    g_autofree char *temporary = file_of(host, &record->device, UNFINISHED);
    g_autoptr(JsonNode) root = ccw_record_to_json(host, record);
    g_autofree char *json = json_to_string(root, TRUE);
    g_autofree char *text = g_strconcat(json, "\n", NULL);

    return ccw_file_replace_by(path, temporary, text, strlen(text), 0600, error);
}

gboolean ccw_journal_remove(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *path = file_of(host, id, SUFFIX);

    if (g_unlink(path) == 0 || errno == ENOENT)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot remove %s", path);
    return FALSE;
}

/* "TOKEN BOOT", or a token alone where the kernel does not tell which boot this is. */
char *ccw_journal_announced(CcwHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);
    char *text = ccw_attr_read(path, NULL);
    char *boot = text ? strchr(text, ' ') : NULL;
    g_autofree char *now = boot ? ccw_host_boot(host) : NULL;

    if (!boot)
        return text;
    *boot++ = '\0';
    if (now && strcmp(boot, now) != 0)
        g_clear_pointer(&text, g_free);
    return text;
}

/* Not replaced atomically: a token that is cut off names no process, and only a writer that has ended leaves one. */
gboolean ccw_journal_announce(CcwHost *host, const CcwBusId *id, const char *token, GError **error)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);
    g_autofree char *boot = ccw_host_boot(host);
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

void ccw_journal_withdraw(CcwHost *host, const CcwBusId *id)
{
    g_autofree char *path = file_of(host, id, ANNOUNCED);

    g_unlink(path);
}

GArray *ccw_journal_list(CcwHost *host)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    g_autoptr(GPtrArray) names = ccw_sysfs_names(host->devices_dir);

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

gboolean ccw_host_can_read_owners(CcwHost *host)
{
    return faccessat(AT_FDCWD, host->devices_dir, R_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES;
}

gboolean ccw_host_has_entry(CcwHost *host, const CcwBusId *id)
{
    return ccw_journal_has(host, id);
}

void ccw_owner_read(CcwHost *host, CcwHostDevice *device)
{
    g_autoptr(CcwRecord) record = NULL;

    g_clear_pointer(&device->owner, g_free);
    device->returning = FALSE;
    if (!ccw_journal_load(host, &device->bus_id, &record, NULL)) {
        device->owner = ccw_host_can_read_owners(host) ? g_strdup("?") : NULL;
        return;
    }
    device->returning = record && record->state == CCW_CLAIM_RELEASING;
    if (record)
        device->owner = record->domain ? g_steal_pointer(&record->domain) : g_strdup(CCW_OWNER_BY_HAND);
}
