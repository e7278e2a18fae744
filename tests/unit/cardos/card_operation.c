/* Private-key operations: what is sent when, which PIN is used when. */
#include <openssl/rsa.h>

#include "script.h"

#define SIGN	      "> 0087119A267C2482008120*\n"
#define SIGN_9C	      "> 0087119C267C2482008120*\n"
#define SIGN_9E	      "> 0087119E267C2482008120*\n"
#define STATE(answer) "> 00200080\n< " answer "\n"
#define NOT_PROVEN    "> 00CB3FFF035C017E00\n< 6D00\n"

static struct script *script;
static struct maker ec, other, rsa;

static int
setup_once(void **state)
{
	maker_ec(&ec, "P-256", NULL);
	maker_ec(&other, "P-256", NULL);
	maker_rsa(&rsa, 2048, NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	maker_free(&other);
	maker_free(&rsa);
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
	script_config.piv_always_authenticate = true;
	return 0;
}

/* A token, logged in, with the key of 9A read. */
static struct token *
ready(bool pin_keep, uint64_t *key)
{
	struct token *t = script_login(script, pin_keep);

	script_certificate(script, "5FC105", script->chip);
	*key = find_one(t, CKO_PRIVATE_KEY, 1);
	assert_int_not_equal(*key, 0);
	script_done(script);
	return t;
}

static struct token *
ready_9c(bool pin_keep, uint64_t *key)
{
	struct token *t = script_login(script, pin_keep);

	script_certificate(script, "5FC10A", script->chip);
	*key = find_one(t, CKO_PRIVATE_KEY, 2);
	assert_int_not_equal(*key, 0);
	script_done(script);
	return t;
}

static CK_RV
sign(struct token *t, uint64_t key)
{
	CK_RV rv = operate_sign(t, CKM_ECDSA_SHA256, key);

	script_done(script);
	return rv;
}

static CK_RV
start(struct token *t, enum operation_kind kind, CK_MECHANISM_TYPE mechanism,
      uint64_t key, struct operation **o)
{
	CK_MECHANISM m = { .mechanism = mechanism };
	struct operation_key k = { .id = key };

	*o = NULL;
	return t->ops->operation_start(t, kind, &m, &k, o);
}

static CK_RV
finish(struct operation *o)
{
	struct builder out = builder_heap(1024);
	CK_RV rv = o->ops->update(o, cursor_of("x", 1), &out);

	assert_int_equal(rv, CKR_OK);
	rv = o->ops->finish(o, cursor_of(NULL, 0), &out);
	assert_int_equal(out.used, rv == CKR_OK ? 64 : 0);
	builder_free(&out);
	return rv;
}

static void
start_refused(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	uint64_t public = find_one(t, CKO_PUBLIC_KEY, 1);
	struct operation *o;

	assert_int_equal(start(t, OPERATION_SIGN, CKM_SHA256, key, &o),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(start(t, OPERATION_SIGN, CKM_RSA_PKCS, key, &o),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(start(t, OPERATION_DECRYPT, CKM_RSA_PKCS, key, &o),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(start(t, OPERATION_DECRYPT, CKM_ECDSA, key, &o),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA, 77, &o),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA, public, &o),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(start(t, OPERATION_VERIFY, CKM_ECDSA, public, &o),
			 CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(start(t, OPERATION_ENCRYPT, CKM_RSA_PKCS, public, &o),
			 CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(start(t, OPERATION_DIGEST, CKM_SHA256, 0, &o),
			 CKR_FUNCTION_NOT_SUPPORTED);
	token_unref(t);
}

/* Steady: one transaction, one exchange. */
static void
sign_steady(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	unsigned begins = script->begins;

	for (int turn = 1; turn <= 3; turn++) {
		script_add(script, SIGN "< @\n");
		assert_int_equal(sign(t, key), CKR_OK);
		assert_int_equal(script->begins, begins + turn);
	}
	token_unref(t);
}

/* Short APDUs: two of the chain, one GET RESPONSE. */
static void
sign_rsa(void **state)
{
	uint64_t key;
	struct token *t;
	unsigned exchanges;

	script->chip = &rsa;
	t = ready(true, &key);
	exchanges = script->exchanges;
	script_add(script, "> 1087079AFF7C8201068200818201000001FFFF*\n"
			   "< 9000\n"
			   "> 0087079A0B*\n< @\n"
			   "> 00C0000008\n< @\n");
	assert_int_equal(operate_sign(t, CKM_SHA256_RSA_PKCS, key), CKR_OK);
	assert_int_equal(script->exchanges, exchanges + 3);
	script_add(script, "> 1087079AFF7C820106820081820100*\n< 9000\n"
			   "> 0087079A0B*\n< @\n"
			   "> 00C0000008\n< @\n");
	assert_int_equal(operate_sign(t, CKM_RSA_PKCS, key), CKR_OK);
	token_unref(t);
}

static void
sign_extended(void **state)
{
	uint64_t key;
	struct token *t;
	struct builder b;

	script->chip = &rsa;
	script_atr(script, "3BFD1300008131FE158073C021C057597562694B657940");
	t = script_login(script, true);
	script_add(script, "> 00FD000000\n< 0504039000\n");
	b = builder_heap(MAKER_DER_MAX);
	builder_text(&b, "> 00CB3FFF0000055C035FC1050000\n< 53");
	builder_hex(&b, hex("82"));
	builder_hex(&b,
		    (struct cursor){ .at = (uint8_t[]){ (rsa.size + 4) >> 8,
							(rsa.size + 4) & 0xFF },
				     .left = 2 });
	builder_text(&b, "7082");
	builder_hex(&b, (struct cursor){ .at = (uint8_t[]){ rsa.size >> 8,
							    rsa.size & 0xFF },
					 .left = 2 });
	builder_hex(&b, maker_certificate(&rsa));
	builder_text(&b, "9000\n");
	builder_u8(&b, 0);
	script_add(script, (char *)b.data);
	builder_free(&b);
	script_add(script, "> 00F7009A000000\n< 6D00\n");
	key = find_one(t, CKO_PRIVATE_KEY, 1);
	script_add(script, "> 0087079A00010A7C820106820081820100*\n< @\n");
	assert_int_equal(operate_sign(t, CKM_SHA256_RSA_PKCS, key), CKR_OK);
	token_unref(t);
}

/* A reader that says nothing of itself is tried on a certificate, not on the
 * key, and what came of it is kept: for the long command, too. */
static void
sign_extended_refused(void **state)
{
	uint64_t key;
	struct token *t;

	script->chip = &rsa;
	assert_int_equal(script->info.max_command, 0);
	script_atr(script, "3BFD1300008131FE158073C021C057597562694B657940");
	t = script_login(script, true);
	script_add(script, "> 00FD000000\n< 0504039000\n"
			   "> 00CB3FFF0000055C035FC1050000\n! error\n");
	script_certificate(script, "5FC105", &rsa);
	script_add(script, "> 00F7009A00\n< 6D00\n");
	key = find_one(t, CKO_PRIVATE_KEY, 1);
	for (int turn = 0; turn < 2; turn++) {
		script_add(script, "> 1087079AFF*\n< 9000\n"
				   "> 0087079A0B*\n< @\n"
				   "> 00C0000008\n< @\n");
		assert_int_equal(operate_sign(t, CKM_SHA256_RSA_PKCS, key),
				 CKR_OK);
	}
	token_unref(t);
}

static void
decrypt(void **state)
{
	struct builder cipher = builder_heap(1024), out = builder_heap(1024);
	struct token *t;
	uint64_t key;

	script->chip = &rsa;
	t = ready(true, &key);
	maker_encrypt(&rsa, RSA_PKCS1_PADDING, cursor_of("secret", 6), &cipher);
	script_add(script, "> 1087079AFF7C820106820081820100*\n< 9000\n"
			   "> 0087079A0B*\n< @\n"
			   "> 00C0000008\n< @\n");
	assert_int_equal(operate(t, OPERATION_DECRYPT, CKM_RSA_PKCS, key,
				 builder_read(&cipher), &out),
			 CKR_OK);
	assert_true(cursor_is(builder_read(&out), "secret", 6));
	assert_int_equal(operate(t, OPERATION_DECRYPT, CKM_RSA_PKCS, key,
				 cursor_of("short", 5), &out),
			 CKR_ENCRYPTED_DATA_LEN_RANGE);
	builder_free(&cipher);
	builder_free(&out);
	token_unref(t);
}

/* 64 KiB may be buffered for a raw mechanism, and no more. */
static void
message_long(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	struct builder b = builder_heap(70000), out = builder_heap(1024);

	builder_fill(&b, 1, 65537);
	assert_int_equal(operate(t, OPERATION_SIGN, CKM_ECDSA, key,
				 builder_read(&b), &out),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(operate(t, OPERATION_SIGN, CKM_ECDSA, key,
				 cursor_of("", 0), &out),
			 CKR_DATA_LEN_RANGE);
	builder_free(&b);
	builder_free(&out);
	token_unref(t);
}

/* An error of the card that is no matter of applet or PIN stands; the key is
 * looked at again before its next use. */
static void
sign_fails(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "< 6600\n");
	assert_int_equal(sign(t, key), CKR_FUNCTION_REJECTED);
	script_add(script, SIGN "! error\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	script_add(script, SIGN "< 6F00\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	script_certificate(script, "5FC105", &ec);
	script_add(script, SIGN "< 7C028200"
				"9000\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	script_certificate(script, "5FC105", &ec);
	script_add(script, SIGN "< 9000\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	/* right applet after all: the refusal stands, nothing is repeated */
	script_certificate(script, "5FC105", &ec);
	script_add(script, SIGN "< 6A86\n");
	script_add(script, script_proof);
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* Another program has made a key of another kind in the place, then taken it
 * away: what the card refuses shows it. */
static void
sign_replaced(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "< 6A80\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	script_certificate(script, "5FC105", &rsa);
	assert_int_equal(sign(t, key), CKR_KEY_TYPE_INCONSISTENT);
	script->chip = &rsa;
	script_add(script, "> 1087079AFF*\n< 9000\n> 0087079A0B*\n< 6985\n");
	assert_int_equal(operate_sign(t, CKM_SHA256_RSA_PKCS, key),
			 CKR_FUNCTION_FAILED);
	/* what is left of the chain ends with SELECT */
	script_add(script, "> 00CB3FFF055C035FC10500\n< 6A82\n");
	script_add(script, script_select);
	script_add(script, "> 00CB3FFF055C035FC10500\n< 6A82\n");
	assert_int_equal(sign(t, key), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* Another program selected its applet: guard, PIN, once more. */
static void
switched(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "< 6D00\n" NOT_PROVEN);
	script_add(script, script_select);
	script_add(script, STATE("63C3"));
	script_add(script, script_verify);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	token_unref(t);
}

static void
switched_no_pin(void **state)
{
	uint64_t key;
	struct token *t = ready(false, &key);

	script_add(script, SIGN "< 6D00\n" NOT_PROVEN);
	script_add(script, script_select);
	script_add(script, STATE("63C3"));
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

/* The module spends no try by itself on a doubt, and never the last one. */
static void
never_spent(const char *state_answer)
{
	struct script *own = script_new();
	struct script *before = script;
	uint64_t key;
	struct token *t;

	script = own;
	script->chip = &ec;
	t = ready(true, &key);
	script_add(script, SIGN "< 6982\n");
	script_add(script, script_proof);
	script_add(script, "> 00200080\n");
	script_add(script, state_answer);
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
	script_free(own);
	script = before;
}

static void
last_try(void **state)
{
	never_spent("< 63C1\n");
	never_spent("< 6301\n");
	never_spent("< 63C0\n");
	never_spent("< 6983\n");
	never_spent("< 6300\n");
	never_spent("< 6A88\n");
}

/* The PIN was changed meanwhile: one try, and no second one. */
static void
pin_changed(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("63C3"));
	script_add(script, "> 0020008008313233343536FFFF\n< 63C2\n");
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	assert_int_equal(operate_sign(t, CKM_ECDSA_SHA256, key),
			 CKR_KEY_HANDLE_INVALID);
	token_unref(t);
}

/* Old cards never say that a PIN is verified. */
static void
pin_restored(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("63C2"));
	script_add(script, script_verify);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	/* refused again although verified: no third time */
	script_add(script, SIGN "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, SIGN "< 6982\n");
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* After a reset the key command would be in vain. */
static void
reset(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script->generation++;
	script_add(script, NOT_PROVEN);
	script_add(script, script_select);
	script_add(script, STATE("63C3"));
	script_add(script, script_verify);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	token_unref(t);
}

static void
reset_no_pin(void **state)
{
	uint64_t key;
	struct token *t = ready(false, &key);

	script->generation++;
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

static void
removed_midway(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, SIGN "! removed\n");
	assert_int_equal(sign(t, key), CKR_DEVICE_REMOVED);
	assert_int_equal(operate_sign(t, CKM_ECDSA_SHA256, key),
			 CKR_DEVICE_REMOVED);
	token_unref(t);
}

/* 9C without its own login: the card decides, no PIN is used for it. */
static void
each_time_without(void **state)
{
	uint64_t key;
	struct token *t = ready_9c(true, &key);

	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* piv.always_authenticate = no: the kept PIN is verified anew although the card
 * says that it is, when more than one try is left, once. */
static void
each_time_kept(void **state)
{
	uint64_t key;
	CK_BBOOL each = 9;
	CK_ATTRIBUTE a = { CKA_ALWAYS_AUTHENTICATE, &each, sizeof(each) };
	struct token *t;

	script_config.piv_always_authenticate = false;
	t = ready_9c(true, &key);
	assert_int_equal(t->ops->attributes_get(t, key, &a, 1), CKR_OK);
	assert_false(each);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("63C3"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("63C1"));
	assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
	token_unref(t);
}

/* The same where the PIN was verified already at the first look, so that no
 * tries were ever told: the card forgets it, and tells. */
static void
each_time_uncovered(void **state)
{
	uint64_t key;
	struct token *t;

	script_config.piv_always_authenticate = false;
	t = ready_9c(true, &key);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, script_forget);
	script_add(script, STATE("63C3"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	/* now they are known */
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	token_unref(t);
}

/* A card that forgets by another applet's selection is selected again. */
static void
each_time_uncovered_old(void **state)
{
	uint64_t key;
	struct token *t;

	script_config.piv_always_authenticate = false;
	t = ready_9c(true, &key);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, "> 0020FF80\n< 6A86\n"
			   "> 00A4040006D2760001240100\n< 9000\n"
			   "> 00CB3FFF035C017E00\n< 6A82\n");
	script_add(script, script_select);
	script_add(script, STATE("63C2"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	token_unref(t);
}

/* Nothing is spent when the last try comes to light, or none does. */
static void
each_time_uncovered_last(void **state)
{
	static const char *const told[] = { STATE("63C1"), STATE("9000"),
					    STATE("6A80") };
	struct token *t;
	uint64_t key;

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct script *s = script = script_new();

		s->chip = &ec;
		script_config.piv_always_authenticate = false;
		t = ready_9c(true, &key);
		script_add(s, SIGN_9C "< 6982\n");
		script_add(s, script_proof);
		script_add(s, STATE("9000"));
		script_add(s, script_forget);
		script_add(s, told[i]);
		assert_int_equal(sign(t, key), CKR_USER_NOT_LOGGED_IN);
		token_unref(t);
		script_free(s);
	}
}

/* Without a PIN that is kept there is nothing to do it with. */
static void
each_time_not_kept(void **state)
{
	uint64_t key;
	CK_BBOOL each = 9;
	CK_ATTRIBUTE a = { CKA_ALWAYS_AUTHENTICATE, &each, sizeof(each) };
	struct token *t;

	script_config.piv_always_authenticate = false;
	t = ready_9c(false, &key);
	assert_int_equal(t->ops->attributes_get(t, key, &a, 1), CKR_OK);
	assert_true(each);
	token_unref(t);
}

/* Nothing is sent between the VERIFY and the key command. */
static void
each_time(void **state)
{
	uint64_t key;
	struct token *t = ready_9c(true, &key);
	struct operation *o;

	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA_SHA256, key, &o),
			 CKR_OK);
	assert_true(o->login_each_time);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(o->ops->login(o, cursor_of("123456", 6)), CKR_OK);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(o), CKR_OK);
	o->ops->free(o);
	token_unref(t);
}

static void
each_time_wrong(void **state)
{
	uint64_t key;
	struct token *t = ready_9c(true, &key);
	struct operation *o;

	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA_SHA256, key, &o),
			 CKR_OK);
	script_add(script, script_proof);
	script_add(script, "> 0020008008303030303030FFFF\n< 63C2\n");
	assert_int_equal(o->ops->login(o, cursor_of("000000", 6)),
			 CKR_PIN_INCORRECT);
	script_add(script, script_chuid);
	script_add(script, STATE("63C2"));
	assert_true(token_flags(t) & CKF_USER_PIN_COUNT_LOW);
	assert_int_equal(o->ops->login(o, cursor_of("", 0)), CKR_PIN_INCORRECT);
	o->ops->free(o);
	token_unref(t);
}

/* Somebody came between: VERIFY and the command together, once. */
static void
each_time_disturbed(void **state)
{
	uint64_t key;
	struct token *t = ready_9c(true, &key);
	struct operation *o;

	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA_SHA256, key, &o),
			 CKR_OK);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(o->ops->login(o, cursor_of("123456", 6)), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("63C3"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< 6982\n");
	assert_int_equal(finish(o), CKR_USER_NOT_LOGGED_IN);
	o->ops->free(o);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* 9000 hides the counter, but a verified PIN has all the tries ever seen. */
static void
each_time_hidden(void **state)
{
	uint64_t key;
	struct token *t = script_token(script, true);
	struct operation *o;

	script_add(script, script_chuid);
	script_add(script, STATE("63C3"));
	assert_false(token_flags(t) & CKF_USER_PIN_COUNT_LOW);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_certificate(script, "5FC10A", &ec);
	key = find_one(t, CKO_PRIVATE_KEY, 2);
	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA_SHA256, key, &o),
			 CKR_OK);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(o->ops->login(o, cursor_of("123456", 6)), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, STATE("9000"));
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(o), CKR_OK);
	o->ops->free(o);
	token_unref(t);
}

/* 9E works for everybody; the card is held from start to end only. */
static void
without_login(void **state)
{
	struct token *t = script_token(script, true);
	uint64_t key;
	unsigned releases;
	struct operation *o;

	script_certificate(script, "5FC101", &ec);
	key = find_one(t, CKO_PRIVATE_KEY, 4);
	releases = script->releases;
	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA_SHA256, key, &o),
			 CKR_OK);
	script->generation++;
	script_add(script, SIGN_9E "< 6D00\n" NOT_PROVEN);
	script_add(script, script_select);
	script_add(script, SIGN_9E "< @\n");
	assert_int_equal(finish(o), CKR_OK);
	assert_int_equal(script->releases, releases);
	o->ops->free(o);
	assert_int_equal(script->releases, releases + 1);
	token_unref(t);
}

/* A signature that the certificate does not verify never gets out. */
static void
wrong_key(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script->chip = &other;
	script_add(script, SIGN "< @\n");
	script_certificate(script, "5FC105", &ec);
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	token_unref(t);
}

/* The key and its certificate were deleted meanwhile: nothing is left of it. */
static void
no_key(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	CK_ATTRIBUTE id = { CKA_ID, NULL, 0 };

	script->chip = &other;
	script_add(script, SIGN "< @\n> 00CB3FFF055C035FC10500\n< 6A82\n");
	script_add(script, script_proof);
	assert_int_equal(sign(t, key), CKR_DEVICE_ERROR);
	assert_int_equal(t->ops->attributes_get(t, key, &id, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	token_unref(t);
}

/* The key and its certificate were made anew meanwhile. */
static void
new_key(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script->chip = &other;
	script_add(script, SIGN "< @\n");
	script_certificate(script, "5FC105", &other);
	assert_int_equal(sign(t, key), CKR_OK);
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	token_unref(t);
}

static unsigned looks;

/* None of these may take the lock that is held over a signature. */
static void
look_on(struct token *t)
{
	struct mechanism list[64];
	CK_TOKEN_INFO info;
	CK_ATTRIBUTE id = { CKA_ID, NULL, 0 };
	uint64_t key = find_one(t, CKO_PRIVATE_KEY, 1);

	assert_int_not_equal(key, 0);
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	assert_in_range(t->ops->mechanisms(t, list, 64), 1, 64);
	assert_int_equal(t->ops->attributes_get(t, key, &id, 1), CKR_OK);
	looks++;
}

/* A signature may take seconds; a window that asks for the token must not. */
static void
nobody_waits(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);

	script_add(script, script_chuid);
	script_add(script, STATE("63C3"));
	token_flags(t);
	script->token = t;
	script->during = look_on;
	looks = 0;
	script_add(script, SIGN "< @\n");
	assert_int_equal(sign(t, key), CKR_OK);
	assert_int_equal(looks, 1);
	script->during = NULL;
	token_unref(t);
}

/* An operation outlives the session's token reference. */
static void
outlives(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	struct operation *o;

	assert_int_equal(start(t, OPERATION_SIGN, CKM_ECDSA, key, &o), CKR_OK);
	assert_true(o->single_part);
	assert_int_equal(o->ops->size(o, 13, true), 64);
	token_unref(t);
	assert_false(script->closed);
	o->ops->free(o);
	assert_true(script->closed);
}

#define CASE(name, function)                                               \
	{                                                                  \
		"/cardos/card_operation/" name, function, setup, teardown, \
			NULL                                               \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("start/refused", start_refused),
		CASE("message/long", message_long),
		CASE("sign/fails", sign_fails),
		CASE("sign/wrong-key", wrong_key),
		CASE("sign/no-key", no_key),
		CASE("sign/removed", removed_midway),
		CASE("sign/replaced", sign_replaced),
		CASE("switched/no-pin", switched_no_pin),
		{ "/cardos/card_operation/pin/last-try", last_try, NULL, NULL,
		  NULL },
		CASE("pin/changed", pin_changed),
		CASE("reset/no-pin", reset_no_pin),
		CASE("each-time/without", each_time_without),
		CASE("each-time/kept", each_time_kept),
		CASE("each-time/uncovered", each_time_uncovered),
		CASE("each-time/uncovered/old", each_time_uncovered_old),
		{ "/cardos/card_operation/each-time/uncovered/last",
		  each_time_uncovered_last, NULL, NULL, NULL },
		CASE("each-time/not-kept", each_time_not_kept),
		CASE("each-time/wrong", each_time_wrong),
		CASE("each-time/disturbed", each_time_disturbed),
		CASE("each-time/hidden", each_time_hidden),
		CASE("each-time/good", each_time),
		CASE("sign/steady", sign_steady),
		CASE("sign/rsa", sign_rsa),
		CASE("sign/extended-refused", sign_extended_refused),
		CASE("sign/extended", sign_extended),
		CASE("sign/new-key", new_key),
		CASE("sign/without-login", without_login),
		CASE("decrypt", decrypt),
		CASE("switched", switched),
		CASE("pin/restored", pin_restored),
		CASE("reset", reset),
		CASE("nobody-waits", nobody_waits),
		CASE("outlives", outlives),
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
