#!/usr/bin/env bash
# The way our users come: sign in Python, find and export the key in a shell
# script, verify with OpenSSL; and the other way round.
# usage: workflow.sh MODULE soft|card
. "$(dirname "$0")/common.sh"

prepare_soft() {
	token=workflow
	soft_home
	soft_make $token
	tool --token-label $token --login --pin $pin --keypairgen \
		--key-type rsa:2048 --id 01 --label mine >/dev/null
	openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out "$work/their.pem"
	soft_import_public $token 02 "$work/their.pem"
	their_id=02
}

prepare_card() {
	token=$(tool --list-token-slots |
		sed -n 's/^ *token label *: //p' | head -n 1)
	cp "$CARD_KEYS/9a.key" "$work/their.pem"
	their_id=01
}

case $2 in
soft) prepare_soft ;;
card) prepare_card ;;
esac
cd "$work"

printf 'Hello World!\n' >message
"$here/workflow.py" "$module" "$token" sign $pin 01 signature

id=$(tool --token-label "$token" --list-objects --type pubkey |
	sed -n 's/^ *ID: *//p' | head -n 1)
[ "$id" = 01 ] || fail "the first public key has ID '$id'"
tool --token-label "$token" --read-object --type pubkey --id "$id" \
	--output-file key.der >/dev/null
openssl rsa -pubin -inform DER -in key.der -out key.pem
openssl dgst -sha256 -verify key.pem -signature signature message
printf 'Hello World?\n' >other
openssl dgst -sha256 -verify key.pem -signature signature other &&
	fail "OpenSSL took a signature of something else"

openssl dgst -sha256 -sign their.pem -out theirs message
"$here/workflow.py" "$module" "$token" verify $their_id message theirs
