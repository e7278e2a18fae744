/* What is put on a PIV card before a test begins: keys, certificates in the
 * forms that real cards hold, other objects. */
#include "file.h"
#include "piv_kind.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum form {
	FORM_PLAIN,  /* 70 DER, 71 00, FE */
	FORM_GZIP,   /* 71 01 and gzip (SP 800-73-4 part 1, A) */
	FORM_GZIP80, /* 71 80, an early reading of the same bit */
	FORM_ZLIB,   /* 71 01 and a zlib stream */
	FORM_NETID,  /* 71 01, 01 00, length, zlib stream */
	FORM_BARE,   /* 70 alone */
	FORM_RAW,    /* the DER without 70 */
	FORM_MSCUID, /* 70, 71, 72, FE */
};

/* clang-format off */
static const char *const forms[] = {
	[FORM_PLAIN] = "plain",
	[FORM_GZIP] = "gzip",
	[FORM_GZIP80] = "gzip80",
	[FORM_ZLIB] = "zlib",
	[FORM_NETID] = "netid",
	[FORM_BARE] = "bare",
	[FORM_RAW] = "raw",
	[FORM_MSCUID] = "mscuid",
};
/* clang-format on */

static const char *const policies[] = {
	[POLICY_DEFAULT] = "default",
	[POLICY_NEVER] = "never",
	[POLICY_ONCE] = "once",
	[POLICY_ALWAYS] = "always",
};

static const char *const word_names[PIV_WORDS] = {
	[WORD_EMPTY_SLOT] = "empty-slot",
	[WORD_WRONG_ALGORITHM] = "wrong-algorithm",
	[WORD_WRONG_SLOT] = "wrong-slot",
	[WORD_TEMPLATE] = "template",
	[WORD_MANAGEMENT] = "management",
	[WORD_NOT_BLOCKED] = "not-blocked",
	[WORD_NO_TOUCH] = "no-touch",
};

static bool
name_find(const char *const *names, size_t n, const char *text, size_t *found)
{
	for (*found = 0; *found < n; (*found)++) {
		if (!strcmp(names[*found], text))
			return true;
	}
	return false;
}

/* "HEX=path[:word]" in parts; the word is one of the names, else it belongs
 * to the path. */
struct assignment {
	uint32_t number;
	char path[1024];
	size_t word;
};

static bool
assignment_read(const char *text, const char *const *names, size_t n,
		struct assignment *to)
{
	char number[9];
	size_t digits = strcspn(text, "=");
	char *colon;

	if (digits == 0 || digits >= sizeof(number) || text[digits] != '=' ||
	    strlen(text + digits + 1) >= sizeof(to->path))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	memcpy(to->path, text + digits + 1, strlen(text + digits + 1) + 1);
	to->word = 0;
	colon = n > 0 ? strrchr(to->path, ':') : NULL;
	if (colon && name_find(names, n, colon + 1, &to->word))
		*colon = '\0';
	else
		to->word = 0;
	return hex_number(number, &to->number);
}

bool
piv_load_word(struct piv *piv, const char *text)
{
	char name[32];
	size_t n = strcspn(text, "=");
	size_t word;
	uint32_t value;

	if (n >= sizeof(name) || text[n] != '=' || strlen(text + n + 1) != 4)
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	if (!name_find(word_names, PIV_WORDS, name, &word) ||
	    !hex_number(text + n + 1, &value))
		return false;
	piv->words[word] = (uint16_t)value;
	return true;
}

bool
piv_load_key(struct piv *piv, const char *text)
{
	struct piv_key policy = { .origin = 2 };
	struct assignment a;
	EVP_PKEY *pkey;

	if (!assignment_read(text, policies,
			     sizeof(policies) / sizeof(policies[0]), &a) ||
	    a.number > 0xff)
		return false;
	policy.policy = (uint8_t)a.word;
	pkey = chip_load(a.path);
	return pkey && piv_key_put(piv, (uint8_t)a.number, pkey, policy);
}

static uint32_t
certificate_tag(uint32_t slot)
{
	switch (slot) {
	case 0x9a:
		return 0x5fc105;
	case 0x9c:
		return 0x5fc10a;
	case 0x9d:
		return 0x5fc10b;
	case 0x9e:
		return 0x5fc101;
	case 0xf9:
		return TAG_ATTESTATION;
	default:
		return slot >= 0x82 && slot <= 0x95 ? 0x5fc10d + slot - 0x82
						    : 0;
	}
}

