#!/usr/bin/env bash
# Java's SunPKCS11 on a software token: a key pair with its certificate made by
# keytool, then signatures, ciphers and digests, the slot told by its number and
# by its place in the list.
# usage: java.sh MODULE
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v javac >/dev/null || exit 77
soft_home
soft_make java

# config NAME WHICH-SLOT
config() {
	cat >"$work/$1.cfg" <<TEXT
name = $1
library = $module
$2
# of ECDH Java wants the value, and does not say so
attributes(*, CKO_SECRET_KEY, CKK_GENERIC_SECRET) = {
	CKA_SENSITIVE = false
	CKA_EXTRACTABLE = true
}
TEXT
}
slot=$(tool --list-slots | grep -B1 '  token label *: java$' |
	sed -n 's/^Slot [0-9]* (\(0x[0-9a-f]*\)).*/\1/p')
[ -n "$slot" ] || fail "no slot with the token"
config number "slot = $((slot))"
place=$(tool --list-token-slots | grep -n -F "($slot)" |
	sed -n 's/^[0-9]*:Slot \([0-9]*\).*/\1/p')
config place "slotListIndex = $place"

export JAVA_TOOL_OPTIONS=-Xshare:auto
keytool -genkeypair -alias mine -keyalg RSA -keysize 2048 -dname CN=mine \
	-sigalg SHA256withRSA -storetype PKCS11 -keystore NONE \
	-storepass $pin -addprovider SunPKCS11 -providerarg "$work/number.cfg" \
	>"$work/keytool" 2>&1 || { cat "$work/keytool"; fail "keytool"; }
javac -d "$work" "$here/Smoke.java" 2>&1 | grep -v '^Picked up' || true
for how in number place; do
	SIGNET_LOG_LEVEL=debug SIGNET_LOG_FILE=$work/$how.log java -cp "$work" Smoke "$work/$how.cfg" $pin >"$work/out" 2>&1 ||
		{ cat "$work/out"; fail "by its $how"; }
	grep -q '^done 7$' "$work/out" || { cat "$work/out"; fail "$how"; }
done
grep -q C_GetSlotInfo "$work/number.log" || fail "no log"
! grep C_GetSlotList "$work/number.log" || fail "the number was looked up"
grep -q C_GetSlotList "$work/place.log" || fail "the list was not asked for"
