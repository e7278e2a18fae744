#!/usr/bin/env bash
# Follows docs/howto/pkinit.md, then tries what must be refused.
# usage: pkinit.sh COMMAND... (which follows the page)
. "$(dirname "$0")/count.sh"
export KRB5CCNAME=FILE:$PWD/tickets
"$@"

# refused WORDS PRINCIPAL PIN
refused() {
	local output
	! output=$(echo "$3" | kinit "$2" 2>&1) || fail "a ticket for $2"
	grep "$1" <<<"$output" || fail "no '$1' in: $output"
	! klist 2>/dev/null || fail "a ticket for $2"
}

kdestroy
kadmin.local -q 'addprinc -nokey +requires_preauth other'
kadmin.local -q 'setstr other pkinit_cert_match <SUBJECT>^CN=Other$'
refused 'Certificate mismatch' other 123456
if [ -z "${CARD_TELL-}" ]; then
	refused 'Preauthentication failed' somebody 654321
	exit
fi

count_start
refused 'Preauthentication failed' somebody 654321
sent 1 'a wrong PIN'
tries 2
echo 123456 | kinit somebody | tee said
grep 'PIN count low' said || fail "nothing about the tries"
sent 1 'a ticket'
kdestroy
$CARD_TELL remove
refused 'Preauthentication failed' somebody 123456
sent 0 'no card'
