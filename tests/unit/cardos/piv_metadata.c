/* What a YubiKey tells of its keys: believed only when it fits together. */
#include "../../../cardos/piv.h"

#include "script.h"

#define ATR_YUBIKEY_5 "3BFD1300008131FE158073C021C057597562694B657940"
#define VERSION	      "> 00FD000000\n"
#define FACTS	      "piv-metadata.apdu"
#define METADATA(ref) "> 00F700" ref "000000\n"
#define GET(tag)      "> 00CB3FFF0000055C03" tag "0000\n"

static struct script *script;
static struct maker ec;

static int
setup_once(void **state)
{
	maker_ec(&ec, "P-256", NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	return 0;
}

static int
setup(void **state)
{
	script = script_new();
	script_atr(script, ATR_YUBIKEY_5);
	return 0;
}

static int
teardown(void **state)
{
	script_free(script);
	script_config.piv_always_authenticate = true;
	script_config.piv_retired_all = false;
	return 0;
}

static void
answer(struct cursor bytes)
{
	struct builder b = builder_heap(4096);

	builder_text(&b, "< ");
	builder_hex(&b, bytes);
	builder_text(&b, "9000\n");
	builder_u8(&b, '\0');
	script_add(script, (char *)b.data);
	builder_free(&b);
}

/* Not logged in; the key of 9A has no certificate, and this metadata. */
static struct token *
told(struct cursor metadata)
{
	struct token *t = script_token(script, true);

	script_add(script, VERSION "< 0504039000\n");
	script_add(script, GET("5FC105") "< 6A82\n" METADATA("9A"));
	answer(metadata);
	return t;
}

static bool
shown(const char *fact)
{
	struct token *t;
	bool found;

	setup(NULL);
	t = told(script_fact(FACTS, fact));
	found = find_one(t, CKO_PUBLIC_KEY, 1) != 0;
	assert_int_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
	teardown(NULL);
	return found;
}

static void
nonsense(void **state)
{
	struct cursor good = script_fact(FACTS, "P-256, generated");

	for (size_t size = 0; size < good.left; size += 7) {
		struct token *t;

		setup(state);
		t = told(cursor_of(good.at, size));
		script_add(script, "> 00CB3FFF035C017E00\n< 7E124F0BA00000"
				   "03080000100001005F2F0240009000\n");
		assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
		token_unref(t);
		teardown(state);
	}
}

/* What two makers' keys answer to GET METADATA. */
static void
nonsense_real(void **state)
{
	static const char *const answers[] = {
		"01011402020001030114", /* Swissbit iShield Key 2 */
		"0000000000000000000000000000000000000000000000",
		"", /* Nitrokey 3, but for 9E: */
		"02020100",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct token *t;

		setup(state);
		t = told(hex(answers[i]));
		script_add(script, "> 00CB3FFF035C017E00\n< 7E124F0BA00000"
				   "03080000100001005F2F0240009000\n");
		assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
		token_unref(t);
		teardown(state);
	}
}

static void
kinds(void **state)
{
	assert_true(shown("P-256, generated"));
	assert_true(shown("P-384, generated"));
	assert_true(shown("RSA 1024, imported"));
	assert_true(shown("RSA 2048, generated"));
}

static CK_BBOOL
flag(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 9;
	CK_ATTRIBUTE a = { type, &value, sizeof(value) };

	assert_int_equal(t->ops->attributes_get(t, id, &a, 1), CKR_OK);
	return value;
}

/* A key that wants no PIN is there without a login, in any slot. */
static void
never(void **state)
{
	struct token *t = told(script_fact(FACTS, "9E"));
	uint64_t key = find_one(t, CKO_PRIVATE_KEY, 1);

	assert_int_not_equal(key, 0);
	assert_false(flag(t, key, CKA_PRIVATE));
	assert_false(flag(t, key, CKA_ALWAYS_AUTHENTICATE));
	assert_true(flag(t, key, CKA_LOCAL));
	token_unref(t);
}

static uint64_t
logged_in(struct token **t, const char *fact)
{
	*t = told(script_fact(FACTS, fact));
	assert_int_equal(find_one(*t, CKO_PRIVATE_KEY, 1), 0);
	script_add(script, "> 00CB3FFF035C017E00\n< 7E124F0BA0000003080000"
			   "100001005F2F0240009000\n");
	script_add(script, script_verify);
	assert_int_equal(
		(*t)->ops->login(*t, LOGIN_USER, cursor_of("123456", 6)),
		CKR_OK);
	return find_one(*t, CKO_PRIVATE_KEY, 1);
}

static void
policies(void **state)
{
	struct token *t;
	uint64_t key = logged_in(&t, "PIN always");

	assert_true(flag(t, key, CKA_PRIVATE));
	assert_true(flag(t, key, CKA_ALWAYS_AUTHENTICATE));
	token_unref(t);
	teardown(state);
	setup(state);
	key = logged_in(&t, "PIN once");
	assert_true(flag(t, key, CKA_PRIVATE));
	assert_false(flag(t, key, CKA_ALWAYS_AUTHENTICATE));
	token_unref(t);
	teardown(state);
	setup(state);
	script_config.piv_always_authenticate = false;
	key = logged_in(&t, "PIN always");
	assert_false(flag(t, key, CKA_ALWAYS_AUTHENTICATE));
	token_unref(t);
}

/* The application hears of the wait before the first use already. */
static CK_RV
surrendered(void *caller)
{
	++*(unsigned *)caller;
	return CKR_CANCEL;
}

static void
touch(void **state)
{
	struct token *t = told(script_fact(FACTS, "touch always"));
	CK_MECHANISM m = { .mechanism = CKM_ECDSA };
	struct operation_key k = { .id = find_one(t, CKO_PRIVATE_KEY, 1) };
	struct operation *o = NULL;
	struct builder out = builder_heap(256);
	unsigned told_of = 0;

	if (k.id == 0) {
		token_unref(t);
		teardown(state);
		setup(state);
		k.id = logged_in(&t, "touch always");
	}
	assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &m, &k, &o),
			 CKR_OK);
	o->surrender = surrendered;
	o->caller = &told_of;
	assert_int_equal(o->ops->update(o, cursor_of("x", 1), &out), CKR_OK);
	assert_int_equal(o->ops->finish(o, cursor_of(NULL, 0), &out),
			 CKR_FUNCTION_CANCELED);
	assert_int_equal(told_of, 1);
	o->ops->free(o);
	builder_free(&out);
	token_unref(t);
}

