/* 5.8, 5.10, 6.10 to 6.16, 6.59: ciphers with secret keys, at the limits of
 * their parameters and lengths. */
#include "suite.h"

enum { BLOCK = 16, TAG = 16, TEXT = 48, ROOM = 160 };

static CK_BYTE text[ROOM] =
	"what is said here is of more than one block, and of less than ten, so "
	"that there is always enough of it.";
static CK_BYTE out[ROOM], plain[ROOM];
static CK_BYTE zeros[BLOCK], ones[BLOCK] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
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

static CK_RV
begin(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size, bool encrypt,
      CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = { type, parameter, size };

	return encrypt ? suite.p11->C_EncryptInit(suite.session, &mechanism,
						  key)
		       : suite.p11->C_DecryptInit(suite.session, &mechanism,
						  key);
}

static CK_RV
single(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to, CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_Encrypt(suite.session, in, size, to,
					      to_size)
		       : suite.p11->C_Decrypt(suite.session, in, size, to,
					      to_size);
}

static CK_RV
update(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to, CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_EncryptUpdate(suite.session, in, size, to,
						    to_size)
		       : suite.p11->C_DecryptUpdate(suite.session, in, size, to,
						    to_size);
}

static CK_RV
final(bool encrypt, CK_BYTE *to, CK_ULONG *to_size)
{
	return encrypt ? suite.p11->C_EncryptFinal(suite.session, to, to_size)
		       : suite.p11->C_DecryptFinal(suite.session, to, to_size);
}

static void
begin_with(const struct cipher *c, bool encrypt, CK_OBJECT_HANDLE key)
{
	assert_ok(begin(c->mechanism.mechanism, c->mechanism.pParameter,
			c->mechanism.ulParameterLen, encrypt, key));
}

static void
assert_over(bool encrypt)
{
	CK_ULONG size = ROOM;
	CK_BYTE none[ROOM];

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, final(encrypt, none, &size));
}

static void
assert_param_invalid(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
		     CK_OBJECT_HANDLE key)
{
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  begin(type, parameter, size, true, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  begin(type, parameter, size, false, key));
	assert_over(true);
	assert_over(false);
}

static void
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
	assert_rv(CKR_BUFFER_TOO_SMALL, single(true, text, TEXT, out, &size));
	assert_int_equal(size, c->whole);
	assert_ok(single(true, text, TEXT, out, &size));
	assert_int_equal(size, c->whole);
	begin_with(c, false, key);
	size = TEXT - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  single(false, out, c->whole, plain, &size));
	assert_in_range(size, TEXT, c->whole);
	assert_ok(single(false, out, c->whole, plain, &size));
	assert_int_equal(size, TEXT);
	assert_memory_equal(plain, text, TEXT);
	begin_with(c, false, key);
	size = ROOM;
	assert_ok(update(false, out, c->whole, plain, &size));
	if (!c->proven)
		return;
	assert_int_equal(size, 0);
	size = TEXT - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, final(false, plain, &size));
	assert_in_range(size, TEXT, c->whole);
	assert_ok(final(false, plain, &size));
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
		assert_ok(update(encrypt, place, part, place, &size));
		memcpy(&to[given], place, size);
		given += size;
		done += part;
	}
	size = ROOM - given;
	assert_ok(final(encrypt, &to[given], &size));
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
	assert_ok(single(true, text, TEXT, whole, &size));
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
	assert_ok(final(true, NULL, &size));
	assert_int_equal(size, c->of_nothing);
	size = ROOM;
	assert_ok(final(true, out, &size));
	assert_int_equal(size, c->of_nothing);
	assert_over(true);
	begin_with(c, true, key);
	assert_ok(single(true, text, 0, out, &size));
	assert_int_equal(size, c->of_nothing);
	begin_with(c, false, key);
	assert_ok(single(false, out, size, plain, &back));
	assert_int_equal(back, 0);
	begin_with(c, false, key);
	back = ROOM;
	assert_ok(update(false, out, size, plain, &back));
	assert_int_equal(back, 0);
	back = ROOM;
	assert_ok(final(false, plain, &back));
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
	assert_ok(update(true, text, 17, out, &size));
	size = ROOM;
	assert_ok(update(false, text, 17, out, &size));
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
	assert_ok(single(true, text, TEXT, out, &size));
	out[size - 1] ^= 1;
	memset(plain, 0, ROOM);
	begin_with(c, false, key);
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID,
		  single(false, out, c->whole, plain, &size));
	assert_over(false);
	begin_with(c, false, key);
	size = ROOM;
	assert_ok(update(false, out, c->whole, plain, &size));
	assert_int_equal(size, 0);
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, final(false, plain, &size));
	assert_over(false);
	assert_int_equal(plain[0], 0);
	/* less than a tag */
	begin_with(c, false, key);
	size = ROOM;
	assert_cannot_decrypt(single(false, out, TAG - 1, plain, &size));
}

