/* Recognition: who is a PIV card, and what it costs to know. */
#include <stdio.h>
#include <stdlib.h>

#include "script.h"

#define SELECT	 "> 00A4040009A0000003080000100000\n"
#define PROOF	 "> 00CB3FFF035C017E00\n"
#define OPENPGP	 "> 00A4040006D2760001240100\n"
#define AID	 "> 00CA004F00\n"
#define GET_6E	 "> 00CA006E00\n"
#define TOLD	 "< 4F10D27600012401030400061234567800009000\n"
#define ACTIVATE "> 00440000\n"
#define CHUID	 "> 00CB3FFF055C035FC10200\n"

struct look {
	const char *lines, *applets;
	bool shared;
	CK_RV rv;
	size_t count;
};

static void
look(const struct look *l)
{
	struct script *s = script_new();
	struct config config = { .applets = (char *)l->applets };
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 99;
	CK_RV rv;

	s->info.shared = l->shared;
	script_add(s, l->lines);
	rv = card_tokens_open(&s->transport, &config, tokens, &count);
	assert_int_equal(rv, l->rv);
	if (rv == CKR_OK)
		assert_int_equal(count, l->count);
	else
		assert_int_equal(count, 99);
	/* let go of, also when it is known now */
	assert_int_equal(s->begins, 1);
	assert_int_equal(s->releases, 1);
	assert_int_equal(s->closed, rv != CKR_OK || count == 0);
	for (size_t i = 0; rv == CKR_OK && i < count; i++)
		token_unref(tokens[i]);
	script_free(s);
}

static void
look_fresh(const char *lines, size_t count)
{
	look(&(struct look){ lines, "piv", false, CKR_OK, count });
}

static void
unknown(void **state)
{
	look_fresh(SELECT "< 6A82\n", 0);
	look_fresh(SELECT "< 6D00\n", 0);
	look_fresh(SELECT "< 6F00\n", 0);
}

/* What was terminated is empty; it is activated, once. */
static void
terminated(void **state)
{
	look(&(struct look){ OPENPGP "< 6285\n" ACTIVATE "< 6D00\n", "openpgp",
			     false, CKR_OK, 0 });
	look(&(struct look){ OPENPGP "< 6985\n" ACTIVATE "< 9000\n" OPENPGP
				     "< 6985\n",
			     "openpgp", false, CKR_OK, 0 });
	look(&(struct look){ OPENPGP "< 6285\n" ACTIVATE "! removed\n",
			     "openpgp", false, CKR_DEVICE_REMOVED, 0 });
	look(&(struct look){ OPENPGP "< 6285\n" ACTIVATE "< 9000\n" OPENPGP
				     "< 9000\n" GET_6E TOLD,
			     "openpgp", false, CKR_OK, 1 });
	look_fresh(SELECT "< 6285\n", 0);
}

static void
silent(void **state)
{
	look(&(struct look){ SELECT "! error\n", "piv", false, CKR_DEVICE_ERROR,
			     0 });
}

static void
removed(void **state)
{
	look(&(struct look){ SELECT "! removed\n", "piv", false,
			     CKR_DEVICE_REMOVED, 0 });
}

static void
not_configured(void **state)
{
	look(&(struct look){ "", "cardos", false, CKR_OK, 0 });
	look(&(struct look){ SELECT "< 610D4F0600001000010079034F01009000\n",
			     "cardos,piv", false, CKR_OK, 1 });
}

/* Some cards say 9000 to any SELECT, and to any other command. */
static void
says_yes(void **state)
{
	look_fresh(SELECT "< 9000\n" PROOF "< 9000\n" CHUID "< 9000\n", 0);
	look_fresh(SELECT "< 9000\n" PROOF "< 6A82\n" CHUID "< 6E00\n", 0);
	look_fresh(SELECT "< 6F009000\n" PROOF "< 6D00\n", 0);
	look(&(struct look){ SELECT "< 010203049000\n" PROOF "! error\n", "piv",
			     false, CKR_DEVICE_ERROR, 0 });
}

