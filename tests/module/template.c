/* 4.1: the templates of functions that make objects: C_CreateObject (5.7.1),
 * C_CopyObject (5.7.2), C_GenerateKey, C_GenerateKeyPair, C_UnwrapKey,
 * C_DeriveKey, C_UnwrapKeyAuthenticated, C_EncapsulateKey, C_DecapsulateKey
 * (5.18); and of C_SetAttributeValue (5.7.6), which only changes one. */
#include "suite.h"

enum { LIST_MAX = 16, WRAPPED_MAX = 512 };

/* One call that makes an object: public, of the session, unless it is to be
 * otherwise. */
struct making {
	CK_SESSION_HANDLE session;
	bool bare; /* nothing is told but what is added */
	CK_ATTRIBUTE *added;
	CK_ULONG count;
	CK_OBJECT_HANDLE *made;
};

struct maker {
	CK_RV (*make)(const struct making *m);
	CK_MECHANISM_TYPE mechanism;
	CK_FLAGS flag; /* 0: needs no mechanism */
	int since;
	CK_BBOOL local; /* CKA_LOCAL of what it makes */
};

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY, data_class = CKO_DATA;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_ULONG key_size = 16;
static CK_BYTE value[16] = { 2, 7, 1, 8 }, iv[12], tag[16];
static CK_BYTE wrapped[WRAPPED_MAX];
static CK_ULONG wrapped_size;

struct list {
	CK_ATTRIBUTE at[LIST_MAX];
	CK_ULONG count;
};

/* The attributes given here, and those that the case adds; an attribute that
 * the case gives itself is not given twice. */
static struct list
listed(const struct making *m, const CK_ATTRIBUTE *own, CK_ULONG count)
{
	struct list list = { 0 };
	CK_ULONG i, j;

	for (i = 0; i < count && !m->bare; i++) {
		for (j = 0; j < m->count; j++) {
			if (m->added[j].type == own[i].type)
				break;
		}
		if (j == m->count)
			list.at[list.count++] = own[i];
	}
	for (j = 0; j < m->count; j++)
		list.at[list.count++] = m->added[j];
	return list;
}

static struct list
listed_secret(const struct making *m)
{
	const CK_ATTRIBUTE own[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TOKEN, &no, 1 },
	};

	return listed(m, own, 4);
}

static CK_RV
create(const struct making *m)
{
	const CK_ATTRIBUTE own[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TOKEN, &no, 1 },
		{ CKA_VALUE, value, sizeof(value) },
	};
	struct list list = listed(m, own, 5);

	return suite.p11->C_CreateObject(m->session, list.at, list.count,
					 m->made);
}

static CK_RV
copy(const struct making *m)
{
	CK_OBJECT_HANDLE from = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);
	struct list list = listed(m, NULL, 0);

	return suite.p11->C_CopyObject(m->session, from, list.at, list.count,
				       m->made);
}

static CK_RV
generate(const struct making *m)
{
	const CK_ATTRIBUTE own[] = {
		{ CKA_VALUE_LEN, &key_size, sizeof(key_size) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TOKEN, &no, 1 },
	};
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	struct list list = listed(m, own, 3);

	return suite.p11->C_GenerateKey(m->session, &mechanism, list.at,
					list.count, m->made);
}

static CK_RV
generate_pair(const struct making *m)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	const CK_ATTRIBUTE own[] = { { CKA_PRIVATE, &no, 1 },
				     { CKA_TOKEN, &no, 1 } };
	CK_ATTRIBUTE public_list[] = { { CKA_EC_PARAMS, p256, sizeof(p256) },
				       { CKA_TOKEN, &no, 1 } };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	struct list list = listed(m, own, 2);
	CK_OBJECT_HANDLE public_key;

	return suite.p11->C_GenerateKeyPair(m->session, &mechanism, public_list,
					    m->bare ? 0 : 2, list.at,
					    list.count, &public_key, m->made);
}

static CK_RV
unwrap(const struct making *m)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_OBJECT_HANDLE with = secret_make(CKK_AES, 16, CKF_WRAP | CKF_UNWRAP);
	struct list list = listed_secret(m);

	wrapped_size = sizeof(wrapped);
	assert_ok(suite.p11->C_WrapKey(suite.session, &mechanism, with, with,
				       wrapped, &wrapped_size));
	return suite.p11->C_UnwrapKey(m->session, &mechanism, with, wrapped,
				      wrapped_size, list.at, list.count,
				      m->made);
}

static CK_RV
unwrap_authenticated(const struct making *m)
{
	CK_GCM_MESSAGE_PARAMS params = { iv,  sizeof(iv), 0, CKG_NO_GENERATE,
					 tag, 128 };
	CK_MECHANISM mechanism = { CKM_AES_GCM, &params, sizeof(params) };
	CK_OBJECT_HANDLE with = secret_make(CKK_AES, 16, CKF_WRAP | CKF_UNWRAP);
	struct list list = listed_secret(m);
	CK_RV rv;

	wrapped_size = sizeof(wrapped);
	rv = suite.p11_3_2->C_WrapKeyAuthenticated(suite.session, &mechanism,
						   with, with, value, 4,
						   wrapped, &wrapped_size);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	assert_ok(rv);
	return suite.p11_3_2->C_UnwrapKeyAuthenticated(
		m->session, &mechanism, with, wrapped, wrapped_size, list.at,
		list.count, value, 4, m->made);
}

