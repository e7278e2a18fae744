/* Public keys, curves, parameter sets and certificates. */
#ifndef SIGNET_KEY_H
#define SIGNET_KEY_H

#include "crypto.h"

/* A named curve (SEC 2, RFC 5639, RFC 7748). */
struct curve {
	CK_KEY_TYPE type;       /* CKK_EC, CKK_EC_EDWARDS, CKK_EC_MONTGOMERY */
	const char *name;       /* OpenSSL's group name */
	struct cursor oid;      /* DER OBJECT IDENTIFIER = CKA_EC_PARAMS */
	size_t bits;
	size_t field;           /* bytes of a coordinate, of r and of s */
};
/* By CKA_EC_PARAMS (OID, or PrintableString name); NULL when not known. The
 * first one knows curves of type CKK_EC, the last one all. */
const struct curve *curve_find(struct cursor params);
const struct curve *curve_typed(CK_KEY_TYPE type, struct cursor params);
/* Why there is no curve: CKR_CURVE_NOT_SUPPORTED, or of what is neither OID nor
 * name CKR_DOMAIN_PARAMS_INVALID (PKCS#11 3.2, 6.3). */
CK_RV curve_refusal(struct cursor params);
const struct curve *curve_named(const char *name);

/* A parameter set of FIPS 203, 204 or 205. */
struct parameter_set {
	CK_KEY_TYPE type;       /* CKK_ML_KEM, CKK_ML_DSA, CKK_SLH_DSA */
	CK_ULONG id;            /* CKA_PARAMETER_SET */
	const char *name;       /* OpenSSL's */
	struct cursor oid;      /* DER OBJECT IDENTIFIER */
	size_t public_size, private_size, seed_size; /* bytes; 0: no seed */
	size_t out_size;        /* of a signature or ciphertext */
};
const struct parameter_set *parameter_set_find(CK_KEY_TYPE type, CK_ULONG id);
const struct parameter_set *parameter_set_of_oid(struct cursor oid);
/* Has this OpenSSL keys of this type? It has all but those of the sets above,
 * which came with 3.5. */
bool key_type_available(CK_KEY_TYPE type);

/* DER SEQUENCE { r, s } to r || s of SIZE bytes each, and back. */
CK_RV ecdsa_split(struct cursor der, size_t size,
		  struct builder *out) MUST_CHECK;
CK_RV ecdsa_join(struct cursor raw, struct builder *der) MUST_CHECK;
/* A digest cut or left-padded to the field size (FIPS 186-5, 6.4.1). */
void ecdsa_fit(struct cursor digest, size_t size, struct builder *out);

/*
 * The other's half of an ECDH, as PKCS#11 gives it (3.2, 6.3.20): the point bare
 * or in an OCTET STRING, compressed or not. CKR_MECHANISM_PARAM_INVALID.
 * peer_form() looks at no more than its form; peer_point() gives 04 || X || Y
 * (a Montgomery point as it is) of a point that is on the curve, and not one of
 * small order.
 */
CK_RV peer_form(const struct curve *curve, struct cursor given,
		struct cursor *bare) MUST_CHECK;
CK_RV peer_point(const struct curve *curve, struct cursor given,
		 struct builder *point) MUST_CHECK;
/* Can this be what came of it, the x of a point? Nobody but the key's holder
 * can tell more. */
bool peer_secret_fits(const struct curve *curve,
		      struct cursor secret) MUST_CHECK;

/* A public key. */
struct pubkey {
	CK_KEY_TYPE type;           /* CKK_RSA, CKK_DSA, CKK_DH, its curve's
				     * or parameter set's */
	size_t bits;
	const struct curve *curve;  /* of any EC type */
	const struct parameter_set *set;
	struct cursor modulus, exponent; /* CKK_RSA, without leading zeros */
	struct cursor prime, subprime, base, value; /* CKK_DSA; CKK_DH has no
						     * subprime */
	struct cursor point;        /* CKK_EC: 04 || X || Y, else bare */
	struct cursor info;         /* DER SubjectPublicKeyInfo */
	struct evp_pkey_st *pkey;
	uint8_t *bytes;             /* what the cursors point into */
	size_t bytes_size;
};
/* CKR_KEY_TYPE_INCONSISTENT for a kind we do not know, CKR_DATA_INVALID. */
CK_RV pubkey_from_info(struct cursor spki, struct pubkey **key) MUST_CHECK;
CK_RV pubkey_from_rsa(struct cursor modulus, struct cursor exponent,
		      struct pubkey **key) MUST_CHECK;
/* POINT: 04 || X || Y, or that in an OCTET STRING; bare for other types. */
CK_RV pubkey_from_ec(const struct curve *curve, struct cursor point,
		     struct pubkey **key) MUST_CHECK;
/* Of type CKK_DSA or CKK_DH, with its numbers. */
CK_RV pubkey_from_field(const struct pubkey *numbers,
			struct pubkey **key) MUST_CHECK;
CK_RV pubkey_from_set(const struct parameter_set *set, struct cursor bytes,
		      struct pubkey **key) MUST_CHECK;
struct pubkey *pubkey_ref(struct pubkey *key);
void pubkey_free(struct pubkey *key);
/* Bytes of a signature or ciphertext of this key, or of a secret that it agrees
 * on. */
size_t pubkey_size(const struct pubkey *key);
/* INPUT is the digest (or, without one, the caller's bytes; for EdDSA the whole
 * message). ECDSA signatures are r || s. CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE. */
CK_RV pubkey_verify(struct pubkey *key, const struct scheme *scheme,
		    struct cursor input, struct cursor signature) MUST_CHECK;
/* What an RSA signature holds (PKCS#1 v1.5 without a digest, raw). */
CK_RV pubkey_recover(struct pubkey *key, const struct scheme *scheme,
		     struct cursor signature, struct builder *out) MUST_CHECK;
CK_RV pubkey_encrypt(struct pubkey *key, const struct scheme *scheme,
		     struct cursor input, struct builder *out) MUST_CHECK;

/* A new secret, and the ciphertext from which the private key gets it. */
CK_RV pubkey_encapsulate(struct pubkey *key, struct builder *ciphertext,
			 struct builder *secret) MUST_CHECK;

/*
 * A signature over a whole message by a private EdDSA, ML-DSA or SLH-DSA key of
 * OpenSSL's. INPUT is a digest where SCHEME is of a variant for digests that
 * leaves the digest to us.
 */
CK_RV message_sign(struct evp_pkey_st *pkey, const struct scheme *scheme,
		   struct cursor input, struct builder *out) MUST_CHECK;

/* What PKCS#11 wants of an X.509 certificate; cursors point into the DER. */
struct certificate {
	struct cursor der;         /* without bytes after it */
	struct cursor subject, issuer, serial; /* DER */
	struct cursor public_key_info;         /* DER */
	char start[9], end[9];     /* YYYYMMDD */
	bool key_usage;            /* it has one: */
	bool sign, decrypt, agree; /* what it allows */
};
/* DER is borrowed. CKR_DATA_INVALID. */
CK_RV certificate_parse(struct cursor der,
			struct certificate *out) MUST_CHECK;

#endif
