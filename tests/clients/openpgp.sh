#!/usr/bin/env bash
# Lists, signs and deciphers on an OpenPGP card and lets openssl judge; a wrong
# PIN costs one try, a right one none.
# usage: openpgp.sh MODULE OBJECTS rsa|ec|ed, beside a card (on_openpgp.sh)
. "$(dirname "$0")/common.sh"
objects=$2 kind=$3

tries() { # of PW1, as the card tells
	$CARD_TELL state | sed 's/.* pw1=\([0-9]*\).*/\1/'
}

sign() { # ID NAME MECHANISM [OPTION...]
	local id=$1 name=$2 mechanism=$3
	shift 3
	tool --login --pin $pin --sign --id "$id" --mechanism "$mechanism" \
		--input-file "$work/message" --output-file "$work/signature" \
		"$@" >/dev/null
	if [ "$mechanism" = EDDSA ]; then
		openssl pkeyutl -verify -rawin -pubin \
			-inkey "$CARD_KEYS/$name.pub" -in "$work/message" \
			-sigfile "$work/signature" >/dev/null
	else
		openssl dgst -sha256 -verify "$CARD_KEYS/$name.pub" \
			-signature "$work/signature" "$work/message" >/dev/null
	fi || fail "$name: the signature is wrong"
}

echo 'a message' >"$work/message"
tool --list-slots >"$work/slots"
grep -q 'OpenPGP card 12345678' "$work/slots" || fail 'no token'
grep -q 'login required' "$work/slots" || fail 'no login required'
tool --list-objects >"$work/objects"
found=$(grep -c '^  label:' "$work/objects")
[ "$found" -eq "$objects" ] || fail "$found objects, not $objects"

# What the chip cannot do no key of the token has, and so it is not listed.
! tool --list-mechanisms | grep -E 'PSS|OAEP|X-509' || fail 'a mechanism'

# A certificate has the id of its key, wherever the card keeps it.
names=([1]=sig [2]=dec [3]=aut)
for id in $(grep -A4 '^Certificate' "$work/objects" |
	sed -n 's/^  ID: *//p'); do
	tool --read-object --type cert --id "$id" -o "$work/cert" >/dev/null
	openssl x509 -inform DER -in "$work/cert" -noout -pubkey |
		cmp - "$CARD_KEYS/${names[10#$id]}.pub" ||
		fail "$id: the certificate is of another key"
done

if [ $kind = ed ]; then
	sign 01 sig EDDSA
	sign 03 aut EDDSA
elif [ $kind = rsa ]; then
	sign 01 sig SHA256-RSA-PKCS
	sign 03 aut SHA256-RSA-PKCS
	openssl pkeyutl -encrypt -pubin -inkey "$CARD_KEYS/dec.pub" \
		-in "$work/message" -out "$work/cipher"
	tool --login --pin $pin --decrypt --id 02 --mechanism RSA-PKCS \
		--input-file "$work/cipher" --output-file "$work/plain" \
		>/dev/null
	cmp "$work/message" "$work/plain" || fail 'the plaintext is wrong'
else
	sign 01 sig ECDSA-SHA256 --signature-format openssl
	sign 03 aut ECDSA-SHA256 --signature-format openssl
fi
[ "$(tries)" -eq 3 ] || fail 'a right PIN cost a try'

if tool --login --pin 000000 --list-objects >"$work/out" 2>&1; then
	fail 'a wrong PIN was taken'
fi
grep -q CKR_PIN_INCORRECT "$work/out" || fail "$(cat "$work/out")"
[ "$(tries)" -eq 2 ] || fail 'a wrong PIN did not cost one try'
tool --list-slots | grep -q 'user PIN count low' || fail 'no low count'
