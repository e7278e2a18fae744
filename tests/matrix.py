#!/usr/bin/python3
"""Prints which program was tried on which token, from the names of the tests:
clients/CLIENT/TOKEN and howto/CLIENT/TOKEN, with whatever behind.

usage: matrix.py TESTLOG.json...
"""

import collections
import json
import sys

TOKENS = {"soft": "software token", "piv": "PIV", "openpgp": "OpenPGP"}


def results(paths):
    """(client, token) and the result of each test that is of such a pair."""
    for path in paths:
        with open(path, encoding="utf-8") as log:
            for test in map(json.loads, log):
                words = test["name"].split(" / ")[-1].split("/")
                if words[0] in ("clients", "howto") and words[2:3] and \
                        words[2] in TOKENS:
                    yield words[1], words[2], test["result"]


def cell(counts):
    """What stands for these results."""
    ran = sum(counts.values()) - counts["SKIP"]
    failed = ran - counts["OK"]
    if ran == 0:
        return "skipped" if counts else ""
    return f"{failed} of {ran} failed" if failed else f"{ran} passed"


def main():
    table = collections.defaultdict(lambda: collections.defaultdict(
        collections.Counter))
    for client, token, result in results(sys.argv[1:]):
        table[client][token][result] += 1
    rows = [["client", *TOKENS.values()]]
    rows += [[client, *(cell(table[client][token]) for token in TOKENS)]
             for client in sorted(table)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        print("|", " | ".join(map(str.ljust, row, widths)), "|")


main()
