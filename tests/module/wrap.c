/* 5.18.3 to 5.18.6: keys wrapped by ciphers with a tag, with IVs made here. */
#include "suite.h"

enum { TAG = 16, IV = 12, KEY = 32 };

static CK_BYTE aad[] = "to whom it may concern";
static CK_BYTE iv[IV], tag[TAG], wrapped[KEY + TAG];
static CK_BYTE secret[KEY] = "a key that travels";
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_OBJECT_HANDLE
key_make(CK_KEY_TYPE type, CK_BYTE *value, CK_ULONG size)
{
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE, value, size },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_WRAP, &yes, 1 },
		{ CKA_UNWRAP, &yes, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_SENSITIVE, &no, 1 },
	};
	CK_OBJECT_HANDLE key = 0;

	assert_ok(suite.p11->C_CreateObject(suite.session, list, 8, &key));
	return key;
}

static CK_ATTRIBUTE unwrapped[] = {
	{ CKA_CLASS, &secret_class, sizeof(secret_class) },
	{ CKA_KEY_TYPE, &generic, sizeof(generic) },
	{ CKA_PRIVATE, &no, 1 },
	{ CKA_SENSITIVE, &no, 1 },
};

static void
is_secret(CK_OBJECT_HANDLE key)
{
	CK_BYTE value[KEY];
	CK_ATTRIBUTE list = { CKA_VALUE, value, KEY };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &list, 1));
	assert_int_equal(list.ulValueLen, KEY);
	assert_memory_equal(value, secret, KEY);
}

struct keys {
	CK_OBJECT_HANDLE with, what;
};

static struct keys
keys_make(CK_MECHANISM_TYPE type, CK_KEY_TYPE key_type)
{
	CK_BYTE value[32] = { 9 };
	struct keys keys;

	need_made();
	need_3_2();
	need_mechanism(type, CKF_WRAP | CKF_UNWRAP);
	keys.with = key_make(key_type, value, sizeof(value));
	keys.what = key_make(CKK_GENERIC_SECRET, secret, KEY);
	return keys;
}

static CK_RV
wrap(CK_MECHANISM *m, const struct keys *keys, CK_BYTE *out, CK_ULONG *size)
{
	return suite.p11_3_2->C_WrapKeyAuthenticated(
		suite.session, m, keys->with, keys->what, aad, sizeof(aad), out,
		size);
}

static CK_RV
unwrap(CK_MECHANISM *m, const struct keys *keys, CK_ULONG aad_size,
       CK_OBJECT_HANDLE *key)
{
	return suite.p11_3_2->C_UnwrapKeyAuthenticated(
		suite.session, m, keys->with, wrapped, KEY, unwrapped, 4, aad,
		aad_size, key);
}

/* There and back; the tag and the associated data count. */
static void
round_trip(CK_MECHANISM *m, const struct keys *keys)
{
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG size = sizeof(wrapped);

	assert_ok(wrap(m, keys, wrapped, &size));
	assert_int_equal(size, KEY);
	assert_memory_not_equal(wrapped, secret, KEY);
	assert_ok(unwrap(m, keys, sizeof(aad), &key));
	is_secret(key);
	assert_rv(CKR_WRAPPED_KEY_INVALID,
		  unwrap(m, keys, sizeof(aad) - 1, &key));
	tag[3] ^= 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID, unwrap(m, keys, sizeof(aad), &key));
	tag[3] ^= 1;
	wrapped[0] ^= 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID, unwrap(m, keys, sizeof(aad), &key));
}

static void
test_gcm(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, 8, CKG_GENERATE, tag, 8 * TAG };
	CK_MECHANISM m = { CKM_AES_GCM, &p, sizeof(p) };
	struct keys keys = keys_make(CKM_AES_GCM, CKK_AES);
	CK_BYTE last[IV];

	memset(iv, 7, IV);
	round_trip(&m, &keys);
	assert_int_equal(iv[0], 7);
	memcpy(last, iv, IV);
	p.ivGenerator = CKG_GENERATE_RANDOM;
	round_trip(&m, &keys);
	assert_memory_not_equal(iv, last, IV);
	memcpy(last, iv, IV);
	p.ivGenerator = CKG_NO_GENERATE;
	round_trip(&m, &keys);
	assert_memory_equal(iv, last, IV);
}

/* The length of what CCM wraps is the token's to say. */
static void
test_ccm(void **state)
{
	CK_CCM_MESSAGE_PARAMS p = { 0, iv, IV, 0, CKG_GENERATE, tag, TAG };
	CK_MECHANISM m = { CKM_AES_CCM, &p, sizeof(p) };
	struct keys keys = keys_make(CKM_AES_CCM, CKK_AES);

	round_trip(&m, &keys);
}

static void
test_chacha(void **state)
{
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p = { iv, 8 * IV, tag };
	CK_MECHANISM m = { CKM_CHACHA20_POLY1305, &p, sizeof(p) };
	struct keys keys = keys_make(CKM_CHACHA20_POLY1305, CKK_CHACHA20);

	round_trip(&m, &keys);
}

/* 5.2: for a length nothing is written but the length. */
static void
test_length(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, 0, CKG_GENERATE, tag, 8 * TAG };
	CK_MECHANISM m = { CKM_AES_GCM, &p, sizeof(p) };
	struct keys keys = keys_make(CKM_AES_GCM, CKK_AES);
	CK_BYTE fives[TAG];
	CK_ULONG size = 0;

	memset(fives, 5, TAG);
	memset(iv, 5, IV);
	memset(tag, 5, TAG);
	assert_ok(wrap(&m, &keys, NULL, &size));
	assert_int_equal(size, KEY);
	size--;
	assert_rv(CKR_BUFFER_TOO_SMALL, wrap(&m, &keys, wrapped, &size));
	assert_int_equal(size, KEY);
	assert_memory_equal(iv, fives, IV);
	assert_memory_equal(tag, fives, TAG);
	assert_rv(CKR_ARGUMENTS_BAD, wrap(&m, &keys, wrapped, NULL));
}

