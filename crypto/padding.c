/*
 * RSA padding on the host (RFC 8017), for chips that compute bare RSA.
 * Decoding takes the same time for every block of a size: the masks below are
 * all ones or all zeros, and no branch or address follows from a secret byte
 * before the verdict on the whole block.
 */
#include "context.h"
#include "mem.h"

enum {
	PKCS1_OVERHEAD = 11, /* 00 01 or 02, eight bytes of padding, 00 */
	PKCS1_FILLER = 8,
	PSS_TRAILER = 0xBC,
	BLOCK_MAX = RSA_BITS_MAX / 8,
	INFO_HEADER_MAX = 19,
};

/* NIST's hash algorithms differ in the last number of the OID and in sizes. */
#define SHA_INFO(rest, oid, size)                                              \
	{                                                                      \
		19,                                                            \
		{                                                              \
			0x30, rest, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48,  \
				0x01, 0x65, 0x03, 0x04, 0x02, oid, 0x05, 0x00, \
				0x04, size                                     \
		}                                                              \
	}

/* The DigestInfo before the digest itself (RFC 8017, 9.2, note 1). */
static const struct digest_info {
	uint8_t size;
	uint8_t header[INFO_HEADER_MAX];
} digest_infos[DIGESTS] = {
	[DIGEST_SHA1] = { 15,
			  { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E,
			    0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14 } },
	[DIGEST_SHA224] = SHA_INFO(0x2D, 0x04, 0x1C),
	[DIGEST_SHA256] = SHA_INFO(0x31, 0x01, 0x20),
	[DIGEST_SHA384] = SHA_INFO(0x41, 0x02, 0x30),
	[DIGEST_SHA512] = SHA_INFO(0x51, 0x03, 0x40),
	[DIGEST_SHA512_224] = SHA_INFO(0x2D, 0x05, 0x1C),
	[DIGEST_SHA512_256] = SHA_INFO(0x31, 0x06, 0x20),
	[DIGEST_SHA3_224] = SHA_INFO(0x2D, 0x07, 0x1C),
	[DIGEST_SHA3_256] = SHA_INFO(0x31, 0x08, 0x20),
	[DIGEST_SHA3_384] = SHA_INFO(0x41, 0x09, 0x30),
	[DIGEST_SHA3_512] = SHA_INFO(0x51, 0x0A, 0x40),
};

CK_RV
padding_digest_info(enum digest d, struct cursor digest, struct builder *out)
{
	if (d >= DIGEST_SIGNATURES)
		return CKR_MECHANISM_INVALID;
	if (d == DIGEST_NONE || digest.bad || digest.left != digest_size(d))
		return CKR_DATA_LEN_RANGE;
	builder_put(out, digest_infos[d].header, digest_infos[d].size);
	builder_append(out, digest);
	return crypto_written(out);
}

bool
padding_fits(const struct scheme *s, size_t size)
{
	size_t hash_size = digest_size(s->hash);
	switch (s->kind) {
	case SCHEME_RSA_OAEP: /* RFC 8017, 7.1.1 */
		return size >= 2 * hash_size + 2;
	case SCHEME_RSA_PSS: /* RFC 8017, 9.1.1 */
		return size >= hash_size + 2 && s->salt <= size - hash_size - 2;
	default:
		return true;
	}
}

static CK_RV
pkcs1_encode(enum digest d, struct cursor input, size_t size,
	     struct builder *out)
{
	uint8_t space[INFO_HEADER_MAX + DIGEST_SIZE_MAX];
	struct builder info = builder_over(space, sizeof(space));
	CK_RV too_long = CKR_DATA_LEN_RANGE;
	if (d != DIGEST_NONE) {
		CK_RV rv = padding_digest_info(d, input, &info);
		if (rv != CKR_OK)
			return rv;
		input = builder_read(&info);
		too_long = CKR_KEY_SIZE_RANGE;
	}
	if (size < PKCS1_OVERHEAD || input.left > size - PKCS1_OVERHEAD)
		return too_long;
	builder_u8(out, 0x00);
	builder_u8(out, 0x01);
	builder_fill(out, 0xFF, size - PKCS1_OVERHEAD - input.left);
	builder_fill(out, 0xFF, PKCS1_FILLER);
	builder_u8(out, 0x00);
	builder_append(out, input);
	return crypto_written(out);
}

