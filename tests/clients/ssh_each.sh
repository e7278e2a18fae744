#!/usr/bin/env bash
# Logs in with each of a card's keys that sign, by ssh -I and by the agent, and
# with no other. No try is lost.
# usage: ssh_each.sh MODULE NUMBER... (of the keys that sign, in the order of
# ssh-keygen -D, with a card in the reader)
. "$(dirname "$0")/ssh.sh"
signing=" ${*:2} "

tries() {
	$CARD_TELL state | grep -oE '\b(pin|puk|pw1|pw3|rc)=[0-9]+'
}

# each OPTION...: the keys that log in are those that sign
each() {
	local number
	for number in $(seq "$(wc -l <keys.pub)"); do
		sed -n "${number}p" keys.pub >"$number.pub"
		if [[ $signing = *" $number "* ]]; then
			login "$number" "$@" || fail "key $number does not"
		else
			! login "$number" "$@" 2>/dev/null ||
				fail "key $number does"
		fi
	done
}

tries >before
each -I "$module"
agent
ssh-add -s "$module" || fail "ssh-add -s"
each
tries | diff before - || fail "tries were lost"
