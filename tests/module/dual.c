/* 5.17: two operations that one call continues. */
#include "suite.h"

enum { TEXT = 40, CIPHER = 48, SUM = 32 };

/* One of the four functions, with what begins and ends each half of it. */
struct family {
	CK_RV (*begin_cipher)(CK_OBJECT_HANDLE key);
	CK_RV (*begin_other)(CK_OBJECT_HANDLE key);
	CK_RV(*update)
	(CK_BYTE *in, CK_ULONG size, CK_BYTE *out, CK_ULONG *out_size);
	CK_RV (*end_cipher)(CK_BYTE *out, CK_ULONG *out_size);
	CK_RV (*end_other)(CK_BYTE *out, CK_ULONG *out_size);
	bool decrypts;
};

static CK_BYTE iv[16] = { 9, 2, 6 };
static CK_BYTE text[TEXT] = "two things are done at once with these.";
static CK_BYTE cipher[CIPHER], out[CIPHER], sum[SUM];
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, sizeof(iv) };
static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 };

#define BEGIN(name, call)                       \
	static CK_RV name(CK_OBJECT_HANDLE key) \
	{                                       \
		return suite.p11->call;         \
	}
#define UPDATE(name, function)                                          \
	static CK_RV name(CK_BYTE *in, CK_ULONG size, CK_BYTE *to,      \
			  CK_ULONG *to_size)                            \
	{                                                               \
		return suite.p11->function(suite.session, in, size, to, \
					   to_size);                    \
	}
#define END(name, function)                                             \
	static CK_RV name(CK_BYTE *to, CK_ULONG *to_size)               \
	{                                                               \
		return suite.p11->function(suite.session, to, to_size); \
	}

BEGIN(encrypt_begin, C_EncryptInit(suite.session, &cbc_pad, key))
BEGIN(decrypt_begin, C_DecryptInit(suite.session, &cbc_pad, key))
BEGIN(digest_begin, C_DigestInit(suite.session, &sha256))
BEGIN(sign_begin, C_SignInit(suite.session, &hmac, key))
BEGIN(verify_begin, C_VerifyInit(suite.session, &hmac, key))
UPDATE(digest_encrypt, C_DigestEncryptUpdate)
UPDATE(decrypt_digest, C_DecryptDigestUpdate)
UPDATE(sign_encrypt, C_SignEncryptUpdate)
UPDATE(decrypt_verify, C_DecryptVerifyUpdate)
END(encrypt_end, C_EncryptFinal)
END(decrypt_end, C_DecryptFinal)
END(digest_end, C_DigestFinal)
END(sign_end, C_SignFinal)

/* The verification gets the MAC that the case has put there. */
static CK_RV
verify_end(CK_BYTE *mac, CK_ULONG *size)
{
	return suite.p11->C_VerifyFinal(suite.session, mac, *size);
}

static const struct family digest_encrypter = { encrypt_begin,	digest_begin,
						digest_encrypt, encrypt_end,
						digest_end,	false };
static const struct family decrypt_digester = { decrypt_begin,	digest_begin,
						decrypt_digest, decrypt_end,
						digest_end,	true };
static const struct family sign_encrypter = { encrypt_begin, sign_begin,
					      sign_encrypt,  encrypt_end,
					      sign_end,	     false };
static const struct family decrypt_verifier = { decrypt_begin,	verify_begin,
						decrypt_verify, decrypt_end,
						verify_end,	true };

static CK_OBJECT_HANDLE aes, mac_key;

static bool
has_key(const struct family *f)
{
	return f->begin_other != digest_begin;
}

/* The text encrypted, and its digest or MAC, one by one. */
static void
prepare(const struct family *f)
{
	CK_ULONG size = CIPHER;

	aes = secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_DECRYPT);
	mac_key = secret_make(CKK_GENERIC_SECRET, 32, CKF_SIGN | CKF_VERIFY);
	assert_ok(encrypt_begin(aes));
	assert_ok(
		suite.p11->C_Encrypt(suite.session, text, TEXT, cipher, &size));
	assert_int_equal(size, CIPHER);
	size = SUM;
	assert_ok(has_key(f) ? sign_begin(mac_key) : digest_begin(0));
	assert_ok(has_key(f) ? suite.p11->C_Sign(suite.session, text, TEXT, sum,
						 &size)
			     : suite.p11->C_Digest(suite.session, text, TEXT,
						   sum, &size));
}

