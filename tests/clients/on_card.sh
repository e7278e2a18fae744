#!/usr/bin/env bash
# Runs a command beside a simulated PIV card behind a pcscd of its own.
# usage: on_card.sh PIV-CARD KEY-FOLDER SET short|extended|other|yubikey|global|t0 COMMAND...
# The command sees the folder of the card's keys as CARD_KEYS, the file with a
# line per exchange as CARD_TRACE, and CARD_TELL, which asks or tells the card.
set -euo pipefail

card=$(realpath "$1") keys=$2 set=$3 length=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)
"$here/../pcscd/personalise" "$keys" "$set"

case $length in
short) options='--firmware nist --extended off --atr 3B80800101' ;;
extended) options='--firmware nist --extended on' ;;
other) options='--firmware nist --extended on --second-applet' ;;
yubikey) options='--firmware 5.4' ;;
global)
	options='--firmware nist --extended off --quirk discovery-global'
	options+=' --global-pin 73918264'
	;;
t0) options='--firmware nist --extended off --atr 3B00' ;;
esac
export CARD_KEYS=$keys/$set CARD_PROGRAM=$card
# Not known before the runner has made its folder.
"$here/../pcscd/run" --card "'$card' --port @PORT@ --trace @TRACE@ \
	--control @CONTROL@ $options $(cat "$keys/$set/card")" -- \
	bash -c 'export CARD_TRACE=$SIGNET_TEST_DIR/card0.trace
		export CARD_TELL="$CARD_PROGRAM --tell $SIGNET_TEST_DIR/card0.control"
		exec "$@"' - "$@"
