/* A wire whose commands and answers are written down beforehand. */
#include "script.h"

#include <stdio.h>
#include <string.h>

#include "apdu.h"
#include "tlv.h"

enum {
	TEXT_MAX = 1 << 20,
	LINE_MAX_SIZE = 4096,
	HEX_MAX = 1 << 16,
	PIECE = 256,
	SW_OK = 0x9000,
	SW_MORE = 0x6100,
};

const char script_select[] = "> 00A4040009A0000003080000100000\n"
			     "< 61114F0600001000010079074F05A0000003089000\n";
const char script_proof[] = "> 00CB3FFF035C017E00\n"
			    "< 7E124F0BA0000003080000100001005F2F0240009000\n";
const char script_chuid[] =
	"> 00CB3FFF055C035FC10200\n"
	"< 533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB3410"
	"00112233445566778899AABBCCDDEEFF350832303330303130313E00FE009000\n";
const char script_verify[] = "> 0020008008313233343536FFFF\n< 9000\n";
const char script_forget[] = "> 0020FF80\n< 9000\n";

struct cursor
hex(const char *text)
{
	static uint8_t bytes[HEX_MAX];
	static size_t used;
	struct builder b;
	unsigned value;
	int read;

	if (used > sizeof(bytes) / 2)
		used = 0;
	b = builder_over(bytes + used, sizeof(bytes) - used);
	while (sscanf(text, " %2x%n", &value, &read) == 1) {
		builder_u8(&b, (uint8_t)value);
		text += read;
	}
	assert_true(builder_ok(&b));
	used += b.used;
	return builder_read(&b);
}

static struct script *
script_of(struct transport *t)
{
	return (struct script *)t;
}

static CK_RV
script_begin(struct transport *t, uint64_t *generation)
{
	struct script *s = script_of(t);

	assert_false(s->busy);
	if (s->gone)
		return CKR_DEVICE_REMOVED;
	s->busy = true;
	s->begins++;
	*generation = s->generation;
	return CKR_OK;
}

static void
script_end(struct transport *t)
{
	struct script *s = script_of(t);

	assert_true(s->busy);
	s->busy = false;
}

/* The next line, without its end; NULL when there is none. */
static char *
script_next(struct script *s)
{
	char *line = s->lines, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = strchr(line, '\n');
	assert_non_null(end);
	*end = '\0';
	s->lines = end + 1;
	return line;
}

static void
script_expect(struct script *s, struct cursor wire)
{
	struct builder b = builder_heap(TEXT_MAX);
	const char *line = script_next(s), *star;
	size_t size;

	builder_hex(&b, wire);
	builder_u8(&b, '\0');
	if (line == NULL || strncmp(line, "> ", 2) != 0)
		fail_msg("unexpected command %s", (char *)b.data);
	line += 2;
	star = strchr(line, '*');
	size = star != NULL ? (size_t)(star - line) : strlen(line) + 1;
	if (strncmp(line, (char *)b.data, size) != 0)
		fail_msg("command %s, not %s", (char *)b.data, line);
	builder_free(&b);
}

/* What the chip makes of GENERAL AUTHENTICATE, its data gathered in INPUT. */
static void
script_compute(struct script *s)
{
	struct builder result = builder_heap(TEXT_MAX);
	struct builder inner = builder_heap(TEXT_MAX);
	struct cursor body, value = { 0 };

	assert_non_null(s->chip);
	assert_true(tlv_find(builder_read(&s->input), 0x7C, &body));
	assert_true(tlv_find(body, 0x82, &value));
	assert_int_equal(value.left, 0);
	if (tlv_find(body, 0x85, &value) &&
	    EVP_PKEY_get_base_id(s->chip->key) == EVP_PKEY_EC) {
		maker_agree(s->chip, value, &result);
	} else {
		assert_true(tlv_find(body, 0x81, &value) ||
			    tlv_find(body, 0x85, &value));
		maker_compute(s->chip, value, &result);
	}
	tlv_put(&inner, 0x82, builder_read(&result));
	builder_reset(&s->pending);
	tlv_put(&s->pending, 0x7C, builder_read(&inner));
	builder_free(&result);
	builder_free(&inner);
}

/* The next piece of what the chip computed. */
static uint16_t
script_piece(struct script *s, bool whole, struct builder *answer)
{
	struct builder rest = builder_heap(TEXT_MAX);
	struct cursor c = builder_read(&s->pending);
	size_t size = whole || c.left < PIECE ? c.left : PIECE;

	builder_append(answer, cursor_take(&c, size));
	builder_append(&rest, c);
	builder_free(&s->pending);
	s->pending = rest;
	if (rest.used == 0)
		return SW_OK;
	return (uint16_t)(SW_MORE | (rest.used < PIECE ? rest.used : 0));
}

static CK_RV
script_reply(struct script *s, const struct apdu *command,
	     struct builder *answer, uint16_t *sw)
{
	const char *line = script_next(s);
	struct cursor data;

