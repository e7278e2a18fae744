#!/usr/bin/env python3
"""Holds what the module has answered in all runs of the suite against what
the standard says that it may answer.

Each value that a function is documented to return (codes.tsv) is to be seen,
or listed in unseen.txt with the reason why no caller can have it. Those that are
neither are told, and may not become more than OPEN. A value that was seen
without being documented for its function has to be listed there as well, marked
"+", with the clause that allows it.

usage: coverage.py OPEN ANSWERS-FOLDER RUN...
A RUN is "NAME-" of the files in the folder that have to be there, such as
"soft-": the suite has to have been run before.
"""

import csv
import fnmatch
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
# 5.1.1, 5.1.6: any function may answer so.
ANY = {"OK", "GENERAL_ERROR", "HOST_MEMORY", "FUNCTION_FAILED",
       "OPERATION_NOT_VALIDATED", "FUNCTION_NOT_SUPPORTED"}


def table(path):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def documented():
    return {(function, code) for function, codes in table(HERE / "codes.tsv")
            for code in codes.split()}


def code_names():
    rows = table(HERE / "../headers/pkcs11-identifiers.tsv")
    return {int(value.rstrip("UL"), 0): name[4:] for name, value, _, in_3_2
            in rows if name.startswith("CKR_") and in_3_2 == "yes"}


def seen(folder, runs):
    names = code_names()
    found = set()
    for run in runs:
        files = sorted(folder.glob(run + "*"))
        if not files:
            sys.exit(f"the suite has not been run: {run}")
        for file in files:
            for line in file.read_text().splitlines():
                function, value = line.split("\t")
                found.add((function, names.get(int(value, 0), value)))
    return found


def excuses():
    """(mark, code, function pattern) of each line; the reason is needed."""
    found = []
    for line in (HERE / "unseen.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        where, _, reason = line.partition("\t")
        if not reason.strip():
            sys.exit(f"no reason is given: {line}")
        mark = "+" if where.startswith("+") else ""
        code, *patterns = where.lstrip("+").split()
        found += [(mark, code, pattern) for pattern in patterns or ["*"]]
    return found


def excused(pair, mark, listed):
    function, code = pair
    return [one for one in listed if one[0] == mark
            and fnmatch.fnmatchcase(code, one[1])
            and fnmatch.fnmatchcase(function, one[2])]


def unlisted(pairs, mark, listed, used):
    """Those of the pairs that no line excuses."""
    for pair in sorted(pairs):
        why = excused(pair, mark, listed)
        used.update(why)
        if not why:
            yield pair


def main():
    most, folder, *runs = sys.argv[1:]
    wanted, got = documented(), seen(pathlib.Path(folder), runs)
    listed, used = excuses(), set()
    is_open = list(unlisted(wanted - got, "", listed, used))
    beyond = {pair for pair in got - wanted if pair[1] not in ANY}
    bad = [f"not documented: {function} CKR_{code}" for function, code
           in unlisted(beyond, "+", listed, used)]
    bad += [f"of no use: {' '.join(one)}" for one in listed if one not in used]
    if len(is_open) > int(most):
        bad.append(f"more than {most} are open")
    for function, code in is_open:
        print(f"open: {function} CKR_{code}")
    print(f"{len(wanted)} values are documented: {len(wanted & got)} seen, "
          f"{len(wanted - got) - len(is_open)} excused, {len(is_open)} open")
    sys.exit("\n".join(bad) or 0)


main()
