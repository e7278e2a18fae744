/* 5.8, 5.10: ciphers with secret keys, and what holds for each of them. */
#include "crypt.h"

enum { BLOCK = 16, TAG = 16, TEXT = 48, ROOM = 160 };

static CK_BYTE text[ROOM] =
	"what is said here is of more than one block, and of less than ten, so "
	"that there is always enough of it.";
static CK_BYTE out[ROOM], plain[ROOM];
static CK_BYTE zeros[BLOCK];
static CK_AES_CTR_PARAMS ctr = { 32, { 1, 2, 3 } };
static CK_GCM_PARAMS gcm = { zeros, 12, 96, text, 5, 8 * TAG };
static CK_CCM_PARAMS ccm = { TEXT, zeros, 12, text, 5, TAG };
static CK_CHACHA20_PARAMS chacha = { zeros, 32, zeros, 96 };
static CK_SALSA20_CHACHA20_POLY1305_PARAMS poly = { zeros, 96, text, 5 };

/* A mechanism, its keys, and what comes of TEXT bytes and of none. */
struct cipher {
	CK_MECHANISM mechanism;
	CK_KEY_TYPE type;
	CK_ULONG key_size, whole, of_nothing;
	bool proven; /* what is decrypted comes at the end */
};

#define CIPHER(name, ...) static const struct cipher name = { __VA_ARGS__ };
CIPHER(aes_ecb, { CKM_AES_ECB, NULL, 0 }, CKK_AES, 16, TEXT, 0, false)
CIPHER(aes_cbc, { CKM_AES_CBC, zeros, BLOCK }, CKK_AES, 16, TEXT, 0, false)
CIPHER(aes_cbc_pad, { CKM_AES_CBC_PAD, zeros, BLOCK }, CKK_AES, 32,
       TEXT + BLOCK, BLOCK, false)
CIPHER(aes_ctr, { CKM_AES_CTR, &ctr, sizeof(ctr) }, CKK_AES, 24, TEXT, 0, false)
CIPHER(aes_gcm, { CKM_AES_GCM, &gcm, sizeof(gcm) }, CKK_AES, 16, TEXT + TAG,
       TAG, true)
CIPHER(aes_ccm, { CKM_AES_CCM, &ccm, sizeof(ccm) }, CKK_AES, 16, TEXT + TAG, 0,
       true)
CIPHER(chacha20, { CKM_CHACHA20, &chacha, sizeof(chacha) }, CKK_CHACHA20, 32,
       TEXT, 0, false)
CIPHER(chacha20_poly1305, { CKM_CHACHA20_POLY1305, &poly, sizeof(poly) },
       CKK_CHACHA20, 32, TEXT + TAG, TAG, true)

static CK_OBJECT_HANDLE
key_of(const struct cipher *c)
{
	need_mechanism(c->mechanism.mechanism, CKF_ENCRYPT | CKF_DECRYPT);
	return secret_make(c->type, c->key_size, CKF_ENCRYPT | CKF_DECRYPT);
}

static CK_OBJECT_HANDLE
aes_key(CK_MECHANISM_TYPE type)
{
	need_mechanism(type, CKF_ENCRYPT | CKF_DECRYPT);
	return secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_DECRYPT);
}

CK_RV
crypt_begin(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
	    bool encrypt, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = { type, parameter, size };

	return encrypt ? suite.p11->C_EncryptInit(suite.session, &mechanism,
						  key)
		       : suite.p11->C_DecryptInit(suite.session, &mechanism,
						  key);
}

CK_RV
crypt_single(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to,
	     CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_Encrypt(suite.session, in, size, to,
					      to_size)
		       : suite.p11->C_Decrypt(suite.session, in, size, to,
					      to_size);
}

CK_RV
crypt_update(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to,
	     CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_EncryptUpdate(suite.session, in, size, to,
						    to_size)
		       : suite.p11->C_DecryptUpdate(suite.session, in, size, to,
						    to_size);
}

