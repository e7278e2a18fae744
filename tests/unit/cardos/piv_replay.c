/* Real cards' answers, whatever is asked: each is the token that it was. */
#include <stdio.h>
#include <string.h>

#include "script.h"

enum { LINES_MAX = 64, LINE_SIZE = 8192, PIECE = 256 };

/* A wire that looks up what the card answered. */
struct replay {
	struct transport transport;
	struct transport_info info;
	struct {
		char command[LINE_SIZE];
		char answer[LINE_SIZE];
	} lines[LINES_MAX];
	size_t count;
	struct builder pending;
	unsigned exchanges;
};

static struct replay replay;

static const char select_piv[] = "00A4040009A000000308";

static CK_RV
begin(struct transport *t, uint64_t *generation)
{
	*generation = 1;
	return CKR_OK;
}

static void
nothing(struct transport *t)
{
}

static bool
alone(struct transport *t)
{
	return true;
}

static const struct transport_info *
info(struct transport *t)
{
	return &replay.info;
}

/* What was not asked of that card is not there. */
static const char *
answer_to(const char *command)
{
	for (size_t i = 0; i < replay.count; i++) {
		const char *known = replay.lines[i].command;

		if (strcmp(known, command) == 0 ||
		    (strncmp(known, "00A40400", 8) == 0 &&
		     strncmp(command, select_piv, strlen(select_piv)) == 0))
			return replay.lines[i].answer;
	}
	if (strncmp(command, select_piv, strlen(select_piv)) == 0)
		return "6A82";
	return strncmp(command, "00CB", 4) == 0 ? "6A82" : "6D00";
}

static uint16_t
piece(struct builder *answer)
{
	struct builder rest = builder_heap(LINE_SIZE);
	struct cursor c = builder_read(&replay.pending);
	size_t size = c.left < PIECE ? c.left : PIECE;

	builder_append(answer, cursor_take(&c, size));
	builder_append(&rest, c);
	builder_free(&replay.pending);
	replay.pending = rest;
	return rest.used == 0 ? 0x9000
			      : (uint16_t)(0x6100 | (rest.used & 0xFF));
}

static CK_RV
exchange(struct transport *t, const struct apdu *command,
	 struct builder *answer, uint16_t *sw)
{
	char text[LINE_SIZE];
	struct builder b = builder_over(text, sizeof(text));
	struct cursor data;
	uint8_t header[] = { command->cla, command->ins, command->p1,
			     command->p2, (uint8_t)command->data.left };

	replay.exchanges++;
	if (command->ins == 0xC0) {
		*sw = piece(answer);
		return CKR_OK;
	}
	builder_hex(&b, cursor_of(header, command->data.left > 0 ? 5 : 4));
	builder_hex(&b, command->data);
	builder_u8(&b, '\0');
	assert_true(apdu_answer(hex(answer_to(text)), &data, sw));
	builder_reset(&replay.pending);
	builder_append(&replay.pending, data);
	if (*sw == 0x9000)
		*sw = piece(answer);
	return CKR_OK;
}

static const struct transport_ops replay_ops = {
	.begin = begin,
	.end = nothing,
	.exchange = exchange,
	.info = info,
	.alone = alone,
	.release = nothing,
	.close = nothing,
};

static void
line_take(const char *line)
{
	char *at = replay.lines[replay.count].command;

	if (line[0] == '<') {
		snprintf(replay.lines[replay.count].answer, LINE_SIZE, "%s",
			 line + 2);
		replay.count++;
		return;
	}
	assert_in_range(replay.count, 0, LINES_MAX - 1);
	snprintf(at, sizeof(replay.lines[0].command), "%s", line + 2);
}

/* The lines of a card, from its name to the next. */
static void
replay_load(const char *card)
{
	static char line[LINE_SIZE];
	FILE *f = script_open("piv-probing.apdu");
	struct builder atr;
	bool in = false;

	replay = (struct replay){ .transport.ops = &replay_ops };
	replay.info.shared = true; /* harmless questions come first */
	replay.pending = builder_heap(LINE_SIZE);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "# card: ", 8) == 0)
			in = strcmp(line + 8, card) == 0;
		else if (in && strncmp(line, "# ATR: ", 7) == 0) {
			atr = builder_over(replay.info.atr,
					   sizeof(replay.info.atr));
			builder_append(&atr, hex(line + 7));
			replay.info.atr_size = atr.used;
		} else if (in) {
			line_take(line);
		}
	}
	fclose(f);
	assert_int_not_equal(replay.count, 0);
}

