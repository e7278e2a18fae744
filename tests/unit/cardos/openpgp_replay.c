/* Real OpenPGP cards' answers to what recognises them: each is the token that
 * it was. */
#include <string.h>

#include "script.h"

enum { LINE_SIZE = 8192 };

#define CARDS	    "openpgp.apdu"
#define SESSIONS    "../../../cards/transcripts/yubikey-5.4.3-openpgp.apdu"
#define SELECT	    "> 00A4040006D2760001240100\n< 9000\n"
#define SELECT_T0   "> 00A4040006D27600012401\n< 9000\n"
#define YUBIKEY	    "3BFD1300008131FE158073C021C057597562694B657940"
#define YUBIKEY_4   "3BF81300008131FE15597562696B657934D4"
#define NEO	    "3BFC1300008131FE15597562696B65794E454F7233E1"
#define ZEITCONTROL "3BDA18FF81B1FE751F030031C573C001400090000C"
#define PROOF	    "> 00CA004F00\n< D27600012401020000000000000000009000\n"
/* Not one of the keys can be read. */
#define NO_KEYS(status)                            \
	PROOF "> 0047810002B60000\n< " status "\n" \
	      "> 0047810002B80000\n< " status "\n" \
	      "> 0047810002A40000\n< " status "\n"
#define NO_KEYS_T0                         \
	PROOF "> 0047810002B600\n< 6A88\n" \
	      "> 0047810002B800\n< 6A88\n" \
	      "> 0047810002A400\n< 6A88\n"
#define NO_KEYS_EXTENDED                           \
	PROOF "> 00478100000002B6000000\n< 6A88\n" \
	      "> 00478100000002B8000000\n< 6A88\n" \
	      "> 00478100000002A4000000\n< 6A88\n"

struct real {
	const char *fact, *atr, *maker, *serial;
	CK_BYTE major, minor;
	bool t0, extended; /* how 6E is asked for */
	bool keys;
	CK_ULONG pin_max;
	const char *then; /* what follows */
};

static const struct real reals[] = {
	{ "yubikey 5.4.3", YUBIKEY, "Yubico", "000600000000", 3, 4, false, true,
	  true, 127, "" },
	{ "yubikey 5.4.3 x25519", YUBIKEY, "Yubico", "000600000000", 3, 4,
	  false, true, true, 127, "" },
	{ "yubikey 5.4.3 empty", YUBIKEY, "Yubico", "000600000000", 3, 4, false,
	  true, false, 127, "" },
	{ "yubikey 5.7", YUBIKEY, "Yubico", "000600000000", 3, 4, false, true,
	  false, 127, "" },
	{ "yubikey 4", YUBIKEY_4, "Yubico", "000600000000", 2, 1, false, false,
	  false, 127, NO_KEYS("6F00") },
	{ "yubikey neo", NEO, "test card", "000000000000", 2, 0, false, false,
	  false, 127, NO_KEYS("6F00") },
	{ "yubikey neo later", NEO, "Yubico", "000600000000", 2, 0, false,
	  false, false, 127, NO_KEYS("6F00") },
	{ "zeitcontrol 2.1", ZEITCONTROL, "ZeitControl", "000500000000", 2, 1,
	  false, true, false, 32, NO_KEYS_EXTENDED },
	{ "smartpgp 3.2", "3B80800101", "unknown", "afaf00000000", 3, 2, true,
	  false, false, 127, NO_KEYS_T0 },
};

static void
wire_prepare(struct script *s, const struct real *r, struct cursor related)
{
	struct builder atr = builder_over(s->info.atr, sizeof(s->info.atr));
	struct builder b = builder_heap(4096);

	builder_append(&atr, hex(r->atr));
	s->info.atr_size = atr.used;
	s->info.t0 = r->t0;
	builder_text(&b, r->t0 ? SELECT_T0 : SELECT);
	builder_text(&b,
		     r->extended ? "> 00CA006E000000\n< " : "> 00CA006E00\n< ");
	if (r->t0)
		builder_text(&b, "6CDC\n> 00CA006EDC\n< ");
	builder_hex(&b, related);
	builder_text(&b, "9000\n");
	builder_text(&b, r->then);
	builder_u8(&b, 0);
	script_add(s, (char *)b.data);
	builder_free(&b);
}

