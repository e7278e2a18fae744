# What the card tests share. A test sources this with its own arguments,
# CARD_PROGRAM and KEYS (a folder that personalise may fill), defines functions
# and calls: on_card SET 'OPTIONS' FUNCTION. The function then runs inside
# pcscd/run, beside a card with that set of keys.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pin=123456 puk=12345678
mgm=010203040506070801020304050607080102030405060708
opensc=${SIGNET_OPENSC_PKCS11:-/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so}
ykcs11=${SIGNET_YKCS11:-/usr/lib/x86_64-linux-gnu/libykcs11.so}
inside=
[ "${1:-}" != --inside ] || { inside=$2; shift 2; }
program=$1 keys=$2
mkdir -p "$keys"
keys=$(cd "$keys" && pwd)
[ -n "$inside" ] || "$here/../pcscd/personalise" "$keys"
control=${SIGNET_TEST_DIR:-}/card0.control
trace=${SIGNET_TEST_DIR:-}/card0.trace
work=${SIGNET_TEST_DIR:-}

fail() {
	echo "FAIL: $*" >&2
	[ ! -s "$trace" ] || { echo "end of the trace:"; tail -n 12 "$trace"; } >&2
	exit 1
}

# equal WANTED GOT WHAT
equal() {
	[ "$1" = "$2" ] || fail "$3: wanted '$1', got '$2'"
}

# contains TEXT PATTERN WHAT
contains() {
	grep -q -- "$2" <<<"$1" || fail "$3: no '$2' in: $1"
}

# refused COMMAND...: it must fail
refused() {
	! "$@" >/dev/null 2>&1 || fail "should have failed: $*"
}

# state WORD: one value of the card's state, such as pin
state() {
	"$program" --tell "$control" state | tr ' ' '\n' |
		sed -n "s/^$1=//p"
}

tell() {
	"$program" --tell "$control" "$1" >/dev/null || fail "control: $1"
}

exchanges() {
	grep -c '^>' "$trace" || :
}

# on_card SET OPTIONS FUNCTION: SET may be "none"
on_card() {
	[ -z "$inside" ] || return 0
	local options=$2
	if [ "$1" != none ]; then
		options="$(<"$keys/$1/card") $2"
	fi
	echo "== $3: $1 $2"
	"$here/../pcscd/run" --card "$program --port @PORT@ --trace @TRACE@ \
		--control @CONTROL@ $options" -- \
		bash "$0" --inside "$3" "$program" "$keys" ||
		{ echo "FAIL: $3 on: $1 $2" >&2; exit 1; }
}

# At the end of a test: inside, run the function that was asked for.
finish() {
	[ -z "$inside" ] || "$inside"
}
