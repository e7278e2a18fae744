/* A private key on its way to a card. */
#ifndef SIGNET_PRIVATE_KEY_H
#define SIGNET_PRIVATE_KEY_H

#include "key.h"
#include "object.h"

/* Its numbers, in wiped memory; those of RSA have half the modulus's size. */
struct private_key {
	struct pubkey *public_key;
	/* CKK_RSA: p, q, d mod p - 1, d mod q - 1, 1/q mod p */
	struct cursor prime_1, prime_2, exponent_1, exponent_2, coefficient;
	/* CKK_EC: as long as the field; else the bytes of RFC 8032 or 7748 */
	struct cursor scalar;
	struct builder numbers; /* what the cursors point into */
};

/*
 * From the attributes of a template. What follows from others may be left out:
 * of RSA the primes and the public exponent are enough. Numbers that do not
 * belong together are CKR_ATTRIBUTE_VALUE_INVALID. CKR_TEMPLATE_INCOMPLETE,
 * CKR_CURVE_NOT_SUPPORTED, CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT.
 */
CK_RV private_key_of(CK_KEY_TYPE type, struct template template,
		     struct private_key **key) MUST_CHECK;
void private_key_free(struct private_key *key);

#endif
