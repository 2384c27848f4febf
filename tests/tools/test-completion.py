#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completion of command lines: the programs' answers for each option and argument of their tables, and the
resulting command lines of real bash and zsh on a terminal. TAP.

    test-completion.py FOLDER-OF-RECORDINGS FOLDER-OF-COMPLETIONS VIRT-CCW QEMU-CCW VIRTCCWD
"""

import os
import re
import shutil
import subprocess
import sys

import labtest
from recording import restore
from tap import Tap
from terminal import Terminal

RECORDINGS, SCRIPTS, *PROGRAMS = (os.path.abspath(path) for path in sys.argv[1:])
NAMES = ("virt-ccw", "qemu-ccw", "virtccwd")
DIRECTIVES = {"words", "files", "dirs", "command"}
MODELS = ["3390-1", "3390-2", "3390-3", "3390-9", "3390-27", "3390-54"]
STATES = ["good", "boxed", "no-path", "alias", "unplugged"]
OPTION = re.compile(r"^ +(?:-\w, )?(--[a-z][a-z-]+)(=\S+)?", re.M)
TIMEOUT = 60


class Programs:
    """Makes a folder with the programs under their names, and with images and files to complete."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = os.path.join(folder, "bin")
        os.mkdir(self.bin)
        for name, program in zip(NAMES, PROGRAMS):
            os.symlink(program, os.path.join(self.bin, name))
        restore(os.path.join(folder, "host"), os.path.join(RECORDINGS, "dasd.txt"))
        self.sysfs = os.path.join(folder, "host", "sys")
        self.work = os.path.join(folder, "work")
        os.makedirs(os.path.join(self.work, "disks"))
        labtest.create_image(PROGRAMS[0], os.path.join(self.work, "disk one.ckd"))
        labtest.create_image(PROGRAMS[0], os.path.join(self.work, "disks", "two.ckd"))
        with open(os.path.join(self.work, "disk.txt"), "w", encoding="utf-8") as file:
            file.write("no image\n" * 100)

    def environment(self):
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": self.folder, "TERM": "xterm", "LC_ALL": "C.UTF-8"}

    def run(self, name, *words):
        return subprocess.run([os.path.join(self.bin, name), *words], text=True, cwd=self.work, timeout=TIMEOUT,
                              env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)

    def answer(self, name, *words):
        """Returns the directive, its text, and {candidate: description}."""
        result = self.run(name, "--complete", *words)
        first, *lines = result.stdout.splitlines() or [""]
        directive, _, text = first.partition("\t")
        return directive, text, dict(line.partition("\t")[::2] for line in lines)

    def words(self, name, *words):
        return list(self.answer(name, *words)[2])


def leaves(programs, name, *verbs):
    """Yields each command that has options and arguments, as a list of words."""
    found = [word for word in programs.words(name, *verbs, "") if not word.startswith("-") and word != "help"]
    if not found or programs.words(name, *verbs, "-") != ["--version", "--help"][bool(verbs):]:
        yield list(verbs)
        return
    for verb in found:
        yield from leaves(programs, name, *verbs, verb)


def tables(tap, programs):
    """The completion offers the options of --help, and knows the kind of every value."""
    count = 0
    for name in NAMES:
        for command in leaves(programs, name) if name == "virt-ccw" else ([],):
            count += 1
            what = " ".join([name, *command])
            shown = dict(OPTION.findall(programs.run(name, *command, "--help").stdout))
            tap.equal(sorted(programs.words(name, *command, "--")), sorted(shown), f"{what}: the options of --help")
            unknown = [option for option, value in shown.items()
                       if value and programs.answer(name, *command, option, "")[0] not in DIRECTIVES]
            tap.none(unknown, f"{what}: the completion knows the values of its options")
            places = [programs.answer(name, *command, *["x"] * n, "")[0] for n in range(3)]
            tap.ok(set(places) <= DIRECTIVES, f"{what}: the completion knows its arguments", places)
    tap.ok(count > 15, "the test finds the commands", count)


