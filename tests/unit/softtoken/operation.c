/* Tests of softtoken/soft_operation.c, soft_key.c and soft_mechanism.c: every
 * mechanism agrees with OpenSSL, from every thread. */
#include "place.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1024 };

static const char message[] = "Hello World!\n";

/* A token with keys of both kinds, logged in. */
struct keys {
	struct place place;
	struct token *token;
	uint64_t rsa[2], ec[2];
};

static void
keys_open(struct keys *k)
{
	place_open(&k->place);
	k->token = place_token(&k->place);
	log_in(k->token, LOGIN_USER);
	assert_int_equal(make_rsa(k->token, "rsa", 2048, k->rsa), CKR_OK);
	assert_int_equal(make_ec(k->token, "ec", k->ec), CKR_OK);
}

static void
keys_close(struct keys *k)
{
	place_close(&k->place);
}

/* OpenSSL's view of a public key, from CKA_PUBLIC_KEY_INFO. */
static EVP_PKEY *
openssl_key(struct token *t, uint64_t id)
{
	uint8_t der[2048];
	const uint8_t *at = der;
	CK_ATTRIBUTE a = { CKA_PUBLIC_KEY_INFO, der, sizeof(der) };
	EVP_PKEY *pkey;

	assert_int_equal(t->ops->attributes_get(t, id, &a, 1), CKR_OK);
	pkey = d2i_PUBKEY(NULL, &at, (long)a.ulValueLen);
	assert_non_null(pkey);
	return pkey;
}

static CK_RSA_PKCS_PSS_PARAMS pss[] = {
	{ CKM_SHA_1, CKG_MGF1_SHA1, 20 },
	{ CKM_SHA224, CKG_MGF1_SHA224, 28 },
	{ CKM_SHA256, CKG_MGF1_SHA256, 32 },
	{ CKM_SHA384, CKG_MGF1_SHA384, 48 },
	{ CKM_SHA512, CKG_MGF1_SHA512, 0 },
};

static const struct {
	CK_MECHANISM_TYPE pkcs, pss, ecdsa;
	const char *name;
} hashes[] = {
	{ CKM_SHA1_RSA_PKCS, CKM_SHA1_RSA_PKCS_PSS, CKM_ECDSA_SHA1, "SHA1" },
	{ CKM_SHA224_RSA_PKCS, CKM_SHA224_RSA_PKCS_PSS, CKM_ECDSA_SHA224,
	  "SHA224" },
	{ CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_ECDSA_SHA256,
	  "SHA256" },
	{ CKM_SHA384_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS, CKM_ECDSA_SHA384,
	  "SHA384" },
	{ CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS, CKM_ECDSA_SHA512,
	  "SHA512" },
};

static bool
openssl_verifies(EVP_PKEY *pkey, const char *hash, int salt,
		 struct cursor signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool good;

	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, hash, NULL, NULL,
						 pkey, NULL),
			 1);
	if (salt >= 0) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt);
	}
	good = EVP_DigestVerify(ctx, signature.at, signature.left,
				(const uint8_t *)message,
				sizeof(message) - 1) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

static void
sign_and_verify(struct token *t, const CK_MECHANISM *m, const uint64_t pair[2],
		struct builder *signature)
{
	struct builder none = builder_over(NULL, 0);
	struct cursor nothing = cursor_of(NULL, 0);
	struct cursor in = TEXT(message);
	struct cursor given;

	builder_reset(signature);
	assert_int_equal(run_operation(t, OPERATION_SIGN, m, pair[1], in,
				       nothing, signature),
			 CKR_OK);
	given = builder_read(signature);
	assert_int_equal(run_operation(t, OPERATION_VERIFY, m, pair[0], in,
				       given, &none),
			 CKR_OK);
	assert_int_equal(run_operation(t, OPERATION_VERIFY, m, pair[0],
				       TEXT("Hello World?"), given, &none),
			 CKR_SIGNATURE_INVALID);
	given.left--;
	assert_int_equal(run_operation(t, OPERATION_VERIFY, m, pair[0], in,
				       given, &none),
			 CKR_SIGNATURE_LEN_RANGE);
}

