/* What a card can do, by the maker in its ATR and by its firmware. */
#include "../../../cardos/piv.h"

#include "script.h"

#define YUBIKEY	 "3BFD1300008131FE158073C021C057597562694B657940"
#define NITROKEY "3B8F01805D4E6974726F6B657900000000006A"

static const struct card_abilities *
able(const char *atr, uint8_t major, uint8_t minor, uint8_t patch)
{
	const struct piv_version version = { .major = major,
					     .minor = minor,
					     .patch = patch };
	struct script *s = script_new();
	struct card_applet a = { .driver = &piv_driver };
	const struct card_abilities *can;

	script_atr(s, atr);
	a.transport = apdu_layer_new(&s->transport);
	can = piv_abilities(&a, &version);
	a.transport->ops->close(a.transport);
	script_free(s);
	return can;
}

static bool
edwards(const struct card_abilities *can)
{
	return (can->primitives & 1u << CARD_EDDSA) != 0;
}

static void
is_able(const struct card_abilities *can, CK_ULONG rsa_max, CK_ULONG ec_max,
	bool curves, bool makes_rsa)
{
	assert_int_equal(can->rsa_min, 1024);
	assert_int_equal(can->rsa_max, rsa_max);
	assert_int_equal(can->ec_min, 256);
	assert_int_equal(can->ec_max, ec_max);
	assert_int_equal(edwards(can), curves);
	assert_int_equal(card_generates(can, CKK_RSA), makes_rsa);
	assert_true(card_generates(can, CKK_EC));
	assert_int_equal(card_generates(can, CKK_EC_EDWARDS), curves);
	assert_int_equal(card_generates(can, CKK_EC_MONTGOMERY), curves);
	assert_false(card_generates(can, CKK_AES));
}

static void
firmware(void **state)
{
	is_able(able(YUBIKEY, 1, 0, 4), 2048, 256, false, true);
	is_able(able(YUBIKEY, 4, 0, 0), 2048, 384, false, true);
	is_able(able(YUBIKEY, 4, 1, 9), 2048, 384, false, true);
	/* their RSA keys can be factored */
	is_able(able(YUBIKEY, 4, 2, 0), 2048, 384, false, false);
	is_able(able(YUBIKEY, 4, 3, 4), 2048, 384, false, false);
	is_able(able(YUBIKEY, 4, 3, 5), 2048, 384, false, true);
	is_able(able(YUBIKEY, 5, 4, 3), 2048, 384, false, true);
	is_able(able(YUBIKEY, 5, 6, 9), 2048, 384, false, true);
	is_able(able(YUBIKEY, 5, 7, 0), 4096, 384, true, true);
	is_able(able(YUBIKEY, 6, 0, 0), 4096, 384, true, true);
}

/* What another card can use is not known; Ed25519 is never made there, as its
 * number may mean something else. */
static void
other(void **state)
{
	const struct card_abilities *can = able(NITROKEY, 6, 6, 6);

	assert_int_equal(can->rsa_max, 4096);
	assert_true(edwards(can));
	assert_false(card_generates(can, CKK_EC_EDWARDS));
	assert_true(card_generates(can, CKK_RSA));
	assert_ptr_equal(able("3B80800101", 0, 0, 0), can);
	/* a YubiKey that does not tell its firmware */
	assert_ptr_equal(able(YUBIKEY, 0, 0, 0), can);
}

/* C_GetMechanismList shows it. */
static void
listed(void **state)
{
	struct script *s = script_new();
	struct mechanism list[64];
	struct token *t;
	CK_TOKEN_INFO info;
	size_t before, after;

	script_atr(s, YUBIKEY);
	t = script_token(s, true);
	before = t->ops->mechanisms(t, list, 64);
	script_add(s, script_chuid);
	script_add(s, "> 00FD000000\n< 0504039000\n> 00200080\n< 63C3\n");
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	after = t->ops->mechanisms(t, list, 64);
	/* without EdDSA and the two kinds of pairs */
	assert_int_equal(after, before - 3);
	for (size_t i = 0; i < after; i++) {
		assert_int_not_equal(list[i].type, CKM_EDDSA);
		if (list[i].type == CKM_RSA_PKCS_KEY_PAIR_GEN)
			assert_int_equal(list[i].info.ulMaxKeySize, 2048);
	}
	token_unref(t);
	script_free(s);
}

#define CASE(name, function)                                              \
	{                                                                 \
		"/cardos/piv_abilities/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("other", other),
		CASE("firmware", firmware),
		CASE("listed", listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
