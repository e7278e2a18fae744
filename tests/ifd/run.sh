#!/usr/bin/env bash
# Runs a command beside a card in a reader of ours.
# usage: run.sh DRIVER FAKES ON_CARD PIV-CARD KEYS short|extended|t0 COMMAND...
set -euo pipefail

driver=$1 fakes=$2 on_card=$3 card=$4 keys=$5 length=$6
shift 6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SIGNET_VPCD_DRIVER=$driver SIGNET_IFD=$fakes
export SIGNET_IFD_PINS=$work/typed SIGNET_IFD_STALL=$work/stall
"$on_card" "$card" "$keys" rsa2048 "$length" \
	bash -c 'export SIGNET_LOG_LEVEL=debug \
		SIGNET_LOG_FILE=$SIGNET_TEST_DIR/signet.log; "$@"' - "$@"
