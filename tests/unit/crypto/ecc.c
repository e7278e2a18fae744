/* Tests of crypto/ecc.c: curves, and ECDSA signatures in both forms. */
#include "judge.h"

#include <openssl/ec.h>
#include <openssl/objects.h>

static const char *const names[] = {
	"secp224r1",	   "prime256v1",      "secp384r1",
	"secp521r1",	   "secp256k1",	      "brainpoolP224r1",
	"brainpoolP256r1", "brainpoolP320r1", "brainpoolP384r1",
	"brainpoolP512r1",
};

static void
test_curve_unknown(void **state)
{
	static const char *const params[] = {
		"",
		"06",
		"0608",
		"06082a8648ce3d0301",	  /* cut */
		"06082a8648ce3d03010701", /* longer */
		"06082a8648ce3d030101",	  /* P-192 */
		"06092b2403030208010106", /* brainpoolP224t1 */
		"06032b6570",		  /* Ed25519 */
		"0500",			  /* implicitlyCA */
		"3003020101",		  /* explicit */
		"1300",
		"1305502d3235",	    /* cut */
		"1305502d32353500", /* longer */
		"0c05502d323536",   /* no PrintableString */
	};
	for (size_t i = 0; i < COUNT(params); i++)
		assert_null(curve_find(hex(params[i])));
	struct cursor bad = hex("06082a8648ce3d030107");
	cursor_fail(&bad);
	assert_null(curve_find(bad));
	assert_null(curve_named(""));
	assert_null(curve_named("prime256v"));
	assert_null(curve_named("P-192"));
}

static void
test_split_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"30",
		"3006",
		"300602010102", /* s cut */
		"30060201010201",
		"3003020101",	      /* no s */
		"3106020101020101",   /* no SEQUENCE */
		"300602010102010100", /* bytes after it */
		"300702010102010100", /* bytes in it */
		"3009020101020101020101",
		"3006020181020101",	    /* r negative */
		"30060201010201ff",	    /* s negative */
		"30050200020101",	    /* r empty */
		"3006030101020101",	    /* r no INTEGER */
		"003006020101020101",	    /* filler before it */
		"300a02050100000000020101", /* r longer than 4 bytes */
		"300a02010102050100000000",
		"30800201010201010000",
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		uint8_t space[64];
		struct builder out = builder_over(space, sizeof(space));
		struct cursor der = hex(wrong[i]);
		uint8_t *copy = copy_of(der);
		assert_int_equal(
			ecdsa_split(cursor_of(copy, der.left), 4, &out),
			CKR_DATA_INVALID);
		assert_int_equal(out.used, 0);
		free(copy);
	}
}

static void
test_join_refused(void **state)
{
	uint8_t space[256];
	struct builder out = builder_over(space, sizeof(space));
	struct builder raw = builder_heap(256);
	builder_fill(&raw, 1, 134);
	assert_int_equal(ecdsa_join(hex(""), &out), CKR_DATA_INVALID);
	assert_int_equal(ecdsa_join(hex("01"), &out), CKR_DATA_INVALID);
	assert_int_equal(ecdsa_join(hex("010203"), &out), CKR_DATA_INVALID);
	assert_int_equal(ecdsa_join(builder_read(&raw), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(out.used, 0);
	out = builder_over(space, 7);
	assert_int_equal(ecdsa_join(hex("0101"), &out), CKR_BUFFER_TOO_SMALL);
	builder_free(&raw);
}

/* The table against OpenSSL's. */
static void
test_curves(void **state)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct curve *curve = curve_named(names[i]);
		int nid = OBJ_sn2nid(names[i]);
		uint8_t *der = NULL;
		int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
		EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
		assert_non_null(curve);
		assert_true(size > 0);
		assert_non_null(group);
		assert_string_equal(curve->name, names[i]);
		assert_same(curve->oid, cursor_of(der, (size_t)size));
		assert_ptr_equal(curve_find(cursor_of(der, (size_t)size)),
				 curve);
		assert_int_equal(curve->bits, EC_GROUP_get_degree(group));
		assert_int_equal(curve->bits, EC_GROUP_order_bits(group));
		assert_int_equal(curve->field, (curve->bits + 7) / 8);
		EC_GROUP_free(group);
		OPENSSL_free(der);
	}
}

