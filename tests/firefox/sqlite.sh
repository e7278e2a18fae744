#!/usr/bin/env bash
# Firefox brings an SQLite of its own, which comes before ours: what the module
# calls has to be in it, as half of each is none.
# usage: sqlite.sh MODULE
set -euo pipefail

symbols() {
	nm --dynamic "$@" | sed -n 's/.* \(sqlite3_[a-z0-9_]*\).*/\1/p' | sort
}

theirs=$(symbols --defined-only /usr/lib/firefox-esr/libmozsqlite3.so)
ours=$(symbols --undefined-only "$1")
[ -n "$ours" ] || { echo "FAIL: the module calls no SQLite"; exit 1; }
missing=$(comm -13 <(echo "$theirs") <(echo "$ours"))
[ -z "$missing" ] || { echo "FAIL: not in Firefox's SQLite:" $missing; exit 1; }
