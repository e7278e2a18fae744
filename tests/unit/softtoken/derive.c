/* Tests of softtoken/soft_derive.c, soft_wrap.c, soft_cross.c, soft_template.c
 * and soft_pkcs8.c: what may not come of a key, then what may. */
#include "place.h"

#include "kdf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum { OUT_MAX = 4096 };

static const CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY,
			     private_class = CKO_PRIVATE_KEY,
			     data_class = CKO_DATA;
static const CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET,
			 ec = CKK_EC, rsa = CKK_RSA;
static const CK_ULONG sixteen = 16;
static CK_MECHANISM kwp = { CKM_AES_KEY_WRAP_KWP, NULL, 0 },
		    kw = { CKM_AES_KEY_WRAP, NULL, 0 },
		    ecb = { CKM_AES_ECB, NULL, 0 },
		    pkcs1 = { CKM_RSA_PKCS, NULL, 0 };

/* A token and its host token, logged in, with a key pair. */
struct bench {
	struct place place;
	struct token *t, *host;
	uint64_t ec[2];
};

static void
bench_open(struct bench *b)
{
	place_open(&b->place);
	b->t = place_token(&b->place);
	log_in(b->t, LOGIN_USER);
	b->host = host_token_new(b->t);
	assert_int_equal(make_ec(b->t, "ec", b->ec), CKR_OK);
}

static void
bench_close(struct bench *b)
{
	token_unref(b->host);
	place_close(&b->place);
}

/* A secret key with one more attribute, and all uses. */
static uint64_t
make(struct token *t, CK_KEY_TYPE type, const char *value, size_t size,
     CK_ATTRIBUTE more)
{
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, secret_class),
		ONE_ATTR(CKA_KEY_TYPE, type),
		{ CKA_VALUE, (void *)value, size },
		ONE_ATTR(CKA_WRAP, yes),
		ONE_ATTR(CKA_UNWRAP, yes),
		ONE_ATTR(CKA_DERIVE, yes),
		ONE_ATTR(CKA_ENCRYPT, yes),
		ONE_ATTR(CKA_SENSITIVE, yes),
		more,
	};
	uint64_t id = 0;

	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	return id;
}

#define AES_VALUE "0123456789abcdef"
#define OPEN	  ((CK_ATTRIBUTE)ONE_ATTR(CKA_EXTRACTABLE, yes))

static CK_RV
wrap(struct token *t, const CK_MECHANISM *m, uint64_t by, struct token *owner,
     uint64_t id, struct builder *out)
{
	struct attrs lent = { NULL, 0, 0 };
	struct derivation d = { .mechanism = m, .key = by, .other = &lent };
	CK_RV rv = owner->ops->lend(owner, id, &lent);

	assert_int_equal(rv, CKR_OK);
	rv = t->ops->wrap(t, &d, out);
	attrs_free(&lent);
	return rv;
}

static CK_RV
unwrap(struct token *t, const CK_MECHANISM *m, uint64_t by, struct cursor in,
       struct template with, struct token *owner, uint64_t *id)
{
	struct derivation d = {
		.mechanism = m, .key = by, .input = in, .object = with
	};
	struct attrs made = { NULL, 0, 0 };
	CK_RV rv = t->ops->unwrap(t, &d, &made);

	return rv == CKR_OK ? owner->ops->adopt(owner, &made, 1, id) : rv;
}

static CK_RV
derive(struct token *t, const CK_MECHANISM *m, uint64_t base,
       struct template with, struct token *owner, uint64_t *id)
{
	struct derivation d = { .mechanism = m, .key = base, .object = with };
	struct derived made[DERIVED_MAX];
	size_t count = 0;
	CK_RV rv = t->ops->derive(t, &d, made, &count);

	if (rv != CKR_OK)
		return rv;
	assert_int_equal(count, 1);
	assert_null(made[0].handle);
	return owner->ops->adopt(owner, &made[0].attrs, 1, id);
}

/* An AES key that may do all but that. */
static uint64_t
make_without(struct token *t, CK_ATTRIBUTE_TYPE usage)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(usage, no) };
	uint64_t id = make(t, CKK_AES, AES_VALUE, 16, OPEN);

	assert_int_equal(t->ops->attributes_set(t, id, TEMPLATE(list)), CKR_OK);
	return id;
}

