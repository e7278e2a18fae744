/* Tests of base/token.c. */
#include "case.h"

#include "token.h"

static int freed;

static void
free_token(struct token *t)
{
	freed++;
}

static void
test_references(void **state)
{
	static const struct token_ops ops = { .free = free_token };
	struct token token = { .ops = &ops, .references = 1 };

	token_unref(NULL);
	assert_ptr_equal(token_ref(&token), &token);
	token_unref(&token);
	assert_int_equal(freed, 0);
	token_unref(&token);
	assert_int_equal(freed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/token/references", test_references),
	};

	return cmocka_run_group_tests_name("/base/token", tests, NULL, NULL);
}
