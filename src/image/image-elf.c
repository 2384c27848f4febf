/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-elf.h"

#include <gelf.h>
#include <string.h>

#include "util/error.h"

#define NEEDED_MAX 256u
#define HEADERS_MAX 256u

gboolean image_elf_is(GBytes *data)
{
    gsize size;
    const void *bytes = g_bytes_get_data(data, &size);

    return size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

void image_elf_free(ImageElf *elf)
{
    if (!elf)
        return;
    g_free(elf->interpreter);
    g_free(elf->run_path);
    g_ptr_array_unref(elf->needed);
    g_free(elf);
}

static gboolean refuse(const char *name, const char *why, GError **error)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s: %s", name, why);
    return FALSE;
}

static gboolean check_machine(Elf *file, const char *name, GError **error)
{
    GElf_Ehdr header;

    if (elf_kind(file) != ELF_K_ELF || !gelf_getehdr(file, &header))
        return refuse(name, "this is a damaged ELF file", error);
    if (header.e_machine != EM_S390 || header.e_ident[EI_CLASS] != ELFCLASS64)
        return refuse(name, "this program is not for s390x: give the root file system of an s390x system", error);
    return TRUE;
}

static gboolean read_interpreter(Elf *file, GBytes *data, const char *name, ImageElf *elf, GError **error)
{
    gsize size, count;
    const char *bytes = g_bytes_get_data(data, &size);
    GElf_Phdr header;

    if (elf_getphdrnum(file, &count) != 0 || count > HEADERS_MAX)
        return refuse(name, "the program headers are damaged", error);
    for (gsize i = 0; i < count; i++) {
        if (!gelf_getphdr(file, (int)i, &header))
            return refuse(name, "a program header is damaged", error);
        if (header.p_type != PT_INTERP)
            continue;
        if (header.p_offset > size || header.p_filesz > size - header.p_offset ||
            !memchr(bytes + header.p_offset, '\0', header.p_filesz))
            return refuse(name, "the name of the interpreter is damaged", error);
        g_free(elf->interpreter);
        elf->interpreter = g_strdup(bytes + header.p_offset);
    }
    return TRUE;
}

static gboolean add_entry(Elf *file, gsize strings, const GElf_Dyn *entry, const char *name, ImageElf *elf,
                          GError **error)
{
    const char *text;

    if (entry->d_tag != DT_NEEDED && entry->d_tag != DT_RPATH && entry->d_tag != DT_RUNPATH)
        return TRUE;
    text = elf_strptr(file, strings, entry->d_un.d_val);
    if (!text || elf->needed->len >= NEEDED_MAX)
        return refuse(name, "the dynamic section is damaged", error);
    if (entry->d_tag == DT_NEEDED) {
        g_ptr_array_add(elf->needed, g_strdup(text));
    } else if (entry->d_tag == DT_RUNPATH || !elf->run_path) {
        g_free(elf->run_path);
        elf->run_path = g_strdup(text);
    }
    return TRUE;
}

static gboolean read_dynamic(Elf *file, Elf_Scn *section, const GElf_Shdr *header, const char *name, ImageElf *elf,
                             GError **error)
{
    Elf_Data *entries = elf_getdata(section, NULL);
    gsize size = gelf_fsize(file, ELF_T_DYN, 1, EV_CURRENT);
    GElf_Dyn entry;

    if (!entries || size == 0)
        return refuse(name, "the dynamic section is damaged", error);
    for (gsize i = 0; i < entries->d_size / size && i <= G_MAXINT; i++) {
        if (!gelf_getdyn(entries, (int)i, &entry))
            return refuse(name, "the dynamic section is damaged", error);
        if (entry.d_tag == DT_NULL)
            return TRUE;
        if (!add_entry(file, header->sh_link, &entry, name, elf, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_sections(Elf *file, const char *name, ImageElf *elf, GError **error)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;

    while ((section = elf_nextscn(file, section))) {
        if (!gelf_getshdr(section, &header))
            return refuse(name, "a section is damaged", error);
        if (header.sh_type == SHT_DYNAMIC && !read_dynamic(file, section, &header, name, elf, error))
            return FALSE;
    }
    return TRUE;
}

ImageElf *image_elf_read(GBytes *data, const char *name, GError **error)
{
    g_autoptr(ImageElf) elf = g_new0(ImageElf, 1);
    gsize size;
    const void *bytes = g_bytes_get_data(data, &size);
    g_autofree char *copy = g_memdup2(bytes, size); /* libelf takes memory that it might write to */
    Elf *file;
    gboolean ok;

    elf->needed = g_ptr_array_new_with_free_func(g_free);
    elf_version(EV_CURRENT);
    file = elf_memory(copy, size);
    if (!file) {
        refuse(name, "this is a damaged ELF file", error);
        return NULL;
    }
    ok = check_machine(file, name, error) && read_interpreter(file, data, name, elf, error) &&
         read_sections(file, name, elf, error);
    elf_end(file);
    return ok ? g_steal_pointer(&elf) : NULL;
}
