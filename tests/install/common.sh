# What the tests of installing share.
set -euo pipefail
export SIGNET_SOFTTOKEN_KDF=pbkdf2:1000
modules=$(pkg-config --variable p11_module_path p11-kit-1)
configs=$(pkg-config --variable p11_module_configs p11-kit-1)
module=$modules/signet-pkcs11.so

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# files: what has been written (f), linked (l) or deleted (c) since the stage
# was set, which keeps that beside this folder; but what dpkg and the caches of
# manual pages and libraries keep
files() {
	(cd .. && find etc usr var \( -path var/lib/dpkg -o -path var/log \
		-o -path var/cache/man -o -path etc/ld.so.cache \) -prune \
		-o ! -type d -printf '%y /%p\n') | sort
}

# The system's trusted certificates are p11-kit's, too: with signet and without
# they are the same.
trust_stays() {
	trust list >trust-now
	[ -s trust-now ] || fail "p11-kit trusts nobody"
	[ -e trust ] || cp trust-now trust
	cmp trust trust-now || fail "p11-kit trusts others than before"
}

unknown() {
	trust_stays
	p11-kit list-modules >list
	! grep ^signet: list || fail "p11-kit has signet"
}

known() {
	trust_stays
	p11-kit list-modules >list
	grep -A2 '^signet: signet-pkcs11.so$' list ||
		fail "p11-kit has no signet"
}

# The machine may have been given signet before; the test shall not.
bare() {
	! dpkg-query -W signet 2>/dev/null || dpkg -P signet
	rm -f "$module" "$configs/signet.module" /usr/local/bin/signet-import \
		/usr/local/share/man/man?/signet*
	unknown
}

tool() {
	pkcs11-tool --module "$module" "$@" </dev/null
}

token_make() {
	local slot
	slot=$(SIGNET_SOFTTOKEN=on tool --list-slots |
		grep -B1 'uninitialized$' |
		sed -n 's/^Slot [0-9]* (\(0x[0-9a-f]*\)).*/\1/p')
	SIGNET_SOFTTOKEN=on tool --slot "$slot" --init-token --label kept \
		--so-pin 12345678
	tool --token-label kept --init-pin --so-pin 12345678 --pin 123456
	tool --token-label kept --login --pin 123456 --keypairgen \
		--key-type EC:prime256v1 --id 01
	tool --token-label kept --read-object --type pubkey --id 01 \
		--output-file public.der
}

# token_use: the key that token_make made signs
token_use() {
	echo 'I owe you a beer.' >message
	rm -f signature
	tool --token-label kept --login --pin 123456 --sign --id 01 \
		--mechanism ECDSA-SHA256 --signature-format openssl \
		--input-file message --output-file signature
	openssl dgst -sha256 -keyform DER -verify public.der \
		-signature signature message || fail "no signature"
}
