#!/usr/bin/env bash
# Uses and writes to OpenPGP cards with known deviations of real ones that no
# card of a name has, several at once.
# usage: openpgp_quirks.sh MODULE OPENPGP-CARD KEY-FOLDER
set -euo pipefail

module=$(realpath "$1") card=$(realpath "$2") keys=$3
here=$(cd "$(dirname "$0")" && pwd)

# on SET OPTIONS QUIRK... -- SCRIPT ARGUMENT...
on() {
	local set=$1 options=$2 script
	shift 2
	while [ "$1" != -- ]; do
		options+=" --quirk pgp-$1"
		shift
	done
	script=$here/$2
	shift 2
	echo "== $options: ${script##*/}"
	"$here/on_openpgp.sh" "$card" "$keys" "$set" "$options" "$script" \
		"$module" "$@"
}

strange='select-fci reselect-keeps-pin terminated-6985 application-short
	one-shot-6985 empty-verify-ends point-40 attributes-trail'
on pgp-rsa2048 '--firmware generic' $strange -- openpgp.sh 6 rsa
on none '--firmware generic --extended off' $strange unknown-6a83 \
	code-6985 -- openpgp_write.py p256 x25519 ed25519 --data
on pgp-rsa2048 '--firmware generic --pw1-often --rc 87654321' $strange \
	length-6700 code-6985 -- openpgp_pin.py
