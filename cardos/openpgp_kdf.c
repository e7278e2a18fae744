/* The key derivation of DO F9: a hash goes to the card instead of the PIN. */
#include "openpgp.h"

#include "mem.h"
#include "tlv.h"

enum {
	TAG_KDF = 0xF9,
	TAG_ALGORITHM = 0x81,
	TAG_HASH = 0x82,
	TAG_COUNT = 0x83,
	TAG_SALT = 0x84, /* of PW1; 85 of the code, 86 of PW3 */
	KDF_NONE = 0x00,
	KDF_ITERATED = 0x03, /* iterated and salted S2K, RFC 4880, 3.7.1.3 */
	HASH_SHA256 = 0x08,
	HASH_SHA512 = 0x0A,
	COUNT_MAX = 0x3E00000, /* the most that RFC 4880 can say */
	BLOCK_MAX = 4096,
};

static enum digest
hash_parse(struct cursor hash)
{
	switch (cursor_u8(&hash)) {
	case HASH_SHA256:
		return DIGEST_SHA256;
	case HASH_SHA512:
		return DIGEST_SHA512;
	default:
		return DIGEST_NONE;
	}
}

static CK_RV
iterated_parse(struct cursor body, struct openpgp_kdf *kdf)
{
	struct cursor hash, count, salt, own;
	struct openpgp_kdf new = { 0 };

	if (!tlv_find(body, TAG_HASH, &hash) ||
	    !tlv_find(body, TAG_COUNT, &count) ||
	    !tlv_find(body, TAG_SALT, &salt) || salt.left != OPENPGP_SALT)
		return CKR_DEVICE_ERROR;
	new.digest = hash_parse(hash);
	new.count = cursor_u32(&count);
	for (uint32_t i = 0; i < OPENPGP_SECRETS; i++) {
		own = salt; /* one may serve for all */
		if (tlv_find(body, TAG_SALT + i, &own) &&
		    own.left != OPENPGP_SALT)
			return CKR_DEVICE_ERROR;
		cursor_copy(&own, new.salts[i], OPENPGP_SALT);
	}
	if (new.digest == DIGEST_NONE || !cursor_end(&count) ||
	    new.count > COUNT_MAX)
		return CKR_DEVICE_ERROR;
	*kdf = new;
	return CKR_OK;
}

CK_RV
openpgp_kdf_parse(struct cursor answer, struct openpgp_kdf *kdf)
{
	struct cursor body = answer, algorithm;

	DROP(tlv_find(answer, TAG_KDF, &body)); /* some cards wrap it */
	if (body.left == 0) {
		*kdf = (struct openpgp_kdf){ 0 };
		return CKR_OK;
	}
	if (!tlv_find(body, TAG_ALGORITHM, &algorithm))
		return CKR_DEVICE_ERROR;
	switch (cursor_u8(&algorithm)) {
	case KDF_NONE:
		if (!cursor_end(&algorithm))
			return CKR_DEVICE_ERROR;
		*kdf = (struct openpgp_kdf){ 0 };
		return CKR_OK;
	case KDF_ITERATED:
		return iterated_parse(body, kdf);
	default:
		return CKR_DEVICE_ERROR;
	}
}

/* COUNT bytes of what repeats BLOCK for ever. */
static CK_RV
digest_repeated(struct digester *d, struct cursor block, size_t count)
{
	CK_RV rv = CKR_OK;

	while (rv == CKR_OK && count > 0) {
		struct cursor all = block;
		size_t size = block.left < count ? block.left : count;

		rv = digester_update(d, cursor_take(&all, size));
		count -= size;
	}
	return rv;
}

/* Salt and PIN as often as they fit go at one stroke, and once at least. */
CK_RV
openpgp_kdf_derive(const struct openpgp_kdf *kdf, enum openpgp_secret which,
		   struct cursor pin, struct builder *out)
{
	struct builder block = builder_heap(BLOCK_MAX);
	struct digester *d = digester_new(kdf->digest);
	size_t once = OPENPGP_SALT + pin.left;
	CK_RV rv = CKR_HOST_MEMORY;

	if (d == NULL || once > BLOCK_MAX)
		goto out;
	for (size_t left = BLOCK_MAX; left >= once; left -= once) {
		builder_put(&block, kdf->salts[which], OPENPGP_SALT);
		builder_append(&block, pin);
	}
	if (!builder_ok(&block))
		goto out;
	rv = digest_repeated(d, builder_read(&block),
			     kdf->count > once ? kdf->count : once);
	if (rv == CKR_OK)
		rv = digester_finish(d, out);
out:
	digester_free(d);
	builder_free(&block);
	return rv;
}