static bool
says(const CK_UTF8CHAR *field, size_t size, const char *text)
{
	CK_UTF8CHAR wanted[64];

	text_pad(wanted, size, cursor_of(text, strlen(text)));
	return memcmp(field, wanted, size) == 0;
}

/* The token of a card with this DO 6E; gives its flags. */
static CK_FLAGS
token_is(const struct real *r, struct cursor related)
{
	struct config config = { .applets = (char[]){ "openpgp" } };
	struct script *s = script_new();
	struct token *tokens[CARD_TOKENS_MAX];
	CK_TOKEN_INFO info;
	size_t count = 0;

	wire_prepare(s, r, related);
	assert_int_equal(
		card_tokens_open(&s->transport, &config, tokens, &count),
		CKR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(tokens[0]->ops->info(tokens[0], &info), CKR_OK);
	script_done(s);
	assert_true(says(info.manufacturerID, 32, r->maker));
	assert_true(says(info.serialNumber, 16, r->serial));
	assert_int_equal(info.firmwareVersion.major, r->major);
	assert_int_equal(info.firmwareVersion.minor, r->minor);
	assert_int_equal(info.ulMaxPinLen, r->pin_max);
	assert_int_equal((info.flags & CKF_LOGIN_REQUIRED) != 0, r->keys);
	token_unref(tokens[0]);
	script_free(s);
	return info.flags;
}

static void
recognised(void **state)
{
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		DROP(token_is(&reals[i], script_fact(CARDS, reals[i].fact)));
}

/* The byte NUMBER after MARK in hexadecimal. */
static unsigned
byte_after(const char *text, const char *mark, size_t number)
{
	const char *at = strstr(text, mark);
	unsigned byte = 0;

	assert_non_null(at);
	at += strlen(mark) + 2 * number;
	assert_int_equal(sscanf(at, "%2x", &byte), 1);
	return byte;
}

/* What DE and C4 of a YubiKey 5.4.3 say is what its token says. */
static void
session_is(const char *related)
{
	struct real r = reals[0];
	CK_FLAGS flags;

	r.keys = byte_after(related, "DE08", 1) != 0 ||
		 byte_after(related, "DE08", 3) != 0 ||
		 byte_after(related, "DE08", 5) != 0;
	flags = token_is(&r, hex(related));
	assert_int_equal((flags & CKF_USER_PIN_COUNT_LOW) != 0,
			 byte_after(related, "C407", 4) < 3);
	assert_int_equal((flags & CKF_SO_PIN_COUNT_LOW) != 0,
			 byte_after(related, "C407", 6) < 3);
}

/* Each DO 6E of the recorded sessions, in one piece. */
static void
sessions(void **state)
{
	static char line[LINE_SIZE], related[LINE_SIZE];
	FILE *f = script_open(SESSIONS);
	bool in = false;
	unsigned count = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		size_t size = strcspn(line, "\n");
		bool more = size >= 6 && strncmp(&line[size - 4], "61", 2) == 0;

		if (strncmp(line, "> 00CA006E", 10) == 0) {
			in = true;
			related[0] = '\0';
		}
		if (line[0] != '<' || !in)
			continue;
		strncat(related, line + 2, size - 6);
		in = more;
		if (more)
			continue;
		session_is(related);
		count++;
	}
	fclose(f);
	assert_int_equal(count, 135);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/openpgp_replay/sessions", sessions, NULL, NULL,
		  NULL },
		{ "/cardos/openpgp_replay/recognised", recognised, NULL, NULL,
		  NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