static const struct family *
family_of(void **state)
{
	const struct family *f = *state;

	need_dual();
	need_mechanism(CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_DECRYPT);
	need_mechanism(CKM_SHA256_HMAC, CKF_SIGN | CKF_VERIFY);
	prepare(f);
	return f;
}

static void
begin(const struct family *f)
{
	assert_ok(f->begin_cipher(aes));
	assert_ok(f->begin_other(mac_key));
}

static CK_BYTE *
in_of(const struct family *f)
{
	return f->decrypts ? cipher : text;
}

static CK_ULONG
size_of(const struct family *f)
{
	return f->decrypts ? CIPHER : TEXT;
}

/* Data for the other half alone. */
static void
feed(const struct family *f, CK_BYTE *data, CK_ULONG size)
{
	CK_SESSION_HANDLE s = suite.session;

	if (f == &decrypt_verifier)
		assert_ok(suite.p11->C_VerifyUpdate(s, data, size));
	else if (has_key(f))
		assert_ok(suite.p11->C_SignUpdate(s, data, size));
	else
		assert_ok(suite.p11->C_DigestUpdate(s, data, size));
}

/* The last part of what is decrypted comes with the end, and the other half
 * does not see it: the caller gives it that. */
static void
ends(const struct family *f, CK_ULONG done)
{
	CK_ULONG size = CIPHER - done, sum_size = SUM;
	CK_BYTE own[SUM];

	assert_ok(f->end_cipher(&out[done], &size));
	done += size;
	assert_int_equal(done, f->decrypts ? TEXT : CIPHER);
	assert_memory_equal(out, f->decrypts ? text : cipher, done);
	if (f->decrypts)
		feed(f, &out[done - size], size);
	memcpy(own, sum, SUM);
	assert_ok(f->end_other(own, &sum_size));
	assert_memory_equal(own, sum, SUM);
}

static void
test_both(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = CIPHER, done;

	begin(f);
	assert_ok(f->update(in_of(f), 17, out, &size));
	assert_int_equal(size, 16);
	done = size;
	size = CIPHER - done;
	assert_ok(f->update(in_of(f) + 17, size_of(f) - 17, &out[done], &size));
	ends(f, done + size);
}

/* CKR_OPERATION_NOT_INITIALIZED: "Digest and encryption operations MUST both
 * be active" and so for the others */
static void
test_not_begun(void **state)
{
	const struct family *f = family_of(state);
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;
	CK_ULONG size = CIPHER;

	assert_rv(none, f->update(in_of(f), 16, out, &size));
	assert_ok(f->begin_other(mac_key));
	assert_rv(none, f->update(in_of(f), 16, out, &size));
}

static void
test_half_begun(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = CIPHER;

	assert_ok(f->begin_cipher(aes));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  f->update(in_of(f), 16, out, &size));
}

/* 5.2: neither half has had what did not fit. */
static void
test_length(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = 0, all = 32;

	begin(f);
	assert_ok(f->update(in_of(f), size_of(f), NULL, &size));
	assert_in_range(size, all, all + 16);
	size = all - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  f->update(in_of(f), size_of(f), out, &size));
	assert_in_range(size, all, all + 16);
	size = CIPHER;
	assert_ok(f->update(in_of(f), size_of(f), out, &size));
	assert_int_equal(size, all);
	ends(f, size);
}

static void
test_arguments(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = CIPHER;

	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->update(NULL, 16, out, &size));
}

static void
test_arguments_out(void **state)
{
	const struct family *f = family_of(state);

	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->update(in_of(f), 16, out, NULL));
}

/* "If a C_DigestEncryptUpdate call does not produce encrypted output (because
 * an error occurs ...), then no plaintext is passed to the active digest
 * operation", and so for the others: a counter of one bit is good for two
 * blocks, and here come three. */
