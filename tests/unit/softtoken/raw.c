/* Tests of softtoken/soft_raw.c: Edwards and Montgomery keys, by the RFCs'
 * examples and by OpenSSL. */
#include "place.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY,
			     public_class = CKO_PUBLIC_KEY;
static const CK_KEY_TYPE edwards = CKK_EC_EDWARDS,
			 montgomery = CKK_EC_MONTGOMERY, ec = CKK_EC;
static const uint8_t ed25519[] = { 0x06, 0x03, 0x2B, 0x65, 0x70 },
		     x25519[] = { 0x06, 0x03, 0x2B, 0x65, 0x6E },
		     ed448[] = { 0x06, 0x03, 0x2B, 0x65, 0x71 },
		     x448[] = { 0x06, 0x03, 0x2B, 0x65, 0x6F };
static CK_MECHANISM eddsa = { CKM_EDDSA, NULL, 0 };

/* RFC 8032, 7.1, test 2: a message of one byte */
static const uint8_t seed[] = {
	0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
	0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
	0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb,
};
static const uint8_t point[] = {
	0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
	0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
	0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c,
};
static const uint8_t signature[] = {
	0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82,
	0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50,
	0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08,
	0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13,
	0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a,
	0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00,
};

/* A token, logged in. */
struct bench {
	struct place place;
	struct token *t;
};

static void
bench_open(struct bench *b)
{
	place_open(&b->place);
	b->t = place_token(&b->place);
	log_in(b->t, LOGIN_USER);
}

static CK_RV
pair_make_by(struct token *t, CK_MECHANISM_TYPE by, struct cursor params,
	     uint64_t pair[2])
{
	CK_MECHANISM m = { by, NULL, 0 };
	CK_ATTRIBUTE list[] = {
		{ CKA_EC_PARAMS, (void *)params.at, params.left },
	};
	struct template none = { NULL, 0 };

	return t->ops->generate_pair(t, &m, TEMPLATE(list), none, &pair[0],
				     &pair[1]);
}

static CK_RV
public_make(struct token *t, struct cursor params, struct cursor p,
	    uint64_t *id)
{
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, public_class),
		ONE_ATTR(CKA_KEY_TYPE, edwards),
		{ CKA_EC_PARAMS, (void *)params.at, params.left },
		{ CKA_EC_POINT, (void *)p.at, p.left },
	};

	return t->ops->create(t, TEMPLATE(list), id);
}

#define ALL(array) cursor_of(array, sizeof(array))

static void
test_refused(void **state)
{
	static const uint8_t short_value[31];
	CK_ATTRIBUTE wrong[] = {
		ONE_ATTR(CKA_CLASS, private_class),
		ONE_ATTR(CKA_KEY_TYPE, edwards),
		ATTR(CKA_EC_PARAMS, ed25519),
		ATTR(CKA_VALUE, short_value),
	};
	CK_ATTRIBUTE other[] = {
		ONE_ATTR(CKA_CLASS, private_class),
		ONE_ATTR(CKA_KEY_TYPE, montgomery),
		ATTR(CKA_EC_PARAMS, ed25519),
		ATTR(CKA_VALUE, seed),
	};
	CK_ATTRIBUTE mixed[] = {
		ONE_ATTR(CKA_CLASS, private_class),
		ONE_ATTR(CKA_KEY_TYPE, edwards),
		ATTR(CKA_EC_PARAMS, ed25519),
		ATTR(CKA_VALUE, seed),
		ATTR(CKA_EC_POINT, seed),
	};
	struct bench b;
	uint64_t id, pair[2];

	bench_open(&b);
	assert_int_equal(
		pair_make_by(b.t, CKM_EC_KEY_PAIR_GEN, ALL(ed25519), pair),
		CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(pair_make_by(b.t, CKM_EC_EDWARDS_KEY_PAIR_GEN,
				      ALL(x25519), pair),
			 CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(pair_make_by(b.t, CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
				      ALL(p256), pair),
			 CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(wrong), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(other), &id),
			 CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(mixed), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(
		public_make(b.t, ALL(ed25519), cursor_of(point, 31), &id),
		CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(count_objects(b.t, NULL), 0);
	/* keys of one type do not do what others do */
	assert_int_equal(pair_make_by(b.t, CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
				      ALL(x25519), pair),
			 CKR_OK);
	struct builder out = builder_heap(256);
	assert_int_equal(run_operation(b.t, OPERATION_SIGN, &eddsa, pair[1],
				       TEXT("r"), TEXT(""), &out),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(make_ec(b.t, "ec", pair), CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_SIGN, &eddsa, pair[1],
				       TEXT("r"), TEXT(""), &out),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(ec, CKK_EC);
	builder_free(&out);
	place_close(&b.place);
}

static void
test_known(void **state)
{
	static const uint8_t octets[] = { 0x04, 0x20 },
			     bits[] = { 0x03, 0x21, 0x00 };
	static const char name[] = "\x13\x0c"
				   "edwards25519";
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, private_class),
		ONE_ATTR(CKA_KEY_TYPE, edwards),
		ATTR(CKA_EC_PARAMS, ed25519),
		ATTR(CKA_VALUE, seed),
	};
	const uint8_t message[] = { 0x72 };
	struct builder out = builder_heap(256), none = builder_heap(1);
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_SIGN, &eddsa, id,
				       ALL(message), TEXT(""), &out),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&out), ALL(signature)));
	/* each form of a point, and of the curve */
	for (int i = 0; i < 4; i++) {
		uint8_t space[64];
		struct builder p = builder_over(space, sizeof(space));

		if (i == 1)
			builder_append(&p, ALL(octets));
		if (i == 2)
			builder_append(&p, ALL(bits));
		builder_append(&p, ALL(point));
		assert_int_equal(
			public_make(b.t,
				    i == 3 ? cursor_of(name, 14) : ALL(ed25519),
				    builder_read(&p), &id),
			CKR_OK);
		assert_true(has_value(b.t, id, CKA_EC_POINT, ALL(point)));
		assert_true(has_value(b.t, id, CKA_EC_PARAMS, ALL(ed25519)));
		assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &eddsa,
					       id, ALL(message), ALL(signature),
					       &none),
				 CKR_OK);
		assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &eddsa,
					       id, TEXT("s"), ALL(signature),
					       &none),
				 CKR_SIGNATURE_INVALID);
		assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &eddsa,
					       id, ALL(message),
					       cursor_of(signature, 63), &none),
				 CKR_SIGNATURE_LEN_RANGE);
	}
	builder_free(&out);
	builder_free(&none);
	place_close(&b.place);
}

