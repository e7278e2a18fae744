/* Tests of softtoken/soft_secret.c and of operations with secret keys: what
 * templates and attributes forbid, and every engine after each other. */
#include "place.h"

#include "cipher.h"

enum { OUT_MAX = 1024 };

static const CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;

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
generate(struct token *t, CK_MECHANISM_TYPE type, CK_ULONG size, uint64_t *id)
{
	CK_MECHANISM m = { type, NULL, 0 };
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_ENCRYPT, yes),    ONE_ATTR(CKA_DECRYPT, yes),
		ONE_ATTR(CKA_SENSITIVE, no),   ONE_ATTR(CKA_EXTRACTABLE, yes),
		ONE_ATTR(CKA_VALUE_LEN, size),
	};
	struct template with = { list, size > 0 ? 5 : 4 };

	return t->ops->generate(t, &m, with, id);
}

static void
test_generate_refused(void **state)
{
	static const CK_KEY_TYPE des = CKK_DES3, rsa = CKK_RSA, hmac = 77777;
	static const CK_ULONG sixteen = 16, zero = 0, huge = 1 << 20;
	static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
	static const uint8_t value[16];
	static const struct {
		CK_MECHANISM m;
		CK_ATTRIBUTE list[3];
		CK_RV rv;
	} cases[] = {
		{ { CKM_AES_CBC, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen) },
		  CKR_MECHANISM_INVALID },
		{ { CKM_AES_KEY_GEN, (void *)value, 1 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen) },
		  CKR_MECHANISM_PARAM_INVALID },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_ENCRYPT, yes) },
		  CKR_TEMPLATE_INCOMPLETE },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, huge) },
		  CKR_ATTRIBUTE_VALUE_INVALID },
		{ { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, zero) },
		  CKR_ATTRIBUTE_VALUE_INVALID },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen), ATTR(CKA_VALUE, value) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_KEY_TYPE, des) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_KEY_TYPE, rsa) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_KEY_TYPE, hmac) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_CLASS, private_class) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_LOCAL, yes) },
		  CKR_ATTRIBUTE_READ_ONLY },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_MODULUS_BITS, sixteen) },
		  CKR_TEMPLATE_INCONSISTENT },
		{ { CKM_AES_KEY_GEN, NULL, 0 },
		  { ONE_ATTR(CKA_VALUE_LEN, sixteen),
		    ONE_ATTR(CKA_TRUSTED, yes) },
		  CKR_ATTRIBUTE_READ_ONLY },
	};
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template with = { cases[i].list, 0 };
		uint64_t id;
		CK_RV rv;

		while (with.count < 3 && cases[i].list[with.count].pValue)
			with.count++;
		rv = b.t->ops->generate(b.t, &cases[i].m, with, &id);
		if (rv != cases[i].rv)
			fail_msg("case %zu: %lx", i, rv);
	}
	assert_int_equal(count_objects(b.t, NULL), 0);
	place_close(&b.place);
}

static void
test_generate(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_KEY_TYPE key_type;
		CK_ULONG asked, size;
	} cases[] = {
		{ CKM_AES_KEY_GEN, CKK_AES, 16, 16 },
		{ CKM_AES_KEY_GEN, CKK_AES, 32, 32 },
		{ CKM_AES_XTS_KEY_GEN, CKK_AES_XTS, 64, 64 },
		{ CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, 33, 33 },
		{ CKM_CHACHA20_KEY_GEN, CKK_CHACHA20, 0, 32 },
		{ CKM_HKDF_KEY_GEN, CKK_HKDF, 20, 20 },
		{ CKM_SHA_1_KEY_GEN, CKK_SHA_1_HMAC, 20, 20 },
		{ CKM_SHA3_512_KEY_GEN, CKK_SHA3_512_HMAC, 64, 64 },
		{ CKM_BLAKE2B_512_KEY_GEN, CKK_BLAKE2B_512_HMAC, 64, 64 },
	};
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t value[64], other[64];
		CK_MECHANISM_TYPE made_by = 0;
		CK_KEY_TYPE key_type = 0;
		CK_ATTRIBUTE wanted[] = {
			ATTR(CKA_VALUE, value),
			ONE_ATTR(CKA_KEY_TYPE, key_type),
			ONE_ATTR(CKA_KEY_GEN_MECHANISM, made_by),
		};
		CK_ATTRIBUTE again = ATTR(CKA_VALUE, other);
		uint64_t id, next;

		assert_int_equal(
			generate(b.t, cases[i].type, cases[i].asked, &id),
			CKR_OK);
		assert_int_equal(
			generate(b.t, cases[i].type, cases[i].asked, &next),
			CKR_OK);
		assert_int_equal(b.t->ops->attributes_get(b.t, id, wanted, 3),
				 CKR_OK);
		assert_int_equal(b.t->ops->attributes_get(b.t, next, &again, 1),
				 CKR_OK);
		assert_int_equal(wanted[0].ulValueLen, cases[i].size);
		assert_int_equal(key_type, cases[i].key_type);
		assert_int_equal(made_by, cases[i].type);
		assert_memory_not_equal(value, other, cases[i].size);
		assert_int_equal(get_bool(b.t, id, CKA_LOCAL), CK_TRUE);
		assert_int_equal(get_bool(b.t, id, CKA_ALWAYS_SENSITIVE),
				 CK_FALSE);
		assert_int_equal(get_bool(b.t, id, CKA_NEVER_EXTRACTABLE),
				 CK_FALSE);
	}
	place_close(&b.place);
}

