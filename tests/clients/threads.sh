#!/usr/bin/env bash
# 64 threads on a software token and two simulated cards at once.
# usage: threads.sh PROGRAM PIV-CARD KEY-FOLDER MODULE forks|stays
#   forks  meanwhile a child starts and stops the module for itself
set -euo pipefail
program=$(realpath "$1") card=$(realpath "$2") keys=$3 module=$(realpath "$4") how=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

lines=()
for set in rsa2048 p256; do
	"$here/../pcscd/personalise" "$keys" $set
	lines+=(--card "'$card' --port @PORT@ --firmware nist --extended on \
		$(cat "$keys/$set/card")")
done
export SIGNET_SOFTTOKEN=on SIGNET_SOFTTOKEN_KDF=pbkdf2:1000
export SIGNET_CACHE=off
"$here/../pcscd/run" "${lines[@]}" -- "$program" "$module" 123456 3 "$how"
