/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which programs are made, one after the other: systematically, in this order,
 *  - each head with each command of the table behind it,
 *  - each head with each command that suits it, and one detail at a time at each of its borders,
 *  - each head with each pair of commands,
 *  - each head that has a domain with each three commands that suit it;
 * or at random, from a seed.
 */
#pragma once

#include "oracle-program.h"

typedef struct _OraclePlan OraclePlan;

/* Every step-th of the systematic programs, from the first on. */
OraclePlan *oracle_plan_systematic(guint step);

/* So many random ones. */
OraclePlan *oracle_plan_random(guint32 seed, guint64 programs);

void oracle_plan_free(OraclePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OraclePlan, oracle_plan_free)

/* Makes the next program in its slot, which is all zeros. FALSE if there is none. */
gboolean oracle_plan_next(OraclePlan *plan, OracleProgram *program);