/* What a key may do whose template does not say. */
static void
test_usage(void **state)
{
	static const CK_ATTRIBUTE_TYPE ciphers[] = { CKA_WRAP, CKA_UNWRAP };
	uint64_t aes, generic;
	struct bench b;

	bench_open(&b);
	assert_int_equal(generate(b.t, CKM_AES_KEY_GEN, 16, &aes), CKR_OK);
	assert_int_equal(
		generate(b.t, CKM_GENERIC_SECRET_KEY_GEN, 16, &generic),
		CKR_OK);
	for (size_t i = 0; i < COUNT(ciphers); i++) {
		assert_int_equal(get_bool(b.t, aes, ciphers[i]), CK_TRUE);
		assert_int_equal(get_bool(b.t, generic, ciphers[i]), CK_FALSE);
	}
	assert_int_equal(get_bool(b.t, aes, CKA_DERIVE), CK_FALSE);
	place_close(&b.place);
}

/* The version stands in front; nothing else may have another length. */
static void
test_premaster(void **state)
{
	static const CK_ULONG sixteen = 16;
	CK_VERSION version = { 3, 2 };
	CK_MECHANISM m = { CKM_TLS_PRE_MASTER_KEY_GEN, &version, 1 };
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes),
				ONE_ATTR(CKA_VALUE_LEN, sixteen) };
	struct template with = { list, 2 };
	uint8_t value[64];
	CK_ATTRIBUTE get = ATTR(CKA_VALUE, value);
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(b.t->ops->generate(b.t, &m, with, &id),
			 CKR_MECHANISM_PARAM_INVALID);
	m.ulParameterLen = sizeof(version);
	assert_int_equal(b.t->ops->generate(b.t, &m, TEMPLATE(list), &id),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(b.t->ops->generate(b.t, &m, with, &id), CKR_OK);
	assert_int_equal(b.t->ops->attributes_get(b.t, id, &get, 1), CKR_OK);
	assert_int_equal(get.ulValueLen, 48);
	assert_memory_equal(value, &version, 2);
	place_close(&b.place);
}

static CK_RV
make(struct token *t, CK_KEY_TYPE type, struct cursor value,
     const CK_ATTRIBUTE *more, uint64_t *id)
{
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, secret_class),
		ONE_ATTR(CKA_KEY_TYPE, type),
		{ CKA_VALUE, (void *)value.at, value.left },
		*more,
	};

	return t->ops->create(t, TEMPLATE(list), id);
}

static void
test_sizes(void **state)
{
	static const struct {
		CK_KEY_TYPE type;
		size_t size;
		CK_RV rv;
	} cases[] = {
		{ CKK_AES, 15, CKR_ATTRIBUTE_VALUE_INVALID },
		{ CKK_AES, 24, CKR_OK },
		{ CKK_DES3, 16, CKR_ATTRIBUTE_VALUE_INVALID },
		{ CKK_DES3, 24, CKR_OK },
		{ CKK_AES_XTS, 48, CKR_ATTRIBUTE_VALUE_INVALID },
		{ CKK_AES_XTS, 64, CKR_OK },
		{ CKK_CHACHA20, 16, CKR_ATTRIBUTE_VALUE_INVALID },
		{ CKK_CHACHA20, 32, CKR_OK },
		{ CKK_SHA256_HMAC, 1, CKR_OK },
		{ CKK_GENERIC_SECRET, 1, CKR_OK },
		{ CKK_GENERIC_SECRET, 4096, CKR_OK },
		{ CKK_GENERIC_SECRET, 4097, CKR_ATTRIBUTE_VALUE_INVALID },
	};
	static const uint8_t value[4097] = { 1, 2, 3 };
	CK_ATTRIBUTE more = ONE_ATTR(CKA_ENCRYPT, yes);
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t id;

		assert_int_equal(make(b.t, cases[i].type,
				      cursor_of(value, cases[i].size), &more,
				      &id),
				 cases[i].rv);
	}
	place_close(&b.place);
}

