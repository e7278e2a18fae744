/* Which keys a PIV card can have and make, by the firmware of a YubiKey. */
#include "piv.h"

#define FIRMWARE(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

const CK_KEY_TYPE piv_generates[] = {
	CKK_RSA,
	CKK_EC,
	CKK_EC_EDWARDS,
	CKK_EC_MONTGOMERY,
	CK_UNAVAILABLE_INFORMATION,
};

/* The kinds of the standard. On a card that is no YubiKey the numbers of the
 * others may mean other things. */
static const CK_KEY_TYPE generates_usual[] = {
	CKK_RSA,
	CKK_EC,
	CK_UNAVAILABLE_INFORMATION,
};

static const CK_KEY_TYPE generates_ec[] = {
	CKK_EC,
	CK_UNAVAILABLE_INFORMATION,
};

enum {
	EVERYTHING = 1u << CARD_RSA_RAW | 1u << CARD_ECDSA | 1u << CARD_EDDSA |
		     1u << CARD_ECDH,
	NO_EDDSA = EVERYTHING & ~(1u << CARD_EDDSA),
};

/* From this firmware on; the last that fits counts. */
static const struct piv_era {
	uint32_t since;
	struct card_abilities can;
} eras[] = {
	{ FIRMWARE(0, 0, 0),
	  { NO_EDDSA, 1024, 2048, 256, 256, generates_usual } },
	{ FIRMWARE(4, 0, 0),
	  { NO_EDDSA, 1024, 2048, 256, 384, generates_usual } },
	/* these make RSA keys that can be factored (CVE-2017-15361) */
	{ FIRMWARE(4, 2, 0), { NO_EDDSA, 1024, 2048, 256, 384, generates_ec } },
	{ FIRMWARE(4, 3, 5),
	  { NO_EDDSA, 1024, 2048, 256, 384, generates_usual } },
	{ FIRMWARE(5, 7, 0),
	  { EVERYTHING, 1024, 4096, 256, 384, piv_generates } },
};

enum { ERAS = sizeof(eras) / sizeof(eras[0]) };

/* Of a card that is no YubiKey what it can use is not known. */
static const struct card_abilities others = {
	EVERYTHING, 1024, 4096, 256, 384, generates_usual
};

const struct card_abilities *
piv_abilities(const struct card_applet *a, const struct piv_version *version)
{
	uint32_t firmware = FIRMWARE((uint32_t)version->major,
				     (uint32_t)version->minor, version->patch);
	const struct card_abilities *can = &others;

	if (!piv_versioned(a) || firmware == 0)
		return can;
	for (size_t i = 0; i < ERAS; i++)
		if (firmware >= eras[i].since)
			can = &eras[i].can;
	return can;
}