static CK_RV
derive(const struct making *m)
{
	CK_MECHANISM mechanism = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_OBJECT_HANDLE from = secret_make(CKK_GENERIC_SECRET, 32, CKF_DERIVE);
	struct list list = listed_secret(m);

	return suite.p11->C_DeriveKey(m->session, &mechanism, from, list.at,
				      list.count, m->made);
}

static CK_MECHANISM kem = { CKM_RSA_PKCS, NULL, 0 };

static struct list
listed_shared(const struct making *m)
{
	const CK_ATTRIBUTE own[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_VALUE_LEN, &key_size, sizeof(key_size) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TOKEN, &no, 1 },
	};

	return listed(m, own, 5);
}

static CK_RV
encapsulate(const struct making *m)
{
	CK_OBJECT_HANDLE key = rsa_public_copy(suite.rsa, CKF_ENCAPSULATE);
	struct list list = listed_shared(m);

	wrapped_size = sizeof(wrapped);
	return suite.p11_3_2->C_EncapsulateKey(m->session, &kem, key, list.at,
					       list.count, wrapped,
					       &wrapped_size, m->made);
}

/* Skips the case when the module or its token has no such function. */
static const struct maker *
maker_of(void **state)
{
	const struct maker *maker = *state;
	CK_OBJECT_HANDLE made;
	const struct making plain = { suite.session, false, NULL, 0, &made };

	if (maker->since == 32)
		(void)need_3_2();
	if (maker->flag != 0)
		need_mechanism(maker->mechanism, maker->flag);
	if (!suite.strict && maker->make(&plain) != CKR_OK)
		skip(); /* "cannot support the precise template" (5.7.1) */
	return maker;
}

static CK_RV
make_in(const struct maker *maker, CK_SESSION_HANDLE session,
	CK_ATTRIBUTE *added, CK_ULONG count)
{
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	const struct making making = { session, false, added, count, &made };
	CK_RV rv = maker->make(&making);

	if (rv == CKR_OK)
		assert_ok(object_peek(session, made));
	return rv;
}

static CK_RV
make(const struct maker *maker, CK_ATTRIBUTE *added, CK_ULONG count)
{
	return make_in(maker, suite.session, added, count);
}

/* 5.18: "will have its CKA_LOCAL attribute set to ...", and "the object created
 * will have a value for CKA_UNIQUE_ID generated and assigned". */
static void
test_made(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"made", 4 };
	CK_BBOOL local = 7;
	CK_BYTE id[64];
	CK_ATTRIBUTE told[] = { { CKA_LOCAL, &local, 1 },
				{ CKA_UNIQUE_ID, id, sizeof(id) } };
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	const struct making making = { suite.session, false, &label, 1, &made };

	assert_ok(maker->make(&making));
	assert_int_equal(object_count(&label, 1), 1);
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, made, told, 1));
	assert_int_equal(local, maker->local);
	need_3_0();
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, made, told, 2));
	assert_true(told[1].ulValueLen > 0);
}

/* 4.1.1, 1: CKR_ATTRIBUTE_TYPE_INVALID; nothing is made. */
static void
test_type(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_BYTE byte = 0;
	CK_ATTRIBUTE list[] = {
		{ CKA_LABEL, (void *)"never", 5 },
		{ CKA_VENDOR_DEFINED | 0x123456, &byte, 1 },
	};

	assert_rv(CKR_ATTRIBUTE_TYPE_INVALID, make(maker, list, 2));
	assert_int_equal(object_count(list, 1), 0);
}

/* 4.1.1, 2: CKR_ATTRIBUTE_VALUE_INVALID */
static void
test_value(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_BYTE two[] = { 1, 1 };
	CK_ATTRIBUTE list[] = { { CKA_LABEL, (void *)"never", 5 },
				{ CKA_SENSITIVE, two, 2 } };

	assert_rv(CKR_ATTRIBUTE_VALUE_INVALID, make(maker, list, 2));
	assert_int_equal(object_count(list, 1), 0);
}

/* 4.1.1, 3: CKR_ATTRIBUTE_READ_ONLY: table 13 on CKA_LOCAL, 4.5.1 on
 * CKA_UNIQUE_ID: it "MUST not be specified when object is created" */
static void
test_read_only(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_ATTRIBUTE list[] = { { CKA_LABEL, (void *)"never", 5 },
				{ CKA_LOCAL, &yes, 1 } };
	CK_ATTRIBUTE unique = { CKA_UNIQUE_ID, (void *)"1234", 4 };

	assert_rv(CKR_ATTRIBUTE_READ_ONLY, make(maker, list, 2));
	assert_int_equal(object_count(list, 1), 0);
	need_3_0();
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, make(maker, &unique, 1));
}

