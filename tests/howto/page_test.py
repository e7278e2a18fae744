#!/usr/bin/python3
"""page.py leaves out the sections that it is told to, and fails when a page
has none of them: a heading that got another name would be followed unseen.

usage: page_test.py PAGE.PY
"""

import os
import subprocess
import sys
import tempfile

PAGE = """# A page
```sh
echo first
```
## For the card
```sh
echo second
```
"""


def follow(path, *words):
    """Exit code and output of page.py."""
    done = subprocess.run([sys.argv[1], path, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


with tempfile.TemporaryDirectory() as folder:
    page = os.path.join(folder, "page.md")
    with open(page, "w", encoding="utf-8") as file:
        file.write(PAGE)
    code, output = follow(page, "--without", "the cards")
    assert code == 1 and "no heading with: the cards" in output, output
    assert "first" not in output, output
    code, output = follow(page, "--without", "the card")
    assert code == 0 and "first" in output, output
    assert "second" not in output, output
    code, output = follow(page)
    assert code == 0 and "second" in output, output