/* The check value is of zeros encrypted: FIPS 197, C.1's key; RFC 3174. */
static void
test_check_value(void **state)
{
	static const uint8_t aes[16] = { 0 }, des[24] = { 1, 1, 1, 1, 1, 1 };
	CK_ATTRIBUTE more = ONE_ATTR(CKA_ENCRYPT, yes);
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(make(b.t, CKK_AES, cursor_of(aes, 16), &more, &id),
			 CKR_OK);
	assert_true(has_value(b.t, id, CKA_CHECK_VALUE, TEXT("\x66\xe9\x4b")));
	assert_int_equal(make(b.t, CKK_GENERIC_SECRET, TEXT("abc"), &more, &id),
			 CKR_OK);
	assert_true(has_value(b.t, id, CKA_CHECK_VALUE, TEXT("\xa9\x99\x3e")));
	assert_int_equal(make(b.t, CKK_DES3, cursor_of(des, 24), &more, &id),
			 CKR_OK);
	assert_false(has_value(b.t, id, CKA_CHECK_VALUE, TEXT("\x66\xe9\x4b")));
	place_close(&b.place);
}

static uint8_t iv[16];
static CK_GCM_PARAMS gcm = { iv, 12, 96, NULL, 0, 128 };
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, 16 },
		    gcm_mechanism = { CKM_AES_GCM, &gcm, sizeof(gcm) },
		    ecb = { CKM_AES_ECB, NULL, 0 },
		    cmac = { CKM_AES_CMAC, NULL, 0 },
		    hmac = { CKM_SHA256_HMAC, NULL, 0 },
		    ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };

static CK_RV
run(struct token *t, enum operation_kind kind, const CK_MECHANISM *m,
    uint64_t id, struct cursor in)
{
	struct builder out = builder_heap(OUT_MAX);
	CK_RV rv = run_operation(t, kind, m, id, in, TEXT("x"), &out);

	builder_free(&out);
	return rv;
}