static void
test_rsa_hashes(void **state)
{
	uint8_t space[OUT_MAX];
	struct builder signature = builder_over(space, sizeof(space));
	struct keys k;
	EVP_PKEY *pkey;

	keys_open(&k);
	pkey = openssl_key(k.token, k.rsa[0]);
	for (size_t i = 0; i < COUNT(hashes); i++) {
		CK_MECHANISM pkcs = { hashes[i].pkcs, NULL, 0 };
		CK_MECHANISM with_pss = { hashes[i].pss, &pss[i],
					  sizeof(pss[i]) };

		sign_and_verify(k.token, &pkcs, k.rsa, &signature);
		assert_true(openssl_verifies(pkey, hashes[i].name, -1,
					     builder_read(&signature)));
		sign_and_verify(k.token, &with_pss, k.rsa, &signature);
		assert_true(openssl_verifies(pkey, hashes[i].name,
					     (int)pss[i].sLen,
					     builder_read(&signature)));
	}
	EVP_PKEY_free(pkey);
	keys_close(&k);
}

static void
test_ecdsa_hashes(void **state)
{
	uint8_t space[OUT_MAX], der_space[256];
	struct builder signature = builder_over(space, sizeof(space));
	struct keys k;
	EVP_PKEY *pkey;

	keys_open(&k);
	pkey = openssl_key(k.token, k.ec[0]);
	for (size_t i = 0; i < COUNT(hashes); i++) {
		struct builder der = builder_over(der_space, sizeof(der_space));
		CK_MECHANISM m = { hashes[i].ecdsa, NULL, 0 };
		struct cursor in = TEXT(message);
		struct builder none = builder_over(NULL, 0);

		builder_reset(&signature);
		assert_int_equal(run_operation(k.token, OPERATION_SIGN, &m,
					       k.ec[1], in, cursor_of(NULL, 0),
					       &signature),
				 CKR_OK);
		assert_int_equal(signature.used, 64);
		assert_int_equal(run_operation(k.token, OPERATION_VERIFY, &m,
					       k.ec[0], in,
					       builder_read(&signature), &none),
				 CKR_OK);
		assert_int_equal(ecdsa_join(builder_read(&signature), &der),
				 CKR_OK);
		assert_true(openssl_verifies(pkey, hashes[i].name, -1,
					     builder_read(&der)));
	}
	EVP_PKEY_free(pkey);
	keys_close(&k);
}

/* The bare mechanisms: what they sign is what was given. */
static void
test_bare(void **state)
{
	uint8_t space[OUT_MAX], block[256] = { 0 };
	struct builder signature = builder_over(space, sizeof(space));
	CK_MECHANISM bare[] = { { CKM_RSA_PKCS, NULL, 0 },
				{ CKM_RSA_X_509, NULL, 0 } };
	struct builder none = builder_over(NULL, 0);
	struct keys k;

	keys_open(&k);
	sign_and_verify(k.token, &bare[0], k.rsa, &signature);
	sign_and_verify(k.token, &bare[1], k.rsa, &signature);
	/* too long for the padding, and for the modulus */
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &bare[0],
				       k.rsa[1], cursor_of(block, 246),
				       cursor_of(NULL, 0), &signature),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &bare[1],
				       k.rsa[1], cursor_of(space, 257),
				       cursor_of(NULL, 0), &signature),
			 CKR_DATA_LEN_RANGE);
	memset(block, 0xFF, sizeof(block));
	builder_reset(&signature);
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &bare[1],
				       k.rsa[1], cursor_of(block, 256),
				       cursor_of(NULL, 0), &signature),
			 CKR_DATA_INVALID);
	assert_int_equal(signature.used, 0);
	/* a PSS of a digest takes nothing but a digest */
	bare[0] = (CK_MECHANISM){ CKM_RSA_PKCS_PSS, &pss[2], sizeof(pss[2]) };
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &bare[0],
				       k.rsa[1], cursor_of(block, 31),
				       cursor_of(NULL, 0), &signature),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &bare[0],
				       k.rsa[1], cursor_of(block, 32),
				       cursor_of(NULL, 0), &signature),
			 CKR_OK);
	assert_int_equal(run_operation(k.token, OPERATION_VERIFY, &bare[0],
				       k.rsa[0], cursor_of(block, 32),
				       builder_read(&signature), &none),
			 CKR_OK);
	keys_close(&k);
}

/* OpenSSL encrypts, the token decrypts, and the reverse of nothing: the token
 * encrypts, too. */
