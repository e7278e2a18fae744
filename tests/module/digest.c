/* 5.12, 5.19: digests and random numbers. */
#include "suite.h"

static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_BYTE out[64];

/* FIPS 180-2, B.1: SHA-256 of "abc" */
static const CK_BYTE abc[] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};

static CK_RV
digest(const char *data, CK_ULONG *size)
{
	return suite.p11->C_Digest(suite.session, (CK_BYTE *)data, strlen(data),
				   out, size);
}

static CK_RV
update(const char *data)
{
	return suite.p11->C_DigestUpdate(suite.session, (CK_BYTE *)data,
					 strlen(data));
}

static void
test_not_begun(void **state)
{
	CK_ULONG size = sizeof(out);

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, digest("abc", &size));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, update("abc"));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_DigestFinal(suite.session, out, &size));
}

static void
test_bad(void **state)
{
	CK_MECHANISM sign = { CKM_RSA_PKCS, NULL, 0 };
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_ULONG size = sizeof(out);

	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_DigestInit(suite.session, &unknown));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_DigestInit(suite.session, &sign));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_rv(CKR_OPERATION_ACTIVE,
		  suite.p11->C_DigestInit(suite.session, &sha256));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_DigestUpdate(suite.session, NULL, 4));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, digest("abc", &size));
}

static void
test_whole(void **state)
{
	CK_ULONG size = 0;

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_Digest(suite.session, (CK_BYTE *)"abc", 3, NULL,
				      &size));
	assert_int_equal(size, 32);
	size = 31;
	assert_rv(CKR_BUFFER_TOO_SMALL, digest("abc", &size));
	assert_int_equal(size, 32);
	assert_ok(digest("abc", &size));
	assert_memory_equal(out, abc, 32);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, digest("abc", &size));
}

static void
test_parts(void **state)
{
	CK_ULONG size = sizeof(out);

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(update("a"));
	assert_ok(update(""));
	assert_ok(update("bc"));
	assert_ok(suite.p11->C_DigestFinal(suite.session, out, &size));
	assert_int_equal(size, 32);
	assert_memory_equal(out, abc, 32);
}

static void
test_single_after_update(void **state)
{
	CK_ULONG size = sizeof(out);
	CK_RV rv;

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(update("a"));
	rv = digest("bc", &size);
	assert_one_of(rv, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED);
}

/* "The input data and digest output can be in the same place" (5.12.2) */
static void
test_in_place(void **state)
{
	CK_BYTE buffer[32] = "abc";
	CK_ULONG size = sizeof(buffer);

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_Digest(suite.session, buffer, 3, buffer, &size));
	assert_memory_equal(buffer, abc, 32);
}

/* 5.12.1: "C_DigestUpdate zero or more times": of nothing there is a digest. */
static void
test_nothing(void **state)
{
	CK_ULONG size = sizeof(out);
	CK_BYTE whole[32];

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(digest("", &size));
	assert_int_equal(size, 32);
	memcpy(whole, out, 32);
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	size = 31;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_DigestFinal(suite.session, out, &size));
	assert_int_equal(size, 32);
	assert_ok(suite.p11->C_DigestFinal(suite.session, out, &size));
	assert_memory_equal(out, whole, 32);
}

/* Each digest has the length of its name, of which one byte less is too few. */
static void
test_sizes(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_ULONG size;
	} all[] = {
		{ CKM_SHA_1, 20 },	{ CKM_SHA224, 28 },
		{ CKM_SHA256, 32 },	{ CKM_SHA384, 48 },
		{ CKM_SHA512, 64 },	{ CKM_SHA512_224, 28 },
		{ CKM_SHA512_256, 32 }, { CKM_SHA3_224, 28 },
		{ CKM_SHA3_256, 32 },	{ CKM_SHA3_384, 48 },
		{ CKM_SHA3_512, 64 },
	};
	CK_MECHANISM_INFO info;
	CK_ULONG size;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CK_MECHANISM mechanism = { all[i].type, NULL, 0 };

		if (suite.p11->C_GetMechanismInfo(suite.slot, all[i].type,
						  &info) != CKR_OK)
			continue;
		assert_ok(suite.p11->C_DigestInit(suite.session, &mechanism));
		assert_ok(suite.p11->C_Digest(suite.session, (CK_BYTE *)"abc",
					      3, NULL, &size));
		assert_int_equal(size, all[i].size);
		size--;
		assert_rv(CKR_BUFFER_TOO_SMALL, digest("abc", &size));
		assert_int_equal(size, all[i].size);
		assert_ok(digest("abc", &size));
		assert_int_equal(size, all[i].size);
	}
}

