#!/usr/bin/env bash
# usage: run.sh FAULTS MODULE piv|openpgp cold|warm|shared|write (beside a card)
[ "$4" = warm ] || export SIGNET_CACHE=off
exec "$1" "$2" "$SIGNET_TEST_DIR/card0.control" "$CARD_KEYS/${PIV_SET:-}" "$3" "$4"
