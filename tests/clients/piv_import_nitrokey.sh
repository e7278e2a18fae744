#!/usr/bin/env bash
# A Nitrokey 3 takes RSA keys, in 9A, by a command of another form; OpenSSL
# judges what the key that was brought signs.
# usage: piv_import_nitrokey.sh MODULE, beside an empty card
. "$(dirname "$0")/common.sh"

key=010203040506070801020304050607080102030405060708

# usage: bring TYPE ID FILE
bring() {
	tool --login --login-type so --so-pin $key --write-object "$3" \
		--type "$1" --id "$2"
}

openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=brought -outform DER \
	-keyout "$work/key" -out "$work/cert"
openssl rsa -in "$work/key" -outform DER -out "$work/key.der" -traditional
bring cert 01 "$work/cert"
bring privkey 01 "$work/key.der"
printf message >"$work/data"
tool --login --pin $pin --id 01 --sign -m SHA256-RSA-PKCS \
	--input-file "$work/data" --output-file "$work/sig"
openssl x509 -inform DER -in "$work/cert" -noout -pubkey >"$work/pub"
openssl dgst -sha256 -verify "$work/pub" -signature "$work/sig" "$work/data"

# the card refuses another place and EC keys, and 9A stays as it is
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 |
	openssl ec -outform DER -out "$work/ec.der"
if bring privkey 01 "$work/ec.der" 2>"$work/refused"; then
	fail "an EC key"
fi
grep -q CKR_ATTRIBUTE_VALUE_INVALID "$work/refused" ||
	fail "EC is refused with $(cat "$work/refused")"
if bring privkey 03 "$work/key.der" 2>"$work/refused"; then
	fail "an RSA key in 9D"
fi
grep -q CKR_ATTRIBUTE_VALUE_INVALID "$work/refused" ||
	fail "refused with $(cat "$work/refused")"
tool --login --pin $pin --id 01 --sign -m SHA256-RSA-PKCS \
	--input-file "$work/data" --output-file "$work/sig"
openssl dgst -sha256 -verify "$work/pub" -signature "$work/sig" "$work/data"
