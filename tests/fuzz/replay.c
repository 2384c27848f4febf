/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replaces libFuzzer where there is none, as for s390x: runs a fuzzer on every file of the given folders, and again
 * with some bytes changed, always the same ones. The fuzzer aborts if it finds an error. This finds nothing new, but
 * every build runs its parsers on hostile input.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#define VARIANTS 20 /* changed copies of each file */
#define CHANGES_MAX 8
#define SEED 3390

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __attribute__((weak)) LLVMFuzzerInitialize(int *argc, char ***argv);

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void replay(gpointer path, gpointer random)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, &error))
        g_error("%s", error->message);
    LLVMFuzzerTestOneInput((const guint8 *)text, size);
    for (guint i = 0; i < VARIANTS && size > 0; i++) {
        /* A heap block of the exact size: the sanitizers find a read beyond it. */
        gsize length = i % 4 ? size : (gsize)g_rand_int_range(random, 0, (gint32)size) + 1;
        g_autofree guint8 *variant = g_memdup2(text, length);

        for (gint32 n = g_rand_int_range(random, 0, CHANGES_MAX); n >= 0; n--)
            variant[g_rand_int_range(random, 0, (gint32)length)] = (guint8)g_rand_int_range(random, 0, 256);
        LLVMFuzzerTestOneInput(variant, length);
    }
}

static void test_folder(gconstpointer data)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(data, 0, &error);

    if (!dir)
        g_error("%s", error->message);
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir))
        g_ptr_array_add(names, g_build_filename(data, name, NULL));
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, by_name);
    g_ptr_array_foreach(names, replay, random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        g_autofree char *base = g_path_get_basename(argv[i]);
        g_autofree char *name = g_strconcat("/replay/", base, NULL);

        g_test_add_data_func(name, argv[i], test_folder);
    }
    return g_test_run();
}
