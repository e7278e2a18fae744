#!/usr/bin/env bash
# Runs a command beside a simulated YubiKey with PIV and OpenPGP, behind a pcscd
# of its own. PIV's PIN is 123456, OpenPGP's 654321.
# usage: on_both.sh CARD KEY-FOLDER COMMAND...
# The command sees the keys' folder as CARD_KEYS, the file with a line per
# exchange as CARD_TRACE, and CARD_TELL, which asks or tells the card. PIV_SET
# chooses the keys of PIV, P-256 by default, PGP_SET those of OpenPGP; empty:
# none.
set -euo pipefail

card=$(realpath "$1") keys=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
piv=${PIV_SET:-p256} pgp=${PGP_SET-pgp-rsa2048}
"$here/../pcscd/personalise" "$keys" "$piv" $pgp

export CARD_KEYS=$keys CARD_PROGRAM=$card
"$here/../pcscd/run" --card "'$card' --port @PORT@ --trace @TRACE@ \
	--control @CONTROL@ \
	--firmware 5.4 --pw1 654321 --pw1-often $(cat "$keys/$piv/card") \
	${pgp:+$(cat "$keys/$pgp/card")}" -- \
	bash -c 'export CARD_TRACE=$SIGNET_TEST_DIR/card0.trace
		export CARD_TELL="$CARD_PROGRAM --tell $SIGNET_TEST_DIR/card0.control"
		exec "$@"' - "$@"
