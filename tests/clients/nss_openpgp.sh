#!/usr/bin/env bash
# NSS authenticates itself in TLS 1.2 by an RSA key of an OpenPGP card, which
# signs by PKCS#1 alone, as client and as server. NSS takes PSS wherever the
# mechanism is listed.
# usage: nss_openpgp.sh MODULE, beside a card (on_openpgp.sh)
. "$(dirname "$0")/common.sh"

db=sql:$work/db
mkdir "$work/db"
certutil -N -d "$db" --empty-password
modutil -force -dbdir "$db" -add signet -libfile "$module"
label=$(modutil -dbdir "$db" -list |
	sed -n 's/^.*token: \(OpenPGP.*\)$/\1/p')
openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc \
	-keyout "$work/server.key" -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -out "$work/server.pem"
certutil -A -d "$db" -n server -t C,, -i "$work/server.pem"
openssl s_server -accept 5599 -www -Verify 1 -verify_return_error \
	-cert "$work/server.pem" -key "$work/server.key" \
	-CAfile "$CARD_KEYS/aut.pem" >"$work/log" 2>&1 &
until (: </dev/tcp/localhost/5599) 2>/dev/null; do sleep 0.2; done
printf 'GET / HTTP/1.0\r\n\r\n' >"$work/request"
tstclnt -h localhost -p 5599 -d "$db" -w $pin -V tls1.2:tls1.2 \
	-n "$label:AUT certificate" -A "$work/request" </dev/null \
	>"$work/page" || { cat "$work/log"; fail 'no handshake'; }
kill $!
grep -x 'Peer signature type: RSA' "$work/page" || fail 'not PKCS#1'

selfserv -d "$db" -p 5598 -n "$label:AUT certificate" -w $pin >"$work/log" 2>&1 &
until (: </dev/tcp/localhost/5598) 2>/dev/null; do sleep 0.2; done
openssl s_client -connect localhost:5598 -tls1_2 -CAfile "$CARD_KEYS/aut.pem" \
	-verify_return_error <<<$'GET / HTTP/1.0\r\n\r\n' >"$work/page" 2>&1 ||
	{ cat "$work/page" "$work/log"; fail 'no handshake with the server'; }
kill $!
grep -x 'Peer signature type: RSA' "$work/page" || fail 'not PKCS#1'
