#!/usr/bin/env bash
# C_Finalize in a handler of exit(), and the module loaded and unloaded: what it
# leaves behind, as the kernel and as valgrind see it.
# usage: unload.sh PROGRAM MODULE exit|unload|leak
set -euo pipefail
program=$(realpath "$1") module=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work SIGNET_SOFTTOKEN=on SIGNET_SOFTTOKEN_PATH=$work/tokens
export SIGNET_CACHE=off

case $3 in
exit) "$program" "$module" 0 >"$work/out" ;;
unload) "$program" "$module" 8 >"$work/out" ;;
leak)
	# what cannot be reached any more, and what was read when it should not
	valgrind -q --leak-check=full --errors-for-leak-kinds=definite \
		--error-exitcode=9 "$program" "$module" 2 >"$work/out" ;;
esac
grep -qx finished "$work/out"
