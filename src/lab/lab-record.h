/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of a lab that stays, on the host: a folder with the lab's name in the user's runtime folder. It has what
 * the lab is, the socket for libvirt's clients, and the log. The lab's processes hold a lock. When they
 * are killed, the kernel drops the lock, and the record counts as died.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define LAB_NAME_MAX 40

typedef enum {
    LAB_RECORD_DIED, /* its processes were killed, and only the record is left */
    LAB_RECORD_STARTING,
    LAB_RECORD_RUNNING,
} LabRecordState;

typedef struct {
    char *name;
    char *folder;          /* absolute path */
    char *uri;             /* for libvirt's clients outside */
    char **dasds;          /* "BUSID=PATH[,OPTION]..." with absolute paths */
    char *network;         /* the program that connects the lab with the host's network; NULL: the lab has no network */
    gint64 started;        /* seconds since 1970 */
    pid_t pid;             /* of the lab's process 1, as the host sees it; 0: it is not recorded yet */
    guint64 pid_namespace; /* the inode of the PID namespace that pid belongs to */
    LabRecordState state;  /* of lab_record_find() and lab_record_list() */
    int folder_fd, labs_fd;
    int lock_fd; /* the descriptor with the lock; -1: this process does not have it */
} LabRecord;

/**
 * lab_record_create: Makes the record of a new lab, with the lock. Removes what a lab of this name has left that died.
 *
 * The lock belongs to the open file description, so that it lasts until all processes with the descriptor have ended.
 *
 * Returns: NULL with CCW_ERROR_INVALID for a bad name, CCW_ERROR_BUSY for a lab that runs, or an error of
 * ccw_error_set_errno()
 */
LabRecord *lab_record_create(const char *name, GError **error);

/* Writes dasds, network, started, pid and pid_namespace into the record. Returns: FALSE with an error. */
gboolean lab_record_write(const LabRecord *record, GError **error);

/* Records that the lab is complete. Returns: FALSE with errno. */
gboolean lab_record_set_complete(const LabRecord *record);

/* Closes this process's descriptor of the lock. Another process has the lab's. */
void lab_record_leave_lock(LabRecord *record);

/* Makes the socket for libvirt's clients. Returns: the listening socket, or -1 with an error. */
int lab_record_listen(const LabRecord *record, GError **error);

/* Makes the log. Returns: a descriptor for reading and appending, or -1 with an error. */
int lab_record_open_log(const LabRecord *record, GError **error);

/**
 * lab_record_find: Reads the record of a lab.
 *
 * Returns: NULL with CCW_ERROR_INVALID for a bad name, CCW_ERROR_NOT_FOUND, or an error of ccw_error_set_errno()
 */
LabRecord *lab_record_find(const char *name, GError **error);

/*
 * Returns: whether the record's pid is one of this process's PID namespace. In another namespace the number belongs to
 * another process.
 */
gboolean lab_record_is_of_own_namespace(const LabRecord *record);

/* Reads the records of all labs of this user. Returns: LabRecord, sorted by name, or NULL with an error. */
GPtrArray *lab_record_list(GError **error);

/**
 * lab_record_remove: Removes the record of a lab that has ended. Does nothing for a lab that lives.
 * @wait: wait for a process that removes the record now
 */
void lab_record_remove(LabRecord *record, gboolean wait);

void lab_record_free(LabRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabRecord, lab_record_free)
