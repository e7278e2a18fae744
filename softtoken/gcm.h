/* AES-256-GCM with a random nonce in front and the tag behind. */
#ifndef SIGNET_GCM_H
#define SIGNET_GCM_H

#include "bytes.h"
#include "cryptoki.h"

enum { GCM_KEY_SIZE = 32, GCM_NONCE_SIZE = 12, GCM_TAG_SIZE = 16 };

/* Appends nonce, ciphertext and tag to OUT. */
CK_RV gcm_seal(const uint8_t key[GCM_KEY_SIZE], struct cursor aad,
	       struct cursor plain, struct builder *out) MUST_CHECK;
/* Appends the plaintext to OUT, which gets nothing unless the tag is right:
 * CKR_DATA_INVALID. */
CK_RV gcm_open(const uint8_t key[GCM_KEY_SIZE], struct cursor aad,
	       struct cursor sealed, struct builder *out) MUST_CHECK;

#endif
