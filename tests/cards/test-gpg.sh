#!/bin/bash
# GnuPG and its scdaemon make, import and use the keys of each simulated
# OpenPGP card.
. "$(dirname "$0")/common.sh"

user='Signet Test <test@example.org>'

gpg_start() {
	export GNUPGHOME=$work/gnupg
	mkdir -m 700 "$GNUPGHOME"
	printf '%s\n' disable-ccid pcsc-shared > "$GNUPGHOME/scdaemon.conf"
	echo "pinentry-program $here/pinentry.sh" > "$GNUPGHOME/gpg-agent.conf"
	echo 'no-tty' > "$GNUPGHOME/gpg.conf"
	echo 123456 > "$work/pw1"
	echo 12345678 > "$work/pw3"
	trap 'gpgconf --kill all' EXIT
}

# quiet COMMAND...: its output is of interest when it fails alone
quiet() {
	"$@" > "$work/output" 2>&1 || fail "$*: $(<"$work/output")"
}

# edit LINE...: what a user types into gpg --card-edit
edit() {
	printf '%s\n' admin "$@" quit |
		quiet gpg --expert --command-fd 0 --status-fd 1 --card-edit
}

scd() {
	contains "$(gpg-connect-agent "SCD $1" /bye 2>&1)" '^OK' "SCD $1"
}

# No PIN of an earlier step is given any more.
forget() {
	quiet gpgconf --kill all
}

generated() {
	edit generate n 0 'Signet Test' test@example.org '' ''
	contains "$(<"$work/output")" KEY_CREATED generate
	contains "$(gpg --card-status)" "$user" 'the card knows its keys'
}

signed() {
	echo signed text > "$work/text"
	rm -f "$work/text.gpg"
	quiet gpg --batch -u test@example.org --sign "$work/text"
	equal 'signed text' "$(gpg --decrypt "$work/text.gpg" 2>"$work/output")" \
		'signed text'
	contains "$(<"$work/output")" 'Good signature' signature
}

decrypted() {
	echo secret > "$work/plain"
	rm -f "$work/plain.gpg"
	quiet gpg --batch --trust-model always -r test@example.org \
		--encrypt "$work/plain"
	equal secret "$(gpg --batch --decrypt "$work/plain.gpg" \
		2>"$work/output")" "decryption: $(<"$work/output")"
}

# authenticated BITS: with the third key, as ssh would
authenticated() {
	local grip bytes=$(($1 / 8))
	grip=$(gpg-connect-agent 'SCD LEARN --force' /bye |
		sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) OPENPGP.3.*/\1/p')
	[ -n "$grip" ] || fail 'no key for authentication'
	contains "$(printf '%s\n' "SIGKEY $grip" \
		"SETHASH --hash=sha$1 $(printf '5A%.0s' $(seq $bytes))" \
		PKSIGN /bye | gpg-connect-agent 2>&1 | tr -d '\0')" 'sig-val' authentication
}

# used [BITS]: the hash for the third key
used() {
	signed
	decrypted
	authenticated "${1:-256}"
}

all_generated() {
	gpg_start
	contains "$(gpg --card-status 2>&1)" 'Signature key ....: \[none\]' 'new'
	generated
	used
	# Each signature of the two that generate makes, and ours.
	[ "$(state signatures)" -ge 2 ] || fail 'the signature counter'
	equal 3/3 "$(state pw1)" 'tries of PW1'
	equal 3/3 "$(state pw3)" 'tries of PW3'
}

# attributes SIG DEC AUT: as "algorithm curve" of OpenPGP
attributes() {
	local n=1 one
	for one; do
		scd "SETATTR KEY-ATTR --force $n $one"
		n=$((n + 1))
	done
}

curve25519() {
	gpg_start
	attributes '22 Ed25519' '18 Curve25519' '22 Ed25519'
	generated
	contains "$(gpg --card-status)" 'ed25519 cv25519 ed25519' attributes
	used
}

nist() {
	gpg_start
	attributes '19 nistp256' '18 nistp384' '19 nistp521'
	generated
	used 512
}

brainpool() {
	gpg_start
	attributes '19 brainpoolP256r1' '18 brainpoolP384r1' \
		'19 brainpoolP512r1'
	generated
	used 512
}