static void
test_wrap_refused(void **state)
{
	struct builder out = builder_heap(OUT_MAX);
	CK_ATTRIBUTE label[] = { TEXT_ATTR(CKA_LABEL, "good") };
	uint64_t kek, only, closed, trusting, open_key;
	struct bench b;

	bench_open(&b);
	kek = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	open_key = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	only = make(b.t, CKK_AES, AES_VALUE, 16,
		    (CK_ATTRIBUTE)ATTR(CKA_WRAP_TEMPLATE, label));
	closed = make(b.t, CKK_AES, AES_VALUE, 16,
		      (CK_ATTRIBUTE)ONE_ATTR(CKA_EXTRACTABLE, no));
	trusting = make(b.host, CKK_AES, AES_VALUE, 16, OPEN);
	CK_ATTRIBUTE trust[] = { ONE_ATTR(CKA_WRAP_WITH_TRUSTED, yes) };
	assert_int_equal(
		b.host->ops->attributes_set(b.host, trusting, TEMPLATE(trust)),
		CKR_OK);
	assert_int_equal(wrap(b.t, &kwp, kek, b.t, closed, &out),
			 CKR_KEY_UNEXTRACTABLE);
	assert_int_equal(wrap(b.t, &kwp, kek, b.host, trusting, &out),
			 CKR_KEY_NOT_WRAPPABLE);
	assert_int_equal(wrap(b.t, &kwp, only, b.t, open_key, &out),
			 CKR_KEY_HANDLE_INVALID);
	/* a key of another type, which cannot wrap: the type comes first */
	assert_int_equal(wrap(b.t, &kwp, b.ec[0], b.t, open_key, &out),
			 CKR_WRAPPING_KEY_TYPE_INCONSISTENT);
	assert_int_equal(wrap(b.t, &kwp, make_without(b.t, CKA_WRAP), b.t,
			      open_key, &out),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(wrap(b.t, &kwp, 4711, b.t, open_key, &out),
			 CKR_WRAPPING_KEY_HANDLE_INVALID);
	CK_MECHANISM ctr = { CKM_AES_CTR, NULL, 0 };
	assert_int_equal(wrap(b.t, &ctr, kek, b.t, open_key, &out),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(out.used, 0);
	CK_ATTRIBUTE renamed[] = { TEXT_ATTR(CKA_LABEL, "good") };
	assert_int_equal(
		b.t->ops->attributes_set(b.t, open_key, TEMPLATE(renamed)),
		CKR_OK);
	assert_int_equal(wrap(b.t, &kwp, only, b.t, open_key, &out), CKR_OK);
	builder_free(&out);
	bench_close(&b);
}

static void
test_unwrap_refused(void **state)
{
	static const CK_ULONG eight = 8;
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ONE_ATTR(CKA_VALUE_LEN, sixteen) };
	CK_ATTRIBUTE short_one[] = { ONE_ATTR(CKA_CLASS, secret_class),
				     ONE_ATTR(CKA_KEY_TYPE, generic),
				     ONE_ATTR(CKA_VALUE_LEN, eight) };
	CK_ATTRIBUTE private_one[] = { ONE_ATTR(CKA_CLASS, private_class),
				       ONE_ATTR(CKA_KEY_TYPE, ec) };
	struct builder out = builder_heap(OUT_MAX);
	struct bench b;
	uint64_t kek, id;

	bench_open(&b);
	kek = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	assert_int_equal(wrap(b.t, &kwp, kek, b.t, kek, &out), CKR_OK);
	struct cursor good = builder_read(&out);
	for (size_t at = 0; at < good.left; at++) {
		out.data[at] ^= 4;
		assert_int_equal(
			unwrap(b.t, &kwp, kek, good, TEMPLATE(list), b.t, &id),
			CKR_WRAPPED_KEY_INVALID);
		out.data[at] ^= 4;
	}
	assert_int_equal(unwrap(b.t, &kwp, kek, cursor_of(good.at, 7),
				TEMPLATE(list), b.t, &id),
			 CKR_WRAPPED_KEY_LEN_RANGE);
	assert_int_equal(
		unwrap(b.t, &kwp, kek, good, TEMPLATE(short_one), b.t, &id),
		CKR_WRAPPED_KEY_LEN_RANGE);
	assert_int_equal(
		unwrap(b.t, &kwp, kek, good, TEMPLATE(private_one), b.t, &id),
		CKR_WRAPPED_KEY_INVALID);
	assert_int_equal(unwrap(b.t, &kwp, kek, good,
				(struct template){ list, 1 }, b.t, &id),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(
		unwrap(b.t, &kwp, 4711, good, TEMPLATE(list), b.t, &id),
		CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	/* made for the host, it is no token object */
	assert_int_equal(unwrap(b.t, &kwp, kek, good, TEMPLATE(list), b.t, &id),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(
		unwrap(b.t, &kwp, kek, good, TEMPLATE(list), b.host, &id),
		CKR_OK);
	assert_int_equal(get_bool(b.host, id, CKA_LOCAL), CK_FALSE);
	assert_int_equal(get_bool(b.host, id, CKA_ALWAYS_SENSITIVE), CK_FALSE);
	assert_int_equal(get_bool(b.host, id, CKA_NEVER_EXTRACTABLE), CK_FALSE);
	builder_free(&out);
	bench_close(&b);
}

/* Secret keys through each mode, between both tokens. */
static void
test_wrap_secret(void **state)
{
	static uint8_t iv[16];
	static CK_GCM_PARAMS gcm = { iv, 12, 96, NULL, 0, 128 };
	static CK_CCM_PARAMS ccm = { 16, iv, 12, NULL, 0, 16 };
	const CK_MECHANISM ways[] = {
		kwp,
		kw,
		ecb,
		{ CKM_AES_CBC, iv, 16 },
		{ CKM_AES_CBC_PAD, iv, 16 },
		{ CKM_AES_GCM, &gcm, sizeof(gcm) },
		{ CKM_AES_CCM, &ccm, sizeof(ccm) },
	};
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ONE_ATTR(CKA_TOKEN, yes),
				ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct builder out = builder_heap(OUT_MAX);
		uint64_t kek = make(b.t, CKK_AES, AES_VALUE, 16, OPEN), id;
		uint64_t key =
			make(b.host, CKK_AES, "fedcba9876543210", 16, OPEN);

		assert_int_equal(wrap(b.t, &ways[i], kek, b.host, key, &out),
				 CKR_OK);
		assert_int_equal(unwrap(b.t, &ways[i], kek, builder_read(&out),
					TEMPLATE(list), b.t, &id),
				 CKR_OK);
		assert_true(has_value(b.t, id, CKA_VALUE,
				      TEXT("fedcba9876543210")));
		builder_free(&out);
	}
	bench_close(&b);
}

static void
test_wrap_filled(void **state)
{
	static const CK_ULONG five = 5;
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, generic),
				ONE_ATTR(CKA_VALUE_LEN, five),
				ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct builder out = builder_heap(OUT_MAX);
	struct bench b;
	uint64_t kek, key, id;

	bench_open(&b);
	kek = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	key = make(b.t, CKK_GENERIC_SECRET, "abcde", 5, OPEN);
	assert_int_equal(wrap(b.t, &kw, kek, b.t, key, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(wrap(b.t, &ecb, kek, b.t, key, &out), CKR_OK);
	assert_int_equal(out.used, 16);
	assert_int_equal(unwrap(b.t, &ecb, kek, builder_read(&out),
				TEMPLATE(list), b.host, &id),
			 CKR_OK);
	assert_true(has_value(b.host, id, CKA_VALUE, TEXT("abcde")));
	builder_free(&out);
	bench_close(&b);
}

/* By RSA, with the public half as the card's host has it. */
static void
test_wrap_rsa(void **state)
{
	static CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA256, CKG_MGF1_SHA256,
						CKZ_DATA_SPECIFIED, NULL, 0 };
	const CK_MECHANISM ways[] = {
		pkcs1, { CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep) }
	};
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct bench b;
	uint64_t pair[2], key, id;

	bench_open(&b);
	assert_int_equal(make_rsa(b.t, "rsa", 2048, pair), CKR_OK);
	key = make(b.host, CKK_AES, AES_VALUE, 16, OPEN);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct attrs lent = { NULL, 0, 0 }, held = { NULL, 0, 0 };
		struct derivation d = { .mechanism = &ways[i],
					.held = &held,
					.other = &lent };
		struct builder out = builder_heap(OUT_MAX);

		assert_int_equal(b.t->ops->lend(b.t, pair[0], &held), CKR_OK);
		assert_int_equal(b.host->ops->lend(b.host, key, &lent), CKR_OK);
		assert_int_equal(b.host->ops->wrap(b.host, &d, &out), CKR_OK);
		assert_int_equal(out.used, 256);
		assert_int_equal(unwrap(b.t, &ways[i], pair[1],
					builder_read(&out), TEMPLATE(list),
					b.host, &id),
				 CKR_OK);
		assert_true(has_value(b.host, id, CKA_VALUE, TEXT(AES_VALUE)));
		out.data[9] ^= 1;
		assert_int_not_equal(unwrap(b.t, &ways[i], pair[1],
					    builder_read(&out), TEMPLATE(list),
					    b.host, &id),
				     CKR_OK);
		attrs_free(&lent);
		attrs_free(&held);
		builder_free(&out);
	}
	bench_close(&b);
}

/* A private key goes out as PKCS#8 that OpenSSL reads, and comes back. */
static void
test_wrap_private(void **state)
{
	static uint8_t iv[16];
	const CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, 16 };
	CK_MECHANISM make_by[] = { { CKM_EC_KEY_PAIR_GEN, NULL, 0 },
				   { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 } };
	static const CK_ULONG bits = 1024;
	CK_ATTRIBUTE public_parts[] = { ATTR(CKA_EC_PARAMS, p256),
					ONE_ATTR(CKA_MODULUS_BITS, bits) };
	CK_ATTRIBUTE open[] = { ONE_ATTR(CKA_EXTRACTABLE, yes) };
	const CK_KEY_TYPE *types[] = { &ec, &rsa };
	struct bench b;
	uint64_t kek;

	bench_open(&b);
	kek = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	for (int i = 0; i < 2; i++) {
		CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, private_class),
					{ CKA_KEY_TYPE, (void *)types[i],
					  sizeof(ec) } };
		CK_ATTRIBUTE wrong[] = { ONE_ATTR(CKA_CLASS, private_class),
					 { CKA_KEY_TYPE, (void *)types[1 - i],
					   sizeof(ec) } };
		struct builder out = builder_heap(OUT_MAX),
			       plain = builder_heap(OUT_MAX);
		struct template one = { &public_parts[i], 1 };
		uint64_t pair[2], id;
		const uint8_t *at;
		uint8_t info[512], again[512];
		CK_ATTRIBUTE a = ATTR(CKA_PUBLIC_KEY_INFO, info),
			     c = ATTR(CKA_PUBLIC_KEY_INFO, again);
		EVP_PKEY *judge;

		assert_int_equal(b.t->ops->generate_pair(b.t, &make_by[i], one,
							 TEMPLATE(open),
							 &pair[0], &pair[1]),
				 CKR_OK);
		assert_int_equal(wrap(b.t, &cbc_pad, kek, b.t, pair[1], &out),
				 CKR_OK);
		assert_int_equal(run_operation(b.t, OPERATION_ENCRYPT, &ecb,
					       kek, TEXT(AES_VALUE), TEXT(""),
					       &plain),
				 CKR_OK);
		builder_reset(&plain);
		assert_int_equal(unwrap(b.t, &cbc_pad, kek, builder_read(&out),
					TEMPLATE(wrong), b.host, &id),
				 CKR_TEMPLATE_INCONSISTENT);
		assert_int_equal(unwrap(b.t, &cbc_pad, kek, builder_read(&out),
					TEMPLATE(list), b.host, &id),
				 CKR_OK);
		assert_int_equal(b.t->ops->attributes_get(b.t, pair[0], &a, 1),
				 CKR_OK);
		assert_int_equal(b.host->ops->attributes_get(b.host, id, &c, 1),
				 CKR_OK);
		assert_true(cursor_same(cursor_of(info, a.ulValueLen),
					cursor_of(again, c.ulValueLen)));
		/* the content, by OpenSSL */
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
		int size = 0, rest = 0;
		uint8_t opened[OUT_MAX];
		EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL,
				   (const uint8_t *)AES_VALUE, iv);
		EVP_DecryptUpdate(ctx, opened, &size, out.data, (int)out.used);
		assert_int_equal(EVP_DecryptFinal_ex(ctx, opened + size, &rest),
				 1);
		EVP_CIPHER_CTX_free(ctx);
		at = opened;
		judge = d2i_AutoPrivateKey(NULL, &at, size + rest);
		assert_non_null(judge);
		EVP_PKEY_free(judge);
		builder_free(&out);
		builder_free(&plain);
	}
	bench_close(&b);
}

