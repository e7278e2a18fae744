/* An honest PIV card. */
#include "good.h"

#include "tlv.h"

static const uint8_t good_select[] = {
	0x61, 0x11, 0x4F, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00,
	0x79, 0x07, 0x4F, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08,
};
static const uint8_t good_discovery[] = {
	0x7E, 0x05, 0x5F, 0x2F, 0x02, 0x40, 0x00,
};
static const uint8_t good_signature[] = {
	0x7C, 0x0A, 0x82, 0x08, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01,
};

const char good_so_pin[] = "010203040506070801020304050607080102030405060708";

void
good_answer(const struct apdu *command, struct builder *out)
{
	struct cursor wanted = command->data;
	struct builder inner = builder_heap(4096);

	if (command->ins == 0xA4)
		builder_put(out, good_select, sizeof(good_select));
	if (command->ins == 0x87)
		builder_put(out, good_signature, sizeof(good_signature));
	if (command->ins == 0xF8)
		builder_u32(out, 4711);
	if (command->ins == 0xCB && wanted.left == 3)
		builder_put(out, good_discovery, sizeof(good_discovery));
	if (command->ins == 0xCB && wanted.left == 5) {
		tlv_put(&inner, 0x70, good_certificate);
		tlv_put(out, 0x53, builder_read(&inner));
	}
	builder_free(&inner);
}
