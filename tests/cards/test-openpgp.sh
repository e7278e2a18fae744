#!/bin/bash
# OpenSC's tools read, sign, decrypt and write with simulated OpenPGP cards.
. "$(dirname "$0")/common.sh"

set=pgp-rsa2048

# tool PIN-NAME OPTION...: OpenSC has a slot for PW1 of 82 and one for 81
tool() {
	local index=0
	[ "$1" != sign ] || index=1
	pkcs11-tool --module "$opensc" --slot-index $index "${@:2}" \
		2>"$work/errors" || fail "pkcs11-tool $*: $(<"$work/errors")"
}

recognised() {
	contains "$(openpgp-tool -C -K -U 2>&1)" 'AID: *d2:76' openpgp-tool
}

# listed CERTIFICATES
listed() {
	local text
	text=$(pkcs15-tool -D 2>&1) || fail "pkcs15-tool: $text"
	equal 3 "$(grep -c '^Private .* Key' <<<"$text")" 'private keys'
	equal 3 "$(grep -c '^Public .* Key' <<<"$text")" 'public keys'
	equal "$1" "$(grep -c '^X.509 Certificate' <<<"$text")" certificates
	equal 3 "$(grep -c '^PIN' <<<"$text")" PINs
}

# certificates SLOT...: what can be read is what was put there
certificates() {
	local id slot
	for slot; do
		case $slot in sig) id=01 ;; dec) id=02 ;; aut) id=03 ;; esac
		pkcs15-tool --read-certificate $id 2>/dev/null |
			openssl x509 -outform DER |
			cmp - "$keys/$set/$slot.der" || fail "certificate, $slot"
	done
}

# signed ID SLOT MECHANISM: verified by openssl
signed() {
	local format=() index=use
	head -c 1000 /dev/urandom > "$work/data"
	[ "$2" != sig ] || index=sign
	[ "${3%%-*}" != ECDSA ] || format=(--signature-format openssl)
	tool $index --login --pin $pin --sign --id "$1" -m "$3" \
		"${format[@]}" -i "$work/data" -o "$work/signature" >/dev/null
	openssl dgst -sha256 -verify "$keys/$set/$2.pub" \
		-signature "$work/signature" "$work/data" >/dev/null ||
		fail "signature by $2, $3"
}

edwards() {
	printf 'a message' > "$work/data"
	tool sign --login --pin $pin --sign --id 01 -m EDDSA \
		-i "$work/data" -o "$work/signature" >/dev/null
	openssl pkeyutl -verify -rawin -pubin -inkey "$keys/$set/sig.pub" \
		-in "$work/data" -sigfile "$work/signature" >/dev/null ||
		fail 'signature by sig, EDDSA'
}

decrypted() {
	head -c 100 /dev/urandom > "$work/plain"
	openssl pkeyutl -encrypt -pubin -inkey "$keys/$set/dec.pub" \
		-in "$work/plain" -out "$work/cipher"
	tool use --login --pin $pin --decrypt --id 02 -m RSA-PKCS \
		-i "$work/cipher" -o "$work/again" >/dev/null
	cmp "$work/plain" "$work/again" || fail decryption
}

# derived ALGORITHM...: ECDH with a key of our own against openssl
derived() {
	openssl genpkey "$@" -out "$work/peer.key"
	openssl pkey -in "$work/peer.key" -pubout -outform DER \
		-out "$work/peer.der"
	openssl pkeyutl -derive -inkey "$work/peer.key" \
		-peerkey "$keys/$set/dec.pub" -out "$work/secret"
	tool use --login --pin $pin --derive --id 02 -m ECDH1-DERIVE \
		-i "$work/peer.der" -o "$work/derived" >/dev/null
	cmp "$work/secret" "$work/derived" || fail 'derivation'
}

rsa_all() {
	recognised
	listed "${1:-3}"
	signed 01 sig SHA256-RSA-PKCS
	signed 03 aut SHA256-RSA-PKCS
	decrypted
}

rsa_third() {
	rsa_all
	certificates sig dec aut
}

rsa_second() {
	rsa_all 1
	certificates aut
}

rsa_none() {
	rsa_all 0
}

p256_all() {
	set=pgp-p256
	listed 3
	certificates sig dec aut
	signed 01 sig ECDSA-SHA256
	signed 03 aut ECDSA-SHA256
	derived -algorithm EC -pkeyopt ec_paramgen_curve:P-256
}

x25519_all() {
	set=pgp-25519
	listed 2
	edwards
}

# Up to 5.4.3 a YubiKey wants its own form of SELECT DATA, a Gnuk does not know
# it at all: this OpenSC gives both cards up.
not_bound() {
	recognised
	refused pkcs15-tool -D
}

tries_kept() {
	refused pkcs11-tool --module "$opensc" --login --pin 999999 -O
	equal 2/3 "$(state pw1)" 'tries after a wrong PIN'
	signed 03 aut SHA256-RSA-PKCS
	equal 3/3 "$(state pw1)" 'tries after the right PIN'
}

written() {
	local id text
	openpgp-tool --verify CHV3 --pin 12345678 --gen-key 1 \
		--key-type rsa2048 > "$work/output" 2>&1 ||
		fail "generate: $(<"$work/output")"
	openpgp-tool --verify CHV3 --pin 12345678 --gen-key 2 \
		--key-type rsa3072 > "$work/output" 2>&1 ||
		fail "generate: $(<"$work/output")"
	text=$(openpgp-tool -K 2>/dev/null)
	contains "$text" 'Dec Algorithm: *RSA3072' 'key sizes'
	for id in 1 2 3; do
		pkcs15-init --store-certificate "$keys/$set/aut.der" \
			--format der --id $id --auth-id 3 --verify-pin \
			--pin 12345678 --so-pin 12345678 \
			> "$work/output" 2>&1 ||
			fail "certificate $id: $(<"$work/output")"
		pkcs15-tool --read-certificate $id 2>/dev/null |
			openssl x509 -outform DER |
			cmp - "$keys/$set/aut.der" || fail "certificate $id"
	done
	openpgp-tool --erase > "$work/output" 2>&1 ||
		fail "erase: $(<"$work/output")"
	text=$(openpgp-tool -K 2>/dev/null)
	! grep -q 'Fingerprint:.*[1-9a-f]' <<<"$text" || fail "still there: $text"
}

for kind in yubikey-5.7 nitrokey3 zeitcontrol-3.4 smartpgp generic; do
	on_card pgp-rsa2048 "--firmware $kind" rsa_third
done
on_card pgp-rsa2048 '--firmware zeitcontrol-2.1' rsa_second
# OpenSC does not find what stands behind an empty 73.
on_card pgp-rsa2048 '--firmware yubikey-neo --no-quirk pgp-empty-73' rsa_second
on_card pgp-rsa2048 '--firmware generic --extended off' rsa_third
for kind in yubikey-5.7 nitrokey3 generic; do
	on_card pgp-p256 "--firmware $kind" p256_all
done
on_card pgp-25519 '--firmware generic' x25519_all
on_card pgp-rsa2048 '--firmware yubikey-5.4' not_bound
on_card pgp-rsa2048 '--firmware gnuk' not_bound
on_card pgp-rsa2048 '--firmware yubikey-5.7' tries_kept
on_card pgp-rsa2048 '--firmware nitrokey3' tries_kept
on_card none '--firmware generic' written
finish
