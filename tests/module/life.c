/* How operations live and end: 5.2 on lengths, and what C_Encrypt (5.8),
 * C_Decrypt (5.10), C_Digest (5.12) and C_Sign (5.13), their updates and finals
 * have in common. */
#include "suite.h"

enum { ROOM = 320, TEXT = 33, CIPHER = 48 };

/* One family of functions: an operation on a text that is longer than two
 * blocks, in one go or in parts. */
struct family {
	CK_RV (*begin)(CK_OBJECT_HANDLE key);
	CK_RV(*single)
	(CK_BYTE *in, CK_ULONG size, CK_BYTE *out, CK_ULONG *out_size);
	CK_RV(*update)
	(CK_BYTE *in, CK_ULONG size, CK_BYTE *out, CK_ULONG *out_size);
	CK_RV (*final)(CK_BYTE *out, CK_ULONG *out_size);
	CK_KEY_TYPE key;
	CK_FLAGS usage;
	CK_MECHANISM_TYPE mechanism;
	CK_BYTE *in;
	CK_ULONG in_size;
	/* of what comes: of all at once, of an update, of the end */
	CK_ULONG whole, part, rest;
};

static CK_BYTE iv[16] = { 3, 1, 4 },
	       text[TEXT] = "thirty-three bytes of text......";
static CK_BYTE cipher[CIPHER], out[ROOM];
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, sizeof(iv) };
static CK_MECHANISM cbc = { CKM_AES_CBC, iv, sizeof(iv) };
static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
static CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 };

/* The functions with the case's session left out, an output that some lack
 * left in. */
#define IN_OUT(name, call)                                         \
	static CK_RV name(CK_BYTE *in, CK_ULONG size, CK_BYTE *to, \
			  CK_ULONG *to_size)                       \
	{                                                          \
		return suite.p11->call;                            \
	}
#define ONLY_OUT(name, call)                                        \
	static CK_RV name(CK_BYTE *to, CK_ULONG *to_size)           \
	{                                                           \
		return suite.p11->call(suite.session, to, to_size); \
	}
#define BEGIN(name, call)                       \
	static CK_RV name(CK_OBJECT_HANDLE key) \
	{                                       \
		return suite.p11->call;         \
	}

BEGIN(encrypt_begin, C_EncryptInit(suite.session, &cbc_pad, key))
IN_OUT(encrypt_single, C_Encrypt(suite.session, in, size, to, to_size))
IN_OUT(encrypt_update, C_EncryptUpdate(suite.session, in, size, to, to_size))
ONLY_OUT(encrypt_final, C_EncryptFinal)
BEGIN(decrypt_begin, C_DecryptInit(suite.session, &cbc_pad, key))
IN_OUT(decrypt_single, C_Decrypt(suite.session, in, size, to, to_size))
IN_OUT(decrypt_update, C_DecryptUpdate(suite.session, in, size, to, to_size))
ONLY_OUT(decrypt_final, C_DecryptFinal)
BEGIN(digest_begin, C_DigestInit(suite.session, &sha256))
IN_OUT(digest_single, C_Digest(suite.session, in, size, to, to_size))
IN_OUT(digest_update, C_DigestUpdate(suite.session, in, size))
ONLY_OUT(digest_final, C_DigestFinal)
BEGIN(rsa_begin, C_SignInit(suite.session, &rsa, key))
BEGIN(sign_begin, C_SignInit(suite.session, &hmac, key))
IN_OUT(sign_single, C_Sign(suite.session, in, size, to, to_size))
IN_OUT(sign_update, C_SignUpdate(suite.session, in, size))
ONLY_OUT(sign_final, C_SignFinal)

static const struct family encrypt = {
	encrypt_begin,
	encrypt_single,
	encrypt_update,
	encrypt_final,
	CKK_AES,
	CKF_ENCRYPT,
	CKM_AES_CBC_PAD,
	text,
	TEXT,
	CIPHER,
	32,
	16,
};
static const struct family decrypt = {
	decrypt_begin,
	decrypt_single,
	decrypt_update,
	decrypt_final,
	CKK_AES,
	CKF_DECRYPT,
	CKM_AES_CBC_PAD,
	cipher,
	CIPHER,
	TEXT,
	32,
	1,
};
static const struct family digest = {
	digest_begin, digest_single, digest_update, digest_final, 0, CKF_DIGEST,
	CKM_SHA256,   text,	     TEXT,	    32,		  0, 32,
};
static const struct family sign = {
	sign_begin,
	sign_single,
	sign_update,
	sign_final,
	CKK_GENERIC_SECRET,
	CKF_SIGN,
	CKM_SHA256_HMAC,
	text,
	TEXT,
	32,
	0,
	32,
};

static const struct family rsa_sign = {
	rsa_begin,
	sign_single,
	sign_update,
	sign_final,
	CKK_RSA,
	CKF_SIGN,
	CKM_SHA256_RSA_PKCS,
	text,
	TEXT,
	256,
	0,
	256,
};

