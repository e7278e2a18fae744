#!/usr/bin/env bash
# meson install is all that p11-kit needs to find the module.
# usage: install.sh MODULE BUILD-FOLDER (as root: in a mount namespace)
if [ -z "${INSIDE-}" ]; then
	INSIDE=1 exec unshare --mount "$0" "$@"
fi
. "$(dirname "$0")/common.sh"

# A copy of the two folders over themselves takes what install writes.
cover() {
	mkdir -p "$1" "$work/cover$1"
	cp -a "$1/." "$work/cover$1/"
	mount --bind "$work/cover$1" "$1"
}

modules=$(pkg-config --variable p11_module_path p11-kit-1)
configs=$(pkg-config --variable p11_module_configs p11-kit-1)
cover "$modules"
cover "$configs"
rm -f "$modules/signet-pkcs11.so" "$configs/signet.module"
meson install -C "$2" --no-rebuild >/dev/null
[ -f "$modules/signet-pkcs11.so" ] || fail "no module in $modules"

soft_home
soft_make kit
p11tool --list-tokens >"$work/list"
cat "$work/list"
grep -q 'token=kit' "$work/list" || fail "p11tool finds no token"
p11-kit list-modules | grep -A3 '^signet' || fail "p11-kit has no signet"
