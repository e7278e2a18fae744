#!/usr/bin/env python3
"""Processes that initialise the same token at once: one makes it, the others
are refused with a line in the log, and the token is the winner's."""

import sys

from place import Place, rest, told, wanted

PROCESSES = 4


def race(place):
    racers = [place.start(f"racer{i}", "init") for i in range(PROCESSES)]
    for process in racers:
        wanted(process.stdout.readline() == "ready 0\n", "no empty slot")
    for process in racers:
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [rest(process) for process in racers]
    won = [i for i in range(PROCESSES) if ends[i][0] == "init 0\n"]
    wanted(len(won) == 1, f"{len(won)} have made the one token: {ends}")
    for i in range(PROCESSES):
        if i not in won:
            wanted(ends[i][0].startswith("init "), f"{ends[i]}")
            wanted(len(told(ends[i][1])) == 1, f"log: {ends[i][1]}")
    return f"racer{won[0]}"


def main():
    place = Place(*sys.argv[1:3])
    winner = race(place)
    wanted(list(place.tokens()[0]) == [winner], f"{place.tokens()}")
    place.run(winner, "make", 1)
    wanted(place.objects(winner) == {4: ["key0"]}, "not the winner's token")
    # and the next race is for the next token
    place.run("racer9", "init")
    wanted(sorted(place.tokens()[0]) == sorted([winner, "racer9"]), "tokens")


main()
