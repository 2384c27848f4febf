/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-complete.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A shell waits for the answer: whatever is slow (libvirt, a file system) ends with the process. */
#define SECONDS_MAX 5

static const CmdKind common_kinds[] = {
    { "FILE", "files", NULL },
    { "PATH", "files", NULL },
    { "EMULATOR", "files", NULL },
    { "ROOT", "files", NULL },
    { "QEMU-ARGUMENT", "files", NULL },
    { "DIR", "dirs", NULL },
    { "N", "words", NULL },
    { "SECONDS", "words", NULL },
    { "TEXT", "words", NULL },
    { "CSSID.SSID.DEVNO", "words", NULL },
    { "URI", "words", NULL },
    { "VVVVVV", "words", NULL },
    { "GUEST", "words", NULL },
    { "OPERATION", "words", NULL },
    { "SUBOPERATION", "words", NULL },
    { "EXTRA", "words", NULL },
    { NULL, NULL, NULL },
};

gboolean cmd_complete_is_wanted(int argc, char **argv)
{
    return argc > 2 && strcmp(argv[1], "--complete") == 0;
}

/* Prints a candidate, without what a terminal would obey. */
void cmd_complete_add(const CmdWord *word, const char *candidate, const char *description)
{
    g_autofree char *text = NULL;

    if (!g_str_has_prefix(candidate, word->part) || strpbrk(candidate, "\n\t"))
        return;
    text = g_strdup(description ? description : "");
    for (char *p = text; *p; p++)
        if (g_ascii_iscntrl(*p))
            *p = '?';
    printf("%s%s%s%s\n", word->prefix, candidate, *text ? "\t" : "", text);
}

const char *cmd_complete_option(const CmdWord *word, const char *name, char letter, const char *otherwise)
{
    gsize length = strlen(name);

    for (char *const *before = word->before; *before; before++) {
        if (letter && (*before)[0] == '-' && (*before)[1] == letter && (*before)[2] == '\0' && before[1])
            otherwise = before[1];
        if (strncmp(*before, "--", 2) != 0 || strncmp(*before + 2, name, length) != 0)
            continue;
        if ((*before)[2 + length] == '=')
            otherwise = *before + 2 + length + 1;
        else if ((*before)[2 + length] == '\0' && before[1])
            otherwise = before[1];
    }
    return otherwise;
}

static const CmdKind *find_kind(const CmdKind *kinds, const char *name)
{
    for (; kinds->name; kinds++)
        if (strcmp(kinds->name, name) == 0)
            return kinds;
    return NULL;
}

static void print_directive(const char *directive, const char *text)
{
    printf("%s\t%s\n", directive, text);
}

static void complete_kind(const CmdKind *kinds, const char *name, const CmdWord *word)
{
    const CmdKind *kind = find_kind(kinds, name);

    if (!kind)
        kind = find_kind(common_kinds, name);
    if (!kind) {
        print_directive("unknown", name);
        return;
    }
    print_directive(kind->directive, word->prefix);
    if (kind->add)
        kind->add(word);
}

/* Completes what can follow a value at its end: the specification has "[,ro][,sync]". */
static void complete_ends(const char *ends, const CmdWord *word)
{
    const char *comma = strrchr(word->part, ',');
    g_autofree char *start = g_strndup(word->part, (gsize)(comma - word->part));
    g_auto(GStrv) all = g_strsplit_set(ends, "[]", -1);

    print_directive("words", word->prefix);
    for (char **end = all; *end; end++) {
        g_autofree char *candidate = g_strconcat(start, *end, NULL);
        g_auto(GStrv) given = g_strsplit(start, ",", -1);

        if (**end == ',' && !g_strv_contains((const char *const *)given, *end + 1))
            cmd_complete_add(word, candidate, NULL);
    }
}

static void complete_choice(const char *spec, const CmdWord *word)
{
    g_auto(GStrv) choices = g_strsplit(spec, "|", -1);

    print_directive("words", word->prefix);
    for (char **choice = choices; *choice; choice++)
        cmd_complete_add(word, *choice, NULL);
}

/* Completes a value of the form "NAME", "a|b", "NAME[,a][,b]" or "NAME=VALUE". */
static void complete_value(const CmdKind *kinds, const char *spec, const CmdWord *word)
{
    gsize length = strcspn(spec, "=[");
    g_autofree char *name = g_strndup(spec, length);
    const char *equals = strchr(word->part, '=');

    if (spec[length] == '=' && equals) {
        g_autofree char *prefix = g_strdup_printf("%s%.*s", word->prefix, (int)(equals + 1 - word->part), word->part);

        complete_value(kinds, spec + length + 1, &(CmdWord){ prefix, equals + 1, word->before });
    } else if (spec[length] == '[' && strchr(word->part, ',')) {
        complete_ends(spec + length, word);
    } else if (strchr(name, '|')) {
        complete_choice(name, word);
    } else {
        complete_kind(kinds, name, word);
    }
}

static const GOptionEntry *find_option(const CmdCommand *command, const char *name, gsize length, char letter)
{
    const GOptionEntry *tables[] = { command->options, cmd_common_options(command) };

    for (gsize t = 0; t < G_N_ELEMENTS(tables); t++)
        for (const GOptionEntry *option = tables[t]; option && option->long_name; option++)
            if (letter ? option->short_name == letter
                       : strlen(option->long_name) == length && strncmp(option->long_name, name, length) == 0)
                return option;
    return NULL;
}