	assert_non_null(line);
	if (strcmp(line, "! error") == 0)
		return CKR_DEVICE_ERROR;
	if (strcmp(line, "! removed") == 0) {
		s->gone = true;
		return CKR_DEVICE_REMOVED;
	}
	assert_memory_equal(line, "< ", 2);
	if (strcmp(line, "< @") != 0) {
		assert_true(apdu_answer(hex(line + 2), &data, sw));
		builder_append(answer, data);
		return builder_ok(answer) ? CKR_OK : CKR_DEVICE_MEMORY;
	}
	if (command->ins == 0x87)
		script_compute(s);
	*sw = script_piece(s, command->le > PIECE, answer);
	return builder_ok(answer) ? CKR_OK : CKR_DEVICE_MEMORY;
}

static CK_RV
script_exchange(struct transport *t, const struct apdu *command,
		struct builder *answer, uint16_t *sw)
{
	struct script *s = script_of(t);
	struct builder wire = builder_heap(APDU_WIRE_MAX);

	assert_true(s->busy);
	if (s->gone)
		return CKR_DEVICE_REMOVED;
	s->exchanges++;
	assert_int_equal(apdu_encode(command, s->info.t0, &wire), CKR_OK);
	script_expect(s, builder_read(&wire));
	builder_free(&wire);
	builder_append(&s->input, command->data);
	if (s->during != NULL)
		s->during(s->token);
	CK_RV rv = script_reply(s, command, answer, sw);
	if ((command->cla & 0x10) == 0)
		builder_reset(&s->input);
	return rv;
}

static CK_RV
script_pin_entry(struct transport *t, const struct pin_entry *entry,
		 uint16_t *sw)
{
	struct script *s = script_of(t);

	assert_true(s->busy);
	s->typed = *entry;
	s->keypad++;
	*sw = s->typed_sw == 0 ? SW_OK : s->typed_sw;
	return CKR_OK;
}

static const struct transport_info *
script_info(struct transport *t)
{
	return &script_of(t)->info;
}

/* A card that was let go comes back as after a reset. */
static void
script_release(struct transport *t)
{
	struct script *s = script_of(t);

	assert_false(s->busy);
	s->releases++;
}

static bool
script_alone(struct transport *t)
{
	struct script *s = script_of(t);

	assert_false(s->busy);
	return s->alone;
}

static void
script_close(struct transport *t)
{
	struct script *s = script_of(t);

	assert_false(s->busy);
	assert_false(s->closed);
	s->closed = true;
}

static const struct transport_ops script_ops = {
	.begin = script_begin,
	.end = script_end,
	.exchange = script_exchange,
	.pin_entry = script_pin_entry,
	.info = script_info,
	.release = script_release,
	.alone = script_alone,
	.close = script_close,
};

struct script *
script_new(void)
{
	struct script *s = mem_new(sizeof(*s));
	struct builder atr;

	assert_non_null(s);
	s->transport.ops = &script_ops;
	s->generation = 1;
	s->info.name = "script";
	atr = builder_over(s->info.atr, sizeof(s->info.atr));
	builder_append(&atr, hex("3B8F01805D4E6974726F6B657900000000006A"));
	s->info.atr_size = atr.used;
	s->text = builder_heap(TEXT_MAX);
	s->input = builder_heap(TEXT_MAX);
	s->pending = builder_heap(TEXT_MAX);
	return s;
}

void
script_done(const struct script *s)
{
	if (s->lines != NULL && *s->lines != '\0')
		fail_msg("not sent: %.60s", s->lines);
}

void
script_atr(struct script *s, const char *atr)
{
	struct builder b = builder_over(s->info.atr, sizeof(s->info.atr));

	builder_append(&b, hex(atr));
	s->info.atr_size = b.used;
}

void
script_free(struct script *s)
{
	script_done(s);
	assert_false(s->busy);
	assert_true(s->closed);
	builder_free(&s->text);
	builder_free(&s->input);
	builder_free(&s->pending);
	mem_free(s, sizeof(*s));
}

struct card_applet
script_applet(struct script *s, const struct card_driver *driver)
{
	struct card_applet a = { .driver = driver,
				 .transport = apdu_layer_new(&s->transport) };
	uint64_t generation;

	assert_non_null(a.transport);
	assert_int_equal(a.transport->ops->begin(a.transport, &generation),
			 CKR_OK);
	return a;
}

void
script_applet_free(struct script *s, struct card_applet *a)
{
	a->driver->close(a);
	a->transport->ops->end(a->transport);
	a->transport->ops->close(a->transport);
	script_free(s);
}

/* The text may move when it grows, so what was used of it goes. */
void
script_add(struct script *s, const char *lines)
{
	struct builder text = builder_heap(TEXT_MAX);

	if (s->lines != NULL)
		builder_text(&text, s->lines);
	builder_text(&text, lines);
	builder_u8(&text, '\0');
	assert_true(builder_ok(&text));
	builder_free(&s->text);
	s->text = text;
	s->lines = (char *)text.data;
}

FILE *
script_open(const char *file)
{
	char path[LINE_MAX_SIZE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TRANSCRIPTS, file);
	f = fopen(path, "re");
	assert_non_null(f);
	return f;
}

