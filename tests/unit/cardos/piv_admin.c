/* The management key: what a YubiKey 5.4.3 was told, and the vectors of FIPS
 * 197 for the ciphers that no log has. */
#include <string.h>

#include "piv_applet.h"

#define ASK	"> 00F7009B00\n"
#define UNTOLD	ASK "< 6D00\n"
#define WITNESS "00112233445566778899AABBCCDDEEFF"
#define KEY_256                            \
	"000102030405060708090A0B0C0D0E0F" \
	"101112131415161718191A1B1C1D1E1F"

static bool
is_admin(void)
{
	return ((const struct piv *)applet.state)->admin;
}

static CK_RV
login(struct cursor key)
{
	struct card_pin_status status;
	CK_RV rv = piv_driver.pin_verify(&applet, CARD_PIN_SO, key, &status);

	script_done(script);
	assert_int_equal(is_admin(), rv == CKR_OK);
	return rv;
}

static CK_RV
login_text(const char *key)
{
	return login(cursor_of(key, strlen(key)));
}

/* A key in bytes, as a real card's log has it. */
static struct cursor
real_key(void)
{
	return script_fact(FACTS, "management key");
}

/* Our decryption of a real card's witness is what it was; its answer is to
 * another challenge, so that it does not prove the key. */
static void
login_real(void **state)
{
	script_add(script, UNTOLD);
	script_load(script, FACTS, "authenticate, mutual");
	assert_int_equal(login(real_key()), CKR_PIN_INCORRECT);
}

static void
login_refused(void **state)
{
	static const char *const untold[] = { "< 6D00\n", "< 9000\n",
					      "< 0101FF9000\n" };

	/* nothing is sent of what can be no key */
	script_add(script, UNTOLD);
	assert_int_equal(login_text("010203040506070"), CKR_PIN_INCORRECT);
	script_add(script, UNTOLD);
	assert_int_equal(login_text(KEY_256 "00"), CKR_PIN_INCORRECT);
	script_add(script, ASK "< 0101089000\n");
	assert_int_equal(login(real_key()), CKR_PIN_INCORRECT);
	assert_int_equal(login(cursor_of(NULL, 0)), CKR_FUNCTION_FAILED);
	/* a wrong one; metadata that tell no cipher are none */
	for (size_t i = 0; i < sizeof(untold) / sizeof(untold[0]); i++) {
		script_add(script, ASK);
		script_add(script, untold[i]);
		script_load(script, FACTS, "authenticate, wrong key");
		assert_int_equal(login_text("0102030405060708"
					    "0102030405060708"
					    "0102030405060708"),
				 CKR_PIN_INCORRECT);
	}
	script_add(script, UNTOLD "> 0087039B047C02800000\n< 6581\n");
	assert_int_equal(login(real_key()), CKR_DEVICE_MEMORY);
	script_add(script, ASK "! error\n");
	assert_int_equal(login(real_key()), CKR_DEVICE_ERROR);
	script_add(script, UNTOLD "> 0087039B047C02800000\n! removed\n");
	assert_int_equal(login(real_key()), CKR_DEVICE_REMOVED);
}

/* Witnesses that are none. */
static void
witness_refused(void **state)
{
	static const char *const answers[] = {
		"< 9000\n",
		"< 7C0A810811223344556677889000\n",
		"< 7C068004112233449000\n",
		"< 7C12801000112233445566778899AABBCCDDEEFF9000\n",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		script_add(script, ASK "< 0101039000\n"
				       "> 0087039B047C02800000\n");
		script_add(script, answers[i]);
		assert_int_equal(login(real_key()), CKR_PIN_INCORRECT);
	}
}

struct vector {
	const char *name, *told, *id, *hidden;
	size_t key; /* bytes of KEY_256 */
};

static const struct vector vectors[] = {
	{ "AES-128", "< 0101089000\n", "08", "69C4E0D86A7B0430D8CDB78070B4C55A",
	  16 },
	{ "AES-192", "< 01010A9000\n", "0A", "DDA97CA4864CDFE06EAF70A0EC0D7191",
	  24 },
	{ "AES-256", "< 01010C9000\n", "0C", "8EA2B7CA516745BFEAFC49904B496089",
	  32 },
};

static void
vector_add(const struct vector *v, const char *answer)
{
	char lines[512];

	snprintf(lines, sizeof(lines),
		 ASK "%s> 0087%s9B047C02800000\n< 7C128010%s9000\n"
		     "> 0087%s9B267C248010" WITNESS "8110*\n%s\n",
		 v->told, v->id, v->hidden, v->id, answer);
	script_add(script, lines);
}

/* In hexadecimal and as it is; a card that proves nothing is believed. */
static void
login_aes(void **state)
{
	struct cursor text, bytes;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];

		print_message("%s\n", v->name);
		text = cursor_of(KEY_256, 2 * v->key);
		bytes = hex(KEY_256);
		bytes = cursor_take(&bytes, v->key);
		vector_add(v, "< 9000");
		assert_int_equal(login(text), CKR_OK);
		((struct piv *)applet.state)->admin = false;
		vector_add(v, "< 9000");
		assert_int_equal(login(bytes), CKR_OK);
		((struct piv *)applet.state)->admin = false;
		vector_add(v, "< 6982");
		assert_int_equal(login(bytes), CKR_PIN_INCORRECT);
		/* an answer to another challenge */
		vector_add(v, "< 7C128210" WITNESS "9000");
		assert_int_equal(login(text), CKR_PIN_INCORRECT);
	}
}

