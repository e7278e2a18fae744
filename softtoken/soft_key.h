/* A decoded key, ready for OpenSSL, and the making of new ones. */
#ifndef SIGNET_SOFT_KEY_H
#define SIGNET_SOFT_KEY_H

#include "key.h"
#include "object.h"

enum { RSA_BITS_MIN = 1024, RSA_BITS_GENERATE_MAX = 8192 };

/* Shared between threads and operations; the last reference wipes it. */
struct soft_key;

/* The key of a public or private key object. */
CK_RV soft_key_load(const struct attrs *attrs,
		    struct soft_key **key) MUST_CHECK;
/* Somebody's public key, from a DER SubjectPublicKeyInfo. */
CK_RV soft_key_of_info(struct cursor spki, struct soft_key **key) MUST_CHECK;
struct soft_key *soft_key_ref(struct soft_key *key);
void soft_key_unref(struct soft_key *key);

CK_KEY_TYPE soft_key_type(const struct soft_key *key);
/* Bytes of a signature or ciphertext. */
size_t soft_key_size(const struct soft_key *key);

/*
 * INPUT is the digest or, when the scheme has none, the caller's bytes.
 * CKR_KEY_TYPE_INCONSISTENT when the key is of the other half of a pair;
 * CKR_DATA_LEN_RANGE, CKR_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
 * CKR_ENCRYPTED_DATA_INVALID, CKR_SIGNATURE_LEN_RANGE, CKR_SIGNATURE_INVALID.
 */
CK_RV soft_key_sign(struct soft_key *key, const struct scheme *scheme,
		    struct cursor input, struct builder *out) MUST_CHECK;
CK_RV soft_key_decrypt(struct soft_key *key, const struct scheme *scheme,
		       struct cursor input, struct builder *out) MUST_CHECK;
CK_RV soft_key_verify(struct soft_key *key, const struct scheme *scheme,
		      struct cursor input, struct cursor signature) MUST_CHECK;
CK_RV soft_key_recover(struct soft_key *key, const struct scheme *scheme,
		       struct cursor signature,
		       struct builder *out) MUST_CHECK;
CK_RV soft_key_encrypt(struct soft_key *key, const struct scheme *scheme,
		       struct cursor input, struct builder *out) MUST_CHECK;

/* The shared secret with somebody's public key, as PKCS#11 gives it: a point, bare
 * or in an OCTET STRING, or a number of DH. CKR_MECHANISM_PARAM_INVALID when it
 * is no such key. */
CK_RV soft_key_agree(struct soft_key *key, struct cursor point,
		     struct builder *secret) MUST_CHECK;

/* CKR_KEY_TYPE_INCONSISTENT, CKR_WRAPPED_KEY_LEN_RANGE. */
CK_RV soft_key_encapsulate(struct soft_key *key, struct builder *ciphertext,
			   struct builder *secret) MUST_CHECK;
CK_RV soft_key_decapsulate(struct soft_key *key, struct cursor ciphertext,
			   struct builder *secret) MUST_CHECK;

/*
 * New key pairs: the material goes to the two objects' attributes, and
 * CKA_PUBLIC_KEY_INFO to both. CKR_KEY_SIZE_RANGE, CKR_CURVE_NOT_SUPPORTED.
 */
CK_RV rsa_generate(CK_ULONG bits, struct cursor exponent,
		   struct attrs *public_key,
		   struct attrs *private_key) MUST_CHECK;
CK_RV ec_generate(struct cursor params, struct attrs *public_key,
		  struct attrs *private_key) MUST_CHECK;
/* For CKK_EC_EDWARDS and CKK_EC_MONTGOMERY. */
CK_RV raw_generate(CK_KEY_TYPE type, struct cursor params,
		   struct attrs *public_key,
		   struct attrs *private_key) MUST_CHECK;
/* DH in the field that the public half has, with a private value of BITS bits
 * (0: as long as the prime). */
CK_RV dh_generate(CK_ULONG bits, struct attrs *public_key,
		  struct attrs *private_key) MUST_CHECK;
/* For keys with a CKA_PARAMETER_SET. */
CK_RV set_generate(CK_KEY_TYPE type, struct attrs *public_key,
		   struct attrs *private_key) MUST_CHECK;

/*
 * Keys that an application brings: completes the attributes (public key info,
 * CRT parts, the canonical point), and proves that a private key works.
 * CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT,
 * CKR_CURVE_NOT_SUPPORTED.
 */
CK_RV rsa_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV rsa_private_import(struct attrs *attrs) MUST_CHECK;
CK_RV ec_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV ec_private_import(struct attrs *attrs) MUST_CHECK;
CK_RV raw_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV raw_private_import(struct attrs *attrs) MUST_CHECK;
CK_RV dsa_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV dh_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV dh_private_import(struct attrs *attrs) MUST_CHECK;
CK_RV set_public_import(struct attrs *attrs) MUST_CHECK;
CK_RV set_private_import(struct attrs *attrs) MUST_CHECK;

#endif
