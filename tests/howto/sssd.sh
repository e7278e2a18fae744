#!/usr/bin/env bash
# Follows docs/howto/sssd.md, then tries what must be refused, and a card that
# comes late.
# usage: sssd.sh COMMAND... (which follows the page)
. "$(dirname "$0")/count.sh"
login=signet-user
useradd --no-create-home --home-dir / $login
# Not made by sssd itself.
mkdir -p /run/sssd
"$@" LOGIN=$login

# log_in USER PIN
log_in() {
	echo "$2" | timeout 60 env -i pamtester card-login "$1" authenticate 2>&1
}

# refused WORDS USER PIN
refused() {
	local output
	! output=$(log_in "$2" "$3") || fail "PIN $3 lets $2 in"
	grep "$1" <<<"$output" || fail "no '$1' in: $output"
}

count_start
refused 'Authentication failure' $login 654321
sent 1 'a wrong PIN'
tries 2
refused 'Please (re)insert' nobody 123456
sent 0 "somebody else's card"
log_in $login 123456
sent 1 'a login'
tries 3
[ -n "$(ls /var/cache/signet)" ] || fail "nothing is in the cache"

$CARD_TELL remove
log_in $login 123456 >late &
sleep 2
sent 0 'no card'
$CARD_TELL insert
wait $! || fail "the card came in vain: $(cat late)"
sent 1 'a card that came late'