static void
decrypts(struct keys *k, EVP_PKEY *pkey, const CK_MECHANISM *m, int padding,
	 const char *hash, const char *label)
{
	uint8_t cipher[256], plain_space[256], cipher_space[256];
	struct builder plain = builder_over(plain_space, sizeof(plain_space));
	struct builder ours = builder_over(cipher_space, sizeof(cipher_space));
	struct cursor nothing = cursor_of(NULL, 0);
	size_t size = sizeof(cipher);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
	if (hash) {
		EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL);
		EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL);
	}
	if (label)
		EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label),
						 (int)strlen(label));
	assert_int_equal(EVP_PKEY_encrypt(ctx, cipher, &size,
					  (const uint8_t *)message,
					  sizeof(message) - 1),
			 1);
	EVP_PKEY_CTX_free(ctx);
	assert_int_equal(run_operation(k->token, OPERATION_DECRYPT, m,
				       k->rsa[1], cursor_of(cipher, size),
				       nothing, &plain),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&plain), TEXT(message)));

	assert_int_equal(run_operation(k->token, OPERATION_ENCRYPT, m,
				       k->rsa[0], TEXT(message), nothing,
				       &ours),
			 CKR_OK);
	builder_reset(&plain);
	assert_int_equal(run_operation(k->token, OPERATION_DECRYPT, m,
				       k->rsa[1], builder_read(&ours), nothing,
				       &plain),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&plain), TEXT(message)));
	/* of a changed ciphertext PKCS#1 v1.5 may, rarely, make something */
	for (int i = 1; hash && i < 256; i += 23) {
		cipher[i] ^= 1;
		builder_reset(&plain);
		assert_int_equal(
			run_operation(k->token, OPERATION_DECRYPT, m, k->rsa[1],
				      cursor_of(cipher, size), nothing, &plain),
			CKR_ENCRYPTED_DATA_INVALID);
		assert_int_equal(plain.used, 0);
		cipher[i] ^= 1;
	}
	assert_int_equal(run_operation(k->token, OPERATION_DECRYPT, m,
				       k->rsa[1], cursor_of(cipher, 255),
				       nothing, &plain),
			 CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void
test_decrypt(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS sha1 = { CKM_SHA_1, CKG_MGF1_SHA1,
					 CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_RSA_PKCS_OAEP_PARAMS sha256 = { CKM_SHA256, CKG_MGF1_SHA256,
					   CKZ_DATA_SPECIFIED, (void *)"label",
					   5 };
	CK_MECHANISM pkcs = { CKM_RSA_PKCS, NULL, 0 };
	CK_MECHANISM oaep1 = { CKM_RSA_PKCS_OAEP, &sha1, sizeof(sha1) };
	CK_MECHANISM oaep2 = { CKM_RSA_PKCS_OAEP, &sha256, sizeof(sha256) };
	struct keys k;
	EVP_PKEY *pkey;

	keys_open(&k);
	pkey = openssl_key(k.token, k.rsa[0]);
	decrypts(&k, pkey, &pkcs, RSA_PKCS1_PADDING, NULL, NULL);
	decrypts(&k, pkey, &oaep1, RSA_PKCS1_OAEP_PADDING, "SHA1", NULL);
	decrypts(&k, pkey, &oaep2, RSA_PKCS1_OAEP_PADDING, "SHA256", "label");
	EVP_PKEY_free(pkey);
	keys_close(&k);
}

/* Blocks that are no PKCS#1 v1.5 padding: one error, whatever is wrong. */
static void
test_decrypt_padding(void **state)
{
	static const struct {
		uint8_t first, second, third, end;
	} blocks[] = {
		{ 1, 2, 9, 0 }, /* not 00 */
		{ 0, 1, 9, 0 }, /* not 02 */
		{ 0, 2, 9, 9 }, /* no end */
		{ 0, 2, 0, 0 }, /* padding too short */
	};
	CK_MECHANISM raw = { CKM_RSA_X_509, NULL, 0 };
	CK_MECHANISM pkcs = { CKM_RSA_PKCS, NULL, 0 };
	struct cursor nothing = cursor_of(NULL, 0);
	uint8_t block[256], cipher_space[256], plain_space[256];
	struct keys k;

	keys_open(&k);
	for (size_t i = 0; i < COUNT(blocks); i++) {
		struct builder cipher =
			builder_over(cipher_space, sizeof(cipher_space));
		struct builder plain =
			builder_over(plain_space, sizeof(plain_space));

		memset(block, 7, sizeof(block));
		block[0] = blocks[i].first;
		block[1] = blocks[i].second;
		block[2] = blocks[i].third;
		block[200] = blocks[i].end;
		assert_int_equal(run_operation(k.token, OPERATION_ENCRYPT, &raw,
					       k.rsa[0], cursor_of(block, 256),
					       nothing, &cipher),
				 CKR_OK);
		assert_int_equal(run_operation(k.token, OPERATION_DECRYPT,
					       &pkcs, k.rsa[1],
					       builder_read(&cipher), nothing,
					       &plain),
				 CKR_ENCRYPTED_DATA_INVALID);
		assert_int_equal(plain.used, 0);
		assert_int_equal(run_operation(k.token, OPERATION_DECRYPT, &raw,
					       k.rsa[1], builder_read(&cipher),
					       nothing, &plain),
				 CKR_OK);
		assert_memory_equal(plain_space, block, 256);
	}
	keys_close(&k);
}

/* The caller's label may be gone when the ciphertext comes. */
static void
test_label_kept(void **state)
{
	char label[] = "label";
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA256, CKG_MGF1_SHA256,
					   CKZ_DATA_SPECIFIED, label, 5 };
	CK_MECHANISM m = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	uint8_t cipher_space[256], plain_space[256];
	struct builder cipher =
		builder_over(cipher_space, sizeof(cipher_space));
	struct builder plain = builder_over(plain_space, sizeof(plain_space));
	struct operation *o = NULL;
	struct operation_key key;
	struct keys k;

	keys_open(&k);
	assert_int_equal(run_operation(k.token, OPERATION_ENCRYPT, &m, k.rsa[0],
				       TEXT(message), cursor_of(NULL, 0),
				       &cipher),
			 CKR_OK);
	key = (struct operation_key){ .id = k.rsa[1] };
	assert_int_equal(k.token->ops->operation_start(
				 k.token, OPERATION_DECRYPT, &m, &key, &o),
			 CKR_OK);
	memset(label, 'x', sizeof(label));
	assert_int_equal(o->ops->update(o, builder_read(&cipher), &plain),
			 CKR_OK);
	assert_int_equal(o->ops->finish(o, cursor_of(NULL, 0), &plain), CKR_OK);
	assert_true(cursor_same(builder_read(&plain), TEXT(message)));
	o->ops->free(o);
	keys_close(&k);
}

static void
test_refused(void **state)
{
	static const struct {
		enum operation_kind kind;
		CK_MECHANISM_TYPE mechanism;
		int key; /* public and private RSA, public and private EC */
		CK_RV rv;
	} cases[] = {
		{ OPERATION_SIGN, CKM_SHA256_RSA_PKCS, 0,
		  CKR_KEY_FUNCTION_NOT_PERMITTED },
		{ OPERATION_SIGN, CKM_SHA256_RSA_PKCS, 3,
		  CKR_KEY_TYPE_INCONSISTENT },
		{ OPERATION_SIGN, CKM_ECDSA, 1, CKR_KEY_TYPE_INCONSISTENT },
		{ OPERATION_VERIFY, CKM_ECDSA, 3,
		  CKR_KEY_FUNCTION_NOT_PERMITTED },
		{ OPERATION_DECRYPT, CKM_RSA_PKCS, 0,
		  CKR_KEY_FUNCTION_NOT_PERMITTED },
		{ OPERATION_SIGN, CKM_SHA256, 1, CKR_MECHANISM_INVALID },
		{ OPERATION_SIGN, CKM_AES_CBC, 1, CKR_MECHANISM_INVALID },
		{ OPERATION_ENCRYPT, CKM_SHA256_RSA_PKCS, 0,
		  CKR_MECHANISM_INVALID },
		{ OPERATION_ENCRYPT, CKM_ECDSA, 2, CKR_MECHANISM_INVALID },
		{ OPERATION_SIGN, CKM_RSA_PKCS_PSS, 1,
		  CKR_MECHANISM_PARAM_INVALID },
		{ OPERATION_DIGEST, CKM_RSA_PKCS, 0, CKR_MECHANISM_INVALID },
		{ OPERATION_SIGN, CKM_ECDSA, 4, CKR_KEY_HANDLE_INVALID },
	};
	struct builder none = builder_over(NULL, 0);
	struct keys k;

	keys_open(&k);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t ids[] = { k.rsa[0], k.rsa[1], k.ec[0], k.ec[1], 9999 };
		CK_MECHANISM m = { cases[i].mechanism, NULL, 0 };
		CK_RV rv = run_operation(k.token, cases[i].kind, &m,
					 ids[cases[i].key], TEXT(message),
					 cursor_of(NULL, 0), &none);

		if (rv != cases[i].rv)
			fail_msg("case %zu: %lx", i, rv);
	}
	keys_close(&k);
}

