/* Attestation of the simulated YubiKey: certificates for generated keys. */
#include "piv.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <stdio.h>

static bool
extension_add(X509 *certificate, const char *oid, const uint8_t *value,
	      size_t n)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool ok;

	ok = object && octets && ASN1_OCTET_STRING_set(octets, value, (int)n) &&
	     (extension =
		      X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets)) &&
	     X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
	return ok;
}

/* Yubico's arc: firmware, serial, PIN and touch policy, form factor. */
static bool
extensions_add(const struct piv *piv, const struct piv_key *subject,
	       X509 *certificate)
{
	uint8_t version[3] = {
		(uint8_t)(piv->version >> 16),
		(uint8_t)(piv->version >> 8),
		(uint8_t)piv->version,
	};
	uint8_t serial[6] = {
		0x02,
		0x04,
		(uint8_t)(piv->serial >> 24 & 0x7f),
		(uint8_t)(piv->serial >> 16),
		(uint8_t)(piv->serial >> 8),
		(uint8_t)piv->serial,
	};
	uint8_t policy[2] = { subject->policy, subject->touch };
	uint8_t form = 1;

	return extension_add(certificate, "1.3.6.1.4.1.41482.3.3", version,
			     sizeof(version)) &&
	       extension_add(certificate, "1.3.6.1.4.1.41482.3.7", serial,
			     sizeof(serial)) &&
	       extension_add(certificate, "1.3.6.1.4.1.41482.3.8", policy,
			     sizeof(policy)) &&
	       extension_add(certificate, "1.3.6.1.4.1.41482.3.9", &form, 1);
}

/* CA, path length 0. */
static bool
constraints_add(X509 *certificate)
{
	static const uint8_t constraints[] = {
		0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00,
	};

	return extension_add(certificate, "2.5.29.19", constraints,
			     sizeof(constraints));
}

static bool
name_set(X509_NAME *name, const char *text)
{
	return name &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const uint8_t *)text, -1, -1, 0);
}

/* The dates are a YubiKey's own; nothing here asks for the time. */
static bool
certificate_fill(X509 *certificate, const char *subject,
		 const struct piv_key *key)
{
	return X509_set_version(certificate, X509_VERSION_3) &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
	       ASN1_TIME_set_string(X509_getm_notBefore(certificate),
				    "160314000000Z") &&
	       ASN1_TIME_set_string(X509_getm_notAfter(certificate),
				    "20520417000000Z") &&
	       name_set(X509_get_subject_name(certificate), subject) &&
	       name_set(X509_get_issuer_name(certificate),
			"Yubico PIV Attestation") &&
	       X509_set_pubkey(certificate, key->pkey);
}

static bool
certificate_write(X509 *certificate, struct pile *der)
{
	int n = i2d_X509(certificate, NULL);
	uint8_t *place = n > 0 ? pile_reserve(der, (size_t)n) : NULL;

	return place && i2d_X509(certificate, &place) == n;
}

bool
piv_certificate(struct piv *piv, const struct piv_key *subject,
		uint8_t reference, struct pile *der)
{
	const struct piv_key *signer = piv_slot(piv, 0xf9);
	X509 *certificate = X509_new();
	char name[40] = "Yubico PIV Attestation";
	bool ok;

	if (subject != signer)
		(void)snprintf(name, sizeof(name),
			       "YubiKey PIV Attestation %02x", reference);
	ok = certificate && certificate_fill(certificate, name, subject) &&
	     (subject == signer ? constraints_add(certificate)
				: extensions_add(piv, subject, certificate)) &&
	     X509_sign(certificate, signer->pkey, EVP_sha256()) > 0 &&
	     certificate_write(certificate, der);
	X509_free(certificate);
	return ok;
}

bool
piv_attestation_ready(struct piv *piv)
{
	struct piv_key *key = piv_slot(piv, 0xf9);
	const struct chip_kind kind = { CHIP_EC, 32, "prime256v1" };
	uint8_t der_bytes[1024], object_bytes[1100];
	struct pile der = pile_of(der_bytes, sizeof(der_bytes));
	struct pile object = pile_of(object_bytes, sizeof(object_bytes));
	uint8_t plain = 0;

	if (key->pkey)
		return true;
	if (!piv_key_put(piv, 0xf9, chip_generate(&kind),
			 (struct piv_key){ .origin = 2 }) ||
	    !piv_certificate(piv, key, 0xf9, &der))
		return false;
	pile_tlv(&object, 0x70, der.at, der.used);
	pile_tlv(&object, 0x71, &plain, 1);
	pile_header(&object, 0xfe, 0);
	return !object.bad &&
	       store_put(&piv->objects, TAG_ATTESTATION, pile_view(&object));
}

/* 00 F9 slot 00: a raw certificate, for keys generated on the card. */
uint16_t
piv_attest(struct piv *piv, const struct command *command, struct pile *answer)
{
	const struct piv_key *key = piv_slot(piv, command->p1);

	if (!key || command->p1 == 0xf9)
		return piv->words[WORD_WRONG_SLOT];
	if (!key->pkey)
		return SW_REFERENCE;
	if (key->origin != 1)
		return SW_DATA;
	if (!piv_attestation_ready(piv) ||
	    !piv_certificate(piv, key, command->p1, answer))
		return SW_FAILED;
	return SW_OK;
}
