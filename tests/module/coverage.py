#!/usr/bin/env python3
"""Holds what the module has answered in all runs of the suite against what
the standard says that it may answer.

Each value that a function is documented to return (codes.tsv) has to have been
seen, or to be listed in unseen.txt with the reason why no caller can have it.
A value that was seen without being documented for its function has to be listed
there as well, marked "+", with the clause that allows it.

usage: coverage.py [--print] ANSWERS-FOLDER RUN...
A RUN is "NAME-" of the files in the folder that have to be there, such as
"soft-". --print: tells all that is missing, and does not fail.
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
    return [one for one in listed if one[0] == mark and one[1] == code
            and fnmatch.fnmatch(function, one[2])]


def main():
    args = sys.argv[1:]
    only_print = args[:1] == ["--print"]
    folder, *runs = args[only_print:]
    wanted, got, listed = documented(), seen(pathlib.Path(folder), runs), \
        excuses()
    missing = wanted - got
    complaints, used = [], set()
    for pair in sorted(missing):
        why = excused(pair, "", listed)
        used.update(why)
        if not why:
            complaints.append(f"not seen: {pair[0]} CKR_{pair[1]}")
    beyond = {pair for pair in got - wanted if pair[1] not in ANY}
    for pair in sorted(beyond):
        why = excused(pair, "+", listed)
        used.update(why)
        if not why:
            complaints.append(f"not documented: {pair[0]} CKR_{pair[1]}")
    complaints += [f"of no use: {mark}{code} {pattern}" for mark, code, pattern
                   in listed if (mark, code, pattern) not in used]
    print(f"{len(wanted)} values are documented, {len(wanted & got)} were seen, "
          f"{len(missing)} were not")
    print("\n".join(complaints))
    sys.exit(bool(complaints) and not only_print)


main()
