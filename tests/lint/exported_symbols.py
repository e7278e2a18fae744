#!/usr/bin/env python3
"""The module exports every C_ function of the header, and nothing else."""

import pathlib
import re
import subprocess
import sys


def main():
    module, header = sys.argv[1:3]
    out = subprocess.run(["nm", "-D", "--defined-only", module], check=True,
                         capture_output=True, text=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in out.splitlines()}
    exported = {name for name in exported if not name.startswith("SIGNET_")}
    declared = set(re.findall(r"\bC_[A-Z]\w+", pathlib.Path(header).read_text()))
    foreign = {name for name in exported if not name.startswith("C_")}
    missing = declared - exported
    if len(declared) < 100:
        sys.exit("hardly any functions: wrong header?")
    print(f"{len(exported)} exported, {len(declared)} declared")
    print("foreign:", sorted(foreign) or "none")
    print("missing:", sorted(missing) or "none")
    sys.exit(bool(foreign or missing))


main()