static void
test_permission(void **state)
{
	CK_ATTRIBUTE change[] = { ONE_ATTR(CKA_SIGN, no) };
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	CK_MECHANISM hashed = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_MECHANISM_TYPE allowed[] = { CKM_ECDSA_SHA256 };
	CK_MECHANISM generate = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { ATTR(CKA_EC_PARAMS, p256) };
	CK_ATTRIBUTE private_list[] = { ATTR(CKA_ALLOWED_MECHANISMS, allowed) };
	uint8_t space[64];
	struct builder out = builder_over(space, sizeof(space));
	uint64_t pair[2];
	struct keys k;
	struct token *t;

	keys_open(&k);
	t = k.token;
	assert_int_equal(t->ops->attributes_set(t, k.ec[1], TEMPLATE(change)),
			 CKR_OK);
	assert_int_equal(run_operation(t, OPERATION_SIGN, &m, k.ec[1],
				       TEXT("x"), cursor_of(NULL, 0), &out),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(t->ops->generate_pair(
				 t, &generate, TEMPLATE(public_list),
				 TEMPLATE(private_list), &pair[0], &pair[1]),
			 CKR_OK);
	assert_int_equal(run_operation(t, OPERATION_SIGN, &m, pair[1],
				       TEXT("x"), cursor_of(NULL, 0), &out),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(run_operation(t, OPERATION_SIGN, &hashed, pair[1],
				       TEXT("x"), cursor_of(NULL, 0), &out),
			 CKR_OK);
	keys_close(&k);
}

/* CKA_ALWAYS_AUTHENTICATE: a PIN before each signature, and its tries count. */
static void
test_each_time(void **state)
{
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	CK_MECHANISM generate = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { ATTR(CKA_EC_PARAMS, p256) };
	CK_ATTRIBUTE private_list[] = { ONE_ATTR(CKA_ALWAYS_AUTHENTICATE,
						 yes) };
	uint8_t space[64];
	struct builder out = builder_over(space, sizeof(space));
	struct operation_key key = { .id = 0 };
	struct operation *o = NULL;
	uint64_t public_id;
	struct keys k;
	struct token *t;

	keys_open(&k);
	t = k.token;
	assert_int_equal(t->ops->generate_pair(
				 t, &generate, TEMPLATE(public_list),
				 TEMPLATE(private_list), &public_id, &key.id),
			 CKR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &m,
							 &key, &o),
				 CKR_OK);
		assert_true(o->login_each_time);
		assert_int_equal(o->ops->login(o, TEXT("wrong-pin")),
				 CKR_PIN_INCORRECT);
		assert_int_equal(o->ops->update(o, TEXT("digest"), &out),
				 CKR_OK);
		assert_int_equal(o->ops->finish(o, cursor_of(NULL, 0), &out),
				 CKR_USER_NOT_LOGGED_IN);
		assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &m,
							 &key, &o),
				 CKR_OK);
		assert_int_equal(o->ops->login(o, TEXT(USER_PIN)), CKR_OK);
		assert_int_equal(o->ops->update(o, TEXT("digest"), &out),
				 CKR_OK);
		builder_reset(&out);
		assert_int_equal(o->ops->finish(o, cursor_of(NULL, 0), &out),
				 CKR_OK);
	}
	o->ops->free(o);
	keys_close(&k);
}