/* MGF1 (RFC 8017, B.2.1) of SEED, exclusive-ored onto the bytes at MASKED. */
static CK_RV
mask_apply(enum digest mgf, struct cursor seed, uint8_t *masked, size_t size)
{
	struct digester *digester = digester_new(mgf);
	CK_RV rv = digester == NULL ? CKR_HOST_MEMORY : CKR_OK;
	uint8_t mask[DIGEST_SIZE_MAX];
	for (uint32_t i = 0; rv == CKR_OK && size > 0; i++) {
		uint8_t number[sizeof(i)];
		struct builder b = builder_over(number, sizeof(number));
		builder_u32(&b, i);
		b = builder_over(mask, sizeof(mask));
		rv = digester_update(digester, seed);
		if (rv == CKR_OK)
			rv = digester_update(digester,
					     cursor_of(number, sizeof(number)));
		if (rv == CKR_OK)
			rv = digester_finish(digester, &b);
		struct cursor from = builder_read(&b);
		for (; size > 0 && from.left > 0; size--)
			*masked++ ^= cursor_u8(&from);
	}
	digester_free(digester);
	mem_wipe(mask, sizeof(mask));
	return rv;
}

/* H = Hash(eight zero bytes || digest || salt) (RFC 8017, 9.1.1, step 6). */
static CK_RV
pss_hash(enum digest hash, struct cursor digest, struct cursor salt,
	 struct builder *out)
{
	static const uint8_t zeros[8];
	struct digester *digester = digester_new(hash);
	if (digester == NULL)
		return CKR_HOST_MEMORY;
	CK_RV rv = digester_update(digester, cursor_of(zeros, sizeof(zeros)));
	if (rv == CKR_OK)
		rv = digester_update(digester, digest);
	if (rv == CKR_OK)
		rv = digester_update(digester, salt);
	if (rv == CKR_OK)
		rv = digester_finish(digester, out);
	digester_free(digester);
	return rv;
}

/* The names are those of RFC 8017, 9.1.1: EM = maskedDB || H || BC. */
static CK_RV
pss_encode(const struct scheme *s, struct cursor digest, size_t bits,
	   struct builder *out)
{
	size_t size = (bits + 7) / 8;
	size_t em_bits = bits - 1;
	size_t em_size = (em_bits + 7) / 8;
	size_t hash_size = digest_size(s->hash);
	if (digest.left != hash_size)
		return CKR_DATA_LEN_RANGE;
	if (em_size < hash_size + 2 || s->salt > em_size - hash_size - 2)
		return CKR_KEY_SIZE_RANGE;

	size_t db_size = em_size - hash_size - 1;
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder h = builder_over(space, sizeof(space));
	struct builder db = builder_heap(db_size);
	builder_fill(&db, 0x00, db_size - s->salt - 1);
	builder_u8(&db, 0x01);
	CK_RV rv = CKR_HOST_MEMORY;
	uint8_t *salt = builder_space(&db, s->salt);
	if (!builder_ok(&db))
		goto out;
	rv = random_bytes(salt, s->salt);
	if (rv == CKR_OK)
		rv = pss_hash(s->hash, digest, cursor_of(salt, s->salt), &h);
	if (rv == CKR_OK)
		rv = mask_apply(s->mgf, builder_read(&h), db.data, db_size);
	if (rv != CKR_OK)
		goto out;
	*db.data &= 0xFF >> (8 * em_size - em_bits);
	builder_fill(out, 0x00, size - em_size);
	builder_append(out, builder_read(&db));
	builder_append(out, builder_read(&h));
	builder_u8(out, PSS_TRAILER);
	rv = crypto_written(out);
out:
	builder_free(&db);
	return rv;
}

CK_RV
padding_encode(const struct scheme *scheme, struct cursor input, size_t bits,
	       struct builder *out)
{
	size_t size = (bits + 7) / 8;
	if (bits == 0 || bits > RSA_BITS_MAX)
		return CKR_KEY_SIZE_RANGE;
	if (input.bad)
		return CKR_DATA_LEN_RANGE;
	switch (scheme->kind) {
	case SCHEME_RSA_PKCS1:
		return pkcs1_encode(scheme->digest, input, size, out);
	case SCHEME_RSA_PSS:
		return pss_encode(scheme, input, bits, out);
	case SCHEME_RSA_RAW:
		if (input.left > size)
			return CKR_DATA_LEN_RANGE;
		builder_padded(out, input, size);
		return crypto_written(out);
	default:
		return CKR_MECHANISM_INVALID;
	}
}

/* A mask from a question about secrets; the empty assembler line keeps the
 * compiler from making a branch of what it could otherwise see through. */
static size_t
mask_zero(size_t x)
{
	__asm__("" : "+r"(x));
	return 0 - ((~x & (x - 1)) >> (sizeof(x) * 8 - 1));
}

static size_t
mask_equal(size_t a, size_t b)
{
	return mask_zero(a ^ b);
}