/* Class, type, usage and the list of allowed mechanisms. */
static void
test_forbidden(void **state)
{
	static const CK_MECHANISM_TYPE only[] = { CKM_AES_ECB };
	static const uint8_t value[16];
	const struct cursor in = TEXT("sixteen bytes it");
	CK_ATTRIBUTE encrypt = ONE_ATTR(CKA_ENCRYPT, yes),
		     closed = ONE_ATTR(CKA_DECRYPT, no),
		     allowed = ATTR(CKA_ALLOWED_MECHANISMS, only);
	uint64_t id, generic, limited, pair[2];
	struct bench b;

	bench_open(&b);
	assert_int_equal(
		make(b.t, CKK_AES, cursor_of(value, 16), &closed, &id),
		CKR_OK);
	assert_int_equal(make(b.t, CKK_GENERIC_SECRET, cursor_of(value, 16),
			      &encrypt, &generic),
			 CKR_OK);
	assert_int_equal(
		make(b.t, CKK_AES, cursor_of(value, 16), &allowed, &limited),
		CKR_OK);
	assert_int_equal(make_ec(b.t, "ec", pair), CKR_OK);
	assert_int_equal(run(b.t, OPERATION_DECRYPT, &ecb, id, in),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &ecb, generic, in),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(run(b.t, OPERATION_SIGN, &cmac, generic, in),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(run(b.t, OPERATION_SIGN, &hmac, id, in),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(run(b.t, OPERATION_SIGN, &hmac, pair[1], in),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(run(b.t, OPERATION_SIGN, &ecdsa, id, in),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(run(b.t, OPERATION_SIGN, &ecb, id, in),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &hmac, generic, in),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(run(b.t, OPERATION_SIGN, &cmac, limited, in),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(run(b.t, OPERATION_SIGN, &cmac, 4711, in),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &ecb, id, in), CKR_OK);
	assert_int_equal(run(b.t, OPERATION_SIGN, &hmac, generic, in), CKR_OK);
	log_out(b.t);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &ecb, id, in),
			 CKR_KEY_HANDLE_INVALID);
	place_close(&b.place);
}

/* By a cipher that nothing was done with before. */
static void
assert_as_fresh(struct cursor key, const CK_MECHANISM *m, struct cursor in,
		struct cursor wanted)
{
	struct cipher *fresh = cipher_new();
	struct builder out = builder_heap(OUT_MAX);

	assert_int_equal(cipher_start(fresh, m, key, true), CKR_OK);
	assert_int_equal(cipher_whole(fresh, in, &out), CKR_OK);
	assert_true(cursor_same(builder_read(&out), wanted));
	builder_free(&out);
	cipher_free(fresh);
}

/* An object's cipher rests between operations: with its own key, for as long
 * as the object is there and may be used so. */
static void
test_at_rest(void **state)
{
	static const uint8_t values[2][16] = { { 1, 2, 3 }, { 4, 5, 6 } };
	uint8_t vector[16] = { 0 };
	CK_GCM_PARAMS params = { vector, 12, 96, NULL, 0, 128 };
	const CK_MECHANISM m[] = { { CKM_AES_CBC_PAD, vector, 16 },
				   { CKM_AES_GCM, &params, sizeof(params) },
				   { CKM_AES_CBC_PAD, vector, 16 } };
	const CK_ATTRIBUTE may = ONE_ATTR(CKA_ENCRYPT, yes);
	const CK_ATTRIBUTE may_not[] = { ONE_ATTR(CKA_ENCRYPT, no) };
	const struct cursor in = TEXT("seventeen bytes..");
	struct builder out = builder_heap(OUT_MAX);
	struct operation *o = NULL;
	struct operation_key key;
	uint64_t ids[2];
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < 2; i++)
		assert_int_equal(make(b.t, CKK_AES, cursor_of(values[i], 16),
				      &may, &ids[i]),
				 CKR_OK);
	for (int i = 0; i < 12; i++) {
		vector[0]++;
		key = (struct operation_key){ .id = ids[i % 2] };
		assert_int_equal(b.t->ops->operation_start(b.t,
							   OPERATION_ENCRYPT,
							   &m[i % 3], &key, &o),
				 CKR_OK);
		assert_int_equal(o->ops->whole(o, in, TEXT(""), &out), CKR_OK);
		assert_as_fresh(cursor_of(values[i % 2], 16), &m[i % 3], in,
				builder_read(&out));
		builder_free(&out);
	}
	assert_int_equal(
		b.t->ops->attributes_set(b.t, ids[0], TEMPLATE(may_not)),
		CKR_OK);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &m[0], ids[0], in),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	/* what ends after its key finds nowhere to rest */
	key.id = ids[1];
	assert_int_equal(b.t->ops->operation_start(b.t, OPERATION_ENCRYPT,
						   &m[0], &key, &o),
			 CKR_OK);
	assert_int_equal(b.t->ops->destroy(b.t, ids[1]), CKR_OK);
	assert_int_equal(o->ops->whole(o, in, TEXT(""), &out), CKR_OK);
	o->ops->free(o);
	assert_int_equal(run(b.t, OPERATION_ENCRYPT, &m[0], ids[1], in),
			 CKR_KEY_HANDLE_INVALID);
	builder_free(&out);
	place_close(&b.place);
}

/* One operation, through the three ways in: in parts, whole, given up. */
static void
assert_same_again(struct token *t, struct operation **o,
		  enum operation_kind kind, const CK_MECHANISM *m, uint64_t id)
{
	struct operation_key key = { .id = id };
	const struct cursor in = TEXT("sixteen bytes it");
	struct builder first = builder_heap(OUT_MAX),
		       second = builder_heap(OUT_MAX);
	size_t size;