/* Returns: the option whose value is the next word; NULL if the next word is no value. */
static const GOptionEntry *option_that_waits(const CmdCommand *command, const char *word)
{
    const GOptionEntry *option;

    if (word[0] != '-' || !word[1])
        return NULL;
    if (word[1] == '-')
        option = strchr(word, '=') ? NULL : find_option(command, word + 2, strlen(word + 2), 0);
    else
        option = find_option(command, NULL, 0, word[strlen(word) - 1]);
    return option && option->arg_description ? option : NULL;
}

static void complete_options(const CmdCommand *command, const CmdWord *word)
{
    const GOptionEntry *tables[] = { command->options, cmd_common_options(command) };

    print_directive("words", "");
    for (gsize t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const GOptionEntry *option = tables[t]; option && option->long_name; option++) {
            g_autofree char *name = g_strconcat("--", option->long_name, NULL);

            cmd_complete_add(word, name, option->description);
        }
    }
}

/* Returns: the n-th word of "DEVICE [good|boxed]" without brackets, or the one that is repeated; NULL: no such word. */
static char *argument_spec(const char *arguments, guint n)
{
    g_auto(GStrv) specs = g_strsplit(arguments, " ", -1);
    char *found = NULL;

    for (char **spec = specs; *spec && !found; spec++) {
        gboolean is_repeated = strstr(*spec, "...") != NULL;
        g_autofree char *plain = g_strdup(**spec == '[' ? *spec + 1 : *spec);

        plain[strcspn(plain, ".]")] = '\0';
        if (strcmp(plain, "--") == 0)
            continue;
        if (n == 0 || is_repeated)
            found = g_steal_pointer(&plain);
        else
            n--;
    }
    return found;
}

/* Where the completion is in the command line. */
typedef struct {
    const GOptionEntry *waiting; /* the option whose value the word is */
    guint arguments;             /* before the word */
    guint first;                 /* the index of the first argument among the words */
    gboolean has_ended;          /* there was a "--" */
} Place;

/* words: those after the command's name; the last is the word to complete */
static Place find_place(const CmdCommand *command, char **words)
{
    Place place = { 0 };

    for (guint i = 0; words[i + 1]; i++) {
        gboolean is_option = words[i][0] == '-' && words[i][1] && !place.has_ended;

        if (place.waiting) {
            place.waiting = NULL;
        } else if (is_option && strcmp(words[i], "--") == 0) {
            place.has_ended = TRUE;
        } else if (is_option) {
            place.waiting = option_that_waits(command, words[i]);
        } else {
            if (place.arguments++ == 0)
                place.first = i;
            place.has_ended |= command->is_posix;
        }
    }
    return place;
}

/* offset: the number of words before these, with the program's name */
static void complete_argument(const CmdCommand *command, const CmdKind *kinds, const Place *place, const CmdWord *word,
                              guint offset, guint last)
{
    g_autofree char *spec = command->arguments ? argument_spec(command->arguments, place->arguments) : NULL;

    if (g_strcmp0(spec, "COMMAND") == 0 || g_strcmp0(spec, "ARGUMENT") == 0) {
        g_autofree char *position = g_strdup_printf("%u", offset + (place->arguments ? place->first : last));

        print_directive("command", position);
    } else if (spec) {
        complete_value(kinds, spec, word);
    } else if (!place->has_ended) {
        complete_options(command, word);
    } else {
        print_directive("words", "");
    }
}

static void complete_words(const CmdCommand *command, const CmdKind *kinds, char **words, guint offset)
{
    Place place = find_place(command, words);
    guint last = g_strv_length(words) - 1;
    char *text = words[last];
    const char *equals = strchr(text, '=');
    const GOptionEntry *option =
        equals && strncmp(text, "--", 2) == 0 ? find_option(command, text + 2, (gsize)(equals - text) - 2, 0) : NULL;
    g_autofree char *prefix = option ? g_strndup(text, (gsize)(equals - text) + 1) : NULL;

    words[last] = NULL; /* what is left are the words before */
    if (place.waiting)
        complete_value(kinds, place.waiting->arg_description, &(CmdWord){ "", text, words });
    else if (option && option->arg_description && !place.has_ended)
        complete_value(kinds, option->arg_description, &(CmdWord){ prefix, equals + 1, words });
    else if (text[0] == '-' && !place.has_ended)
        complete_options(command, &(CmdWord){ "", text, words });
    else
        complete_argument(command, kinds, &place, &(CmdWord){ "", text, words }, offset, last);
    words[last] = text;
}

static void complete_verbs(const CmdCommand *command, const CmdWord *word, gboolean is_program)
{
    print_directive("words", "");
    for (gsize i = 0; command->verbs[i]; i++)
        cmd_complete_add(word, command->verbs[i]->name, command->verbs[i]->summary);
    if (is_program) {
        cmd_complete_add(word, "help", "show the help of a command");
        cmd_complete_add(word, "--version", "show the version");
    }
    cmd_complete_add(word, "--help", "show the help");
}

int cmd_complete(const CmdCommand *program, const CmdKind *kinds, char **words)
{
    const CmdCommand *command = program;
    guint offset = 1;

    alarm(SECONDS_MAX);
    if (program->verbs && strcmp(words[0], "help") == 0 && words[1]) {
        words++;
        offset++;
    }
    while (command && command->verbs && words[1]) {
        command = cmd_find_verb(command, words[0]);
        words++;
        offset++;
    }
    if (!command)
        print_directive("words", "");
    else if (command->verbs)
        complete_verbs(command, &(CmdWord){ "", words[0], words + 1 }, command == program);
    else
        complete_words(command, kinds, words, offset);
    return CMD_OK;
}
