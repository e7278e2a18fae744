/* Transactions of a card and who keeps it connected. */
#include "../../../cardos/card_token.h"

#include "script.h"

static struct script *script;
static struct card *card;

static int
setup(void **state)
{
	const struct config config = { .pin_keep = true };

	script = script_new();
	card = card_new(&script->transport, &config);
	return card != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	card_unref(card);
	script_free(script);
	return 0;
}

static CK_RV
turn(CK_RV rv)
{
	CK_RV begun = card_begin(card);

	return begun == CKR_OK ? card_end(card, rv) : begun;
}

/* The first CKR_DEVICE_REMOVED is the last thing that is asked of the wire. */
static void
removed_in_begin(void **state)
{
	script->gone = true;
	assert_int_equal(turn(CKR_OK), CKR_DEVICE_REMOVED);
	script->gone = false;
	assert_int_equal(turn(CKR_OK), CKR_DEVICE_REMOVED);
	assert_int_equal(script->begins, 0);
}

static void
removed_in_between(void **state)
{
	assert_int_equal(turn(CKR_DEVICE_REMOVED), CKR_DEVICE_REMOVED);
	assert_int_equal(turn(CKR_OK), CKR_DEVICE_REMOVED);
	assert_int_equal(script->begins, 1);
}

/* Another error is no reason to give a card up. */
static void
failed(void **state)
{
	assert_int_equal(turn(CKR_DEVICE_ERROR), CKR_DEVICE_ERROR);
	assert_int_equal(turn(CKR_OK), CKR_OK);
	assert_int_equal(script->begins, 2);
}

static void
held(void **state)
{
	assert_int_equal(turn(CKR_OK), CKR_OK);
	assert_int_equal(script->releases, 1);
	card_hold(card);
	card_hold(card);
	assert_int_equal(turn(CKR_OK), CKR_OK);
	card_drop(card);
	assert_int_equal(turn(CKR_OK), CKR_OK);
	assert_int_equal(script->releases, 1);
	card_drop(card);
	assert_int_equal(script->releases, 2);
}

/* What was proven in one transaction is not in the next. */
static void
unproven(void **state)
{
	card->applet_count = 1;
	card->applets[0].driver = &piv_driver;
	card->applets[0].proven = true;
	assert_int_equal(card_begin(card), CKR_OK);
	assert_false(card->applets[0].proven);
	assert_int_equal(card_end(card, CKR_OK), CKR_OK);
}

#define CASE(name, function)                                          \
	{                                                             \
		"/cardos/card/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("removed/in-begin", removed_in_begin),
		CASE("removed/in-between", removed_in_between),
		CASE("failed", failed),
		CASE("unproven", unproven),
		CASE("held", held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
