/* The name that OpenPGP gives a key: SHA-1 of its public half and the time of
 * its making (RFC 4880, 12.2; of ECDH keys RFC 6637). */
#include "openpgp.h"

enum {
	PACKET_PREFIX = 0x99,
	PACKET_VERSION = 4,
	PACKET_MAX = 1024,
	KDF_SIZE = 3,
	KDF_RESERVED = 1,
	HASH_SHA256 = 8,
	HASH_SHA384 = 9,
	HASH_SHA512 = 10,
	CIPHER_AES128 = 7,
	CIPHER_AES192 = 8,
	CIPHER_AES256 = 9,
};

/* A number with the count of its bits before it. */
static void
number_put(struct builder *out, struct cursor number)
{
	struct cursor n = cursor_unpadded(number), first = n;
	size_t bits = 8 * n.left;

	for (uint8_t top = cursor_u8(&first); top > 0 && top < 0x80;
	     top = (uint8_t)(top << 1))
		bits--;
	builder_u16(out, (uint16_t)bits);
	builder_append(out, n);
}

/* What goes with ECDH: digest and cipher for a curve of so many bits (RFC 9580,
 * 11.5.1), as GnuPG takes them. */
static void
kdf_put(struct builder *out, size_t bits)
{
	builder_u8(out, KDF_SIZE);
	builder_u8(out, KDF_RESERVED);
	if (bits <= 256) {
		builder_u8(out, HASH_SHA256);
		builder_u8(out, CIPHER_AES128);
		return;
	}
	builder_u8(out, bits <= 384 ? HASH_SHA384 : HASH_SHA512);
	builder_u8(out, bits <= 384 ? CIPHER_AES192 : CIPHER_AES256);
}

static void
curve_put(struct builder *out, const struct pubkey *key)
{
	uint8_t bytes[PACKET_MAX];
	struct builder point = builder_over(bytes, sizeof(bytes));
	struct cursor oid = openpgp_curve_oid(key->curve);

	builder_u8(out, (uint8_t)oid.left);
	builder_append(out, oid);
	if (key->type != CKK_EC)
		builder_u8(&point, OPENPGP_POINT_PREFIX);
	builder_append(&point, key->point);
	number_put(out, builder_read(&point));
}

static void
packet_put(struct builder *out, enum openpgp_use use, const struct pubkey *key,
	   uint32_t time)
{
	uint8_t algorithm = openpgp_algorithm(use, key->type);

	builder_u8(out, PACKET_VERSION);
	builder_u32(out, time);
	builder_u8(out, algorithm);
	if (key->type == CKK_RSA) {
		number_put(out, key->modulus);
		number_put(out, key->exponent);
		return;
	}
	curve_put(out, key);
	if (algorithm == OPENPGP_ECDH)
		kdf_put(out, key->bits);
}

CK_RV
openpgp_fingerprint(enum openpgp_use use, const struct pubkey *key,
		    uint32_t time, struct builder *out)
{
	uint8_t bytes[2][PACKET_MAX];
	struct builder packet = builder_over(bytes[0], PACKET_MAX);
	struct builder all = builder_over(bytes[1], PACKET_MAX);
	struct digester *d = digester_new(DIGEST_SHA1);
	CK_RV rv = CKR_HOST_MEMORY;

	packet_put(&packet, use, key, time);
	builder_u8(&all, PACKET_PREFIX);
	builder_u16(&all, (uint16_t)packet.used);
	builder_append(&all, builder_read(&packet));
	if (!builder_ok(&packet) || !builder_ok(&all))
		rv = CKR_DATA_INVALID;
	else if (d != NULL)
		rv = digester_update(d, builder_read(&all));
	if (rv == CKR_OK)
		rv = digester_finish(d, out);
	digester_free(d);
	return rv;
}
