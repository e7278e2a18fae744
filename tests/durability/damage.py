#!/usr/bin/env python3
"""Damaged, foreign and newer files in the folder of tokens: a line in the log,
no token, the file left as it was, and the other token goes on working."""

import shutil
import sqlite3
import sys

from place import Place, digest, need, settle, wanted

FLIPS = 60


def cut(size):
    def change(path):
        with open(path, "r+b") as file:
            file.truncate(size(path.stat().st_size))
    return change


def overwrite(data):
    return lambda path: path.write_bytes(data)


def sql(*statements):
    def change(path):
        with sqlite3.connect(path) as database:
            for statement in statements:
                database.execute(statement)
        database.close()
        settle(path)
    return change


def foreign_database(path):
    path.unlink()
    sql("CREATE TABLE token (one INTEGER)")(path)


# what is then no token at all
REFUSED = {
    "cut to a half": cut(lambda size: size // 2),
    "cut to a page": cut(lambda size: 4096),
    "cut to 100 bytes": cut(lambda size: 100),
    "emptied": cut(lambda size: 0),
    "text": overwrite(b"this is somebody's text\n" * 1000),
    "zeros": overwrite(bytes(40960)),
    "another program's database": foreign_database,
    "a newer schema": sql("PRAGMA user_version = 99"),
    "a schema that never was": sql("PRAGMA user_version = 0"),
    "a negative schema": sql("PRAGMA user_version = -1"),
    "a table missing": sql("DROP TABLE pin"),
    "a PIN's record cut": sql("UPDATE pin SET salt = x'00'"),
    "a label cut": sql("UPDATE token SET label = x'00'"),
    "another token's number": sql("UPDATE token SET serial ="
                                  " '0123456789abcdef'"),
}
# what is a token with an object that is not to be used
SPOILT = {
    "rows swapped": sql(
        "CREATE TEMP TABLE was AS SELECT id, blob FROM object",
        "UPDATE object SET blob = (SELECT blob FROM was WHERE was.id ="
        " (SELECT max(id) + min(id) FROM was) - object.id)"),
    "blobs cut": sql("UPDATE object SET blob ="
                     " substr(blob, 1, length(blob) - 1)"),
    "a blob of another version": sql("UPDATE object SET version = 2"),
}


def others_work(place, what):
    tokens, log = place.tokens()
    wanted("good" in tokens, f"{what}: the good token is gone: {log}")
    place_log = place.run("good", "sign", good=False)
    wanted(place_log[0] == ["signed 1"], f"{what}: {place_log}")
    return tokens, log


def refused(place, path, what):
    before = digest(path)
    tokens, log = others_work(place, what)
    wanted("bad" not in tokens, f"{what}: still a token")
    lines = [line for line in log if path.name in line]
    wanted(lines, f"{what}: no line in the log: {log}")
    wanted(len(lines) <= 2, f"{what}: {lines}")
    wanted(digest(path) == before, f"{what}: the file was changed")
    print(f"ok   {what}: {lines[0].split('.token: ')[-1]}")


def spoilt(place, what):
    others_work(place, what)
    out, log = place.run("bad", "check", good=False)
    wanted(out[-1] != "checked 0", f"{what}: used all the same")
    wanted(out[-1].endswith("0x30"), f"{what}: {out[-1]}")
    wanted(any("changed by something else" in line for line in log),
           f"{what}: {log}")
    print(f"ok   {what}: {log[0].split('error: ')[-1]}")


def flips(place, path, pristine):
    """One bit at a time, spread over the file: noticed, or without effect."""
    seen = 0
    size = len(pristine)
    whole = place.objects("bad")
    for number in range(FLIPS):
        at = (number * 2654435761 + number) % size
        data = bytearray(pristine)
        data[at] ^= 1 << number % 8
        path.write_bytes(data)
        tokens, log = place.tokens()
        wanted("good" in tokens, f"bit {at}: the good token is gone")
        if "bad" not in tokens:
            # its label may be what was changed
            seen += 1
            wanted(log or len(tokens) == 2, f"bit {at}: no line in the log")
        else:
            out, log = place.run("bad", "check", good=False)
            if out[-1] == "checked 0":
                rows = sorted(line.split(" ", 2)[1:] for line in out[:-1])
                good = sorted([str(kind), name] for kind in whole
                              for name in whole[kind])
                # a row out of reach is missed; none may be wrong
                wanted(all(row in good for row in rows), f"bit {at}: {rows}")
            else:
                seen += 1
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    print(f"ok   {FLIPS} bits, {seen} noticed")


def main():
    need("sqlite3")
    place = Place(*sys.argv[1:3])
    place.make("good")
    path = place.make("bad")
    settle(path)
    pristine = path.with_suffix(".pristine")
    shutil.copy(path, pristine)
    for what, change in (REFUSED | SPOILT).items():
        shutil.copy(pristine, path)
        change(path)
        if what in REFUSED:
            refused(place, path, what)
        else:
            spoilt(place, what)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copy(pristine, path)
    flips(place, path, pristine.read_bytes())
    shutil.copy(pristine, path)
    wanted(place.objects("bad") == place.objects("good"), "after all")


main()
