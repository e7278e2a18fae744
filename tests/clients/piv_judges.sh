#!/usr/bin/env bash
# What signet wrote to a YubiKey is used by ykcs11, OpenSC and yubico-piv-tool;
# what they wrote is used by signet.
# usage: piv_judges.sh MODULE YKCS11 OPENSC, beside an empty card
. "$(dirname "$0")/common.sh"
ykcs11=$2 opensc=$3
key=010203040506070801020304050607080102030405060708
other=111213141516171821222324252627283132333435363738
cd "$work"
printf message >data
openssl genrsa -out ca 2048

piv() {
	yubico-piv-tool -r '' "$@"
}

# by MODULE ARGUMENT...: pkcs11-tool on another module
by() {
	pkcs11-tool --module "$@" </dev/null
}

so() {
	tool --login --login-type so --so-pin $key "$@" >said 2>&1 ||
		fail "$*: $(cat said)"
}

# certified ID SLOT: a certificate of the public key in SLOT.pub
certified() {
	openssl req -new -key ca -subj "/CN=in $2" |
		openssl x509 -req -signkey ca -force_pubkey "$2.pub" \
			-outform DER -out "$2.cert"
	so --write-object "$2.cert" --type cert --id "$1"
}

# signed MODULE ID SLOT MECHANISM
signed() {
	local format=()
	[ "${4%%-*}" != ECDSA ] || format=(--signature-format openssl)
	by "$1" --login --pin $pin --sign --id "$2" -m "$4" "${format[@]}" \
		-i data -o signature >said 2>&1 || fail "$1: $(cat said)"
	openssl dgst -sha256 -verify "$3.pub" -signature signature data ||
		fail "$1 signs otherwise with $3"
}

# derived MODULE ID SLOT
derived() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer
	openssl pkey -in peer -pubout -outform DER -out peer.der
	openssl pkeyutl -derive -inkey peer -peerkey "$3.pub" -out secret
	by "$1" --login --pin $pin --derive --id "$2" -m ECDH1-DERIVE \
		-i peer.der -o derived >said 2>&1 || fail "$1: $(cat said)"
	cmp secret derived || fail "$1 derives otherwise with $3"
}

# made ID SLOT TYPE
made() {
	so --keypairgen --key-type "$3" --id "$1"
	tool --read-object --type pubkey --id "$1" -o "$2.der" >said 2>&1
	openssl pkey -pubin -inform DER -in "$2.der" -out "$2.pub"
	certified "$1" "$2"
}

# Written by us: made, brought, and their certificates.
made 01 9a rsa:2048
made 02 9c EC:prime256v1
openssl ecparam -name prime256v1 -genkey -noout -outform DER -out 9d.key
openssl pkey -inform DER -in 9d.key -pubout -out 9d.pub
so --write-object 9d.key --type privkey --id 03
certified 03 9d

status=$(piv -a status)
for slot in 9a 9c 9d; do
	grep -q "CN=in $slot" <<<"$status" || fail "no $slot in: $status"
	piv -a read-certificate -s $slot | openssl x509 -outform DER |
		cmp - $slot.cert || fail "another certificate in $slot"
done
piv -a attest -s 9a -o attested
openssl x509 -in attested -noout -pubkey | cmp - 9a.pub || fail attestation
signed "$ykcs11" 01 9a SHA256-RSA-PKCS
signed "$opensc" 01 9a SHA256-RSA-PKCS
signed "$module" 01 9a SHA256-RSA-PKCS
signed "$ykcs11" 02 9c ECDSA-SHA256
signed "$opensc" 02 9c ECDSA-SHA256
derived "$ykcs11" 03 9d
derived "$opensc" 03 9d
derived "$module" 03 9d
[ "$(pkcs15-tool --list-certificates 2>/dev/null | grep -c '^X.509')" -eq 3 ] ||
	fail "OpenSC lists not three certificates"
[ "$(pkcs15-tool --list-keys 2>/dev/null | grep -c '^Private')" -eq 3 ] ||
	fail "OpenSC lists not three keys"
for id in 01 02 03; do
	slot=$(sed -n "${id}p" <<<$'9a\n9c\n9d')
	pkcs15-tool --read-certificate $id 2>/dev/null |
		openssl x509 -outform DER | cmp - "$slot.cert" ||
		fail "OpenSC reads another certificate from $slot"
done

# Written by them: a key made by ykcs11 in 82, one brought to 9E, a new
# management key and a new PIN.
by "$ykcs11" --login --login-type so --so-pin $key --keypairgen --id 5 \
	--key-type EC:prime256v1 >said 2>&1 || fail "$(cat said)"
by "$ykcs11" --read-object --type pubkey --id 5 -o 82.der >said 2>&1
openssl pkey -pubin -inform DER -in 82.der -out 82.pub
tool --read-object --type pubkey --id 05 -o ours.der >said 2>&1 ||
	fail "no key in 82: $(cat said)"
cmp 82.der ours.der || fail "another public key in 82"
derived "$module" 05 82
openssl req -x509 -newkey rsa:2048 -nodes -keyout 9e.key -subj '/CN=in 9e' \
	-out 9e.pem
openssl x509 -in 9e.pem -noout -pubkey -out 9e.pub
piv -k$key -a import-key -s 9e -i 9e.key
piv -k$key -a import-certificate -s 9e -i 9e.pem
signed "$module" 04 9e SHA256-RSA-PKCS
piv -k$key -a set-mgm-key -n $other
piv -a change-pin -P $pin -N 654321
tool --login --login-type so --so-pin $other --write-object 9a.cert \
	--type cert --id 01 >said 2>&1 || fail "their management key: $(cat said)"
pin=654321
signed "$module" 01 9a SHA256-RSA-PKCS
for state in pin=3/3 puk=3/3; do
	$CARD_TELL state | grep -q $state || fail "tries: $($CARD_TELL state)"
done
