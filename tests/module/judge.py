#!/usr/bin/env python3
"""Runs the conformance suite and holds what it says against a list.

The list names the cases that a module fails, each with the clause it goes
against, and those that do not apply to its token, each with the reason. So no
case is lost unseen, and the suite itself is judged by modules that we did not
write: what it says of them has to be what is known of them, case by case.

usage: judge.py [--foreign] [--answers PREFIX] [--also LIST] LIST COMMAND... [-- FILE...]

COMMAND runs the suite on a module; options and the name of one file of cases
are added to it. --foreign: a module of others, whose tokens lack much that a
case may need; what is not applicable then is not told. --answers: what the
module has answered is kept in PREFIX-FILE, for coverage.py.

A line of LIST: [!-]CASE<tab>REASON. "!": the module does not survive the case:
it crashes, hangs or leaves, or only fails when it is lucky; "-": it is not
applicable. With "*" it is each of several.
What comes after a case that the module did not survive is run by a new process.
"""

import argparse
import fnmatch
import pathlib
import re
import subprocess
import sys

EXPECTED = {"!": "dies", "-": "not applicable"}


def known(path):
    """What is expected of a case that does not pass."""
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        name, _, reason = line.partition("\t")
        if not name.strip() or name.startswith("#"):
            continue
        if not reason.strip():
            sys.exit(f"{path}: no reason is given for {name}")
        what = EXPECTED.get(name[0], "fails")
        found[name.strip().lstrip("!-")] = what
    return found


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--foreign", action="store_true")
    parser.add_argument("--answers", type=pathlib.Path)
    parser.add_argument("--also", action="append", default=[])
    parser.add_argument("list")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    args.files = []
    if "--" in args.command:
        at = args.command.index("--")
        args.files = args.command[at + 1:]
        args.command = args.command[:at]
    return args


def cases_of(output):
    """What became of the cases; one that was begun and has no end died."""
    became = {name: "dies"
              for name in re.findall(r"\[ RUN      \] (/\S+)", output)}
    for mark, what in (("OK", "passes"), ("SKIPPED", "not applicable"),
                       ("FAILED", "fails"), ("ERROR", "fails")):
        for name in re.findall(rf"\[ +{mark} +\] (/\S+)", output):
            became[name] = what
    return became


def run(command, name):
    """What became of the cases of one file, and all that was written."""
    became, output, after = {}, "", []
    while True:
        result = subprocess.run(command + after + [name], text=True,
                                stdout=subprocess.PIPE, errors="replace",
                                stderr=subprocess.STDOUT)
        output += result.stdout
        some = cases_of(result.stdout)
        became.update(some)
        if "dies" not in some.values():
            break
        after = ["--after=" + list(some)[-1]]
    failed = set(became.values()) & {"fails", "dies"}
    if (not became or died(result.returncode) or
            (result.returncode != 0 and not failed)):
        became["the run itself"] = "fails"
    return became, output


def died(status):
    """By a signal, which a shell between tells as 128 and more."""
    return status < 0 or status > 128


def expectation(expected, name):
    """What the list says of a case, and the line of the list."""
    for pattern, what in expected.items():
        if fnmatch.fnmatchcase(name, pattern):
            return pattern, what
    return None, "passes"


def surprises(expected, became, foreign):
    """Cases with which it is otherwise than the list says."""
    used = set()
    for name, got in sorted(became.items()):
        pattern, wanted = expectation(expected, name)
        if got == wanted or (wanted, got) == ("dies", "fails"):
            used.add(pattern)
        elif not (foreign and got == "not applicable"):
            yield f"{name}: {got}, expected: {wanted}"
    for pattern, what in sorted(expected.items()):
        if pattern not in used:
            yield f"{pattern}: no case {what}"


def main():
    args = arguments()
    expected = {}
    for one in [args.list] + args.also:
        expected.update(known(one))
    files = args.files
    if not files:
        files = subprocess.run(args.command + ["--files"], check=True,
                               capture_output=True, text=True).stdout.split()
    expected = {name: what for name, what in expected.items()
                if name.split("/")[1] in files}
    if args.answers:
        args.answers.parent.mkdir(parents=True, exist_ok=True)
    became = {}
    for name in files:
        command = list(args.command)
        if args.answers:
            answers = pathlib.Path(f"{args.answers}-{name}")
            answers.unlink(missing_ok=True)
            command.append(f"--answers={answers}")
        of_file, output = run(command, name)
        became.update(of_file)
        if list(surprises({n: w for n, w in expected.items()
                           if n.split("/")[1] == name}, of_file, args.foreign)):
            print(output)
    counts = {what: list(became.values()).count(what)
              for what in ("passes", "fails", "dies", "not applicable")}
    print(", ".join(f"{what}: {count}" for what, count in counts.items()))
    found = list(surprises(expected, became, args.foreign))
    print("\n".join(found))
    sys.exit(bool(found) or (args.foreign and counts["passes"] == 0))


main()
