/* Tests of softtoken/soft_seal.c, soft_gcm.c, soft_kdf.c, soft_encode.c and
 * soft_items.c: the parts that need no file. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "gcm.h"

static const uint8_t key_a[32] = { 1 }, key_b[32] = { 2 };

static void
test_gcm(void **state)
{
	uint8_t sealed_space[64], plain_space[64];
	struct builder sealed =
		builder_over(sealed_space, sizeof(sealed_space));
	struct builder plain = builder_over(plain_space, sizeof(plain_space));
	struct cursor c;

	assert_int_equal(
		gcm_seal(key_a, TEXT("aad"), TEXT("some plaintext"), &sealed),
		CKR_OK);
	assert_int_equal(sealed.used, 12 + 14 + 16);
	c = builder_read(&sealed);
	assert_int_equal(gcm_open(key_b, TEXT("aad"), c, &plain),
			 CKR_DATA_INVALID);
	assert_int_equal(gcm_open(key_a, TEXT("aae"), c, &plain),
			 CKR_DATA_INVALID);
	for (size_t i = 0; i < sealed.used; i++) {
		sealed_space[i] ^= 0x80;
		assert_int_equal(gcm_open(key_a, TEXT("aad"), c, &plain),
				 CKR_DATA_INVALID);
		assert_int_equal(plain.used, 0);
		sealed_space[i] ^= 0x80;
	}
	for (c.left = 0; c.left < sealed.used; c.left++)
		assert_int_equal(gcm_open(key_a, TEXT("aad"), c, &plain),
				 CKR_DATA_INVALID);
	assert_int_equal(gcm_open(key_a, TEXT("aad"), c, &plain), CKR_OK);
	assert_true(cursor_same(builder_read(&plain), TEXT("some plaintext")));
	/* nothing at all is a plaintext, too; a full builder is an error */
	builder_reset(&sealed);
	builder_reset(&plain);
	assert_int_equal(
		gcm_seal(key_a, TEXT("aad"), cursor_of(NULL, 0), &sealed),
		CKR_OK);
	sealed = builder_over(sealed_space, 20);
	assert_int_equal(gcm_seal(key_a, TEXT("aad"), TEXT("x"), &sealed),
			 CKR_HOST_MEMORY);
}

static void
test_nonces_differ(void **state)
{
	uint8_t a_space[64], b_space[64];
	struct builder a = builder_over(a_space, sizeof(a_space));
	struct builder b = builder_over(b_space, sizeof(b_space));

	assert_int_equal(gcm_seal(key_a, TEXT(""), TEXT("same"), &a), CKR_OK);
	assert_int_equal(gcm_seal(key_a, TEXT(""), TEXT("same"), &b), CKR_OK);
	assert_memory_not_equal(a_space, b_space, 12);
	assert_memory_not_equal(a_space + 12, b_space + 12, 4);
}

