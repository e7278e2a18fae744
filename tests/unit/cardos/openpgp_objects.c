/* The objects of OpenPGP cards: what there is, and what belongs together. */
#include "../../../cardos/openpgp.h"

#include <stdio.h>

#include "script.h"

#include "tlv.h"

#define SELECT "> 00A4040006D2760001240100\n< 9000\n"
#define PROOF  "> 00CA004F00\n< D27600012401030400421234567800009000\n"
#define CHOOSE(n)             \
	"> 00A50" n "0406600" \
	"45C027F2100\n"

/* Three keys of the maker's: generic card, no KDF, PW1 good for several. */
static struct maker makers[OPENPGP_KEYS];
static struct script *script;
static struct token *token;
static const char *manufacturer = "0042";

static const char templates[OPENPGP_KEYS][3] = { "B6", "B8", "A4" };

static void
answer(const char *command, struct cursor data)
{
	struct builder b = builder_heap(1 << 16);

	builder_text(&b, command);
	builder_text(&b, "< ");
	builder_hex(&b, data);
	builder_text(&b, "9000\n");
	builder_u8(&b, 0);
	script_add(script, (char *)b.data);
	builder_free(&b);
}

/* 6E with C1 to C3 of P-256, and the key information INFORMATION. */
static void
application_related(const char *information)
{
	struct builder in = builder_heap(4096), all = builder_heap(4096);
	struct builder aid = builder_heap(64);

	builder_append(&aid, hex("D27600012401"
				 "0304"));
	builder_append(&aid, hex(manufacturer));
	builder_append(&aid, hex("123456780000"));
	tlv_put(&in, 0xC0, hex("74000000000000000000"));
	for (uint32_t i = 0; i < OPENPGP_KEYS; i++)
		tlv_put(&in, 0xC1 + i, hex("132A8648CE3D030107"));
	tlv_put(&in, 0xC4, hex("017F7F7F030003"));
	tlv_put(&in, 0xDE, hex(information));
	tlv_put(&in, 0xD8, hex("0120")); /* the third wants a touch */
	tlv_put(&all, 0x4F, builder_read(&aid));
	tlv_put(&all, 0x73, builder_read(&in));
	answer("> 00CA006E00\n", builder_read(&all));
	builder_free(&aid);
	builder_free(&in);
	builder_free(&all);
}

static void
card_open(const char *information)
{
	struct config config = { .applets = (char[]){ "openpgp" },
				 .pin_keep = true };
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 0;

	script = script_new();
	script_add(script, SELECT);
	application_related(information);
	assert_int_equal(
		card_tokens_open(&script->transport, &config, tokens, &count),
		CKR_OK);
	assert_int_equal(count, 1);
	token = tokens[0];
}

static void
card_close(void)
{
	token_unref(token);
	script_free(script);
}

static int
setup(void **state)
{
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		maker_ec(&makers[i], "prime256v1", NULL);
	return 0;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		maker_free(&makers[i]);
	return 0;
}

/* The card is asked for the public key of a key, and has that of OF there. */
static void
key_answer_of(enum openpgp_use use, enum openpgp_use of)
{
	struct builder point = builder_heap(256), all = builder_heap(256);
	struct certificate c;
	struct pubkey *key = NULL;
	char command[64];

	assert_int_equal(certificate_parse(maker_certificate(&makers[of]), &c),
			 CKR_OK);
	assert_int_equal(pubkey_from_info(c.public_key_info, &key), CKR_OK);
	tlv_put(&point, 0x86, key->point);
	tlv_put(&all, 0x7F49, builder_read(&point));
	snprintf(command, sizeof(command), "> 0047810002%s0000\n",
		 templates[use]);
	answer(command, builder_read(&all));
	pubkey_free(key);
	builder_free(&point);
	builder_free(&all);
}

static void
key_answer(enum openpgp_use use)
{
	key_answer_of(use, use);
}

/* What the card gives of a long answer, and the question for the rest. */
static void
piece(struct cursor data, size_t hint)
{
	struct builder b = builder_heap(4096);
	char rest[64];

	snprintf(rest, sizeof(rest), "61%02zX\n> 00C00000%02zX\n", hint, hint);
	builder_text(&b, "< ");
	builder_hex(&b, data);
	builder_text(&b, rest);
	builder_u8(&b, 0);
	script_add(script, (char *)b.data);
	builder_free(&b);
}

static void
certificate_answer(unsigned occurrence, const struct maker *m)
{
	char command[64];
	struct cursor der = cursor_of(NULL, 0);

	snprintf(command, sizeof(command),
		 "> 00A5%02X04066004"
		 "5C027F2100\n< 9000\n",
		 occurrence);
	script_add(script, command);
	if (m != NULL)
		der = maker_certificate(m);
	script_add(script, "> 00CA7F2100\n");
	while (der.left > 256) {
		size_t after = der.left - 256;

		piece(cursor_take(&der, 256), after < 256 ? after : 0);
	}
	answer("", der);
}

static size_t
count_class(CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };

	return find_count(token, &match, 1);
}