def values(tap, programs):
    sysfs = ("--sysfs-root", programs.sysfs)
    for what, name, words, expected in (
            ("commands", "virt-ccw", ["la"], ["lab"]),
            ("verbs", "virt-ccw", ["lab", ""], ["start", "enter", "exec", "stop", "list", "plug", "unplug", "state", "--help"]),
            ("commands after help", "virt-ccw", ["help", "dasd", "cr"], ["create"]),
            ("nothing after an unknown command", "virt-ccw", ["bogus", ""], []),
            ("devices", "virt-ccw", ["detach", *sysfs, ""], ["0.0.1234", "0.0.1235"]),
            ("devices without the one that is given", "virt-ccw", ["list", *sysfs, "0.0.1234", ""], ["0.0.1235"]),
            ("the value of an option after =", "virt-ccw", ["trace", "--sysfs-root=x", "--device=0.0"], []),
            ("models", "virt-ccw", ["dasd", "create", "disk", "--model", ""], MODELS),
            ("models after =", "virt-ccw", ["dasd", "create", "--model=3390-2"], ["--model=3390-2", "--model=3390-27"]),
            ("states", "virt-ccw", ["lab", "state", "0.0.1234", ""], STATES),
            ("a state", "virt-ccw", ["lab", "state", "0.0.1234", "bo"], ["boxed"]),
            ("dialects", "virt-ccw", ["argv", "-d", ""], ["stock", "series"]),
            ("domains", "virt-ccw", ["export", "--connect", "test:///default", "--domain", ""], ["test"]),
            ("no domains of another host", "virt-ccw", ["export", "-c", "x", "--connect", "qemu+ssh://x/", "-d", ""], []),
            ("images", "virt-ccw", ["dasd", "info", "disk"], ["disk one.ckd", "disks/"]),
            ("images in a folder", "virt-ccw", ["dasd", "check", "disks/"], ["disks/two.ckd"]),
            ("a new device number", "virt-ccw", ["lab", "exec", "--dasd", ""], ["0.0.1234="]),
            ("the next device number", "virt-ccw", ["lab", "exec", "--dasd", "0.0.1234=x", "--dasd", ""], ["0.0.1235="]),
            ("an image for a device number", "virt-ccw", ["lab", "exec", "--dasd=1=disks/"], ["--dasd=1=disks/two.ckd"]),
            ("the options of an image", "virt-ccw", ["lab", "exec", "--dasd", "1=a,"], ["1=a,ro", "1=a,sync", "1=a,snapshot"]),
            ("options without the one that is given", "virt-ccw", ["lab", "exec", "--dasd", "1=a,ro,sy"], ["1=a,ro,sync"]),
            ("the option snapshot", "virt-ccw", ["lab", "exec", "--dasd", "1=a,sn"], ["1=a,snapshot"]),
            ("the option snapshot of qemu-ccw", "qemu-ccw", ["--dasd=1=a,sn"], ["--dasd=1=a,snapshot"]),
            ("an image of qemu-ccw", "qemu-ccw", ["--dasd", "1234=disks/t"], ["1234=disks/two.ckd"]),
            ("an option of qemu-ccw", "qemu-ccw", ["-m", "1024", "--q"], ["--qemu", "--qmp"]),
            ("no option after --", "virt-ccw", ["lower", "--", "--"], []),
            ("an option of virtccwd", "virtccwd", ["--socket"], ["--socket-dir", "--socket-name"])):
        tap.equal(sorted(programs.words(name, *words)), sorted(expected), what)
    described = programs.answer("virt-ccw", "dasd", "info", "disk o")[2]
    tap.ok("10 cylinders, LAB001" in described.get("disk one.ckd", ""), "an image has a description", described)
    for what, name, words, expected in (
            ("a file", "virt-ccw", ["lower", ""], ("files", "")),
            ("a folder after =", "virt-ccw", ["export", "--output=x"], ("dirs", "--output=")),
            ("the folder of snapshots", "virt-ccw", ["lab", "exec", "--snapshot-dir", ""], ("dirs", "")),
            ("the folder of snapshots of qemu-ccw", "qemu-ccw", ["--snapshot-dir=x"], ("dirs", "--snapshot-dir=")),
            ("a command in a lab", "virt-ccw", ["lab", "exec", "--dasd", "1=x", "--", "vi"], ("command", "6")),
            ("an argument of a command in a lab", "virt-ccw", ["lab", "exec", "virsh", "li", ""], ("command", "3")),
            ("an argument of QEMU", "qemu-ccw", ["-kernel", ""], ("files", ""))):
        tap.equal(programs.answer(name, *words)[:2], expected, what)


class Shell(Terminal):
    """An interactive shell on a terminal. Ctrl-O prints its command line."""

    def __init__(self, command, environment, folder):
        super().__init__(command, environment, folder)
        self.wait_for("READY> ")

    def line_after(self, keys):
        """Returns the command line after these keys, and then empties it."""
        self.type(keys + "\x0f")
        match, _ = self.wait_for(r"LINE<(.*?)>\r?\n")
        self.wait_for("READY> ")  # the shell reads keys again, in place of the terminal
        self.type("\x15")
        return match[1]

    def shown_after(self, keys, pattern):
        self.type(keys)
        _, text = self.wait_for(pattern)
        self.type("\x15")
        return text

    def end(self):
        self.type("\x15exit\n")
        return super().end()


