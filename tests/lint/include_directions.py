#!/usr/bin/env python3
"""Fails on an #include or a call that goes against docs/architecture.md."""

import pathlib
import re
import sys

BELOW = {
    "base": [],
    "crypto": ["base"],
    "pcsc": ["crypto", "base"],
    "cardos": ["crypto", "base"],
    "softtoken": ["crypto", "base"],
    "pkcs11": ["cardos", "softtoken", "pcsc", "crypto", "base"],
    "tools": [],
}
LIBRARIES = {  # what an include begins with: the only rooms that may have it
    "PCSC/": ["pcsc"], "winscard": ["pcsc"], "wintypes": ["pcsc"],
    "pcsclite": ["pcsc"], "reader.h>": ["pcsc"],
    "sqlite3": ["softtoken", "tools"],
    "openssl/": ["crypto", "softtoken", "tools"],
    "zlib": ["crypto"],
    "ini.h": ["base"],
    "p11-kit": [],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
UNBOUNDED = re.compile(
    r"\b(sprintf|vsprintf|strcpy|strcat|gets|alloca|strncpy|strtok)\s*\(")
RAW_COPY = re.compile(r"\b(memcpy|memmove)\s*\(")
# Spelled so that this line is none itself.
PROMISE = re.compile(r"\b(TO[D]O|FIX[M]E|X{3})\b")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def wrong_include(root, room, path, mark, name):
    for start, rooms in LIBRARIES.items():
        shown = name + (">" if mark == "<" else "")
        if shown.startswith(start) and room not in rooms:
            return f"{name} does not belong in {room}/"
    if mark == "<":
        return None
    if (path.parent / name).exists() or (root / "include" / name).exists():
        return None
    target = name.split("/")[-2] if "/" in name else ""
    if target in BELOW[room]:
        return None
    return f"{name} is not below {room}/"


def check(root, room, path):
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        wrong = wrong_include(root, room, path, *match.groups())
        if wrong:
            yield wrong
    if PROMISE.search(text):
        yield "holds a promise instead of work"
    code = COMMENT.sub("", text)
    if UNBOUNDED.search(code):
        yield "calls " + UNBOUNDED.search(code).group(1)
    if RAW_COPY.search(code) and path.name not in ("bytes.c", "tlv.c"):
        yield "copies memory outside bytes.c"


def main():
    root = pathlib.Path(sys.argv[1])
    count = failed = 0
    for room in list(BELOW) + ["include"]:
        for path in sorted((root / room).glob("*.[ch]")):
            count += 1
            for wrong in check(root, room if room in BELOW else "base", path):
                failed += 1
                print(f"{path}: {wrong}")
    if count < 20:
        sys.exit("hardly any sources: wrong folder?")
    print(f"{count} files, {failed} against a rule")
    sys.exit(failed > 0)


main()