/* Windows of 15 bits, and 16 more for the gzip wrapping. */
static bool
deflate_write(struct span in, bool gzip, struct pile *out)
{
	z_stream z = { 0 };
	bool ok;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, gzip ? 31 : 15, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	z.next_in = (Bytef *)in.at;
	z.avail_in = (uInt)in.left;
	z.next_out = out->at + out->used;
	z.avail_out = (uInt)(out->room - out->used);
	ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
	out->used += z.total_out;
	(void)deflateEnd(&z);
	return ok;
}

static bool
content_write(struct span der, enum form form, struct pile *out)
{
	if (form == FORM_NETID) {
		pile_byte(out, 0x01);
		pile_byte(out, 0x00);
		pile_byte(out, (uint8_t)der.left);
		pile_byte(out, (uint8_t)(der.left >> 8));
	}
	if (form == FORM_GZIP || form == FORM_GZIP80)
		return deflate_write(der, true, out);
	if (form == FORM_ZLIB || form == FORM_NETID)
		return deflate_write(der, false, out);
	pile_span(out, der);
	return !out->bad;
}

static bool
certificate_wrap(struct span der, enum form form, struct pile *object)
{
	uint8_t bytes[FILE_MAX];
	struct pile content = pile_of(bytes, sizeof(bytes));
	uint8_t info =
		form == FORM_GZIP || form == FORM_ZLIB || form == FORM_NETID;

	if (form == FORM_GZIP80)
		info = 0x80;
	if (!content_write(der, form, &content))
		return false;
	if (form == FORM_RAW) {
		pile_bytes(object, content.at, content.used);
		return !object->bad;
	}
	pile_tlv(object, 0x70, content.at, content.used);
	if (form == FORM_BARE)
		return !object->bad;
	pile_tlv(object, 0x71, &info, 1);
	if (form == FORM_MSCUID)
		pile_tlv(object, 0x72, "mscuid", 6);
	pile_header(object, 0xfe, 0);
	return !object->bad;
}

bool
piv_load_certificate(struct piv *piv, const char *text)
{
	uint8_t der_bytes[FILE_MAX], object_bytes[FILE_MAX];
	struct pile der = pile_of(der_bytes, sizeof(der_bytes));
	struct pile object = pile_of(object_bytes, sizeof(object_bytes));
	struct assignment a;
	uint32_t tag;

	if (!assignment_read(text, forms, sizeof(forms) / sizeof(forms[0]), &a))
		return false;
	tag = certificate_tag(a.number);
	return tag && file_certificate(a.path, &der) &&
	       certificate_wrap(pile_view(&der), (enum form)a.word, &object) &&
	       store_put(&piv->objects, tag, pile_view(&object));
}

bool
piv_load_object(struct piv *piv, const char *text)
{
	uint8_t bytes[FILE_MAX];
	struct pile file = pile_of(bytes, sizeof(bytes));
	struct assignment a;

	return assignment_read(text, NULL, 0, &a) && file_read(a.path, &file) &&
	       store_put(&piv->objects, a.number, pile_view(&file));
}

/* Fourteen and sixteen bytes that follow from the serial number. */
static void
identity_bytes(const struct piv *piv, struct pile *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pile_byte(to, (uint8_t)(piv->serial >> 8 * (3 - i % 4)) ^
				      (uint8_t)(i / 4 * 0x11));
}

/* Puts an object where none is. */
static bool
object_default(struct piv *piv, uint32_t tag, struct span content)
{
	struct span there;

	return store_get(&piv->objects, tag, &there) ||
	       store_put(&piv->objects, tag, content);
}

bool
piv_load_identity(struct piv *piv)
{
	uint8_t bytes[2][80];
	struct pile chuid = pile_of(bytes[0], sizeof(bytes[0]));
	struct pile ccc = pile_of(bytes[1], sizeof(bytes[1]));

	(void)hex_read("3019D4E739DA739CED39CE739D836858210842108421C84210"
		       "C3EB3410",
		       &chuid);
	identity_bytes(piv, &chuid, 16);
	(void)hex_read("350832303330303130313E00FE00", &chuid);
	(void)hex_read("F015A000000116FF02", &ccc);
	identity_bytes(piv, &ccc, 14);
	(void)hex_read("F10121F20121F300F40100F50110F600F700FA00FB00FC00"
		       "FD00FE00",
		       &ccc);
	return !chuid.bad && !ccc.bad &&
	       object_default(piv, TAG_CHUID, pile_view(&chuid)) &&
	       object_default(piv, TAG_CCC, pile_view(&ccc));
}
