/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab-record-private.h"
#include "util/error.h"
#include "util/sockaddr.h"

#define ROOT_FOLDER "/run"
#define SUBFOLDER "libvirt-ccw/labs"
#define LOCK "lock"
#define LOG "log"
#define COMPLETE "complete" /* an empty file */
#define SOCKET "libvirt-sock"
#define QUEUE 32
/* A record can vanish between two steps, because its lab ends just then. */
#define ATTEMPTS 10

static gboolean is_name(const char *name)
{
    gsize length = strlen(name);

    return length > 0 && length <= LAB_NAME_MAX && g_ascii_isalnum(*name) &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == length;
}

static gboolean check_name(const char *name, GError **error)
{
    g_autofree char *printable = NULL;

    if (is_name(name))
        return TRUE;
    printable = ccw_one_line(name);
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "'%s' is not a name for a lab: use 1 to %d letters, digits and the characters '_', '.' and '-', with a "
                "letter or digit first",
                printable, LAB_NAME_MAX);
    return FALSE;
}

/* Returns: whether only this user can change what is in the folder. */
static gboolean is_own(const char *path)
{
    struct stat found;

    return g_path_is_absolute(path) && stat(path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid() &&
           (found.st_mode & 022) == 0;
}

/* Returns: the folder of all labs of this user. */
static char *find_labs(GError **error)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");

    if (runtime && is_own(runtime))
        return g_build_filename(runtime, SUBFOLDER, NULL);
    if (geteuid() == 0)
        return g_strdup(ROOT_FOLDER "/" SUBFOLDER);
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "XDG_RUNTIME_DIR %s%s: a lab that stays needs a folder there that this user owns and no other user can "
                "write to; log in by pam_systemd, or set the variable",
                runtime ? "is " : "is not set", runtime ? runtime : "");
    return NULL;
}

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Returns: the inode of this process's PID namespace; 0 where /proc does not say it. */
static guint64 own_pid_namespace(void)
{
    struct stat found;

    return stat("/proc/self/ns/pid", &found) == 0 ? found.st_ino : 0;
}

static LabRecord *record_new(const char *labs, int labs_fd, const char *name)
{
    LabRecord *record = g_new0(LabRecord, 1);
    g_autofree char *socket = g_build_filename(labs, name, SOCKET, NULL);
    g_autofree char *escaped = g_uri_escape_string(socket, "/", FALSE);

    record->name = g_strdup(name);
    record->folder = g_build_filename(labs, name, NULL);
    record->uri = g_strconcat("qemu+unix:///system?socket=", escaped, NULL);
    record->dasds = g_new0(char *, 1);
    record->labs_fd = fcntl(labs_fd, F_DUPFD_CLOEXEC, 0);
    record->folder_fd = open_folder(labs_fd, name);
    record->lock_fd = -1;
    return record;
}

void lab_record_free(LabRecord *record)
{
    const int fds[] = { record->labs_fd, record->folder_fd, record->lock_fd };

    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    g_free(record->name);
    g_free(record->folder);
    g_free(record->uri);
    g_strfreev(record->dasds);
    g_free(record->network);
    g_free(record);
}

/* Opens the folder of all labs, and makes it if @make. Returns: -1 with an error. */
static int open_labs(const char *labs, gboolean make, GError **error)
{
    int fd = -1;

    if (!make || g_mkdir_with_parents(labs, 0700) == 0)
        fd = open_folder(AT_FDCWD, labs);
    if (fd < 0)
        ccw_error_set_errno(error, errno, "cannot open the folder of labs %s", labs);
    return fd;
}

typedef enum {
    LOCK_TAKEN,
    LOCK_BUSY,    /* another process has it */
    LOCK_VANISHED /* the lab ends just now, and its record with it; errno says what was missing */
} LockResult;

/* @make: make the file; @wait: wait for the process that has the lock */
static LockResult take_lock(LabRecord *record, gboolean make, gboolean wait)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = openat(record->folder_fd, LOCK, (make ? O_CREAT : 0) | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    int problem = 0;
    struct stat found;

    if (fd < 0)
        return LOCK_VANISHED;
    if (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) != 0 || fstat(fd, &found) != 0)
        problem = errno;
    else if (found.st_nlink == 0)
        problem = ENOENT;
    if (problem) {
        close(fd);
        errno = problem;
        return problem == EAGAIN || problem == EACCES ? LOCK_BUSY : LOCK_VANISHED;
    }
    record->lock_fd = fd;
    return LOCK_TAKEN;
}

static void remove_files(const LabRecord *record)
{
    static const char *const files[] = { SOCKET, LOG, COMPLETE, LAB_RECORD_FILE, LAB_RECORD_FILE_NEW };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        unlinkat(record->folder_fd, files[i], 0);
}

/* Only the process with the lock removes. It removes the lock last, so that no other process removes a new record. */
void lab_record_remove(LabRecord *record, gboolean wait)
{
    if (record->lock_fd < 0 && take_lock(record, FALSE, wait) != LOCK_TAKEN)
        return;
    remove_files(record);
    unlinkat(record->folder_fd, LOCK, 0);
    unlinkat(record->labs_fd, record->name, AT_REMOVEDIR);
}

