#!/usr/bin/env python3
"""A full disk: what is said to be made stays, what is refused is refused with
a clear error and a line in the log, signatures go on, and with room again so
does all else."""

import os
import subprocess
import sys

from place import Place, told, wanted

DEVICE_MEMORY = 0x31


def fill(place):
    place.make("full")
    place.make("other")
    process = place.start("full", "make", 100000)
    out, log = process.communicate()
    lines = out.splitlines()
    made = sum(line.startswith("made") for line in lines)
    wanted(lines[-1] == f"refused {DEVICE_MEMORY}", lines[-1])
    wanted(any("full" in line for line in told(log)), f"log: {log}")
    wanted(made > 50, f"{made} keys only")
    found = place.objects("full")
    wanted(len(found[4]) == made + 1, f"{len(found[4])} of {made + 1}")
    for label in ("full", "other"):
        place.run(label, "sign", 3)
    out, log = place.run("third", "init", good=False)
    wanted(out[-1] != "init 0" and log, f"a token on a full disk: {out} {log}")
    wanted(sorted(place.tokens()[0]) == ["full", "other"], "a half token")
    subprocess.run(["mount", "-o", "remount,size=40m", str(place.folder)],
                   check=True)
    place.run("full", "make", 10)
    place.run("third", "init")
    wanted(len(place.objects("full")[4]) == made + 11, "with room again")
    print(f"ok   {made} keys until the disk was full, all there")


def main():
    if os.geteuid() != 0:
        print("only root can mount a small disk")
        sys.exit(77)
    if "--mounted" not in sys.argv:
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B",
                              *sys.argv, "--mounted"])
    place = Place(*sys.argv[1:3])
    place.folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none",
             str(place.folder)]
    if subprocess.run(mount).returncode:
        sys.exit(77)
    try:
        fill(place)
    finally:
        subprocess.run(["umount", str(place.folder)], check=True)


main()