static void
cipher_make(void)
{
	CK_ULONG size = CIPHER;

	assert_ok(encrypt_begin(secret_make(CKK_AES, 16, CKF_ENCRYPT)));
	assert_ok(encrypt_single(text, TEXT, cipher, &size));
	assert_int_equal(size, CIPHER);
}

/* Skips the case when the token has no such operation. */
static const struct family *
family_of(void **state)
{
	const struct family *f = *state;

	need_mechanism(f->mechanism, f->usage);
	if (f == &decrypt) {
		need_mechanism(f->mechanism, CKF_ENCRYPT);
		cipher_make();
	}
	return f;
}

static CK_OBJECT_HANDLE
key_of(const struct family *f)
{
	if (f == &digest)
		return CK_INVALID_HANDLE;
	if (f == &rsa_sign &&
	    session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	if (f == &rsa_sign)
		return object_get(CKO_PRIVATE_KEY, suite.rsa);
	return secret_make(f->key, f->key == CKK_AES ? 16 : 32, f->usage);
}

static void
begin(const struct family *f)
{
	assert_ok(f->begin(key_of(f)));
}

static void
assert_over(const struct family *f)
{
	CK_ULONG size = ROOM;
	CK_BYTE other[ROOM];

	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  f->single(f->in, f->in_size, other, &size));
}

/* CKR_OPERATION_NOT_INITIALIZED */
static void
test_not_begun(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = ROOM;

	assert_over(f);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  f->update(f->in, f->in_size, out, &size));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, f->final(out, &size));
}

/* 5.2: a length that suffices, "not by a large amount" too long; what is too
 * small costs nothing but another call; the end comes with the output. */
static void
test_length(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = 0;

	begin(f);
	assert_ok(f->single(f->in, f->in_size, NULL, &size));
	assert_in_range(size, f->whole, f->whole + 16);
	size = f->whole - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  f->single(f->in, f->in_size, out, &size));
	assert_in_range(size, f->whole, f->whole + 16);
	size = ROOM;
	assert_ok(f->single(f->in, f->in_size, out, &size));
	assert_int_equal(size, f->whole);
	assert_over(f);
}

static void
test_length_update(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = 0;

	begin(f);
	assert_ok(f->update(f->in, f->in_size, NULL, &size));
	assert_in_range(size, f->part, f->part + 16);
	size = f->part - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  f->update(f->in, f->in_size, out, &size));
	assert_in_range(size, f->part, f->part + 16);
	size = ROOM;
	assert_ok(f->update(f->in, f->in_size, out, &size));
	assert_int_equal(size, f->part);
	size = ROOM;
	assert_ok(f->final(out, &size));
	assert_int_equal(size, f->rest);
	assert_over(f);
}

static void
test_length_final(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = ROOM;

	begin(f);
	assert_ok(f->update(f->in, f->in_size, out, &size));
	size = 0;
	assert_ok(f->final(NULL, &size));
	assert_in_range(size, f->rest, f->rest + 16);
	size = f->rest - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, f->final(out, &size));
	assert_in_range(size, f->rest, f->rest + 16);
	size = ROOM;
	assert_ok(f->final(out, &size));
	assert_int_equal(size, f->rest);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, f->final(out, &size));
	assert_over(f);
}

/* Parts of any size, none among them, come to the same as the whole. */
static void
test_parts(void **state)
{
	static const CK_ULONG parts[] = { 0, 1, 16, 0, 15 };
	const struct family *f = family_of(state);
	CK_BYTE together[ROOM];
	CK_ULONG size = ROOM, used = 0, done = 0;
	size_t i;

	begin(f);
	assert_ok(f->single(f->in, f->in_size, out, &size));
	begin(f);
	for (i = 0; i <= sizeof(parts) / sizeof(parts[0]); i++) {
		CK_ULONG part = i < 5 ? parts[i] : f->in_size - used;

		size = f->part > 0 ? ROOM - done : 0;
		assert_ok(
			f->update(&f->in[used], part, &together[done], &size));
		used += part;
		done += size;
	}
	size = ROOM - done;
	assert_ok(f->final(&together[done], &size));
	assert_int_equal(done + size, f->whole);
	assert_memory_equal(out, together, f->whole);
}

/* "C_... cannot be used to terminate a multi-part operation" */
static void
test_single_after_update(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = ROOM;
	CK_RV rv;

	begin(f);
	assert_ok(f->update(f->in, 1, out, &size));
	size = ROOM;
	rv = f->single(f->in, f->in_size, out, &size);
	assert_one_of(rv, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED);
}

/* CKR_ARGUMENTS_BAD; a call that fails ends the operation, whatever it
 * fails of. */
static void
test_arguments(void **state)
{
	const struct family *f = family_of(state);
	CK_ULONG size = ROOM;

	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->single(NULL, 4, out, &size));
	assert_over(f);
	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->single(f->in, f->in_size, out, NULL));
	assert_over(f);
	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->update(NULL, 4, out, &size));
	assert_over(f);
	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->final(out, NULL));
	assert_over(f);
}