	assert_int_equal(t->ops->operation_start(t, kind, m, &key, o), CKR_OK);
	size = (*o)->ops->size(*o, in.left, true);
	assert_int_equal((*o)->ops->update(*o, cursor_of(in.at, 5), &first),
			 CKR_OK);
	assert_int_equal(
		(*o)->ops->update(*o, cursor_of(in.at + 5, 11), &first),
		CKR_OK);
	assert_int_equal((*o)->ops->finish(*o, TEXT(""), &first), CKR_OK);
	assert_int_equal(first.used, size);
	/* what is finished does nothing */
	assert_int_equal((*o)->ops->size(*o, 16, true), 0);
	assert_int_not_equal((*o)->ops->finish(*o, TEXT(""), &second), CKR_OK);
	assert_int_equal(t->ops->operation_start(t, kind, m, &key, o), CKR_OK);
	assert_int_equal((*o)->ops->whole(*o, in, TEXT(""), &second), CKR_OK);
	if (m->mechanism != CKM_ECDSA_SHA256)
		assert_true(cursor_same(builder_read(&first),
					builder_read(&second)));
	/* and half an operation is left for whoever comes next */
	assert_int_equal(t->ops->operation_start(t, kind, m, &key, o), CKR_OK);
	assert_int_equal((*o)->ops->update(*o, TEXT("abc"), &first), CKR_OK);
	builder_free(&first);
	builder_free(&second);
}

static void
test_after_each_other(void **state)
{
	uint64_t aes, generic, pair[2];
	struct operation *sign = NULL, *encrypt = NULL;
	struct bench b;

	bench_open(&b);
	assert_int_equal(generate(b.t, CKM_AES_KEY_GEN, 32, &aes), CKR_OK);
	assert_int_equal(
		generate(b.t, CKM_GENERIC_SECRET_KEY_GEN, 32, &generic),
		CKR_OK);
	assert_int_equal(make_ec(b.t, "ec", pair), CKR_OK);
	for (int i = 0; i < 9; i++) {
		const CK_MECHANISM *signs[] = { &hmac, &cmac, &ecdsa };
		const CK_MECHANISM *ciphers[] = { &ecb, &gcm_mechanism,
						  &cbc_pad };
		const uint64_t keys[] = { generic, aes, pair[1] };
		/* every one after every one */
		int order[] = { 0, 0, 1, 1, 2, 2, 0, 2, 1 };

		assert_same_again(b.t, &sign, OPERATION_SIGN, signs[order[i]],
				  keys[order[i]]);
		assert_same_again(b.t, &encrypt, OPERATION_ENCRYPT,
				  ciphers[order[i]], aes);
	}
	sign->ops->free(sign);
	encrypt->ops->free(encrypt);
	place_close(&b.place);
}

static void
test_round_trip(void **state)
{
	const CK_MECHANISM *ciphers[] = { &ecb, &gcm_mechanism, &cbc_pad };
	const struct cursor in = TEXT("sixteen bytes it");
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(generate(b.t, CKM_AES_KEY_GEN, 32, &id), CKR_OK);
	for (size_t i = 0; i < COUNT(ciphers); i++) {
		struct builder sealed = builder_heap(OUT_MAX),
			       opened = builder_heap(OUT_MAX);

		assert_int_equal(run_operation(b.t, OPERATION_ENCRYPT,
					       ciphers[i], id, in, TEXT(""),
					       &sealed),
				 CKR_OK);
		assert_int_equal(
			run_operation(b.t, OPERATION_DECRYPT, ciphers[i], id,
				      builder_read(&sealed), TEXT(""), &opened),
			CKR_OK);
		assert_true(cursor_same(builder_read(&opened), in));
		builder_free(&sealed);
		builder_free(&opened);
	}
	place_close(&b.place);
}

static void
test_verify(void **state)
{
	const struct cursor in = TEXT("data");
	struct builder mac = builder_heap(OUT_MAX), none = builder_heap(1);
	struct bench b;
	uint64_t id;

	bench_open(&b);
	assert_int_equal(generate(b.t, CKM_GENERIC_SECRET_KEY_GEN, 32, &id),
			 CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_SIGN, &hmac, id, in,
				       TEXT(""), &mac),
			 CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &hmac, id,
				       TEXT("datA"), builder_read(&mac), &none),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &hmac, id, in,
				       cursor_of(mac.data, 31), &none),
			 CKR_SIGNATURE_LEN_RANGE);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY, &hmac, id, in,
				       builder_read(&mac), &none),
			 CKR_OK);
	builder_free(&mac);
	builder_free(&none);
	place_close(&b.place);
}

