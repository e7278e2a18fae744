#!/usr/bin/env bash
# Runs a command where there is a software token "mine", PIN 123456, SO PIN
# 12345678.
# usage: soft.sh COMMAND...
set -euo pipefail
export SIGNET_SOFTTOKEN_KDF=pbkdf2:1000
module=$(pkg-config --variable p11_module_path p11-kit-1)/signet-pkcs11.so

tool() {
	SIGNET_SOFTTOKEN=on pkcs11-tool --module "$module" "$@" </dev/null
}

slot=$(tool --list-slots | grep -B1 'uninitialized$' |
	sed -n 's/^Slot [0-9]* (\(0x[0-9a-f]*\)).*/\1/p')
tool --slot "$slot" --init-token --label mine --so-pin 12345678
tool --token-label mine --init-pin --so-pin 12345678 --pin 123456
"$@"
