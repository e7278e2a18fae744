/* Profile objects: what a token claims to be (PKCS#11 3.2, 4.13). */
#ifndef SIGNET_PROFILE_H
#define SIGNET_PROFILE_H

#include "token.h"

/*
 * A token of its own beside a slot's, with no more than profile objects: no
 * card is asked for them, and nobody changes them. CARD: all certificates and
 * public keys can be read without a login. NULL: no memory.
 */
struct token *profiles_new(bool card) MUST_CHECK;

#endif