/* An answer that names nothing is made good by the proof. */
static void
unnamed(void **state)
{
	look_fresh(SELECT "< 9000\n" PROOF
			  "< 7E124F0BA0000003080000100001005F2F02"
			  "40009000\n",
		   1);
	look_fresh(SELECT "< 61809000\n" PROOF "< 6A82\n" CHUID "< 53029000\n",
		   1);
}

/* By SELECT alone. */
static void
real_cards(void **state)
{
	static const char *const cards[] = { "YubiKey 5.4.3", "Nitrokey 3",
					     "G&D SmartCafe 7",
					     "a card that loses" };

	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		struct script *s = script_new();
		struct config config = { .applets = (char[]){ "piv" } };
		struct token *tokens[CARD_TOKENS_MAX];
		size_t count = 0;

		script_load(s, "select.apdu", cards[i]);
		assert_int_equal(card_tokens_open(&s->transport, &config,
						  tokens, &count),
				 CKR_OK);
		assert_int_equal(count, 1);
		assert_int_equal(s->exchanges, 1);
		token_unref(tokens[0]);
		script_free(s);
	}
}

/* Templates that are not as the standard has them: an outer length of nothing
 * (PivApplet), one template in another, AC once for each algorithm (Token2) or
 * once for all (Nitrokey 3), nothing at all but the RID. */
static void
odd_templates(void **state)
{
	static const char *const answers[] = {
		"61804F0BA00000030800001000010079074F05A0000003089000",
		"611A61184F0BA00000030800001000010079074F05A0000003089000",
		("61274F0600001000010079074F05A000000308AC06800107060100"
		 "AC06800111060100AC03060100"
		 "9000"),
		("611D4F06000010000100AC0C800103800107800111060100"
		 "79054F03A00000"
		 "9000"),
		"4F05A0000003089000",
	};
	char lines[300];

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct script *s = script_new();
		struct config config = { .applets = (char[]){ "piv" } };
		struct token *tokens[CARD_TOKENS_MAX];
		size_t count = 0;

		snprintf(lines, sizeof(lines),
			 "> 00A4040009A0000003080000100000\n< %s\n",
			 answers[i]);
		script_add(s, lines);
		assert_int_equal(card_tokens_open(&s->transport, &config,
						  tokens, &count),
				 CKR_OK);
		assert_int_equal(count, 1);
		token_unref(tokens[0]);
		script_free(s);
	}
}

/* In a reader that others use, SELECT would take their applet away. */
static void
shared_piv(void **state)
{
	look(&(struct look){ PROOF "< 7E124F0BA000000308000010000100"
				   "5F2F0240009000\n",
			     "piv", true, CKR_OK, 1 });
}

static void
shared_other(void **state)
{
	look(&(struct look){ PROOF "< 6D00\n" SELECT "< 6A82\n", "piv", true,
			     CKR_OK, 0 });
	look(&(struct look){ PROOF "< 6A82\n" SELECT
				   "< 61114F0600001000010079074F05A0000003"
				   "089000\n",
			     "piv", true, CKR_OK, 1 });
}

static void
look_all(const char *lines, bool shared, size_t count)
{
	look(&(struct look){ lines, "", shared, CKR_OK, count });
}

/* Two questions tell that nobody is there; one that says yes to any SELECT
 * has no OpenPGP data. */
static void
all_unknown(void **state)
{
	look_all(OPENPGP "< 6A82\n" SELECT "< 6A82\n", false, 0);
	look_all(OPENPGP "< 9000\n" GET_6E "< 9000\n" SELECT "< 6A82\n", false,
		 0);
	look_all(OPENPGP "< 9000\n" GET_6E "< 6A88\n" SELECT "< 6A82\n", false,
		 0);
	look(&(struct look){ OPENPGP "< 9000\n" GET_6E "! removed\n", "", false,
			     CKR_DEVICE_REMOVED, 0 });
}