/* One operation object, used again and again for different work, gives what a
 * new one would. */
static void
test_reused(void **state)
{
	CK_MECHANISM digests[] = { { CKM_SHA256, NULL, 0 },
				   { CKM_SHA_1, NULL, 0 },
				   { CKM_SHA512, NULL, 0 } };
	CK_MECHANISM sign = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_MECHANISM bare = { CKM_RSA_PKCS, NULL, 0 };
	uint8_t space[256], first[256];
	struct operation_key key = { .id = 0 };
	struct operation *o = NULL;
	struct keys k;
	struct token *t;

	keys_open(&k);
	t = k.token;
	for (int i = 0; i < 12; i++) {
		enum operation_kind kind =
			i % 4 < 2 ? OPERATION_DIGEST : OPERATION_SIGN;
		const CK_MECHANISM *m = i % 4 < 2    ? &digests[i % 3]
					: i % 4 == 2 ? &sign
						     : &bare;
		struct builder out = builder_over(space, sizeof(space));
		struct builder fresh = builder_over(first, sizeof(first));

		key.id = kind == OPERATION_SIGN ? k.rsa[1] : 0;
		assert_int_equal(t->ops->operation_start(t, kind, m, &key, &o),
				 CKR_OK);
		assert_int_equal(o->ops->update(o, TEXT("one "), &out), CKR_OK);
		if (i % 5 != 4) {
			assert_int_equal(o->ops->update(o, TEXT("two"), &out),
					 CKR_OK);
			assert_int_equal(
				o->ops->finish(o, cursor_of(NULL, 0), &out),
				CKR_OK);
			assert_int_equal(run_operation(t, kind, m, key.id,
						       TEXT("one two"),
						       cursor_of(NULL, 0),
						       &fresh),
					 CKR_OK);
			assert_true(cursor_same(builder_read(&out),
						builder_read(&fresh)));
		}
	}
	o->ops->free(o);
	keys_close(&k);
}