static CK_ECDH1_DERIVE_PARAMS ecdh;
static CK_MECHANISM ecdh_mechanism = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };

static void
test_derive_refused(void **state)
{
	CK_KEY_DERIVATION_STRING_DATA data = { (CK_BYTE *)"abc", 3 };
	CK_MECHANISM append = { CKM_CONCATENATE_BASE_AND_DATA, &data,
				sizeof(data) };
	CK_ATTRIBUTE added[] = { TEXT_ATTR(CKA_LABEL, "from the base") };
	CK_ATTRIBUTE other_label[] = { TEXT_ATTR(CKA_LABEL, "mine") };
	CK_ATTRIBUTE aes_key[] = { ONE_ATTR(CKA_KEY_TYPE, aes) };
	CK_ATTRIBUTE data_object[] = { ONE_ATTR(CKA_CLASS, data_class) };
	const struct template none = { NULL, 0 };
	uint8_t point[65] = { 4 };
	uint64_t base, templated, id;
	struct bench b;

	bench_open(&b);
	base = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16, OPEN);
	templated = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16,
			 (CK_ATTRIBUTE)ATTR(CKA_DERIVE_TEMPLATE, added));
	assert_int_equal(derive(b.t, &ecb, base, none, b.host, &id),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(derive(b.t, &append, b.ec[1], none, b.host, &id),
			 CKR_KEY_TYPE_INCONSISTENT);
	/* a public key, which cannot derive, is of the wrong type first */
	assert_int_equal(derive(b.t, &append, b.ec[0], none, b.host, &id),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(derive(b.t, &append,
				make_without(b.t, CKA_DERIVE), none, b.host,
				&id),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(derive(b.t, &append, 4711, none, b.host, &id),
			 CKR_KEY_HANDLE_INVALID);
	/* 19 bytes make no AES key */
	assert_int_equal(
		derive(b.t, &append, base, TEMPLATE(aes_key), b.host, &id),
		CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(
		derive(b.t, &append, base, TEMPLATE(data_object), b.host, &id),
		CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(derive(b.t, &append, templated, TEMPLATE(other_label),
				b.host, &id),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(derive(b.t, &append, templated, none, b.host, &id),
			 CKR_OK);
	assert_true(has_value(b.host, id, CKA_LABEL, TEXT("from the base")));
	/* no point of the curve, and none at all */
	ecdh = (CK_ECDH1_DERIVE_PARAMS){ CKD_NULL, 0, NULL, 65, point };
	assert_int_equal(
		derive(b.t, &ecdh_mechanism, b.ec[1], none, b.host, &id),
		CKR_MECHANISM_PARAM_INVALID);
	ecdh.pPublicData = NULL;
	assert_int_equal(
		derive(b.t, &ecdh_mechanism, b.ec[1], none, b.host, &id),
		CKR_MECHANISM_PARAM_INVALID);
	ecdh.pPublicData = point;
	assert_int_equal(derive(b.t, &ecdh_mechanism, base, none, b.host, &id),
			 CKR_KEY_TYPE_INCONSISTENT);
	bench_close(&b);
}

/* Both sides agree, whatever form the point has; the KDF follows. */
static void
test_ecdh(void **state)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ONE_ATTR(CKA_VALUE_LEN, sixteen) };
	struct bench b;
	uint64_t other[2];

	bench_open(&b);
	assert_int_equal(make_ec(b.t, "other", other), CKR_OK);
	for (int i = 0; i < 4; i++) {
		uint8_t points[2][67], secrets[2][64] = { { 0 }, { 0 } };
		const uint64_t *pairs[] = { b.ec, other };
		CK_ULONG sizes[2];

		for (int k = 0; k < 2; k++) {
			CK_ATTRIBUTE a = { CKA_EC_POINT, points[k], 67 };

			assert_int_equal(b.t->ops->attributes_get(
						 b.t, pairs[k][0], &a, 1),
					 CKR_OK);
		}
		for (int k = 0; k < 2; k++) {
			CK_ATTRIBUTE v = ATTR(CKA_VALUE, secrets[k]);
			struct template with = { list, i < 2 ? 2 : 4 };
			size_t bare = i % 2 == 0 ? 2 : 0;
			uint64_t id;

			ecdh = (CK_ECDH1_DERIVE_PARAMS){ i < 2 ? CKD_NULL
							       : CKD_SHA256_KDF,
							 0, NULL, 67 - bare,
							 points[1 - k] + bare };
			assert_int_equal(derive(b.t, &ecdh_mechanism,
						pairs[k][1], with, b.host, &id),
					 CKR_OK);
			assert_int_equal(
				b.host->ops->attributes_get(b.host, id, &v, 1),
				CKR_OK);
			sizes[k] = v.ulValueLen;
			assert_int_equal(get_bool(b.host, id, CKA_LOCAL),
					 CK_FALSE);
		}
		assert_int_equal(sizes[0], i < 2 ? 32 : 16);
		assert_int_equal(sizes[1], sizes[0]);
		assert_memory_equal(secrets[0], secrets[1], 64);
	}
	bench_close(&b);
}

/* A card computed the secret, the host makes the key. */
static void
test_ecdh_computed(void **state)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct attrs held = { NULL, 0, 0 };
	struct derivation d = { .mechanism = &ecdh_mechanism,
				.held = &held,
				.object = TEMPLATE(list) };
	struct derived made[DERIVED_MAX];
	size_t count = 0;
	uint8_t point[65] = { 4 };
	struct bench b;
	uint64_t id;

	bench_open(&b);
	ecdh = (CK_ECDH1_DERIVE_PARAMS){ CKD_NULL, 0, NULL, 65, point };
	assert_int_equal(attrs_set_ulong(&held, CKA_CLASS, CKO_PRIVATE_KEY),
			 CKR_OK);
	assert_int_equal(attrs_set_ulong(&held, CKA_KEY_TYPE, CKK_EC), CKR_OK);
	assert_int_equal(b.host->ops->derive(b.host, &d, made, &count),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(attrs_set_bool(&held, CKA_DERIVE, true), CKR_OK);
	assert_int_equal(b.host->ops->derive(b.host, &d, made, &count),
			 CKR_KEY_TYPE_INCONSISTENT);
	d.computed = TEXT("what the card says");
	assert_int_equal(b.host->ops->derive(b.host, &d, made, &count), CKR_OK);
	assert_int_equal(b.host->ops->adopt(b.host, &made[0].attrs, 1, &id),
			 CKR_OK);
	assert_true(
		has_value(b.host, id, CKA_VALUE, TEXT("what the card says")));
	attrs_free(&held);
	bench_close(&b);
}

/* Two keys of two tokens; the more secret one decides. */
static void
test_concatenate(void **state)
{
	CK_OBJECT_HANDLE handle = 7;
	CK_MECHANISM m = { CKM_CONCATENATE_BASE_AND_KEY, &handle,
			   sizeof(handle) };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct bench b;

	bench_open(&b);
	assert_int_equal(derivation_other(&m), 7);
	assert_int_equal(derivation_other(&ecdh_mechanism), CK_INVALID_HANDLE);
	for (int i = 0; i < 2; i++) {
		const CK_BBOOL *open = i == 0 ? &yes : &no;
		CK_ATTRIBUTE more = { CKA_EXTRACTABLE, (void *)open,
				      sizeof(yes) };
		uint64_t base = make(b.t, CKK_GENERIC_SECRET, "abc", 3, OPEN);
		uint64_t other =
			make(b.host, CKK_GENERIC_SECRET, "def", 3, more);
		CK_ATTRIBUTE plain[] = { ONE_ATTR(CKA_SENSITIVE, no) };
		struct attrs lent = { NULL, 0, 0 };
		struct derivation d = { .mechanism = &m,
					.key = base,
					.other = &lent,
					.object = TEMPLATE(list) };
		struct derived made[DERIVED_MAX];
		size_t count;
		uint64_t id;

		assert_int_equal(b.host->ops->lend(b.host, other, &lent),
				 CKR_OK);
		assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
				 CKR_OK);
		assert_true(cursor_is(attrs_value(&made[0].attrs, CKA_VALUE),
				      "abcdef", 6));
		assert_int_equal(
			b.host->ops->adopt(b.host, &made[0].attrs, 1, &id),
			CKR_OK);
		assert_int_equal(get_bool(b.host, id, CKA_EXTRACTABLE), *open);
		assert_int_equal(get_bool(b.host, id, CKA_SENSITIVE), CK_TRUE);
		assert_int_equal(plain[0].ulValueLen, 1);
		attrs_free(&lent);
	}
	bench_close(&b);
}

static void
test_hkdf_data(void **state)
{
	CK_HKDF_PARAMS p = { CK_TRUE, CK_TRUE, CKM_SHA256, 1 };
	CK_MECHANISM m = { CKM_HKDF_DATA, &p, sizeof(p) };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, data_class),
				ONE_ATTR(CKA_VALUE_LEN, sixteen) };
	uint8_t value[64];
	CK_ATTRIBUTE a = ATTR(CKA_VALUE, value);
	struct bench b;
	uint64_t base, id;

	bench_open(&b);
	base = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16, OPEN);
	assert_int_equal(derive(b.t, &m, base, TEMPLATE(list), b.host, &id),
			 CKR_OK);
	assert_int_equal(b.host->ops->attributes_get(b.host, id, &a, 1),
			 CKR_OK);
	assert_int_equal(a.ulValueLen, 16);
	/* data that an application brings has no length to be told */
	assert_int_equal(b.host->ops->create(b.host, TEMPLATE(list), &id),
			 CKR_TEMPLATE_INCONSISTENT);
	bench_close(&b);
}

