#!/usr/bin/env bash
# The agent's keys after the card was out: `ssh-add -e` and `-s` bring them back,
# in whichever moment -e comes, and no try is lost.
# usage: ssh_reinserted.sh MODULE NUMBER (of the key, with a card in the reader)
. "$(dirname "$0")/ssh.sh"

sed -n "$2p" keys.pub >key.pub
tries() {
	$CARD_TELL state | grep -oE '\b(pin|puk|pw1|pw3|rc)=[0-9]+'
}
tries >before

# insert: and wait until the reader service has seen it
insert() {
	$CARD_TELL insert
	until ssh-keygen -D "$module" >now.pub 2>/dev/null; do
		sleep 0.2
	done
}

agent
ssh-add -s "$module" || fail "ssh-add -s"
login key || fail "the agent does not log in"

$CARD_TELL remove
! login key 2>refused || fail "the agent logs in without a card"
grep -q 'agent refused operation' refused || fail "no refusal: $(cat refused)"
insert
ssh-add -e "$module" || fail "ssh-add -e after the card came back"
ssh-add -s "$module" || fail "ssh-add -s after that"
login key || fail "the agent does not log in with the card back"

$CARD_TELL remove
ssh-add -e "$module" || fail "ssh-add -e without a card"
! ssh-add -s "$module" || fail "ssh-add -s without a card"
insert
ssh-add -s "$module" || fail "ssh-add -s when the card is back"
login key || fail "the agent does not log in the second time"

tries | diff before - || fail "tries were lost"