static void
test_bad(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, 0, CKG_GENERATE_COUNTER, tag, 128 };
	CK_MECHANISM m = { CKM_AES_GCM, &p, sizeof(p) };
	CK_MECHANISM ecb = { CKM_AES_ECB, NULL, 0 };
	struct keys keys = keys_make(CKM_AES_GCM, CKK_AES), odd = keys;
	CK_OBJECT_HANDLE key;
	CK_ULONG size = sizeof(wrapped);

	/* nothing counts from one call to the next */
	assert_rv(CKR_MECHANISM_PARAM_INVALID, wrap(&m, &keys, wrapped, &size));
	p.ivGenerator = CKG_GENERATE;
	assert_rv(CKR_MECHANISM_INVALID, wrap(&ecb, &keys, wrapped, &size));
	assert_rv(CKR_MECHANISM_INVALID, unwrap(&ecb, &keys, 0, &key));
	m.ulParameterLen--;
	assert_rv(CKR_MECHANISM_PARAM_INVALID, wrap(&m, &keys, wrapped, &size));
	m.ulParameterLen++;
	odd.with = 0;
	assert_rv(CKR_WRAPPING_KEY_HANDLE_INVALID,
		  wrap(&m, &odd, wrapped, &size));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID, unwrap(&m, &odd, 0, &key));
	odd = keys;
	odd.what = 0;
	assert_rv(CKR_KEY_HANDLE_INVALID, wrap(&m, &odd, wrapped, &size));
	odd.with = keys.what;
	odd.what = keys.what;
	assert_rv(CKR_WRAPPING_KEY_TYPE_INCONSISTENT,
		  wrap(&m, &odd, wrapped, &size));
}

/* 6.13.4: C_WrapKey makes an IV, too, with parameters of its own; the tag
 * comes behind the key. */
static void
test_plain(void **state)
{
	CK_GCM_WRAP_PARAMS gcm = { iv,	IV,	     0,	     CKG_GENERATE,
				   aad, sizeof(aad), 8 * TAG };
	CK_CCM_WRAP_PARAMS ccm = { 99,		 iv,  IV,	   0,
				   CKG_GENERATE, aad, sizeof(aad), TAG };
	CK_MECHANISM mechanisms[] = {
		{ CKM_AES_GCM, &gcm, sizeof(gcm) },
		{ CKM_AES_CCM, &ccm, sizeof(ccm) },
	};
	struct keys keys = keys_make(CKM_AES_GCM, CKK_AES);
	CK_BYTE zeros[IV] = { 0 };
	CK_OBJECT_HANDLE key;
	size_t i;

	for (i = 0; i < 2; i++) {
		CK_ULONG size = sizeof(wrapped);

		memset(iv, 0, IV);
		assert_ok(suite.p11->C_WrapKey(suite.session, &mechanisms[i],
					       keys.with, keys.what, wrapped,
					       &size));
		assert_int_equal(size, KEY + TAG);
		assert_memory_not_equal(iv, zeros, IV);
		assert_ok(suite.p11->C_UnwrapKey(suite.session, &mechanisms[i],
						 keys.with, wrapped, size,
						 unwrapped, 4, &key));
		is_secret(key);
	}
}

/* 5.18.6: what a template leaves open. */
static void
test_defaults(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, 0, CKG_GENERATE, tag, 8 * TAG };
	CK_MECHANISM m = { CKM_AES_GCM, &p, sizeof(p) };
	struct keys keys = keys_make(CKM_AES_GCM, CKK_AES);
	CK_BBOOL is[5];
	CK_ATTRIBUTE list[] = {
		{ CKA_EXTRACTABLE, &is[0], 1 },
		{ CKA_SENSITIVE, &is[1], 1 },
		{ CKA_ALWAYS_SENSITIVE, &is[2], 1 },
		{ CKA_NEVER_EXTRACTABLE, &is[3], 1 },
		{ CKA_LOCAL, &is[4], 1 },
	};
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG size = sizeof(wrapped);

	assert_ok(wrap(&m, &keys, wrapped, &size));
	assert_ok(suite.p11_3_2->C_UnwrapKeyAuthenticated(
		suite.session, &m, keys.with, wrapped, KEY, unwrapped, 3, aad,
		sizeof(aad), &key));
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, list, 5));
	assert_int_equal(is[0], CK_TRUE);
	assert_int_equal(is[1], CK_FALSE);
	assert_int_equal(is[2], CK_FALSE);
	assert_int_equal(is[3], CK_FALSE);
	assert_int_equal(is[4], CK_FALSE);
}

static const struct CMUnitTest list[] = {
	CASE("/wrap/authenticated/gcm", test_gcm),
	CASE("/wrap/authenticated/ccm", test_ccm),
	CASE("/wrap/authenticated/chacha", test_chacha),
	CASE("/wrap/authenticated/length", test_length),
	CASE("/wrap/authenticated/bad", test_bad),
	CASE("/wrap/plain", test_plain),
	CASE("/wrap/defaults", test_defaults),
};
const struct cases wrap_cases = CASES("wrap", list);
