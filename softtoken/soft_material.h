/* Key material as attributes. */
#ifndef SIGNET_SOFT_MATERIAL_H
#define SIGNET_SOFT_MATERIAL_H

#include <openssl/types.h>

#include "soft_key.h"

/* A number as an attribute, padded to SIZE bytes; as short as it is with 0. */
CK_RV number_set(struct attrs *attrs, CK_ATTRIBUTE_TYPE type,
		 const BIGNUM *number, size_t size) MUST_CHECK;

/* A number of a key, to be freed with BN_clear_free(); NULL when it is none. */
BIGNUM *number_get(const struct attrs *attrs, CK_ATTRIBUTE_TYPE type);
/* Sets CKA_PUBLIC_KEY_INFO. A template's own may be there or empty, but not
 * differ (4.9): CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV info_set(const struct pubkey *key, struct attrs *attrs) MUST_CHECK;
/* A new key with these parameters; NULL when OpenSSL makes none. */
EVP_PKEY *pkey_generate(const char *algorithm, const OSSL_PARAM *params);

/* What a key's public half contributes to either object of the pair. */
CK_RV rsa_public_set(const struct pubkey *key, struct attrs *attrs) MUST_CHECK;
CK_RV rsa_private_set(const struct pubkey *key, struct attrs *attrs) MUST_CHECK;
CK_RV ec_public_set(const struct pubkey *key, struct attrs *attrs) MUST_CHECK;
CK_RV ec_private_set(const struct pubkey *key, struct attrs *attrs) MUST_CHECK;

#endif
