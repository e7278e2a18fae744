#!/usr/bin/env bash
# README's first command does what README says, without a terminal.
# usage: try.sh SOURCE-FOLDER
set -euo pipefail
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$1" --exclude './build*' --exclude ./.git -cf - . | tar -C "$copy" -xf -
"$copy/try" </dev/null 2>&1 | tee "$copy/output"
[ "$(grep -c '^Verified OK$' "$copy/output")" -eq 2 ]
