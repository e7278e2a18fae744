/* Digests, schemes, padding: what OpenSSL and zlib do for us. */
#ifndef SIGNET_CRYPTO_H
#define SIGNET_CRYPTO_H

#include "bytes.h"
#include "cryptoki.h"

enum { DIGEST_SIZE_MAX = 64, RSA_BITS_MAX = 16384, CERTIFICATE_MAX = 65536 };

/*
 * Our own library context: no global OpenSSL state is read or written. Made at
 * first need; crypto_close() frees it when no other call is under way and
 * nothing made in it is left. While the host has other threads it is kept for
 * the next time, as a thread that drew random numbers still refers to it. In
 * a forked child crypto_forget() leaves the parent's as it is, where a thread
 * that the child does not have may hold a lock for ever.
 */
struct ossl_lib_ctx_st *crypto_context(void);
void crypto_close(void);
void crypto_forget(void);

enum digest {
	DIGEST_NONE,
	DIGEST_SHA1,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_SHA512_224,
	DIGEST_SHA512_256,
	DIGEST_SHA3_224,
	DIGEST_SHA3_256,
	DIGEST_SHA3_384,
	DIGEST_SHA3_512,
	DIGEST_SIGNATURES, /* those above come in signatures, the rest does not */
	DIGEST_BLAKE2B = DIGEST_SIGNATURES,
	/* that an older OpenSSL does not have */
	DIGEST_BLAKE2B_160,
	DIGEST_BLAKE2B_256,
	DIGEST_BLAKE2B_384,
	DIGEST_SHAKE128, /* of 256 bits (FIPS 204, 5.4.1) */
	DIGEST_SHAKE256, /* of 512 bits */
	DIGESTS,
};

size_t digest_size(enum digest d);
/* CKM_SHA256 -> DIGEST_SHA256; DIGEST_NONE for all that is no plain digest. */
enum digest digest_of_mechanism(CK_MECHANISM_TYPE type);
/* CK_UNAVAILABLE_INFORMATION for those that PKCS#11 does not digest with. */
CK_MECHANISM_TYPE digest_mechanism(enum digest d);
/* OpenSSL's own, kept by the context; NULL for DIGEST_NONE, for what this
 * OpenSSL has not, or no memory. */
const struct evp_md_st *digest_algorithm(enum digest d);

/* A digest under way; finish leaves it ready for the next message. */
struct digester;
struct digester *digester_new(enum digest d) MUST_CHECK;
CK_RV digester_update(struct digester *d, struct cursor in) MUST_CHECK;
CK_RV digester_finish(struct digester *d, struct builder *out) MUST_CHECK;
void digester_reset(struct digester *d);
/* Another one in the middle of the same message; NULL: no memory. */
struct digester *digester_copy(const struct digester *d) MUST_CHECK;
void digester_free(struct digester *d);

/* What a signature, verification or (de)cipherment mechanism asks for. */
enum scheme_kind {
	SCHEME_RSA_PKCS1, /* PKCS#1 v1.5 */
	SCHEME_RSA_PSS,
	SCHEME_RSA_OAEP,
	SCHEME_RSA_RAW,   /* CKM_RSA_X_509 */
	SCHEME_ECDSA,
	SCHEME_DSA,
	SCHEME_EDDSA,     /* the whole message goes to the key, as it does */
	SCHEME_ML_DSA,    /* with these */
	SCHEME_SLH_DSA,
};
/* The type of keys, and whether they want the message as a whole. */
CK_KEY_TYPE scheme_key_type(enum scheme_kind kind);
bool scheme_whole(enum scheme_kind kind);

struct scheme {
	enum scheme_kind kind;
	enum digest digest;      /* of the message; NONE: it comes digested */
	enum digest hash;        /* that PSS, OAEP or HashML-DSA is about */
	enum digest mgf;
	size_t salt;             /* bytes, PSS */
	/* of OAEP; the context of a signature; borrowed from the mechanism */
	struct cursor label;
	bool prehashed;          /* EdDSA and later: the variant for digests */
	bool deterministic;      /* ML-DSA, SLH-DSA: without random bytes */
};

/*
 * Reads a mechanism and its parameter (PKCS#11 3.2, 6.1, 6.3, 6.67, 6.69).
 * CKR_MECHANISM_INVALID; CKR_MECHANISM_PARAM_INVALID for a parameter that is
 * missing, of a wrong size or inconsistent, or given where there is none.
 */
CK_RV scheme_parse(const CK_MECHANISM *mechanism,
		   struct scheme *scheme) MUST_CHECK;

/* Every mechanism that scheme_parse() knows with the given flags of
 * CKF_SIGN | CKF_VERIFY | CKF_ENCRYPT | CKF_DECRYPT that it can serve. */
struct scheme_row {
	CK_MECHANISM_TYPE type;
	enum scheme_kind kind;
	enum digest digest;
	CK_FLAGS flags;
};
const struct scheme_row *scheme_rows(size_t *count);
/* Whether this OpenSSL can do it. */
bool scheme_can(const struct scheme_row *row);

/*
 * The padded block for a modulus of SIZE bytes (BITS bits), from a digest or,
 * for PKCS#1 v1.5 without one, from the caller's bytes (at most SIZE - 11;
 * CKR_DATA_LEN_RANGE). RFC 8017, 9.1 and 9.2. RAW is left-padded with zeros.
 */
CK_RV padding_encode(const struct scheme *scheme, struct cursor input,
		     size_t bits, struct builder *out) MUST_CHECK;
/* Has a key of SIZE bytes room for the hashes of OAEP and PSS? */
bool padding_fits(const struct scheme *scheme, size_t size);
/* DER DigestInfo (RFC 8017, 9.2) of a digest. */
CK_RV padding_digest_info(enum digest d, struct cursor digest,
			  struct builder *out) MUST_CHECK;
/*
 * The plaintext of a raw RSA decryption (RFC 8017, 7.1.2 and 7.2.2), in time
 * that does not depend on it. CKR_ENCRYPTED_DATA_INVALID.
 */
CK_RV padding_decode(const struct scheme *scheme, struct cursor block,
		     struct builder *out) MUST_CHECK;

/* Inflates gzip or zlib data up to LIMIT bytes (the builder's limit counts).
 * CKR_DATA_INVALID. */
CK_RV inflate_bytes(struct cursor in, struct builder *out) MUST_CHECK;
/* The other way round, as gzip. CKR_DEVICE_MEMORY: does not fit OUT. */
CK_RV deflate_bytes(struct cursor in, struct builder *out) MUST_CHECK;

CK_RV random_bytes(void *out, size_t size) MUST_CHECK;
/* Mixes SEED into what feeds them, beside its own entropy. */
CK_RV random_seed(struct cursor seed) MUST_CHECK;

#endif