# moved ALGORITHM ALGORITHM: made on the host, then keytocard
moved() {
	local key
	gpg_start
	quiet gpg --batch --passphrase '' --quick-gen-key "$user" "$1" cert,sign
	key=$(gpg --list-keys --with-colons | sed -n 's/^fpr:*\([^:]*\):/\1/p')
	quiet gpg --batch --passphrase '' --quick-add-key "$key" "$2" encrypt
	quiet gpg --batch --passphrase '' --quick-add-key "$key" "$1" auth
	printf '%s\n' keytocard y 1 'key 1' keytocard 2 'key 1' 'key 2' \
		keytocard 3 save |
		quiet gpg --expert --command-fd 0 --status-fd 1 --edit-key "$key"
	contains "$(gpg --list-secret-keys)" 'sec>' 'the key is on the card'
	forget
	used
}

moved_rsa() {
	moved rsa2048 rsa2048
}

moved_25519() {
	moved ed25519 cv25519
}

moved_p256() {
	moved nistp256/ecdsa nistp256/ecdh
}

pins_changed() {
	gpg_start
	generated
	forget
	echo 654321 > "$work/new"
	scd 'PASSWD 1'
	forget
	refused gpg --batch -u test@example.org -o "$work/no" \
		--sign /etc/hostname
	equal 2/3 "$(state pw1)" 'a wrong PW1'
	echo 654321 > "$work/pw1"
	used
	echo 87654321 > "$work/new"
	scd 'PASSWD 3'
	forget
	echo 87654321 > "$work/pw3"
	edit login somebody
	contains "$(gpg --card-status)" 'Login data .......: somebody' login
	# PW3 sets PW1 anew when that is blocked.
	forget
	echo 999999 > "$work/pw1"
	for _ in 1 2 3; do
		refused gpg --batch -u test@example.org -o "$work/no" \
			--sign /etc/hostname
	done
	equal 0/3 "$(state pw1)" 'PW1 blocked'
	echo 111222 > "$work/new"
	scd 'PASSWD --reset 1'
	equal 3/3 "$(state pw1)" 'PW1 set anew'
	echo 111222 > "$work/pw1"
	used
}

hashed_pins() {
	gpg_start
	edit kdf-setup
	contains "$(gpg --card-status)" 'KDF setting ......: on' KDF
	forget
	generated
	used
	contains "$(<"$trace")" '^> 0020008220' 'a hash for a PIN'
	equal 3/3 "$(state pw1)" 'tries of PW1'
}

# A card that was set up before: what it says of itself.
shown() {
	local text
	gpg_start
	text=$(gpg --card-status)
	contains "$text" 'created ....: 2020-01-01' 'time of making'
	! grep -q '\[none\]$' <<<"$(grep ' key.*:' <<<"$text" |
		grep -v General)" || fail "a key is missing: $text"
	contains "$text" "PIN retry counter : 3 [03] 3" tries
}

holder_written() {
	gpg_start
	edit name Test Signet lang de sex m url http://example.org/ login me
	edit forcesig
	contains "$(gpg --card-status)" 'Name of cardholder: Signet Test' name
	contains "$(gpg --card-status)" 'Language prefs ...: de' language
	contains "$(gpg --card-status)" 'URL of public key : http' URL
	edit factory-reset y yes
	contains "$(gpg --card-status)" 'Name of cardholder: \[not set\]' reset
}

rsa='yubikey-neo yubikey-4.3 yubikey-5.2 yubikey-5.4 yubikey-5.7 nitrokey3 gnuk
	zeitcontrol-2.1 zeitcontrol-3.4 smartpgp canokey generic'
for kind in $rsa; do
	on_card none "--firmware $kind" all_generated
done
for kind in yubikey-5.2 yubikey-5.4 yubikey-5.7 nitrokey3 gnuk canokey \
	generic; do
	on_card none "--firmware $kind" curve25519
done
for kind in yubikey-5.4 nitrokey3 zeitcontrol-3.4; do
	on_card none "--firmware $kind" nist
	on_card none "--firmware $kind" brainpool
done
for kind in yubikey-neo yubikey-5.4 gnuk smartpgp; do
	on_card none "--firmware $kind" moved_rsa
done
for kind in yubikey-5.4 nitrokey3 gnuk; do
	on_card none "--firmware $kind" moved_25519
	on_card none "--firmware $kind" moved_p256
done
for kind in yubikey-5.4 nitrokey3 'gnuk --pw3 12345678' zeitcontrol-2.1; do
	on_card none "--firmware $kind" pins_changed
done
for kind in yubikey-5.7 gnuk generic; do
	on_card none "--firmware $kind" hashed_pins
done
for kind in yubikey-5.4 nitrokey3 generic; do
	on_card none "--firmware $kind" holder_written
done
on_card pgp-rsa2048 '--firmware zeitcontrol-2.1' shown
on_card pgp-25519 '--firmware nitrokey3' shown
on_card pgp-p256 '' shown
finish
