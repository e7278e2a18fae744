#!/bin/bash
# PIV and OpenPGP side by side on one card, each with its own clients.
. "$(dirname "$0")/common.sh"

gpg_start() {
	export GNUPGHOME=$work/gnupg
	mkdir -m 700 "$GNUPGHOME"
	printf '%s\n' disable-ccid pcsc-shared > "$GNUPGHOME/scdaemon.conf"
	echo "pinentry-program $here/pinentry.sh" > "$GNUPGHOME/gpg-agent.conf"
	echo 654321 > "$work/pw1"
	trap 'gpgconf --kill all' EXIT
}

piv_signed() {
	yubico-piv-tool -a verify-pin -P $pin --sign -s 9a -A RSA2048 \
		-H SHA256 -i "$work/data" -o "$work/piv.signature" \
		>"$work/output" 2>&1 || fail "yubico-piv-tool: $(<"$work/output")"
	openssl dgst -sha256 -verify "$keys/rsa2048/9a.pub" \
		-signature "$work/piv.signature" "$work/data" >/dev/null ||
		fail 'signature by 9A'
}

# The key for authentication signs a hash that the host has made.
pgp_signed() {
	local grip hash
	# This leaves word of the card's keys with the agent.
	gpg --card-status >"$work/output" 2>&1 || fail "$(<"$work/output")"
	hash=$(openssl dgst -sha256 -r "$work/data" | cut -d' ' -f1)
	grip=$(gpg-connect-agent 'SCD LEARN --force' /bye |
		sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) OPENPGP.3.*/\1/p')
	[ -n "$grip" ] || fail 'no key for authentication'
	contains "$(printf '%s\n' "SIGKEY $grip" "SETHASH --hash=sha256 $hash" \
		PKSIGN /bye | gpg-connect-agent 2>&1 | tr -d '\0')" 'sig-val' \
		authentication
}

# gpg has to let go of the reader, or the other waits for it.
in_turn() {
	gpg_start
	echo data > "$work/data"
	for _ in 1 2 3; do
		piv_signed
		pgp_signed
		gpg_end
	done
	equal 1 "$(state pw1-82)" 'PW1 is given'
	piv_signed
	equal 0 "$(state pw1-82)" 'PIV was selected'
	equal 3/3 "$(state pin)" 'tries of PIV'
	equal 3/3 "$(state pw1)" 'tries of OpenPGP'
}

gpg_end() {
	gpgconf --kill all
}

# OpenSC's module takes PIV; what it does there leaves OpenPGP alone.
opensc_chooses() {
	local text
	text=$(pkcs11-tool --module "$opensc" --login --pin $pin -O 2>&1)
	contains "$text" 'Certificate for PIV Authentication' objects
	contains "$(opensc-tool --card-driver openpgp -n 2>/dev/null)" \
		'OpenPGP v3.4' 'the other applet'
	contains "$(openpgp-tool -K 2>/dev/null)" 'Sig Algorithm: *RSA2048' keys
	# The PIN of PIV given to OpenPGP costs a try of OpenPGP alone.
	refused openpgp-tool --verify CHV2 --pin $pin --do 0101
	equal 2/3 "$(state pw1)" 'tries of OpenPGP'
	equal 3/3 "$(state pin)" 'tries of PIV'
}

for kind in neo 4.3 5.4 5.7; do
	on_card rsa2048 "$(<"$keys/pgp-rsa2048/card") --pw1 654321 \
		--firmware $kind" in_turn
done
on_card rsa2048 "$(<"$keys/pgp-rsa2048/card") --pw1 654321 --firmware 5.7" \
	opensc_chooses
finish
