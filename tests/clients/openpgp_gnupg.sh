#!/usr/bin/env bash
# GnuPG and this module at the same OpenPGP card: keys that one makes or brings
# in are found and used by the other, and so are PINs.
# usage: openpgp_gnupg.sh MODULE WHAT [KIND...], beside an empty card
#   WHAT: ours (KIND of the keys 01, 02, 03), theirs (as GnuPG names them), moved
#   (the same, made on the host), brought (a set of personalise's keys)
. "$(dirname "$0")/common.sh"
what=$2
shift 2

export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
printf '%s\n' disable-ccid pcsc-shared >"$GNUPGHOME/scdaemon.conf"
echo "pinentry-program $here/../cards/pinentry.sh" >"$GNUPGHOME/gpg-agent.conf"
echo no-tty >"$GNUPGHOME/gpg.conf"
echo 123456 >"$SIGNET_TEST_DIR/pw1"
echo 12345678 >"$SIGNET_TEST_DIR/pw3"
trap 'gpgconf --kill all; rm -rf "$work"' EXIT

keys() {
	"$here/openpgp_keys.py" "$module" "$@"
}

# quiet COMMAND...: its output is of interest when it fails alone
quiet() {
	"$@" >"$work/output" 2>&1 || fail "$*: $(<"$work/output")"
}

# No PIN is left that GnuPG gave, and it looks at the card anew.
forget() {
	quiet gpgconf --kill all
}

# Signs, deciphers, and authenticates with the third key, as ssh would.
gnupg_use() {
	local grip
	echo text >"$work/text"
	rm -f "$work"/text.*
	quiet gpg --batch -u test@example.org --sign "$work/text"
	gpg --decrypt "$work/text.gpg" 2>&1 | grep -aq 'Good signature' ||
		fail 'GnuPG: a wrong signature'
	quiet gpg --batch --trust-model always -r test@example.org \
		-o "$work/text.secret" --encrypt "$work/text"
	gpg --batch --decrypt "$work/text.secret" 2>"$work/output" |
		cmp - "$work/text" || fail "GnuPG: $(<"$work/output")"
	grip=$(gpg-connect-agent 'SCD LEARN --force' /bye |
		sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) OPENPGP.3.*/\1/p')
	printf '%s\n' "SIGKEY $grip" \
		"SETHASH --hash=sha512 $(printf '5A%.0s' $(seq 64))" \
		PKSIGN /bye | gpg-connect-agent 2>&1 | tr -d '\0' |
		grep -q sig-val || fail 'GnuPG: no authentication'
}

# card FIELD N: what the card says of its N-th key
card() {
	gpg --card-status --with-colons | grep "^$1:" | cut -d : -f $(($2 + 1))
}

# adopt N COMMAND...: as made when the card says that its N-th key was. A faked
# time that is the present one GnuPG takes for none, and goes on with its clock.
adopt() {
	local time
	time=$(card fprtime "$1")
	while [ "$(date +%s)" -le "$time" ]; do sleep 0.1; done
	quiet gpg --expert --command-fd 0 --status-fd 1 \
		--faked-system-time "$time!" "${@:2}"
	grep -q KEY_CREATED "$work/output" || fail "$(<"$work/output")"
}

# GnuPG makes a key of those on the card, and finds that it has their names.
adopted() {
	local found
	printf '%s\n' 14 1 q 0 'Signet Test' test@example.org '' o |
		adopt 1 --full-gen-key
	printf '%s\n' addkey 14 2 q 0 save | adopt 2 --edit-key "$(card fpr 1)"
	found=$(gpg --list-keys --with-colons --with-subkey-fingerprint |
		sed -n 's/^fpr:*\([^:]*\):.*/\1/p' | paste -sd :)
	[ "$found" = "$(card fpr 1):$(card fpr 2)" ] || fail "names: $found"
}

case $what in
ours)
	keys generate "$@"
	gpg --card-status >"$work/status"
	[ "$(grep -c 'created \.' "$work/status")" -eq 3 ] ||
		fail "$(<"$work/status")"
	adopted
	gnupg_use
	;;
brought)
	"$here/../pcscd/personalise" "${CARD_KEYS%/none}" "$1"
	keys import "${CARD_KEYS%/none}/$1"
	adopted
	gnupg_use
	;;
theirs)
	n=1
	for attribute; do
		quiet gpg-connect-agent "SCD SETATTR KEY-ATTR --force $n $attribute" /bye
		n=$((n + 1))
	done
	printf '%s\n' admin generate n 0 'Signet Test' test@example.org '' '' quit |
		quiet gpg --expert --command-fd 0 --status-fd 1 --card-edit
	gnupg_use
	;;
moved)
	quiet gpg --batch --passphrase '' --quick-gen-key \
		'Signet Test <test@example.org>' "$1" cert,sign
	key=$(gpg --list-keys --with-colons |
		sed -n 's/^fpr:*\([^:]*\):/\1/p')
	quiet gpg --batch --passphrase '' --quick-add-key "$key" "$2" encrypt
	quiet gpg --batch --passphrase '' --quick-add-key "$key" "$1" auth
	printf '%s\n' keytocard y 1 'key 1' keytocard 2 'key 1' 'key 2' \
		keytocard 3 save |
		quiet gpg --expert --command-fd 0 --status-fd 1 --edit-key "$key"
	;;
esac
forget
keys use

# A PIN that one sets is the other's as well.
if [ "$what" = ours ]; then
	tool --login --pin $pin --change-pin --new-pin 654321 >/dev/null
	echo 654321 >"$SIGNET_TEST_DIR/pw1"
	gnupg_use
	echo $pin >"$SIGNET_TEST_DIR/new"
	quiet gpg-connect-agent 'SCD PASSWD 1' /bye
	forget
	keys use
	printf '%s\n' admin login somebody quit |
		quiet gpg --command-fd 0 --status-fd 1 --card-edit
	gpg --card-status | grep -q 'Login data .*somebody' ||
		fail 'GnuPG: --card-edit'
fi
