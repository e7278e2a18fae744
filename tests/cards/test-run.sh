#!/bin/bash
# The stage itself: pcscd/run, its readers, its cards, its end.
. "$(dirname "$0")/common.sh"

run=$here/../pcscd/run
card="$program --port @PORT@ --trace @TRACE@ --control @CONTROL@"

# Exit statuses come through, and a broken card or command is told.
status_passed() {
	local status=0
	"$run" -- bash -c 'exit 7' || status=$?
	equal 7 $status 'exit status'
	status=0
	"$run" --card "$program --port @PORT@ --pin 1" -- true \
		2>/dev/null || status=$?
	equal 125 $status 'a card that does not start'
	equal 'a  b|c' "$("$run" --no-pcscd -- printf '%s|%s' 'a  b' c)" \
		'arguments'
	equal input "$(echo input | "$run" --no-pcscd -- cat)" 'standard input'
}

readers_named() {
	local text
	text=$("$run" --readers 2 --reader-name 'First One' \
		--reader-name 'Second One' -- opensc-tool -l 2>&1)
	contains "$text" 'No .*First One 00 00' readers
	contains "$text" 'No .*Second One 00 01' readers
	text=$("$run" -- opensc-tool -l 2>&1)
	contains "$text" 'Yubico YubiKey CCID 00 00' 'default name'
	text=$("$run" --no-pcscd -- opensc-tool -l 2>&1 || :)
	contains "$text" 'No smart card readers found' 'no daemon'
}

two_cards() {
	local text
	text=$("$run" --card "$card --serial 11" --card "$card --serial 22" \
		-- bash -c 'for name in "CCID 00" "CCID 2 00"; do
		yubico-piv-tool -r "$name" -a status | grep Serial; done')
	equal 'Serial Number:	11 Serial Number:	22' "${text/$'\n'/ }" 'cards'
}

# Nothing is left behind, whatever ends the run.
alone_and_clean() {
	local before after pid status=0
	before=$(ls -d /run/signet-test /run/pcscd/* 2>/dev/null || :)
	coproc stage { exec "$run" --card "$card" -- bash -c \
		'echo up; exec sleep 1000'; }
	pid=$stage_PID
	read -r text <&"${stage[0]}"
	equal up "$text" 'the command runs'
	kill -TERM "$pid"
	wait "$pid" || status=$?
	equal 143 $status 'ended by a signal'
	after=$(ls -d /run/signet-test /run/pcscd/* 2>/dev/null || :)
	equal "$before" "$after" 'what is in /run'
}

# Runs side by side see their own card only.
side_by_side() {
	local n pids=()
	for n in 1 2 3 4 5 6; do
		"$run" --card "$card --serial $n" -- bash -c \
			"yubico-piv-tool -a status | grep -q 'Number:	$n\$'" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "one of several runs"
	done
}

# waited WANTED: until the reader says so
waited() {
	for _ in $(seq 400); do
		! opensc-tool -l 2>/dev/null | grep -q "^0 *$1 " || return 0
		read -r -t 0.02 <> <(:) || :
	done
	fail "the card never became $1"
}

# Inside: a card that is pulled and comes back.
pulled() {
	waited Yes
	yubico-piv-tool -a verify-pin -P $pin >/dev/null 2>&1
	tell remove
	waited No
	refused yubico-piv-tool -a status
	tell insert
	waited Yes
	yubico-piv-tool -a verify-pin -P $pin >/dev/null 2>&1 ||
		fail 'after insertion'
	contains "$(<"$trace")" '# insert' trace
}

if [ -z "$inside" ]; then
	for test in status_passed readers_named two_cards alone_and_clean \
		side_by_side; do
		echo "== $test"
		$test
	done
fi
on_card none '' pulled
finish
