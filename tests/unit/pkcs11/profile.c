/* pkcs11/profile.c: what tokens claim (4.13), as a token of its own. */
#include "../../../pkcs11/profile.h"

#include <string.h>

#include "fake.h"

static CK_OBJECT_CLASS profile = CKO_PROFILE, data = CKO_DATA;
static CK_BBOOL yes = CK_TRUE;

static size_t
found(struct token *t, CK_ATTRIBUTE *list, CK_ULONG count, struct ids *ids)
{
	struct template match = { list, count };

	*ids = (struct ids){ 0 };
	assert_int_equal(t->ops->search(t, match, ids), CKR_OK);
	return ids->count;
}

static bool
claims(struct token *t, CK_PROFILE_ID id)
{
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &profile, sizeof(profile) },
				{ CKA_TOKEN, &yes, sizeof(yes) },
				{ CKA_PROFILE_ID, &id, sizeof(id) } };
	struct ids ids;
	size_t count = found(t, list, 3, &ids);

	ids_free(&ids);
	assert_true(count <= 1);
	return count == 1;
}

/* A software token's certificates may be private, so that it does not claim
 * what a card does. */
static void
test_claims(void **state)
{
	struct token *card = profiles_new(true), *soft = profiles_new(false);

	assert_true(claims(card, CKP_BASELINE_PROVIDER));
	assert_true(claims(card, CKP_EXTENDED_PROVIDER));
	assert_true(claims(card, CKP_PUBLIC_CERTIFICATES_TOKEN));
	assert_false(claims(card, CKP_AUTHENTICATION_TOKEN));
	assert_true(claims(soft, CKP_BASELINE_PROVIDER));
	assert_true(claims(soft, CKP_EXTENDED_PROVIDER));
	assert_false(claims(soft, CKP_PUBLIC_CERTIFICATES_TOKEN));
	token_unref(card);
	token_unref(soft);
}

static void
test_search(void **state)
{
	CK_ATTRIBUTE other = { CKA_CLASS, &data, sizeof(data) };
	struct token *t = profiles_new(true);
	struct ids ids;

	assert_int_equal(found(t, NULL, 0, &ids), 3);
	ids_free(&ids);
	assert_int_equal(found(t, &other, 1, &ids), 0);
	ids_free(&ids);
	token_unref(t);
}

static bool
flag(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 9;
	CK_ATTRIBUTE a = { type, &value, sizeof(value) };

	assert_int_equal(t->ops->attributes_get(t, id, &a, 1), CKR_OK);
	return value == CK_TRUE;
}

/* Objects of the library's: public, and nobody's to change. */
static void
test_attributes(void **state)
{
	CK_BYTE unique[3][32];
	struct token *t = profiles_new(true);
	struct ids ids;
	size_t i, j;

	assert_int_equal(found(t, NULL, 0, &ids), 3);
	for (i = 0; i < ids.count; i++) {
		CK_ATTRIBUTE a = { CKA_UNIQUE_ID, unique[i], 32 };

		assert_true(flag(t, ids.list[i], CKA_TOKEN));
		assert_false(flag(t, ids.list[i], CKA_PRIVATE));
		assert_false(flag(t, ids.list[i], CKA_MODIFIABLE));
		assert_false(flag(t, ids.list[i], CKA_COPYABLE));
		assert_false(flag(t, ids.list[i], CKA_DESTROYABLE));
		memset(unique[i], 0, sizeof(unique[i]));
		assert_int_equal(t->ops->attributes_get(t, ids.list[i], &a, 1),
				 CKR_OK);
		for (j = 0; j < i; j++)
			assert_memory_not_equal(unique[i], unique[j], 32);
	}
	ids_free(&ids);
	token_unref(t);
}

static void
test_no_key(void **state)
{
	CK_MECHANISM mechanism = { FAKE_PARTS, NULL, 0 };
	CK_ATTRIBUTE a = { CKA_VALUE, NULL, 0 };
	struct operation_key key = { .id = CKP_BASELINE_PROVIDER };
	struct token *t = profiles_new(false);
	struct operation *o = NULL;

	assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &mechanism,
						 &key, &o),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(t->ops->attributes_get(t, key.id, &a, 1),
			 CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(t->ops->attributes_get(t, 4711, &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	token_unref(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_PLAIN("/pkcs11/profile/claims", test_claims),
		CASE_PLAIN("/pkcs11/profile/search", test_search),
		CASE_PLAIN("/pkcs11/profile/attributes", test_attributes),
		CASE_PLAIN("/pkcs11/profile/no-key", test_no_key),
	};

	return cmocka_run_group_tests_name("/pkcs11/profile", tests, NULL,
					   NULL);
}
