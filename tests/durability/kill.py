#!/usr/bin/env python3
"""SIGKILL at random moments while keys and pairs are made.

Afterwards the token opens each time, every object that was said to be made is
there, none is there in part, and of a pair there are both halves or none.
"""

import random
import sys
import time

from place import Place, kill, told, wanted

PUBLIC, PRIVATE, SECRET = 2, 3, 4


def killed(place, what, count, wait):
    """How many were made for sure before the kill."""
    process = place.start("killed", what, count)
    wanted(process.stdout.readline() == "ready 0\n", "no start")
    first = process.stdout.readline()
    wanted(first == "made 0\n", f"{what}: {first}")
    time.sleep(wait)
    out, log = kill(process)
    wanted(not told(log), log)
    # the last line may be cut by the kill
    return 1 + sum(line.startswith("made") for line in out.split("\n")[:-1])


def main():
    module, keeper, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print("seed", seed)
    place = Place(module, keeper)
    place.run("killed", "init")
    sure = {"make": 0, "pairs": 0}
    kills = dict(sure)
    for number in range(rounds):
        what = ("make", "pairs")[number % 2]
        kills[what] += 1
        sure[what] += killed(place, what, 1000000, chance.uniform(0, 0.03))
        if number % 5 and number + 1 < rounds:
            wanted("killed" in place.tokens()[0], "the token does not open")
            continue
        found = place.objects("killed")
        private = sorted(found.get(PRIVATE, []))
        wanted(private == sorted(found.get(PUBLIC, [])), "half a pair")
        for kind, names in (("make", found.get(SECRET, [])),
                            ("pairs", private)):
            # what a kill hit may be committed and not yet said
            wanted(sure[kind] <= len(names) <= sure[kind] + kills[kind],
                   f"{kind}: {len(names)} found, {sure[kind]} sure,"
                   f" {kills[kind]} kills")
    print(f"{rounds} kills, {sure['make']} keys and {sure['pairs']} pairs"
          " for sure, all there and whole")


main()
