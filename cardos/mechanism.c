/* A scheme and a card's key: digest, padding, primitive; and back. */
#include "mechanism.h"

#include "card_write.h"
#include "tlv.h"

enum {
	TAG_SEQUENCE = 0x30,
	TAG_OCTET_STRING = 0x04,
	EDWARDS_BITS = 255, /* no card is known with another curve */
};

/* The primitives that may serve a scheme, best first: a card that computes
 * bare RSA leaves all padding to the host. */
struct mechanism_way {
	enum scheme_kind kind;
	enum operation_kind operation;
	enum card_primitive primitive;
};

static const struct mechanism_way ways[] = {
	{ SCHEME_RSA_PKCS1, OPERATION_SIGN, CARD_RSA_RAW },
	{ SCHEME_RSA_PKCS1, OPERATION_SIGN, CARD_RSA_PKCS1 },
	{ SCHEME_RSA_PKCS1, OPERATION_SIGN, CARD_RSA_DIGESTINFO },
	{ SCHEME_RSA_PKCS1, OPERATION_DECRYPT, CARD_RSA_RAW },
	{ SCHEME_RSA_PKCS1, OPERATION_DECRYPT, CARD_RSA_DECRYPT },
	{ SCHEME_RSA_PSS, OPERATION_SIGN, CARD_RSA_RAW },
	{ SCHEME_RSA_OAEP, OPERATION_DECRYPT, CARD_RSA_RAW },
	{ SCHEME_RSA_RAW, OPERATION_SIGN, CARD_RSA_RAW },
	{ SCHEME_RSA_RAW, OPERATION_DECRYPT, CARD_RSA_RAW },
	{ SCHEME_ECDSA, OPERATION_SIGN, CARD_ECDSA },
	{ SCHEME_EDDSA, OPERATION_SIGN, CARD_EDDSA },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static const struct mechanism_way *
way_find(enum scheme_kind kind, enum operation_kind operation,
	 unsigned primitives)
{
	for (size_t i = 0; i < WAYS; i++) {
		const struct mechanism_way *w = &ways[i];

		if (w->kind == kind && w->operation == operation &&
		    (primitives & 1u << w->primitive) != 0)
			return w;
	}
	return NULL;
}

CK_RV
mechanism_primitive(const struct scheme *scheme, enum operation_kind kind,
		    const struct card_key *key, enum card_primitive *primitive)
{
	bool allowed = kind == OPERATION_SIGN ? key->sign : key->decrypt;
	const struct mechanism_way *way;

	/* A digest before decipherment is no mechanism. */
	if (kind == OPERATION_DECRYPT && scheme->digest != DIGEST_NONE)
		return CKR_MECHANISM_INVALID;
	if (way_find(scheme->kind, kind, ~0u) == NULL)
		return CKR_MECHANISM_INVALID;
	if (key->public_key->type != scheme_key_type(scheme->kind))
		return CKR_KEY_TYPE_INCONSISTENT;
	/* no card is known with a variant of EdDSA */
	if (scheme->kind == SCHEME_EDDSA &&
	    (scheme->prehashed || scheme->label.left > 0))
		return CKR_MECHANISM_PARAM_INVALID;
	if (!allowed)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (!padding_fits(scheme, pubkey_size(key->public_key)))
		return CKR_KEY_SIZE_RANGE;
	way = way_find(scheme->kind, kind, key->primitives);
	if (way == NULL)
		return CKR_MECHANISM_INVALID;
	*primitive = way->primitive;
	return CKR_OK;
}

static CK_RV
input_ecdsa(const struct card_job *job, struct cursor message,
	    struct builder *input)
{
	if (message.left == 0)
		return CKR_DATA_LEN_RANGE;
	ecdsa_fit(message, job->key->public_key->curve->field, input);
	return builder_ok(input) ? CKR_OK : CKR_HOST_MEMORY;
}

/* The card digests, and the whole message goes to it. */
static CK_RV
input_whole(struct cursor message, struct builder *input)
{
	builder_append(input, message);
	return builder_ok(input) ? CKR_OK : CKR_HOST_MEMORY;
}

/* NUMBER is as long as the modulus. */
static bool
below_modulus(struct cursor number, const struct pubkey *key)
{
	struct cursor modulus = key->modulus;
	uint8_t theirs, ours;

	while (number.left > 0) {
		theirs = cursor_u8(&modulus);
		ours = cursor_u8(&number);
		if (ours != theirs)
			return ours < theirs;
	}
	return false;
}

/* A ciphertext goes as it is: a number below the modulus, and as long. */
static CK_RV
input_cipher(const struct card_job *job, struct cursor message,
	     struct builder *input)
{
	if (message.left != pubkey_size(job->key->public_key))
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (!below_modulus(message, job->key->public_key))
		return CKR_ENCRYPTED_DATA_INVALID;
	builder_append(input, message);
	return builder_ok(input) ? CKR_OK : CKR_HOST_MEMORY;
}

/* DigestInfo (RFC 8017, 9.2), of whatever digest. */
static bool
is_digest_info(struct cursor message)
{
	struct tlv info, algorithm, digest;

	return tlv_next(&message, &info) && info.tag == TAG_SEQUENCE &&
	       cursor_end(&message) && tlv_next(&info.value, &algorithm) &&
	       algorithm.tag == TAG_SEQUENCE &&
	       tlv_next(&info.value, &digest) &&
	       digest.tag == TAG_OCTET_STRING && cursor_end(&info.value);
}

/* The card pads by itself: RFC 8017, 9.2 leaves 11 bytes to it. One that wants
 * a DigestInfo gets nothing else, but the length is told first (5.1.6). */
static CK_RV
input_unpadded(const struct scheme *scheme, const struct card_job *job,
	       struct cursor message, struct builder *input)
{
	CK_RV rv;

	if (scheme->digest != DIGEST_NONE) {
		rv = padding_digest_info(scheme->digest, message, input);
		if (rv != CKR_OK)
			return rv;
	} else {
		builder_append(input, message);
	}
	if (!builder_ok(input))
		return CKR_HOST_MEMORY;
	if (input->used + 11 > pubkey_size(job->key->public_key))
		return CKR_DATA_LEN_RANGE;
	if (scheme->digest == DIGEST_NONE &&
	    job->primitive == CARD_RSA_DIGESTINFO && !is_digest_info(message))
		return CKR_DATA_INVALID;
	return CKR_OK;
}

/* All padding but none gives a number that is below the modulus. */
static CK_RV
input_padded(const struct scheme *scheme, const struct card_job *job,
	     struct cursor message, struct builder *input)
{
	const struct pubkey *key = job->key->public_key;
	CK_RV rv = padding_encode(scheme, message, key->bits, input);

	if (rv != CKR_OK || scheme->kind != SCHEME_RSA_RAW)
		return rv;
	return below_modulus(builder_read(input), key) ? CKR_OK
						       : CKR_DATA_INVALID;
}

CK_RV
mechanism_input(const struct scheme *scheme, const struct card_job *job,
		enum operation_kind kind, struct cursor message,
		struct builder *input)
{
	if (scheme->kind == SCHEME_ECDSA)
		return input_ecdsa(job, message, input);
	if (scheme->kind == SCHEME_EDDSA)
		return input_whole(message, input);
	if (kind == OPERATION_DECRYPT)
		return input_cipher(job, message, input);
	if (job->primitive != CARD_RSA_RAW)
		return input_unpadded(scheme, job, message, input);
	return input_padded(scheme, job, message, input);
}

CK_RV
mechanism_plaintext(const struct scheme *scheme, enum card_primitive primitive,
		    struct cursor block, struct builder *out)
{
	if (primitive == CARD_RSA_RAW)
		return padding_decode(scheme, block, out);
	builder_append(out, block);
	return builder_ok(out) ? CKR_OK : CKR_DEVICE_MEMORY;
}

static const CK_MECHANISM_TYPE agreements[] = { CKM_ECDH1_DERIVE,
						CKM_ECDH1_COFACTOR_DERIVE };
enum { AGREEMENTS = sizeof(agreements) / sizeof(agreements[0]) };

bool
mechanism_agrees(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < AGREEMENTS; i++)
		if (agreements[i] == type)
			return true;
	return false;
}

