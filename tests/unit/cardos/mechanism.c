/* Schemes and keys: which primitive, what the card gets, what is listed. */
#include "../../../cardos/mechanism.h"

#include "script.h"

enum { MODULUS = 256 };

static struct pubkey *rsa, *ec;

static int
setup(void **state)
{
	struct builder modulus = builder_heap(MODULUS);

	builder_fill(&modulus, 0xC5, MODULUS);
	assert_int_equal(
		pubkey_from_rsa(builder_read(&modulus), hex("010001"), &rsa),
		CKR_OK);
	builder_free(&modulus);
	return pubkey_from_ec(
		       curve_named("prime256v1"),
		       script_fact("yubikey-5.4.3-p256.apdu", "public key"),
		       &ec) == CKR_OK
		       ? 0
		       : -1;
}

static int
teardown(void **state)
{
	pubkey_free(rsa);
	pubkey_free(ec);
	return 0;
}

static struct card_key
key_of(struct pubkey *public_key, unsigned primitives)
{
	return (struct card_key){ .primitives = primitives,
				  .sign = true,
				  .decrypt = true,
				  .public_key = public_key };
}

static CK_RV
choose(const struct scheme *scheme, enum operation_kind kind,
       const struct card_key *key)
{
	enum card_primitive primitive;

	return mechanism_primitive(scheme, kind, key, &primitive);
}