/* 4.1.1, 4: CKR_TEMPLATE_INCOMPLETE */
static void
test_incomplete(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_ATTRIBUTE list[] = { { CKA_PRIVATE, &no, 1 } };
	const struct making making = { suite.session, true, list, 1, &made };

	assert_rv(CKR_TEMPLATE_INCOMPLETE, maker->make(&making));
}

/* 4.1.1, 5: CKR_TEMPLATE_INCONSISTENT: "two different values for the same
 * attribute", an attribute of another class, a class that the function does
 * not make */
static void
test_inconsistent(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_ATTRIBUTE two[] = { { CKA_LABEL, (void *)"never", 5 },
			       { CKA_LABEL, (void *)"ever", 4 } };
	CK_ATTRIBUTE modulus = { CKA_MODULUS, value, sizeof(value) };
	CK_ATTRIBUTE class = { CKA_CLASS, &data_class, sizeof(data_class) };
	CK_RV rv;

	assert_rv(CKR_TEMPLATE_INCONSISTENT, make(maker, two, 2));
	assert_int_equal(object_count(two, 1), 0);
	assert_rv(CKR_TEMPLATE_INCONSISTENT, make(maker, &modulus, 1));
	rv = make(maker, &class, 1);
	assert_one_of(rv, CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_READ_ONLY,
		      CKR_ATTRIBUTE_VALUE_INVALID);
}

/* "Only session objects can be created during a read-only session." */
static void
test_session(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_SESSION_HANDLE ro = session_open(0);
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &yes, 1 } };

	assert_rv(CKR_SESSION_READ_ONLY, make_in(maker, ro, list, 1));
	assert_ok(make_in(maker, ro, NULL, 0));
}

/* "Only public objects can be created unless the normal user is logged in." */
static void
test_login(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_ATTRIBUTE list[] = { { CKA_PRIVATE, &yes, 1 } };

	assert_rv(CKR_USER_NOT_LOGGED_IN, make(maker, list, 1));
	login();
	assert_ok(make(maker, list, 1));
}

/* CKR_ARGUMENTS_BAD: no place for the handle, a value that is not there */
static void
test_arguments(void **state)
{
	const struct maker *maker = maker_of(state);
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"never", 5 };
	CK_ATTRIBUTE hollow = { CKA_LABEL, NULL, 5 };
	const struct making nowhere = { suite.session, false, &label, 1, NULL };
	CK_RV rv;

	assert_rv(CKR_ARGUMENTS_BAD, maker->make(&nowhere));
	assert_int_equal(object_count(&label, 1), 0);
	rv = make(maker, &hollow, 1);
	assert_one_of(rv, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_VALUE_INVALID);
}

static const struct maker creator = { create, 0, 0, 2 };
static const struct maker copier = { copy, 0, 0, 2 };
static const struct maker generator = { generate, CKM_AES_KEY_GEN, CKF_GENERATE,
					2, CK_TRUE };
static const struct maker pair_generator = { generate_pair, CKM_EC_KEY_PAIR_GEN,
					     CKF_GENERATE_KEY_PAIR, 2,
					     CK_TRUE };
static const struct maker unwrapper = { unwrap, CKM_AES_KEY_WRAP, CKF_UNWRAP,
					2 };
static const struct maker deriver = { derive, CKM_SHA256_KEY_DERIVATION,
				      CKF_DERIVE, 2 };
static const struct maker authenticator = { unwrap_authenticated, CKM_AES_GCM,
					    CKF_UNWRAP, 32 };
static const struct maker encapsulator = { encapsulate, CKM_RSA_PKCS,
					   CKF_ENCAPSULATE, 32 };

#define CASES_OF(name, m)                                                     \
	CASE_OF("/template/" name, test_made, (void *)&m),                    \
		CASE_OF("/template/" name "/type", test_type, (void *)&m),    \
		CASE_OF("/template/" name "/value", test_value, (void *)&m),  \
		CASE_OF("/template/" name "/read-only", test_read_only,       \
			(void *)&m),                                          \
		CASE_OF("/template/" name "/inconsistent", test_inconsistent, \
			(void *)&m),                                          \
		CASE_OF("/template/" name "/session", test_session,           \
			(void *)&m),                                          \
		CASE_OF("/template/" name "/login", test_login, (void *)&m),  \
		CASE_OF("/template/" name "/arguments", test_arguments,       \
			(void *)&m)
#define INCOMPLETE(name, m) \
	CASE_OF("/template/" name "/incomplete", test_incomplete, (void *)&m)

static const struct CMUnitTest list[] = {
	CASES_OF("create", creator),
	INCOMPLETE("create", creator),
	CASES_OF("copy", copier),
	CASES_OF("generate", generator),
	INCOMPLETE("generate", generator),
	CASES_OF("generate-pair", pair_generator),
	INCOMPLETE("generate-pair", pair_generator),
	CASES_OF("unwrap", unwrapper),
	INCOMPLETE("unwrap", unwrapper),
	CASES_OF("derive", deriver),
	CASES_OF("unwrap-authenticated", authenticator),
	INCOMPLETE("unwrap-authenticated", authenticator),
	CASES_OF("encapsulate", encapsulator),
	INCOMPLETE("encapsulate", encapsulator),
};

const struct cases template_cases = CASES("template", list);