/* Four keys and two IVs; the keys are as secret as their base. */
static void
test_tls_keys(void **state)
{
	uint8_t client_iv[4] = { 0 }, server_iv[4] = { 0 };
	CK_SSL3_KEY_MAT_OUT given = { 9, 9, 9, 9, client_iv, server_iv };
	CK_TLS12_KEY_MAT_PARAMS p = { 256,
				      128,
				      32,
				      CK_FALSE,
				      { (CK_BYTE *)"client", 6,
					(CK_BYTE *)"server", 6 },
				      &given,
				      CKM_SHA256 };
	CK_MECHANISM m = { CKM_TLS12_KEY_AND_MAC_DERIVE, &p, sizeof(p) };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_KEY_TYPE, aes),
				ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_ENCRYPT, yes) };
	struct derived made[DERIVED_MAX];
	struct builder wanted = builder_heap(KDF_SIZE_MAX);
	struct derivation d = { .mechanism = &m, .object = TEMPLATE(list) };
	struct bench b;
	size_t count = 0;

	bench_open(&b);
	d.key = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16, OPEN);
	p.bIsExport = CK_TRUE;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_MECHANISM_PARAM_INVALID);
	p.bIsExport = CK_FALSE;
	p.ulKeySizeInBits = 40; /* no AES key */
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	p.ulKeySizeInBits = 128;
	given.pIVServer = NULL;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_MECHANISM_PARAM_INVALID);
	given.pIVServer = server_iv;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count), CKR_OK);
	assert_int_equal(count, 4);
	assert_int_equal(kdf_tls_prf(CKM_SHA256, TEXT(AES_VALUE),
				     TEXT("key expansionserverclient"), 104,
				     &wanted),
			 CKR_OK);
	struct cursor block = builder_read(&wanted);
	assert_ptr_equal(made[0].handle, &given.hClientMacSecret);
	assert_ptr_equal(made[3].handle, &given.hServerKey);
	for (size_t i = 0; i < 4; i++) {
		struct cursor part = cursor_take(&block, i < 2 ? 32 : 16);

		assert_true(cursor_same(attrs_value(&made[i].attrs, CKA_VALUE),
					part));
		assert_int_equal(attrs_ulong(&made[i].attrs, CKA_KEY_TYPE, 99),
				 i < 2 ? CKK_GENERIC_SECRET : CKK_AES);
		assert_true(attrs_bool(&made[i].attrs, CKA_SENSITIVE, false));
		attrs_free(&made[i].attrs);
	}
	assert_true(cursor_is(cursor_take(&block, 4), client_iv, 4));
	assert_true(cursor_is(cursor_take(&block, 4), server_iv, 4));
	/* an AEAD cipher has no MAC keys */
	p.ulMacSizeInBits = 0;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count), CKR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(given.hClientMacSecret, CK_INVALID_HANDLE);
	attrs_free(&made[0].attrs);
	attrs_free(&made[1].attrs);
	builder_free(&wanted);
	bench_close(&b);
}

