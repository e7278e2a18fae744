/* The share of the PIV application in a card program. */
#include "fault.h"
#include "others.h"
#include "piv_kind.h"
#include "program.h"

#include <string.h>

/* clang-format off */
static const char usage[] =
"PIV:\n"
"  --firmware KIND       neo 4.3 5.2 5.4 5.7 nitrokey3 nist, or N.N.N\n"
"  --sw NAME=XXXX\n"
"  --key SLOT=FILE[:never|once|always]\n"
"  --cert SLOT=FILE[:gzip|gzip80|zlib|netid|bare|raw|mscuid]\n"
"  --object TAG=FILE     the bytes inside 53\n"
"  --blank               no CHUID, no capability container\n"
"  --pin --puk --global-pin TEXT, --tries --puk-tries N, --serial N\n"
"  --second-applet       one more that can do nothing\n";
/* clang-format on */

static struct piv piv;
static struct yubico device;
static bool yubico, blank, second;

static bool
pin_load(struct piv_pin *pin, const char *text)
{
	uint8_t value[PIN_SIZE];

	if (!pin_pad(text, value))
		return false;
	pin_set(pin, value, pin->total);
	return true;
}

static bool
tries_load(struct piv_pin *pin, const char *text)
{
	unsigned n;

	if (!number_read(text, &n) || n > 255)
		return false;
	pin->total = (uint8_t)n;
	pin->tries = (uint8_t)n;
	return true;
}

static bool
load_word(const char *value)
{
	return piv_load_word(&piv, value);
}

static bool
load_key(const char *value)
{
	return piv_load_key(&piv, value);
}

static bool
load_certificate(const char *value)
{
	return piv_load_certificate(&piv, value);
}

static bool
load_object(const char *value)
{
	return piv_load_object(&piv, value);
}

static bool
load_blank(const char *value)
{
	(void)value;
	blank = true;
	return true;
}

static bool
load_pin(const char *value)
{
	return pin_load(&piv.pin, value);
}

static bool
load_puk(const char *value)
{
	return pin_load(&piv.puk, value);
}

static bool
load_global(const char *value)
{
	return pin_load(&piv.global, value);
}

static bool
load_tries(const char *value)
{
	return tries_load(&piv.pin, value);
}

static bool
load_puk_tries(const char *value)
{
	return tries_load(&piv.puk, value);
}

static bool
load_serial(const char *value)
{
	unsigned n;

	if (!number_read(value, &n))
		return false;
	piv.serial = n;
	return true;
}

static bool
load_second(const char *value)
{
	(void)value;
	second = true;
	return true;
}

static const struct choice choices[] = {
	{ "sw", true, load_word },
	{ "key", true, load_key },
	{ "cert", true, load_certificate },
	{ "object", true, load_object },
	{ "blank", false, load_blank },
	{ "pin", true, load_pin },
	{ "puk", true, load_puk },
	{ "global-pin", true, load_global },
	{ "tries", true, load_tries },
	{ "puk-tries", true, load_puk_tries },
	{ "serial", true, load_serial },
	{ "second-applet", false, load_second },
	{ NULL, false, NULL },
};

static bool
begin(const char *firmware, struct face *face)
{
	const struct piv_kind *kind;
	uint32_t version;

	kind = piv_kind_find(firmware ? firmware : "5.4", &version);
	if (!kind)
		return false;
	piv_kind_apply(&piv, kind, version);
	yubico = kind->yubico;
	*face = (struct face){ .atr = kind->atr, .extended = kind->extended };
	return true;
}

static bool
add(struct card *card)
{
	device = (struct yubico){ piv.version, piv.serial };
	if (!blank && !piv_load_identity(&piv))
		return false;
	if (!card_add(card, &piv_applet, &piv))
		return false;
	if (second && !card_add(card, &dummy_applet, NULL))
		return false;
	return !yubico || (card_add(card, &yubico_otp, &device) &&
			   card_add(card, &yubico_management, &device));
}

static void
end(void)
{
	piv_free(&piv);
}

const struct share piv_share = {
	.choices = choices,
	.usage = usage,
	.quirks = &piv.quirks,
	.begin = begin,
	.add = add,
	.end = end,
};
