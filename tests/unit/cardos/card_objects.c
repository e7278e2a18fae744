/* Objects of a card: what is read when, what is hidden, what is remembered. */
#include "script.h"

#define ABSENT(tag) "> 00CB3FFF055C03" tag "00\n< 6A82\n"

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
	script->chip = &ec;
	return 0;
}

static int
teardown(void **state)
{
	script_free(script);
	return 0;
}

static CK_RV
search(struct token *t, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	struct ids found = { 0 };
	CK_RV rv = t->ops->search(t, (struct template){ &match, 1 }, &found);

	ids_free(&found);
	return rv;
}

static size_t
count(struct token *t, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };

	return find_count(t, &match, 1);
}

static void
not_on_cards(void **state)
{
	struct token *t = script_token(script, true);
	uint8_t id[] = { 1, 2 };
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE session = { CKA_TOKEN, &no, sizeof(no) };
	CK_ATTRIBUTE long_id = { CKA_ID, id, sizeof(id) };

	assert_int_equal(count(t, CKO_SECRET_KEY), 0);
	assert_int_equal(count(t, CKO_DOMAIN_PARAMETERS), 0);
	assert_int_equal(find_count(t, &session, 1), 0);
	assert_int_equal(find_count(t, &long_id, 1), 0);
	token_unref(t);
}

static void
removed(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, "> 00CB3FFF055C035FC10500\n! removed\n");
	assert_int_equal(search(t, CKO_CERTIFICATE), CKR_DEVICE_REMOVED);
	assert_int_equal(search(t, CKO_CERTIFICATE), CKR_DEVICE_REMOVED);
	token_unref(t);
}

/* Absence is believed of PIV only, proven once, and remembered. */
static void
absent(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, ABSENT("5FC105"));
	script_add(script, script_proof);
	script_add(script, ABSENT("5FC10A"));
	script_add(script, "> 00CB3FFF055C035FC10B00\n< 6A80\n");
	script_add(script, "> 00CB3FFF055C035FC10100\n< 53009000\n");
	script_add(script, ABSENT("5FC10D"));
	assert_int_equal(count(t, CKO_CERTIFICATE), 0);
	script_done(script);
	assert_int_equal(count(t, CKO_CERTIFICATE), 0);
	assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
	token_unref(t);
}

/* Without a key that needs a login no PIN is asked for. */
static void
absent_login(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_true(token_flags(t) & CKF_LOGIN_REQUIRED);
	script_certificate(script, "5FC105", &ec);
	script_add(script, ABSENT("5FC10A") ABSENT("5FC10B"));
	script_add(script, "> 00CB3FFF055C035FC10100\n< 9000\n");
	script_add(script, ABSENT("5FC10D"));
	assert_int_equal(count(t, CKO_CERTIFICATE), 1);
	assert_true(token_flags(t) & CKF_LOGIN_REQUIRED);
	token_unref(t);
}

static void
absent_login_none(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, ABSENT("5FC105"));
	script_add(script, script_proof);
	script_add(script, ABSENT("5FC10A") ABSENT("5FC10B"));
	script_certificate(script, "5FC101", &ec);
	script_add(script, ABSENT("5FC10D"));
	assert_int_equal(count(t, CKO_CERTIFICATE), 1);
	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_false(token_flags(t) & CKF_LOGIN_REQUIRED);
	/* the key of 9E is there without a login */
	assert_int_not_equal(find_one(t, CKO_PRIVATE_KEY, 4), 0);
	token_unref(t);
}

/* Another applet was selected: what it lacks is not missing. */
static void
wrong_applet(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, "> 00CB3FFF055C035FC10500\n< 6A82\n"
			   "> 00CB3FFF035C017E00\n< 6D00\n");
	script_add(script, script_select);
	script_certificate(script, "5FC105", &ec);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
}

/* The card wants the PIN first: asked again after login, not before. */
static void
pin_first(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, "> 00CB3FFF055C035FC10500\n< 6982\n");
	script_add(script, script_proof);
	assert_int_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	script_done(script);
	assert_int_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_certificate(script, "5FC105", &ec);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
}