/* 5.12.1: "with pMechanism set to NULL_PTR", in the middle. */
static void
test_cancel(void **state)
{
	CK_ULONG size = sizeof(out);

	(void)need_3_0();
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(update("a"));
	assert_ok(suite.p11->C_DigestInit(suite.session, NULL));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, update("b"));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(digest("abc", &size));
	assert_memory_equal(out, abc, 32);
}

/* 5.12.4: "may be interspersed any number of times in any order". */
static void
test_key(void **state)
{
	CK_ULONG size = sizeof(out);
	CK_BYTE whole[32], more[2] = { 1, 8 };
	CK_OBJECT_HANDLE key = secret_make(CKK_GENERIC_SECRET, 2, CKF_SIGN);
	CK_RV rv;

	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_DigestKey(suite.session, key));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(update("a"));
	assert_ok(suite.p11->C_DigestUpdate(suite.session, more, 2));
	assert_ok(update("c"));
	assert_ok(suite.p11->C_DigestFinal(suite.session, whole, &size));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(update("a"));
	assert_ok(suite.p11->C_DigestKey(suite.session, key));
	assert_ok(update("c"));
	assert_ok(suite.p11->C_DigestFinal(suite.session, out, &size));
	assert_memory_equal(out, whole, 32);
	/* C_Digest cannot end what C_DigestKey went on with */
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_DigestKey(suite.session, key));
	rv = digest("abc", &size);
	assert_one_of(rv, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED);
}

/* CKR_KEY_INDIGESTIBLE: no secret key; CKR_KEY_HANDLE_INVALID: no key. */
static void
test_key_bad(void **state)
{
	CK_OBJECT_HANDLE key = rsa_public_copy(suite.rsa, CKF_VERIFY);
	CK_OBJECT_HANDLE data;

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_rv(CKR_KEY_INDIGESTIBLE,
		  suite.p11->C_DigestKey(suite.session, key));
	data = data_make(suite.session, CK_FALSE, CK_FALSE, "none");
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_DigestKey(suite.session, data));
}

/* 5.19.2 */
static void
test_random(void **state)
{
	CK_BYTE a[32] = { 0 }, b[32] = { 0 };

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GenerateRandom(suite.session, NULL, 32));
	assert_ok(suite.p11->C_GenerateRandom(suite.session, a, sizeof(a)));
	assert_ok(suite.p11->C_GenerateRandom(suite.session, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

/* 5.19.1 */
static void
test_seed(void **state)
{
	CK_BYTE seed[4] = { 1, 2, 3, 4 };
	CK_RV rv = suite.p11->C_SeedRandom(suite.session, seed, 4);

	assert_one_of(rv, CKR_OK, CKR_RANDOM_SEED_NOT_SUPPORTED);
	assert_int_not_equal(suite.p11->C_SeedRandom(suite.session, NULL, 4),
			     CKR_OK);
}

static const struct CMUnitTest list[] = {
	CASE("/digest/not-begun", test_not_begun),
	CASE("/digest/bad", test_bad),
	CASE("/digest/whole", test_whole),
	CASE("/digest/parts", test_parts),
	CASE("/digest/single-after-update", test_single_after_update),
	CASE("/digest/in-place", test_in_place),
	CASE("/digest/nothing", test_nothing),
	CASE("/digest/sizes", test_sizes),
	CASE("/digest/cancel", test_cancel),
	CASE("/digest/key", test_key),
	CASE("/digest/key/bad", test_key_bad),
	CASE("/digest/random/generate", test_random),
	CASE("/digest/random/seed", test_seed),
};

const struct cases digest_cases = CASES("digest", list);
