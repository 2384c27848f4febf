#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/s390x-packages with the test's own small archive: apt finds the dependencies. A package that the archive
lists and lacks is named, and replaced by its previous version; also a kernel, whose version is part of its packages'
names.

    test-s390x-packages.py S390X-PACKAGES
"""

import os
import shutil
import subprocess
import sys
import tempfile

from files import temporary_folder
from steps import Steps, expect
from tap import skip_all

SCRIPT = os.path.abspath(sys.argv[1])
PROGRAMS = ("apt-get", "apt-cache", "dpkg-deb", "dpkg-scanpackages")
# suite: packages as NAME VERSION DEPENDENCIES. Without a libc6 the script regards the lists as missing.
ARCHIVE = {
    "old": (("tool", "1.0-1", "library"), ("gone", "1.0-1", "")),
    "new": (("tool", "1.0-2", "library"), ("library", "3-1", "libc6, tiny"), ("libc6", "2-1", ""), ("tiny", "1-1", ""),
            ("gone", "1.0-2", "")),
    # One kernel is split, the other is not.
    "kernels": (("linux-image-6.12.9-s390x", "6.12.9-1", "linux-base, tiny"),
                ("linux-image-6.12.10-s390x", "6.12.10-1", "linux-base, linux-modules-6.12.10-s390x"),
                ("linux-modules-6.12.10-s390x", "6.12.10-1", ""), ("linux-image-6.12.11-s390x-dbg", "6.12.11-1", ""),
                ("linux-base", "4-1", "")),
}
LISTS = "debian/dists/{}/main/binary-s390x"
TESTING = (("gone", "2.0-1", "libc6"), ("libc6", "3-1", ""))
TORN = (("gone", "2.0-1", "not-yet"), ("libc6", "3-1", ""))  # like testing during a transition
UNSTABLE = (("gone", "2.1-1", "libc6"), ("libc6", "3-2", ""))


class Archive:
    def __init__(self, folder):
        self.folder = folder
        self.cache = f"{folder}/cache"
        lines = ""
        for suite, packages in ARCHIVE.items():
            self._fill(folder, suite, packages)
            lines += f"deb [trusted=yes arch=s390x] file:{folder} {suite}/\n"
        with open(f"{folder}/sources.list", "w", encoding="utf-8") as file:
            file.write(lines)
        with open(f"{folder}/apt.conf", "w", encoding="utf-8") as file:
            file.write(f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
                       f'Dir::Etc::preferencesparts "/dev/null";\nAcquire::Retries "0";\n'
                       'Acquire::AllowInsecureRepositories "true";\nAPT::Get::AllowUnauthenticated "true";\n')

    def _fill(self, top, suite, packages):
        for package in packages:
            self._build(os.path.relpath(f"{top}/{suite}", self.folder), *package)
        index = subprocess.run(["dpkg-scanpackages", "--multiversion", suite], cwd=top, check=True, capture_output=True,
                               text=True).stdout
        with open(f"{top}/{suite}/Packages", "w", encoding="utf-8") as file:
            file.write(index)

    def add(self, suite, packages):
        """Makes a suite in Debian's layout, in place of one of that name."""
        lists = LISTS.format(suite)
        shutil.rmtree(f"{self.folder}/{lists}", ignore_errors=True)
        os.makedirs(f"{self.folder}/debian", exist_ok=True)
        self._fill(f"{self.folder}/debian", os.path.relpath(lists, "debian"), packages)

    def _build(self, suite, name, version, depends):
        tree = f"{self.folder}/tree"
        os.makedirs(f"{tree}/DEBIAN")
        os.makedirs(f"{tree}/usr/share/{name}")
        with open(f"{tree}/usr/share/{name}/version", "w", encoding="utf-8") as file:
            file.write(version)
        with open(f"{tree}/DEBIAN/control", "w", encoding="utf-8") as file:
            file.write(f"Package: {name}\nVersion: {version}\nArchitecture: s390x\nMaintainer: nobody <nobody@localhost>\n"
                       f"Description: a test's\n" + (f"Depends: {depends}\n" if depends else ""))
        os.makedirs(f"{self.folder}/{suite}", exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, self.deb(suite, name, version)], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)

    def deb(self, suite, name, version):
        return f"{self.folder}/{suite}/{name}_{version}_s390x.deb"

    def run(self, *arguments):
        environment = dict(os.environ, APT_CONFIG=f"{self.folder}/apt.conf", LIBVIRT_CCW_CACHE=self.cache, LC_ALL="C",
                           LIBVIRT_CCW_DEBIAN_ARCHIVE=f"file:{self.folder}/debian")
        done = subprocess.run([SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def unpack(self, *arguments):
        """Returns {package: version} of the folder's content, and the script's messages."""
        root = tempfile.mkdtemp(dir=self.folder)
        options = [argument for argument in arguments if argument.startswith("--")]
        code, _, said = self.run(*options, root, *arguments[len(options):])
        names = os.listdir(f"{root}/usr/share") if os.path.isdir(f"{root}/usr/share") else []
        found = {}
        for name in names:
            with open(f"{root}/usr/share/{name}/version", encoding="utf-8") as file:
                found[name] = file.read()
        return code, found, said


def closure(archive):
    code, found, said = archive.unpack("tool")
    expect(code == 0 and found == {"tool": "1.0-2", "library": "3-1", "libc6": "2-1", "tiny": "1-1"}, f"{code}: {found}: {said}")
    code, listed, said = archive.run("--list", "tool")
    expect(code == 0 and "tool 1.0-2\n" in listed and "tiny 1-1\n" in listed, f"{code}: {listed}: {said}")


def without(archive):
    """With the package's own dependencies."""
    code, found, said = archive.unpack("--without=library", "tool")
    expect(code == 0 and found == {"tool": "1.0-2"}, f"{code}: {found}: {said}")


def unknown(archive):
    code, found, said = archive.unpack("no-such-package")
    expect(code == 1 and not found and "no-such-package" in said, f"{code}: {found}: {said}")


def replaced(archive):
    os.unlink(archive.deb("new", "gone", "1.0-2"))
    code, found, said = archive.unpack("gone")
    expect(code == 0 and found == {"gone": "1.0-1"}, f"{code}: {found}: {said}")
    expect("the archive lacks gone 1.0-2 of the s390x port: taking 1.0-1" in said, said)


def nothing_older(archive):
    os.unlink(archive.deb("old", "gone", "1.0-1"))
    shutil.rmtree(archive.cache)
    code, found, said = archive.unpack("gone")
    expect(code == 1 and not found and "lacks gone 1.0-2 of the s390x port, and every older version" in said, f"{code}: {said}")


def newer(archive):
    archive.add("testing", TESTING)
    code, found, said = archive.unpack(f"--manifest={archive.folder}/manifest", "gone")
    expect(code == 0 and found == {"gone": "2.0-1", "libc6": "3-1"}, f"{code}: {found}: {said}")
    expect("lacks gone 1.0-2 of the s390x port, and every older version: taking all from testing" in said, said)
    with open(f"{archive.folder}/manifest", encoding="utf-8") as file:
        expect(file.read() == "gone 2.0-1\nlibc6 3-1\n", "the manifest tells of others")


def newest(archive):
    archive.add("testing", TORN)
    archive.add("sid", UNSTABLE)
    shutil.rmtree(archive.cache)
    code, found, said = archive.unpack("gone")
    expect(code == 0 and found == {"gone": "2.1-1", "libc6": "3-2"}, f"{code}: {found}: {said}")
    expect("testing: these packages cannot be installed together: gone" in said and "taking all from sid" in said, said)


def kernel(archive):
    code, found, said = archive.unpack("--kernel")
    expect(code == 0 and found == {"linux-image-6.12.10-s390x": "6.12.10-1", "linux-modules-6.12.10-s390x": "6.12.10-1"},
           f"{code}: {found}: {said}")


def kernel_replaced(archive):
    """Not by a part of the newest one."""
    os.unlink(archive.deb("kernels", "linux-modules-6.12.10-s390x", "6.12.10-1"))
    shutil.rmtree(archive.cache)
    code, found, said = archive.unpack("--kernel")
    expect(code == 0 and found == {"linux-image-6.12.9-s390x": "6.12.9-1"}, f"{code}: {found}: {said}")
    expect("lacks linux-image-6.12.10-s390x of the s390x port: taking linux-image-6.12.9-s390x" in said, said)


def no_kernel(archive):
    os.unlink(archive.deb("kernels", "linux-image-6.12.9-s390x", "6.12.9-1"))
    shutil.rmtree(archive.cache)
    code, found, said = archive.unpack("--kernel")
    expect(code == 1 and not found, f"{code}: {found}: {said}")
    expect("the archive lacks every complete kernel of the s390x port: taking all from testing" in said, said)


def main():
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    if absent:
        skip_all(f"there is no {absent[0]}")
    steps = Steps(False)
    with temporary_folder() as folder:
        archive = steps.run("an archive is made", Archive, folder)
        steps.run("a package comes with its dependencies", closure, archive)
        steps.run("without excluded packages, and without those that only they need", without, archive)
        steps.run("a name that no package has is an error", unknown, archive)
        steps.run("a package that the archive lists and lacks is named, and the previous version taken", replaced, archive)
        steps.run("and is an error when there is no other version", nothing_older, archive)
        steps.run("unless testing has one, from which all packages are taken then", newer, archive)
        steps.run("or for unstable, if they cannot be installed from testing", newest, archive)
        steps.run("the newest kernel comes with its modules, and without what it depends on", kernel, archive)
        steps.run("a kernel of which the archive lacks a part is named, and the one before it taken", kernel_replaced, archive)
        steps.run("and is an error when there is no other", no_kernel, archive)
    steps.done()


if __name__ == "__main__":
    main()
