/* What the chip computes, on libcrypto: keys and their primitives. */
#ifndef TESTS_CARDS_CHIP_H
#define TESTS_CARDS_CHIP_H

#include "octets.h"

#include <openssl/evp.h>

enum chip_type {
	CHIP_RSA,
	CHIP_EC,
	CHIP_ED25519,
	CHIP_X25519,
};

/* The kind of a key pair; size is that of an RSA block, an EC coordinate or
 * a raw key, in bytes. */
struct chip_kind {
	enum chip_type type;
	size_t size;
	const char *curve;	/* as libcrypto calls it, EC alone */
};

/* The kinds that differ by a cipher key: 3DES with 24 bytes, AES with
 * 16, 24 or 32. */
struct chip_cipher {
	const char *name;
	size_t key_size;
	size_t block_size;
};

/* Each gives NULL or false when libcrypto or the input will not do. */
EVP_PKEY *
chip_generate(const struct chip_kind *kind);

EVP_PKEY *
chip_load(const char *path);

EVP_PKEY *
chip_import_rsa(struct span p, struct span q, struct span e);

EVP_PKEY *
chip_import_ec(const struct chip_kind *kind, struct span scalar);

EVP_PKEY *
chip_import_raw(const struct chip_kind *kind, struct span secret);

bool
chip_matches(EVP_PKEY *key, const struct chip_kind *kind);

/* RSA: m^d without any padding. */
bool
chip_rsa(EVP_PKEY *key, struct span block, struct pile *out);

/* ECDSA of a hash (DER out) or EdDSA of a message (64 bytes out). */
bool
chip_sign(EVP_PKEY *key, struct span message, struct pile *out);

/* X coordinate for an uncompressed point, or X25519 of 32 bytes. */
bool
chip_derive(EVP_PKEY *key, struct span peer, struct pile *out);

/* Modulus and exponent, big-endian. */
bool
chip_rsa_public(EVP_PKEY *key, struct pile *n, struct pile *e);

/* Uncompressed point, or 32 bytes of an Edwards or Montgomery key. */
bool
chip_point(EVP_PKEY *key, struct pile *point);

/* ECB of one block. */
bool
chip_block(const struct chip_cipher *cipher, const uint8_t *key, bool encrypt,
	   const uint8_t *in, uint8_t *out);

bool
chip_random(uint8_t *to, size_t n);

#endif
