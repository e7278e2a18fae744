#!/usr/bin/env bash
# ssh-add -s gives the agent a card's keys, and offers its one PIN to every
# token: none but PIV's counter may move on a card whose OpenPGP is empty, or is
# not shown. Where it has keys and another PIN, each ssh-add costs it a try.
# usage: ssh_add.sh MODULE, beside a card (on_both.sh); with SHOWN=both where its
# OpenPGP has keys and is shown
. "$(dirname "$0")/common.sh"

counters() {
	$CARD_TELL state | grep -oE '\b(pin|puk|pw1|pw3|rc)=[0-9]+'
}

# add PIN: as a user would, but for who types it
add() {
	printf '#!/bin/sh\necho "asked" >>"%s/asked"\necho "%s"\n' "$work" "$1" \
		>"$work/askpass"
	chmod 700 "$work/askpass"
	SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force \
		ssh-add -s "$module" </dev/null >"$work/added" 2>&1
}

# expect TRIES [PW1]: of PIV's PIN and OpenPGP's, and all others as before
expect() {
	counters >"$work/now"
	echo "now:" $(cat "$work/now")
	sed "s/^pin=.*/pin=$1/; s/^pw1=.*/pw1=${2:-3}/" "$work/before" |
		diff - "$work/now" || fail "the tries are not as they should be"
}

# The agent takes modules of the system's folders only, unless it is told.
eval "$(ssh-agent -s -P "$(dirname "$module")/*")" >/dev/null
trap 'kill "$SSH_AGENT_PID"; rm -rf "$work"' EXIT
counters >"$work/before"
echo "before:" $(cat "$work/before")
[ "$(wc -l <"$work/before")" -ge 4 ] || fail "the card tells no counters"

if [ "${SHOWN-}" = both ]; then
	add $pin || fail "PIV's PIN is refused: $(cat "$work/added")"
	expect 3 2
	ssh-add -L >"$work/keys"
	[ "$(wc -l <"$work/keys")" -eq 4 ] || fail "not the four keys of PIV"
	ssh-add -e "$module" || fail "the keys cannot be taken out"
	add 654321 || fail "OpenPGP's PIN is refused: $(cat "$work/added")"
	expect 2 3
	exit
fi

add 654321 && fail "a wrong PIN is taken"
expect 2
add 999999 && fail "another wrong PIN is taken"
expect 1
add $pin || fail "the right PIN is refused: $(cat "$work/added")"
expect 3
[ "$(wc -l <"$work/asked")" -eq 3 ] || fail "not one question for each time"

ssh-add -L >"$work/keys"
cut -c1-60 "$work/keys"
[ "$(wc -l <"$work/keys")" -eq 4 ] || fail "not the four keys of PIV"
sed -n 1p "$work/keys" >"$work/key.pub"
ssh-keygen -Y sign -q -f "$work/key.pub" -n file <"$0" >"$work/signature" ||
	fail "the agent does not sign"
ssh-keygen -Y check-novalidate -n file -s "$work/signature" <"$0" >/dev/null ||
	fail "OpenSSH refuses the signature"
ssh-add -e "$module" || fail "the keys cannot be taken out"
! ssh-add -L >/dev/null || fail "keys are left"
expect 3