/* Signing and recovering, and what is no such signature. */
static void
test_recover(void **state)
{
	CK_MECHANISM pkcs1 = { CKM_RSA_PKCS, NULL, 0 },
		     raw = { CKM_RSA_X_509, NULL, 0 },
		     hashed = { CKM_SHA256_RSA_PKCS, NULL, 0 },
		     gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	static const CK_ULONG bits = 1024;
	CK_ATTRIBUTE public_key[] = { ONE_ATTR(CKA_MODULUS_BITS, bits),
				      ONE_ATTR(CKA_VERIFY_RECOVER, yes) };
	CK_ATTRIBUTE private_key[] = { ONE_ATTR(CKA_SIGN_RECOVER, yes) };
	struct builder sealed = builder_heap(OUT_MAX),
		       opened = builder_heap(OUT_MAX);
	struct bench b;
	uint64_t pair[2];

	bench_open(&b);
	assert_int_equal(b.t->ops->generate_pair(
				 b.t, &gen, TEMPLATE(public_key),
				 TEMPLATE(private_key), &pair[0], &pair[1]),
			 CKR_OK);
	assert_int_equal(run(b.t, OPERATION_SIGN_RECOVER, &hashed, pair[1],
			     TEXT("text")),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(
		run(b.t, OPERATION_SIGN_RECOVER, &pkcs1, pair[0], TEXT("text")),
		CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(run_operation(b.t, OPERATION_SIGN_RECOVER, &pkcs1,
				       pair[1], TEXT("text"), TEXT(""),
				       &sealed),
			 CKR_OK);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY_RECOVER, &pkcs1,
				       pair[0], builder_read(&sealed), TEXT(""),
				       &opened),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&opened), TEXT("text")));
	builder_reset(&opened);
	assert_int_equal(run_operation(b.t, OPERATION_VERIFY_RECOVER, &raw,
				       pair[0], builder_read(&sealed), TEXT(""),
				       &opened),
			 CKR_OK);
	assert_int_equal(opened.used, 128);
	sealed.data[77] ^= 1;
	assert_int_equal(run(b.t, OPERATION_VERIFY_RECOVER, &pkcs1, pair[0],
			     builder_read(&sealed)),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(run(b.t, OPERATION_VERIFY_RECOVER, &pkcs1, pair[0],
			     cursor_of(sealed.data, 127)),
			 CKR_SIGNATURE_LEN_RANGE);
	builder_free(&sealed);
	builder_free(&opened);
	place_close(&b.place);
}

/* RFC 6070's key of 20 bytes, and an AES key of the same. */
static void
test_password(void **state)
{
	static const CK_KEY_TYPE types[] = { CKK_GENERIC_SECRET, CKK_AES };
	static const CK_ULONG sizes[] = { 20, 16 };
	CK_PKCS5_PBKD2_PARAMS2 p = { CKZ_SALT_SPECIFIED,
				     (void *)"salt",
				     4,
				     2,
				     CKP_PKCS5_PBKD2_HMAC_SHA1,
				     NULL,
				     0,
				     (CK_UTF8CHAR *)"password",
				     8 };
	CK_MECHANISM m = { CKM_PKCS5_PBKD2, &p, sizeof(p) };
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < 2; i++) {
		CK_ATTRIBUTE list[] = {
			{ CKA_KEY_TYPE, (void *)&types[i], sizeof(types[i]) },
			{ CKA_VALUE_LEN, (void *)&sizes[i], sizeof(sizes[i]) },
			ONE_ATTR(CKA_SENSITIVE, no),
			ONE_ATTR(CKA_EXTRACTABLE, yes),
		};
		uint64_t id;

		assert_int_equal(
			b.t->ops->generate(b.t, &m, TEMPLATE(list), &id),
			CKR_OK);
		assert_true(has_value(
			b.t, id, CKA_VALUE,
			cursor_of("\xea\x6c\x01\x4d\xc7\x2d\x6f\x8c\xcd\x1e"
				  "\xd9\x2a\xce\x1d\x41\xf0\xd8\xde\x89\x57",
				  sizes[i])));
	}
	place_close(&b.place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/secret/generate/refused", test_generate_refused },
		{ "/softtoken/secret/sizes", test_sizes },
		{ "/softtoken/secret/forbidden", test_forbidden },
		{ "/softtoken/secret/generate", test_generate },
		{ "/softtoken/secret/usage", test_usage },
		{ "/softtoken/secret/premaster", test_premaster },
		{ "/softtoken/secret/check-value", test_check_value },
		{ "/softtoken/secret/round-trip", test_round_trip },
		{ "/softtoken/secret/verify", test_verify },
		{ "/softtoken/secret/recover", test_recover },
		{ "/softtoken/secret/password", test_password },
		{ "/softtoken/secret/at-rest", test_at_rest },
		{ "/softtoken/secret/after-each-other", test_after_each_other },
	};

	return cmocka_run_group_tests_name("/softtoken/secret", tests, NULL,
					   NULL);
}
