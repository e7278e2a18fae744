#!/bin/bash
# ykcs11, the PKCS#11 module of Yubico, uses the simulated YubiKey.
. "$(dirname "$0")/common.sh"

tool() {
	pkcs11-tool --module "$ykcs11" "$@" 2>"$work/errors" ||
		fail "pkcs11-tool $*: $(<"$work/errors")"
}

listed() {
	local text
	text=$(tool --login --pin $pin -O)
	contains "$text" 'X.509 Certificate for PIV Authentication' objects
	contains "$text" 'Private key for Digital Signature' objects
	contains "$(tool -L)" 'YubiKey PIV #12345678' token
}

# signed SET ID SLOT MECHANISM DIGEST
signed() {
	local format=()
	head -c 1000 /dev/urandom > "$work/data"
	[ "${4%%-*}" != ECDSA ] || format=(--signature-format openssl)
	tool --login --pin $pin --sign --id "$2" -m "$4" "${format[@]}" \
		-i "$work/data" -o "$work/signature" >/dev/null
	openssl dgst "-$5" -verify "$keys/$1/$3.pub" \
		-signature "$work/signature" "$work/data" >/dev/null ||
		fail "signature by $3, $4"
}

decrypted() {
	head -c 100 /dev/urandom > "$work/plain"
	openssl pkeyutl -encrypt -pubin -inkey "$keys/$1/9d.pub" \
		-in "$work/plain" -out "$work/cipher"
	tool --login --pin $pin --decrypt --id 03 -m RSA-PKCS \
		-i "$work/cipher" -o "$work/again" >/dev/null
	cmp "$work/plain" "$work/again" || fail decryption
}

rsa_all() {
	listed
	signed rsa2048 01 9a SHA256-RSA-PKCS sha256
	signed rsa2048 02 9c SHA384-RSA-PKCS sha384
	decrypted rsa2048
}

ec_all() {
	listed
	signed p384 01 9a ECDSA-SHA384 sha384
	signed p384 02 9c ECDSA-SHA384 sha384
}

mix_all() {
	signed mix 01 9a SHA256-RSA-PKCS sha256
	signed mix 02 9c ECDSA-SHA256 sha256
	decrypted mix
}

# The management key is the SO's PIN; the key pair is made on the card.
generated() {
	tool --login --login-type so --so-pin $mgm --keypairgen --id 1 \
		--key-type EC:prime256v1 >/dev/null
	tool --read-object --type pubkey --id 1 -o "$work/public.der" >/dev/null
	openssl pkey -pubin -inform DER -in "$work/public.der" \
		-out "$work/public.pem"
	head -c 1000 /dev/urandom > "$work/data"
	tool --login --pin $pin --sign --id 1 -m ECDSA-SHA256 \
		--signature-format openssl -i "$work/data" \
		-o "$work/signature" >/dev/null
	openssl dgst -sha256 -verify "$work/public.pem" \
		-signature "$work/signature" "$work/data" >/dev/null ||
		fail 'signature by the new key'
}

for kind in 4.3 5.4; do
	on_card rsa2048 "--firmware $kind" rsa_all
done
on_card p384 '' ec_all
on_card mix '' mix_all
on_card none '' generated
finish