struct token_is {
	const char *card, *manufacturer, *model, *serial;
	int major, minor;
	size_t keys, data;
};

static void
text_is(const CK_UTF8CHAR *field, size_t size, const char *wanted)
{
	uint8_t padded[64];

	text_pad(padded, size, cursor_of(wanted, strlen(wanted)));
	assert_memory_equal(field, padded, size);
}

static void
objects_are(struct token *t, const struct token_is *wanted)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };

	assert_int_equal(find_count(t, &match, 1), wanted->keys);
	class = CKO_DATA;
	assert_int_equal(find_count(t, &match, 1), wanted->data);
}

static void
replayed(const struct token_is *wanted)
{
	static char applets[] = "piv";
	struct config config = { .applets = applets };
	struct token *tokens[CARD_TOKENS_MAX];
	CK_TOKEN_INFO ti;
	size_t count = 0;

	print_message("%s\n", wanted->card);
	replay_load(wanted->card);
	assert_int_equal(card_tokens_open(&replay.transport, &config, tokens,
					  &count),
			 CKR_OK);
	assert_int_equal(count, wanted->model != NULL);
	if (count > 0) {
		assert_int_equal(tokens[0]->ops->info(tokens[0], &ti), CKR_OK);
		text_is(ti.manufacturerID, 32, wanted->manufacturer);
		text_is(ti.model, 16, wanted->model);
		text_is(ti.serialNumber, 16, wanted->serial);
		assert_int_equal(ti.firmwareVersion.major, wanted->major);
		assert_int_equal(ti.firmwareVersion.minor, wanted->minor);
		objects_are(tokens[0], wanted);
		token_unref(tokens[0]);
	}
	/* no card is asked for ever */
	assert_in_range(replay.exchanges, 1, 120);
	builder_free(&replay.pending);
}

/* As docs/cards/piv.md tells of them. Certificates are zeroed in the logs, so
 * that only metadata gives keys. */
static const struct token_is tokens_are[] = {
	/* CAC without PIV: no token */
	{ "activkey-sim-coolkey-3bf996" },
	{ "cac-gemalto-gcx4" },
	{ "cac-oberthur-5.2d" },
	/* SELECT was sent without Le and answered with nothing; no more is
	 * known of that card */
	{ "dod-piv-oberthur-3bdb96-b0f3" },
	/* single answers, none of which names the applet */
	{ "swissbit-ishield-key-2-pro" },
	{ "token2-pin-plus-r3.3" },
	{ "yubikey-neo-3.3.7" },
	/* 7E is absent with 6A80 */
	{ "dod-piv-other", "unknown", "PIV", "" },
	{ "gd-sce7-piv", "unknown", "PIV", "", .data = 2 },
	{ "nist-demo-id-one-2006", "unknown", "PIV", "" },
	/* one retired key by its key history */
	{ "nist-piv-test-card", "unknown", "PIV", "0000000000000000",
	  .data = 9 },
	{ "nitrokey3-piv-1.8", "Nitrokey", "Nitrokey 3", "" },
	{ "yubikey-4.3.7", "Yubico", "YubiKey 4", "", 4, 3, .data = 6 },
	{ "yubikey-5.2-5.4-sdk-docs", "Yubico", "YubiKey 5", "", 5, 2,
	  .data = 1 },
	{ "yubikey-5.4.3-piv", "Yubico", "YubiKey 5", "", 5, 4, .keys = 4,
	  .data = 6 },
	{ "yubikey-5.7.4", "Yubico", "YubiKey 5", "", 5, 7, .data = 1 },
};

static void
cards(void **state)
{
	for (size_t i = 0; i < sizeof(tokens_are) / sizeof(tokens_are[0]); i++)
		replayed(&tokens_are[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/piv_replay/cards", cards, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