/* OpenPGP is asked first, so that PIV is the one left selected; PIV comes
 * first all the same. */
static void
all_both(void **state)
{
	struct script *s = script_new();
	struct config config = { .applets = (char[]){ "" } };
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 0;
	CK_TOKEN_INFO info;

	script_add(s, OPENPGP "< 9000\n" GET_6E TOLD SELECT
			      "< 61114F0600001000010079074F05A0000003089000\n");
	assert_int_equal(
		card_tokens_open(&s->transport, &config, tokens, &count),
		CKR_OK);
	assert_int_equal(count, 2);
	script_add(s, CHUID "< 6A82\n" PROOF "< 7E009000\n> 00200080\n"
			    "< 63C3\n");
	assert_int_equal(tokens[0]->ops->info(tokens[0], &info), CKR_OK);
	assert_memory_equal(info.label, "PIV", 3);
	script_done(s);
	token_unref(tokens[0]);
	token_unref(tokens[1]);
	script_free(s);
}

/* In a reader that others use, what they selected is selected again. */
static void
all_shared(void **state)
{
	look_all(AID "< 6D00\n" PROOF "< 7E009000\n" OPENPGP "< 6A82\n" SELECT
		     "< 61114F0600001000010079074F05A0000003089000\n",
		 true, 1);
	look_all(AID
		 "< D276000124010304000612345678 00009000\n" GET_6E TOLD SELECT
		 "< 6A82\n" OPENPGP "< 9000\n",
		 true, 1);
	look(&(struct look){
		AID "< D276000124010304000612345678 00009000\n" GET_6E TOLD,
		"openpgp", true, CKR_OK, 1 });
}

#define TRIES "> 00200080\n< 63C3\n"
#define OTHER_CHUID                                                      \
	CHUID "< 533B3019D4E739DA739CED39CE739D836858210842108421C84210" \
	      "C3EB341000112233445566778899AABBCCDDEEFE35083230333030"   \
	      "3130313E00FE009000\n"

static char kept[32];

/* A look with a cache, then what C_GetTokenInfo asks. */
static void
look_kept(bool shared, const char *const *lines, const char *const *info)
{
	struct script *s = script_new();
	struct config config = { .applets = (char[]){ "" }, .cache = kept };
	struct token *tokens[CARD_TOKENS_MAX];
	CK_TOKEN_INFO told;
	size_t count = 0;

	s->info.shared = shared;
	for (; *lines != NULL; lines++)
		script_add(s, *lines);
	assert_int_equal(
		card_tokens_open(&s->transport, &config, tokens, &count),
		CKR_OK);
	assert_int_equal(count, 1);
	script_done(s);
	for (; *info != NULL; info++)
		script_add(s, *info);
	assert_int_equal(tokens[0]->ops->info(tokens[0], &told), CKR_OK);
	script_done(s);
	token_unref(tokens[0]);
	script_free(s);
}

#define LINES(...)            \
	(const char *const[]) \
	{                     \
		__VA_ARGS__   \
	}

/* A card known to hold one applet is not asked for others: nobody's applet is
 * selected away. Another card like it is. */
static void
known(void **state)
{
	char command[64];

	(void)snprintf(kept, sizeof(kept), "/tmp/signet-known-XXXXXX");
	assert_non_null(mkdtemp(kept));
	look_kept(false, LINES(OPENPGP "< 6A82\n", script_select, NULL),
		  LINES(script_chuid, TRIES, NULL));
	look_kept(false, LINES(script_select, script_chuid, NULL),
		  LINES(script_proof, TRIES, NULL));
	look_kept(true, LINES(AID "< 6A88\n", script_proof, script_chuid, NULL),
		  LINES(script_proof, TRIES, NULL));
	look_kept(false,
		  LINES(script_select, OTHER_CHUID, OPENPGP "< 6A82\n",
			script_select, NULL),
		  LINES(script_proof, TRIES, NULL));
	look_kept(false, LINES(script_select, OTHER_CHUID, NULL),
		  LINES(script_proof, TRIES, NULL));
	(void)snprintf(command, sizeof(command), "rm -r '%s'", kept);
	assert_int_equal(system(command), 0);
}

