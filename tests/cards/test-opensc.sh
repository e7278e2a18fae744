#!/bin/bash
# OpenSC reads, signs and decrypts with every kind of simulated card.
. "$(dirname "$0")/common.sh"

tool() {
	pkcs11-tool --module "$opensc" "$@" 2>"$work/errors" ||
		fail "pkcs11-tool $*: $(<"$work/errors")"
}

# The keys on the card
set=rsa2048

recognised() {
	local name=$1 text
	text=$(opensc-tool -n 2>/dev/null)
	contains "$text" "$name" 'name'
	contains "$(opensc-tool -a 2>/dev/null)" '^3b:' 'ATR'
}

listed() {
	local text
	text=$(tool -O)
	contains "$text" 'Certificate for PIV Authentication' objects
	contains "$text" 'Certificate for Card Authentication' objects
	equal 4 "$(grep -c '^Certificate Object' <<<"$text")" certificates
	text=$(tool --login --pin $pin -O)
	equal 4 "$(grep -c '^Private Key' <<<"$text")" 'private keys'
}

# signed ID SLOT MECHANISM: verified by openssl
signed() {
	local format=()
	head -c 1000 /dev/urandom > "$work/data"
	[ "${3%%-*}" != ECDSA ] || format=(--signature-format openssl)
	tool --login --pin $pin --sign --id "$1" -m "$3" "${format[@]}" \
		-i "$work/data" -o "$work/signature" >/dev/null
	openssl dgst "-${4:-sha256}" -verify "$keys/$set/$2.pub" \
		-signature "$work/signature" "$work/data" >/dev/null ||
		fail "signature by $2, $3"
}

decrypted() {
	head -c 100 /dev/urandom > "$work/plain"
	openssl pkeyutl -encrypt -pubin -inkey "$keys/$set/9d.pub" \
		-in "$work/plain" -out "$work/cipher"
	tool --login --pin $pin --decrypt --id 03 -m RSA-PKCS \
		-i "$work/cipher" -o "$work/again" >/dev/null
	cmp "$work/plain" "$work/again" || fail decryption
}

# derived CURVE: ECDH with a key of our own against openssl
derived() {
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" \
		-out "$work/peer.key"
	openssl pkey -in "$work/peer.key" -pubout -outform DER \
		-out "$work/peer.der"
	openssl pkeyutl -derive -inkey "$work/peer.key" \
		-peerkey "$keys/$set/9d.pub" -out "$work/secret"
	tool --login --pin $pin --derive --id 03 -m ECDH1-DERIVE \
		-i "$work/peer.der" -o "$work/derived" >/dev/null
	cmp "$work/secret" "$work/derived" || fail 'derivation'
}

rsa_all() {
	recognised 'Personal Identity Verification Card'
	listed
	signed 01 9a SHA256-RSA-PKCS
	signed 02 9c SHA256-RSA-PKCS
	signed 04 9e SHA256-RSA-PKCS
	signed 01 9a SHA512-RSA-PKCS sha512
	decrypted
}

p256_all() {
	set=p256
	listed
	signed 01 9a ECDSA-SHA256
	signed 02 9c ECDSA-SHA256
	derived P-256
}

p384_all() {
	set=p384
	signed 01 9a ECDSA-SHA384 sha384
	signed 02 9c ECDSA-SHA384 sha384
	derived P-384
}

# A wrong PIN costs one try, the right one gives it back.
tries_kept() {
	refused pkcs11-tool --module "$opensc" --login --pin 999999 -O
	equal 2/3 "$(state pin)" 'tries after a wrong PIN'
	signed 01 9a SHA256-RSA-PKCS
	equal 3/3 "$(state pin)" 'tries after the right PIN'
}

gzip_read() {
	local id=0 slot
	for slot in 9a 9c 9d 9e; do
		id=$((id + 1))
		pkcs15-tool --read-certificate 0$id 2>/dev/null |
			openssl x509 -outform DER |
			cmp - "$keys/rsa2048/$slot.der" || fail "gzip, $slot"
	done
}

# The login alone does not do for 9C: its PIN comes right before the use.
always_authenticate() {
	local before
	before=$(grep -c '^> 00200080083132' "$trace" || :)
	signed 02 9c SHA256-RSA-PKCS
	[ $(($(grep -c '^> 00200080083132' "$trace") - before)) -ge 2 ] ||
		fail '9C was used without a PIN of its own'
}

for kind in 4.3 5.2 5.4 5.7 nitrokey3 nist; do
	on_card rsa2048 "--firmware $kind" rsa_all
done
on_card p256 '' p256_all
on_card p256 '--firmware nitrokey3' p256_all
on_card p384 '' p384_all
on_card rsa2048 '' tries_kept
on_card rsa2048 '' always_authenticate
on_card rsa2048 '--extended off' rsa_all
for form in gzip gzip80; do
	on_card none "$(for slot in 9a 9c 9d 9e; do
		printf ' --key %s=%s' $slot "$keys/rsa2048/$slot.key"
		printf ' --cert %s=%s:%s' $slot "$keys/rsa2048/$slot.der" $form
	done)" gzip_read
done
for quirk in apt-full-aid apt-label select-61xx bare-61xx no-discovery \
	discovery-6a80 get-data-6cxx; do
	on_card rsa2048 "--quirk $quirk" rsa_all
done
finish
