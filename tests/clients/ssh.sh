# What the tests of OpenSSH share: a server at 127.0.0.1 that lets the keys of the
# token in, and somebody who types the PIN. Sourced with the module as first
# argument.

# A server of root in a user's namespace, at most, lets nobody in.
[ -w /usr ] || { echo "skipped: sshd wants root" >&2; exit 77; }
. "$(dirname "$0")/common.sh"
cd "$work"

printf '#!/bin/sh\necho "$*" >>%s/asked\necho %s\n' "$work" "$pin" >askpass
chmod +x askpass
export SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force

ssh-keygen -D "$module" >keys.pub

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
trap 'ssh-agent -k >/dev/null 2>&1; kill "$(cat sshd.pid)"; rm -rf "$work"' EXIT

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

# agent: a new one, which takes modules of the folder of ours
agent() {
	eval "$(ssh-agent -P "$(dirname "$module")/*")" >/dev/null
}
