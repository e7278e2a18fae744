/* Keys and certificates as they might be on a card, made for one test. */
#ifndef TESTS_MAKER_H
#define TESTS_MAKER_H

#include <openssl/evp.h>

#include "bytes.h"

enum { MAKER_DER_MAX = 4096 };

struct maker {
	EVP_PKEY *key;
	uint8_t der[MAKER_DER_MAX]; /* the certificate */
	size_t size;
};

/* USAGE as in OpenSSL's keyUsage, NULL for none. */
void maker_rsa(struct maker *m, unsigned bits, const char *usage);
void maker_ec(struct maker *m, const char *curve, const char *usage);
void maker_ed25519(struct maker *m);
/* The same, with a certificate padded by a comment to about SIZE bytes. */
void maker_pad(struct maker *m, size_t size);
void maker_free(struct maker *m);

struct cursor maker_certificate(const struct maker *m);
/* Bare RSA with the private key, or a DER ECDSA signature of a digest. */
void maker_compute(struct maker *m, struct cursor in, struct builder *out);
/* The shared secret with somebody's point, 04 || X || Y. */
void maker_agree(struct maker *m, struct cursor point, struct builder *out);
/* RSA encryption with OpenSSL's padding number. */
void maker_encrypt(struct maker *m, int padding, struct cursor in,
		   struct builder *out);

#endif