static void
test_arguments_update(void **state)
{
	const struct family *f = family_of(state);

	begin(f);
	assert_rv(CKR_ARGUMENTS_BAD, f->update(f->in, f->in_size, out, NULL));
	assert_over(f);
}

/* "The input and output can be in the same place" */
static void
test_in_place(void **state)
{
	const struct family *f = family_of(state);
	CK_BYTE place[ROOM], apart[ROOM];
	CK_ULONG size = ROOM;

	begin(f);
	assert_ok(f->single(f->in, f->in_size, apart, &size));
	memcpy(place, f->in, f->in_size);
	begin(f);
	size = ROOM;
	assert_ok(f->single(place, f->in_size, place, &size));
	assert_memory_equal(place, apart, f->whole);
}

/* Without padding it has to be whole blocks: CKR_DATA_LEN_RANGE. */
static void
test_encrypt_length(void **state)
{
	CK_ULONG size = ROOM;
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_AES_CBC, CKF_ENCRYPT);
	key = secret_make(CKK_AES, 16, CKF_ENCRYPT);
	assert_ok(suite.p11->C_EncryptInit(suite.session, &cbc, key));
	assert_rv(CKR_DATA_LEN_RANGE, encrypt_single(text, TEXT, out, &size));
	assert_over(&encrypt);
	assert_ok(suite.p11->C_EncryptInit(suite.session, &cbc, key));
	size = ROOM;
	assert_ok(encrypt_update(text, TEXT, out, &size));
	assert_int_equal(size, 32);
	size = ROOM;
	assert_rv(CKR_DATA_LEN_RANGE, encrypt_final(out, &size));
	assert_over(&encrypt);
}

static void
assert_encrypted_wrong(CK_RV rv)
{
	assert_one_of(rv, CKR_ENCRYPTED_DATA_LEN_RANGE,
		      CKR_ENCRYPTED_DATA_INVALID);
	assert_over(&decrypt);
}

/* "If the input ciphertext data cannot be decrypted because it has an
 * inappropriate length" */
static void
test_decrypt_length(void **state)
{
	CK_ULONG size = ROOM;
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_AES_CBC, CKF_DECRYPT);
	key = secret_make(CKK_AES, 16, CKF_DECRYPT);
	assert_ok(suite.p11->C_DecryptInit(suite.session, &cbc, key));
	assert_encrypted_wrong(decrypt_single(cipher, 31, out, &size));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &cbc, key));
	size = ROOM;
	assert_ok(decrypt_update(cipher, 31, out, &size));
	assert_int_equal(size, 16);
	size = ROOM;
	assert_encrypted_wrong(decrypt_final(out, &size));
}

/* CKR_ENCRYPTED_DATA_INVALID: padding that is none. The last block but one is
 * what the last is combined with. */
static void
test_decrypt_padding(void **state)
{
	const struct family *f = &decrypt;
	CK_ULONG size = ROOM;

	need_mechanism(CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_DECRYPT);
	cipher_make();
	cipher[31] ^= 0x40;
	begin(f);
	assert_rv(CKR_ENCRYPTED_DATA_INVALID,
		  f->single(cipher, CIPHER, out, &size));
	assert_over(f);
	begin(f);
	size = ROOM;
	assert_ok(f->update(cipher, CIPHER, out, &size));
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, f->final(out, &size));
	assert_over(f);
}

#define CASES_OF(name, f)                                                  \
	CASE_OF("/life/" name "/not-begun", test_not_begun, (void *)&f),   \
		CASE_OF("/life/" name "/length", test_length, (void *)&f), \
		CASE_OF("/life/" name "/length-final", test_length_final,  \
			(void *)&f),                                       \
		CASE_OF("/life/" name "/parts", test_parts, (void *)&f),   \
		CASE_OF("/life/" name "/single-after-update",              \
			test_single_after_update, (void *)&f),             \
		CASE_OF("/life/" name "/arguments", test_arguments,        \
			(void *)&f),                                       \
		CASE_OF("/life/" name "/in-place", test_in_place, (void *)&f)
#define CASES_OF_CIPHER(name, f)                                            \
	CASES_OF(name, f),                                                  \
		CASE_OF("/life/" name "/length-update", test_length_update, \
			(void *)&f),                                        \
		CASE_OF("/life/" name "/arguments-update",                  \
			test_arguments_update, (void *)&f)

static const struct CMUnitTest list[] = {
	CASES_OF_CIPHER("encrypt", encrypt),
	CASES_OF_CIPHER("decrypt", decrypt),
	CASES_OF("digest", digest),
	CASES_OF("sign", sign),
	CASES_OF("rsa-sign", rsa_sign),
	CASE("/life/encrypt/data-length", test_encrypt_length),
	CASE("/life/decrypt/data-length", test_decrypt_length),
	CASE("/life/decrypt/padding", test_decrypt_padding),
};

const struct cases life_cases = CASES("life", list);
