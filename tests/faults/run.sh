#!/usr/bin/env bash
# usage: run.sh FAULTS MODULE (on a card)
# Each run takes as many exchanges as the first.
export SIGNET_CACHE=off
exec "$1" "$2" "$SIGNET_TEST_DIR/card0.control" \
	"$CARD_KEYS/9a.pub" "$CARD_KEYS/9d.pub"