/* The key block of TLS 1.0, computed from RFC 4346, 5 with Python's hmac; and
 * CKM_TLS12_KEY_SAFE_DERIVE, which gives no IV. */
static void
test_tls_keys_others(void **state)
{
	static const uint8_t first[] = { 0xe5, 0xd7, 0x49, 0xfa };
	uint8_t client_iv[4] = { 0 }, server_iv[4] = { 0 }, zeros[4] = { 0 };
	CK_SSL3_KEY_MAT_OUT given = { .pIVClient = client_iv,
				      .pIVServer = server_iv };
	CK_SSL3_RANDOM_DATA random = { (CK_BYTE *)"client", 6,
				       (CK_BYTE *)"server", 6 };
	CK_SSL3_KEY_MAT_PARAMS old = { 256,    128, 32, CK_FALSE, random,
				       &given };
	CK_TLS12_KEY_MAT_PARAMS safe = { 0,	 128,	 32,	   CK_FALSE,
					 random, &given, CKM_SHA256 };
	CK_MECHANISM m = { CKM_TLS_KEY_AND_MAC_DERIVE, &old, sizeof(old) },
		     s = { CKM_TLS12_KEY_SAFE_DERIVE, &safe, sizeof(safe) };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_KEY_TYPE, aes) };
	struct derived made[DERIVED_MAX];
	struct derivation d = { .mechanism = &s, .object = TEMPLATE(list) };
	struct bench b;
	size_t count = 0;

	bench_open(&b);
	d.key = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16, OPEN);
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count), CKR_OK);
	assert_int_equal(count, 2);
	assert_memory_equal(client_iv, zeros, 4);
	attrs_free(&made[0].attrs);
	attrs_free(&made[1].attrs);
	s.mechanism = CKM_TLS_KEY_AND_MAC_DERIVE; /* with the wrong struct */
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_MECHANISM_PARAM_INVALID);
	d.mechanism = &m;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count), CKR_OK);
	assert_int_equal(count, 4);
	struct cursor mac = attrs_value(&made[0].attrs, CKA_VALUE);
	assert_int_equal(mac.left, 32);
	assert_true(cursor_begins(mac, first, sizeof(first)));
	assert_true(cursor_is(cursor_of(server_iv, 4), "\xe9\x50\x8f\xda", 4));
	for (size_t i = 0; i < count; i++)
		attrs_free(&made[i].attrs);
	bench_close(&b);
}