/* 6.13.7: an IV of 1 byte and more, a tag of 128 bits and less. */
static void
test_gcm(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_GCM);
	CK_MECHANISM_TYPE type = CKM_AES_GCM;
	CK_GCM_PARAMS bad = gcm;

	bad.ulIvLen = 0;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pIv = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pAAD = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.ulTagBits = 129;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulTagBits = 136;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulTagBits = (CK_ULONG)-8;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pAAD = NULL;
	bad.ulAADLen = 0;
	bad.ulIvLen = 1;
	bad.ulIvBits = 0; /* "Do no use ulIvBits" */
	bad.ulTagBits = 96;
	assert_ok(begin(type, &bad, sizeof(bad), true, key));
}

/* 6.13.7: "The length of the AAD can be any number between 0 and 2^32 - 1":
 * nothing is read of more. */
static void
test_gcm_much(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_GCM);
	CK_GCM_PARAMS bad = gcm;

	bad.ulAADLen = (CK_ULONG)1 << 32;
	assert_param_invalid(CKM_AES_GCM, &bad, sizeof(bad), key);
	bad.ulAADLen = (CK_ULONG)-1;
	assert_param_invalid(CKM_AES_GCM, &bad, sizeof(bad), key);
}

/* 6.13.7: nonces of 7 to 13 bytes, which leave the rest of 15 for the length;
 * MACs of 4, 6, ... 16 bytes. */
static void
test_ccm(void **state)
{
	static const CK_ULONG nonces[] = { 0, 6, 14, (CK_ULONG)-1 };
	static const CK_ULONG macs[] = { 0, 2, 5, 15, 18, (CK_ULONG)-2 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CCM);
	CK_MECHANISM_TYPE type = CKM_AES_CCM;
	CK_CCM_PARAMS bad;
	size_t i;

	for (i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
		bad = ccm;
		bad.ulNonceLen = nonces[i];
		assert_param_invalid(type, &bad, sizeof(bad), key);
	}
	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		bad = ccm;
		bad.ulMACLen = macs[i];
		assert_param_invalid(type, &bad, sizeof(bad), key);
	}
	bad = ccm;
	bad.pAAD = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = ccm;
	bad.pNonce = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = ccm;
	bad.ulNonceLen = 13;
	bad.ulDataLen = 1 << 16;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulDataLen--;
	assert_ok(begin(type, &bad, sizeof(bad), true, key));
}

/* 6.13.4: "The total length of data processed must be ulDataLen", and so much
 * with the MAC. */
static void
ccm_promise(CK_OBJECT_HANDLE key, CK_ULONG given)
{
	CK_ULONG size = ROOM;

	begin_with(&aes_ccm, true, key);
	assert_rv(CKR_DATA_LEN_RANGE, single(true, text, given, out, &size));
	assert_over(true);
	begin_with(&aes_ccm, true, key);
	size = ROOM;
	assert_ok(update(true, text, given, out, &size));
	size = ROOM;
	assert_rv(CKR_DATA_LEN_RANGE, final(true, out, &size));
	assert_over(true);
	begin_with(&aes_ccm, false, key);
	size = ROOM;
	assert_cannot_decrypt(single(false, text, given + TAG, out, &size));
	begin_with(&aes_ccm, false, key);
	size = ROOM;
	assert_ok(update(false, text, given + TAG, out, &size));
	size = ROOM;
	assert_cannot_decrypt(final(false, out, &size));
}

