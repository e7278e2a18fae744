/* Private keys as PKCS#8 (RFC 5208, RFC 8017, RFC 5915, RFC 8410). */
#ifndef SIGNET_SOFT_PKCS8_H
#define SIGNET_SOFT_PKCS8_H

#include "object.h"

/* Appends the PrivateKeyInfo of a private key object. */
CK_RV pkcs8_encode(const struct attrs *key, struct builder *out) MUST_CHECK;
/* The material of one, as attributes. CKR_DATA_INVALID; *TYPE is the CKK_*. */
CK_RV pkcs8_decode(struct cursor in, struct attrs *key,
		   CK_KEY_TYPE *type) MUST_CHECK;

#endif
