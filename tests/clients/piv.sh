#!/usr/bin/env bash
# Every key of a PIV card through pkcs11-tool, judged by OpenSSL; then its PIN.
# usage: piv.sh MODULE PIV-CARD rsa|ec (with a card in the reader)
. "$(dirname "$0")/common.sh"
card=$(realpath "$2")
kind=$3
cd "$work"
printf 'a message\n' >message

state() {
	"$card" --tell "$SIGNET_TEST_DIR/card0.control" state
}

as_user() {
	tool --login --pin $pin "$@" >/dev/null
}

# verify SLOT OPTION...
verify() {
	local slot=$1
	shift
	openssl dgst -sha256 -verify "$CARD_KEYS/$slot.pub" "$@" \
		-signature signature message >/dev/null ||
		fail "OpenSSL refuses the signature of $slot $*"
}

sign_rsa() {
	local slot=$1 id=$2
	as_user --sign --id "$id" --mechanism SHA256-RSA-PKCS \
		--input-file message --output-file signature
	verify "$slot"
	as_user --sign --id "$id" --mechanism SHA256-RSA-PKCS-PSS \
		--input-file message --output-file signature
	verify "$slot" -sigopt rsa_padding_mode:pss
}

sign_ec() {
	local slot=$1 id=$2
	as_user --sign --id "$id" --mechanism ECDSA-SHA256 \
		--signature-format openssl \
		--input-file message --output-file signature
	verify "$slot"
	openssl dgst -sha256 -binary message >digest
	as_user --sign --id "$id" --mechanism ECDSA --input-file digest \
		--signature-format openssl --output-file signature
	verify "$slot"
}

decrypt_rsa() {
	openssl pkeyutl -encrypt -pubin -inkey "$CARD_KEYS/9d.pub" \
		-in message -out secret "${@:2}"
	as_user --decrypt --id 03 --mechanism "$1" --input-file secret \
		--output-file plain
	cmp -s message plain || fail "$1 gives another plaintext"
}

# ECDH with a key of our own against OpenSSL; a point beside the curve is refused.
derive_ec() {
	local curve
	curve=$(openssl pkey -pubin -in "$CARD_KEYS/9d.pub" -noout -text |
		sed -n 's/^ASN1 OID: //p')
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$curve" \
		-out own.key
	openssl pkey -in own.key -pubout -outform DER -out own.der
	openssl pkeyutl -derive -inkey own.key -peerkey "$CARD_KEYS/9d.pub" \
		-out wanted
	for mechanism in ECDH1-DERIVE ECDH1-COFACTOR-DERIVE; do
		as_user --derive --id 03 --mechanism $mechanism \
			--input-file own.der --output-file derived
		cmp -s wanted derived || fail "$mechanism gives another secret"
	done
}

# Data objects by their names, as OpenSC's module gives them.
read_data() {
	tool --read-object --type data --application-id "$1" \
		--output-file ours >/dev/null
	pkcs11-tool --module "$opensc" --read-object --type data \
		--application-id "$1" --output-file theirs >/dev/null 2>&1
	cmp -s ours theirs || fail "OpenSC reads another $1"
}
opensc=$(find /usr/lib -name opensc-pkcs11.so | head -1)
for oid in 1.219.0 2.48.0 2.1.1 2.96.80; do
	read_data "2.16.840.1.101.3.7.$oid"
done

for key in 9a:01 9c:02 9e:04; do
	"sign_$kind" "${key%:*}" "${key#*:}"
done
if [ "$kind" = ec ]; then
	derive_ec
else
	decrypt_rsa RSA-PKCS
	decrypt_rsa RSA-PKCS-OAEP -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt rsa_oaep_md:sha256
fi

# The key that needs no PIN works without a login; pkcs11-tool would ask.
sign_without_login() {
	/usr/bin/python3 - "$module" "$1" <<-'PY'
	import sys, PyKCS11 as p11
	lib = p11.PyKCS11Lib()
	lib.load(sys.argv[1])
	session = lib.openSession(lib.getSlotList(tokenPresent=True)[0])
	key, = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY)])
	mechanism = p11.Mechanism(getattr(p11, sys.argv[2]), None)
	open("signature", "wb").write(bytes(session.sign(
	    key, open("message", "rb").read(), mechanism)))
	PY
}
if [ "$kind" = rsa ]; then
	sign_without_login CKM_SHA256_RSA_PKCS
	verify 9e
fi

state | grep -q 'pin=3/3' || fail "a try was lost: $(state)"
tool --login --pin 999999 --list-objects >output 2>&1 &&
	fail "a wrong PIN logs in"
grep -q CKR_PIN_INCORRECT output || fail "$(cat output)"
state | grep -q 'pin=2/3' || fail "not one try for a wrong PIN: $(state)"
tool --login --pin '' --list-objects >output 2>&1 && fail "an empty PIN logs in"
state | grep -q 'pin=2/3' || fail "an empty PIN costs a try: $(state)"
tool --login --pin 999999 --list-objects >/dev/null 2>&1 || true
tool --list-slots | grep -q 'final user PIN try' || fail "no flag: last try"
as_user --list-objects
state | grep -q 'pin=3/3' || fail "the right PIN gives no tries back"
# Nobody holds the card any more: the reader service powers it down.
for ((look = 0; look < 300; look++)); do
	state | grep -q 'verified=0' && exit
	sleep 0.1
done
fail "the card stays verified: $(state)"
