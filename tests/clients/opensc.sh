#!/usr/bin/env bash
# The tests that pkcs11-tool brings along.
# usage: opensc.sh MODULE soft|card
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
slot=()
if [ "$2" = soft ]; then
	soft_home
	soft_make opensc
	slot=(--token-label opensc)
	tool "${slot[@]}" --login --pin $pin --keypairgen \
		--key-type rsa:2048 --id 01 --label rsa >/dev/null
	tool "${slot[@]}" --login --pin $pin --keypairgen \
		--key-type EC:prime256v1 --id 02 --label ec >/dev/null
fi

allowed='^No errors'
# run OPTION...: tells no error but those that are allowed
run() {
	tool "${slot[@]}" "$@" >"$work/out" 2>&1 || grep -q "$errors" \
		"$work/out" || { cat "$work/out"; fail "pkcs11-tool $*"; }
	grep -v -E "$allowed" "$work/out" | grep -i -E 'error|ERR:' &&
		{ cat "$work/out"; fail "pkcs11-tool $*"; }
	return 0
}

# beside it, in threads, it starts the module, lists slots, reads a token info:
# of a card, too, which all of them want to see before anybody has
errors='^No errors'
threads=(--test-threads ILGISLT0 --test-threads ILSLT0T0GI
	--test-threads INGISLT0)
if [ "$2" = card ]; then
	# of the keys of a card it wants raw RSA in parts, which has only one
	allowed='C_SignUpdate failed: CKR_OPERATION_NOT_INITIALIZED|^1 errors$'
	errors='^1 errors$'
fi
run --login --pin $pin --test "${threads[@]}"
grep -q "$errors" "$work/out" || { cat "$work/out"; fail "--test"; }
run --test-fork
# a key pair beside it, as it asks for no R/W session of its own
[ "$2" = card ] || run --login --pin $pin --keypairgen --test-ec --id 09 \
	--key-type EC:prime256v1
