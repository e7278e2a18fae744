#!/usr/bin/env bash
# Runs a command beside a simulated card without keys, behind a pcscd of its
# own. usage: on_new.sh CARD OPTIONS COMMAND...
# The command sees the file with a line per exchange as CARD_TRACE, and
# CARD_TELL, which asks or tells the card.
set -euo pipefail

card=$(realpath "$1") options=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
export CARD_PROGRAM=$card
"$here/../pcscd/run" --card "'$card' --port @PORT@ --trace @TRACE@ \
	--control @CONTROL@ $options" -- \
	bash -c 'export CARD_TRACE=$SIGNET_TEST_DIR/card0.trace
		export CARD_TELL="$CARD_PROGRAM --tell $SIGNET_TEST_DIR/card0.control"
		exec "$@"' - "$@"
