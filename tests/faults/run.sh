#!/usr/bin/env bash
# usage: run.sh FAULTS MODULE (on a card)
exec "$1" "$2" "$SIGNET_TEST_DIR/card0.control" \
	"$CARD_KEYS/9a.pub" "$CARD_KEYS/9d.pub"
