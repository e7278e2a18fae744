#!/usr/bin/env bash
# 9C of a PIV card wants the PIN for each signature. ssh asks for it; the agent
# of OpenSSH cannot, and what it then fails with must not spoil its other keys.
# usage: ssh_pin_always.sh MODULE (with a card in the reader)
. "$(dirname "$0")/common.sh"
cd "$work"

printf '#!/bin/sh\necho "$*" >>%s/asked\necho %s\n' "$work" "$pin" >askpass
chmod +x askpass
export SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force

ssh-keygen -D "$module" >keys.pub
[ "$(wc -l <keys.pub)" -eq 4 ] || fail "not four keys"
sed -n 1p keys.pub >9a.pub
sed -n 2p keys.pub >9c.pub

mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f host_key
cat >sshd_config <<TEXT
Port 2222
ListenAddress 127.0.0.1
HostKey $work/host_key
AuthorizedKeysFile $work/keys.pub
StrictModes no
UsePAM no
PidFile $work/sshd.pid
TEXT
/usr/sbin/sshd -f sshd_config -E sshd.log

# login KEY OPTION...: with KEY.pub alone
login() {
	timeout 60 ssh -p 2222 -o UserKnownHostsFile=known_hosts \
		-o StrictHostKeyChecking=accept-new -o IdentitiesOnly=yes \
		-i "$1.pub" "${@:2}" "$(id -un)@127.0.0.1" true
}

# asked TIMES: since the last call
asked() {
	[ "$(wc -l <asked)" -eq "$1" ] || fail "not asked $1 times: $(cat asked)"
	rm asked
}

login 9c -I "$module" || fail "ssh does not log in with 9C"
asked 1

eval "$(ssh-agent -P "$(dirname "$module")/*")" >/dev/null
trap 'ssh-agent -k >/dev/null; kill "$(cat sshd.pid)"; rm -rf "$work"' EXIT
ssh-add -s "$module" || fail "ssh-add -s"
asked 1
login 9a || fail "the agent does not log in with 9A"
for _ in 1 2 3; do
	! login 9c 2>/dev/null || fail "the agent asks for the PIN of 9C"
	login 9a || fail "9A is spoilt by 9C"
done
login 9c -I "$module" || fail "ssh does not log in with 9C any more"

# Without the flag the PIN that was kept does it, also where the PIN was verified
# when the card was first looked at: the second agent's helper comes before the
# card has lost its power.
ssh-add -e "$module" || fail "ssh-add -e"
ssh-agent -k >/dev/null
export SIGNET_PIV_ALWAYS_AUTHENTICATE=no
rm asked
eval "$(ssh-agent -P "$(dirname "$module")/*")" >/dev/null
ssh-add -s "$module" || fail "ssh-add -s without the flag"
login 9c || fail "the agent does not log in with 9C without the flag"
login 9a || fail "nor with 9A after it"
login 9c || fail "nor with 9C again"
asked 1