static void
primitive_refused(void **state)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	const struct scheme pss = { .kind = SCHEME_RSA_PSS };
	const struct scheme oaep = { .kind = SCHEME_RSA_OAEP };
	const struct scheme sha = { .kind = SCHEME_RSA_PKCS1,
				    .digest = DIGEST_SHA256 };
	struct card_key key = key_of(rsa, 1u << CARD_RSA_RAW);
	struct card_key info =
		key_of(rsa, 1u << CARD_RSA_DIGESTINFO | 1u << CARD_RSA_DECRYPT);
	struct card_key curve = key_of(ec, 1u << CARD_ECDSA);

	assert_int_equal(choose(&oaep, OPERATION_SIGN, &key),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(choose(&pss, OPERATION_DECRYPT, &key),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(choose(&sha, OPERATION_DECRYPT, &key),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(choose(&pkcs1, OPERATION_SIGN, &curve),
			 CKR_KEY_TYPE_INCONSISTENT);
	/* a card that pads by itself makes no PSS */
	assert_int_equal(choose(&pss, OPERATION_SIGN, &info),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(choose(&pkcs1, OPERATION_SIGN, &info), CKR_OK);
	assert_int_equal(choose(&sha, OPERATION_SIGN, &info), CKR_OK);
	key.sign = false;
	assert_int_equal(choose(&sha, OPERATION_SIGN, &key),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(choose(&pkcs1, OPERATION_DECRYPT, &key), CKR_OK);
	key.decrypt = false;
	assert_int_equal(choose(&pkcs1, OPERATION_DECRYPT, &key),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* Told when the key is given: no room for what the padding hashes. */
static void
primitive_room(void **state)
{
	const struct card_key key = key_of(rsa, 1u << CARD_RSA_RAW);
	size_t size = pubkey_size(rsa), hash = digest_size(DIGEST_SHA256);
	struct scheme pss = { .kind = SCHEME_RSA_PSS,
			      .hash = DIGEST_SHA256,
			      .salt = size - hash - 2 };

	assert_int_equal(choose(&pss, OPERATION_SIGN, &key), CKR_OK);
	pss.salt++;
	assert_int_equal(choose(&pss, OPERATION_SIGN, &key),
			 CKR_KEY_SIZE_RANGE);
}

static void
primitive_best(void **state)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	const struct scheme sha = { .kind = SCHEME_RSA_PKCS1,
				    .digest = DIGEST_SHA256 };
	struct card_key key =
		key_of(rsa, 1u << CARD_RSA_PKCS1 | 1u << CARD_RSA_DECRYPT);
	enum card_primitive primitive = CARD_PRIMITIVES;

	assert_int_equal(
		mechanism_primitive(&sha, OPERATION_SIGN, &key, &primitive),
		CKR_OK);
	assert_int_equal(primitive, CARD_RSA_PKCS1);
	assert_int_equal(mechanism_primitive(&pkcs1, OPERATION_DECRYPT, &key,
					     &primitive),
			 CKR_OK);
	assert_int_equal(primitive, CARD_RSA_DECRYPT);
	key.primitives |= 1u << CARD_RSA_RAW;
	assert_int_equal(
		mechanism_primitive(&sha, OPERATION_SIGN, &key, &primitive),
		CKR_OK);
	assert_int_equal(primitive, CARD_RSA_RAW);
}

static CK_RV
input_info(const char *message)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	struct card_key key = key_of(rsa, 0);
	struct card_job job = { .primitive = CARD_RSA_DIGESTINFO, .key = &key };
	struct builder out = builder_heap(1024);
	CK_RV rv = mechanism_input(&pkcs1, &job, OPERATION_SIGN, hex(message),
				   &out);

	if (rv == CKR_OK)
		assert_true(cursor_same(builder_read(&out), hex(message)));
	builder_free(&out);
	return rv;
}

/* What is signed without a digest is a DigestInfo already. */
static void
input_digest_info(void **state)
{
	assert_int_equal(input_info(""), CKR_DATA_INVALID);
	assert_int_equal(input_info("0102030405"), CKR_DATA_INVALID);
	assert_int_equal(input_info("300B3005060355040304020102FF"),
			 CKR_DATA_INVALID);
	assert_int_equal(input_info("300C300506035504030402010205"),
			 CKR_DATA_INVALID);
	assert_int_equal(input_info("300B04020102300506035504030A"),
			 CKR_DATA_INVALID);
	assert_int_equal(input_info("300B3005060355040304020102"), CKR_OK);
}

static CK_RV
input_of(const struct scheme *scheme, enum card_primitive primitive,
	 enum operation_kind kind, struct cursor message, struct builder *out)
{
	struct card_key key =
		key_of(scheme->kind == SCHEME_ECDSA ? ec : rsa, 0);
	struct card_job job = { .primitive = primitive, .key = &key };

	builder_reset(out);
	return mechanism_input(scheme, &job, kind, message, out);
}

static CK_RV
input(const struct scheme *scheme, enum card_primitive primitive,
      enum operation_kind kind, size_t size, struct builder *out)
{
	struct builder message = builder_heap(1024);
	CK_RV rv;

	builder_fill(&message, 0x77, size);
	rv = input_of(scheme, primitive, kind, builder_read(&message), out);
	builder_free(&message);
	return rv;
}

/* What is not below the modulus is no work for a card. */
static void
input_large(void **state)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	const struct scheme raw = { .kind = SCHEME_RSA_RAW };
	struct builder b = builder_heap(1024), large = builder_heap(1024);

	builder_append(&large, rsa->modulus);
	assert_int_equal(input_of(&raw, CARD_RSA_RAW, OPERATION_SIGN,
				  builder_read(&large), &b),
			 CKR_DATA_INVALID);
	assert_int_equal(input_of(&pkcs1, CARD_RSA_DECRYPT, OPERATION_DECRYPT,
				  builder_read(&large), &b),
			 CKR_ENCRYPTED_DATA_INVALID);
	/* a modulus is odd */
	large.data[large.used - 1] ^= 1;
	assert_int_equal(input_of(&raw, CARD_RSA_RAW, OPERATION_SIGN,
				  builder_read(&large), &b),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&b), builder_read(&large)));
	assert_int_equal(input_of(&pkcs1, CARD_RSA_RAW, OPERATION_DECRYPT,
				  builder_read(&large), &b),
			 CKR_OK);
	builder_free(&b);
	builder_free(&large);
}

static void
input_lengths(void **state)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	const struct scheme raw = { .kind = SCHEME_RSA_RAW };
	const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
	struct builder b = builder_heap(1024);

	assert_int_equal(input(&pkcs1, CARD_RSA_RAW, OPERATION_SIGN, 246, &b),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(input(&pkcs1, CARD_RSA_PKCS1, OPERATION_SIGN, 246, &b),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(
		input(&pkcs1, CARD_RSA_DIGESTINFO, OPERATION_SIGN, 246, &b),
		CKR_DATA_LEN_RANGE);
	assert_int_equal(input(&raw, CARD_RSA_RAW, OPERATION_SIGN, 257, &b),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(
		input(&pkcs1, CARD_RSA_RAW, OPERATION_DECRYPT, 255, &b),
		CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_int_equal(input(&ecdsa, CARD_ECDSA, OPERATION_SIGN, 0, &b),
			 CKR_DATA_LEN_RANGE);
	builder_free(&b);
}

static void
input_good(void **state)
{
	const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
	const struct scheme sha = { .kind = SCHEME_RSA_PKCS1,
				    .digest = DIGEST_SHA256 };
	const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
	struct builder b = builder_heap(1024);

	assert_int_equal(input(&pkcs1, CARD_RSA_RAW, OPERATION_SIGN, 245, &b),
			 CKR_OK);
	assert_int_equal(b.used, 256);
	assert_int_equal(input(&pkcs1, CARD_RSA_PKCS1, OPERATION_SIGN, 245, &b),
			 CKR_OK);
	assert_int_equal(b.used, 245);
	assert_int_equal(
		input(&sha, CARD_RSA_DIGESTINFO, OPERATION_SIGN, 32, &b),
		CKR_OK);
	assert_int_equal(b.used, 51);
	assert_int_equal(
		input(&pkcs1, CARD_RSA_RAW, OPERATION_DECRYPT, 256, &b),
		CKR_OK);
	assert_int_equal(b.used, 256);
	/* SHA-1 is padded to the field on the left, SHA-512 is cut */
	assert_int_equal(input(&ecdsa, CARD_ECDSA, OPERATION_SIGN, 20, &b),
			 CKR_OK);
	assert_int_equal(b.used, 32);
	assert_int_equal(b.data[11], 0);
	assert_int_equal(b.data[12], 0x77);
	assert_int_equal(input(&ecdsa, CARD_ECDSA, OPERATION_SIGN, 64, &b),
			 CKR_OK);
	assert_int_equal(b.used, 32);
	builder_free(&b);
}

static const struct mechanism *
listed(const struct card_driver *driver, CK_MECHANISM_TYPE type)
{
	static struct mechanism list[64];
	size_t count = mechanisms_of(&driver->can, list, 64);

	for (size_t i = 0; i < count; i++)
		if (list[i].type == type)
			return &list[i];
	return NULL;
}

static void
list_piv(void **state)
{
	const struct mechanism *m = listed(&piv_driver, CKM_RSA_PKCS);

	assert_null(listed(&piv_driver, CKM_SHA256));
	assert_non_null(m);
	assert_int_equal(m->info.flags,
			 CKF_HW | CKF_SIGN | CKF_DECRYPT | CKF_UNWRAP);
	assert_int_equal(m->info.ulMinKeySize, 1024);
	assert_int_equal(m->info.ulMaxKeySize, 4096);
	m = listed(&piv_driver, CKM_SHA256_RSA_PKCS);
	assert_int_equal(m->info.flags, CKF_HW | CKF_SIGN);
	m = listed(&piv_driver, CKM_RSA_PKCS_OAEP);
	assert_int_equal(m->info.flags, CKF_HW | CKF_DECRYPT | CKF_UNWRAP);
	m = listed(&piv_driver, CKM_RSA_X_509);
	assert_int_equal(m->info.flags, CKF_HW | CKF_SIGN | CKF_DECRYPT);
	m = listed(&piv_driver, CKM_ECDSA_SHA384);
	assert_int_equal(m->info.flags, CKF_HW | CKF_SIGN | CKF_EC_F_P |
						CKF_EC_NAMEDCURVE |
						CKF_EC_UNCOMPRESS);
	assert_int_equal(m->info.ulMinKeySize, 256);
	assert_int_equal(m->info.ulMaxKeySize, 384);
	assert_non_null(listed(&piv_driver, CKM_SHA256_RSA_PKCS_PSS));
}

/* A card that pads by itself cannot do what needs bare RSA. */
static void
list_padding_card(void **state)
{
	const struct card_driver driver = {
		.can.primitives =
			1u << CARD_RSA_DIGESTINFO | 1u << CARD_RSA_DECRYPT,
		.can.rsa_min = 2048,
		.can.rsa_max = 4096,
	};

	assert_null(listed(&driver, CKM_RSA_X_509));
	assert_null(listed(&driver, CKM_RSA_PKCS_PSS));
	assert_null(listed(&driver, CKM_ECDSA));
	assert_null(listed(&driver, CKM_EDDSA));
	assert_int_equal(listed(&driver, CKM_RSA_PKCS)->info.flags,
			 CKF_HW | CKF_DECRYPT | CKF_UNWRAP | CKF_SIGN);
	assert_int_equal(listed(&driver, CKM_SHA256_RSA_PKCS)->info.flags,
			 CKF_HW | CKF_SIGN);
}

static void
list_edwards_card(void **state)
{
	const struct card_driver driver = { .can.primitives = 1u
							<< CARD_EDDSA };

	assert_null(listed(&driver, CKM_ECDSA));
	assert_int_equal(listed(&driver, CKM_EDDSA)->info.flags,
			 CKF_HW | CKF_SIGN | CKF_EC_OID | CKF_EC_CURVENAME);
	assert_int_equal(listed(&driver, CKM_EDDSA)->info.ulMaxKeySize, 255);
}

#define CASE(name, function)                                          \
	{                                                             \
		"/cardos/mechanism/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("primitive/refused", primitive_refused),
		CASE("primitive/room", primitive_room),
		CASE("input/lengths", input_lengths),
		CASE("input/large", input_large),
		CASE("input/digest-info", input_digest_info),
		CASE("list/padding-card", list_padding_card),
		CASE("list/edwards-card", list_edwards_card),
		CASE("primitive/best", primitive_best),
		CASE("input/good", input_good),
		CASE("list/piv", list_piv),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
