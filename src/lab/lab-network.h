/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connects a lab with the network of the host, without privilege: a program of the distribution, pasta or slirp4netns,
 * stays in the host's network namespace, and serves an interface in the lab's.
 */
#pragma once

#include <glib.h>

typedef struct _LabNetwork LabNetwork;

/**
 * lab_network_prepare:
 *
 * Finds the programs, and starts a process for each in the host's namespaces.
 * The caller must not have entered the lab's namespaces yet: the processes stay in the host's.
 *
 * Returns: NULL with CCW_ERROR_NOT_FOUND if no program is installed, or an error of ccw_error_set_errno()
 */
LabNetwork *lab_network_prepare(GError **error);

/**
 * lab_network_connect:
 *
 * Runs the first program that works, and waits until the lab has a default route.
 * The caller must be in the lab's network namespace.
 *
 * Returns: FALSE with CCW_ERROR_SYSTEM, which has the words of the programs.
 */
gboolean lab_network_connect(LabNetwork *network, GError **error);

/* Returns: the name of the program that lab_network_connect() chose. */
const char *lab_network_program(const LabNetwork *network);

/* Returns: the address of the name server in the lab. */
const char *lab_network_resolver(const LabNetwork *network);

/* Ends the programs. */
void lab_network_free(LabNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabNetwork, lab_network_free)
