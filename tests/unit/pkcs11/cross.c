/* pkcs11/cross.c, copy.c, wrap.c, kem.c, keys.c: keys that come of keys. */
#include <string.h>

#include "fake.h"
#include "fake_cross.h"

static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE id = 9;
static CK_MECHANISM mechanism = { FAKE_PARTS, NULL, 0 };
static CK_BYTE out[64];

/* What is made, of the session or the token, public that anybody may. */
static CK_ATTRIBUTE of_session[] = {
	{ CKA_TOKEN, &no, 1 },
	{ CKA_PRIVATE, &no, 1 },
	{ CKA_ID, &id, 1 },
};
static CK_ATTRIBUTE of_token[] = {
	{ CKA_TOKEN, &yes, 1 },
	{ CKA_PRIVATE, &no, 1 },
	{ CKA_ID, &id, 1 },
};

static CK_OBJECT_HANDLE
key(void)
{
	return world_find(world_session, CKO_PUBLIC_KEY, 1);
}

static CK_BBOOL
is_of_token(CK_OBJECT_HANDLE object)
{
	CK_BBOOL value = 7;
	CK_ATTRIBUTE token = { CKA_TOKEN, &value, 1 };

	assert_int_equal(C_GetAttributeValue(world_session, object, &token, 1),
			 CKR_OK);
	return value;
}

static CK_RV
unwrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE with, CK_ATTRIBUTE *list,
       CK_OBJECT_HANDLE *made)
{
	return C_UnwrapKey(session, &mechanism, with, (CK_BYTE *)"value", 5,
			   list, 3, made);
}

static CK_OBJECT_HANDLE
secret_make(void)
{
	CK_OBJECT_HANDLE made = 0;

	assert_int_equal(unwrap(world_session, key(), of_session, &made),
			 CKR_OK);
	return made;
}

static void
test_unwrap_bad(void **state)
{
	CK_SESSION_HANDLE ro = world_open(world_slot, 0);
	CK_OBJECT_HANDLE made = 77;

	assert_int_equal(unwrap(world_session, 0, of_session, &made),
			 CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	assert_int_equal(unwrap(world_session, key(), of_session, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(unwrap(ro, key(), of_token, &made),
			 CKR_SESSION_READ_ONLY);
	/* a secret key is private unless the template says otherwise */
	assert_int_equal(C_UnwrapKey(world_session, &mechanism, key(),
				     (CK_BYTE *)"value", 5, of_session, 1,
				     &made),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_UnwrapKey(world_session, &mechanism, key(), NULL, 5,
				     of_session, 3, &made),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_UnwrapKey(world_session, &mechanism, key(), NULL, 0,
				     of_session, 3, &made),
			 CKR_WRAPPED_KEY_LEN_RANGE);
	assert_int_equal(made, 77);
}

/* What the token has unwrapped goes to whom it is for. */
static void
test_unwrap(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);
	CK_OBJECT_HANDLE made = 0;

	assert_int_equal(unwrap(other, key(), of_session, &made), CKR_OK);
	assert_int_equal(is_of_token(made), CK_FALSE);
	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 0);
	assert_int_equal(unwrap(world_session, key(), of_token, &made), CKR_OK);
	assert_int_equal(is_of_token(made), CK_TRUE);
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 1);
}

static void
test_adopt_fails(void **state)
{
	CK_OBJECT_HANDLE made = 77;

	world_token->refuse = CKR_DEVICE_MEMORY;
	assert_int_equal(unwrap(world_session, key(), of_token, &made),
			 CKR_DEVICE_MEMORY);
	assert_int_equal(made, 77);
}

static CK_RV
wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE what, CK_BYTE *to, CK_ULONG *size)
{
	return C_WrapKey(world_session, &mechanism, with, what, to, size);
}

