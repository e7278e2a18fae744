# What the tests share that count the PINs a card is sent. Sourced.
set -euo pipefail

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# A VERIFY that has a PIN: PIV's, or OpenPGP's PW1. The latter goes to the card
# once more (81) for its signature key, when it is known to be right.
pins() {
	grep -c '^> 002000\(80\|82\)0[1-9]' "$CARD_TRACE" || :
}

# count_start: from now on
count_start() {
	sent_before=$(pins)
}

# sent N WHY: so many PINs have gone to the card since the last question, or
# will shortly
sent() {
	local turn now
	for turn in {1..150}; do
		now=$(($(pins) - sent_before))
		[ "$now" -lt "$1" ] || break
		sleep 0.2
	done
	[ "$now" -eq "$1" ] || fail "$now PINs, not $1: $2"
	sent_before=$((sent_before + now))
}

# tries N: so many are left on the card
tries() {
	$CARD_TELL state | grep " \(pin\|pw1\)=$1/" ||
		fail "not $1 tries: $($CARD_TELL state)"
}
