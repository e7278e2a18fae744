#!/usr/bin/env bash
# meson install is all that p11-kit needs to find the module, and ninja
# uninstall takes all of it away.
# usage: meson.sh BUILD-FOLDER (in stage.sh)
. "$(dirname "$0")/common.sh"
build=$1

# meson writes there what it installed; other tests install too.
mount -t tmpfs signet-log "$build/meson-logs"
bare
files >before
meson install -C "$build" --no-rebuild --quiet
known
token_make
p11tool --list-tokens | grep 'token=kept' || fail "p11tool finds no token"

comm -13 before <(files) >installed
cat installed
! grep -vE '/(signet-pkcs11\.so|signet\.module|signet-import(\.1)?|signet-pkcs11\.7|signet\.conf\.5)$' installed ||
	fail "what is that for?"
[ "$(wc -l <installed)" -eq 6 ] || fail "not six files"

ninja -C "$build" uninstall
unknown
comm -3 before <(files) >left
[ ! -s left ] || fail "left or gone: $(cat left)"