/* The bare PRF: bytes for the caller, and no key. */
static void
test_tls_prf(void **state)
{
	uint8_t out[12] = { 0 };
	CK_ULONG size = 0;
	CK_TLS_PRF_PARAMS p = { (CK_BYTE *)"abc",
				3,
				(CK_BYTE *)"server finished",
				15,
				out,
				&size };
	CK_MECHANISM m = { CKM_TLS_PRF, &p, sizeof(p) };
	struct derived made[DERIVED_MAX];
	struct derivation d = { .mechanism = &m };
	struct bench b;
	size_t count = 7;

	bench_open(&b);
	d.key = make(b.t, CKK_GENERIC_SECRET, AES_VALUE, 16, OPEN);
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_MECHANISM_PARAM_INVALID);
	size = sizeof(out);
	p.pSeed = NULL;
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_MECHANISM_PARAM_INVALID);
	p.pSeed = (CK_BYTE *)"abc";
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count), CKR_OK);
	assert_int_equal(count, 0);
	assert_true(cursor_is(cursor_of(out, 12),
			      "\xe4\xbd\xf2\x08\x13\x4b\x08\x3c\xa1\x42\xd9\x87",
			      12));
	d.key = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	assert_int_equal(b.t->ops->derive(b.t, &d, made, &count),
			 CKR_KEY_TYPE_INCONSISTENT);
	bench_close(&b);
}

