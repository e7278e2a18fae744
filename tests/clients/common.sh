# What the client tests share. Sourced with the module as first argument.
set -euo pipefail

module=$(realpath "$1")
pin=123456
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

tool() {
	pkcs11-tool --module "$module" "$@" </dev/null
}

# The folder of the software tokens, empty, with a slot to make one in.
soft_home() {
	export SIGNET_SOFTTOKEN=on SIGNET_SOFTTOKEN_PATH=$work/tokens
	export SIGNET_SOFTTOKEN_KDF=pbkdf2:1000
}

# The slot of the uninitialised software token.
soft_empty_slot() {
	tool --list-slots | grep -B1 'uninitialized$' |
		sed -n 's/^Slot [0-9]* (\(0x[0-9a-f]*\)).*/\1/p'
}

# soft_make LABEL: a software token with a user PIN
soft_make() {
	tool --slot "$(soft_empty_slot)" --init-token --label "$1" \
		--so-pin 12345678 >/dev/null
	tool --token-label "$1" --init-pin --so-pin 12345678 --pin $pin \
		>/dev/null
}

# soft_import LABEL ID KEY: a public key from a PEM private key
soft_import_public() {
	openssl pkey -in "$3" -pubout -outform DER -out "$work/import.der"
	tool --token-label "$1" --login --pin $pin --write-object \
		"$work/import.der" --type pubkey --id "$2" --label imported \
		>/dev/null
}