/* A card that does not tell is asked for a witness of each cipher that the key
 * may be for. */
static void
login_guess(void **state)
{
	script_add(script,
		   UNTOLD "> 0087039B047C02800000\n< 6A86\n"
			  "> 00870A9B047C02800000\n"
			  "< 7C128010DDA97CA4864CDFE06EAF70A0EC0D71919000\n"
			  "> 00870A9B267C248010" WITNESS "8110*\n< 9000\n");
	assert_int_equal(login(cursor_of(KEY_256, 48)), CKR_OK);
}

/* DES ignores the lowest bit of each byte; with other parity it is the same
 * key. */
static void
login_parity(void **state)
{
	script_add(script, UNTOLD
		   "> 0087039B047C02800000\n< 7C0A8008E5FBB290172EC21E9000\n"
		   "> 0087039B167C148008D8F883E570E22D748108*\n< 9000\n");
	assert_int_equal(login_text("000302050407060900030205040706090003020504"
				    "070609"),
			 CKR_OK);
}

static CK_RV
change(const char *key)
{
	struct card_pin_status status;
	CK_RV rv = piv_driver.pin_change(&applet, CARD_PIN_SO,
					 cursor_of(KEY_256, 32),
					 cursor_of(key, strlen(key)), &status);

	script_done(script);
	return rv;
}

/* A key keeps the cipher if it fits, else its size tells; nothing is kept of
 * it in the printed information. */
static void
change_kinds(void **state)
{
	static const char absent[] = "> 00CB3FFF055C035FFF0000\n< 6A82\n";

	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF13089B10000102030405060708090A0B0C0D0E0F"
			   "\n< 9000\n");
	script_add(script, absent);
	assert_int_equal(change("000102030405060708090A0B0C0D0E0F"), CKR_OK);
	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF1B0A9B18000102030405060708090A0B0C0D0E0F"
			   "1011121314151617\n< 9000\n");
	script_add(script, absent);
	assert_int_equal(
		change("000102030405060708090A0B0C0D0E0F1011121314151617"),
		CKR_OK);
	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF230C9B20" KEY_256 "\n< 9000\n");
	script_add(script, absent);
	assert_int_equal(change(KEY_256), CKR_OK);
}

/* 32 digits are 16 bytes, to other tools as well, whatever cipher there was. */
static void
change_digits(void **state)
{
	struct card_pin_status status;

	vector_add(&vectors[2], "< 9000");
	script_add(script, "> 00FFFFFF13089B10000102030405060708090A0B0C0D0E0F"
			   "\n< 9000\n> 00CB3FFF055C035FFF0000\n< 6A82\n");
	assert_int_equal(
		piv_driver.pin_change(
			&applet, CARD_PIN_SO, cursor_of(KEY_256, 64),
			cursor_of("000102030405060708090a0b0c0d0e0f", 32),
			&status),
		CKR_OK);
	script_done(script);
	assert_int_equal(((struct piv *)applet.state)->cipher, 0x08);
}

/* The new key stands also when the copy that the PIN protects is the old one. */
static void
change_unprotected(void **state)
{
	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF13089B10000102030405060708090A0B0C0D0E0F"
			   "\n< 9000\n> 00CB3FFF055C035FFF0000\n"
			   "< 530580038101029000\n> 00DB3FFF*\n< 6A84\n");
	assert_int_equal(change("000102030405060708090A0B0C0D0E0F"), CKR_OK);
}

static void
change_refused(void **state)
{
	vector_add(&vectors[0], "< 6982");
	assert_int_equal(change(KEY_256), CKR_PIN_INCORRECT);
	vector_add(&vectors[0], "< 9000");
	assert_int_equal(change("12345678901234567"), CKR_PIN_LEN_RANGE);
	/* a cipher that the card does not know, a key that it calls weak */
	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF230C9B20" KEY_256 "\n< 6A80\n");
	assert_int_equal(change(KEY_256), CKR_PIN_INVALID);
	vector_add(&vectors[0], "< 9000");
	script_add(script, "> 00FFFFFF230C9B20" KEY_256 "\n< 6D00\n");
	assert_int_equal(change(KEY_256), CKR_FUNCTION_FAILED);
}

static void
set_real(void **state)
{
	static const uint8_t zeros[24];

	((struct piv *)applet.state)->cipher = 0x03;
	script_load(script, FACTS, "set management key, zeros");
	assert_int_equal(piv_admin_set(&applet, cursor_of(zeros, 24)), CKR_OK);
	script_done(script);
	assert_int_equal(piv_admin_set(&applet, cursor_of(zeros, 16)),
			 CKR_FUNCTION_FAILED);
}

#define CASE(name, function)                                       \
	{                                                          \
		"/cardos/piv_admin/" name, function, applet_setup, \
			applet_teardown, NULL                      \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("login/refused", login_refused),
		CASE("login/real", login_real),
		CASE("witness/refused", witness_refused),
		CASE("change/refused", change_refused),
		CASE("login/aes", login_aes),
		CASE("login/guess", login_guess),
		CASE("login/parity", login_parity),
		CASE("change/kinds", change_kinds),
		CASE("change/digits", change_digits),
		CASE("change/unprotected", change_unprotected),
		CASE("set/real", set_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
