#!/usr/bin/env bash
# Signs, decrypts and writes on cards with the known deviations of real ones,
# several at once. usage: piv_quirks.sh MODULE PIV-CARD KEY-FOLDER
set -euo pipefail

module=$(realpath "$1") card=$(realpath "$2") keys=$3
here=$(cd "$(dirname "$0")" && pwd)
"$here/../pcscd/personalise" "$keys" rsa2048 p256
keys=$(realpath "$keys")

# on SET KIND WRITES OPTIONS QUIRK...
on() {
	local set=$1 kind=$2 writes=$3 options="$(<"$keys/$1/card") $4" pin=123456
	shift 4
	for quirk; do
		options+=" --quirk $quirk"
		[ $quirk != discovery-global ] || pin=73918264
	done
	echo "== $set: $*"
	"$here/on_new.sh" "$card" "$options" "$here/piv_quirk.sh" "$module" \
		"$keys/$set" $kind $writes $pin
}

on rsa2048 rsa write '--firmware 5.4' apt-shifted bare-61xx absent-5300 \
	length-6700 630x no-discovery no-empty-verify unknown-aid-deselects
on rsa2048 rsa write '--firmware 5.4 --extended off' apt-nested select-61xx \
	chunk-255 absent-empty discovery-6a80 no-verify-ff mutual-no-82
on rsa2048 rsa write '--firmware nist --extended off' hide-more select-6282 \
	pin-before-absent last-try-6983 pin-digits mutual-empty challenge-once
on p256 ec write '--firmware 5.4' apt-label aid-9-or-11 none-selected \
	reselect-drops-pin exact-hash-length metadata-nonsense select-0c-6d00
on rsa2048 rsa read '--firmware 5.4' apt-full-aid get-data-6cxx plain-6300 \
	metadata-empty establish-only no-9b
on p256 ec read '--firmware nist --global-pin 73918264' discovery-global \
	apt-empty no-le-61xx chain-stays no-yubico
