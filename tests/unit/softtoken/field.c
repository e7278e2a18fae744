/* Tests of softtoken/soft_field.c and of the agreement in soft_agree.c: DSA and
 * Diffie-Hellman keys; what is refused, then what OpenSSL comes to as well. */
#include "place.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/evp.h>

enum { SIZE = 256 };

static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY,
			     public_class = CKO_PUBLIC_KEY;
static const CK_KEY_TYPE dh = CKK_DH, dsa = CKK_DSA;
static const CK_ULONG sixteen = 16;
static const uint8_t two[] = { 2 }, three[] = { 3 }, one[] = { 1 };

/* A token, logged in, and OpenSSL's key in a field that both know. */
struct bench {
	struct place place;
	struct token *t;
	EVP_PKEY *judge;
	uint8_t prime[SIZE], value[SIZE];
};

static void
number_get(EVP_PKEY *pkey, const char *name, uint8_t out[SIZE])
{
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &n), 1);
	assert_int_equal(BN_bn2binpad(n, out, SIZE), SIZE);
	BN_free(n);
}

static void
bench_open(struct bench *b)
{
	char group[] = "ffdhe2048";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);

	place_open(&b->place);
	b->t = place_token(&b->place);
	log_in(b->t, LOGIN_USER);
	b->judge = NULL;
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(c, params), 1);
	assert_int_equal(EVP_PKEY_generate(c, &b->judge), 1);
	EVP_PKEY_CTX_free(c);
	number_get(b->judge, OSSL_PKEY_PARAM_FFC_P, b->prime);
	number_get(b->judge, OSSL_PKEY_PARAM_PUB_KEY, b->value);
}

static void
bench_close(struct bench *b)
{
	EVP_PKEY_free(b->judge);
	place_close(&b->place);
}

static CK_RV
pair_make_in(struct bench *b, CK_ULONG prime_size, CK_ULONG bits,
	     uint64_t pair[2])
{
	CK_MECHANISM m = { CKM_DH_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { { CKA_PRIME, b->prime, prime_size },
				       ATTR(CKA_BASE, two) };
	CK_ATTRIBUTE private_list[] = { ONE_ATTR(CKA_VALUE_BITS, bits) };
	struct template private_key = { private_list, bits > 0 ? 1 : 0 };

	return b->t->ops->generate_pair(b->t, &m, TEMPLATE(public_list),
					private_key, &pair[0], &pair[1]);
}

static CK_RV
create(struct bench *b, const CK_OBJECT_CLASS *class, const CK_KEY_TYPE *type,
       struct cursor value, uint64_t *id)
{
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, (void *)class, sizeof(*class) },
		{ CKA_KEY_TYPE, (void *)type, sizeof(*type) },
		ATTR(CKA_PRIME, b->prime),
		ATTR(CKA_BASE, two),
		{ CKA_VALUE, (void *)value.at, value.left },
	};

	return b->t->ops->create(b->t, TEMPLATE(list), id);
}

/* The secret that comes of the private key and somebody's value. */
static CK_RV
agree(struct bench *b, uint64_t key, struct cursor value, CK_ULONG wanted,
      struct builder *out)
{
	CK_MECHANISM m = { CKM_DH_PKCS_DERIVE, (void *)value.at, value.left };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_VALUE_LEN, wanted) };
	struct template with = { list, wanted > 0 ? 1 : 0 };
	struct derivation d = { .mechanism = &m, .key = key, .object = with };
	struct derived made[DERIVED_MAX];
	size_t count = 0;
	CK_RV rv = b->t->ops->derive(b->t, &d, made, &count);

	if (rv != CKR_OK)
		return rv;
	assert_int_equal(count, 1);
	builder_reset(out);
	builder_append(out, attrs_value(&made[0].attrs, CKA_VALUE));
	attrs_free(&made[0].attrs);
	return CKR_OK;
}

