/* One command APDU as bytes, and its answer (ISO/IEC 7816-3, 12.1). */
#include "apdu.h"

/* Le of 256 or 65536 is written as zero: all that there is. */
static void
wire_lengths_extended(struct builder *out, struct cursor data, size_t le)
{
	builder_u8(out, 0);
	if (data.left > 0) {
		builder_u16(out, (uint16_t)data.left);
		builder_append(out, data);
	}
	if (le > 0)
		builder_u16(out, (uint16_t)le);
}

static void
wire_lengths_short(struct builder *out, struct cursor data, size_t le)
{
	if (data.left > 0) {
		builder_u8(out, (uint8_t)data.left);
		builder_append(out, data);
	}
	if (le > 0)
		builder_u8(out, (uint8_t)le);
}

/*
 * T=0 has one length byte, P3: zero in case 1, Lc in cases 3 and 4, where the
 * answer of case 4 is fetched by GET RESPONSE. An Le over 256 asks for all of
 * 256, the card announces the rest with 61xx.
 */
static void
wire_lengths_t0(struct builder *out, struct cursor data, size_t le)
{
	if (data.left == 0 && (le == 0 || le > APDU_SHORT_ANSWER))
		builder_u8(out, 0);
	else
		wire_lengths_short(out, data, data.left > 0 ? 0 : le);
}

CK_RV
apdu_encode(const struct apdu *command, bool t0, struct builder *out)
{
	struct cursor data = command->data;
	size_t le = command->le;
	size_t data_max = t0 ? APDU_SHORT_DATA : APDU_COMMAND_MAX;

	if (!cursor_ok(&data) || data.left > data_max || le > APDU_ANSWER_MAX)
		return CKR_DATA_LEN_RANGE;
	builder_u8(out, command->cla);
	builder_u8(out, command->ins);
	builder_u8(out, command->p1);
	builder_u8(out, command->p2);
	if (t0)
		wire_lengths_t0(out, data, le);
	else if (data.left > APDU_SHORT_DATA || le > APDU_SHORT_ANSWER)
		wire_lengths_extended(out, data, le);
	else
		wire_lengths_short(out, data, le);
	return builder_ok(out) ? CKR_OK : CKR_HOST_MEMORY;
}

bool
apdu_answer(struct cursor wire, struct cursor *data, uint16_t *sw)
{
	struct cursor body;

	if (!cursor_ok(&wire) || wire.left < sizeof(*sw))
		return false;
	body = cursor_take(&wire, wire.left - sizeof(*sw));
	*sw = cursor_u16(&wire);
	*data = body;
	return true;
}
