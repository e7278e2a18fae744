#!/usr/bin/env python3
"""Runs the conformance suite on a module that is not ours.

The suite itself is judged so: what it says of a module that others wrote has
to be what is known of that module, case by case.

usage: judge.py CONFORMANCE EXPECTED MODULE...

The first MODULE that exists is taken; without any the test is skipped.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

FILES = ["general", "slot", "token", "session", "login", "object", "find",
         "sign", "cipher", "digest", "key", "secret", "input", "thread", "fork"]


def expected(path):
    """Cases that fail, and cases that are not to be run."""
    fails, skips = set(), set()
    for line in pathlib.Path(path).read_text().splitlines():
        name = line.split("#")[0].split("\t")[0].strip()
        if name.startswith("!"):
            skips.add(name[1:])
        elif name:
            fails.add(name)
    return fails, skips


def run(conformance, module, name, skips):
    """Cases of one file that passed and failed, on a token of their own."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = pathlib.Path(folder) / "tokens"
        tokens.mkdir()
        conf = pathlib.Path(folder) / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {tokens}\n"
                        "objectstore.backend = file\nlog.level = ERROR\n")
        command = [conformance]
        for case in sorted(skips):
            command += ["--skip", case]
        result = subprocess.run(
            command + [module, name], capture_output=True, text=True,
            env={**os.environ, "SOFTHSM2_CONF": str(conf)}, timeout=120)
    output = result.stdout + result.stderr
    passed = set(re.findall(r"\[       OK \] (\S+)", output))
    skipped = set(re.findall(r"\[  SKIPPED \] (\S+)", output))
    begun = set(re.findall(r"\[ RUN      \] (\S+)", output))
    if not begun:
        print(output)
    return passed, begun - passed - skipped


def main():
    conformance, list_path, *modules = sys.argv[1:]
    module = next((path for path in modules if os.path.exists(path)), None)
    if module is None:
        print("none of these is installed:", *modules)
        sys.exit(77)
    fails, skips = expected(list_path)
    passed, failed = set(), set()
    for name in FILES:
        good, bad = run(conformance, module, name, skips)
        passed |= good
        failed |= bad
    print(f"{len(passed)} passed, {len(failed)} failed")
    surprises = sorted(failed - fails) + sorted(fails & passed)
    for name in sorted(failed - fails):
        print("fails, which nobody knew:", name)
    for name in sorted(fails & passed):
        print("passes, against the list:", name)
    missing = sorted(fails - failed - passed)
    for name in missing:
        print("was not run:", name)
    if len(passed) < 50:
        sys.exit("hardly any cases passed")
    sys.exit(bool(surprises or missing))


main()
