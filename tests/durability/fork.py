#!/usr/bin/env python3
"""Parent and child make keys at once, the parent closes first, a third
counts: all are there."""

import sys

from place import Place, wanted

EACH = 40  # as FORKED in keeper.c


def main():
    place = Place(*sys.argv[1:3])
    place.run("forked", "init")
    out, _ = place.run("forked", "fork")
    wanted(out == ["child 0"], f"{out}")
    found = place.objects("forked")[4]
    expected = {"before0"} | {f"{who}{i}" for i in range(EACH)
                              for who in ("parent", "child", "late")}
    wanted(sorted(found) == sorted(expected),
           f"{len(found)} of {len(expected)} keys")


main()
