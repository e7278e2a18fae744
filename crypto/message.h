/* Inside crypto/: which variants of signatures over messages there are. */
#ifndef SIGNET_CRYPTO_MESSAGE_H
#define SIGNET_CRYPTO_MESSAGE_H

#include "crypto.h"

enum { CONTEXT_MAX = 255 /* bytes, of all three algorithms */ };

/* Does this OpenSSL know EdDSA's contexts and prehashing (3.2 and later)? */
bool message_variants(void);
/* May HashML-DSA and HashSLH-DSA be about this digest? */
bool message_hash_known(enum digest d);

#endif