static struct mechanism
agreement_of(const struct card_abilities *can, CK_MECHANISM_TYPE type)
{
	return (struct mechanism){
		.type = type,
		.info = { can->ec_min, can->ec_max,
			  CKF_HW | CKF_DERIVE | CKF_EC_F_P | CKF_EC_OID |
				  CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS },
	};
}

/* Zero flags: no key does it. */
static struct mechanism
mechanism_of(const struct card_abilities *can, const struct scheme_row *row)
{
	struct mechanism m = { .type = row->type };

	if ((row->flags & CKF_SIGN) != 0 &&
	    way_find(row->kind, OPERATION_SIGN, can->primitives) != NULL)
		m.info.flags |= CKF_SIGN;
	if ((row->flags & CKF_DECRYPT) != 0 &&
	    way_find(row->kind, OPERATION_DECRYPT, can->primitives) != NULL)
		m.info.flags |= CKF_DECRYPT;
	/* what is padded may be a key, which the host makes of it */
	if ((m.info.flags & CKF_DECRYPT) != 0 && row->kind != SCHEME_RSA_RAW)
		m.info.flags |= CKF_UNWRAP;
	if (m.info.flags == 0)
		return m;
	m.info.flags |= CKF_HW;
	m.info.ulMinKeySize = can->rsa_min;
	m.info.ulMaxKeySize = can->rsa_max;
	if (scheme_key_type(row->kind) == CKK_EC_EDWARDS) {
		m.info.flags |= CKF_EC_OID | CKF_EC_CURVENAME;
		m.info.ulMinKeySize = EDWARDS_BITS;
		m.info.ulMaxKeySize = EDWARDS_BITS;
	} else if (scheme_key_type(row->kind) == CKK_EC) {
		m.info.flags |=
			CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
		m.info.ulMinKeySize = can->ec_min;
		m.info.ulMaxKeySize = can->ec_max;
	}
	return m;
}

