#!/usr/bin/env bash
# Follows docs/howto/pkinit.md, then tries what must be refused.
# usage: pkinit.sh COMMAND... (which follows the page)
set -euo pipefail
export KRB5CCNAME=FILE:$PWD/tickets
"$@"

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# refused WORDS PRINCIPAL PIN
refused() {
	local output
	! output=$(echo "$3" | kinit "$2" 2>&1) || fail "a ticket for $2"
	grep "$1" <<<"$output" || fail "no '$1' in: $output"
	! klist 2>/dev/null || fail "a ticket for $2"
}

# sent N: so many PINs were sent to the card since the last time
sent() {
	local now
	now=$(grep -c '^> 0020008008' "$CARD_TRACE") || :
	[ $((now - seen)) -eq "$1" ] || fail "$((now - seen)) PINs, not $1"
	seen=$now
}

kdestroy
kadmin.local -q 'addprinc -nokey +requires_preauth other'
kadmin.local -q 'setstr other pkinit_cert_match <SUBJECT>^CN=Other$'
refused 'Certificate mismatch' other 123456
if [ -z "${CARD_TELL-}" ]; then
	refused 'Preauthentication failed' somebody 654321
	exit
fi

seen=0
sent 2
refused 'Preauthentication failed' somebody 654321
sent 1
$CARD_TELL state | grep ' pin=2/' || fail "not two tries left"
echo 123456 | kinit somebody | tee said
grep 'PIN count low' said || fail "nothing about the tries"
sent 1
kdestroy
$CARD_TELL remove
refused 'Preauthentication failed' somebody 123456
sent 0