/* An error frees what was to be reused. */
static void
test_reuse_fails(void **state)
{
	CK_MECHANISM m = { CKM_SHA256, NULL, 0 };
	CK_MECHANISM bad = { CKM_AES_CBC, NULL, 0 };
	struct operation *o = NULL;
	struct token *host = host_token_new(NULL);

	assert_int_equal(host->ops->operation_start(host, OPERATION_DIGEST, &m,
						    NULL, &o),
			 CKR_OK);
	assert_int_equal(host->ops->operation_start(host, OPERATION_DIGEST,
						    &bad, NULL, &o),
			 CKR_MECHANISM_INVALID);
	assert_null(o);
	token_unref(host);
}

static void
test_sizes(void **state)
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_MECHANISM sha = { CKM_SHA384, NULL, 0 };
	struct operation_key key;
	struct operation *o = NULL;
	struct keys k;
	struct token *t;

	keys_open(&k);
	t = k.token;
	key = (struct operation_key){ .id = k.rsa[1] };
	assert_int_equal(
		t->ops->operation_start(t, OPERATION_SIGN, &m, &key, &o),
		CKR_OK);
	assert_false(o->single_part);
	assert_int_equal(o->ops->size(o, 100, true), 256);
	assert_int_equal(o->ops->size(o, 100, false), 0);
	key.id = k.ec[1];
	assert_int_equal(
		t->ops->operation_start(t, OPERATION_SIGN, &ecdsa, &key, &o),
		CKR_OK);
	assert_true(o->single_part);
	assert_int_equal(o->ops->size(o, 32, true), 64);
	assert_int_equal(
		t->ops->operation_start(t, OPERATION_DIGEST, &sha, NULL, &o),
		CKR_OK);
	assert_int_equal(o->ops->size(o, 0, true), 48);
	o->ops->free(o);
	keys_close(&k);
}

/* Somebody else's public key, as CKA_PUBLIC_KEY_INFO, on the host token. */
static void
test_foreign_key(void **state)
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	uint8_t space[256], der[1024];
	struct builder signature = builder_over(space, sizeof(space));
	struct builder none = builder_over(NULL, 0);
	CK_ATTRIBUTE a = { CKA_PUBLIC_KEY_INFO, der, sizeof(der) };
	struct operation_key key = { .id = 0 };
	struct operation *o = NULL;
	struct token *host;
	struct keys k;

	keys_open(&k);
	host = host_token_new(k.token);
	assert_int_equal(run_operation(k.token, OPERATION_SIGN, &m, k.rsa[1],
				       TEXT(message), cursor_of(NULL, 0),
				       &signature),
			 CKR_OK);
	assert_int_equal(k.token->ops->attributes_get(k.token, k.rsa[1], &a, 1),
			 CKR_OK);
	key.public_key_info = cursor_of(der, a.ulValueLen);
	assert_int_equal(
		host->ops->operation_start(host, OPERATION_SIGN, &m, &key, &o),
		CKR_KEY_FUNCTION_NOT_PERMITTED);
	key.public_key_info.left--;
	assert_int_equal(host->ops->operation_start(host, OPERATION_VERIFY, &m,
						    &key, &o),
			 CKR_KEY_TYPE_INCONSISTENT);
	key.public_key_info.left++;
	assert_int_equal(host->ops->operation_start(host, OPERATION_VERIFY, &m,
						    &key, &o),
			 CKR_OK);
	assert_int_equal(o->ops->update(o, TEXT(message), &none), CKR_OK);
	assert_int_equal(o->ops->finish(o, builder_read(&signature), &none),
			 CKR_OK);
	o->ops->free(o);
	token_unref(host);
	keys_close(&k);
}

