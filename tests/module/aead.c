/* 5.9, 5.11, 6.13.2, 6.13.4, 6.61: messages with a tag, at the limits of their
 * parameters and lengths; what message.c and refusal.c leave open. */
#include "suite.h"

enum { TAG = 16, IV = 12, TEXT = 40 };

static CK_BYTE text[TEXT] = "attack at dawn, and not a minute later";
static CK_BYTE aad[] = "to whom it may concern";
static CK_BYTE cipher[TEXT + TAG], plain[TEXT], iv[IV], tag[TAG];
static CK_GCM_MESSAGE_PARAMS gcm = { iv, IV, 0, CKG_NO_GENERATE, tag, 8 * TAG };
static CK_CCM_MESSAGE_PARAMS ccm = {
	TEXT, iv, IV, 0, CKG_NO_GENERATE, tag, TAG
};
static CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS poly = { iv, 8 * IV, tag };

static CK_OBJECT_HANDLE
begin(CK_MECHANISM_TYPE type)
{
	bool aes = type != CKM_CHACHA20_POLY1305;
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_OBJECT_HANDLE key;

	need_mechanism(type, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT);
	key = secret_make(aes ? CKK_AES : CKK_CHACHA20, aes ? 16 : 32,
			  CKF_ENCRYPT | CKF_DECRYPT);
	assert_ok(p11->C_MessageEncryptInit(suite.session, &mechanism, key));
	assert_ok(p11->C_MessageDecryptInit(suite.session, &mechanism, key));
	return key;
}

static CK_RV
encrypt(void *p, CK_ULONG p_size, CK_ULONG size)
{
	CK_ULONG room = TEXT;

	return suite.p11_3_0->C_EncryptMessage(suite.session, p, p_size, aad,
					       sizeof(aad), text, size, cipher,
					       &room);
}

static CK_RV
decrypt(void *p, CK_ULONG p_size, CK_ULONG size)
{
	CK_ULONG room = TEXT;
	CK_RV rv = suite.p11_3_0->C_DecryptMessage(suite.session, p, p_size,
						   aad, sizeof(aad), cipher,
						   size, plain, &room);

	if (rv == CKR_OK) {
		assert_int_equal(room, size);
		assert_memory_equal(plain, text, size);
	}
	return rv;
}

static CK_RV
next(bool encrypts, void *p, CK_ULONG p_size, CK_BYTE *in, CK_ULONG size,
     CK_BYTE *out, CK_ULONG *room, CK_FLAGS flags)
{
	CK_FUNCTION_LIST_3_0 *p11 = suite.p11_3_0;

	return encrypts ? p11->C_EncryptMessageNext(suite.session, p, p_size,
						    in, size, out, room, flags)
			: p11->C_DecryptMessageNext(suite.session, p, p_size,
						    in, size, out, room, flags);
}

static CK_RV
next_gcm(bool encrypts, CK_BYTE *in, CK_ULONG size, CK_BYTE *out,
	 CK_ULONG *room, CK_FLAGS flags)
{
	return next(encrypts, &gcm, sizeof(gcm), in, size, out, room, flags);
}

static void
begin_message(bool encrypts, void *p, CK_ULONG p_size)
{
	CK_FUNCTION_LIST_3_0 *p11 = suite.p11_3_0;
	CK_SESSION_HANDLE s = suite.session;

	if (encrypts)
		assert_ok(p11->C_EncryptMessageBegin(s, p, p_size, aad,
						     sizeof(aad)));
	else
		assert_ok(p11->C_DecryptMessageBegin(s, p, p_size, aad,
						     sizeof(aad)));
}

/* Of what is decrypted "the ulIvFixedBits and ivGenerator fields are ignored"
 * (6.13.2, 6.13.4). */
