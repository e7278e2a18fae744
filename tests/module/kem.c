/* 5.18.8, 5.18.9: what C_EncapsulateKey and C_DecapsulateKey refuse, which
 * tokens without such a mechanism do as well. With one see pqc.py. */
#include "suite.h"

enum { BLOCK = 256 };

static CK_BYTE out[BLOCK];

static void
test_encapsulate(void **state)
{
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_MECHANISM other = { CKM_SHA256, NULL, 0 };
	CK_FUNCTION_LIST_3_2 *p11 = need_3_2();
	CK_OBJECT_HANDLE key = rsa_public_copy(suite.rsa, CKF_ENCRYPT);
	CK_SESSION_HANDLE s = suite.session, ro = session_open(0);
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE public[] = { { CKA_PRIVATE, &no, 1 },
				  { CKA_TOKEN, &yes, 1 } };
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, 1 };
	CK_ULONG size = BLOCK;

#define ENCAPSULATE(session, mechanism, key, list, count)                \
	p11->C_EncapsulateKey(session, mechanism, key, list, count, out, \
			      &size, &made)
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  ENCAPSULATE(0, &unknown, key, public, 1));
	assert_rv(CKR_ARGUMENTS_BAD, ENCAPSULATE(s, NULL, key, public, 1));
	assert_rv(CKR_ARGUMENTS_BAD, ENCAPSULATE(s, &unknown, key, NULL, 1));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p11->C_EncapsulateKey(s, &unknown, key, public, 1, out, NULL,
					&made));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  ENCAPSULATE(s, &unknown, 0, public, 1));
	assert_rv(CKR_MECHANISM_INVALID,
		  ENCAPSULATE(s, &unknown, key, public, 1));
	assert_rv(CKR_MECHANISM_INVALID,
		  ENCAPSULATE(s, &other, key, public, 1));
	assert_rv(CKR_SESSION_READ_ONLY,
		  ENCAPSULATE(ro, &unknown, key, public, 2));
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  ENCAPSULATE(s, &unknown, key, &private, 1));
#undef ENCAPSULATE
	assert_int_equal(made, CK_INVALID_HANDLE);
}

static void
test_decapsulate(void **state)
{
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_MECHANISM other = { CKM_SHA256, NULL, 0 };
	CK_FUNCTION_LIST_3_2 *p11 = need_3_2();
	CK_SESSION_HANDLE s = suite.session, ro = session_open(0);
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE, key;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE public[] = { { CKA_PRIVATE, &no, 1 },
				  { CKA_TOKEN, &yes, 1 } };
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, 1 };

#define DECAPSULATE(session, mechanism, key, list, count)                \
	p11->C_DecapsulateKey(session, mechanism, key, list, count, out, \
			      BLOCK, &made)
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  DECAPSULATE(s, &unknown, 0, &private, 1));
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.decrypt);
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  DECAPSULATE(0, &unknown, key, public, 1));
	assert_rv(CKR_ARGUMENTS_BAD, DECAPSULATE(s, NULL, key, public, 1));
	assert_rv(CKR_ARGUMENTS_BAD, DECAPSULATE(s, &unknown, key, NULL, 1));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p11->C_DecapsulateKey(s, &unknown, key, public, 1, NULL,
					BLOCK, &made));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  DECAPSULATE(s, &unknown, 0, public, 1));
	assert_rv(CKR_MECHANISM_INVALID,
		  DECAPSULATE(s, &unknown, key, public, 1));
	assert_rv(CKR_MECHANISM_INVALID,
		  DECAPSULATE(s, &other, key, public, 1));
	assert_rv(CKR_SESSION_READ_ONLY,
		  DECAPSULATE(ro, &unknown, key, public, 2));
#undef DECAPSULATE
	assert_int_equal(made, CK_INVALID_HANDLE);
}

static const struct CMUnitTest list[] = {
	CASE("/kem/encapsulate", test_encapsulate),
	CASE("/kem/decapsulate", test_decapsulate),
};

const struct cases kem_cases = CASES("kem", list);