CK_RV
crypt_final(bool encrypt, CK_BYTE *to, CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_EncryptFinal(suite.session, to, to_size)
		       : suite.p11->C_DecryptFinal(suite.session, to, to_size);
}

static void
begin_with(const struct cipher *c, bool encrypt, CK_OBJECT_HANDLE key)
{
	assert_ok(crypt_begin(c->mechanism.mechanism, c->mechanism.pParameter,
			      c->mechanism.ulParameterLen, encrypt, key));
}

void
assert_over(bool encrypt)
{
	CK_ULONG size = ROOM;
	CK_BYTE none[ROOM];

	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  crypt_final(encrypt, none, &size));
}

void
assert_param_invalid(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
		     CK_OBJECT_HANDLE key)
{
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  crypt_begin(type, parameter, size, true, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  crypt_begin(type, parameter, size, false, key));
	assert_over(true);
	assert_over(false);
}

void
assert_cannot_decrypt(CK_RV rv)
{
	assert_one_of(rv, CKR_ENCRYPTED_DATA_LEN_RANGE,
		      CKR_ENCRYPTED_DATA_INVALID);
	assert_over(false);
}

/* A parameter that is missing, too short, too long. */
static void
test_parameter(void **state)
{
	const struct cipher *c = *state;
	CK_MECHANISM_TYPE type = c->mechanism.mechanism;
	CK_ULONG size = c->mechanism.ulParameterLen;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_BYTE longer[sizeof(gcm) + 1] = { 0 };

	if (size > 0) {
		memcpy(longer, c->mechanism.pParameter, size);
		assert_param_invalid(type, NULL, 0, key);
		assert_param_invalid(type, longer, size - 1, key);
	}
	assert_param_invalid(type, longer, size + 1, key);
	begin_with(c, true, key);
}

/* 5.2, one byte short at each stage: nothing is lost. What is decrypted may
 * want more room than it needs. */
static void
test_short(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_ULONG size = c->whole - 1;

	begin_with(c, true, key);
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  crypt_single(true, text, TEXT, out, &size));
	assert_int_equal(size, c->whole);
	assert_ok(crypt_single(true, text, TEXT, out, &size));
	assert_int_equal(size, c->whole);
	begin_with(c, false, key);
	size = TEXT - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  crypt_single(false, out, c->whole, plain, &size));
	assert_in_range(size, TEXT, c->whole);
	assert_ok(crypt_single(false, out, c->whole, plain, &size));
	assert_int_equal(size, TEXT);
	assert_memory_equal(plain, text, TEXT);
	begin_with(c, false, key);
	size = ROOM;
	assert_ok(crypt_update(false, out, c->whole, plain, &size));
	if (!c->proven)
		return;
	assert_int_equal(size, 0);
	size = TEXT - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, crypt_final(false, plain, &size));
	assert_in_range(size, TEXT, c->whole);
	assert_ok(crypt_final(false, plain, &size));
	assert_memory_equal(plain, text, TEXT);
}

/* 5.2: for a buffer that is too small nothing was done yet: who has no larger
 * one comes with less, here with byte after byte. */
static void
test_short_part(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_ULONG size = ROOM, got = 0, i;
	CK_RV rv;

	begin_with(c, true, key);
	assert_ok(crypt_single(true, text, TEXT, out, &size));
	begin_with(c, false, key);
	size = 0;
	rv = crypt_update(false, out, c->whole, plain, &size);
	if (!c->proven)
		assert_rv(CKR_BUFFER_TOO_SMALL, rv);
	for (i = 0; i < c->whole && rv == CKR_BUFFER_TOO_SMALL; i++) {
		size = ROOM - got;
		assert_ok(
			crypt_update(false, &out[i], 1, &plain[got], &size));
		got += size;
	}
	size = ROOM - got;
	assert_ok(crypt_final(false, &plain[got], &size));
	assert_int_equal(got + size, TEXT);
	assert_memory_equal(plain, text, TEXT);
}

/* The same bytes in parts, each in its own place: "it is OK if pPart and
 * pEncryptedPart point to the same location" (5.8.3, 5.10.3). */