/* One that cannot be read does not hide the others, and is tried again. */
static void
unreadable(void **state)
{
	struct token *t = script_token(script, true);

	script_certificate(script, "5FC105", &ec);
	script_add(script, "> 00CB3FFF055C035FC10A00\n< 6F00\n");
	script_add(script,
		   ABSENT("5FC10B") ABSENT("5FC101") ABSENT("5FC10D"));
	assert_int_equal(count(t, CKO_CERTIFICATE), 1);
	script_add(script, "> 00CB3FFF055C035FC10A00\n< 6F00\n");
	script_add(script, script_proof);
	assert_int_equal(count(t, CKO_CERTIFICATE), 1);
	token_unref(t);
}

/* The three objects of a slot come of one read. */
static void
one_read(void **state)
{
	struct token *t = script_login(script, true);
	uint64_t certificate, public, private;

	script_certificate(script, "5FC105", &ec);
	private = find_one(t, CKO_PRIVATE_KEY, 1);
	script_done(script);
	certificate = find_one(t, CKO_CERTIFICATE, 1);
	public = find_one(t, CKO_PUBLIC_KEY, 1);
	assert_true(private != 0 && public != 0 && certificate != 0);
	assert_true(private != public && public != certificate);
	/* the handle is kept while somebody is logged in */
	assert_int_equal(script->releases, 1);
	token_unref(t);
}