static void
test_ignored(void **state)
{
	CK_GCM_MESSAGE_PARAMS g = gcm;
	CK_CCM_MESSAGE_PARAMS c = ccm;
	CK_ULONG size = TEXT;

	begin(CKM_AES_GCM);
	assert_ok(encrypt(&gcm, sizeof(gcm), TEXT));
	g.ulIvFixedBits = 8 * IV + 1;
	g.ivGenerator = CKG_GENERATE_COUNTER_XOR + 1;
	assert_ok(decrypt(&g, sizeof(g), TEXT));
	begin_message(false, &g, sizeof(g));
	assert_ok(next(false, &g, sizeof(g), cipher, TEXT, plain, &size,
		       CKF_END_OF_MESSAGE));
	assert_ok(suite.p11_3_0->C_MessageEncryptFinal(suite.session));
	assert_ok(suite.p11_3_0->C_MessageDecryptFinal(suite.session));
	begin(CKM_AES_CCM);
	assert_ok(encrypt(&ccm, sizeof(ccm), TEXT));
	c.ulNonceFixedBits = (CK_ULONG)-1;
	c.nonceGenerator = (CK_ULONG)-1;
	assert_ok(decrypt(&c, sizeof(c), TEXT));
}

/* "If ivGenerator is set to CKG_NO_GENERATE, pIv is an input parameter"
 * (6.13.2), which may lie where nothing can be written; what is decrypted
 * changes no parameter at all (5.11.2). */
static const CK_BYTE constant[IV] = { 1, 2, 3, 4 };

static void
test_constant_gcm(void **state)
{
	CK_BYTE *place = (CK_BYTE *)constant;
	CK_GCM_MESSAGE_PARAMS p = {
		place, IV, 0, CKG_NO_GENERATE, tag, 8 * TAG
	};
	CK_ULONG size = TEXT;

	begin(CKM_AES_GCM);
	assert_ok(encrypt(&p, sizeof(p), TEXT));
	assert_ok(decrypt(&p, sizeof(p), TEXT));
	begin_message(true, &p, sizeof(p));
	assert_ok(next(true, &p, sizeof(p), text, TEXT, cipher, &size,
		       CKF_END_OF_MESSAGE));
	p.ivGenerator = CKG_GENERATE;
	assert_ok(decrypt(&p, sizeof(p), TEXT));
}

static void
test_constant_ccm(void **state)
{
	CK_BYTE *place = (CK_BYTE *)constant;
	CK_CCM_MESSAGE_PARAMS p = { TEXT, place, IV, 0, CKG_NO_GENERATE,
				    tag,  TAG };

	begin(CKM_AES_CCM);
	assert_ok(encrypt(&p, sizeof(p), TEXT));
	assert_ok(decrypt(&p, sizeof(p), TEXT));
}

static void
test_constant_chacha(void **state)
{
	CK_BYTE *place = (CK_BYTE *)constant;
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p = { place, 8 * IV, tag };

	begin(CKM_CHACHA20_POLY1305);
	assert_ok(encrypt(&p, sizeof(p), TEXT));
	assert_ok(decrypt(&p, sizeof(p), TEXT));
}

/* Nothing but associated data, which is proven all the same. */
static void
empty(void *p, CK_ULONG p_size)
{
	CK_ULONG size = 0;

	assert_ok(encrypt(p, p_size, 0));
	assert_ok(decrypt(p, p_size, 0));
	tag[0] ^= 1;
	assert_rv(CKR_AEAD_DECRYPT_FAILED, decrypt(p, p_size, 0));
	begin_message(true, p, p_size);
	assert_ok(next(true, p, p_size, text, 0, cipher, &size,
		       CKF_END_OF_MESSAGE));
	assert_int_equal(size, 0);
	begin_message(false, p, p_size);
	assert_ok(next(false, p, p_size, cipher, 0, plain, &size, 0));
	assert_ok(next(false, p, p_size, cipher, 0, plain, &size,
		       CKF_END_OF_MESSAGE));
	assert_int_equal(size, 0);
	begin_message(false, p, p_size);
	tag[0] ^= 1;
	assert_rv(CKR_AEAD_DECRYPT_FAILED,
		  next(false, p, p_size, cipher, 0, plain, &size,
		       CKF_END_OF_MESSAGE));
}

static void
test_empty_gcm(void **state)
{
	begin(CKM_AES_GCM);
	empty(&gcm, sizeof(gcm));
}

