/* Keys for the cases: objects of the session, public unless they are private
 * keys, so that they can be made without a login and on cards as well. A token
 * that cannot make one (5.7.1) makes the case not applicable. */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

CK_BYTE digest_info[DIGEST_INFO_SIZE] = {
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
};

/* What a key may be used for, as mechanisms have it. */
static const struct usage {
	CK_FLAGS flag;
	CK_ATTRIBUTE_TYPE type;
} usages[] = {
	{ CKF_ENCRYPT, CKA_ENCRYPT },
	{ CKF_DECRYPT, CKA_DECRYPT },
	{ CKF_SIGN, CKA_SIGN },
	{ CKF_SIGN_RECOVER, CKA_SIGN_RECOVER },
	{ CKF_VERIFY, CKA_VERIFY },
	{ CKF_VERIFY_RECOVER, CKA_VERIFY_RECOVER },
	{ CKF_WRAP, CKA_WRAP },
	{ CKF_UNWRAP, CKA_UNWRAP },
	{ CKF_DERIVE, CKA_DERIVE },
	{ CKF_ENCAPSULATE, CKA_ENCAPSULATE },
	{ CKF_DECAPSULATE, CKA_DECAPSULATE },
};

enum {
	USAGES = sizeof(usages) / sizeof(usages[0]),
	ATTRIBUTES_MAX = USAGES + 16,
};

struct list {
	CK_ATTRIBUTE at[ATTRIBUTES_MAX];
	CK_ULONG count;
};

static void
add(struct list *list, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG size)
{
	assert_true(list->count < ATTRIBUTES_MAX);
	list->at[list->count++] = (CK_ATTRIBUTE){ type, (void *)value, size };
}

/* All that are wanted are said to be true, and these of the class false. */
static void
add_usage(struct list *list, CK_FLAGS wanted, CK_FLAGS of_class)
{
	size_t i;

	for (i = 0; i < USAGES; i++) {
		if (wanted & usages[i].flag)
			add(list, usages[i].type, &yes, 1);
		else if (of_class & usages[i].flag)
			add(list, usages[i].type, &no, 1);
	}
}

CK_OBJECT_HANDLE
secret_make(CK_KEY_TYPE type, CK_ULONG size, CK_FLAGS usage)
{
	static CK_BYTE value[1024];
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	struct list list = { 0 };
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG i;

	assert_true(size <= sizeof(value));
	for (i = 0; i < size; i++)
		value[i] = (CK_BYTE)(i * 7 + 1);
	add(&list, CKA_CLASS, &class, sizeof(class));
	add(&list, CKA_KEY_TYPE, &type, sizeof(type));
	add(&list, CKA_PRIVATE, &no, 1);
	add(&list, CKA_SENSITIVE, &no, 1);
	add(&list, CKA_EXTRACTABLE, &yes, 1);
	add(&list, CKA_VALUE, value, size);
	add_usage(&list, usage,
		  CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY | CKF_WRAP |
			  CKF_UNWRAP | CKF_DERIVE);
	if (suite.p11->C_CreateObject(suite.session, list.at, list.count,
				      &key) != CKR_OK)
		skip();
	return key;
}

CK_RV
secret_unwrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
	      struct wrapped *wrapped, CK_KEY_TYPE type, CK_ULONG length,
	      CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	struct list list = { 0 };

	add(&list, CKA_CLASS, &class, sizeof(class));
	add(&list, CKA_KEY_TYPE, &type, sizeof(type));
	add(&list, CKA_PRIVATE, &no, 1);
	add(&list, CKA_SENSITIVE, &no, 1);
	add(&list, CKA_EXTRACTABLE, &yes, 1);
	if (length > 0)
		add(&list, CKA_VALUE_LEN, &length, sizeof(length));
	return suite.p11->C_UnwrapKey(suite.session, mechanism, with,
				      wrapped->bytes, wrapped->size, list.at,
				      list.count, key);
}

CK_OBJECT_HANDLE
rsa_public_make(const CK_BYTE *modulus, CK_ULONG size, CK_FLAGS usage)
{
	static const CK_BYTE exponent[] = { 1, 0, 1 };
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	struct list list = { 0 };
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	add(&list, CKA_CLASS, &class, sizeof(class));
	add(&list, CKA_KEY_TYPE, &type, sizeof(type));
	add(&list, CKA_PRIVATE, &no, 1);
	add(&list, CKA_MODULUS, modulus, size);
	add(&list, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	add_usage(&list, usage,
		  CKF_ENCRYPT | CKF_VERIFY | CKF_VERIFY_RECOVER | CKF_WRAP);
	if (suite.p11->C_CreateObject(suite.session, list.at, list.count,
				      &key) != CKR_OK)
		skip();
	return key;
}

CK_OBJECT_HANDLE
rsa_public_copy(CK_BYTE id, CK_FLAGS usage)
{
	CK_BYTE modulus[512];
	CK_ATTRIBUTE attribute = { CKA_MODULUS, modulus, sizeof(modulus) };

	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PUBLIC_KEY, id), &attribute, 1));
	return rsa_public_make(modulus, attribute.ulValueLen, usage);
}

CK_OBJECT_HANDLE
rsa_private_without(CK_FLAGS usage)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	struct list list = { 0 };
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	add(&list, CKA_CLASS, &class, sizeof(class));
	add(&list, CKA_KEY_TYPE, &type, sizeof(type));
	add_usage(&list, 0, usage);
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, list.at,
					       list.count));
	assert_ok(suite.p11->C_FindObjects(suite.session, &key, 1, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	if (count == 0)
		skip();
	return key;
}

void
rsa_pair_make(CK_FLAGS usage, CK_OBJECT_HANDLE *public_key,
	      CK_OBJECT_HANDLE *private_key)
{
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = 2048;
	struct list public_list = { 0 }, private_list = { 0 };

	need_mechanism(CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	need_made();
	add(&public_list, CKA_MODULUS_BITS, &bits, sizeof(bits));
	add_usage(&public_list,
		  usage & (CKF_ENCRYPT | CKF_VERIFY | CKF_VERIFY_RECOVER |
			   CKF_WRAP | CKF_ENCAPSULATE),
		  0);
	add(&private_list, CKA_TOKEN, &no, 1);
	add_usage(&private_list,
		  usage & (CKF_DECRYPT | CKF_SIGN | CKF_SIGN_RECOVER |
			   CKF_UNWRAP | CKF_DECAPSULATE),
		  CKF_DECRYPT | CKF_SIGN | CKF_SIGN_RECOVER | CKF_UNWRAP);
	assert_ok(suite.p11->C_GenerateKeyPair(
		suite.session, &mechanism, public_list.at, public_list.count,
		private_list.at, private_list.count, public_key, private_key));
}

void
ec_pair_make(CK_FLAGS usage, CK_OBJECT_HANDLE *public_key,
	     CK_OBJECT_HANDLE *private_key)
{
	static const CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	struct list public_list = { 0 }, private_list = { 0 };

	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	need_made();
	add(&public_list, CKA_EC_PARAMS, p256, sizeof(p256));
	add_usage(&public_list, usage & (CKF_VERIFY | CKF_ENCAPSULATE), 0);
	add(&private_list, CKA_TOKEN, &no, 1);
	add_usage(&private_list,
		  usage & (CKF_SIGN | CKF_DERIVE | CKF_DECAPSULATE),
		  CKF_SIGN | CKF_DERIVE);
	assert_ok(suite.p11->C_GenerateKeyPair(
		suite.session, &mechanism, public_list.at, public_list.count,
		private_list.at, private_list.count, public_key, private_key));
}