static void
test_kdf_parse(void **state)
{
	static const struct {
		const char *text;
		enum kdf kdf;
		uint32_t cost;
	} cases[] = {
		{ "", KDF_SCRYPT, 32768 },
		{ "argon2", KDF_SCRYPT, 32768 },
		{ "pbkdf2:", KDF_SCRYPT, 32768 },
		{ "pbkdf2:12x", KDF_SCRYPT, 32768 },
		{ "pbkdf2x", KDF_SCRYPT, 32768 },
		{ "scrypt", KDF_SCRYPT, 32768 },
		{ "scrypt:5000", KDF_SCRYPT, 4096 },
		{ "scrypt:1", KDF_SCRYPT, 1024 },
		{ "scrypt:99999999999", KDF_SCRYPT, 1 << 20 },
		{ "pbkdf2", KDF_PBKDF2, 600000 },
		{ "pbkdf2:1", KDF_PBKDF2, 1000 },
		{ "pbkdf2:5000", KDF_PBKDF2, 5000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kdf_choice c = kdf_parse(cases[i].text);

		if (c.kdf != cases[i].kdf || c.cost != cases[i].cost)
			fail_msg("%s: %d %u", cases[i].text, c.kdf, c.cost);
	}
}

/* Both KDFs at their usual cost too: OpenSSL's own limits are not ours. */
static void
test_wrap(void **state)
{
	static const struct kdf_choice choices[] = {
		{ KDF_PBKDF2, 1000 },
		{ KDF_SCRYPT, 1024 },
		{ KDF_SCRYPT, SCRYPT_N },
	};

	for (size_t i = 0; i < COUNT(choices); i++) {
		struct pin_record r;
		uint8_t master[32];

		assert_int_equal(pin_wrap(choices[i], "serial", ROLE_USER,
					  TEXT("1234"), key_a, &r),
				 CKR_OK);
		assert_int_equal(pin_unwrap(&r, "serial", ROLE_USER,
					    TEXT("1235"), master),
				 CKR_PIN_INCORRECT);
		assert_int_equal(
			pin_unwrap(&r, "serial", ROLE_SO, TEXT("1234"), master),
			CKR_PIN_INCORRECT);
		assert_int_equal(pin_unwrap(&r, "other", ROLE_USER,
					    TEXT("1234"), master),
				 CKR_PIN_INCORRECT);
		assert_int_equal(pin_unwrap(&r, "serial", ROLE_USER,
					    TEXT("1234"), master),
				 CKR_OK);
		assert_memory_equal(master, key_a, 32);
	}
}

static void
test_blob(void **state)
{
	struct ring *ring = ring_new(key_a), *other = ring_new(key_b);
	struct row row = { .id = 5,
			   .version = 2,
			   .class = CKO_DATA,
			   .key_type = CK_UNAVAILABLE_INFORMATION,
			   .private = true };
	struct builder blob = builder_heap(1000), plain = builder_heap(1000);
	bool proven;

	assert_int_equal(blob_seal(NULL, &row, TEXT("text"), &blob),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(blob_seal(ring, &row, TEXT("text"), &blob), CKR_OK);
	row.blob = builder_read(&blob);
	assert_int_equal(blob_open(NULL, &row, &plain, &proven),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(blob_open(other, &row, &plain, &proven),
			 CKR_DATA_INVALID);
	row.private = false;
	assert_int_equal(blob_open(ring, &row, &plain, &proven),
			 CKR_DATA_INVALID);
	row.private = true;
	assert_int_equal(blob_open(ring, &row, &plain, &proven), CKR_OK);
	assert_true(proven);
	builder_reset(&blob);
	builder_reset(&plain);

	row.private = false;
	assert_int_equal(blob_seal(ring, &row, TEXT("text"), &blob), CKR_OK);
	row.blob = builder_read(&blob);
	assert_int_equal(blob_open(other, &row, &plain, &proven),
			 CKR_DATA_INVALID);
	row.version++;
	assert_int_equal(blob_open(ring, &row, &plain, &proven),
			 CKR_DATA_INVALID);
	row.version--;
	assert_int_equal(blob_open(NULL, &row, &plain, &proven), CKR_OK);
	assert_false(proven);
	assert_int_equal(blob_open(ring, &row, &plain, &proven), CKR_OK);
	assert_true(proven);
	assert_true(cursor_same(builder_read(&plain), TEXT("texttext")));
	builder_free(&blob);
	builder_free(&plain);
	ring_unref(ring);
	ring_unref(other);
}

static void
test_tags(void **state)
{
	struct ring *ring = ring_new(key_a), *other = ring_new(key_b);
	uint8_t space[64];
	struct builder b = builder_over(space, sizeof(space));

	assert_int_equal(tag_make(ring, CKA_ID, TEXT("a"), &b), CKR_OK);
	assert_int_equal(tag_make(ring, CKA_LABEL, TEXT("a"), &b), CKR_OK);
	assert_int_equal(tag_make(other, CKA_ID, TEXT("a"), &b), CKR_OK);
	assert_int_equal(tag_make(ring, CKA_ID, TEXT("a"), &b), CKR_OK);
	assert_int_equal(b.used, 64);
	assert_memory_not_equal(space, space + 16, 16);
	assert_memory_not_equal(space, space + 32, 16);
	assert_memory_equal(space, space + 48, 16);
	ring_unref(ring);
	ring_unref(other);
}

static void
test_decode_garbage(void **state)
{
	struct attrs attrs = { 0 }, out = { 0 };
	struct builder b = builder_heap(1000);
	CK_MECHANISM_TYPE list[] = { CKM_ECDSA, CK_UNAVAILABLE_INFORMATION };
	struct template all = { NULL, 0 };
	struct cursor c;

	assert_int_equal(attrs_set_ulong(&attrs, CKA_CLASS, CKO_PRIVATE_KEY),
			 CKR_OK);
	assert_int_equal(attrs_set_text(&attrs, CKA_LABEL, "label"), CKR_OK);
	assert_int_equal(attrs_set(&attrs, CKA_ID, cursor_of(NULL, 0)), CKR_OK);
	assert_int_equal(attrs_set(&attrs, CKA_ALLOWED_MECHANISMS,
				   cursor_of(list, sizeof(list))),
			 CKR_OK);
	assert_int_equal(attrs_encode(&attrs, &b), CKR_OK);
	/* cut between two attributes it is a shorter set, anywhere else none */
	c = builder_read(&b);
	for (c.left = 0; c.left < b.used; c.left++) {
		CK_RV rv = attrs_decode(c, all, &out);

		if (rv == CKR_OK)
			assert_true(out.count < attrs.count);
		attrs_free(&out);
	}
	assert_int_equal(attrs_decode(c, all, &out), CKR_OK);
	assert_int_equal(out.count, attrs.count);
	for (size_t i = 0; i < attrs.count; i++)
		assert_true(
			cursor_same(attrs_value(&out, attrs.list[i].type),
				    attrs_value(&attrs, attrs.list[i].type)));
	attrs_free(&out);
	for (size_t i = 0; i < b.used; i++) {
		b.data[i] ^= 0xFF;
		if (attrs_decode(builder_read(&b), all, &out) == CKR_OK)
			attrs_free(&out);
		b.data[i] ^= 0xFF;
	}
	attrs_free(&attrs);
	builder_free(&b);
}

static bool
even(const struct item *item)
{
	return item->id % 2 == 0;
}

static bool
any(const struct item *item, const void *context)
{
	return true;
}

static size_t
found_by_class(const struct items *items, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	struct ids ids = { 0 };
	size_t count;

	assert_int_equal(items_search(items, (struct template){ &match, 1 },
				      any, NULL, &ids),
			 CKR_OK);
	count = ids.count;
	ids_free(&ids);
	return count;
}

static void
test_items(void **state)
{
	struct items items = { 0 };
	struct ids ids = { 0 };
	struct item *item;

	assert_int_equal(found_by_class(&items, 1), 0);
	assert_null(items_find(&items, 1));
	items_remove(&items, 1);
	for (uint64_t id = 1000; id > 0; id--) {
		struct attrs attrs = { 0 };

		assert_int_equal(attrs_set_ulong(&attrs, CKA_CLASS, id),
				 CKR_OK);
		assert_int_equal(items_add(&items, item_new(id, 1, &attrs)),
				 CKR_OK);
		assert_int_equal(attrs.count, 0);
	}
	for (uint64_t id = 1; id <= 1000; id++)
		assert_int_equal(items_find(&items, id)->id, id);
	items_remove(&items, 500);
	assert_null(items_find(&items, 500));
	items_clear(&items, even);
	assert_int_equal(items.count, 499);
	assert_int_equal(
		items_search(&items, (struct template){ 0 }, any, NULL, &ids),
		CKR_OK);
	assert_int_equal(ids.count, 499);
	for (size_t i = 1; i < ids.count; i++)
		assert_true(ids.list[i - 1] < ids.list[i]);
	assert_int_equal(found_by_class(&items, 400), 1);
	assert_int_equal(found_by_class(&items, 401), 0);
	/* two of a class, and none where it was */
	item = items_find(&items, 400);
	assert_int_equal(attrs_set_ulong(&item->attrs, CKA_CLASS, 402), CKR_OK);
	items_changed(&items, item);
	assert_int_equal(found_by_class(&items, 400), 0);
	assert_int_equal(found_by_class(&items, 402), 2);
	items_remove(&items, 402);
	assert_int_equal(found_by_class(&items, 402), 1);
	items_clear(&items, NULL);
	assert_null(items.buckets);
	ids_free(&ids);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/gcm/tampered", test_gcm },
		{ "/softtoken/gcm/nonces", test_nonces_differ },
		{ "/softtoken/kdf/parse", test_kdf_parse },
		{ "/softtoken/kdf/wrap", test_wrap },
		{ "/softtoken/seal/blob", test_blob },
		{ "/softtoken/seal/tags", test_tags },
		{ "/softtoken/encode/garbage", test_decode_garbage },
		{ "/softtoken/items", test_items },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
