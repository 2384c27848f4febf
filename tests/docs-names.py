#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Checks that README.md, CONTRIBUTING.md and the pages of docs/ name things that exist. One test a page, of five kinds of names:

- a path that begins with a folder of the repository, such as src/util/file.c. It may have wildcards, braces and capitals that
  stand for a name, as tests/qemuxml2argvdata/NAME.xml has them
- a source file by its own name, such as release.c
- a C function, such as hostdev_claim()
- a constant or a variable of the environment with a prefix of ours, such as LIBVIRT_CCW_CACHE
- the target of a link, and its heading

More tests: each section of docs/deployment.md that virtccwd-setup names is there; the check finds a wrong name; FOREIGN has
no entry that it does not need.

    docs-names.py REPOSITORY
"""

import fnmatch
import os
import re
import sys

import links
from tap import Tap

# Files and functions of other programs and of the C library that the pages name.
FOREIGN_FILES = {
    "css.c", "s390-ccw.c", "ccw.c", "group.c",  # QEMU's and the kernel's
    "ckddasd.c", "dasd.py",  # Hercules' and curtin's
    "dasd_alias.c", "dasd_eckd.c", "dasd_eckd.h", "dasd_eer.c", "device_id.c", "device_ops.c",  # Linux'
    "eckd2dump.c",  # s390-tools'
    "remote_protocol.x",  # libvirt's
}
FOREIGN_FUNCTIONS = {"css_do_rsch", "scandir", "glob", "nftw"}

FOLDERS = ("bench", "docs", "examples", "packaging", "scripts", "src", "tests")
PATH = re.compile(r"(?<![\w./~-])(?:\.\./)?((?:" + "|".join(FOLDERS) + r")/[\w./*{},-]*[\w*/}])")
FILE = re.compile(r"(?<![\w/.*-])([\w-]+(?:/[\w-]+)*\.(?:c|h|py))\b(?![\w/-])")
FUNCTION = re.compile(r"(?<![\w.])([a-z_]\w*)\(\)")
PREFIXES = ("LIBVIRT_CCW", "CCW", "CHANNEL", "CONF", "CSS", "DASD", "HOOK", "HOSTDEV", "LAB", "REMOTE", "RPC", "TRACE")
CONSTANT = re.compile(r"\b(?:" + "|".join(PREFIXES) + r")_[A-Z0-9_]+\b")
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*\b")


def repository_files(top):
    """Returns all files except those of builds, and their folders."""
    files = set()
    for folder, folders, names in os.walk(top):
        if folder == top:
            folders[:] = [name for name in folders if name in FOLDERS]
        folders[:] = [name for name in folders if name != "__pycache__"]
        files |= {os.path.relpath(os.path.join(folder, name), top) for name in names}
    return files | {name[:end.start()] for name in files for end in re.finditer("/", name)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_page(name):
    return name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "packaging/README.md") or name.startswith("docs/") and name.endswith((".md", ".rst"))


def functions(top, names):
    """Returns the names that the sources define, declare or call."""
    found = set()
    for name in names:
        if name.endswith((".c", ".h")):
            found |= set(re.findall(r"\b([a-z_]\w*)\)?\(", read(os.path.join(top, name))))  # VECTOR_NAME(find_odd)(, too
        elif name.endswith(".py"):
            found |= set(re.findall(r"\bdef ([a-z_]\w*)\(", read(os.path.join(top, name))))
    return found


def alternatives(path):
    """Expands a{b,c} to ab, ac."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [one for part in match[1].split(",") for one in alternatives(path[:match.start()] + part + path[match.end():])]


def constants(top, names):
    """Returns the names that the sources, the tests and the scripts define or use."""
    found = set()
    for name in names:
        if os.path.isfile(os.path.join(top, name)):
            with open(os.path.join(top, name), encoding="utf-8", errors="replace") as file:
                found |= set(CONSTANT.findall(file.read()))
    return found


class Names:
    def __init__(self, top):
        self.top = top
        self.files = repository_files(top)
        self.sources = {name for name in self.files if name.startswith(("src/", "tests/", "bench/", "scripts/"))}
        self.ends = {"/" + name for name in self.sources}
        self.functions = functions(top, self.sources)
        self.constants = constants(top, self.sources)
        self.foreign = set()

    def is_foreign(self, name, known):
        if name in known:
            self.foreign.add(name)
        return name in known

    def has_path(self, path):
        if self.is_foreign(os.path.basename(path), FOREIGN_FILES):
            return True
        pattern = PLACEHOLDER.sub("*", path).rstrip("/")
        if "*" not in pattern:
            return pattern in self.files or f"{pattern}.c" in self.files
        return any(fnmatch.fnmatchcase(name, pattern) for name in self.files)

    def has_file(self, name):
        if self.is_foreign(os.path.basename(name), FOREIGN_FILES):
            return True
        pattern = "*/" + PLACEHOLDER.sub("*", name)
        if "*" not in pattern[2:]:
            return any(end.endswith("/" + name) for end in self.ends)
        return any(fnmatch.fnmatchcase(end, pattern) for end in self.ends)

    def has_function(self, name):
        return self.is_foreign(name, FOREIGN_FUNCTIONS) or name in self.functions

    def faults(self, page, text):
        for path in sorted(set(PATH.findall(text))):
            if not all(self.has_path(one) for one in alternatives(path)):
                yield f"there is no {path}"
        for name in sorted(set(FILE.findall(PATH.sub("", text)))):
            if not self.has_file(name):
                yield f"there is no {name}"
        for name in sorted(set(FUNCTION.findall(text))):
            if not self.has_function(name):
                yield f"there is no function {name}()"
        for name in sorted(set(CONSTANT.findall(text)) - self.constants):
            yield f"there is no {name}"
        for target in links.LINK.findall(text):
            fault = links.fault(page, target, self.top)
            if fault:
                yield fault


SETUP = "src/tools/systemd/virtccwd-setup.in"
SECTION = re.compile(r"""\bfail "[^"]*" (?:"([^"]+)"|(\w+))(?: \d)?(?: ;;)?$|See '([^'$]+)' in \$docs""", re.MULTILINE)


def sections(top):
    """Returns the headings of docs/deployment.md that messages of virtccwd-setup name."""
    return [next(filter(None, groups)) for groups in SECTION.findall(read(os.path.join(top, SETUP)))]


def missing_sections(top, named):
    anchors = list(links.anchors(read(os.path.join(top, "docs/deployment.md"))))
    return [f"docs/deployment.md has no section '{name}'" for name in named if next(links.anchors(f"# {name}")) not in anchors]


WRONG = "src/util/no-such.c no-such-file.c no_such_function() CCW_NO_" "SUCH [page](no-such.md) [heading](docs/lab.md#no-such)"


def main():
    names = Names(sys.argv[1])
    tap = Tap()
    for page in sorted(filter(is_page, names.files)):
        tap.none(names.faults(page, read(os.path.join(names.top, page))), page)
    unused = sorted((FOREIGN_FILES | FOREIGN_FUNCTIONS) - names.foreign)
    tap.none((f"no page names {name}" for name in unused), "each foreign name is needed")
    named = sections(names.top)
    tap.none(missing_sections(names.top, named) if len(named) > 5 else ["too few are found"], f"{SETUP}: the sections it names")
    tap.ok(missing_sections(names.top, ["No such section"]), "a wrong section is found")
    found = list(names.faults("README.md", WRONG))
    tap.ok(len(found) == 6, "a wrong name of each kind is found", *found)
    tap.done()


if __name__ == "__main__":
    main()
