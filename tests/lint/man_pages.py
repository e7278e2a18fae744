#!/usr/bin/env python3
"""The manual pages name the settings and the refused functions that there are,
no fewer and no more.

usage: man_pages.py ROOT
"""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
failed = False


def compare(what, code, page):
    global failed
    if not code:
        sys.exit(f"{what}: none found in the code")
    for name in sorted(code - page):
        print(f"{what}: {name} is not in the manual page")
    for name in sorted(page - code):
        print(f"{what}: {name} is in the manual page alone")
    failed |= code != page
    print(f"{len(code)} {what}")


code = (root / "base/settings.c").read_text()
page = (root / "docs/man/signet.conf.5").read_text()
compare("settings",
        set(re.findall(r'\{ "([a-z._]+)", "(SIGNET_\w+)"', code)),
        set(re.findall(r'^\.BR ([a-z._]+) " \((SIGNET_\w+)\)"$', page, re.M)))
readme = (root / "README.md").read_text()
compare("settings of README",
        set(re.findall(r'\{ "([a-z._]+)", "SIGNET_\w+"', code)),
        set(re.findall(r"`([a-z]+\.[a-z_]+|applets|cache)`(?=.*\| `SIGNET_)",
                       readme)))

code = (root / "pkcs11/unsupported.c").read_text()
page = (root / "docs/man/signet-pkcs11.7").read_text()
page = page[page.index("CKR_FUNCTION_NOT_PARALLEL:"):page.index(".PP\nWhat a")]
compare("refused functions", set(re.findall(r"^(C_\w+)\(", code, re.M)),
        set(re.findall(r"\bC_\w+", page)))
sys.exit(failed)
