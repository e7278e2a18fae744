/* Who an OpenPGP card is: the AID tells its maker and its serial number. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "openpgp.h"

enum {
	MAKER_UNMANAGED = 0xFF00, /* to FFFE: numbers drawn at random */
	MAKER_TEST = 0xFFFF,
};

struct openpgp_maker {
	uint16_t id;
	const char *name;
};

/* Of FSFE's register; makers that sign their cards otherwise today are named
 * as there. */
static const struct openpgp_maker openpgp_makers[] = {
	{ 0x0000, "test card" },
	{ 0x0001, "PPC Card Systems" },
	{ 0x0002, "Prism" },
	{ 0x0003, "OpenFortress" },
	{ 0x0004, "Wewid" },
	{ 0x0005, "ZeitControl" },
	{ OPENPGP_YUBICO, "Yubico" },
	{ 0x0007, "OpenKMS" },
	{ 0x0008, "LogoEmail" },
	{ 0x0009, "Fidesmo" },
	{ 0x000A, "VivoKey" },
	{ 0x000B, "Feitian Technologies" },
	{ 0x000D, "Dangerous Things" },
	{ 0x000E, "Excelsecu" },
	{ 0x000F, "Nitrokey" },
	{ 0x0010, "NeoPGP" },
	{ 0x0011, "Token2" },
	{ 0x002A, "Magrathea" },
	{ 0x0042, "GnuPG e.V." },
	{ 0x1337, "Warsaw Hackerspace" },
	{ 0x2342, "warpzone" },
	{ 0x4354, "Confidential Technologies" },
	{ 0x5343, "SSE Carte a puce" },
	{ 0x5443, "TIF-IT e.V." },
	{ 0x63AF, "Trustica" },
	{ 0xBA53, "c-base e.V." },
	{ 0xBD0E, "Paranoidlabs" },
	{ 0xCA05, "Atos CardOS" },
	{ OPENPGP_CANOKEYS, "CanoKeys" },
	{ 0xF517, "FSIJ" },
	{ 0xF5EC, "F-Secure" },
	{ MAKER_TEST, "test card" },
};

static const char *
maker_name(uint16_t id)
{
	size_t count = sizeof(openpgp_makers) / sizeof(openpgp_makers[0]);

	for (size_t i = 0; i < count; i++)
		if (openpgp_makers[i].id == id)
			return openpgp_makers[i].name;
	return id >= MAKER_UNMANAGED ? "unmanaged" : "unknown";
}

/* Historical bytes of cards that have nothing but this applet. */
static const struct cursor openpgp_historical[] = {
	OPENPGP_BYTES(0x00, 0x31, 0xC5, 0x73),
	OPENPGP_BYTES(0x00, 0x31, 0xF5, 0x73),
	OPENPGP_BYTES(0x00, 0x31, 0x84, 0x73),
	{ 0 },
};

/* Cards that are known to have the applet go first. */
int
openpgp_nominate(struct cursor atr)
{
	struct cursor text = iso_historical(atr);

	for (const struct cursor *c = openpgp_historical; c->left > 0; c++)
		if (cursor_begins(text, c->at, c->left))
			return 1;
	return iso_contains_text(text, "Yubi") ||
			       iso_contains_text(text, "Nitrokey")
		       ? 1
		       : 0;
}

/* A card that keeps no list of its keys is asked for each, when nothing else
 * tells of one: whether a PIN is of use here hangs on it. */
static CK_RV
keys_look(struct card_applet *a)
{
	const struct openpgp *o = a->state;
	unsigned possible = 0;
	bool switched;
	CK_RV rv;

	for (size_t i = 0; i < OPENPGP_KEYS; i++) {
		if (o->facts.keys[i].presence == OPENPGP_PRESENT)
			return CKR_OK;
		possible += o->facts.keys[i].presence == OPENPGP_POSSIBLE;
	}
	if (possible == 0)
		return CKR_OK;
	rv = applet_guard(a, &switched);
	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++)
		if (o->facts.keys[i].presence == OPENPGP_POSSIBLE)
			rv = openpgp_key_look(a, (enum openpgp_use)i);
	return rv;
}

static bool
keyless(const struct openpgp *o)
{
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		if (o->facts.keys[i].presence != OPENPGP_ABSENT)
			return false;
	return true;
}

/* Label and serial number as users read them on the card: manufacturer and
 * number are what OpenSC has as well. */
CK_RV
openpgp_identify(struct card_applet *a, struct card_identity *out)
{
	struct openpgp *o = a->state;
	const struct openpgp_facts *f = &o->facts;
	struct card_identity id = { .model = "OpenPGP card" };
	struct builder maker =
		builder_over(id.manufacturer, sizeof(id.manufacturer) - 1);
	CK_RV rv = keys_look(a);

	if (rv != CKR_OK)
		return rv;
	builder_text(&maker, maker_name(f->manufacturer));
	snprintf(id.label, sizeof(id.label), "OpenPGP card %08" PRIx32,
		 f->serial);
	snprintf(id.serial, sizeof(id.serial), "%04" PRIx16 "%08" PRIx32,
		 f->manufacturer, f->serial);
	id.firmware.major = (CK_BYTE)(f->version >> 8);
	id.firmware.minor = (CK_BYTE)f->version;
	id.tries.known = f->pin.known;
	id.tries.tries_left = f->pin.tries_left[OPENPGP_PW1];
	id.so_tries.known = f->pin.known;
	id.so_tries.tries_left = f->pin.tries_left[OPENPGP_PW3];
	id.keyless = keyless(o);
	id.can = openpgp_abilities(o);
	*out = id;
	return CKR_OK;
}
