#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Each name that a Python program of the project takes from one of the project's modules is there, one test a folder: no test
runs the benchmarks, and of some tests only a part runs on each machine, so that such a name would be missed there alone.
"""

import ast
import os
import sys

from tap import Tap

FOLDERS = ("tests", "bench", "scripts")
INTERPRETER = b"python3"


def programs(top):
    """Returns the Python programs and modules of a folder, with and without a suffix."""
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                yield path
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    first = file.readline(80)
                if first.startswith(b"#!") and INTERPRETER in first:
                    yield path


def parse(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def bound(statements):
    """Returns the names that these statements of a module define, also in the branches of an if, a try or a with."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            yield statement.name
            continue
        for node in ast.iter_child_nodes(statement):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif isinstance(part, ast.alias):
                    yield (part.asname or part.name).split(".")[0]
                elif isinstance(part, (ast.FunctionDef, ast.ClassDef)):
                    yield part.name


def wanted(tree, modules):
    """Returns (line, module, name) for each name that is imported from one of the modules."""
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from ((node.lineno, node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            imported.update({alias.asname or alias.name: alias.name for alias in node.names if alias.name in modules})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield node.lineno, imported[node.value.id], node.attr


def main():
    top, tap = sys.argv[1], Tap()
    trees = {folder: {path: parse(path) for path in programs(os.path.join(top, folder))} for folder in FOLDERS}
    modules = {}
    for folder in FOLDERS:
        for path, tree in trees[folder].items():
            if path.endswith(".py"):
                modules.setdefault(os.path.basename(path)[:-3], set()).update(bound(tree.body))
    for folder in FOLDERS:
        bad = [f"{path}:{line}: {module} has no {name}" for path, tree in trees[folder].items()
               for line, module, name in wanted(tree, modules) if name not in modules[module] and not name.startswith("__")]
        if not trees[folder]:
            bad = ["there is no Python program"]
        tap.none(bad, f"each name that {folder} takes from a module is there")
    tap.done()


if __name__ == "__main__":
    main()
