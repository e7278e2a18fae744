#!/usr/bin/env bash
# Follows docs/howto/openvpn.md with a PIV card, then a wrong PIN, a
# reconnection, a card that goes and comes, and the key that wants the PIN each
# time.
# usage: openvpn.sh COMMAND... (which follows the page)
. "$(dirname "$0")/count.sh"
module=$(pkg-config --variable p11_module_path p11-kit-1)/signet-pkcs11.so
"$@"
# a client that ends takes the file with its process id away
while pgrep -x openvpn >/dev/null; do sleep 0.1; done
count_start

start() {
	openvpn --config client.conf --cd "$PWD" --daemon --log client.log \
		--writepid client.pid "$@"
}

# connected N: the N-th connection of this client is there
connected() {
	local turn
	for turn in {1..150}; do
		[ "$(grep -c 'Sequence Completed' client.log)" -ne "$1" ] ||
			return 0
		sleep 0.2
	done
	tail -n 20 client.log server.log
	fail "no connection $1"
}

stop() {
	local client
	client=$(cat client.pid)
	kill "$client"
	while kill -0 "$client" 2>/dev/null; do sleep 0.1; done
}

pkcs11-tool --module "$module" --read-object --type cert --id 02 \
	--output-file user2.der
openssl x509 -inform DER -in user2.der >>users.pem
ip netns exec server openvpn --config server.conf --cd "$PWD" --daemon \
	--log server.log --writepid server.pid

start
bash answer-pin 654321
sent 1 'a wrong PIN'
tries 2
bash answer-pin 123456
connected 1
tries 3
sent 1 'the right PIN'
kill -USR1 "$(cat client.pid)"
connected 2
sent 0 'a reconnection'
$CARD_TELL remove
kill -USR1 "$(cat client.pid)"
sleep 3
sent 0 'no card'
$CARD_TELL insert
bash answer-pin 123456
connected 3
sent 1 'the card is back'
stop

# 9C: once to log in, once to sign.
sed -i 's,/01'"'"'$,/02'"'"',' client.conf
start
bash answer-pin 123456
bash answer-pin 123456
connected 1
sent 2 'a key that wants the PIN each time'
stop
SIGNET_PIV_ALWAYS_AUTHENTICATE=no start
bash answer-pin 123456
connected 1
sent 1 'piv.always_authenticate = no'
stop
kill "$(cat server.pid)"
