#!/usr/bin/env bash
# 9C of a PIV card wants the PIN for each signature. ssh asks for it; the agent
# of OpenSSH cannot, and what it then fails with must not spoil its other keys.
# usage: ssh_pin_always.sh MODULE (with a card in the reader)
. "$(dirname "$0")/ssh.sh"

[ "$(wc -l <keys.pub)" -eq 4 ] || fail "not four keys"
sed -n 1p keys.pub >9a.pub
sed -n 2p keys.pub >9c.pub

login 9c -I "$module" || fail "ssh does not log in with 9C"
asked 1

agent
ssh-add -s "$module" || fail "ssh-add -s"
asked 1
login 9a || fail "the agent does not log in with 9A"
for _ in 1 2 3; do
	! login 9c 2>/dev/null || fail "the agent asks for the PIN of 9C"
	login 9a || fail "9A is spoilt by 9C"
done
login 9c -I "$module" || fail "ssh does not log in with 9C any more"

# Without the flag the PIN that was kept does it, also where the PIN was verified
# when the card was first looked at: the second agent's helper comes before the
# card has lost its power.
ssh-add -e "$module" || fail "ssh-add -e"
ssh-agent -k >/dev/null
export SIGNET_PIV_ALWAYS_AUTHENTICATE=no
rm asked
agent
ssh-add -s "$module" || fail "ssh-add -s without the flag"
login 9c || fail "the agent does not log in with 9C without the flag"
login 9a || fail "nor with 9A after it"
login 9c || fail "nor with 9C again"
asked 1
