#!/usr/bin/env bash
# The Debian package: built from a copy of the sources, judged by lintian,
# installed, upgraded, removed. A token outlives all that.
# usage: debian.sh SOURCE-FOLDER (in stage.sh)
. "$(dirname "$0")/common.sh"

mkdir signet
tar -C "$1" --exclude './build*' --exclude ./.git -cf - . | tar -C signet -xf -
(cd signet && DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage -us -uc -b) >build.log 2>&1 || {
	tail -n 50 build.log
	fail "no package"
}
package=$(echo signet_*.deb)
version=$(dpkg-deb -f "$package" Version)
[ "$version" = "$(meson introspect --projectinfo signet/meson.build |
	sed -n 's/.*"version": "\([^"]*\)".*/\1/p')" ] ||
	fail "debian/changelog and meson.build differ in version"
[ "$(ls -- *.deb)" = "$package" ] || fail "not one package"
! grep -q cmocka build.log || fail "the tests were built"

lintian --allow-root --display-info --pedantic \
	--fail-on error,warning,info,pedantic signet_*.changes

# upgraded: the package as its next version
dpkg-deb -R "$package" next
sed -i "s/^Version: .*/&+1/" next/DEBIAN/control
dpkg-deb -b next next.deb

bare
files >before
dpkg -i "$package"
comm -13 before <(files) >installed
arch=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
diff - installed <<-TEXT || fail "other files than expected"
	f /usr/bin/signet-import
	f /usr/lib/$arch/pkcs11/signet-pkcs11.so
	f /usr/share/doc/signet/changelog.gz
	f /usr/share/doc/signet/copyright
	f /usr/share/man/man1/signet-import.1.gz
	f /usr/share/man/man5/signet.conf.5.gz
	f /usr/share/man/man7/signet-pkcs11.7.gz
	f /usr/share/p11-kit/modules/signet.module
TEXT
[ "$(dpkg -L signet | while read -r file; do
	[ -d "$file" ] || echo "f $file"
done | sort)" = "$(cat installed)" ] || fail "dpkg knows other files"
known
signet-import --help >/dev/null
man --path signet.conf signet-pkcs11 signet-import
token_make
token_use

dpkg -i next.deb
[ "$(dpkg-query -W -f '${Version}' signet)" = "$version+1" ] || fail "no upgrade"
token_use

# gone OPTION: so removed, the package leaves nothing
gone() {
	dpkg "$1" signet
	unknown
	comm -3 before <(files) >left
	[ ! -s left ] || fail "left or gone after dpkg $1: $(cat left)"
	! dpkg-query -W signet 2>/dev/null || fail "dpkg remembers signet"
}
gone -r
dpkg -i next.deb
token_use
gone -P
