#!/usr/bin/env bash
# keytool and certutil make keys on a PIV card whose PIN protects the management
# key. They name no place: the first goes to 9A, the second to 9C.
# usage: piv_placed.sh MODULE, beside an empty card, after protected.sh
. "$(dirname "$0")/common.sh"

# usage: subject SLOT
subject() {
	yubico-piv-tool -r '' -a read-certificate -s "$1" |
		openssl x509 -noout -subject
}

cat >"$work/java.cfg" <<END
name = signet
library = $module
slotListIndex = 0
END
keytool -genkeypair -keystore NONE -storetype PKCS11 -storepass $pin \
	-addprovider SunPKCS11 -providerarg "$work/java.cfg" -alias javakey \
	-keyalg RSA -keysize 2048 -dname CN=java
[ "$(subject 9a)" = "subject=CN = java" ] || fail "keytool's is not in 9A"

db=sql:$work/db
mkdir "$work/db"
certutil -N -d "$db" --empty-password
modutil -force -dbdir "$db" -add signet -libfile "$module"
printf '%s\n' $pin >"$work/pin"
head -c 64 /dev/urandom >"$work/noise"
token=$(modutil -dbdir "$db" -list |
	sed -n 's/^[[:space:]]*token: \(PIV.*\)$/\1/p')
certutil -S -d "$db" -h "$token" -f "$work/pin" -z "$work/noise" -n nsskey \
	-s CN=nss -x -t ,, -k rsa -g 2048
[ "$(subject 9c)" = "subject=CN = nss" ] || fail "certutil's is not in 9C"
[ "$(subject 9a)" = "subject=CN = java" ] || fail "9A was written over"
certutil -K -d "$db" -h "$token" -f "$work/pin" >"$work/keys"
cat "$work/keys"
[ "$(grep -c ' rsa ' "$work/keys")" -eq 2 ] || fail "not two keys"

# A key that signs is no key management key: 9D stays free, and the request for
# its certificate is signed with it. Then one in 9D signs such a request, too.
for id in 05 03; do
	if [ $id = 03 ]; then
		tool --login --pin $pin --keypairgen --key-type EC:prime256v1 \
			--id 03 --usage-sign --usage-derive
		certutil -R -d "$db" -h "$token" -f "$work/pin" -a -s CN=ec \
			-k "$(certutil -K -d "$db" -h "$token" \
				-f "$work/pin" | awk '$3 == "ec" { id = $4 }
				END { print id }')" -o "$work/request"
	else
		certutil -R -d "$db" -h "$token" -f "$work/pin" -z \
			"$work/noise" -s CN=ec -k ec -q nistp256 -a \
			-o "$work/request"
	fi
	openssl req -in "$work/request" -verify -noout ||
		fail "a request that is not signed by $id"
	SIGNET_PIV_RETIRED=all tool --read-object --type pubkey --id $id \
		--output-file "$work/made"
	openssl pkey -pubin -inform DER -in "$work/made" >"$work/made.pem"
	openssl req -in "$work/request" -pubkey -noout |
		cmp - "$work/made.pem" || fail "the new EC key is not in $id"
done
