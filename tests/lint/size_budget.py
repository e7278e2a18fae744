#!/usr/bin/env python3
"""Holds the sources against the size budget of docs/architecture.md.

Prints what is over the plain limit, fails at the hard one.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOMS = ["base", "crypto", "pcsc", "cardos", "softtoken", "pkcs11", "tools"]
FILE_LINES, FILE_LINES_MAX = 500, 1000
HEADER_LINES_MAX = 150
FUNCTION_LINES, FUNCTION_LINES_MAX = 40, 80
NESTING_MAX = 3
PARAMETERS_MAX = 6


def functions(path):
    """Yields name, first line, last line, parameter list of each function."""
    out = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+neS", "--c-kinds=f",
         "-f", "-", str(path)], check=True, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["name"], tag["line"], tag["end"], tag.get("signature", "")


def bare(text):
    """The text with comments and literals blanked, its lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  blank, text, flags=re.S)


def nesting(lines):
    """How deep the blocks of a function's body are."""
    depth = deepest = 0
    for char in "".join(lines):
        if char == "{":
            depth += 1
            deepest = max(deepest, depth)
        elif char == "}":
            depth -= 1
    return deepest - 1


def parameters(signature):
    inner = signature.strip()[1:-1]
    depth = count = 0
    for char in inner:
        depth += char in "(["
        depth -= char in ")]"
        count += char == "," and depth == 0
    return 0 if inner.strip() in ("", "void") else count + 1


def check_function(path, lines, function):
    name, first, last, signature = function
    where = f"{path}:{first}: {name}"
    size = last - first + 1
    deep = nesting(lines[first - 1:last])
    wide = parameters(signature)
    if size > FUNCTION_LINES:
        yield size > FUNCTION_LINES_MAX, f"{where}: {size} lines"
    if deep > NESTING_MAX:
        yield True, f"{where}: nested {deep} deep"
    if wide > PARAMETERS_MAX and not name.startswith("C_"):
        yield True, f"{where}: {wide} parameters"


def check_file(path):
    text = path.read_text()
    lines = bare(text).splitlines(keepends=True)
    size = len(lines)
    if path.suffix == ".h" and path.parent.name == "include":
        if size > HEADER_LINES_MAX and path.name != "cryptoki.h":
            yield True, f"{path}: {size} lines"
    elif size > FILE_LINES:
        yield size > FILE_LINES_MAX, f"{path}: {size} lines"
    if path.suffix == ".c":
        for function in functions(path):
            yield from check_function(path, lines, function)


def main():
    root = pathlib.Path(sys.argv[1])
    sources = [path for room in ROOMS + ["include"]
               for path in sorted((root / room).glob("*.[ch]"))]
    if len(sources) < 20:
        sys.exit("hardly any sources: wrong folder?")
    failed = 0
    for path in sources:
        for hard, text in check_file(path):
            failed += hard
            print("FAIL" if hard else "over", text)
    print(f"{len(sources)} files, {failed} over the hard limit")
    sys.exit(failed > 0)


main()