def bash(programs):
    with open(os.path.join(programs.folder, "bashrc"), "w", encoding="utf-8") as file:
        file.write("".join(f'. "{SCRIPTS}/{name}"\n' for name in NAMES) +
                   "bind 'set enable-bracketed-paste off'\nbind 'set completion-query-items 0'\nbind 'set page-completions off'\n"
                   "bind -x '\"\\C-o\": printf \"LINE<%s>\\n\" \"$READLINE_LINE\"'\nPS1='READY> '\n")
    return [shutil.which("bash"), "--noprofile", "--rcfile", os.path.join(programs.folder, "bashrc"), "-i"]


def zsh(programs):
    with open(os.path.join(programs.folder, ".zshrc"), "w", encoding="utf-8") as file:
        file.write(f"fpath=('{SCRIPTS}' $fpath)\nautoload -Uz compinit\ncompinit -u -d '{programs.folder}/dump'\n"
                   "unset zle_bracketed_paste\nPROMPT_EOL_MARK=''\nshow() { zle -I; print -r -- \"LINE<$BUFFER>\" }\nzle -N show\n"
                   "bindkey -e\nbindkey '^O' show\nbindkey '^U' kill-whole-line\nPS1='READY> '\n")
    return [shutil.which("zsh"), "-d", "-i"]


# Input, with a TAB at its end, and the completed line.
TYPED = (
    ("virt-ccw recon", "virt-ccw reconcile "),
    ("virt-ccw dasd cr", "virt-ccw dasd create "),
    ("virt-ccw help dasd cr", "virt-ccw help dasd create "),
    ("virt-ccw dasd create new --mod", "virt-ccw dasd create new --model "),
    ("virt-ccw dasd create new --model 3390-9", "virt-ccw dasd create new --model 3390-9 "),
    ("virt-ccw dasd create new --model=3390-54", "virt-ccw dasd create new --model=3390-54 "),
    ("virt-ccw dasd info disk\\ o", "virt-ccw dasd info disk\\ one.ckd "),
    ("virt-ccw dasd info disks/t", "virt-ccw dasd info disks/two.ckd "),
    ("virt-ccw lab exec --dasd ", "virt-ccw lab exec --dasd 0.0.1234="),
    ("virt-ccw lab exec --dasd 0.0.1234=disks/t", "virt-ccw lab exec --dasd 0.0.1234=disks/two.ckd "),
    ("virt-ccw lab exec --dasd=0.0.1234=disks/t", "virt-ccw lab exec --dasd=0.0.1234=disks/two.ckd "),
    ("virt-ccw lab exec --dasd 0.0.1234=disks/two.ckd,r", "virt-ccw lab exec --dasd 0.0.1234=disks/two.ckd,ro "),
    ("virt-ccw lab state 0.0.1234 bo", "virt-ccw lab state 0.0.1234 boxed "),
    ("virt-ccw detach --sysfs-root SYSFS 0.0.1235", "virt-ccw detach --sysfs-root SYSFS 0.0.1235 "),
    ("virt-ccw export --connect test:///default --domain te",
     "virt-ccw export --connect test:///default --domain test "),
    ("virt-ccw lower disk.t", "virt-ccw lower disk.txt "),
    ("virt-ccw export --output=disk", "virt-ccw export --output=disks/"),
    ("virt-ccw lab exec -- ./disk.t", "virt-ccw lab exec -- ./disk.txt "),
    ("qemu-ccw --dasd 0.0.1234=disks/t", "qemu-ccw --dasd 0.0.1234=disks/two.ckd "),
    ("qemu-ccw -kernel disk.t", "qemu-ccw -kernel disk.txt "),
    ("virtccwd --backend", "virtccwd --backend-dir "),
)


def in_shell(tap, programs, name, command):
    if not command[0]:
        tap.skip(name, f"{name} is not installed")
        return
    environment = {**programs.environment(), "ZDOTDIR": programs.folder}
    shell = Shell(command, environment, programs.work)
    for keys, line in TYPED:
        tap.equal(shell.line_after(keys.replace("SYSFS", programs.sysfs) + "\t"), line.replace("SYSFS", programs.sysfs),
                  f"{name}: {keys}")
    # 3390-9 is the last name in the list, which zsh ends without a newline.
    text = shell.shown_after("virt-ccw dasd create new --model 3390-\t\t", r"3390-9\b")
    tap.ok(all(model in text for model in MODELS), f"{name}: all models are listed", text)
    shell.end()


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        programs = Programs(folder)
        tables(tap, programs)
        values(tap, programs)
        in_shell(tap, programs, "bash", bash(programs))
        in_shell(tap, programs, "zsh", zsh(programs))
    tap.done()


main()
