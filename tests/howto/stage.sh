#!/usr/bin/env bash
# Runs a command where signet is installed, with /etc, /usr and /var as they are
# but every change to them gone afterwards, and an empty /run.
# usage: stage.sh BUILD-FOLDER COMMAND...   (BUILD-FOLDER - installs nothing)
# The command sees HOME and XDG_* of its own, SIGNET_TEST_DIR where there is a
# card, and as its folder a fresh one.
set -euo pipefail

# Root in a user's namespace cannot write there either.
if [ ! -w /usr ]; then
	echo "skipped: to lay changes over /etc, /usr and /var wants root" >&2
	exit 77
fi
if [ -z "${HOWTO_INSIDE-}" ]; then
	HOWTO_INSIDE=1 exec unshare --mount --net --pid --fork \
		--kill-child -- "$0" "$@"
fi
build=$1
shift

ip link set lo up
mount -t proc proc /proc
scratch=$(mktemp -d)
mount -t tmpfs -o mode=755 signet-howto "$scratch"
for folder in etc usr var; do
	mkdir "$scratch/$folder" "$scratch/$folder.work"
	mount -t overlay -o "lowerdir=/$folder,upperdir=$scratch/$folder" \
		-o "workdir=$scratch/$folder.work" overlay "/$folder"
done
[ "$build" = - ] || meson install -C "$build" --no-rebuild --quiet
if [ -z "${SIGNET_TEST_DIR-}" ]; then
	mount -t tmpfs -o mode=755 signet-run /run
	mkdir -p "$scratch"/xdg/{config,cache,data,state,runtime}
	chmod 700 "$scratch/xdg/runtime"
	export HOME=$scratch/home XDG_CONFIG_HOME=$scratch/xdg/config \
		XDG_CACHE_HOME=$scratch/xdg/cache \
		XDG_DATA_HOME=$scratch/xdg/data \
		XDG_STATE_HOME=$scratch/xdg/state \
		XDG_RUNTIME_DIR=$scratch/xdg/runtime
	mkdir "$HOME"
fi
# What asks a person for the PIN is told it.
printf '#!/bin/sh\necho 123456\n' >"$scratch/askpass"
chmod +x "$scratch/askpass"
export SSH_ASKPASS=$scratch/askpass SSH_ASKPASS_REQUIRE=force
mkdir "$scratch/work"
cd "$scratch/work"
status=0
"$@" || status=$?
exit $status