/* Makes the folder and takes its lock. */
static LockResult make_record(LabRecord *record)
{
    if (mkdirat(record->labs_fd, record->name, 0700) != 0 && errno != EEXIST)
        return LOCK_VANISHED;
    if (record->folder_fd >= 0)
        close(record->folder_fd);
    record->folder_fd = open_folder(record->labs_fd, record->name);
    return record->folder_fd < 0 ? LOCK_VANISHED : take_lock(record, TRUE, FALSE);
}

LabRecord *lab_record_create(const char *name, GError **error)
{
    g_autofree char *labs = check_name(name, error) ? find_labs(error) : NULL;
    g_autoptr(LabRecord) record = NULL;
    LockResult result = LOCK_VANISHED;
    int labs_fd = labs ? open_labs(labs, TRUE, error) : -1;

    if (labs_fd < 0)
        return NULL;
    record = record_new(labs, labs_fd, name);
    close(labs_fd);
    for (guint i = 0; i < ATTEMPTS && result == LOCK_VANISHED; i++)
        result = make_record(record);
    if (result == LOCK_BUSY)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "there is a lab '%s' already: end it with 'virt-ccw lab stop %s', or use another name", name, name);
    else if (result == LOCK_VANISHED)
        ccw_error_set_errno(error, errno, "cannot make the folder %s", record->folder);
    if (result != LOCK_TAKEN)
        return NULL;
    remove_files(record);
    record->pid_namespace = own_pid_namespace();
    record->started = g_get_real_time() / G_USEC_PER_SEC;
    return g_steal_pointer(&record);
}

gboolean lab_record_write(const LabRecord *record, GError **error)
{
    return lab_record_file_save(record, error);
}

gboolean lab_record_set_complete(const LabRecord *record)
{
    int fd = openat(record->folder_fd, COMPLETE, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd >= 0 && close(fd) == 0;
}

void lab_record_leave_lock(LabRecord *record)
{
    close(record->lock_fd);
    record->lock_fd = -1;
}

int lab_record_listen(const LabRecord *record, GError **error)
{
    struct sockaddr_un address;
    g_autofree char *path = g_build_filename(record->folder, SOCKET, NULL);
    int fd;

    if (!ccw_sockaddr_set(&address, path)) {
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_INVALID,
            "the path of the lab's socket, %s, has more than %zu characters: use a shorter name for the lab, or "
            "a shorter path in XDG_RUNTIME_DIR",
            path, CCW_SOCKADDR_PATH_MAX);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, QUEUE) == 0)
        return fd;
    ccw_error_set_errno(error, errno, "cannot listen at %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

int lab_record_open_log(const LabRecord *record, GError **error)
{
    int fd = openat(record->folder_fd, LOG, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        ccw_error_set_errno(error, errno, "cannot make the log %s/" LOG, record->folder);
    return fd;
}

/* Asks whether a process has the lock, without taking it. Returns: FALSE if there is no lock. */
static gboolean is_locked(const LabRecord *record, gboolean *ret_is_locked)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = openat(record->folder_fd, LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    gboolean is_known = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0;

    if (fd >= 0)
        close(fd);
    *ret_is_locked = lock.l_type != F_UNLCK;
    return is_known;
}

/* Returns: NULL if there is no such record. */
static LabRecord *load(const char *labs, int labs_fd, const char *name)
{
    g_autoptr(LabRecord) record = record_new(labs, labs_fd, name);
    gboolean lives;

    if (record->folder_fd < 0 || !is_locked(record, &lives))
        return NULL;
    lab_record_file_load(record);
    if (!lives)
        record->state = LAB_RECORD_DIED;
    else if (faccessat(record->folder_fd, COMPLETE, F_OK, 0) == 0)
        record->state = LAB_RECORD_RUNNING;
    else
        record->state = LAB_RECORD_STARTING;
    return g_steal_pointer(&record);
}

gboolean lab_record_is_of_own_namespace(const LabRecord *record)
{
    return record->pid_namespace == own_pid_namespace();
}

LabRecord *lab_record_find(const char *name, GError **error)
{
    g_autofree char *labs = check_name(name, error) ? find_labs(error) : NULL;
    LabRecord *record = NULL;
    int labs_fd;

    if (!labs)
        return NULL;
    labs_fd = open_folder(AT_FDCWD, labs);
    if (labs_fd >= 0) {
        record = load(labs, labs_fd, name);
        close(labs_fd);
    }
    if (!record)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "there is no lab '%s': 'virt-ccw lab list' shows the labs of this user", name);
    return record;
}

static int compare(gconstpointer a, gconstpointer b)
{
    const LabRecord *const *first = a, *const *second = b;

    return strcmp((*first)->name, (*second)->name);
}

GPtrArray *lab_record_list(GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func((GDestroyNotify)lab_record_free);
    g_autofree char *labs = find_labs(error);
    g_autoptr(GDir) dir = labs ? g_dir_open(labs, 0, NULL) : NULL;
    const char *name;
    int labs_fd;

    if (!labs)
        return NULL;
    if (!dir)
        return g_steal_pointer(&records);
    labs_fd = open_labs(labs, FALSE, error);
    if (labs_fd < 0)
        return NULL;
    while ((name = g_dir_read_name(dir))) {
        LabRecord *record = is_name(name) ? load(labs, labs_fd, name) : NULL;

        if (record)
            g_ptr_array_add(records, record);
    }
    close(labs_fd);
    g_ptr_array_sort(records, compare);
    return g_steal_pointer(&records);
}