static void
test_wrap(void **state)
{
	CK_OBJECT_HANDLE secret = secret_make();
	CK_ULONG size = sizeof(out);

	assert_int_equal(wrap(0, secret, out, &size),
			 CKR_WRAPPING_KEY_HANDLE_INVALID);
	assert_int_equal(wrap(key(), 0, out, &size), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(wrap(key(), secret, out, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(wrap(key(), secret, NULL, &size), CKR_OK);
	assert_int_equal(size, 6);
	size = 5;
	assert_int_equal(wrap(key(), secret, out, &size), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 6);
	assert_int_equal(wrap(key(), secret, out, &size), CKR_OK);
	assert_memory_equal(out, "\x01value", 6);
}

/* The key's token has no means: the host wraps with what is public of it. */
static void
test_wrap_on_host(void **state)
{
	CK_OBJECT_HANDLE secret = secret_make();
	CK_ULONG size = sizeof(out);

	world_token->public_keys_elsewhere = true;
	assert_int_equal(wrap(key(), secret, out, &size), CKR_OK);
	assert_memory_equal(out, "\x01value", 6);
}

static CK_RV
encapsulate(CK_BYTE *to, CK_ULONG *size, CK_OBJECT_HANDLE *made)
{
	return C_EncapsulateKey(world_session, &mechanism, key(), of_session, 3,
				to, size, made);
}

static void
test_encapsulate(void **state)
{
	CK_OBJECT_HANDLE made = 0;
	CK_ULONG size = 0;

	assert_int_equal(encapsulate(out, NULL, &made), CKR_ARGUMENTS_BAD);
	assert_int_equal(encapsulate(out, &size, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(encapsulate(NULL, &size, &made), CKR_OK);
	assert_int_equal(size, 7);
	size = 6;
	assert_int_equal(encapsulate(out, &size, &made), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 7);
	/* there is no key as long as there is no ciphertext */
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 0);
	world_token->public_keys_elsewhere = true;
	assert_int_equal(encapsulate(out, &size, &made), CKR_OK);
	assert_memory_equal(out, "\x01sealed", 7);
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 1);
}

static void
test_decapsulate(void **state)
{
	CK_OBJECT_HANDLE made = 0;

	assert_int_equal(C_DecapsulateKey(world_session, &mechanism, 0,
					  of_session, 3, out, 5, &made),
			 CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	assert_int_equal(C_DecapsulateKey(world_session, &mechanism, key(),
					  of_session, 3, NULL, 5, &made),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_DecapsulateKey(world_session, &mechanism, key(),
					  of_session, 3, out, 5, &made),
			 CKR_OK);
	assert_int_equal(is_of_token(made), CK_FALSE);
}

static CK_RV
derive(CK_OBJECT_HANDLE *other, CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *made)
{
	CK_MECHANISM hkdf = { FAKE_DERIVE, other,
			      other == NULL ? 0 : sizeof(*other) };

	return C_DeriveKey(world_session, &hkdf, base, of_session, 3, made);
}

static void
test_derive_bad(void **state)
{
	CK_OBJECT_HANDLE nothing = 12345, made = 77;

	assert_int_equal(C_DeriveKey(world_session, &mechanism, key(),
				     of_session, 3, &made),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(derive(NULL, 0, &made), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(derive(&nothing, key(), &made),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(derive(NULL, key(), NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(made, 77);
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 0);
}

/* The second key may be anybody's, and the results go where they belong. */
static void
test_derive(void **state)
{
	CK_OBJECT_HANDLE other = secret_make(), made = 0, second = 0;
	CK_BYTE label[8];
	CK_ATTRIBUTE of_other = { CKA_LABEL, label, sizeof(label) };

	cross_second = &second;
	assert_int_equal(derive(&other, key(), &made), CKR_OK);
	cross_second = NULL;
	assert_int_equal(is_of_token(made), CK_FALSE);
	assert_int_equal(is_of_token(second), CK_FALSE);
	assert_int_not_equal(made, second);
	assert_int_equal(C_GetAttributeValue(world_session, made, &of_other, 1),
			 CKR_OK);
	assert_int_equal(of_other.ulValueLen, 5);
	assert_memory_equal(label, "value", 5);
}

/* The token is a card, which computes and makes nothing. */
static unsigned agreed;

static CK_RV
card_agree(struct token *t, const struct derivation *d, struct builder *secret)
{
	agreed++;
	assert_non_null(d->surrender);
	builder_text(secret, "secret");
	return fake_of(t)->refuse;
}

static CK_OBJECT_HANDLE
card_key(CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	static struct token_ops ops;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_ID, &id, 1 },
	};
	CK_OBJECT_HANDLE made = 0;

	assert_int_equal(C_CreateObject(world_session, list, 5, &made), CKR_OK);
	ops = *world_token->token.ops;
	ops.derive = NULL;
	ops.agree = card_agree;
	world_token->token.ops = &ops;
	agreed = 0;
	return made;
}

static void
test_agree_bad(void **state)
{
	CK_ATTRIBUTE twice[] = { of_session[0], of_token[0], of_session[1] };
	CK_MECHANISM ecdh = { FAKE_DERIVE, NULL, 0 };
	CK_OBJECT_HANDLE made = 77;

	assert_int_equal(derive(NULL, card_key(CKO_PUBLIC_KEY, CKK_EC), &made),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(derive(NULL, card_key(CKO_PRIVATE_KEY, CKK_RSA),
				&made),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(C_DeriveKey(world_session, &ecdh,
				     card_key(CKO_PRIVATE_KEY, CKK_EC), twice,
				     3, &made),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(agreed, 0);
	world_token->refuse = CKR_DEVICE_ERROR;
	assert_int_equal(derive(NULL, card_key(CKO_PRIVATE_KEY, CKK_EC), &made),
			 CKR_DEVICE_ERROR);
	assert_int_equal(agreed, 1);
	assert_int_equal(made, 77);
	assert_int_equal(world_count(world_session, CKO_SECRET_KEY), 0);
}

/* The host makes the key of what the card computed. */
static void
test_agree(void **state)
{
	CK_OBJECT_HANDLE base = card_key(CKO_PRIVATE_KEY, CKK_EC), made = 0;
	CK_BYTE value[8];
	CK_ATTRIBUTE secret = { CKA_VALUE, value, sizeof(value) };
	CK_ATTRIBUTE open[] = { of_session[0], of_session[1],
				{ CKA_SENSITIVE, &no, 1 },
				{ CKA_EXTRACTABLE, &yes, 1 } };
	CK_MECHANISM ecdh = { FAKE_DERIVE, NULL, 0 };

	assert_int_equal(
		C_DeriveKey(world_session, &ecdh, base, open, 4, &made),
		CKR_OK);
	assert_int_equal(agreed, 1);
	assert_int_equal(is_of_token(made), CK_FALSE);
	assert_int_equal(C_GetAttributeValue(world_session, made, &secret, 1),
			 CKR_OK);
	assert_int_equal(secret.ulValueLen, 6);
	assert_memory_equal(value, "secret", 6);
}

/* 5.7.2: from a session to the token and back. */
static void
test_copy(void **state)
{
	CK_SESSION_HANDLE ro = world_open(world_slot, 0);
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_TOKEN, &no, 1 } };
	CK_OBJECT_HANDLE object, made = 0;

	assert_int_equal(C_CreateObject(world_session, list, 3, &object),
			 CKR_OK);
	assert_int_equal(C_CopyObject(world_session, 0, NULL, 0, &made),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(C_CopyObject(world_session, object, NULL, 0, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_CopyObject(ro, object, of_token, 1, &made),
			 CKR_SESSION_READ_ONLY);
	assert_int_equal(C_CopyObject(ro, object, NULL, 0, &made), CKR_OK);
	assert_int_equal(is_of_token(made), CK_FALSE);
	assert_int_equal(
		C_CopyObject(world_session, object, of_token, 1, &made),
		CKR_OK);
	assert_int_equal(is_of_token(made), CK_TRUE);
	assert_int_equal(world_count(world_session, CKO_DATA), 3);
}

static void
test_generate(void **state)
{
	CK_MECHANISM keygen = { FAKE_KEYGEN, NULL, 0 };
	CK_OBJECT_HANDLE made = 0;

	assert_int_equal(
		C_GenerateKey(world_session, &mechanism, of_session, 3, &made),
		CKR_MECHANISM_INVALID);
	assert_int_equal(
		C_GenerateKey(world_session, &keygen, of_session, 3, NULL),
		CKR_ARGUMENTS_BAD);
	assert_int_equal(
		C_GenerateKey(world_session, &keygen, of_session, 1, &made),
		CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(
		C_GenerateKey(world_session, &keygen, of_session, 3, &made),
		CKR_OK);
	assert_int_equal(is_of_token(made), CK_FALSE);
}

/* 5.12.4 */
static void
test_digest_key(void **state)
{
	CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
	CK_OBJECT_HANDLE secret = secret_make();
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_DigestKey(world_session, secret),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(C_DigestKey(world_session, 0), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(C_DigestKey(world_session, key()),
			 CKR_KEY_INDIGESTIBLE);
	assert_int_equal(C_DigestKey(world_session, secret), CKR_OK);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
	assert_int_equal(out[0], (CK_BYTE)('v' + 'a' + 'l' + 'u' + 'e'));
}

/* 5.7.4: of a secret key what may be seen. */
static void
test_size(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_VALUE, (void *)"value", 5 } };
	CK_OBJECT_HANDLE object;
	CK_ULONG size = 0;

	assert_int_equal(C_GetObjectSize(world_session, 0, &size),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(C_GetObjectSize(world_session, secret_make(), NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetObjectSize(world_session, secret_make(), &size),
			 CKR_OK);
	assert_int_equal(size, sizeof(id));
	assert_int_equal(C_CreateObject(world_session, list, 2, &object),
			 CKR_OK);
	assert_int_equal(C_GetObjectSize(world_session, object, &size), CKR_OK);
	assert_int_equal(size, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/cross/unwrap/bad", test_unwrap_bad),
		CASE("/pkcs11/cross/unwrap", test_unwrap),
		CASE("/pkcs11/cross/adopt-fails", test_adopt_fails),
		CASE("/pkcs11/cross/wrap", test_wrap),
		CASE("/pkcs11/cross/wrap/on-host", test_wrap_on_host),
		CASE("/pkcs11/cross/encapsulate", test_encapsulate),
		CASE("/pkcs11/cross/decapsulate", test_decapsulate),
		CASE("/pkcs11/cross/derive/bad", test_derive_bad),
		CASE("/pkcs11/cross/derive", test_derive),
		CASE("/pkcs11/cross/agree/bad", test_agree_bad),
		CASE("/pkcs11/cross/agree", test_agree),
		CASE("/pkcs11/cross/copy", test_copy),
		CASE("/pkcs11/cross/generate", test_generate),
		CASE("/pkcs11/cross/digest-key", test_digest_key),
		CASE("/pkcs11/cross/size", test_size),
	};

	return cmocka_run_group_tests_name("/pkcs11/cross", tests, NULL, NULL);
}
