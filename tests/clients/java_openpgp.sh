#!/usr/bin/env bash
# keytool lists an OpenPGP card's keys, jarsigner signs with the one for
# signatures, by one login and no try lost.
# usage: java_openpgp.sh MODULE, beside a card (on_openpgp.sh)
. "$(dirname "$0")/common.sh"
export PIN=$pin
cat >"$work/signet.cfg" <<END
name = signet
library = $module
slotListIndex = 0
END
token=(-keystore NONE -storetype PKCS11 -storepass:env PIN
	-addprovider SunPKCS11 -providerarg "$work/signet.cfg")
keytool -list "${token[@]}" >"$work/list"
cat "$work/list"
grep -q '^SIG certificate, PrivateKeyEntry' "$work/list" || fail "no such key"
cp "$0" "$work/message"
jar --create --file "$work/beer.jar" -C "$work" message
jarsigner "${token[@]}" -signedjar "$work/signed.jar" "$work/beer.jar" \
	'SIG certificate'
jarsigner -verify -verbose "$work/signed.jar" >"$work/judged"
grep -q '^jar verified' "$work/judged" || fail "the signature is not good"
grep -q 'CN=OpenPGP Signature' "$work/judged" || fail "not signed by the card"
$CARD_TELL state | grep 'pw1=3/3' || fail "a try was lost"