enum { THREADS = 4, ROUNDS = 40 };

struct worker {
	struct keys *keys;
	int failed;
};

static CK_RV
sign_once(struct keys *k, const CK_MECHANISM *m, const uint64_t pair[2],
	  struct cursor in, bool spoil)
{
	uint8_t space[256];
	struct builder signature = builder_over(space, sizeof(space));
	struct builder none = builder_over(NULL, 0);
	CK_RV rv = run_operation(k->token, OPERATION_SIGN, m, pair[1], in,
				 cursor_of(NULL, 0), &signature);

	space[9] ^= spoil;
	if (rv == CKR_OK)
		rv = run_operation(k->token, OPERATION_VERIFY, m, pair[0], in,
				   builder_read(&signature), &none);
	return rv;
}

static void *
worker_run(void *argument)
{
	struct worker *w = argument;
	CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_MECHANISM ec = { CKM_ECDSA_SHA256, NULL, 0 };

	for (int i = 0; i < ROUNDS; i++) {
		struct cursor in = cursor_of(&i, sizeof(i));

		w->failed += sign_once(w->keys, &rsa, w->keys->rsa, in, false);
		w->failed += sign_once(w->keys, &ec, w->keys->ec, in, false);
		if (sign_once(w->keys, &ec, w->keys->ec, in, true) !=
		    CKR_SIGNATURE_INVALID)
			w->failed++;
	}
	return NULL;
}

/* One key from many threads while another thread changes and destroys: every
 * signature is verified. */
static void
test_threads(void **state)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct keys k;

	keys_open(&k);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ &k, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, worker_run,
						&workers[i]),
				 0);
	}
	for (int i = 0; i < 10; i++) {
		CK_ATTRIBUTE label[] = { TEXT_ATTR(CKA_LABEL, "other") };
		uint64_t pair[2];

		assert_int_equal(make_ec(k.token, "short-lived", pair), CKR_OK);
		assert_int_equal(k.token->ops->attributes_set(k.token, k.rsa[1],
							      TEMPLATE(label)),
				 CKR_OK);
		assert_int_equal(k.token->ops->destroy(k.token, pair[1]),
				 CKR_OK);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].failed, 0);
	}
	keys_close(&k);
}

/* Every mechanism of the list starts, with the key that its flags ask for. */
static void
test_mechanisms(void **state)
{
	struct mechanism list[256], few[1];
	struct token *host = host_token_new(NULL);
	size_t count = host->ops->mechanisms(host, list, COUNT(list));

	assert_in_range(count, 20, COUNT(list));
	assert_int_equal(host->ops->mechanisms(host, few, 1), count);
	assert_int_equal(few[0].type, list[0].type);
	for (size_t i = 0; i < count; i++) {
		assert_int_not_equal(list[i].info.flags, 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(list[i].type, list[j].type);
	}
	token_unref(host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/operation/refused", test_refused },
		{ "/softtoken/operation/permission", test_permission },
		{ "/softtoken/operation/each-time", test_each_time },
		{ "/softtoken/operation/reuse-fails", test_reuse_fails },
		{ "/softtoken/operation/bare", test_bare },
		{ "/softtoken/operation/decrypt/padding",
		  test_decrypt_padding },
		{ "/softtoken/operation/decrypt", test_decrypt },
		{ "/softtoken/operation/label-kept", test_label_kept },
		{ "/softtoken/operation/rsa", test_rsa_hashes },
		{ "/softtoken/operation/ecdsa", test_ecdsa_hashes },
		{ "/softtoken/operation/reused", test_reused },
		{ "/softtoken/operation/sizes", test_sizes },
		{ "/softtoken/operation/foreign-key", test_foreign_key },
		{ "/softtoken/operation/threads", test_threads },
		{ "/softtoken/operation/mechanisms", test_mechanisms },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