/* Sizes are those that keys may have. */
static struct mechanism
mechanism_pair(const struct card_abilities *can,
	       const struct card_pair_row *row)
{
	struct mechanism m = {
		.type = row->mechanism,
		.info.flags = CKF_HW | CKF_GENERATE_KEY_PAIR,
		.info.ulMinKeySize = can->rsa_min,
		.info.ulMaxKeySize = can->rsa_max,
	};

	if (row->type == CKK_RSA)
		return m;
	m.info.flags |= CKF_EC_OID;
	if (row->type == CKK_EC) {
		m.info.flags |= CKF_EC_F_P | CKF_EC_UNCOMPRESS;
		m.info.ulMinKeySize = can->ec_min;
		m.info.ulMaxKeySize = can->ec_max;
		return m;
	}
	m.info.flags |= CKF_EC_CURVENAME;
	m.info.ulMinKeySize = EDWARDS_BITS;
	m.info.ulMaxKeySize = EDWARDS_BITS;
	return m;
}

size_t
mechanisms_of(const struct card_abilities *can, struct mechanism *list,
		  size_t room)
{
	size_t rows, count = 0;
	const struct scheme_row *row = scheme_rows(&rows);
	const struct card_pair_row *pair;

	for (; rows > 0; rows--, row++) {
		struct mechanism m = mechanism_of(can, row);

		if (m.info.flags == 0)
			continue;
		if (count < room)
			list[count] = m;
		count++;
	}
	for (size_t i = 0; (pair = card_pair_row(can, i)) != NULL; i++) {
		if (count < room)
			list[count] = mechanism_pair(can, pair);
		count++;
	}
	if ((can->primitives & 1u << CARD_ECDH) == 0)
		return count;
	for (size_t i = 0; i < AGREEMENTS; i++, count++)
		if (count < room)
			list[count] = agreement_of(can, agreements[i]);
	return count;
}
