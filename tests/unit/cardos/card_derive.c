/* ECDH with a key on a card: what is sent, and what of it is believed. */
#include "script.h"

#define AGREE "> 0087119D477C4582008541*\n"

enum { POINT = 65 };

static struct script *script;
static struct maker ec, other, rsa;
static CK_ECDH1_DERIVE_PARAMS params;
static CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
static uint8_t peer[POINT];

static int
setup_once(void **state)
{
	size_t size;

	maker_ec(&ec, "P-256", NULL);
	maker_ec(&other, "P-256", NULL);
	maker_rsa(&rsa, 2048, NULL);
	assert_int_equal(EVP_PKEY_get_octet_string_param(
				 other.key, "encoded-pub-key", peer,
				 sizeof(peer), &size),
			 1);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	maker_free(&other);
	maker_free(&rsa);
	return 0;
}

static int
setup(void **state)
{
	script = script_new();
	script->chip = &ec;
	params = (CK_ECDH1_DERIVE_PARAMS){ .kdf = CKD_NULL,
					   .ulPublicDataLen = POINT,
					   .pPublicData = peer };
	ecdh.mechanism = CKM_ECDH1_DERIVE;
	return 0;
}

static int
teardown(void **state)
{
	script_free(script);
	return 0;
}

/* Logged in, with the key of 9D read. */
static struct token *
ready(uint64_t *key)
{
	struct token *t = script_login(script, true);

	script_certificate(script, "5FC10B", script->chip);
	*key = find_one(t, CKO_PRIVATE_KEY, 3);
	assert_int_not_equal(*key, 0);
	script_done(script);
	return t;
}

static CK_RV
agree(struct token *t, uint64_t key)
{
	struct derivation d = { .mechanism = &ecdh, .key = key };
	struct builder secret = builder_heap(256), wanted = builder_heap(256);
	uint8_t point[POINT];
	size_t size;
	CK_RV rv = t->ops->agree(t, &d, &secret);

	script_done(script);
	if (rv == CKR_OK) {
		EVP_PKEY_get_octet_string_param(ec.key, "encoded-pub-key",
						point, sizeof(point), &size);
		maker_agree(&other, cursor_of(point, size), &wanted);
		assert_true(cursor_same(builder_read(&secret),
					builder_read(&wanted)));
	} else {
		assert_int_equal(secret.used, 0);
	}
	builder_free(&secret);
	builder_free(&wanted);
	return rv;
}

/* Nothing of it reaches the card. */
static void
refused(void **state)
{
	uint64_t key;
	struct token *t = ready(&key);

	ecdh.mechanism = CKM_HKDF_DERIVE;
	assert_int_equal(agree(t, key), CKR_MECHANISM_INVALID);
	ecdh.mechanism = CKM_ECDH1_DERIVE;
	ecdh.ulParameterLen--;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	ecdh.ulParameterLen = sizeof(params);
	ecdh.pParameter = NULL;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	ecdh.pParameter = &params;
	assert_int_equal(agree(t, 77), CKR_KEY_HANDLE_INVALID);
	params.ulPublicDataLen--;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	params.ulPublicDataLen = 0;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	params.pPublicData = NULL;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	token_unref(t);
}

static void
point_refused(void **state)
{
	uint64_t key;
	struct token *t = ready(&key);

	peer[POINT - 1] ^= 1;
	assert_int_equal(agree(t, key), CKR_MECHANISM_PARAM_INVALID);
	peer[POINT - 1] ^= 1;
	token_unref(t);
}

/* Keys for something else. */
static void
key_refused(void **state)
{
	struct token *t = script_login(script, true);
	uint64_t key;

	script_certificate(script, "5FC105", &ec);
	key = find_one(t, CKO_PRIVATE_KEY, 1);
	assert_int_equal(agree(t, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(agree(t, find_one(t, CKO_PUBLIC_KEY, 1)),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	script_certificate(script, "5FC10B", &rsa);
	key = find_one(t, CKO_PRIVATE_KEY, 3);
	assert_int_equal(agree(t, key), CKR_KEY_TYPE_INCONSISTENT);
	token_unref(t);
}

/* One transaction, one exchange; the cofactor is 1. */
static void
steady(void **state)
{
	uint64_t key;
	struct token *t = ready(&key);
	unsigned begins = script->begins;

	script_add(script, AGREE "< @\n");
	assert_int_equal(agree(t, key), CKR_OK);
	ecdh.mechanism = CKM_ECDH1_COFACTOR_DERIVE;
	script_add(script, AGREE "< @\n");
	assert_int_equal(agree(t, key), CKR_OK);
	assert_int_equal(script->begins, begins + 2);
	token_unref(t);
}

/* What no key of this curve could have computed does not go out. */
static void
answer_refused(void **state)
{
	static const char *const wrong[] = {
		"< 7C0382010A9000\n",
		"< 7C228220000000000000000000000000000000000000000000000000"
		"00000000000000019000\n",
		"< 7C2382210000000000000000000000000000000000000000000000"
		"000000000000000000009000\n",
		"< 7C0282009000\n",
		"< 9000\n",
		"< 6F00\n",
		"! error\n",
	};
	uint64_t key;
	struct token *t = ready(&key);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (i > 4) /* the key is looked at again */
			script_certificate(script, "5FC10B", &ec);
		script_add(script, AGREE);
		script_add(script, wrong[i]);
		assert_int_equal(agree(t, key), CKR_DEVICE_ERROR);
	}
	token_unref(t);
}

/* As for a signature: guard, PIN, once more. */
static void
switched(void **state)
{
	uint64_t key;
	struct token *t = ready(&key);

	script_add(script, AGREE "< 6D00\n"
				 "> 00CB3FFF035C017E00\n< 6D00\n");
	script_add(script, script_select);
	script_add(script, "> 00200080\n< 63C3\n");
	script_add(script, script_verify);
	script_add(script, AGREE "< @\n");
	assert_int_equal(agree(t, key), CKR_OK);
	token_unref(t);
}

static void
not_logged_in(void **state)
{
	uint64_t key;
	struct token *t = ready(&key);

	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(agree(t, key), CKR_KEY_HANDLE_INVALID);
	token_unref(t);
}

static void
listed(void **state)
{
	struct token *t = script_token(script, true);
	struct mechanism list[64];
	size_t count = t->ops->mechanisms(t, list, 64);
	unsigned found = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].type != CKM_ECDH1_DERIVE &&
		    list[i].type != CKM_ECDH1_COFACTOR_DERIVE)
			continue;
		assert_int_equal(list[i].info.flags &
					 (CKF_HW | CKF_DERIVE | CKF_SIGN),
				 CKF_HW | CKF_DERIVE);
		assert_int_equal(list[i].info.ulMinKeySize, 256);
		assert_int_equal(list[i].info.ulMaxKeySize, 384);
		found++;
	}
	assert_int_equal(found, 2);
	token_unref(t);
}

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/card_derive/refused", refused),
		CASE("/card_derive/point-refused", point_refused),
		CASE("/card_derive/key-refused", key_refused),
		CASE("/card_derive/answer-refused", answer_refused),
		CASE("/card_derive/not-logged-in", not_logged_in),
		CASE("/card_derive/steady", steady),
		CASE("/card_derive/switched", switched),
		CASE("/card_derive/listed", listed),
	};

	return cmocka_run_group_tests_name("/card_derive", tests, setup_once,
					   teardown_once);
}