/* No key: no login is of use, and nothing is asked for but certificates. */
static void
empty(void **state)
{
	card_open("010002000300");
	assert_false(token_flags(token) & CKF_LOGIN_REQUIRED);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 0);
	assert_int_equal(count_class(CKO_PRIVATE_KEY), 0);
	script_done(script);
	script_add(script,
		   CHOOSE("0") "< 6D00\n" PROOF
			   CHOOSE("0") "< 6D00\n> 00CA7F2100\n< 6A88\n" CHOOSE(
				   "1") "< 6D00\n" CHOOSE("2") "< 6D00\n");
	assert_int_equal(count_class(CKO_CERTIFICATE), 0);
	assert_int_equal(count_class(CKO_CERTIFICATE), 0);
	card_close();
}

/* What the card counts as a key, but does not give, is none. */
static void
no_key(void **state)
{
	card_open("010102000300");
	assert_true(token_flags(token) & CKF_LOGIN_REQUIRED);
	script_add(script, "> 0047810002B60000\n< 6A88\n" PROOF);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 0);
	script_done(script);
	card_close();
}

/* Certificates that the card gives only after the PIN are asked for again. */
static void
late(void **state)
{
	card_open("010002000300");
	script_add(script, CHOOSE("0") "< 6982\n" PROOF CHOOSE(
				   "0") "< 6982\n" CHOOSE("0") "< 6982\n");
	assert_int_equal(count_class(CKO_CERTIFICATE), 0);
	card_close();
}

static void
user_login(void)
{
	script_add(script, PROOF "> 0020008206313233343536\n< 9000\n");
	assert_int_equal(
		token->ops->login(token, LOGIN_USER, cursor_of("123456", 6)),
		CKR_OK);
}

static void
flag_is(uint64_t id, CK_ATTRIBUTE_TYPE type, CK_BBOOL wanted)
{
	CK_BBOOL value = !wanted;
	CK_ATTRIBUTE flag = { type, &value, sizeof(value) };

	assert_int_equal(token->ops->attributes_get(token, id, &flag, 1),
			 CKR_OK);
	assert_int_equal(value, wanted);
}

static void
keys(void **state)
{
	uint64_t id;

	card_open("010102010301");
	assert_true(token_flags(token) & CKF_LOGIN_REQUIRED);
	key_answer(OPENPGP_SIGN);
	assert_int_not_equal(find_one(token, CKO_PUBLIC_KEY, 1), 0);
	script_done(script);
	user_login();
	id = find_one(token, CKO_PRIVATE_KEY, 1);
	assert_int_not_equal(id, 0);
	flag_is(id, CKA_ALWAYS_AUTHENTICATE, CK_FALSE);
	key_answer(OPENPGP_AUTHENTICATE);
	assert_int_not_equal(find_one(token, CKO_PRIVATE_KEY, 3), 0);
	card_close();
}

/* Made on the card, brought in, or what only later cards can tell. */
static void
origin(void **state)
{
	static const struct {
		CK_BBOOL made, elsewhere;
	} wanted[OPENPGP_KEYS] = {
		{ CK_TRUE, CK_FALSE },
		{ CK_FALSE, CK_TRUE },
		{ CK_FALSE, CK_FALSE },
	};

	card_open("010102020304");
	user_login();
	for (uint8_t i = 0; i < OPENPGP_KEYS; i++) {
		uint64_t id;

		key_answer(i);
		id = find_one(token, CKO_PRIVATE_KEY, i + 1);
		flag_is(id, CKA_LOCAL, wanted[i].made);
		flag_is(id, CKA_ALWAYS_SENSITIVE, !wanted[i].elsewhere);
		flag_is(id, CKA_NEVER_EXTRACTABLE, !wanted[i].elsewhere);
		id = find_one(token, CKO_PUBLIC_KEY, i + 1);
		flag_is(id, CKA_LOCAL, wanted[i].made);
	}
	card_close();
}

/* The place was for another kind of key, and the card makes none: the old key
 * is gone, and nobody sees it any more. */
static void
not_made(void **state)
{
	CK_MECHANISM mechanism = { .mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN };
	CK_ULONG bits = 3072;
	CK_BYTE number = 1;
	CK_ATTRIBUTE of_public = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_ATTRIBUTE of_private = { CKA_ID, &number, 1 };
	uint64_t id;

	card_open("010102000300");
	key_answer(OPENPGP_SIGN);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 1);
	script_add(script, PROOF "> 00200083083132333435363738\n< 9000\n");
	assert_int_equal(
		token->ops->login(token, LOGIN_SO, cursor_of("12345678", 8)),
		CKR_OK);
	script_add(script, PROOF "> 00DA00C106010C00002000\n< 9000\n"
				 "> 0047800002B60000\n< 6985\n");
	assert_int_equal(token->ops->generate_pair(
				 token, &mechanism,
				 (struct template){ &of_public, 1 },
				 (struct template){ &of_private, 1 }, &id, &id),
			 CKR_FUNCTION_FAILED);
	script_done(script);
	script_add(script, PROOF);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 0);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 0);
	card_close();
}