static void
test_ccm_promise(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CCM);

	ccm_promise(key, TEXT - 1);
	ccm_promise(key, TEXT + 1);
	ccm_promise(key, 0);
}

/* 6.11.3: "if ulCounterBits = 2 and the counter bits start as 1 then only 3
 * blocks of data can be processed", however wide the counter is. */
static void
counter_overflow(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
		 CK_OBJECT_HANDLE key, CK_ULONG most)
{
	CK_ULONG room = ROOM;

	assert_ok(begin(type, parameter, size, true, key));
	assert_rv(CKR_DATA_LEN_RANGE, single(true, text, most + 1, out, &room));
	assert_over(true);
	assert_ok(begin(type, parameter, size, true, key));
	room = ROOM;
	assert_ok(update(true, text, most, out, &room));
	assert_int_equal(room, most);
	room = ROOM;
	assert_rv(CKR_DATA_LEN_RANGE, update(true, text, 1, out, &room));
	assert_over(true);
	assert_ok(begin(type, parameter, size, false, key));
	room = ROOM;
	assert_cannot_decrypt(single(false, text, most + 1, out, &room));
	assert_ok(begin(type, parameter, size, false, key));
	room = ROOM;
	assert_ok(single(false, out, most, plain, &room));
	assert_int_equal(room, most);
}

static void
test_ctr_overflow(void **state)
{
	static const CK_ULONG wide[] = { 1, 2, 32, 63, 64, 65, 127, 128 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CTR);
	CK_AES_CTR_PARAMS p = { 2, { [15] = 1 } };
	size_t i;

	counter_overflow(CKM_AES_CTR, &p, sizeof(p), key, 3 * BLOCK);
	memcpy(p.cb, ones, BLOCK);
	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		p.ulCounterBits = wide[i];
		counter_overflow(CKM_AES_CTR, &p, sizeof(p), key, BLOCK);
	}
}

/* 6.11.2: "any values outside this range", which is 1 to 128 */
static void
test_ctr_bits(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CTR);
	CK_AES_CTR_PARAMS p = { 0, { 0 } };

	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = 129;
	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = (CK_ULONG)-1;
	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = 128;
	assert_ok(begin(CKM_AES_CTR, &p, sizeof(p), true, key));
}

/* 6.59.5: the counter of the IETF's variant has 32 bits. */
static void
test_chacha_overflow(void **state)
{
	CK_CHACHA20_PARAMS p = { ones, 32, zeros, 96 };

	counter_overflow(CKM_CHACHA20, &p, sizeof(p), key_of(&chacha20), 64);
}

/* 6.59.3: a counter of 32 or 64 bits, with a nonce that goes with it. */
static void
test_chacha(void **state)
{
	CK_OBJECT_HANDLE key = key_of(&chacha20);
	CK_CHACHA20_PARAMS p = { zeros, 33, zeros, 96 };

	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ NULL, 32, zeros, 96 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ zeros, 32, NULL, 96 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ zeros, 32, zeros, 95 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
}

/* 6.16.3: what is wrapped is of whole semiblocks, two at least (RFC 3394),
 * and proven. */
static void
test_wrap_length(void **state)
{
	static const CK_ULONG wrong[] = { 0, 8, 15, 17 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_KEY_WRAP);
	CK_MECHANISM_TYPE type = CKM_AES_KEY_WRAP;
	CK_ULONG size = ROOM;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_ok(begin(type, NULL, 0, true, key));
		size = ROOM;
		assert_rv(CKR_DATA_LEN_RANGE,
			  single(true, text, wrong[i], out, &size));
		assert_ok(begin(type, NULL, 0, false, key));
		size = ROOM;
		assert_cannot_decrypt(
			single(false, text, wrong[i] + 8, plain, &size));
	}
	assert_ok(begin(type, NULL, 0, true, key));
	size = 23;
	assert_rv(CKR_BUFFER_TOO_SMALL, single(true, text, 16, out, &size));
	assert_int_equal(size, 24);
	assert_ok(single(true, text, 16, out, &size));
	out[3] ^= 1;
	assert_ok(begin(type, NULL, 0, false, key));
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID,
		  single(false, out, 24, plain, &size));
}

