#!/usr/bin/env python3
"""What may not grow with the number of objects: a search by CKA_ID, a start up
to the first signature, a signature, and the memory of a process.

Counts instructions (callgrind) and reads of files (strace), never time.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from place import Place, need, wanted

FEW, MANY = 50, 10000
SEARCHES = 400
WAL_PAGES = 1000  # are read at a start, however many objects there are


def traced(place, command, *arguments):
    """What COMMAND writes about a keeper that runs under it."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report"
        program = place.program
        place.program = [*(word.format(report) for word in command), *program]
        process = place.start("token", *arguments)
        _, log = process.communicate("\n")
        place.program = program
        wanted(process.returncode == 0, f"{command[0]}: {log}")
        return report.read_text()


def instructions(place, *arguments):
    report = traced(place, ["valgrind", "-q", "--tool=callgrind",
                            "--callgrind-out-file={}"], *arguments)
    return int(re.search(r"^(?:summary|totals): (\d+)", report, re.M)[1])


def reads(place, *arguments):
    report = traced(place, ["strace", "-f", "-e", "trace=pread64", "-o", "{}"],
                    *arguments)
    return report.count("pread64(")


def each(count, place, what, number, *arguments):
    """Per thing, by difference."""
    return (count(place, what, 2 * number, *arguments)
            - count(place, what, number, *arguments)) / number


def memory(place):
    """KiB of a process that signs once."""
    process = place.start("token", "sign", 1)
    process.stdin.close()
    process.stdout.read()
    process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    wanted(status == 0, "sign")
    return usage.ru_maxrss


class Verdicts:
    failed = 0

    def hold(self, what, few, many, limit):
        good = many <= limit
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {few:.0f} with {FEW}"
              f" objects, {many:.0f} with {MANY}, at most {limit:.0f}")


def filled(count):
    shm = pathlib.Path("/dev/shm")
    tempfile.tempdir = str(shm) if os.access(shm, os.W_OK) else None
    place = Place(*sys.argv[1:3])
    place.run("token", "init")
    place.run("token", "pairs", 1)
    place.run("token", "make", count)
    return place


def main():
    need("valgrind")
    need("strace")
    few, many = filled(FEW), filled(MANY)
    verdicts = Verdicts()

    def held(what, count, factor, more, *arguments):
        small = count(few, *arguments, *([FEW] * ("find" in arguments)))
        large = count(many, *arguments, *([MANY] * ("find" in arguments)))
        verdicts.hold(what, small, large, factor * small + more)

    held("instructions of a search by CKA_ID",
         lambda *a: each(instructions, *a), 2, 0, "find", SEARCHES)
    # a leaf of the index and one of the table
    held("reads of the file for a search by CKA_ID",
         lambda *a: each(reads, *a), 1, 4, "find", SEARCHES)
    held("instructions of a P-256 signature",
         lambda *a: each(instructions, *a), 1.05, 0, "sign", 50)
    held("instructions from the start to the first signature",
         instructions, 1.2, 0, "sign", 1)
    held("reads from the start to the first signature", reads, 1, WAL_PAGES,
         "sign", 1)
    verdicts.hold("KiB of memory of a process that signs", memory(few),
                  memory(many), memory(few) + 1024)
    sys.exit(verdicts.failed > 0)


if __name__ == "__main__":
    main()
