#!/usr/bin/env bash
# Follows docs/howto/strongswan.md with a PIV card, then another connection, a
# card that goes and comes, and a wrong PIN.
# usage: strongswan.sh COMMAND... (which follows the page)
. "$(dirname "$0")/count.sh"
"$@"

# refused: no connection is made
refused() {
	! swanctl --initiate --child office --timeout 10 || fail "connected"
}

# loaded: the card is seen, which takes its time after it came, and has the key
loaded() {
	local turn
	for turn in {1..60}; do
		swanctl --load-creds --clear 2>&1 | tee said
		! grep 'loaded key token-card' said || return 0
		sleep 0.5
	done
	fail "no key"
}

count_start
swanctl --initiate --child office
sent 0 'another connection'
swanctl --terminate --ike office

$CARD_TELL remove
refused
sent 0 'no card'
$CARD_TELL insert
loaded
swanctl --initiate --child office
sent 1 'the card is back'
swanctl --terminate --ike office

# To a daemon that is logged in any PIN is right; to a new one it is not.
client=$(cat /run/charon.pid)
kill "$client"
while kill -0 "$client" 2>/dev/null; do sleep 0.1; done
sed -i 's/pin = .*/pin = 654321/' /etc/swanctl/conf.d/office.conf
/usr/lib/ipsec/charon >client2.log 2>&1 &
timeout 60 sh -c 'until swanctl --stats >/dev/null 2>&1; do sleep 0.2; done'
swanctl --load-all 2>&1 | tee said
grep "loading 'token-card' failed" said || fail "a wrong PIN loads the key"
refused
sent 1 'a wrong PIN'
tries 2