/* 6.16.2: no IV, or one of 8 bytes; of KWP 4. */
static void
test_wrap_iv(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_KEY_WRAP);

	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 4, key);
	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 7, key);
	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 16, key);
	assert_ok(begin(CKM_AES_KEY_WRAP, zeros, 8, false, key));
	key = aes_key(CKM_AES_KEY_WRAP_KWP);
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  begin(CKM_AES_KEY_WRAP_KWP, zeros, 3, true, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  begin(CKM_AES_KEY_WRAP_KWP, zeros, 8, true, key));
	assert_ok(begin(CKM_AES_KEY_WRAP_KWP, zeros, 4, true, key));
}

/* 6.16.3: "The mechanisms support only single-part operations". */
static void
test_wrap_parts(void **state)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_AES_KEY_WRAP,
						   CKM_AES_KEY_WRAP_KWP };
	CK_ULONG size;
	CK_RV rv;
	size_t i;

	for (i = 0; i < 2; i++) {
		CK_OBJECT_HANDLE key = aes_key(types[i]);

		assert_ok(begin(types[i], NULL, 0, true, key));
		size = ROOM;
		rv = update(true, text, 16, out, &size);
		assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
			      CKR_FUNCTION_NOT_SUPPORTED);
		assert_over(true);
		assert_ok(begin(types[i], NULL, 0, false, key));
		size = ROOM;
		rv = update(false, text, 24, out, &size);
		assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
			      CKR_FUNCTION_NOT_SUPPORTED);
		assert_over(false);
	}
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
	assert_ok(single(true, text, TEXT, out, &size));
	memcpy(&place[1], text, TEXT);
	begin_with(c, true, key);
	size = ROOM;
	assert_ok(single(true, &place[1], TEXT, place, &size));
	assert_memory_equal(place, out, size);
	memcpy(&place[1], out, size);
	begin_with(c, false, key);
	assert_ok(single(false, &place[1], c->whole, &place[2], &size));
	assert_memory_equal(&place[2], text, TEXT);
}

/* 5.1.2, 5.6.2: with the session everything ends that is under way in it. */
static void
test_closed(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CBC);
	CK_ULONG size = ROOM;

	begin_with(&aes_cbc, true, key);
	assert_ok(update(true, text, TEXT, out, &size));
	assert_ok(suite.p11->C_CloseSession(suite.session));
	size = ROOM;
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  update(true, text, TEXT, out, &size));
	assert_rv(CKR_SESSION_HANDLE_INVALID, final(true, out, &size));
	suite.session = session_open(CKF_RW_SESSION);
	assert_over(true);
}

#define CASES_OF(name, c)                                                      \
	CASE_OF("/crypt/" name "/parameter", test_parameter, (void *)&c),      \
		CASE_OF("/crypt/" name "/short", test_short, (void *)&c),      \
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
	CASE("/crypt/gcm/limits", test_gcm),
	CASE("/crypt/gcm/much", test_gcm_much),
	CASE("/crypt/ccm/limits", test_ccm),
	CASE("/crypt/ccm/promise", test_ccm_promise),
	CASE("/crypt/ctr/bits", test_ctr_bits),
	CASE("/crypt/ctr/overflow", test_ctr_overflow),
	CASE("/crypt/chacha20/limits", test_chacha),
	CASE("/crypt/chacha20/overflow", test_chacha_overflow),
	CASE("/crypt/wrap/length", test_wrap_length),
	CASE("/crypt/wrap/iv", test_wrap_iv),
	CASE("/crypt/wrap/parts", test_wrap_parts),
	CASE("/crypt/closed", test_closed),
};

const struct cases crypt_cases = CASES("crypt", list);
