#!/bin/bash
# yubico-piv-tool drives every command of the simulated card.
. "$(dirname "$0")/common.sh"

tool() {
	yubico-piv-tool "$@" 2>&1
}

# The same, loud when it fails and silent else.
quiet() {
	local text
	text=$(tool "$@") || fail "yubico-piv-tool $*: $text"
}

status_read() {
	local text
	text=$(tool -a status)
	contains "$text" "Version:	$(tool -a version | cut -d' ' -f3)" version
	contains "$text" 'Slot 9a:' status
	contains "$text" 'CN=Card Authentication' status
	contains "$text" 'Serial Number:	12345678' serial
	contains "$text" 'PIN tries left:	3' tries
}

pin_counts() {
	contains "$(tool -a verify-pin -P $pin)" 'Successfully' verify
	equal 3/3 "$(state pin)" 'tries after the right PIN'
	refused tool -a verify-pin -P 654321
	equal 2/3 "$(state pin)" 'tries after a wrong PIN'
	contains "$(tool -a status)" 'PIN tries left:	2' status
	equal 2/3 "$(state pin)" 'tries after a question for them'
	contains "$(tool -a verify-pin -P $pin)" 'Successfully' verify
	equal 3/3 "$(state pin)" 'tries after the right PIN again'
}

certificates_read() {
	local slot
	for slot in 9a 9c 9d 9e; do
		quiet -a read-certificate -s $slot -o "$work/cert.pem"
		openssl x509 -in "$work/cert.pem" -outform DER |
			cmp - "$keys/rsa2048/$slot.der" || fail "certificate $slot"
	done
}

references_change() {
	quiet -a change-pin -P $pin -N 1234567
	refused tool -a verify-pin -P $pin
	equal 2/3 "$(state pin)" 'tries'
	quiet -a verify-pin -P 1234567
	quiet -a change-puk -P $puk -N 87654321
	refused tool -a change-puk -P $puk -N 87654321
	equal 2/3 "$(state puk)" 'PUK tries'
	for _ in 1 2 3; do
		refused tool -a verify-pin -P 999999
	done
	equal 0/3 "$(state pin)" 'blocked'
	refused tool -a verify-pin -P 1234567
	quiet -a unblock-pin -P 87654321 -N 123123
	quiet -a verify-pin -P 123123
	equal 3/3 "$(state pin)" 'unblocked'
}

# certificate_for PUBLIC OUTPUT: by a foreign key, for the client's own
# self-signing fails with OpenSSL 3 before it asks the card.
certificate_for() {
	openssl req -new -key "$keys/rsa2048/9a.key" -subj '/CN=on the card' |
		openssl x509 -req -signkey "$keys/rsa2048/9a.key" \
			-force_pubkey "$1" -out "$2" 2>/dev/null
}

# generate_one ALGORITHM: a key, its certificate, a signature with it
generate_one() {
	local public=$work/public.pem cert=$work/cert.pem
	quiet -a generate -s 9a -A "$1" -o "$public"
	certificate_for "$public" "$cert"
	quiet -a import-certificate -s 9a -i "$cert"
	quiet -a read-certificate -s 9a -o "$work/again.pem"
	cmp "$cert" "$work/again.pem" || fail "stored certificate, $1"
	contains "$(tool -a verify-pin -P $pin -a test-signature -s 9a \
		-i "$cert")" 'Successful' "signature, $1"
}

generate_all() {
	local algorithm
	for algorithm in RSA1024 RSA2048 ECCP256 ECCP384; do
		generate_one $algorithm
	done
}

attest_one() {
	quiet -a generate -s 9c -A ECCP256 -o "$work/public.pem"
	quiet -a attest -s 9c -o "$work/attest.pem"
	quiet -a read-certificate -s f9 -o "$work/issuer.pem"
	openssl verify -no_check_time -CAfile "$work/issuer.pem" \
		"$work/attest.pem" >/dev/null || fail 'attestation'
	openssl x509 -in "$work/attest.pem" -noout -pubkey |
		cmp - "$work/public.pem" || fail 'attested key'
}

import_all() {
	local set
	for set in rsa2048 p256 p384; do
		quiet -a import-key -s 9d -i "$keys/$set/9d.key"
		quiet -a import-certificate -s 9d -i "$keys/$set/9d.pem"
		contains "$(tool -a verify-pin -P $pin -a test-decipher \
			-s 9d -i "$keys/$set/9d.pem")" 'Successfully' \
			"decipher with an imported key, $set"
	done
	refused tool -a attest -s 9d
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# Version 2.2 of this client compresses, but does not read what it has
# compressed; OpenSC reads it (test-opensc.sh).
gzip_import() {
	gzip -9n < "$keys/rsa2048/9a.der" > "$work/cert.gz"
	quiet -a import-certificate -s 9a -K GZIP -i "$work/cert.gz"
	quiet -a read-object --id 0x5fc105 -f binary -o "$work/object"
	equal 7082 "$(head -c 2 "$work/object" | hex)" 'tag of the certificate'
	equal 710101fe00 "$(tail -c 5 "$work/object" | hex)" 'CertInfo'
	head -c -5 "$work/object" | tail -c +5 | gzip -d |
		cmp - "$keys/rsa2048/9a.der" || fail 'gzip certificate'
}

management_change() {
	local key=${mgm//01/11}
	quiet -a set-mgm-key -n "$key"
	refused tool -a set-chuid
	quiet -k"$key" -a set-chuid
	quiet -k"$key" -a set-ccc
	contains "$(tool -a status)" 'CHUID:	3019' 'new CHUID'
	quiet -k"$key" -a set-mgm-key -n "$mgm"
	quiet -a delete-certificate -s 9a
	refused tool -a read-certificate -s 9a
}

objects_write() {
	head -c 2500 /dev/urandom > "$work/object"
	quiet -a write-object --id 0x5fc10d -i "$work/object" -f binary
	quiet -a read-object --id 0x5fc10d -f binary -o "$work/back"
	cmp "$work/object" "$work/back" || fail 'object'
}

retries_set() {
	quiet -a verify-pin -P $pin --pin-retries 5 --puk-retries 7 \
		-a pin-retries
	equal 5/5 "$(state pin)" 'PIN tries'
	equal 7/7 "$(state puk)" 'PUK tries'
}

card_reset() {
	refused tool -a reset
	for _ in 1 2 3; do
		refused tool -a verify-pin -P 999999
		refused tool -a change-puk -P 99999999 -N 99999999
	done
	quiet -a reset
	equal 3/3 "$(state pin)" 'tries after the reset'
	refused tool -a read-certificate -s 9a
	quiet -a verify-pin -P $pin
}

for kind in 4.3 5.2 5.4 5.7; do
	on_card rsa2048 "--firmware $kind" status_read
	on_card none "--firmware $kind" pin_counts
done
on_card rsa2048 '--extended off' certificates_read
on_card none "$(for slot in 9a 9c 9d 9e; do
	printf ' --cert %s=%s:bare' $slot "$keys/rsa2048/$slot.der"
done)" certificates_read
on_card none '' gzip_import
on_card none '' references_change
on_card none '' generate_all
on_card none '' attest_one
on_card none '' import_all
on_card rsa2048 '' management_change
on_card none '' objects_write
on_card none '' retries_set
on_card rsa2048 '' card_reset
finish
