/* 5.6.6, 5.6.7: the state of an operation, saved and restored. */
#include "suite.h"

enum { ROOM = 4096 };

static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_BYTE saved[ROOM], text[] = "first part, second part";

static CK_RV
save(CK_ULONG *size)
{
	CK_RV rv = suite.p11->C_GetOperationState(suite.session, saved, size);

	if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	return rv;
}

static CK_RV
restore(CK_ULONG size, CK_OBJECT_HANDLE cipher_key, CK_OBJECT_HANDLE mac_key)
{
	return suite.p11->C_SetOperationState(suite.session, saved, size,
					      cipher_key, mac_key);
}

/* A digest under way, its state saved. */
static CK_ULONG
digest_save(void)
{
	CK_ULONG size = ROOM;

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_DigestUpdate(suite.session, text, 10));
	assert_ok(save(&size));
	return size;
}

static void
digest_end(CK_BYTE *sum)
{
	CK_ULONG size = 32;

	assert_ok(suite.p11->C_DigestUpdate(suite.session, &text[10],
					    sizeof(text) - 10));
	assert_ok(suite.p11->C_DigestFinal(suite.session, sum, &size));
}

/* The standard's own example, in the same session and in another: what was
 * done since is forgotten. */
static void
test_digest(void **state)
{
	CK_BYTE whole[32], sum[32];
	CK_ULONG size = 32, state_size;

	state_size = digest_save();
	assert_ok(suite.p11->C_DigestUpdate(suite.session, text, 5));
	assert_ok(restore(state_size, 0, 0));
	digest_end(sum);
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_Digest(suite.session, text, sizeof(text), whole,
				      &size));
	assert_memory_equal(sum, whole, 32);
	suite.session = session_open(CKF_RW_SESSION);
	assert_ok(restore(state_size, 0, 0));
	digest_end(sum);
	assert_memory_equal(sum, whole, 32);
}

static void
test_length(void **state)
{
	CK_ULONG all = digest_save(), size = 0;

	assert_ok(suite.p11->C_GetOperationState(suite.session, NULL, &size));
	assert_in_range(size, all, all + 512);
	size = 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, save(&size));
	assert_in_range(size, all, all + 512);
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetOperationState(suite.session, saved, NULL));
	/* looking does it no harm */
	assert_ok(suite.p11->C_DigestUpdate(suite.session, text, 1));
}

/* CKR_OPERATION_NOT_INITIALIZED: nothing there, or a search alone */
static void
test_none(void **state)
{
	CK_ULONG size = ROOM;

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, save(&size));
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, save(&size));
}

/* CKR_SAVED_STATE_INVALID for whatever is not one, each byte of it */
static void
test_invalid(void **state)
{
	CK_ULONG size = digest_save(), i;

	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_SetOperationState(
					     suite.session, NULL, size, 0, 0));
	assert_rv(CKR_SAVED_STATE_INVALID, restore(0, 0, 0));
	assert_rv(CKR_SAVED_STATE_INVALID, restore(size - 1, 0, 0));
	for (i = 0; i < size; i++) {
		saved[i] ^= 0x40;
		assert_rv(CKR_SAVED_STATE_INVALID, restore(size, 0, 0));
		saved[i] ^= 0x40;
	}
	assert_ok(restore(size, 0, 0));
}

/* CKR_KEY_NOT_NEEDED */
static void
test_not_needed(void **state)
{
	CK_ULONG size = digest_save();
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, 16, CKF_ENCRYPT);

	assert_rv(CKR_KEY_NOT_NEEDED, restore(size, key, 0));
	assert_rv(CKR_KEY_NOT_NEEDED, restore(size, 0, key));
	assert_ok(restore(size, 0, 0));
}

/* CKR_KEY_NEEDED, CKR_KEY_CHANGED, where the key is not in the state, which
 * CKF_RESTORE_KEY_NOT_NEEDED tells */
static void
test_mac(void **state)
{
	CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 };
	CK_OBJECT_HANDLE key, other;
	CK_BYTE whole[32], mac[32];
	CK_ULONG size = ROOM, mac_size = 32;
	CK_TOKEN_INFO info;
	CK_FUNCTION_LIST *p = suite.p11;

	need_mechanism(CKM_SHA256_HMAC, CKF_SIGN);
	assert_ok(p->C_GetTokenInfo(suite.slot, &info));
	key = secret_make(CKK_GENERIC_SECRET, 32, CKF_SIGN);
	other = secret_make(CKK_GENERIC_SECRET, 33, CKF_SIGN);
	assert_ok(p->C_SignInit(suite.session, &hmac, key));
	assert_ok(p->C_Sign(suite.session, text, 20, whole, &mac_size));
	assert_ok(p->C_SignInit(suite.session, &hmac, key));
	assert_ok(p->C_SignUpdate(suite.session, text, 11));
	if (save(&size) == CKR_STATE_UNSAVEABLE)
		skip();
	if (!(info.flags & CKF_RESTORE_KEY_NOT_NEEDED))
		assert_rv(CKR_KEY_NEEDED, restore(size, 0, 0));
	assert_rv(CKR_KEY_CHANGED, restore(size, 0, other));
	assert_rv(CKR_KEY_NOT_NEEDED, restore(size, key, key));
	assert_ok(restore(size, 0, key));
	assert_ok(p->C_SignUpdate(suite.session, &text[11], 9));
	mac_size = 32;
	assert_ok(p->C_SignFinal(suite.session, mac, &mac_size));
	assert_memory_equal(mac, whole, 32);
}

/* CKR_STATE_UNSAVEABLE, or a state that can be restored: each kind of
 * operation is the one or the other. */
static void
test_cipher(void **state)
{
	CK_BYTE iv[16] = { 1 }, out[32];
	CK_MECHANISM cbc = { CKM_AES_CBC, iv, sizeof(iv) };
	CK_ULONG size = ROOM, out_size = sizeof(out);
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_mechanism(CKM_AES_CBC, CKF_ENCRYPT);
	key = secret_make(CKK_AES, 16, CKF_ENCRYPT);
	assert_ok(suite.p11->C_EncryptInit(suite.session, &cbc, key));
	assert_ok(suite.p11->C_EncryptUpdate(suite.session, text, 16, out,
					     &out_size));
	rv = save(&size);
	assert_one_of(rv, CKR_OK, CKR_STATE_UNSAVEABLE);
	if (rv == CKR_OK)
		assert_ok(restore(size, key, 0));
	out_size = sizeof(out);
	assert_ok(suite.p11->C_EncryptFinal(suite.session, out, &out_size));
}

static const struct CMUnitTest list[] = {
	CASE("/saved/digest", test_digest),
	CASE("/saved/length", test_length),
	CASE("/saved/none", test_none),
	CASE("/saved/invalid", test_invalid),
	CASE("/saved/not-needed", test_not_needed),
	CASE("/saved/mac", test_mac),
	CASE("/saved/cipher", test_cipher),
};

const struct cases saved_cases = CASES("saved", list);
