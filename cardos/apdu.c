/* The length layer: chaining, extended length, GET RESPONSE and 6Cxx. */
#include "apdu.h"

#include "log.h"
#include "mem.h"

enum {
	CLA_CHAINED = 0x10,
	CLA_CHANNEL = 0x03, /* all that GET RESPONSE keeps of a CLA */
	CLA_INTERINDUSTRY_MAX = 0x1F,
	INS_GET_RESPONSE = 0xC0,
	SW_DONE = 0x9000,
	SW_WRONG_LENGTH = 0x6700,
	SW1_MORE = 0x61,
	SW1_WRONG_LE = 0x6C,
	EXTENDED_OVERHEAD = 9, /* header, 00 Lc Lc, Le Le */
	SHORT_COMMAND_MAX = 261,
	/* 64 KiB in pieces of 256, and as many again: YubiKey 4 gives 255. */
	PIECES_MAX = 512,
};

struct apdu_layer {
	struct transport transport;
	struct transport *wire;
	bool extended; /* the card takes extended length */
	/* and did so through this reader: an answer; and a command, which
	 * some refuse that carry a long answer */
	bool extended_works[2];
	bool extended_refused; /* or did not: never again */
};

static struct apdu_layer *
layer_of(struct transport *t)
{
	return (struct apdu_layer *)t;
}

static CK_RV
layer_begin(struct transport *t, uint64_t *generation)
{
	struct transport *wire = layer_of(t)->wire;

	return wire->ops->begin(wire, generation);
}

static void
layer_end(struct transport *t)
{
	struct transport *wire = layer_of(t)->wire;

	wire->ops->end(wire);
}

