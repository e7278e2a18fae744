/* Which retired keys are asked for: first, history, walk, all. */
#include "../../../cardos/piv.h"

#include "script.h"

#define ABSENT(tag)  "> 00CB3FFF055C03" tag "00\n< 6A82\n"
#define HISTORY	     "> 00CB3FFF055C035FC10C00\n"
#define FOUR \
	ABSENT("5FC105") \
	"> 00CB3FFF035C017E00\n" \
	"< 7E124F0BA0000003080000100001005F2F0240009000\n" \
	ABSENT("5FC10A") ABSENT("5FC10B") ABSENT("5FC101")

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
	script_config.piv_retired_all = false;
	return 0;
}

static size_t
certificates(struct token *t)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	size_t count = find_count(t, &match, 1);

	script_done(script);
	return count;
}

static void
none(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, FOUR ABSENT("5FC10D"));
	assert_int_equal(certificates(t), 0);
	assert_int_equal(certificates(t), 0);
	token_unref(t);
}

/* The history counts three; there may be one less than it says. */
static void
counted(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, FOUR);
	script_certificate(script, "5FC10D", &ec);
	script_add(script, HISTORY "< 5308C10103C20100FE009000\n");
	script_certificate(script, "5FC10E", &ec);
	script_add(script, ABSENT("5FC10F"));
	assert_int_equal(certificates(t), 2);
	token_unref(t);
}

/* What the history counts is asked for, also behind a hole; what another program
 * adds beyond it is not. */
static void
counted_hole(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, FOUR);
	script_certificate(script, "5FC10D", &ec);
	script_add(script, HISTORY "< 5308C10103C20100FE009000\n");
	script_add(script, ABSENT("5FC10E"));
	script_certificate(script, "5FC10F", &ec);
	assert_int_equal(certificates(t), 2);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 0x07), 0);
	assert_int_equal(find_one(t, CKO_CERTIFICATE, 0x08), 0);
	token_unref(t);
}

/* A place whose content is no certificate is no hole, as a key may be there. */
static void
walk_garbage(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, FOUR);
	script_certificate(script, "5FC10D", &ec);
	script_add(script, HISTORY "< 6A82\n");
	script_add(script, "> 00CB3FFF055C035FC10E00\n< 53037001309000\n");
	script_certificate(script, "5FC10F", &ec);
	script_add(script, ABSENT("5FC110"));
	assert_int_equal(certificates(t), 2);
	token_unref(t);
}

/* No history, one that is none, and one that cannot be: to the first hole. */
static void
walked(const char *history)
{
	struct token *t;

	setup(NULL);
	t = script_token(script, true);
	script_add(script, FOUR);
	script_certificate(script, "5FC10D", &ec);
	script_add(script, HISTORY);
	script_add(script, history);
	script_certificate(script, "5FC10E", &ec);
	script_add(script, ABSENT("5FC10F"));
	assert_int_equal(certificates(t), 2);
	token_unref(t);
	teardown(NULL);
}

static void
walk(void **state)
{
	walked("< 6A82\n");
	walked("< 53009000\n");
	walked("< 5308C10100C20100FE009000\n");
	walked("< 5309C1020003C20100FE009000\n");
	walked("< 6982\n");
}

/* More than 20 are not asked for. */
static void
counted_wrong(void **state)
{
	struct token *t = script_token(script, true);
	char line[64];

	script_add(script, FOUR);
	script_certificate(script, "5FC10D", &ec);
	script_add(script, HISTORY "< 5308C101FFC20100FE009000\n");
	for (unsigned tag = 0x5FC10E; tag <= 0x5FC120; tag++) {
		snprintf(line, sizeof(line), "> 00CB3FFF055C03%06X00\n< 6A82\n",
			 tag);
		script_add(script, line);
	}
	assert_int_equal(certificates(t), 1);
	token_unref(t);
}

/* A later one by its CKA_ID: the first is asked for before it. */
static void
by_id(void **state)
{
	struct token *t = script_login(script, true);

	script_add(script, "> 00CB3FFF055C035FC10D00\n< 53037001309000\n");
	script_add(script, HISTORY "< 5308C10106C20100FE009000\n");
	script_certificate(script, "5FC112", &ec);
	assert_int_not_equal(find_one(t, CKO_PRIVATE_KEY, 0x10), 0);
	token_unref(t);
}

static void
all(void **state)
{
	struct token *t = script_token(script, true);
	char line[64];

	script_config.piv_retired_all = true;
	script_add(script, FOUR);
	for (unsigned tag = 0x5FC10D; tag <= 0x5FC120; tag++) {
		snprintf(line, sizeof(line), "> 00CB3FFF055C03%06X00\n< 6A82\n",
			 tag);
		if (tag == 0x5FC120)
			script_certificate(script, "5FC120", &ec);
		else
			script_add(script, line);
	}
	assert_int_equal(certificates(t), 1);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 0x24), 0);
	token_unref(t);
}

/* A private key of a retired reference is for decryption and agreement. */
static void
places(void **state)
{
	const struct piv_slot *slot;
	size_t count = 0;

	for (; (slot = piv_slot_at(count)) != NULL; count++) {
		assert_ptr_equal(piv_slot_find(slot->reference), slot);
		if (!piv_slot_retired(slot))
			continue;
		assert_int_equal(slot->reference, PIV_RETIRED + count - 4);
		assert_int_equal(slot->object.at[2], 0x0D + count - 4);
		assert_true(slot->decrypt && !slot->sign);
	}
	assert_int_equal(count, 24);
	assert_null(piv_slot_find(0x81));
	assert_null(piv_slot_find(0x96));
}

#define CASE(name, function)                                                  \
	{                                                                     \
		"/cardos/piv_retired/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("none", none),
		CASE("counted", counted),
		CASE("counted/wrong", counted_wrong),
		CASE("counted/hole", counted_hole),
		CASE("walk/garbage", walk_garbage),
		{ "/cardos/piv_retired/walk", walk, NULL, NULL, NULL },
		CASE("by-id", by_id),
		CASE("all", all),
		{ "/cardos/piv_retired/places", places, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
