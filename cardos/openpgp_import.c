/* A private key as an OpenPGP card takes it: the extended header list. */
#include "openpgp.h"

#include "tlv.h"

enum {
	TAG_LIST = 0x4D,
	TAG_LENGTHS = 0x7F48,
	TAG_NUMBERS = 0x5F48,
	TAG_EXPONENT = 0x91,
	TAG_PRIME_1 = 0x92, /* of RSA, else the private scalar */
	TAG_PRIME_2 = 0x93,
	TAG_COEFFICIENT = 0x94,
	TAG_EXPONENT_1 = 0x95,
	TAG_EXPONENT_2 = 0x96,
	TAG_MODULUS = 0x97,
	TAG_POINT = 0x99,
	FORMAT_MODULUS = 0x01, /* bits of the format of RSA */
	FORMAT_CRT = 0x02,
	NUMBERS_MAX = 8192,
};

/* Tags and lengths, and apart from them the numbers. */
struct openpgp_parts {
	struct builder lengths, numbers;
};

static void
part_put(struct openpgp_parts *p, uint32_t tag, struct cursor number,
	 size_t size)
{
	tlv_header(&p->lengths, tag, size);
	builder_padded(&p->numbers, number, size);
}

static void
rsa_put(struct openpgp_parts *p, const struct openpgp_key *as,
	const struct private_key *key)
{
	size_t size = (as->bits + 7) / 8, half = size / 2;

	part_put(p, TAG_EXPONENT, key->public_key->exponent,
		 ((size_t)as->exponent_bits + 7) / 8);
	part_put(p, TAG_PRIME_1, key->prime_1, half);
	part_put(p, TAG_PRIME_2, key->prime_2, half);
	if ((as->format & FORMAT_CRT) != 0) {
		part_put(p, TAG_COEFFICIENT, key->coefficient, half);
		part_put(p, TAG_EXPONENT_1, key->exponent_1, half);
		part_put(p, TAG_EXPONENT_2, key->exponent_2, half);
	}
	if ((as->format & FORMAT_MODULUS) != 0)
		part_put(p, TAG_MODULUS, key->public_key->modulus, size);
}

/* RFC 7748 writes the number down from its last byte on, OpenPGP does not. */
static void
reversed_put(struct builder *out, struct cursor number)
{
	while (number.left > 0) {
		struct cursor head = number;

		cursor_take(&head, number.left - 1);
		builder_u8(out, cursor_u8(&head));
		number = cursor_take(&number, number.left - 1);
	}
}

static void
curve_put(struct openpgp_parts *p, const struct openpgp_key *as,
	  const struct private_key *key)
{
	const struct pubkey *half = key->public_key;
	bool prefix = half->type != CKK_EC;

	tlv_header(&p->lengths, TAG_PRIME_1, key->scalar.left);
	if (half->type == CKK_EC_MONTGOMERY)
		reversed_put(&p->numbers, key->scalar);
	else
		builder_append(&p->numbers, key->scalar);
	if (!openpgp_point_wanted(as))
		return;
	tlv_header(&p->lengths, TAG_POINT, half->point.left + prefix);
	if (prefix)
		builder_u8(&p->numbers, OPENPGP_POINT_PREFIX);
	builder_append(&p->numbers, half->point);
}

CK_RV
openpgp_import_put(enum openpgp_use use, const struct openpgp_key *as,
		   const struct private_key *key, struct builder *out)
{
	struct openpgp_parts p = { builder_heap(NUMBERS_MAX),
				   builder_heap(NUMBERS_MAX) };
	struct builder list = builder_heap(NUMBERS_MAX);
	CK_RV rv = CKR_OK;

	if (as->curve == NULL)
		rsa_put(&p, as, key);
	else
		curve_put(&p, as, key);
	builder_append(&list, openpgp_template(use));
	tlv_put(&list, TAG_LENGTHS, builder_read(&p.lengths));
	tlv_put(&list, TAG_NUMBERS, builder_read(&p.numbers));
	tlv_put(out, TAG_LIST, builder_read(&list));
	if (!builder_ok(&p.lengths) || !builder_ok(&p.numbers) ||
	    !builder_ok(&list) || !builder_ok(out))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	builder_free(&p.lengths);
	builder_free(&p.numbers);
	builder_free(&list);
	return rv;
}
