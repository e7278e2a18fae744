#!/usr/bin/env bash
# NSS loads the module and shows its tokens and certificates.
# usage: nss.sh MODULE (with a card in the reader)
. "$(dirname "$0")/common.sh"

soft_home
soft_make nss
tool --token-label nss --login --pin $pin --write-object "$CARD_KEYS/9a.der" \
	--type cert --id 0a --label softcert >/dev/null

db=$work/db
mkdir "$db"
certutil -N -d "sql:$db" --empty-password
modutil -force -dbdir "sql:$db" -add signet -libfile "$module"
modutil -dbdir "sql:$db" -list >"$work/list"
cat "$work/list"
grep -q '^[[:space:]]*token: nss$' "$work/list" || fail "no software token"
grep -q '^[[:space:]]*token: PIV' "$work/list" || fail "no PIV token"

printf '%s\n' $pin >"$work/pin"
certutil -L -d "sql:$db" -h all -f "$work/pin" >"$work/certs"
cat "$work/certs"
grep -q '^nss:softcert' "$work/certs" || fail "no certificate of nss"
[ "$(grep -c '^PIV.*Certificate for ' "$work/certs")" -eq 4 ] ||
	fail "not the four certificates of the card"