/* An old firmware is not asked, nor is a certificate without a key used. */
static void
asked_where_it_is(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, VERSION "< 0502079000\n");
	script_add(script, GET("5FC105") "< 6A82\n");
	script_add(script, "> 00CB3FFF035C017E00\n< 7E124F0BA0000003080000"
			   "100001005F2F0240009000\n");
	assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
	token_unref(t);
}

static void
put_certificate(const struct maker *m)
{
	struct builder b = builder_heap(MAKER_DER_MAX + 16);

	builder_u8(&b, 0x53);
	builder_u8(&b, 0x82);
	builder_u16(&b, (uint16_t)(m->size + 4));
	builder_u8(&b, 0x70);
	builder_u8(&b, 0x82);
	builder_u16(&b, (uint16_t)m->size);
	builder_append(&b, maker_certificate(m));
	script_add(script, GET("5FC105"));
	answer(builder_read(&b));
	builder_free(&b);
}

static void
certificate_left(void **state)
{
	struct token *t = script_token(script, true);
	uint8_t value[80];
	CK_ATTRIBUTE point = { CKA_EC_POINT, value, sizeof(value) };
	uint64_t key;

	script_add(script, VERSION "< 0507049000\n");
	put_certificate(&ec);
	script_add(script, METADATA("9A"));
	answer(script_fact(FACTS, "P-256, generated"));
	key = find_one(t, CKO_PUBLIC_KEY, 1);
	assert_int_equal(t->ops->attributes_get(t, key, &point, 1), CKR_OK);
	/* the key's own point, not that of the certificate left over */
	assert_memory_equal(value + 2, hex("045EBF4839B56395D5").at, 9);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
}

static void
certificate_alone(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, VERSION "< 0507049000\n");
	put_certificate(&ec);
	script_add(script, METADATA("9A") "< 6A88\n");
	assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
}

#define CASE(name, function)                                                   \
	{                                                                      \
		"/cardos/piv_metadata/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/piv_metadata/nonsense", nonsense, NULL, NULL, NULL },
		{ "/cardos/piv_metadata/nonsense/real", nonsense_real, NULL,
		  NULL, NULL },
		{ "/cardos/piv_metadata/kinds", kinds, NULL, NULL, NULL },
		CASE("pin/never", never),
		CASE("pin/policies", policies),
		CASE("touch", touch),
		CASE("asked", asked_where_it_is),
		CASE("certificate/left", certificate_left),
		CASE("certificate/alone", certificate_alone),
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
