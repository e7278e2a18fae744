/*
 * cryptoki.h in one source file with p11-kit's headers, as C and as C++: after
 * them with P11_KIT_FIRST, else before.
 *
 * That the structures agree is in facts.py, whose assertions hold in both
 * orders: on our structures in one, on p11-kit's in the other.
 */

#include <assert.h>

/* p11-kit/iter.h names a parameter "template". */
#ifndef __cplusplus
#define P11_KIT_FUTURE_UNSTABLE_API 1
#endif

/* Not all, for five return values are wrong in p11-kit 0.24. */
#define SAME_VALUES(X)                       \
	X(CKA_CLASS)                         \
	X(CKA_VALUE)                         \
	X(CKA_ID)                            \
	X(CKA_PUBLIC_KEY_INFO)               \
	X(CKA_EC_POINT)                      \
	X(CKA_ALWAYS_AUTHENTICATE)           \
	X(CKA_WRAP_TEMPLATE)                 \
	X(CKA_ALLOWED_MECHANISMS)            \
	X(CKF_TOKEN_PRESENT)                 \
	X(CKF_PROTECTED_AUTHENTICATION_PATH) \
	X(CKF_USER_PIN_LOCKED)               \
	X(CKF_SO_PIN_TO_BE_CHANGED)          \
	X(CKF_SERIAL_SESSION)                \
	X(CKF_SIGN)                          \
	X(CKF_DERIVE)                        \
	X(CKF_EC_UNCOMPRESS)                 \
	X(CKF_OS_LOCKING_OK)                 \
	X(CKK_EC)                            \
	X(CKK_EC_EDWARDS)                    \
	X(CKK_AES)                           \
	X(CKM_RSA_PKCS_PSS)                  \
	X(CKM_SHA512_RSA_PKCS)               \
	X(CKM_ECDSA_SHA384)                  \
	X(CKM_EDDSA)                         \
	X(CKM_AES_KEY_WRAP_PAD)              \
	X(CKO_PRIVATE_KEY)                   \
	X(CKR_BUFFER_TOO_SMALL)              \
	X(CKR_PIN_LOCKED)                    \
	X(CKR_USER_NOT_LOGGED_IN)            \
	X(CKR_CRYPTOKI_ALREADY_INITIALIZED)  \
	X(CKR_FUNCTION_REJECTED)             \
	X(CKS_RW_SO_FUNCTIONS)               \
	X(CKU_CONTEXT_SPECIFIC)              \
	X(CK_INVALID_HANDLE)

#ifdef P11_KIT_FIRST
#include <p11-kit/pkcs11.h>
#include <p11-kit/pkcs11x.h>

#define THEIR_VALUE(name) their_##name = name,
enum { SAME_VALUES(THEIR_VALUE) their_values };
#endif

#include "cryptoki.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pin.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/pkcs11x.h>
#include <p11-kit/remote.h>
#include <p11-kit/uri.h>
#ifndef __cplusplus
#include <p11-kit/iter.h>
#endif

#include "cryptoki.h"

#ifdef P11_KIT_FIRST
#define SAME(name) static_assert((name) == their_##name, #name);
SAME_VALUES(SAME)
#endif

/* Where they differ, the value is ours. */
static_assert(CKR_EXCEEDED_MAX_ITERATIONS == 0x1b5, "wrong in 0.24");
static_assert(CKR_PUBLIC_KEY_INVALID == 0x1b9, "wrong in 0.24");
static_assert(CKA_TRUST_SERVER_AUTH == 0x62c, "an NSS name in 0.25");
static_assert(CRYPTOKI_VERSION_MAJOR == 3, "ours");
static_assert(CRYPTOKI_VERSION_MINOR == 2, "ours");

/* What p11-kit returns and takes has the types of cryptoki.h. */
CK_RV
beside_types(P11KitUri *uri, CK_ATTRIBUTE *attribute);

CK_RV
beside_types(P11KitUri *uri, CK_ATTRIBUTE *attribute)
{
	CK_FUNCTION_LIST **modules = p11_kit_modules_load(NULL_PTR, 0);
	CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri);
	CK_C_GetInfo get_info = modules[0]->C_GetInfo;
	CK_INFO info;
	CK_RV rv = get_info(&info);

	if (rv != CKR_OK || !p11_kit_uri_match_module_info(uri, &info))
		return rv;
	p11_kit_uri_set_attribute(uri, attribute);
	return token->flags & CKF_LOGIN_REQUIRED ? CKR_PIN_INCORRECT : CKR_OK;
}

/* What the oldest p11-kit lacks is there. */
CK_RV
beside_newer(CK_FUNCTION_LIST_3_0 *list, CK_INTERFACE *interface_3_2);

CK_RV
beside_newer(CK_FUNCTION_LIST_3_0 *list, CK_INTERFACE *interface_3_2)
{
	CK_FUNCTION_LIST_3_2_PTR newest =
		(CK_FUNCTION_LIST_3_2_PTR)interface_3_2->pFunctionList;
	CK_SIGN_ADDITIONAL_CONTEXT context = { CKH_HEDGE_REQUIRED, NULL_PTR,
					       0 };
	CK_MECHANISM mechanism = { CKM_ML_DSA, &context, sizeof(context) };
	CK_ASYNC_DATA result;
	CK_RV rv;

	rv = list->C_MessageSignInit(1, &mechanism, CK_INVALID_HANDLE);
	if (rv != CKR_OK)
		return rv;
	return newest->C_AsyncComplete(1, NULL_PTR, &result);
}