static CK_ULONG
run_in_place(const struct cipher *c, bool encrypt, CK_OBJECT_HANDLE key,
	     const CK_BYTE *in, CK_ULONG in_size, CK_BYTE *to)
{
	static const CK_ULONG parts[] = { 1, 16, 0, 17, 3, ROOM };
	CK_ULONG done = 0, given = 0, size;
	CK_BYTE place[ROOM];
	size_t i;

	begin_with(c, encrypt, key);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		CK_ULONG left = in_size - done;
		CK_ULONG part = parts[i] < left ? parts[i] : left;

		memcpy(place, &in[done], part);
		size = ROOM;
		assert_ok(crypt_update(encrypt, place, part, place, &size));
		memcpy(&to[given], place, size);
		given += size;
		done += part;
	}
	size = ROOM - given;
	assert_ok(crypt_final(encrypt, &to[given], &size));
	return given + size;
}

static void
test_parts_in_place(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_BYTE whole[ROOM];
	CK_ULONG size = ROOM;

	begin_with(c, true, key);
	assert_ok(crypt_single(true, text, TEXT, whole, &size));
	assert_int_equal(size, c->whole);
	size = run_in_place(c, true, key, text, TEXT, out);
	assert_int_equal(size, c->whole);
	assert_memory_equal(out, whole, size);
	size = run_in_place(c, false, key, out, size, plain);
	assert_int_equal(size, TEXT);
	assert_memory_equal(plain, text, TEXT);
}

/* "call C_EncryptUpdate zero or more times" (5.8.1): of nothing comes what is
 * to come; a question for its length ends nothing. */
static void
test_nothing(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_ULONG size = 0, back = ROOM;

	begin_with(c, true, key);
	assert_ok(crypt_final(true, NULL, &size));
	assert_int_equal(size, c->of_nothing);
	size = ROOM;
	assert_ok(crypt_final(true, out, &size));
	assert_int_equal(size, c->of_nothing);
	assert_over(true);
	begin_with(c, true, key);
	assert_ok(crypt_single(true, text, 0, out, &size));
	assert_int_equal(size, c->of_nothing);
	begin_with(c, false, key);
	assert_ok(crypt_single(false, out, size, plain, &back));
	assert_int_equal(back, 0);
	begin_with(c, false, key);
	back = ROOM;
	assert_ok(crypt_update(false, out, size, plain, &back));
	assert_int_equal(back, 0);
	back = ROOM;
	assert_ok(crypt_final(false, plain, &back));
	assert_int_equal(back, 0);
}

/* "can be called with pMechanism set to NULL_PTR to terminate an active
 * encryption operation", also one in the middle (5.8.1, 5.10.1). */
static void
test_cancel(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_ULONG size = ROOM;

	need_3_0();
	begin_with(c, true, key);
	begin_with(c, false, key);
	assert_ok(crypt_update(true, text, 17, out, &size));
	size = ROOM;
	assert_ok(crypt_update(false, text, 17, out, &size));
	assert_ok(suite.p11->C_EncryptInit(suite.session, NULL, key));
	assert_over(true);
	assert_ok(suite.p11->C_DecryptInit(suite.session, NULL, 0));
	assert_over(false);
	size = run_in_place(c, true, key, text, TEXT, out);
	size = run_in_place(c, false, key, out, size, plain);
	assert_memory_equal(plain, text, TEXT);
}

/* What is not authentic does not come out, in one part or in many. */
static void
test_forged(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_ULONG size = ROOM;

	begin_with(c, true, key);
	assert_ok(crypt_single(true, text, TEXT, out, &size));
	out[size - 1] ^= 1;
	memset(plain, 0, ROOM);
	begin_with(c, false, key);
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID,
		  crypt_single(false, out, c->whole, plain, &size));
	assert_over(false);
	begin_with(c, false, key);
	size = ROOM;
	assert_ok(crypt_update(false, out, c->whole, plain, &size));
	assert_int_equal(size, 0);
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, crypt_final(false, plain, &size));
	assert_over(false);
	assert_int_equal(plain[0], 0);
	/* less than a tag */
	begin_with(c, false, key);
	size = ROOM;
	assert_cannot_decrypt(crypt_single(false, out, TAG - 1, plain, &size));
}