static void
test_failed(void **state)
{
	static CK_AES_CTR_PARAMS one_bit = { 1, { 0 } };
	CK_MECHANISM counter = { CKM_AES_CTR, &one_bit, sizeof(one_bit) };
	const struct family *f = family_of(state);
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = CIPHER;
	CK_BYTE own[SUM];

	need_mechanism(CKM_AES_CTR, CKF_ENCRYPT | CKF_DECRYPT);
	assert_ok(f->decrypts ? suite.p11->C_DecryptInit(s, &counter, aes)
			      : suite.p11->C_EncryptInit(s, &counter, aes));
	assert_ok(f->begin_other(mac_key));
	assert_int_not_equal(f->update(cipher, CIPHER, out, &size), CKR_OK);
	/* the other half goes on as if nothing had been */
	feed(f, text, TEXT);
	memcpy(own, sum, SUM);
	size = SUM;
	assert_ok(f->end_other(own, &size));
	assert_memory_equal(own, sum, SUM);
}

/* In place, as each half may be (5.8.3, 5.10.3). */
static void
test_in_place(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = CIPHER;

	begin(f);
	memcpy(out, in_of(f), size_of(f));
	assert_ok(f->update(out, size_of(f), out, &size));
	ends(f, size);
}

/* "may be interspersed with C_DigestUpdate ... and C_EncryptUpdate calls" */
static void
test_interspersed(void **state)
{
	const struct family *f = family_of(state);
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = CIPHER, done;

	begin(f);
	assert_ok(
		f->decrypts
			? suite.p11->C_DecryptUpdate(s, cipher, 32, out, &size)
			: suite.p11->C_EncryptUpdate(s, text, 16, out, &size));
	assert_int_equal(size, 16);
	feed(f, text, 16);
	done = size;
	size = CIPHER - done;
	assert_ok(f->update(in_of(f) + (f->decrypts ? 32 : 16),
			    size_of(f) - (f->decrypts ? 32 : 16), &out[done],
			    &size));
	ends(f, done + size);
}

/* 5.17.4: the verification has to "have been initialized with ...
 * C_VerifyInit" */
static void
test_signature_first(void **state)
{
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	const struct family *f = family_of(state);
	CK_ULONG size = CIPHER;

	assert_ok(f->begin_cipher(aes));
	assert_ok(p->C_VerifySignatureInit(suite.session, &hmac, mac_key, sum,
					   SUM));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  f->update(cipher, CIPHER, out, &size));
	assert_ok(p->C_VerifySignature(suite.session, text, TEXT));
}

#define CASES_OF(name, f)                                                      \
	CASE_OF("/dual/" name, test_both, (void *)&f),                         \
		CASE_OF("/dual/" name "/not-begun", test_not_begun,            \
			(void *)&f),                                           \
		CASE_OF("/dual/" name "/half-begun", test_half_begun,          \
			(void *)&f),                                           \
		CASE_OF("/dual/" name "/length", test_length, (void *)&f),     \
		CASE_OF("/dual/" name "/arguments", test_arguments,            \
			(void *)&f),                                           \
		CASE_OF("/dual/" name "/arguments-out", test_arguments_out,    \
			(void *)&f),                                           \
		CASE_OF("/dual/" name "/failed", test_failed, (void *)&f),     \
		CASE_OF("/dual/" name "/in-place", test_in_place, (void *)&f), \
		CASE_OF("/dual/" name "/interspersed", test_interspersed,      \
			(void *)&f)

static const struct CMUnitTest list[] = {
	CASES_OF("digest-encrypt", digest_encrypter),
	CASES_OF("decrypt-digest", decrypt_digester),
	CASES_OF("sign-encrypt", sign_encrypter),
	CASES_OF("decrypt-verify", decrypt_verifier),
	CASE_OF("/dual/decrypt-verify/signature-first", test_signature_first,
		(void *)&decrypt_verifier),
};

const struct cases dual_cases = CASES("dual", list);
