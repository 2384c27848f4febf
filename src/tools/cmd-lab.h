/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of "virt-ccw lab", and the options of those that make a lab. */
#pragma once

#include "cmd-table.h"

typedef struct {
    char **dasds;
    char **writable;
    char *snapshot_dir;
    gboolean has_network;
} CmdLabOptions;

extern CmdLabOptions cmd_lab_given;

/* Rows for the table of options. @end: when a snapshot is thrown away; @writer: who writes to DIR */
#define CMD_LAB_OPTIONS(end, writer)                                                                                   \
    { "dasd",                                                                                                          \
      0,                                                                                                               \
      0,                                                                                                               \
      G_OPTION_ARG_FILENAME_ARRAY,                                                                                     \
      &cmd_lab_given.dasds,                                                                                            \
      "Add a DASD to the lab, for example 0.0.1234=disk.ckd; repeatable. ro: read-only; sync: a write survives a "     \
      "power cut; snapshot: IMAGE is only read, and what guests write is thrown away " end,                            \
      "BUSID=IMAGE[,ro][,sync][,snapshot]" },                                                                          \
        { "network",                                                                                                   \
          0,                                                                                                           \
          0,                                                                                                           \
          G_OPTION_ARG_NONE,                                                                                           \
          &cmd_lab_given.has_network,                                                                                  \
          "Let the lab and its guests reach what this host reaches, by pasta or slirp4netns. Without this option a "   \
          "lab has only its loopback",                                                                                 \
          NULL },                                                                                                      \
        { "snapshot-dir",                                                                                              \
          0,                                                                                                           \
          0,                                                                                                           \
          G_OPTION_ARG_FILENAME,                                                                                       \
          &cmd_lab_given.snapshot_dir,                                                                                 \
          "Put what guests write to snapshots into DIR, and not into $TMPDIR or /var/tmp",                             \
          "DIR" },                                                                                                     \
    {                                                                                                                  \
        "writable", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &cmd_lab_given.writable,                                        \
            "Let " writer " write to DIR, too, besides the current folder, /tmp and /var/tmp; repeatable. All other "  \
            "folders of the host are read-only",                                                                       \
            "DIR"                                                                                                      \
    }

/* Prints how to give --dasd if one of them is wrong. Returns: FALSE then. */
gboolean cmd_lab_check_dasds(void);

/* Opens the images of --dasd. Returns: LabDevice, which close their images when they are freed; NULL with an error. */
GArray *cmd_lab_open_devices(GError **error);

/* Returns: the devices as text with absolute paths; free with g_strfreev(). */
char **cmd_lab_describe_devices(const GArray *devices);

extern const CmdCommand cmd_lab_start, cmd_lab_enter, cmd_lab_stop, cmd_lab_list;
