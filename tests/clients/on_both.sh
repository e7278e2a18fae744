#!/usr/bin/env bash
# Runs a command beside a simulated YubiKey with PIV and OpenPGP, behind a pcscd
# of its own. PIV's PIN is 123456, OpenPGP's 654321.
# usage: on_both.sh CARD KEY-FOLDER COMMAND...
# The command sees the keys' folder as CARD_KEYS, and CARD_TELL, which asks or
# tells the card.
set -euo pipefail

card=$(realpath "$1") keys=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
"$here/../pcscd/personalise" "$keys" p256 pgp-rsa2048

export CARD_KEYS=$keys CARD_PROGRAM=$card
"$here/../pcscd/run" --card "'$card' --port @PORT@ --control @CONTROL@ \
	--firmware 5.4 --pw1 654321 --pw1-often $(cat "$keys/p256/card") \
	$(cat "$keys/pgp-rsa2048/card")" -- \
	bash -c 'export CARD_TELL="$CARD_PROGRAM --tell $SIGNET_TEST_DIR/card0.control"
		exec "$@"' - "$@"
