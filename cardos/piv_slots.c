/* The key references of PIV, and what they are called. */
#include "piv.h"

static const struct piv_slot piv_slots[] = {
	{
		.reference = 0x9A,
		.cka_id = 0x01,
		.object = PIV_BYTES(0x5F, 0xC1, 0x05),
		.certificate = "Certificate for PIV Authentication",
		.public_key = "PIV AUTH pubkey",
		.private_key = "PIV AUTH key",
		.sign = true,
		.decrypt_too = true,
	},
	{
		.reference = 0x9C,
		.cka_id = 0x02,
		.object = PIV_BYTES(0x5F, 0xC1, 0x0A),
		.certificate = "Certificate for Digital Signature",
		.public_key = "SIGN pubkey",
		.private_key = "SIGN key",
		.sign = true,
		.pin_each_time = true,
	},
	{
		.reference = PIV_KEY_MANAGEMENT,
		.cka_id = 0x03,
		.object = PIV_BYTES(0x5F, 0xC1, 0x0B),
		.certificate = "Certificate for Key Management",
		.public_key = "KEY MAN pubkey",
		.private_key = "KEY MAN key",
		.decrypt = true,
	},
	{
		.reference = 0x9E,
		.cka_id = 0x04,
		.object = PIV_BYTES(0x5F, 0xC1, 0x01),
		.certificate = "Certificate for Card Authentication",
		.public_key = "CARD AUTH pubkey",
		.private_key = "CARD AUTH key",
		.sign = true,
		.pin_never = true,
	},

/* CKA_ID is OpenSC's: two decimal digits that are read as hexadecimal. */
#define RETIRED(number, id)                                                   \
	{                                                                     \
		.reference = PIV_RETIRED + number - 1, .cka_id = id,          \
		.object = PIV_BYTES(0x5F, 0xC1, 0x0C + number),               \
		.certificate = "Retired Certificate for Key Management " #number, \
		.public_key = "Retired KEY MAN " #number,                     \
		.private_key = "Retired KEY MAN " #number, .decrypt = true,   \
	}
	RETIRED(1, 0x05),  RETIRED(2, 0x06),  RETIRED(3, 0x07),
	RETIRED(4, 0x08),  RETIRED(5, 0x09),  RETIRED(6, 0x10),
	RETIRED(7, 0x11),  RETIRED(8, 0x12),  RETIRED(9, 0x13),
	RETIRED(10, 0x14), RETIRED(11, 0x15), RETIRED(12, 0x16),
	RETIRED(13, 0x17), RETIRED(14, 0x18), RETIRED(15, 0x19),
	RETIRED(16, 0x20), RETIRED(17, 0x21), RETIRED(18, 0x22),
	RETIRED(19, 0x23), RETIRED(20, 0x24),
};

/* Of that key only the certificate is an object. OpenSC keeps 25 for it. */
static const struct piv_slot piv_attestation = {
	.reference = PIV_ATTESTATION,
	.cka_id = 0x25,
	.object = PIV_BYTES(0x5F, 0xFF, 0x01),
	.certificate = "Certificate for PIV Attestation",
};

enum { PIV_SLOTS = sizeof(piv_slots) / sizeof(piv_slots[0]) };

const struct piv_slot *
piv_slot_at(size_t index)
{
	return index < PIV_SLOTS ? &piv_slots[index] : NULL;
}

const struct piv_slot *
piv_slot_find(uint8_t reference)
{
	for (size_t i = 0; i < PIV_SLOTS; i++)
		if (piv_slots[i].reference == reference)
			return &piv_slots[i];
	return reference == PIV_ATTESTATION ? &piv_attestation : NULL;
}

bool
piv_slot_retired(const struct piv_slot *slot)
{
	return slot->reference >= PIV_RETIRED &&
	       slot->reference < PIV_RETIRED_END;
}
