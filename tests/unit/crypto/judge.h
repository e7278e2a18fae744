/* What the tests of crypto/ share: bytes from hexadecimal, and OpenSSL in its
 * default context, as a host program has it, for the judge. */
#ifndef SIGNET_TEST_JUDGE_H
#define SIGNET_TEST_JUDGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CASE(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

/* The bytes of hexadecimal text; they last for 16 more calls. */
struct cursor hex(const char *text);
struct cursor text(const char *text);
void assert_same(struct cursor a, struct cursor b);
void assert_hex(struct cursor c, const char *text);

/* A copy in memory of exactly its size, so that a sanitizer sees each read
 * past its end. Free it with free(). */
uint8_t *copy_of(struct cursor c);

const char *judge_name(enum digest d);
EVP_PKEY *judge_rsa(unsigned bits);
EVP_PKEY *judge_ec(const char *curve);
/* Our public key of OpenSSL's. */
struct pubkey *judge_public(EVP_PKEY *pkey);
/* OpenSSL's SubjectPublicKeyInfo, appended to OUT. */
void judge_info(EVP_PKEY *pkey, struct builder *out);
void judge_digest(enum digest d, struct cursor message, struct builder *out);
/* The bare private-key operation: what a card does. */
void judge_private(EVP_PKEY *pkey, struct cursor block, struct builder *out);
/* A signature over an (already digested) input; DER for EC. */
void judge_sign(EVP_PKEY *pkey, const struct scheme *scheme,
		struct cursor input, struct builder *out);
bool judge_verify(EVP_PKEY *pkey, const struct scheme *scheme,
		  struct cursor input, struct cursor signature);
void judge_encrypt(EVP_PKEY *pkey, const struct scheme *scheme,
		   struct cursor input, struct builder *out);
void judge_decrypt(EVP_PKEY *pkey, const struct scheme *scheme,
		   struct cursor input, struct builder *out);

#endif