static CK_RV
layer_pin_entry(struct transport *t, const struct pin_entry *entry,
		uint16_t *sw)
{
	struct transport *wire = layer_of(t)->wire;

	if (wire->ops->pin_entry == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	return wire->ops->pin_entry(wire, entry, sw);
}

static const struct transport_info *
layer_info(struct transport *t)
{
	struct transport *wire = layer_of(t)->wire;

	return wire->ops->info(wire);
}

static void
layer_release(struct transport *t)
{
	struct transport *wire = layer_of(t)->wire;

	wire->ops->release(wire);
}

static bool
layer_alone(struct transport *t)
{
	struct transport *wire = layer_of(t)->wire;

	return wire->ops->alone != NULL && wire->ops->alone(wire);
}

static void
layer_close(struct transport *t)
{
	struct apdu_layer *l = layer_of(t);

	l->wire->ops->close(l->wire);
	mem_free(l, sizeof(*l));
}

/* Sends all of a command but its last piece, each with the chaining bit. */
static CK_RV
layer_chain(struct apdu_layer *l, struct apdu *command, uint16_t *sw)
{
	uint8_t unwanted[APDU_SHORT_ANSWER];
	struct apdu piece = *command;
	struct builder none;
	CK_RV rv;

	*sw = SW_DONE;
	piece.cla |= CLA_CHAINED;
	piece.le = 0;
	while (*sw == SW_DONE && command->data.left > APDU_SHORT_DATA) {
		none = builder_over(unwanted, sizeof(unwanted));
		piece.data = cursor_take(&command->data, APDU_SHORT_DATA);
		rv = l->wire->ops->exchange(l->wire, &piece, &none, sw);
		if (rv != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

/* One command as one APDU, or chained when it must be short. */
static CK_RV
layer_command(struct apdu_layer *l, const struct apdu *command, bool extended,
	      struct builder *answer, uint16_t *sw)
{
	struct apdu last = *command;
	CK_RV rv;

	if (!extended) {
		rv = layer_chain(l, &last, sw);
		if (rv != CKR_OK || *sw != SW_DONE)
			return rv;
		if (last.le > APDU_SHORT_ANSWER)
			last.le = APDU_SHORT_ANSWER;
	}
	return l->wire->ops->exchange(l->wire, &last, answer, sw);
}

/* Le 00 stands for 256, in 61xx and 6Cxx as well. */
static size_t
layer_hint(uint16_t sw)
{
	size_t hint = sw & 0xFF;

	return hint == 0 ? APDU_SHORT_ANSWER : hint;
}

/* A command, and once more with the Le that the card wants instead. */
static CK_RV
layer_ask(struct apdu_layer *l, const struct apdu *command, bool extended,
	  struct builder *answer, uint16_t *sw)
{
	struct apdu again = *command;
	CK_RV rv = layer_command(l, command, extended, answer, sw);

	if (rv != CKR_OK || *sw >> 8 != SW1_WRONG_LE)
		return rv;
	again.le = layer_hint(*sw);
	return layer_command(l, &again, extended, answer, sw);
}

/*
 * Fetches what the card announces, until it says 9000 or WANTED bytes came.
 * The announced size is only a hint: YubiKey 4 says FF and gives 255 bytes
 * more than once, others announce the last piece too long.
 */
static CK_RV
layer_fetch(struct apdu_layer *l, const struct apdu *command, size_t start,
	    struct builder *answer, uint16_t *sw)
{
	struct apdu next = { .ins = INS_GET_RESPONSE };
	size_t before;
	CK_RV rv;

	if (command->cla <= CLA_INTERINDUSTRY_MAX)
		next.cla = command->cla & CLA_CHANNEL;
	for (unsigned piece = 0; *sw >> 8 == SW1_MORE; piece++) {
		before = answer->used;
		if (before - start >= command->le)
			return CKR_OK;
		if (piece == PIECES_MAX)
			return CKR_DEVICE_ERROR;
		next.le = layer_hint(*sw);
		rv = layer_ask(l, &next, false, answer, sw);
		if (rv != CKR_OK)
			return rv;
		if (answer->used == before && *sw >> 8 == SW1_MORE)
			return CKR_DEVICE_ERROR;
		if (answer->used - start > APDU_ANSWER_MAX)
			return CKR_DEVICE_ERROR;
	}
	return CKR_OK;
}

static CK_RV
layer_whole(struct apdu_layer *l, const struct apdu *command, bool extended,
	    struct builder *answer, uint16_t *sw)
{
	size_t start = answer->used;
	CK_RV rv = layer_ask(l, command, extended, answer, sw);

	if (rv != CKR_OK)
		return rv;
	return layer_fetch(l, command, start, answer, sw);
}

/* Is it worth an extended APDU, and do card and reader take one? */
static bool
layer_extends(struct apdu_layer *l, const struct apdu *command)
{
	const struct transport_info *info = layer_info(&l->transport);
	size_t size = command->data.left;

	if (size <= APDU_SHORT_DATA && command->le <= APDU_SHORT_ANSWER)
		return false;
	if (!l->extended || l->extended_refused || info->t0)
		return false;
	if (info->max_command == 0)
		return true;
	return info->max_command > SHORT_COMMAND_MAX &&
	       info->max_command - EXTENDED_OVERHEAD >= size;
}

static CK_RV
layer_exchange(struct transport *t, const struct apdu *command,
	       struct builder *answer, uint16_t *sw)
{
	struct apdu_layer *l = layer_of(t);
	bool *works = &l->extended_works[command->data.left > APDU_SHORT_DATA];
	size_t start = answer->used;
	uint16_t status = 0;
	CK_RV rv;

	if (layer_extends(l, command)) {
		rv = layer_whole(l, command, true, answer, &status);
		/* A reader that cannot carry it fails, some cards say 6700. */
		l->extended_refused = !*works && (rv == CKR_DEVICE_ERROR ||
						  status == SW_WRONG_LENGTH);
		if (!l->extended_refused) {
			*works |= rv == CKR_OK;
			goto out;
		}
		log_line(LOG_INFO, "%s: no extended length, going on short",
			 layer_info(t)->name);
		builder_trim(answer, answer->used - start);
	}
	rv = layer_whole(l, command, false, answer, &status);
out:
	if (rv == CKR_OK)
		*sw = status;
	return rv;
}

static const struct transport_ops layer_ops = {
	.begin = layer_begin,
	.end = layer_end,
	.exchange = layer_exchange,
	.pin_entry = layer_pin_entry,
	.info = layer_info,
	.release = layer_release,
	.alone = layer_alone,
	.close = layer_close,
};

struct transport *
apdu_layer_new(struct transport *wire)
{
	struct apdu_layer *l = mem_new(sizeof(*l));

	if (l == NULL) {
		wire->ops->close(wire);
		return NULL;
	}
	l->transport.ops = &layer_ops;
	l->wire = wire;
	return &l->transport;
}

void
apdu_layer_extended(struct transport *layer, bool extended)
{
	layer_of(layer)->extended = extended;
}

bool
apdu_layer_pieces(struct transport *layer)
{
	const struct apdu ask = { .le = APDU_ANSWER_MAX };

	return !layer_extends(layer_of(layer), &ask);
}
