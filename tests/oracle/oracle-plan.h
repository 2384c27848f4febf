/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides which programs are made. Systematic programs come in this order:
 *  - each head with each command of the table after it,
 *  - each head with each command that its domain allows, and one detail at a time at each of its borders,
 *  - each head with each pair of commands,
 *  - each head that has a domain with each three commands that the domain allows.
 * Random programs come from a seed.
 */
#pragma once

#include "oracle-program.h"

typedef struct _OraclePlan OraclePlan;

/**
 * oracle_plan_systematic:
 *
 * Returns: a plan of every @step-th systematic program, from the first one on
 */
OraclePlan *oracle_plan_systematic(guint step);

/**
 * oracle_plan_random:
 *
 * Returns: a plan of this number of random programs
 */
OraclePlan *oracle_plan_random(guint32 seed, guint64 programs);

void oracle_plan_free(OraclePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OraclePlan, oracle_plan_free)

/**
 * oracle_plan_next:
 * @program: its slot is all zeros
 *
 * Makes the next program in its slot.
 *
 * Returns: FALSE if the plan has no more programs
 */
gboolean oracle_plan_next(OraclePlan *plan, OracleProgram *program);