/* Output that lies a little beside its input, of which the standard says
 * nothing, is what it is elsewhere. */
static void
test_overlap(void **state)
{
	const struct cipher *c = *state;
	CK_OBJECT_HANDLE key = key_of(c);
	CK_BYTE place[ROOM + 2];
	CK_ULONG size = ROOM;

	need_strict();
	begin_with(c, true, key);
	assert_ok(crypt_single(true, text, TEXT, out, &size));
	memcpy(&place[1], text, TEXT);
	begin_with(c, true, key);
	size = ROOM;
	assert_ok(crypt_single(true, &place[1], TEXT, place, &size));
	assert_memory_equal(place, out, size);
	memcpy(&place[1], out, size);
	begin_with(c, false, key);
	assert_ok(crypt_single(false, &place[1], c->whole, &place[2], &size));
	assert_memory_equal(&place[2], text, TEXT);
}

/* 5.1.2, 5.6.2: with the session everything ends that is under way in it. */
static void
test_closed(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CBC);
	CK_ULONG size = ROOM;

	begin_with(&aes_cbc, true, key);
	assert_ok(crypt_update(true, text, TEXT, out, &size));
	assert_ok(suite.p11->C_CloseSession(suite.session));
	size = ROOM;
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  crypt_update(true, text, TEXT, out, &size));
	assert_rv(CKR_SESSION_HANDLE_INVALID, crypt_final(true, out, &size));
	suite.session = session_open(CKF_RW_SESSION);
	assert_over(true);
}

#define CASES_OF(name, c)                                                      \
	CASE_OF("/crypt/" name "/parameter", test_parameter, (void *)&c),      \
		CASE_OF("/crypt/" name "/short", test_short, (void *)&c),      \
		CASE_OF("/crypt/" name "/short-part", test_short_part,         \
			(void *)&c),                                           \
		CASE_OF("/crypt/" name "/parts-in-place", test_parts_in_place, \
			(void *)&c),                                           \
		CASE_OF("/crypt/" name "/cancel", test_cancel, (void *)&c),    \
		CASE_OF("/crypt/" name "/overlap", test_overlap, (void *)&c)

static const struct CMUnitTest list[] = {
	CASES_OF("ecb", aes_ecb),
	CASES_OF("cbc", aes_cbc),
	CASES_OF("cbc-pad", aes_cbc_pad),
	CASES_OF("ctr", aes_ctr),
	CASES_OF("gcm", aes_gcm),
	CASES_OF("ccm", aes_ccm),
	CASES_OF("chacha20", chacha20),
	CASES_OF("chacha20-poly1305", chacha20_poly1305),
	CASE_OF("/crypt/ecb/nothing", test_nothing, (void *)&aes_ecb),
	CASE_OF("/crypt/cbc/nothing", test_nothing, (void *)&aes_cbc),
	CASE_OF("/crypt/cbc-pad/nothing", test_nothing, (void *)&aes_cbc_pad),
	CASE_OF("/crypt/ctr/nothing", test_nothing, (void *)&aes_ctr),
	CASE_OF("/crypt/gcm/nothing", test_nothing, (void *)&aes_gcm),
	CASE_OF("/crypt/chacha20/nothing", test_nothing, (void *)&chacha20),
	CASE_OF("/crypt/chacha20-poly1305/nothing", test_nothing,
		(void *)&chacha20_poly1305),
	CASE_OF("/crypt/gcm/forged", test_forged, (void *)&aes_gcm),
	CASE_OF("/crypt/ccm/forged", test_forged, (void *)&aes_ccm),
	CASE_OF("/crypt/chacha20-poly1305/forged", test_forged,
		(void *)&chacha20_poly1305),
	CASE("/crypt/closed", test_closed),
};

const struct cases crypt_cases = CASES("crypt", list);