static CK_RV
copy(struct token *t, uint64_t id, struct template changes, struct token *owner,
     uint64_t *made)
{
	struct attrs object = { NULL, 0, 0 };
	CK_RV rv = t->ops->copy(t, id, changes, &object);

	return rv == CKR_OK ? owner->ops->adopt(owner, &object, 1, made) : rv;
}

static void
test_copy(void **state)
{
	CK_ATTRIBUTE value[] = { TEXT_ATTR(CKA_VALUE, "x") };
	CK_ATTRIBUTE shown[] = { ONE_ATTR(CKA_PRIVATE, no) };
	CK_ATTRIBUTE opened[] = { ONE_ATTR(CKA_SENSITIVE, no) };
	CK_ATTRIBUTE fixed[] = { ONE_ATTR(CKA_COPYABLE, no) };
	CK_ATTRIBUTE session[] = { ONE_ATTR(CKA_TOKEN, no),
				   TEXT_ATTR(CKA_LABEL, "copy") };
	uint8_t first[64], second[64];
	CK_ATTRIBUTE a = ATTR(CKA_UNIQUE_ID, first),
		     c = ATTR(CKA_UNIQUE_ID, second);
	struct bench b;
	uint64_t key, id;

	bench_open(&b);
	key = make(b.t, CKK_AES, AES_VALUE, 16, OPEN);
	assert_int_equal(copy(b.t, key, TEMPLATE(value), b.t, &id),
			 CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(copy(b.t, key, TEMPLATE(shown), b.t, &id),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(copy(b.t, key, TEMPLATE(opened), b.t, &id),
			 CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(copy(b.t, key, TEMPLATE(session), b.host, &id),
			 CKR_OK);
	assert_true(has_value(b.host, id, CKA_LABEL, TEXT("copy")));
	assert_int_equal(b.t->ops->attributes_get(b.t, key, &a, 1), CKR_OK);
	assert_int_equal(b.host->ops->attributes_get(b.host, id, &c, 1),
			 CKR_OK);
	assert_memory_not_equal(first, second, a.ulValueLen);
	/* the private key's origin stays with it */
	assert_int_equal(copy(b.t, b.ec[1], TEMPLATE(session), b.host, &id),
			 CKR_OK);
	assert_int_equal(get_bool(b.host, id, CKA_LOCAL), CK_TRUE);
	assert_int_equal(get_bool(b.host, id, CKA_NEVER_EXTRACTABLE), CK_TRUE);
	assert_int_equal(b.t->ops->attributes_set(b.t, key, TEMPLATE(fixed)),
			 CKR_OK);
	assert_int_equal(copy(b.t, key, TEMPLATE(session), b.host, &id),
			 CKR_ACTION_PROHIBITED);
	bench_close(&b);
}

/* An array of attributes as an attribute: refused, kept, handed out. */
static void
test_nested(void **state)
{
	CK_BBOOL truth = CK_TRUE;
	char label[8];
	CK_ATTRIBUTE inner[] = { TEXT_ATTR(CKA_LABEL, "kept"),
				 ONE_ATTR(CKA_SIGN, truth) };
	CK_ATTRIBUTE looping[] = { ATTR(CKA_WRAP_TEMPLATE, inner) };
	CK_ATTRIBUTE wrong[] = { { CKA_SIGN, &truth, 2 } };
	CK_ATTRIBUTE space[2] = { { 0, label, sizeof(label) },
				  { 0, &truth, sizeof(truth) } };
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, secret_class),
		ONE_ATTR(CKA_KEY_TYPE, aes),
		TEXT_ATTR(CKA_VALUE, AES_VALUE),
		{ CKA_WRAP_TEMPLATE, NULL, 0 },
	};
	CK_ATTRIBUTE get = { CKA_WRAP_TEMPLATE, NULL, 0 };
	struct bench b;
	uint64_t id;

	bench_open(&b);
	list[3] = (CK_ATTRIBUTE)ATTR(CKA_WRAP_TEMPLATE, looping);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(list), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	list[3] = (CK_ATTRIBUTE)ATTR(CKA_WRAP_TEMPLATE, wrong);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(list), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	list[3] = (CK_ATTRIBUTE){ CKA_WRAP_TEMPLATE, inner, 7 };
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(list), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	list[3] = (CK_ATTRIBUTE)ATTR(CKA_WRAP_TEMPLATE, inner);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(b.t->ops->attributes_get(b.t, id, &get, 1), CKR_OK);
	assert_int_equal(get.ulValueLen, sizeof(space));
	get.pValue = space;
	get.ulValueLen = sizeof(space[0]);
	assert_int_equal(b.t->ops->attributes_get(b.t, id, &get, 1),
			 CKR_BUFFER_TOO_SMALL);
	get.ulValueLen = sizeof(space);
	truth = CK_FALSE;
	assert_int_equal(b.t->ops->attributes_get(b.t, id, &get, 1), CKR_OK);
	assert_int_equal(space[0].type, CKA_LABEL);
	assert_int_equal(space[0].ulValueLen, 4);
	assert_memory_equal(label, "kept", 4);
	assert_int_equal(truth, CK_TRUE);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/derive/wrap/refused", test_wrap_refused },
		{ "/softtoken/derive/unwrap/refused", test_unwrap_refused },
		{ "/softtoken/derive/refused", test_derive_refused },
		{ "/softtoken/derive/nested", test_nested },
		{ "/softtoken/derive/copy", test_copy },
		{ "/softtoken/derive/wrap/secret", test_wrap_secret },
		{ "/softtoken/derive/wrap/filled", test_wrap_filled },
		{ "/softtoken/derive/wrap/rsa", test_wrap_rsa },
		{ "/softtoken/derive/wrap/private", test_wrap_private },
		{ "/softtoken/derive/ecdh", test_ecdh },
		{ "/softtoken/derive/ecdh/computed", test_ecdh_computed },
		{ "/softtoken/derive/concatenate", test_concatenate },
		{ "/softtoken/derive/hkdf-data", test_hkdf_data },
		{ "/softtoken/derive/tls-keys", test_tls_keys },
		{ "/softtoken/derive/tls-keys/others", test_tls_keys_others },
		{ "/softtoken/derive/tls-prf", test_tls_prf },
	};

	return cmocka_run_group_tests_name("/softtoken/derive", tests, NULL,
					   NULL);
}