static void
test_curve_text(void **state)
{
	static const char *const spellings[][2] = {
		{ "P-224", "secp224r1" },
		{ "P-256", "prime256v1" },
		{ "secp256r1", "prime256v1" },
		{ "P-384", "secp384r1" },
		{ "P-521", "secp521r1" },
		{ "secp384r1", "secp384r1" },
		{ "brainpoolP512r1", "brainpoolP512r1" },
	};
	for (size_t i = 0; i < COUNT(spellings); i++) {
		uint8_t space[32];
		struct builder b = builder_over(space, sizeof(space));
		builder_u8(&b, 0x13);
		builder_u8(&b, (uint8_t)strlen(spellings[i][0]));
		builder_text(&b, spellings[i][0]);
		const struct curve *curve = curve_find(builder_read(&b));
		assert_non_null(curve);
		assert_string_equal(curve->name, spellings[i][1]);
		assert_ptr_equal(curve_named(spellings[i][0]), curve);
	}
}

static void
test_pairs(void **state)
{
	static const struct {
		const char *raw, *der;
	} pairs[] = {
		{ "0000000000000000", "3006020100020100" },
		{ "0000000100000002", "3006020101020102" },
		{ "000000807fffffff", "30 0a 02020080 02047fffffff" },
		{ "ffffffff80000000", "30 0e 020500ffffffff 02050080000000" },
	};
	for (size_t i = 0; i < COUNT(pairs); i++) {
		uint8_t space[64];
		struct builder out = builder_over(space, sizeof(space));
		assert_int_equal(ecdsa_join(hex(pairs[i].raw), &out), CKR_OK);
		assert_hex(builder_read(&out), pairs[i].der);
		builder_reset(&out);
		assert_int_equal(ecdsa_split(hex(pairs[i].der), 4, &out),
				 CKR_OK);
		assert_hex(builder_read(&out), pairs[i].raw);
	}
}

/* Zeros before a number are skipped: some cards give full-size numbers. */
static void
test_split_padded(void **state)
{
	uint8_t space[8];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(
		ecdsa_split(hex("300d02060000000000010203000002"), 4, &out),
		CKR_OK);
	assert_hex(builder_read(&out), "0000000100000002");
	out = builder_over(space, 7);
	assert_int_equal(ecdsa_split(hex("3006020101020102"), 4, &out),
			 CKR_BUFFER_TOO_SMALL);
}

/* OpenSSL's signatures on every curve, there and back. */
static void
test_signatures(void **state)
{
	static const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
	for (size_t i = 0; i < COUNT(names); i++) {
		EVP_PKEY *pkey = judge_ec(names[i]);
		size_t field = curve_named(names[i])->field;
		for (int round = 0; round < 20; round++) {
			struct builder der = builder_heap(256);
			struct builder raw = builder_heap(256);
			struct builder again = builder_heap(256);
			judge_sign(pkey, &ecdsa, text("20 bytes of a digest"),
				   &der);
			assert_int_equal(
				ecdsa_split(builder_read(&der), field, &raw),
				CKR_OK);
			assert_int_equal(raw.used, 2 * field);
			assert_int_equal(ecdsa_join(builder_read(&raw), &again),
					 CKR_OK);
			assert_same(builder_read(&again), builder_read(&der));
			builder_free(&der);
			builder_free(&raw);
			builder_free(&again);
		}
		EVP_PKEY_free(pkey);
	}
}

static void
test_fit(void **state)
{
	static const struct {
		const char *digest;
		size_t size;
		const char *fitted;
	} rows[] = {
		{ "0102030405", 3, "010203" },
		{ "010203", 3, "010203" },
		{ "0102", 3, "000102" },
		{ "", 2, "0000" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t space[8];
		struct builder out = builder_over(space, sizeof(space));
		ecdsa_fit(hex(rows[i].digest), rows[i].size, &out);
		assert_hex(builder_read(&out), rows[i].fitted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/ecc/curve/unknown", test_curve_unknown),
		CASE("/crypto/ecc/split/refused", test_split_refused),
		CASE("/crypto/ecc/join/refused", test_join_refused),
		CASE("/crypto/ecc/curve/table", test_curves),
		CASE("/crypto/ecc/curve/text", test_curve_text),
		CASE("/crypto/ecc/pairs", test_pairs),
		CASE("/crypto/ecc/split/padded", test_split_padded),
		CASE("/crypto/ecc/signatures", test_signatures),
		CASE("/crypto/ecc/fit", test_fit),
	};
	return cmocka_run_group_tests_name("/crypto/ecc", tests, NULL, NULL);
}
