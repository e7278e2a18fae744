#!/usr/bin/env bash
# A missing library stops meson with the names of its packages.
# usage: missing.sh SOURCE-FOLDER
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if PKG_CONFIG_LIBDIR=$work meson setup "$work/build" "$1" >"$work/log" 2>&1; then
	echo "meson found libraries that are not there" >&2
	exit 1
fi
for package in libpcsclite-dev pcsc-lite-devel libssl-dev openssl-devel \
	libsqlite3-dev sqlite-devel libinih-dev inih-devel zlib1g-dev \
	zlib-devel libp11-kit-dev p11-kit-devel; do
	grep -q "install $package[;)]" "$work/log" || {
		echo "meson does not name $package" >&2
		cat "$work/log"
		exit 1
	}
done
