/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-record-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"

#define GROUP "lab"
#define SIZE_MAX_BYTES (1024 * 1024)

/* The names of files can be any bytes, and GKeyFile takes only UTF-8. */
static void set_paths(GKeyFile *file, const char *key, char *const *paths)
{
    g_autoptr(GPtrArray) escaped = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; paths[i]; i++)
        g_ptr_array_add(escaped, g_strescape(paths[i], NULL));
    g_key_file_set_string_list(file, GROUP, key, (const char *const *)escaped->pdata, escaped->len);
}

static char **get_paths(GKeyFile *file, const char *key)
{
    char **paths = g_key_file_get_string_list(file, GROUP, key, NULL, NULL);

    for (gsize i = 0; paths && paths[i]; i++) {
        char *escaped = paths[i];

        paths[i] = g_strcompress(escaped);
        g_free(escaped);
    }
    return paths ? paths : g_new0(char *, 1);
}

gboolean lab_record_file_save(const LabRecord *record, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    gsize length;
    gboolean is_written;
    int fd;

    g_key_file_set_int64(file, GROUP, "started", record->started);
    g_key_file_set_integer(file, GROUP, "pid", record->pid);
    g_key_file_set_uint64(file, GROUP, "pid-namespace", record->pid_namespace);
    set_paths(file, "dasds", record->dasds);
    if (record->network)
        g_key_file_set_string(file, GROUP, "network", record->network);
    text = g_key_file_to_data(file, &length, NULL);
    fd = openat(record->folder_fd, LAB_RECORD_FILE_NEW, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    is_written = fd >= 0 && ccw_file_write_all(fd, text, length);
    if (!is_written || renameat(record->folder_fd, LAB_RECORD_FILE_NEW, record->folder_fd, LAB_RECORD_FILE) != 0) {
        ccw_error_set_errno(error, errno, "cannot write %s/" LAB_RECORD_FILE, record->folder);
        is_written = FALSE;
    }
    if (fd >= 0)
        close(fd);
    return is_written;
}

static char *read_file(const LabRecord *record, gsize *ret_length)
{
    int fd = openat(record->folder_fd, LAB_RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *text = g_malloc(SIZE_MAX_BYTES);
    gsize length = 0;
    ssize_t got = -1;

    while (fd >= 0 && length < SIZE_MAX_BYTES && (got = read(fd, text + length, SIZE_MAX_BYTES - length)) > 0)
        length += (gsize)got;
    if (fd >= 0)
        close(fd);
    *ret_length = length;
    return got == 0 ? g_steal_pointer(&text) : NULL;
}

void lab_record_file_load(LabRecord *record)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    gsize length = 0;
    g_autofree char *text = read_file(record, &length);
    gint pid;

    if (!text || !g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return;
    record->started = g_key_file_get_int64(file, GROUP, "started", NULL);
    pid = g_key_file_get_integer(file, GROUP, "pid", NULL);
    record->pid = MAX(pid, 0);
    record->pid_namespace = g_key_file_get_uint64(file, GROUP, "pid-namespace", NULL);
    g_strfreev(record->dasds);
    record->dasds = get_paths(file, "dasds");
    g_free(record->network);
    record->network = g_key_file_get_string(file, GROUP, "network", NULL);
}
