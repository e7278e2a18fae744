/* The private data objects of OpenPGP cards: DO 0101 to 0104. */
#include <string.h>

#include "openpgp_case.h"

#define PRIVATE "/cardos/openpgp_private/"

static CK_RV
placed(const char *label, const char *value, uint64_t *id)
{
	CK_ATTRIBUTE a = { CKA_LABEL, (void *)label,
			   label == NULL ? 0 : strlen(label) };
	const struct card_new new = {
		.class = CKO_DATA,
		.template = { &a, label == NULL ? 0 : 1 },
		.value = hex(value),
	};

	return openpgp_driver.place(&applet, &new, id);
}

/* A card without them has none, and takes none. */
static void
none(void **state)
{
	struct openpgp *o = applet.state;
	struct card_object *list = NULL;
	uint64_t id = 0;

	o->facts.private_data = false;
	assert_int_equal(openpgp_data_list(&applet, &list), CKR_OK);
	assert_null(list);
	assert_int_equal(placed("PrivDO1", "31", &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
listed(void **state)
{
	static const bool private[] = { false, false, true, true };
	struct card_object *list = NULL;
	size_t count = 0;

	assert_int_equal(openpgp_data_list(&applet, &list), CKR_OK);
	for (const struct card_object *o = list; o != NULL; o = o->next) {
		assert_in_range(count, 0, 3);
		assert_int_equal(
			attrs_bool(&o->attrs, CKA_PRIVATE, !private[count]),
			private[count]);
		count++;
	}
	assert_int_equal(count, 4);
	card_objects_free(list);
}

static void
place_bad(void **state)
{
	struct openpgp *o = applet.state;
	uint64_t id = 0;

	assert_int_equal(placed(NULL, "31", &id), CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(placed("PrivDO5", "31", &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(placed("PrivDO", "31", &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(placed("PrivDO1", "", &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	o->facts.data_max = 1;
	assert_int_equal(placed("PrivDO1", "3131", &id), CKR_DEVICE_MEMORY);
	assert_int_equal(placed("PrivDO1", "31", &id), CKR_OK);
}

/* PW1 writes the first and the third, PW3 the others; the card is not asked
 * for what the other would have to. */
static void
written(void **state)
{
	static const struct {
		const char *label, *command;
		bool by_so;
	} objects[] = {
		{ "PrivDO1", "> 00DA01010131\n< 9000\n", false },
		{ "PrivDO2", "> 00DA01020131\n< 9000\n", true },
		{ "PrivDO3", "> 00DA01030131\n< 9000\n", false },
		{ "PrivDO4", "> 00DA01040131\n< 9000\n", true },
	};

	for (size_t i = 0; i < 4; i++) {
		uint64_t id = 0;

		assert_int_equal(placed(objects[i].label, "31", &id), CKR_OK);
		applet.by_so = !objects[i].by_so;
		assert_int_equal(openpgp_data_write(&applet, id, hex("31")),
				 CKR_USER_NOT_LOGGED_IN);
		assert_int_equal(applet.sw, 0);
		applet.by_so = objects[i].by_so;
		script_add(script, objects[i].command);
		assert_int_equal(openpgp_data_write(&applet, id, hex("31")),
				 CKR_OK);
	}
}

/* What is empty is not there, and what wants the PIN may be. */
static void
read_some(void **state)
{
	struct card_object *found = NULL;
	uint64_t id = 0;

	assert_int_equal(placed("PrivDO3", "31", &id), CKR_OK);
	script_add(script, "> 00CA010300\n< 9000\n> 00CA010300\n< 6A88\n");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(openpgp_data_read(&applet, id, &found),
				 CKR_OBJECT_HANDLE_INVALID);
	script_add(script, "> 00CA010300\n< 6982\n");
	assert_int_equal(openpgp_data_read(&applet, id, &found),
			 CKR_USER_NOT_LOGGED_IN);
	assert_null(found);
	script_add(script, "> 00CA010300\n< 319000\n");
	assert_int_equal(openpgp_data_read(&applet, id, &found), CKR_OK);
	assert_non_null(found);
	card_objects_free(found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(PRIVATE "none", none, setup),
		CASE(PRIVATE "list", listed, setup),
		CASE(PRIVATE "place/bad", place_bad, setup),
		CASE(PRIVATE "write", written, setup),
		CASE(PRIVATE "read", read_some, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