static size_t
mask_select(size_t mask, size_t yes, size_t no)
{
	__asm__("" : "+r"(mask));
	return (mask & yes) | (~mask & no);
}

/* What is known of a block under examination; all of it is secret. */
struct verdict {
	size_t good;  /* a mask */
	size_t start; /* of the message, when good */
};

/*
 * Moves the message to the front, by every power of two that is in the secret
 * distance, and hands it out. Here the verdict and the size become visible.
 */
static CK_RV
block_reveal(uint8_t *block, size_t size, struct verdict v, struct builder *out)
{
	for (size_t step = 1; step <= size; step <<= 1) {
		size_t mask = ~mask_zero(v.start & step);
		uint8_t *to = block;
		for (const uint8_t *from = block + step; from < block + size;
		     from++, to++)
			*to = (uint8_t)mask_select(mask, *from, *to);
	}
	if (!v.good)
		return CKR_ENCRYPTED_DATA_INVALID;
	builder_put(out, block, size - v.start);
	return crypto_written(out);
}

/* 00 02, at least eight bytes that are not zero, 00, message (7.2.2). */
static struct verdict
pkcs1_examine(const uint8_t *block, size_t size)
{
	struct verdict v = { .good = mask_zero(block[0]) &
				     mask_equal(block[1], 2) };
	size_t searching = ~(size_t)0;
	for (size_t i = 2; i < size; i++) {
		size_t found = searching & mask_zero(block[i]);
		/* a zero among the filler is one too early */
		size_t early = i < 2 + PKCS1_FILLER ? found : 0;
		v.start = mask_select(found, i + 1, v.start);
		v.good &= ~early;
		searching &= ~found;
	}
	v.good &= ~searching;
	return v;
}

/* Y, seed, DB = lHash || 00 ... || 01 || message (7.1.2, step 3g). */
static struct verdict
oaep_examine(const uint8_t *block, size_t size, const uint8_t *label_hash,
	     size_t hash_size)
{
	struct verdict v = { .good = mask_zero(block[0]) };
	for (size_t i = 0; i < hash_size; i++)
		v.good &= mask_equal(block[1 + hash_size + i], label_hash[i]);
	size_t searching = ~(size_t)0;
	for (size_t i = 1 + 2 * hash_size; i < size; i++) {
		size_t found = searching & mask_equal(block[i], 1);
		size_t other = searching & ~found & ~mask_zero(block[i]);
		v.start = mask_select(found, i + 1, v.start);
		v.good &= ~other;
		searching &= ~found;
	}
	v.good &= ~searching;
	return v;
}

static CK_RV
oaep_decode(const struct scheme *s, uint8_t *block, size_t size,
	    struct builder *out)
{
	size_t hash_size = digest_size(s->hash);
	if (size < 2 * hash_size + 2)
		return CKR_ENCRYPTED_DATA_INVALID;
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder label = builder_over(space, sizeof(space));
	struct digester *digester = digester_new(s->hash);
	if (digester == NULL)
		return CKR_HOST_MEMORY;
	CK_RV rv = digester_update(digester, s->label);
	if (rv == CKR_OK)
		rv = digester_finish(digester, &label);
	digester_free(digester);
	uint8_t *seed = block + 1, *db = seed + hash_size;
	size_t db_size = size - 1 - hash_size;
	if (rv == CKR_OK)
		rv = mask_apply(s->mgf, cursor_of(db, db_size), seed,
				hash_size);
	if (rv == CKR_OK)
		rv = mask_apply(s->mgf, cursor_of(seed, hash_size), db,
				db_size);
	if (rv != CKR_OK)
		return rv;
	struct verdict v = oaep_examine(block, size, space, hash_size);
	return block_reveal(block, size, v, out);
}

CK_RV
padding_decode(const struct scheme *scheme, struct cursor block,
	       struct builder *out)
{
	size_t size = block.left;
	if (block.bad || size < PKCS1_OVERHEAD || size > BLOCK_MAX)
		return CKR_ENCRYPTED_DATA_INVALID;
	uint8_t *copy = mem_new(size);
	if (copy == NULL)
		return CKR_HOST_MEMORY;
	CK_RV rv = CKR_MECHANISM_INVALID;
	cursor_copy(&block, copy, size);
	if (scheme->kind == SCHEME_RSA_PKCS1) {
		struct verdict v = pkcs1_examine(copy, size);
		rv = block_reveal(copy, size, v, out);
	} else if (scheme->kind == SCHEME_RSA_OAEP) {
		rv = oaep_decode(scheme, copy, size, out);
	} else if (scheme->kind == SCHEME_RSA_RAW) {
		builder_put(out, copy, size);
		rv = crypto_written(out);
	}
	mem_free(copy, size);
	return rv;
}
