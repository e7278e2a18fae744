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

# run OPTION...: no error of its own, none told
run() {
	tool "${slot[@]}" "$@" >"$work/out" 2>&1 ||
		{ cat "$work/out"; fail "pkcs11-tool $*"; }
	grep -v 'No errors' "$work/out" | grep -i -E 'error|ERR:' &&
		{ cat "$work/out"; fail "pkcs11-tool $*"; }
	return 0
}

# beside it, in threads, it starts the module, lists slots, reads a token info;
# not of a card, which another thread may be looking at for the first time
info=T0
[ "$2" = soft ] || info=GI
run --login --pin $pin --test --test-threads ILGISL$info \
	--test-threads ILSL${info}GI --test-threads INGISL$info
grep -q '^No errors' "$work/out" || { cat "$work/out"; fail "--test"; }
run --test-fork
# a key pair beside it, as it asks for no R/W session of its own
[ "$2" = card ] || run --login --pin $pin --keypairgen --test-ec --id 09 \
	--key-type EC:prime256v1