static void
test_empty_ccm(void **state)
{
	CK_CCM_MESSAGE_PARAMS p = ccm;

	p.ulDataLen = 0;
	begin(CKM_AES_CCM);
	empty(&p, sizeof(p));
}

static void
test_empty_chacha(void **state)
{
	begin(CKM_CHACHA20_POLY1305);
	empty(&poly, sizeof(poly));
}

/* 6.13.4: CCM was told of more, or of less; the process goes on. */
static void
test_promise(void **state)
{
	static const CK_ULONG wrong[] = { TEXT - 1, TEXT + 1, 0 };
	CK_CCM_MESSAGE_PARAMS p = ccm;
	CK_ULONG size;
	size_t i;

	begin(CKM_AES_CCM);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		p.ulDataLen = wrong[i];
		assert_rv(CKR_DATA_LEN_RANGE, encrypt(&p, sizeof(p), TEXT));
		assert_rv(CKR_ENCRYPTED_DATA_LEN_RANGE,
			  decrypt(&p, sizeof(p), TEXT));
		begin_message(true, &p, sizeof(p));
		size = TEXT;
		assert_rv(CKR_DATA_LEN_RANGE,
			  next(true, &p, sizeof(p), text, TEXT, cipher, &size,
			       CKF_END_OF_MESSAGE));
		begin_message(false, &p, sizeof(p));
		size = TEXT;
		assert_rv(CKR_ENCRYPTED_DATA_LEN_RANGE,
			  next(false, &p, sizeof(p), cipher, TEXT, plain, &size,
			       CKF_END_OF_MESSAGE));
	}
	assert_ok(encrypt(&ccm, sizeof(ccm), TEXT));
	assert_ok(decrypt(&ccm, sizeof(ccm), TEXT));
}

/* "C_EncryptMessage is equivalent to C_EncryptMessageBegin followed by a
 * sequence of C_EncryptMessageNext operations" (5.9.2), and both do what
 * C_Encrypt does; in place (5.9.4, 5.11.4), with the tag right behind. */
static void
test_same(void **state)
{
	CK_GCM_PARAMS whole = { iv, IV, 0, aad, sizeof(aad), 8 * TAG };
	CK_MECHANISM mechanism = { CKM_AES_GCM, &whole, sizeof(whole) };
	CK_GCM_MESSAGE_PARAMS p = gcm;
	CK_BYTE expected[TEXT + TAG];
	CK_ULONG size = sizeof(expected), done = 7;
	CK_OBJECT_HANDLE key = begin(CKM_AES_GCM);

	assert_ok(suite.p11->C_EncryptInit(suite.session, &mechanism, key));
	assert_ok(suite.p11->C_Encrypt(suite.session, text, TEXT, expected,
				       &size));
	assert_int_equal(size, sizeof(expected));
	p.pTag = &cipher[TEXT];
	assert_ok(encrypt(&p, sizeof(p), TEXT));
	assert_memory_equal(cipher, expected, sizeof(expected));
	memcpy(cipher, text, TEXT);
	begin_message(true, &p, sizeof(p));
	assert_ok(next(true, &p, sizeof(p), cipher, 7, cipher, &done, 0));
	assert_int_equal(done, 7);
	size = TEXT - 7;
	assert_ok(next(true, &p, sizeof(p), &cipher[7], TEXT - 7, &cipher[7],
		       &size, CKF_END_OF_MESSAGE));
	assert_memory_equal(cipher, expected, sizeof(expected));
	begin_message(false, &p, sizeof(p));
	size = TEXT;
	assert_ok(next(false, &p, sizeof(p), cipher, TEXT, cipher, &size,
		       CKF_END_OF_MESSAGE));
	assert_memory_equal(cipher, text, TEXT);
}

/* "C_DecryptMessage cannot be called in the middle of a multi-part message
 * decryption operation" (5.11.2); C_MessageDecryptInit ends that as well. */