static void
test_refused(void **state)
{
	struct cursor zero = { .at = two, .left = 0 };
	CK_MECHANISM verify = { CKM_DSA_SHA256, NULL, 0 };
	struct builder out = builder_heap(2 * SIZE);
	struct bench b;
	uint64_t pair[2], id;

	bench_open(&b);
	assert_int_equal(pair_make_in(&b, 32, 0, pair),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(pair_make_in(&b, SIZE, 8, pair),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(create(&b, &private_class, &dh, zero, &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(create(&b, &private_class, &dh,
				cursor_of(b.prime, SIZE), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	/* a DSA key has a subprime, and no private half here */
	assert_int_equal(create(&b, &public_class, &dsa,
				cursor_of(b.value, SIZE), &id),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(create(&b, &private_class, &dsa,
				cursor_of(two, 1), &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(create(&b, &private_class, &dh, cursor_of(three, 1),
				&id),
			 CKR_OK);
	assert_int_equal(agree(&b, id, zero, 0, &out),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(agree(&b, id, cursor_of(one, 1), 0, &out),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(agree(&b, id, cursor_of(b.prime, SIZE), 0, &out),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(agree(&b, id, cursor_of(two, 1), SIZE + 1, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &verify, id,
				       TEXT("x"), TEXT("y"), &out),
			 CKR_KEY_TYPE_INCONSISTENT);
	builder_free(&out);
	bench_close(&b);
}

/* 2 to the third, as long as the prime (PKCS #3, 8.3); what is too much goes
 * from the leading end. */
static void
test_padded(void **state)
{
	struct builder out = builder_heap(2 * SIZE);
	uint8_t wanted[SIZE] = { [SIZE - 1] = 8 };
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(create(&b, &private_class, &dh, cursor_of(three, 1),
				&id),
			 CKR_OK);
	assert_int_equal(agree(&b, id, cursor_of(two, 1), 0, &out), CKR_OK);
	assert_true(cursor_is(builder_read(&out), wanted, SIZE));
	assert_int_equal(agree(&b, id, cursor_of(two, 1), sixteen, &out),
			 CKR_OK);
	assert_true(cursor_is(builder_read(&out), wanted + SIZE - 16, 16));
	builder_free(&out);
	bench_close(&b);
}

static void
judge_agree(struct bench *b, const uint8_t *value, size_t size,
	    uint8_t out[SIZE])
{
	EVP_PKEY *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, b->judge, NULL);
	size_t used = SIZE;

	assert_int_equal(EVP_PKEY_copy_parameters(peer, b->judge), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, value, size),
			 1);
	assert_int_equal(EVP_PKEY_derive_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dh_pad(c, 1), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(c, peer), 1);
	assert_int_equal(EVP_PKEY_derive(c, out, &used), 1);
	assert_int_equal(used, SIZE);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(peer);
}

static void
test_agree(void **state)
{
	struct builder out = builder_heap(2 * SIZE);
	uint8_t value[SIZE], wanted[SIZE];
	CK_ULONG bits = 0;
	CK_ATTRIBUTE get = ATTR(CKA_VALUE, value),
		     get_bits = ONE_ATTR(CKA_VALUE_BITS, bits);
	struct bench b;
	uint64_t pair[2];

	bench_open(&b);
	for (CK_ULONG asked = 0; asked <= 256; asked += 256) {
		assert_int_equal(pair_make_in(&b, SIZE, asked, pair), CKR_OK);
		get.ulValueLen = sizeof(value);
		assert_int_equal(
			b.t->ops->attributes_get(b.t, pair[0], &get, 1),
			CKR_OK);
		assert_int_equal(
			b.t->ops->attributes_get(b.t, pair[1], &get_bits, 1),
			CKR_OK);
		assert_true(asked == 0 ? bits > 200 : bits <= asked);
		assert_int_equal(agree(&b, pair[1], cursor_of(b.value, SIZE),
				       0, &out),
				 CKR_OK);
		judge_agree(&b, value, get.ulValueLen, wanted);
		assert_true(cursor_is(builder_read(&out), wanted, SIZE));
		assert_int_equal(get_bool(b.t, pair[1], CKA_LOCAL), CK_TRUE);
		assert_int_equal(get_bool(b.t, pair[1], CKA_SIGN), CK_FALSE);
	}
	builder_free(&out);
	bench_close(&b);
}

/* Out as PKCS#8, which OpenSSL reads, and back in. */
static void
test_wrap(void **state)
{
	static const CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
	static const CK_KEY_TYPE aes = CKK_AES;
	static const uint8_t key_value[16];
	CK_MECHANISM kwp = { CKM_AES_KEY_WRAP_KWP, NULL, 0 };
	CK_ATTRIBUTE kek_list[] = {
		ONE_ATTR(CKA_CLASS, secret_class), ONE_ATTR(CKA_KEY_TYPE, aes),
		ATTR(CKA_VALUE, key_value),	   ONE_ATTR(CKA_WRAP, yes),
		ONE_ATTR(CKA_UNWRAP, yes),	   ONE_ATTR(CKA_DECRYPT, yes),
	};
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, private_class),
				ONE_ATTR(CKA_KEY_TYPE, dh),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	struct builder out = builder_heap(8 * SIZE), der = builder_heap(
		8 * SIZE);
	struct derivation d = { .mechanism = &kwp, .object = TEMPLATE(list) };
	struct attrs lent = { NULL, 0, 0 }, again = { NULL, 0, 0 };
	uint8_t prime[SIZE], value[SIZE];
	EVP_PKEY *judge = NULL;
	const uint8_t *at;
	struct bench b;
	uint64_t id;

	bench_open(&b);
	number_get(b.judge, OSSL_PKEY_PARAM_PRIV_KEY, value);
	assert_int_equal(b.t->ops->create(b.t, TEMPLATE(kek_list), &d.key),
			 CKR_OK);
	assert_int_equal(create(&b, &private_class, &dh,
				cursor_of(value, SIZE), &id),
			 CKR_OK);
	assert_int_equal(b.t->ops->lend(b.t, id, &lent), CKR_OK);
	assert_int_equal(attrs_set_bool(&lent, CKA_EXTRACTABLE, true), CKR_OK);
	d.other = &lent;
	assert_int_equal(b.t->ops->wrap(b.t, &d, &out), CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_DECRYPT, &kwp, d.key,
				       builder_read(&out), cursor_of(NULL, 0),
				       &der),
			 CKR_OK);
	at = der.data;
	judge = d2i_AutoPrivateKey(NULL, &at, (long)der.used);
	assert_non_null(judge);
	number_get(judge, OSSL_PKEY_PARAM_FFC_P, prime);
	assert_memory_equal(prime, b.prime, SIZE);
	assert_int_equal(EVP_PKEY_eq(judge, b.judge), 1);
	d.other = NULL;
	d.input = builder_read(&out);
	assert_int_equal(b.t->ops->unwrap(b.t, &d, &again), CKR_OK);
	assert_true(cursor_same(attrs_value(&again, CKA_PUBLIC_KEY_INFO),
				attrs_value(&lent, CKA_PUBLIC_KEY_INFO)));
	EVP_PKEY_free(judge);
	attrs_free(&again);
	attrs_free(&lent);
	builder_free(&out);
	builder_free(&der);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/field/refused", test_refused },
		{ "/softtoken/field/padded", test_padded },
		{ "/softtoken/field/agree", test_agree },
		{ "/softtoken/field/wrap", test_wrap },
	};

	return cmocka_run_group_tests_name("/softtoken/field", tests, NULL,
					   NULL);
}
