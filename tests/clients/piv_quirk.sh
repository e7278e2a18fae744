#!/usr/bin/env bash
# A card with the deviations of real ones is used in full (see piv_quirks.sh).
# usage: piv_quirk.sh MODULE FOLDER rsa|ec write|read PIN
. "$(dirname "$0")/common.sh"
keys=$2 kind=$3 writes=$4 pin=$5
key=010203040506070801020304050607080102030405060708
printf 'a message' >"$work/data"

state() {
	$CARD_TELL state | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# signed ID SLOT MECHANISM DIGEST
signed() {
	local format=()
	[ "${3%%-*}" != ECDSA ] || format=(--signature-format openssl)
	tool --login --pin "$pin" --sign --id "$1" -m "$3" "${format[@]}" \
		-i "$work/data" -o "$work/signature" >"$work/said" 2>&1 ||
		fail "$2: $(cat "$work/said")"
	openssl dgst "-$4" -verify "$keys/$2.pub" -signature \
		"$work/signature" "$work/data" >/dev/null || fail "signature, $2"
}

[ "$(tool --login --pin "$pin" -O --type privkey 2>/dev/null |
	grep -c '^Private Key')" -eq 4 ] || fail "not four keys"
if tool --login --pin 999999 -O >"$work/said" 2>&1; then
	fail "a wrong PIN logs in"
fi
grep -q CKR_PIN_INCORRECT "$work/said" || fail "$(cat "$work/said")"
if [ $kind = rsa ]; then
	signed 01 9a SHA256-RSA-PKCS sha256
	signed 02 9c SHA512-RSA-PKCS sha512
	openssl pkeyutl -encrypt -pubin -inkey "$keys/9d.pub" \
		-in "$work/data" -out "$work/cipher"
	tool --login --pin "$pin" --decrypt --id 03 -m RSA-PKCS \
		-i "$work/cipher" -o "$work/plain" >/dev/null 2>&1
	cmp "$work/data" "$work/plain" || fail "another plaintext"
else # digests shorter and longer than the field
	signed 01 9a ECDSA-SHA1 sha1
	signed 01 9a ECDSA-SHA512 sha512
	signed 02 9c ECDSA-SHA256 sha256
fi
[ "$(state pin)" = 3/3 ] || fail "tries: $(state pin)"
[ $writes = write ] || exit 0
tool --login --login-type so --so-pin $key --write-object "$keys/9e.der" \
	--type cert --id 05 >"$work/said" 2>&1 || fail "$(cat "$work/said")"
tool --read-object --type cert --id 05 -o "$work/again" >/dev/null 2>&1
cmp "$keys/9e.der" "$work/again" || fail "another certificate"