static void
private_hidden(void **state)
{
	struct token *t = script_login(script, true);
	uint64_t key;
	CK_ATTRIBUTE id = { CKA_ID, NULL, 0 };

	script_certificate(script, "5FC105", &ec);
	key = find_one(t, CKO_PRIVATE_KEY, 1);
	assert_int_equal(t->ops->attributes_get(t, key, &id, 1), CKR_OK);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->attributes_get(t, key, &id, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(find_one(t, CKO_PRIVATE_KEY, 1), 0);
	assert_int_equal(operate_sign(t, CKM_ECDSA_SHA256, key),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_not_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
	token_unref(t);
}

static void
unknown_id(void **state)
{
	struct token *t = script_token(script, true);
	CK_ATTRIBUTE id = { CKA_ID, NULL, 0 };

	assert_int_equal(t->ops->attributes_get(t, 77, &id, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	token_unref(t);
}

static CK_RV
get(struct token *t, uint64_t object, CK_ATTRIBUTE_TYPE type, void *value,
    CK_ULONG *size)
{
	CK_ATTRIBUTE a = { type, value, *size };
	CK_RV rv = t->ops->attributes_get(t, object, &a, 1);

	*size = a.ulValueLen;
	return rv;
}

static void
flag_is(struct token *t, uint64_t object, CK_ATTRIBUTE_TYPE type,
	CK_BBOOL wanted)
{
	CK_BBOOL value = 99;
	CK_ULONG size = sizeof(value);

	assert_int_equal(get(t, object, type, &value, &size), CKR_OK);
	if (value != wanted)
		fail_msg("attribute %lX is %d", type, value);
}

static void
bytes_are(struct token *t, uint64_t object, CK_ATTRIBUTE_TYPE type,
	  struct cursor wanted)
{
	uint8_t value[MAKER_DER_MAX];
	CK_ULONG size = sizeof(value);

	assert_int_equal(get(t, object, type, value, &size), CKR_OK);
	assert_int_equal(size, wanted.left);
	if (size > 0)
		assert_memory_equal(value, wanted.at, size);
}

static void
private_attributes(void **state)
{
	struct token *t = script_login(script, true);
	uint64_t key;
	CK_KEY_TYPE type = 0;
	CK_ULONG size = sizeof(type), none = 0;

	script_certificate(script, "5FC10A", &ec);
	key = find_one(t, CKO_PRIVATE_KEY, 2);
	assert_int_equal(get(t, key, CKA_KEY_TYPE, &type, &size), CKR_OK);
	assert_int_equal(type, CKK_EC);
	flag_is(t, key, CKA_TOKEN, true);
	flag_is(t, key, CKA_PRIVATE, true);
	flag_is(t, key, CKA_SIGN, true);
	flag_is(t, key, CKA_DECRYPT, false);
	flag_is(t, key, CKA_UNWRAP, false);
	flag_is(t, key, CKA_SENSITIVE, true);
	flag_is(t, key, CKA_ALWAYS_SENSITIVE, true);
	flag_is(t, key, CKA_EXTRACTABLE, false);
	flag_is(t, key, CKA_NEVER_EXTRACTABLE, true);
	flag_is(t, key, CKA_ALWAYS_AUTHENTICATE, true);
	flag_is(t, key, CKA_LOCAL, false);
	flag_is(t, key, CKA_MODIFIABLE, false);
	flag_is(t, key, CKA_DESTROYABLE, false);
	bytes_are(t, key, CKA_LABEL, cursor_of("SIGN key", 8));
	bytes_are(t, key, CKA_EC_PARAMS, hex("06082A8648CE3D030107"));
	bytes_are(t, key, CKA_START_DATE, cursor_of(NULL, 0));
	assert_int_equal(get(t, key, CKA_VALUE, NULL, &none),
			 CKR_ATTRIBUTE_SENSITIVE);
	none = 0;
	assert_int_equal(get(t, key, CKA_MODULUS, NULL, &none),
			 CKR_ATTRIBUTE_TYPE_INVALID);
	token_unref(t);
}

static void
certificate_attributes(void **state)
{
	struct token *t = script_token(script, true);
	uint64_t c;
	CK_ULONG value = 0, size = sizeof(value);

	script_certificate(script, "5FC101", &ec);
	c = find_one(t, CKO_CERTIFICATE, 4);
	bytes_are(t, c, CKA_VALUE, maker_certificate(&ec));
	bytes_are(t, c, CKA_SUBJECT, hex("300F310D300B06035504030C044D616465"));
	bytes_are(t, c, CKA_ISSUER, hex("300F310D300B06035504030C044D616465"));
	bytes_are(t, c, CKA_SERIAL_NUMBER, hex("020107"));
	bytes_are(t, c, CKA_START_DATE, cursor_of("20240102", 8));
	bytes_are(t, c, CKA_END_DATE, cursor_of("20340203", 8));
	bytes_are(t, c, CKA_LABEL,
		  cursor_of("Certificate for Card Authentication", 35));
	flag_is(t, c, CKA_TRUSTED, false);
	flag_is(t, c, CKA_PRIVATE, false);
	assert_int_equal(get(t, c, CKA_CERTIFICATE_TYPE, &value, &size),
			 CKR_OK);
	assert_int_equal(value, CKC_X_509);
	assert_int_equal(get(t, c, CKA_CERTIFICATE_CATEGORY, &value, &size),
			 CKR_OK);
	assert_int_equal(value, CK_CERTIFICATE_CATEGORY_TOKEN_USER);
	size = 0;
	assert_int_equal(get(t, c, CKA_CHECK_VALUE, NULL, &size), CKR_OK);
	assert_int_equal(size, 3);
	token_unref(t);
}

/* What a search may ask for before reading is known to be unread, so that no
 * object is missed. */
static void
found_by_what_is_read(void **state)
{
	struct token *t = script_login(script, true);
	CK_KEY_TYPE type = CKK_EC;
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_SIGN, &yes, sizeof(yes) },
	};

	script_certificate(script, "5FC105", &ec);
	script_add(script, ABSENT("5FC10A") ABSENT("5FC10B") ABSENT("5FC101"));
	script_add(script, ABSENT("5FC10D"));
	assert_int_equal(find_count(t, match, 3), 1);
	token_unref(t);
}

#define CASE(name, function)                                                  \
	{                                                                     \
		"/cardos/card_objects/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("removed", removed),
		CASE("absent/remembered", absent),
		CASE("absent/login", absent_login),
		CASE("absent/login-none", absent_login_none),
		CASE("absent/wrong-applet", wrong_applet),
		CASE("not-on-cards", not_on_cards),
		CASE("unknown-id", unknown_id),
		CASE("unreadable", unreadable),
		CASE("pin-first", pin_first),
		CASE("private-hidden", private_hidden),
		CASE("one-read", one_read),
		CASE("attributes/private-key", private_attributes),
		CASE("attributes/certificate", certificate_attributes),
		CASE("found-by-what-is-read", found_by_what_is_read),
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
