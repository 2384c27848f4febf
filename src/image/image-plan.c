/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-plan.h"

#include "image/image-cpio.h"

#define PLAN "virt-ccw/plan"

struct _ImagePlan {
    GString *text;
};

ImagePlan *image_plan_new(const char *action)
{
    ImagePlan *plan = g_new0(ImagePlan, 1);

    plan->text = g_string_new(NULL);
    image_plan_set(plan, "action", action);
    return plan;
}

void image_plan_free(ImagePlan *plan)
{
    if (!plan)
        return;
    g_string_free(plan->text, TRUE);
    g_free(plan);
}

void image_plan_set(ImagePlan *plan, const char *name, const char *value)
{
    g_autofree char *quoted = g_shell_quote(value);

    g_string_append_printf(plan->text, "%s=%s\n", name, quoted);
}

void image_plan_set_command(ImagePlan *plan, char *const *words)
{
    g_string_append(plan->text, "command_line() {\n    \"$@\"");
    for (; *words; words++) {
        g_autofree char *quoted = g_shell_quote(*words);

        g_string_append_printf(plan->text, " %s", quoted);
    }
    g_string_append(plan->text, "\n}\n");
}

GBytes *image_plan_finish(const ImagePlan *plan, GError **error)
{
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(GBytes) bytes = g_bytes_new(plan->text->str, plan->text->len);

    return image_cpio_add_file(cpio, PLAN, bytes, 0644, error) ? image_cpio_finish(cpio, error) : NULL;
}
