#!/usr/bin/env bash
# Management keys of every cipher, set by C_SetPIN and taken by others: OpenSC's
# piv-tool authenticates with them, both sides proving that they know the key.
# usage: piv_management.sh MODULE, beside an empty card that has AES
. "$(dirname "$0")/common.sh"

des=010203040506070801020304050607080102030405060708
aes128=000102030405060708090a0b0c0d0e0f
aes256=${aes128}101112131415161718191a1b1c1d1e1f
aes192=${aes256:0:48}
raw=$'q\x01\x02\x03\xfe\xdc\xba\x98zzzzzzzz'

# change OLD NEW
change() {
	tool --login --login-type so --so-pin "$1" --change-pin --pin "$1" \
		--new-pin "$2" >"$work/said" 2>&1
}

set_key() {
	change "$1" "$2" || fail "C_SetPIN: $(cat "$work/said")"
}

tries() {
	$CARD_TELL state | tr ' ' '\n' | grep '^p[iu][nk]='
}

# so KEY: logs in as security officer, who sets the same key once more
so() {
	change "$1" "$1"
}

# good CIPHER KEY WRONG...: by OpenSC and by us; what is wrong spends nothing
good() {
	local cipher=$1 key=$2 wrong
	shift 2
	printf %s "$key" | sed 's/../&:/g; s/:$//' >"$work/key"
	PIV_EXT_AUTH_KEY=$work/key piv-tool -A "M:9B:$cipher" ||
		fail "piv-tool does not authenticate with $cipher"
	so "$key" || fail "SO login with $cipher: $(cat "$work/said")"
	for wrong; do
		! so "$wrong" || fail "a wrong key for $cipher logs in"
		grep -q CKR_PIN_INCORRECT "$work/said" ||
			fail "wrong key: $(cat "$work/said")"
	done
}

before=$(tries)
good 03 $des $aes192 $aes128 $aes256 "$raw" nonsense
# DES has a parity bit in each byte, which counts for nobody
so 000302050407060900030205040706090003020504070609 || fail "other parity"

set_key $des $aes128
good 08 $aes128 $des $aes192 $aes256 "$raw"
set_key $aes128 $aes192
good 0A $aes192 $des $aes128 $aes256
set_key $aes192 $aes256
good 0C $aes256 $des $aes128 $aes192
# 16 bytes as they are
set_key $aes256 "$raw"
good 08 "$(printf %s "$raw" | od -An -v -tx1 | tr -d ' \n')" $aes128
so "$raw" || fail "the bytes themselves: $(cat "$work/said")"
[ "$(tries)" = "$before" ] || fail "tries were spent: $(tries)"