/* In parts and at one stroke; the signature is OpenSSL's to judge. */
static void
test_generated(void **state)
{
	const struct cursor params[] = { ALL(ed25519), ALL(ed448) };
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < 2; i++) {
		uint8_t info[128];
		const uint8_t *at = info;
		CK_ATTRIBUTE a = ATTR(CKA_PUBLIC_KEY_INFO, info);
		struct builder parts = builder_heap(256),
			       whole = builder_heap(256);
		struct operation_key key = { 0 };
		struct operation *o = NULL;
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		EVP_PKEY *judge;
		uint64_t pair[2];

		assert_int_equal(pair_make_by(b.t, CKM_EC_EDWARDS_KEY_PAIR_GEN,
					      params[i], pair),
				 CKR_OK);
		key.id = pair[1];
		assert_int_equal(b.t->ops->operation_start(b.t, OPERATION_SIGN,
							   &eddsa, &key, &o),
				 CKR_OK);
		assert_false(o->single_part);
		assert_int_equal(o->ops->update(o, TEXT("mess"), &parts),
				 CKR_OK);
		assert_int_equal(o->ops->update(o, TEXT("age"), &parts),
				 CKR_OK);
		assert_int_equal(o->ops->finish(o, TEXT(""), &parts), CKR_OK);
		assert_int_equal(b.t->ops->operation_start(b.t, OPERATION_SIGN,
							   &eddsa, &key, &o),
				 CKR_OK);
		assert_int_equal(o->ops->size(o, 7, true), i == 0 ? 64 : 114);
		assert_int_equal(
			o->ops->whole(o, TEXT("message"), TEXT(""), &whole),
			CKR_OK);
		o->ops->free(o);
		assert_true(cursor_same(builder_read(&parts),
					builder_read(&whole)));
		assert_int_equal(b.t->ops->attributes_get(b.t, pair[0], &a, 1),
				 CKR_OK);
		judge = d2i_PUBKEY(NULL, &at, (long)a.ulValueLen);
		assert_non_null(judge);
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, judge);
		assert_int_equal(EVP_DigestVerify(ctx, whole.data, whole.used,
						  (const uint8_t *)"message",
						  7),
				 1);
		EVP_MD_CTX_free(ctx);
		EVP_PKEY_free(judge);
		builder_free(&parts);
		builder_free(&whole);
	}
	place_close(&b.place);
}

/* Both sides get the same; a point of small order gets nothing. */
static void
test_agreement(void **state)
{
	const struct cursor params[] = { ALL(x25519), ALL(x448) };
	CK_ATTRIBUTE open[] = { ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < 2; i++) {
		uint64_t pairs[2][2];
		struct attrs made[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
		size_t size = i == 0 ? 32 : 56;

		for (int k = 0; k < 2; k++)
			assert_int_equal(
				pair_make_by(b.t,
					     CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
					     params[i], pairs[k]),
				CKR_OK);
		for (int k = 0; k < 3; k++) {
			uint8_t peer[64] = { 0 };
			CK_ATTRIBUTE a = { CKA_EC_POINT, peer, size };
			CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, size,
						     peer };
			CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
			struct derivation d = { .mechanism = &m,
						.key = pairs[k % 2][1],
						.object = TEMPLATE(open) };
			struct derived list[DERIVED_MAX];
			size_t count;

			if (k == 2) {
				assert_int_equal(
					b.t->ops->derive(b.t, &d, list, &count),
					CKR_MECHANISM_PARAM_INVALID);
				break;
			}
			assert_int_equal(b.t->ops->attributes_get(
						 b.t, pairs[1 - k][0], &a, 1),
					 CKR_OK);
			assert_int_equal(
				b.t->ops->derive(b.t, &d, list, &count),
				CKR_OK);
			made[k] = list[0].attrs;
		}
		assert_int_equal(attrs_value(&made[0], CKA_VALUE).left, size);
		assert_true(cursor_same(attrs_value(&made[0], CKA_VALUE),
					attrs_value(&made[1], CKA_VALUE)));
		attrs_free(&made[0]);
		attrs_free(&made[1]);
	}
	place_close(&b.place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/raw/refused", test_refused },
		{ "/softtoken/raw/known", test_known },
		{ "/softtoken/raw/generated", test_generated },
		{ "/softtoken/raw/agreement", test_agreement },
	};

	return cmocka_run_group_tests_name("/softtoken/raw", tests, NULL, NULL);
}
