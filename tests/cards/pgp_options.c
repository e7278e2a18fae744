/* The share of the OpenPGP application in a card program. */
#include "fault.h"
#include "file.h"
#include "others.h"
#include "pgp.h"
#include "program.h"

#include <string.h>

/* When the loaded keys were made: 2020-01-01. */
#define CREATED	 0x5e0be100u
#define TEXT_MAX 1024

/* clang-format off */
static const char usage[] =
"OpenPGP:\n"
"  --firmware KIND       yubikey-neo yubikey-4.3 yubikey-5.2 yubikey-5.4\n"
"                        yubikey-5.7 nitrokey3 gnuk zeitcontrol-2.1\n"
"                        zeitcontrol-3.4 smartpgp canokey generic; beside PIV\n"
"                        as PIV's\n"
"  --key sig|dec|aut=FILE        with fingerprint and time of making\n"
"  --cert sig|dec|aut=FILE       before 3.0: aut alone\n"
"  --fingerprint sig|dec|aut|att=HEX, --created sig|dec|aut|att=HEX\n"
"  --do TAG=HEX          a data object, by its tag\n"
"  --pw1 --pw3 --rc TEXT, --pw-tries PW1,RC,PW3, --pgp-serial HEX\n"
"  --kdf one-salt|three-salts    PINs are hashed (DO F9)\n"
"  --pw1-once --pw1-often        C4: is PW1 good for one signature or more\n"
"  --touch sig|dec|aut   the key wants a touch\n";
/* clang-format on */

static struct pgp pgp;
static struct yubico device;
static const char *kdf;

static const char *const slot_names[PGP_SLOTS] = { "sig", "dec", "aut", "att" };

/* "NAME=rest"; NULL when it is no name of a slot. */
static const char *
slot_read(const char *text, enum pgp_slot *slot)
{
	for (size_t i = 0; i < PGP_SLOTS; i++) {
		if (!strncmp(text, slot_names[i], 3) && text[3] == '=') {
			*slot = (enum pgp_slot)i;
			return text + 4;
		}
	}
	return NULL;
}

static bool
load_key(const char *value)
{
	enum pgp_slot slot;
	const char *path = slot_read(value, &slot);
	EVP_PKEY *pkey = path ? chip_load(path) : NULL;

	return pkey && pgp_key_put(&pgp, slot, pkey, CREATED);
}

/* Occurrence 0 is AUT, 2 is SIG; before 3.0 there is but one. */
static bool
load_certificate(const char *value)
{
	uint8_t bytes[FILE_MAX];
	struct pile der = pile_of(bytes, sizeof(bytes));
	enum pgp_slot slot;
	const char *path = slot_read(value, &slot);
	uint32_t n;

	if (!path || slot == SLOT_ATT || !file_certificate(path, &der))
		return false;
	n = (uint32_t)(SLOT_AUT - slot);
	if (n > 0 && pgp.kind->version < 0x0300)
		return true;
	return store_put(&pgp.objects, n << 16 | TAG_CERTIFICATE,
			 pile_view(&der));
}

static bool
slot_bytes(const char *value, size_t offset_of, size_t n)
{
	enum pgp_slot slot;
	const char *hex = slot_read(value, &slot);
	uint8_t bytes[20];
	struct pile read = pile_of(bytes, n);

	if (!hex || !hex_read(hex, &read) || read.used != n)
		return false;
	memcpy((uint8_t *)&pgp.keys[slot] + offset_of, bytes, n);
	return true;
}

static bool
load_fingerprint(const char *value)
{
	return slot_bytes(value, offsetof(struct pgp_key, fingerprint), 20);
}

static bool
load_created(const char *value)
{
	return slot_bytes(value, offsetof(struct pgp_key, time), 4);
}

static bool
load_object(const char *value)
{
	uint8_t bytes[TEXT_MAX];
	struct pile content = pile_of(bytes, sizeof(bytes));
	size_t n = strcspn(value, "=");
	char tag_text[9] = "";
	uint32_t tag;

	if (value[n] != '=' || n >= sizeof(tag_text))
		return false;
	memcpy(tag_text, value, n);
	return hex_number(tag_text, &tag) &&
	       hex_read(value + n + 1, &content) &&
	       store_put(&pgp.objects, tag, pile_view(&content));
}