void
script_load(struct script *s, const char *file, const char *title)
{
	FILE *f = script_open(file);
	char line[LINE_MAX_SIZE];
	bool wanted = title == NULL;
	size_t count = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#' && title != NULL)
			wanted = strncmp(line + 2, title, strlen(title)) == 0;
		if (line[0] == '#' || !wanted)
			continue;
		script_add(s, line);
		count++;
	}
	fclose(f);
	assert_int_not_equal(count, 0);
}

struct cursor
script_fact(const char *file, const char *name)
{
	FILE *f = script_open(file);
	char line[LINE_MAX_SIZE];
	struct cursor found = { 0 };

	while (fgets(line, sizeof(line), f) != NULL)
		if (line[0] == '#' &&
		    strncmp(line + 2, name, strlen(name)) == 0 &&
		    line[2 + strlen(name)] == ':')
			found = hex(line + 3 + strlen(name));
	fclose(f);
	assert_int_not_equal(found.left, 0);
	return found;
}

static void
script_line(struct script *s, const char *before, struct cursor bytes,
	    const char *after)
{
	struct builder b = builder_heap(TEXT_MAX);

	builder_text(&b, before);
	builder_hex(&b, bytes);
	builder_text(&b, after);
	builder_u8(&b, '\0');
	script_add(s, (char *)b.data);
	builder_free(&b);
}

void
script_data(struct script *s, const char *tag, struct cursor content)
{
	struct builder b = builder_heap(TEXT_MAX);
	char line[64];
	struct cursor c;

	tlv_put(&b, 0x53, content);
	c = builder_read(&b);
	snprintf(line, sizeof(line), "> 00CB3FFF055C03%s00\n", tag);
	script_add(s, line);
	while (c.left > PIECE) {
		size_t after = c.left - PIECE;
		size_t hint = after < PIECE ? after : 0;
		struct cursor piece = cursor_take(&c, PIECE);

		snprintf(line, sizeof(line), "61%02zX\n> 00C00000%02zX\n", hint,
			 hint);
		script_line(s, "< ", piece, line);
	}
	script_line(s, "< ", c, "9000\n");
	builder_free(&b);
}

void
script_certificate(struct script *s, const char *tag, const struct maker *m)
{
	struct builder b = builder_heap(TEXT_MAX);

	tlv_put(&b, 0x70, maker_certificate(m));
	tlv_put(&b, 0x71, hex("00"));
	tlv_put(&b, 0xFE, hex(""));
	script_data(s, tag, builder_read(&b));
	builder_free(&b);
}

struct config script_config = { .piv_always_authenticate = true };

struct token *
script_token(struct script *s, bool pin_keep)
{
	static char applets[] = "piv";
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 0;

	script_config.applets = applets;
	script_config.pin_keep = pin_keep;
	script_add(s, script_select);
	assert_int_equal(
		card_tokens_open(&s->transport, &script_config, tokens, &count),
		CKR_OK);
	assert_int_equal(count, 1);
	script_done(s);
	return tokens[0];
}

struct token *
script_login(struct script *s, bool pin_keep)
{
	struct token *t = script_token(s, pin_keep);

	script_add(s, script_proof);
	script_add(s, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_done(s);
	return t;
}

uint64_t
find_one(struct token *t, CK_OBJECT_CLASS class, uint8_t cka_id)
{
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, &cka_id, sizeof(cka_id) },
	};
	struct ids found = { 0 };
	uint64_t id = 0;

	assert_int_equal(
		t->ops->search(t, (struct template){ list, 2 }, &found),
		CKR_OK);
	assert_in_range(found.count, 0, 1);
	if (found.count == 1)
		id = found.list[0];
	ids_free(&found);
	return id;
}

size_t
find_count(struct token *t, CK_ATTRIBUTE *list, CK_ULONG count)
{
	struct ids found = { 0 };
	size_t n;

	assert_int_equal(
		t->ops->search(t, (struct template){ list, count }, &found),
		CKR_OK);
	n = found.count;
	ids_free(&found);
	return n;
}

CK_FLAGS
token_flags(struct token *t)
{
	CK_TOKEN_INFO info;

	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	return info.flags;
}

CK_RV
operate(struct token *t, enum operation_kind kind, CK_MECHANISM_TYPE mechanism,
	uint64_t key, struct cursor in, struct builder *out)
{
	CK_MECHANISM m = { .mechanism = mechanism };
	struct operation_key k = { .id = key };
	struct operation *o = NULL;
	CK_RV rv = t->ops->operation_start(t, kind, &m, &k, &o);

	if (rv != CKR_OK) {
		assert_null(o);
		return rv;
	}
	rv = o->ops->update(o, in, out);
	if (rv == CKR_OK)
		rv = o->ops->finish(o, cursor_of(NULL, 0), out);
	o->ops->free(o);
	return rv;
}

CK_RV
operate_sign(struct token *t, CK_MECHANISM_TYPE mechanism, uint64_t key)
{
	struct builder out = builder_heap(TEXT_MAX);
	CK_RV rv = operate(t, OPERATION_SIGN, mechanism, key,
			   cursor_of("Hello World!\n", 13), &out);

	assert_int_equal(out.used > 0, rv == CKR_OK);
	builder_free(&out);
	return rv;
}