#define PIV SELECT "< 61114F0600001000010079074F05A0000003089000\n"

/* An applet that fails hides no other, whichever is asked first. */
static void
failing(void **state)
{
	static const char *const bad[] = {
		"< 6F00\n",
		"< 6999\n",
		"< 6581\n",
		"! error\n",
		"< 9000\n" GET_6E "< 6F00\n",
		"< 9000\n" GET_6E "< 010203049000\n",
		"< 9000\n" GET_6E "! error\n",
	};
	static const char *const bad_piv[] = {
		"< 6F00\n",
		"< 6999\n",
		"! error\n",
		"< 010203049000\n" PROOF "< 6F00\n" CHUID "< 6F00\n",
		"< 010203049000\n" PROOF "! error\n",
	};
	char lines[512];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(lines, sizeof(lines), OPENPGP "%s" PIV, bad[i]);
		look_all(lines, false, 1);
	}
	for (size_t i = 0; i < sizeof(bad_piv) / sizeof(bad_piv[0]); i++) {
		(void)snprintf(lines, sizeof(lines),
			       OPENPGP "< 9000\n" GET_6E TOLD SELECT "%s",
			       bad_piv[i]);
		look_all(lines, false, 1);
	}
	look(&(struct look){ OPENPGP "! error\n" SELECT "! error\n", "", false,
			     CKR_DEVICE_ERROR, 0 });
	look(&(struct look){ OPENPGP "! error\n" SELECT "! removed\n", "",
			     false, CKR_DEVICE_REMOVED, 0 });
}

/* In a shared reader, too, whatever the question that came first found. */
static void
failing_shared(void **state)
{
	look_all(AID "< D276000124010304000612345678 00009000\n" GET_6E
		     "< 6F00\n" PROOF "< 7E009000\n" OPENPGP "< 9000\n" GET_6E
		     "< 6F00\n" PIV,
		 true, 1);
	look_all(AID "! error\n" PROOF "< 7E009000\n" OPENPGP "! error\n" PIV,
		 true, 1);
	/* the one that was active fails when it is to be so again */
	look_all(AID "< 6D00\n" PROOF "< 7E009000\n" OPENPGP
		     "< 9000\n" GET_6E TOLD SELECT "< 6F00\n",
		 true, 2);
}

/* That an applet failed once is not remembered as that it is not there. */
static void
failing_kept(void **state)
{
	char command[64];

	(void)snprintf(kept, sizeof(kept), "/tmp/signet-failed-XXXXXX");
	assert_non_null(mkdtemp(kept));
	for (int i = 0; i < 2; i++)
		look_kept(false, LINES(OPENPGP "< 6F00\n", script_select, NULL),
			  LINES(script_chuid, TRIES, NULL));
	(void)snprintf(command, sizeof(command), "rm -r '%s'", kept);
	assert_int_equal(system(command), 0);
}

#define CASE(name, function)                                      \
	{                                                         \
		"/cardos/probe/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("unknown", unknown),
		CASE("all/unknown", all_unknown),
		CASE("terminated", terminated),
		CASE("silent", silent),
		CASE("removed", removed),
		CASE("says-yes-to-all", says_yes),
		CASE("not-configured", not_configured),
		CASE("unnamed", unnamed),
		CASE("real-cards", real_cards),
		CASE("odd-templates", odd_templates),
		CASE("known", known),
		CASE("shared/piv", shared_piv),
		CASE("shared/other", shared_other),
		CASE("all/both", all_both),
		CASE("all/shared", all_shared),
		CASE("failing", failing),
		CASE("failing/shared", failing_shared),
		CASE("failing/kept", failing_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
