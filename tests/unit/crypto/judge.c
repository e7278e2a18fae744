/* OpenSSL as the judge of what crypto/ makes and takes. */
#include "judge.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { HEX_ROUNDS = 16, HEX_MAX = 4096, OUT_MAX = 4096 };

static uint8_t
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = strchr(digits, c | 0x20);
	assert_non_null(at);
	return (uint8_t)(at - digits);
}

struct cursor
hex(const char *digits)
{
	static uint8_t pool[HEX_ROUNDS][HEX_MAX];
	static unsigned round;
	struct builder b =
		builder_over(pool[round++ % HEX_ROUNDS], sizeof(pool[0]));
	for (; *digits != '\0'; digits += 2) {
		if (*digits == ' ')
			digits++;
		builder_u8(&b, (uint8_t)(hex_digit(digits[0]) << 4 |
					 hex_digit(digits[1])));
	}
	assert_true(builder_ok(&b));
	return builder_read(&b);
}

struct cursor
text(const char *text)
{
	return cursor_of(text, strlen(text));
}

void
assert_same(struct cursor a, struct cursor b)
{
	assert_false(a.bad);
	assert_false(b.bad);
	assert_int_equal(a.left, b.left);
	if (a.left > 0)
		assert_memory_equal(a.at, b.at, a.left);
}

void
assert_hex(struct cursor c, const char *digits)
{
	assert_same(c, hex(digits));
}

uint8_t *
copy_of(struct cursor c)
{
	uint8_t *copy = malloc(c.left > 0 ? c.left : 1);
	assert_non_null(copy);
	cursor_copy(&c, copy, c.left);
	return copy;
}

const char *
judge_name(enum digest d)
{
	static const char *const names[DIGESTS] = {
		NULL,	    "SHA1",	  "SHA224",	"SHA256",   "SHA384",
		"SHA512",   "SHA512-224", "SHA512-256", "SHA3-224", "SHA3-256",
		"SHA3-384", "SHA3-512",	  "BLAKE2b512", "BLAKE2b512",
		"BLAKE2b512", "BLAKE2b512", "SHAKE128", "SHAKE256",
	};
	return names[d];
}

EVP_PKEY *
judge_rsa(unsigned bits)
{
	EVP_PKEY *pkey = EVP_RSA_gen(bits);
	assert_non_null(pkey);
	assert_int_equal(EVP_PKEY_get_bits(pkey), bits);
	return pkey;
}

EVP_PKEY *
judge_ec(const char *curve)
{
	EVP_PKEY *pkey = EVP_EC_gen(curve);
	assert_non_null(pkey);
	return pkey;
}

void
judge_info(EVP_PKEY *pkey, struct builder *out)
{
	uint8_t *der = NULL;
	int size = i2d_PUBKEY(pkey, &der);
	assert_true(size > 0);
	builder_put(out, der, (size_t)size);
	OPENSSL_free(der);
}

struct pubkey *
judge_public(EVP_PKEY *pkey)
{
	struct builder info = builder_heap(OUT_MAX);
	struct pubkey *key = NULL;
	judge_info(pkey, &info);
	assert_int_equal(pubkey_from_info(builder_read(&info), &key), CKR_OK);
	builder_free(&info);
	return key;
}

void
judge_digest(enum digest d, struct cursor message, struct builder *out)
{
	size_t size = 0;
	uint8_t digest[EVP_MAX_MD_SIZE];
	assert_int_equal(EVP_Q_digest(NULL, judge_name(d), NULL, message.at,
				      message.left, digest, &size),
			 1);
	builder_put(out, digest, size);
}

static void
judge_prepare(EVP_PKEY_CTX *c, const struct scheme *s)
{
	static const int paddings[] = {
		[SCHEME_RSA_PKCS1] = RSA_PKCS1_PADDING,
		[SCHEME_RSA_PSS] = RSA_PKCS1_PSS_PADDING,
		[SCHEME_RSA_OAEP] = RSA_PKCS1_OAEP_PADDING,
		[SCHEME_RSA_RAW] = RSA_NO_PADDING,
	};
	const EVP_MD *digest = NULL;
	enum digest d = s->digest == DIGEST_NONE ? s->hash : s->digest;
	if (s->kind == SCHEME_ECDSA)
		return;
	if (d != DIGEST_NONE)
		digest = EVP_get_digestbyname(judge_name(d));
	assert_true(EVP_PKEY_CTX_set_rsa_padding(c, paddings[s->kind]) > 0);
	if (s->kind == SCHEME_RSA_OAEP) {
		const EVP_MD *hash = EVP_get_digestbyname(judge_name(s->hash));
		assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(c, hash) > 0);
		if (s->label.left > 0)
			assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(
					    c,
					    OPENSSL_memdup(s->label.at,
							   s->label.left),
					    (int)s->label.left) > 0);
	} else if (digest != NULL) {
		assert_true(EVP_PKEY_CTX_set_signature_md(c, digest) > 0);
	}
	if (s->kind == SCHEME_RSA_PSS)
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, (int)s->salt) >
			    0);
	if (s->mgf != DIGEST_NONE)
		assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(
				    c, EVP_get_digestbyname(
					       judge_name(s->mgf))) > 0);
}

typedef int (*judge_work)(EVP_PKEY_CTX *c, unsigned char *out, size_t *size,
			  const unsigned char *in, size_t in_size);

static void
judge_run(EVP_PKEY *pkey, const struct scheme *scheme,
	  int (*prepare)(EVP_PKEY_CTX *c), judge_work work, struct cursor input,
	  struct builder *out)
{
	static const uint8_t nothing;
	uint8_t space[OUT_MAX];
	size_t size = sizeof(space);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	assert_non_null(c);
	assert_true(prepare(c) > 0);
	judge_prepare(c, scheme);
	assert_true(work(c, space, &size, input.at ? input.at : &nothing,
			 input.left) > 0);
	builder_put(out, space, size);
	assert_true(builder_ok(out));
	EVP_PKEY_CTX_free(c);
}

void
judge_private(EVP_PKEY *pkey, struct cursor block, struct builder *out)
{
	static const struct scheme raw = { .kind = SCHEME_RSA_RAW };
	judge_run(pkey, &raw, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, block,
		  out);
}

void
judge_sign(EVP_PKEY *pkey, const struct scheme *scheme, struct cursor input,
	   struct builder *out)
{
	judge_run(pkey, scheme, EVP_PKEY_sign_init, EVP_PKEY_sign, input, out);
}

void
judge_encrypt(EVP_PKEY *pkey, const struct scheme *scheme, struct cursor input,
	      struct builder *out)
{
	judge_run(pkey, scheme, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, input,
		  out);
}

void
judge_decrypt(EVP_PKEY *pkey, const struct scheme *scheme, struct cursor input,
	      struct builder *out)
{
	judge_run(pkey, scheme, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, input,
		  out);
}

bool
judge_verify(EVP_PKEY *pkey, const struct scheme *scheme, struct cursor input,
	     struct cursor signature)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	assert_non_null(c);
	assert_true(EVP_PKEY_verify_init(c) > 0);
	judge_prepare(c, scheme);
	bool good = EVP_PKEY_verify(c, signature.at, signature.left, input.at,
				    input.left) == 1;
	EVP_PKEY_CTX_free(c);
	return good;
}
