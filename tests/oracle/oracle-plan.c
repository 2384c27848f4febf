/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over the systematic programs in their order, or makes random ones. */
#include "oracle-plan.h"

#include <string.h>

#include "oracle-border.h"
#include "oracle-core.h"

typedef enum { SET_COMMANDS, SET_DETAILS, SET_PAIRS, SET_TRIPLES, SET_END } Set;

#define UNUSUAL 12 /* of so many details of a random program one is at a border */

struct _OraclePlan {
    OracleChoices choices;
    GRand *random; /* NULL: systematic */
    guint64 left;  /* random programs */
    guint step;
    guint64 index;
    guint n_borders; /* programs of oracle-border.h that have been made */
    /* The systematic program that comes next. */
    Set set;
    guint head;
    guint commands[ORACLE_BODY_MAX];
    guint place; /* of the detail that is at a border */
    guint border;
    /* While a program is made. */
    guint asked;
    guint borders; /* of the detail at that place; 0: the program has no such */
};

/* Returns the choice of a good program, except for the one detail. */
static guint choose_systematic(gpointer opaque, guint n)
{
    OraclePlan *plan = opaque;
    gboolean here = plan->set == SET_DETAILS && plan->asked++ == plan->place;

    if (here)
        plan->borders = n;
    return here && plan->border < n ? plan->border : 0;
}

static guint choose_random(gpointer opaque, guint n)
{
    OraclePlan *plan = opaque;

    return (guint)g_rand_int_range(plan->random, 0, (gint32)n);
}

static guint choose_mostly_good(gpointer opaque, guint n)
{
    return choose_random(opaque, UNUSUAL) ? 0 : choose_random(opaque, n);
}

OraclePlan *oracle_plan_systematic(guint step)
{
    OraclePlan *plan = g_new0(OraclePlan, 1);

    plan->choices = (OracleChoices){ NULL, choose_systematic, plan };
    plan->step = step;
    plan->border = 1;
    return plan;
}

OraclePlan *oracle_plan_random(guint32 seed, guint64 programs)
{
    OraclePlan *plan = g_new0(OraclePlan, 1);

    plan->choices = (OracleChoices){ choose_random, choose_mostly_good, plan };
    plan->random = g_rand_new_with_seed(seed);
    plan->left = programs;
    return plan;
}

void oracle_plan_free(OraclePlan *plan)
{
    if (plan && plan->random)
        g_rand_free(plan->random);
    g_free(plan);
}

static gboolean of_suiting(Set set)
{
    return set == SET_DETAILS || set == SET_TRIPLES;
}

static guint body_length(Set set)
{
    return set == SET_TRIPLES ? 3 : set == SET_PAIRS ? 2 : 1;
}

/* Moves to the next head, and after the last one to the first head of the next set. */
static void advance_head(OraclePlan *plan)
{
    do {
        if (++plan->head == oracle_heads_compared()) {
            plan->head = 0;
            plan->set++;
        }
    } while (plan->set == SET_TRIPLES && !oracle_has_domain(plan->head));
}

/* The commands as digits of a number, the last one first. */
static void advance_commands(OraclePlan *plan)
{
    guint base = of_suiting(plan->set) ? oracle_suiting(plan->head) : oracle_commands();

    for (guint i = body_length(plan->set); i-- > 0;) {
        if (++plan->commands[i] < base)
            return;
        plan->commands[i] = 0;
    }
    advance_head(plan);
}

static void advance(OraclePlan *plan)
{
    if (plan->set != SET_DETAILS) {
        advance_commands(plan);
    } else if (++plan->border >= plan->borders) {
        plan->border = 1;
        if (plan->borders) {
            plan->place++;
        } else {
            plan->place = 0;
            advance_commands(plan);
        }
    }
}

static void make_systematic(OraclePlan *plan, OracleProgram *program)
{
    plan->asked = plan->borders = 0;
    if (of_suiting(plan->set))
        oracle_program_make_suiting(program, plan->head, plan->commands, body_length(plan->set));
    else
        oracle_program_make_of(program, plan->head, plan->commands, body_length(plan->set));
}

static gboolean next_systematic(OraclePlan *plan, OracleProgram *program)
{
    /* They are few, so each step has all. */
    if (plan->n_borders < oracle_borders()) {
        memset(program->slot, 0, CORE_SLOT_SIZE);
        oracle_border_make(program, plan->n_borders++);
        return TRUE;
    }
    while (plan->set < SET_END) {
        gboolean wanted = plan->index++ % plan->step == 0;

        /* Only a program tells how many borders a detail has. */
        if (wanted || plan->set == SET_DETAILS) {
            memset(program->slot, 0, CORE_SLOT_SIZE);
            make_systematic(plan, program);
        }
        advance(plan);
        if (wanted)
            return TRUE;
    }
    return FALSE;
}

gboolean oracle_plan_next(OraclePlan *plan, OracleProgram *program)
{
    program->choices = &plan->choices;
    if (!plan->random)
        return next_systematic(plan, program);
    if (plan->left == 0)
        return FALSE;
    plan->left--;
    oracle_program_make(program);
    return TRUE;
}