static bool
pin_load(enum pgp_pin_name name, const char *value)
{
	struct span text = span_of(value, strlen(value));

	if (text.left == 0 || text.left > pgp.kind->pin_max)
		return false;
	pgp.pins[name].tries = pgp.pins[name].total;
	return pgp_pin_set(&pgp.pins[name], text);
}

static bool
load_user(const char *value)
{
	return pin_load(PIN_USER, value);
}

static bool
load_admin(const char *value)
{
	return pin_load(PIN_ADMIN, value);
}

static bool
load_code(const char *value)
{
	return pin_load(PIN_RESET, value);
}

/* The tries left; the most stay as they are, unless these are more. */
static bool
load_tries(const char *value)
{
	struct pgp_pin *pin;

	for (int i = 0; i < PGP_PINS; i++, value++) {
		pin = &pgp.pins[i];
		if (*value < '0' || *value > '9')
			return false;
		pin->tries = (uint8_t)(*value++ - '0');
		if (pin->total < pin->tries)
			pin->total = pin->tries;
		if (*value != (i + 1 < PGP_PINS ? ',' : '\0'))
			return false;
	}
	return true;
}

static bool
load_serial(const char *value)
{
	return hex_number(value, &pgp.serial);
}

static bool
load_once(const char *value)
{
	(void)value;
	pgp.several = false;
	return true;
}

static bool
load_often(const char *value)
{
	(void)value;
	pgp.several = true;
	return true;
}

static bool
load_touch(const char *value)
{
	for (size_t i = 0; i < PGP_SLOTS; i++) {
		if (strcmp(value, slot_names[i]) != 0)
			continue;
		pgp.keys[i].touch[0] = 1;
		return true;
	}
	return false;
}

static bool
load_quirk(const char *value)
{
	enum pgp_quirk quirk;

	if (!pgp_quirk_find(value, &quirk))
		return false;
	pgp.quirks |= UINT64_C(1) << quirk;
	return true;
}

static bool
drop_quirk(const char *value)
{
	enum pgp_quirk quirk;

	if (!pgp_quirk_find(value, &quirk))
		return false;
	pgp.quirks &= ~(UINT64_C(1) << quirk);
	return true;
}

/* Hashed when all PINs are known. */
static bool
load_kdf(const char *value)
{
	kdf = value;
	return !strcmp(value, "one-salt") || !strcmp(value, "three-salts");
}

static const struct choice choices[] = {
	{ "key", true, load_key },
	{ "cert", true, load_certificate },
	{ "fingerprint", true, load_fingerprint },
	{ "created", true, load_created },
	{ "do", true, load_object },
	{ "pw1", true, load_user },
	{ "pw3", true, load_admin },
	{ "rc", true, load_code },
	{ "pw-tries", true, load_tries },
	{ "pgp-serial", true, load_serial },
	{ "kdf", true, load_kdf },
	{ "pw1-once", false, load_once },
	{ "pw1-often", false, load_often },
	{ "touch", true, load_touch },
	{ "quirk", true, load_quirk },
	{ "no-quirk", true, drop_quirk },
	{ NULL, false, NULL },
};

static bool
begin(const char *firmware, struct face *face)
{
	const struct pgp_kind *kind = pgp_kind_find(firmware);

	if (!kind)
		return false;
	pgp_kind_apply(&pgp, kind);
	*face = (struct face){ .atr = kind->atr, .extended = kind->extended };
	return true;
}

/* Alone on a YubiKey, it brings what every YubiKey has. */
static bool
add(struct card *card)
{
	bool alone = card->applet_count == 0;

	pgp.short_only = !card->extended;
	device = (struct yubico){ pgp.kind->firmware, pgp.serial };
	if (kdf && !pgp_kdf_set(&pgp, !strcmp(kdf, "one-salt")))
		return false;
	if (!card_add(card, &pgp_applet, &pgp))
		return false;
	return !alone || pgp.kind->firmware == 0 ||
	       (card_add(card, &yubico_otp, &device) &&
		card_add(card, &yubico_management, &device));
}

static void
end(void)
{
	pgp_free(&pgp);
}

const struct share pgp_share = {
	.choices = choices,
	.usage = usage,
	.quirks = &pgp.transport,
	.begin = begin,
	.add = add,
	.end = end,
	.quirk_name = pgp_quirk_name,
};
