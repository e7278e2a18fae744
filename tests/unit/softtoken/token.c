/* Tests of softtoken/soft_token.c: a token's life, and the host token's. */
#include "place.h"

#include <string.h>

static const uint8_t hello[] = "Hello World!\n";

static void
test_host_refuses(void **state)
{
	struct token *host = host_token_new(NULL);
	uint64_t pair[2], id;

	assert_non_null(host);
	assert_int_equal(host->ops->login(host, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(host->ops->login_state(host), LOGIN_NONE);
	/* nobody is logged in: nothing private is made */
	assert_int_equal(make_ec(host, "x", pair), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(make_data(host, "x", "y", true, &id),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(count_objects(host, NULL), 0);
	assert_null(host->ops->init);
	token_unref(host);
}

static void
test_empty_token(void **state)
{
	struct place p;
	struct token *t;
	CK_TOKEN_INFO info;
	uint64_t id;

	place_open(&p);
	place_list(&p);
	t = p.list[0].token;
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	assert_int_equal(info.flags & CKF_TOKEN_INITIALIZED, 0);
	assert_memory_equal(info.serialNumber, p.list[0].serial, 16);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_USER_PIN_NOT_INITIALIZED);
	assert_int_equal(make_data(t, "x", "y", false, &id),
			 CKR_TOKEN_NOT_RECOGNIZED);
	assert_int_equal(count_objects(t, NULL), 0);
	place_close(&p);
}

static void
test_info(void **state)
{
	struct place p;
	CK_TOKEN_INFO info;
	struct token *t;
	CK_FLAGS wanted = CKF_RNG | CKF_LOGIN_REQUIRED |
			  CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED;

	place_open(&p);
	t = place_token(&p);
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	assert_int_equal(info.flags, wanted);
	assert_memory_equal(info.label, "a token                         ", 32);
	assert_memory_equal(info.manufacturerID, "signet          ", 16);
	assert_memory_equal(info.model, "software token  ", 16);
	assert_memory_equal(info.serialNumber, p.list[0].serial, 16);
	assert_int_equal(info.ulMinPinLen, 4);
	assert_int_equal(info.ulMaxPinLen, 255);
	place_close(&p);
}

static void
test_sign_and_persist(void **state)
{
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	struct cursor in = cursor_of(hello, sizeof(hello));
	uint8_t space[64];
	struct builder signature = builder_over(space, sizeof(space));
	struct builder none = builder_over(NULL, 0);
	struct place p;
	struct token *t;
	uint64_t pair[2];

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	place_forget(&p);

	place_list(&p);
	assert_int_equal(p.count, 1);
	t = p.list[0].token;
	/* nobody is logged in any more: only the public key is there */
	assert_int_equal(count_objects(t, "key"), 1);
	assert_int_equal(run_operation(t, OPERATION_SIGN, &m, pair[1], in,
				       cursor_of(NULL, 0), &signature),
			 CKR_KEY_HANDLE_INVALID);
	log_in(t, LOGIN_USER);
	assert_int_equal(count_objects(t, "key"), 2);
	assert_int_equal(run_operation(t, OPERATION_SIGN, &m, pair[1], in,
				       cursor_of(NULL, 0), &signature),
			 CKR_OK);
	assert_int_equal(run_operation(t, OPERATION_VERIFY, &m, pair[0], in,
				       builder_read(&signature), &none),
			 CKR_OK);
	space[5] ^= 1;
	assert_int_equal(run_operation(t, OPERATION_VERIFY, &m, pair[0], in,
				       builder_read(&signature), &none),
			 CKR_SIGNATURE_INVALID);
	place_close(&p);
}

/* A host token shows and makes private objects as its peer's login says. */
static void
test_host_follows_peer(void **state)
{
	struct place p;
	struct token *t, *host;
	uint64_t pair[2], data;

	place_open(&p);
	t = place_token(&p);
	host = host_token_new(t);
	log_in(t, LOGIN_SO);
	assert_int_equal(make_ec(host, "session", pair),
			 CKR_USER_NOT_LOGGED_IN);
	log_out(t);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(host, "session", pair), CKR_OK);
	assert_int_equal(make_data(host, "plain", "x", false, &data), CKR_OK);
	assert_int_equal(count_objects(host, NULL), 3);
	assert_int_equal(get_bool(host, pair[1], CKA_TOKEN), CK_FALSE);
	log_out(t);
	assert_int_equal(count_objects(host, NULL), 2);
	assert_int_equal(host->ops->logout(host), CKR_OK);
	log_in(t, LOGIN_USER);
	assert_int_equal(count_objects(host, NULL), 2);
	host->ops->idle(host);
	assert_int_equal(count_objects(host, NULL), 0);
	/* gone without a login, too, but once only */
	assert_int_equal(make_ec(host, "session", pair), CKR_OK);
	log_out(t);
	assert_int_equal(host->ops->destroy(host, pair[1]), CKR_OK);
	assert_int_equal(host->ops->destroy(host, pair[1]),
			 CKR_OBJECT_HANDLE_INVALID);
	token_unref(host);
	place_close(&p);
}

static void
test_logout_hides(void **state)
{
	struct place p;
	struct token *t;
	uint64_t pair[2];
	CK_BBOOL value;
	CK_ATTRIBUTE a = ONE_ATTR(CKA_PRIVATE, value);

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	assert_int_equal(t->ops->attributes_get(t, pair[1], &a, 1), CKR_OK);
	log_out(t);
	assert_int_equal(t->ops->logout(t), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->attributes_get(t, pair[1], &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(t->ops->destroy(t, pair[1]),
			 CKR_OBJECT_HANDLE_INVALID);
	/* nor is it the SO's */
	log_in(t, LOGIN_SO);
	assert_int_equal(t->ops->attributes_get(t, pair[1], &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(count_objects(t, "key"), 1);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/token/host/refuses", test_host_refuses },
		{ "/softtoken/token/empty", test_empty_token },
		{ "/softtoken/token/logout/hides", test_logout_hides },
		{ "/softtoken/token/info", test_info },
		{ "/softtoken/token/persists", test_sign_and_persist },
		{ "/softtoken/token/host/follows", test_host_follows_peer },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
