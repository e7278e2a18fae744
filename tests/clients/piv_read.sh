#!/usr/bin/env bash
# A YubiKey 5.7 that holds what only its firmware tells of: keys without a
# certificate, one that wants no PIN, Ed25519, X25519, retired keys with a hole.
# usage: piv_read.sh MODULE PIV-CARD KEY-FOLDER
set -euo pipefail

module=$(realpath "$1") card=$(realpath "$2") keys=$3
here=$(cd "$(dirname "$0")" && pwd)
"$here/../pcscd/personalise" "$keys" p256 ed25519
keys=$(realpath "$keys")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl genpkey -algorithm X25519 -out "$work/x.key"
openssl pkey -in "$work/x.key" -pubout -out "$work/x.pub"

options="--firmware 5.7 --key 9a=$keys/p256/9a.key:never"
options+=" --key 9c=$keys/ed25519/9c.key --cert 9c=$keys/ed25519/9c.der"
options+=" --key 9d=$work/x.key"
for slot in 82 83 85; do
	options+=" --key $slot=$keys/p256/9d.key --cert $slot=$keys/p256/9d.der"
done
export ED25519_PUB=$keys/ed25519/9c.pub P256_PUB=$keys/p256/9d.pub
for retired in history all; do
	SIGNET_PIV_RETIRED=$retired "$here/on_new.sh" "$card" "$options" \
		"$here/piv_read.py" "$module" "$work" "$retired"
done
