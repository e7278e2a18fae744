#!/usr/bin/python3
"""Follows a how-to page: runs its commands, and looks for what it says that
they print.

usage: page.py PAGE.md [--without WORDS]... [NAME=VALUE...]

In the page, a fence ```sh is run by bash, one shell for the whole page, which
stops at the first command that fails; a fence ```text behind it has lines that
must be in its output, in that order, with ... for what may be anything. A
fence whose info is a language and a path (```ini /etc/signet.conf; /, ~/ or ./ begins the path) is a file
that is written. Other fences are left alone. NAME=VALUE stands in for the
value that the page itself gives NAME. --without leaves out the sections with
WORDS in their heading; there has to be one.
"""

import os
import re
import subprocess
import sys

MARK = "--- end of block "
END = "--- end of page"
FENCE = re.compile(r"^```(\S*)[ \t]*(\S*)[^\n]*\n(.*?)^```$", re.M | re.S)


def steps(text, values):
    """The shell's script for each fence that is run or written."""
    for language, path, body in FENCE.findall(text):
        if language == "sh":
            for name, value in values.items():
                body = re.sub(rf"^((?:export )?(?:\S+ )*{name})="
                              r"(?:'[^']*'|\S*)",
                              lambda found: f"{found[1]}='{value}'",
                              body, flags=re.M)
            yield body, ""
        elif language == "text" and not path:
            yield None, body
        elif path.startswith(("/", "~/", "./")):
            target = os.path.expanduser(path)
            yield (f"mkdir -p '{os.path.dirname(target)}'\n"
                   f"cat >'{target}' <<'END-OF-FILE'\n{body}END-OF-FILE\n", "")


def blocks(text, values):
    """Scripts and the lines that each has to print."""
    found = []
    for script, wanted in steps(text, values):
        if script is not None:
            found.append([script, []])
        else:
            found[-1][1] += wanted.splitlines()
    return found


def missing(output, wanted):
    """The first of the lines that does not follow those before, or None."""
    lines = iter(output.splitlines())
    for line in wanted:
        parts = map(re.escape, line.strip().split("..."))
        pattern = re.compile(".*".join(parts))
        if not any(pattern.search(have) for have in lines):
            return line
    return None


def main():
    page, words = sys.argv[1], sys.argv[2:]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    while words and words[0] == "--without":
        sections = re.split(r"^(?=#)", text, flags=re.M)
        kept = [section for section in sections
                if words[1] not in section.partition("\n")[0]]
        if len(kept) == len(sections):
            sys.exit(f"FAIL: {page} has no heading with: {words[1]}")
        text, words = "".join(kept), words[2:]
    found = blocks(text, dict(word.split("=", 1) for word in words))
    if not any(script for script, _ in found):
        sys.exit(f"FAIL: {page} has no commands")
    # Servers that a page leaves behind when it fails keep the pipe open.
    script = f"set -euo pipefail\ntrap 'echo; echo {END}' EXIT\n" + "".join(
        f"{script}\necho '{MARK}{number}'\n"
        for number, (script, _) in enumerate(found))
    shell = subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = ""
    for line in shell.stdout:
        output += line.decode(errors="replace")
        print(output.splitlines()[-1], flush=True)
        if line == f"{END}\n".encode():
            break
    shell.wait()
    parts = re.split(rf"^{MARK}\d+\n", output, flags=re.M)
    for (_, wanted), part in zip(found, parts):
        line = missing(part, wanted)
        if line is not None:
            sys.exit(f"FAIL: {page} promises a line that is not there: {line}")
    if shell.returncode != 0:
        sys.exit(f"FAIL: block {len(parts) - 1} of {page} ended with "
                 f"{shell.returncode}:\n{found[len(parts) - 1][0]}")
    print(f"{len(found)} blocks of {page} do what they say")


main()
