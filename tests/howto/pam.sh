#!/usr/bin/env bash
# Follows docs/howto/pam.md, then tries what must be refused, and a setuid
# program.
# usage: pam.sh COMMAND... (which follows the page)
. "$(dirname "$0")/count.sh"
login=signet-user
useradd --no-create-home --home-dir / $login
"$@" LOGIN=$login

# log_in USER PIN
log_in() {
	echo "$2" | env -i pamtester card-login "$1" authenticate 2>&1
}

# refused WORDS USER PIN
refused() {
	local output
	! output=$(log_in "$2" "$3") || fail "PIN $3 lets $2 in"
	grep "$1" <<<"$output" || fail "no '$1' in: $output"
}

refused 'Wrong smartcard PIN' $login 654321
[ -z "${CARD_TELL-}" ] || tries 2
refused 'No matching certificate' nobody 123456

mv /etc/pam_pkcs11/cacerts /etc/pam_pkcs11/cacerts.not
mkdir /etc/pam_pkcs11/cacerts
refused 'ertificate' $login 123456
rm -r /etc/pam_pkcs11/cacerts
mv /etc/pam_pkcs11/cacerts.not /etc/pam_pkcs11/cacerts

# What the user says in files and environment does not count in su.
cp /etc/pam.d/card-login /etc/pam.d/su
in_su() {
	echo 123456 | setpriv --reuid nobody --regid nogroup --clear-groups \
		env SIGNET_SOFTTOKEN_PATH=off SIGNET_READERS_IGNORE='*' \
		SIGNET_LOG_FILE="$PWD/log" SIGNET_LOG_LEVEL=debug \
		su $login -s /bin/sh -c 'id -un' 2>&1
}
output=$(in_su) || fail "su: $output"
grep "^$login\$" <<<"$output" || fail "su: $output"
[ ! -e log ] || fail "su writes a log where nobody wants it"

[ -n "${CARD_TELL-}" ] || exit 0
# exchanges: how many a login takes
exchanges() {
	local before
	before=$(grep -c '^>' "$CARD_TRACE")
	log_in $login 123456 >&2
	echo $(($(grep -c '^>' "$CARD_TRACE") - before))
}

count_start
log_in $login 123456
sent 1 'a login'
tries 3
cached=$(exchanges)
rm -r /var/cache/signet/*
first=$(exchanges)
echo "$cached exchanges with a cache, $first without"
[ "$cached" -lt "$first" ] || fail "the cache serves nothing"
sent 2 'two logins'
$CARD_TELL remove
refused 'No smart card found' $login 123456
sent 0 'no card'
