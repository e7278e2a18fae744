#!/usr/bin/env bash
# Runs a command beside a simulated OpenPGP card behind a pcscd of its own.
# usage: on_openpgp.sh CARD KEY-FOLDER SET OPTIONS COMMAND...
# OPTIONS are for the card program; a card before version 3 has one certificate,
# one of SET none nothing.
# The command sees the folder of the card's keys as CARD_KEYS, the file with a
# line per exchange as CARD_TRACE, and CARD_TELL, which asks or tells the card.
set -euo pipefail

card=$(realpath "$1") keys=$2 set=$3 options=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)
load=
if [ "$set" != none ]; then
	"$here/../pcscd/personalise" "$keys" "$set"
	load=$(cat "$keys/$set/card")
fi
case $options in
*neo* | *4.3* | *gnuk* | *zeitcontrol-2*)
	load=$(sed 's/--cert sig=[^ ]*//; s/--cert dec=[^ ]*//' <<<"$load") ;;
esac

export CARD_KEYS=$keys/$set CARD_PROGRAM=$card
"$here/../pcscd/run" --card "'$card' --port @PORT@ --trace @TRACE@ \
	--control @CONTROL@ $load $options" -- \
	bash -c 'export CARD_TRACE=$SIGNET_TEST_DIR/card0.trace
		export CARD_TELL="$CARD_PROGRAM --tell $SIGNET_TEST_DIR/card0.control"
		exec "$@"' - "$@"
