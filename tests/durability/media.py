#!/usr/bin/env python3
"""Folders and media that cannot be written: the token shows itself as
write-protected and signs, and nothing is made."""

import os
import shutil
import subprocess
import sys

from place import Place, digest, need, settle, wanted

NOBODY = 65534
WRITE_PROTECTED = "0xe2"


def read_only(place, path, what):
    before = digest(path)
    tokens, log = place.tokens()
    wanted(tokens.get("media", ("", ""))[1] == "ro", f"{what}: {tokens} {log}")
    place.run("media", "sign", 3)
    wanted(len(place.objects("media")[4]) == 1, f"{what}: objects")
    out, _ = place.run("media", "make", 1, good=False)
    wanted(out[-1].endswith(WRITE_PROTECTED), f"{what}: {out}")
    out, _ = place.run("second", "init", good=False)
    wanted(out[-1] != "init 0", f"{what}: made a token")
    wanted(digest(path) == before, f"{what}: the file was changed")
    print("ok  ", what)


def folder(place, path):
    """Somebody else's folder, where SQLite can make no file."""
    settle(path)
    os.chown(path, NOBODY, NOBODY)
    os.chmod(place.folder, 0o555)
    place.user = NOBODY
    read_only(place, path, "read-only folder")
    place.user = None
    os.chmod(place.folder, 0o700)
    os.chown(path, 0, 0)


def media(place, path, what):
    subprocess.run(["mount", "--bind", place.folder, place.folder],
                   check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", place.folder],
                   check=True)
    read_only(place, path, what)
    subprocess.run(["umount", place.folder], check=True)


def main():
    need("sqlite3")
    if os.geteuid() != 0:
        print("only root can mount read-only media")
        sys.exit(77)
    if "--mounted" not in sys.argv:
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B",
                              *sys.argv, "--mounted"])
    place = Place(*sys.argv[1:3])
    # who is nobody may not read where the build is
    shutil.copy(place.program[0], place.base)
    shutil.copy(place.program[1], place.base)
    place.program = [str(place.base / os.path.basename(name))
                     for name in place.program]
    path = place.make("media")
    wanted(path.with_name(path.name + "-wal").stat().st_size > 0, "no WAL")
    media(place, path, "read-only media, with what the WAL holds")
    settle(path)
    media(place, path, "read-only media, one file")
    folder(place, path)
    place.run("media", "make", 2)


main()