/* A YubiKey that fails half way: the key is gone with the first half. */
static void
half_removed(void **state)
{
	uint64_t id;

	manufacturer = "0006";
	card_open("010102000300");
	manufacturer = "0042";
	key_answer(OPENPGP_SIGN);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 1);
	script_add(script, PROOF "> 00200083083132333435363738\n< 9000\n");
	assert_int_equal(
		token->ops->login(token, LOGIN_SO, cursor_of("12345678", 8)),
		CKR_OK);
	id = find_one(token, CKO_PRIVATE_KEY, 1);
	assert_int_not_equal(id, 0);
	script_add(script, PROOF "> 00DA00C106011000001100\n< 9000\n"
				 "> 00DA00C109132A8648CE3D030107\n< 6F00\n");
	assert_int_equal(token->ops->destroy(token, id), CKR_DEVICE_ERROR);
	script_done(script);
	script_add(script, PROOF);
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 0);
	card_close();
}

static CK_RV
surrendered(void *caller)
{
	unsigned *times = caller;

	(*times)++;
	return CKR_CANCEL;
}

/* Signs with a key up to the word that somebody has to touch the card. */
static unsigned
announced(uint64_t key)
{
	CK_MECHANISM mechanism = { .mechanism = CKM_ECDSA };
	struct operation_key k = { .id = key };
	struct operation *o = NULL;
	struct builder out = builder_heap(256);
	unsigned times = 0;

	assert_int_equal(token->ops->operation_start(token, OPERATION_SIGN,
						     &mechanism, &k, &o),
			 CKR_OK);
	o->surrender = surrendered;
	o->caller = &times;
	assert_int_equal(o->ops->update(o, cursor_of("x", 1), &out), CKR_OK);
	assert_int_not_equal(o->ops->finish(o, cursor_of(NULL, 0), &out),
			     CKR_OK);
	o->ops->free(o);
	builder_free(&out);
	return times;
}

/* A key that wants a touch says so before its first use. */
static void
touch(void **state)
{
	card_open("010102000301");
	script_add(script, PROOF "> 0020008206313233343536\n< 9000\n");
	assert_int_equal(
		token->ops->login(token, LOGIN_USER, cursor_of("123456", 6)),
		CKR_OK);
	key_answer(OPENPGP_AUTHENTICATE);
	assert_int_equal(announced(find_one(token, CKO_PRIVATE_KEY, 3)), 1);
	card_close();
}

/* Whatever order a card keeps certificates in, the key decides. */
static void
certificates(void **state)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_BYTE number = 3;
	uint8_t value[MAKER_DER_MAX];
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, &number, 1 } };
	CK_ATTRIBUTE got = { CKA_VALUE, value, sizeof(value) };
	uint64_t id;

	card_open("010102010301");
	certificate_answer(0, &makers[OPENPGP_SIGN]);
	certificate_answer(1, &makers[OPENPGP_DECIPHER]);
	certificate_answer(2, &makers[OPENPGP_AUTHENTICATE]);
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		key_answer((enum openpgp_use)i);
	assert_int_equal(find_count(token, match, 2), 1);
	id = find_one(token, CKO_CERTIFICATE, 3);
	assert_int_equal(token->ops->attributes_get(token, id, &got, 1),
			 CKR_OK);
	assert_true(
		cursor_same(cursor_of(value, got.ulValueLen),
			    maker_certificate(&makers[OPENPGP_AUTHENTICATE])));
	/* the keys are known now */
	assert_int_equal(count_class(CKO_PUBLIC_KEY), 3);
	card_close();
}

/* One key in two places: a certificate that fits where it is stays there, and
 * says nothing of an order. */
static void
certificates_same_key(void **state)
{
	card_open("010102010301");
	certificate_answer(0, &makers[OPENPGP_SIGN]);
	certificate_answer(1, NULL);
	certificate_answer(2, &makers[OPENPGP_SIGN]);
	key_answer(OPENPGP_SIGN);
	key_answer(OPENPGP_DECIPHER);
	key_answer_of(OPENPGP_AUTHENTICATE, OPENPGP_SIGN);
	assert_int_not_equal(find_one(token, CKO_CERTIFICATE, 3), 0);
	assert_int_not_equal(find_one(token, CKO_CERTIFICATE, 1), 0);
	assert_int_equal(count_class(CKO_CERTIFICATE), 2);
	card_close();
}

/* Without their keys certificates are where the card has them. */
static void
certificates_alone(void **state)
{
	card_open("010002000300");
	certificate_answer(0, &makers[0]);
	certificate_answer(1, NULL);
	certificate_answer(2, NULL);
	assert_int_not_equal(find_one(token, CKO_CERTIFICATE, 3), 0);
	assert_int_equal(count_class(CKO_CERTIFICATE), 1);
	card_close();
}

#define CASE(name, function)                                                \
	{                                                                   \
		"/cardos/openpgp_objects/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("empty", empty),
		CASE("no-key", no_key),
		CASE("late", late),
		CASE("keys", keys),
		CASE("origin", origin),
		CASE("touch", touch),
		CASE("not-made", not_made),
		CASE("half-removed", half_removed),
		CASE("certificates", certificates),
		CASE("certificates/same-key", certificates_same_key),
		CASE("certificates-alone", certificates_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