static void
test_meanwhile(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = TEXT;

	begin(CKM_AES_GCM);
	p11 = suite.p11_3_0;
	assert_ok(encrypt(&gcm, sizeof(gcm), TEXT));
	begin_message(false, &gcm, sizeof(gcm));
	assert_rv(CKR_OPERATION_ACTIVE, decrypt(&gcm, sizeof(gcm), TEXT));
	assert_rv(CKR_OPERATION_ACTIVE,
		  p11->C_DecryptMessageBegin(s, &gcm, sizeof(gcm), NULL, 0));
	assert_rv(CKR_OPERATION_ACTIVE, p11->C_MessageDecryptFinal(s));
	assert_ok(next_gcm(false, cipher, TEXT, plain, &size,
			   CKF_END_OF_MESSAGE));
	assert_memory_equal(plain, text, TEXT);
	begin_message(false, &gcm, sizeof(gcm));
	assert_ok(p11->C_MessageDecryptInit(s, NULL, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  next_gcm(false, cipher, TEXT, plain, &size, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, p11->C_MessageDecryptFinal(s));
	/* and not the other direction */
	assert_ok(encrypt(&gcm, sizeof(gcm), TEXT));
}

/* "flags is set to 0 ... or set to CKF_END_OF_MESSAGE" (5.9.4); an error ends
 * the message, and not the process. */
static void
test_flags(void **state)
{
	CK_ULONG size = TEXT;

	begin(CKM_AES_GCM);
	begin_message(true, &gcm, sizeof(gcm));
	assert_rv(CKR_ARGUMENTS_BAD, next_gcm(true, text, TEXT, cipher, &size,
					      CKF_END_OF_MESSAGE << 1));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  next_gcm(true, text, TEXT, cipher, &size, 0));
	assert_ok(encrypt(&gcm, sizeof(gcm), TEXT));
	begin_message(false, &gcm, sizeof(gcm));
	assert_rv(CKR_ARGUMENTS_BAD,
		  next_gcm(false, cipher, TEXT, plain, NULL, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  next_gcm(false, cipher, TEXT, plain, &size, 0));
	assert_ok(decrypt(&gcm, sizeof(gcm), TEXT));
}

/* 6.13.7: associated data of less than 2^32 bytes; of more, and of a text that
 * its place has no room for, nothing is read. */
static void
test_much(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = TEXT, much = (CK_ULONG)1 << 32;
	CK_RV rv;

	begin(CKM_AES_GCM);
	p11 = suite.p11_3_0;
	rv = p11->C_EncryptMessage(s, &gcm, sizeof(gcm), aad, much, text, TEXT,
				   cipher, &size);
	assert_one_of(rv, CKR_ARGUMENTS_BAD, CKR_MECHANISM_PARAM_INVALID);
	rv = p11->C_DecryptMessageBegin(s, &gcm, sizeof(gcm), aad, much);
	assert_one_of(rv, CKR_ARGUMENTS_BAD, CKR_MECHANISM_PARAM_INVALID);
	rv = p11->C_EncryptMessage(s, &gcm, sizeof(gcm), NULL, 0, text, much,
				   cipher, &size);
	assert_one_of(rv, CKR_BUFFER_TOO_SMALL, CKR_DATA_LEN_RANGE);
	size = TEXT;
	rv = p11->C_DecryptMessage(s, &gcm, sizeof(gcm), NULL, 0, cipher, much,
				   plain, &size);
	assert_one_of(rv, CKR_BUFFER_TOO_SMALL, CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_ok(encrypt(&gcm, sizeof(gcm), TEXT));
}

static const struct CMUnitTest list[] = {
	CASE("/aead/ignored", test_ignored),
	CASE("/aead/constant/gcm", test_constant_gcm),
	CASE("/aead/constant/ccm", test_constant_ccm),
	CASE("/aead/constant/chacha20-poly1305", test_constant_chacha),
	CASE("/aead/empty/gcm", test_empty_gcm),
	CASE("/aead/empty/ccm", test_empty_ccm),
	CASE("/aead/empty/chacha20-poly1305", test_empty_chacha),
	CASE("/aead/promise", test_promise),
	CASE("/aead/same", test_same),
	CASE("/aead/meanwhile", test_meanwhile),
	CASE("/aead/flags", test_flags),
	CASE("/aead/much", test_much),
};

const struct cases aead_cases = CASES("aead", list);
