/* C_DeriveKey with a key on a card: its part of an ECDH. */
#include "card_token.h"
#include "mechanism.h"

enum { POINT_MAX = 256, SECRET_MAX = 256 };

static CK_RV
agreement_read(const CK_MECHANISM *mechanism, struct cursor *peer)
{
	struct cursor c =
		cursor_of(mechanism->pParameter, mechanism->ulParameterLen);
	CK_ECDH1_DERIVE_PARAMS p;

	if (mechanism->pParameter == NULL || c.left != sizeof(p))
		return CKR_MECHANISM_PARAM_INVALID;
	cursor_copy(&c, &p, sizeof(p));
	if (p.pPublicData == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	*peer = cursor_of(p.pPublicData, p.ulPublicDataLen);
	return CKR_OK;
}

static CK_RV
key_check(const struct card_key *key)
{
	CK_KEY_TYPE type = key->public_key->type;

	if (type != CKK_EC && type != CKK_EC_MONTGOMERY)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!key->derive)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return (key->primitives & 1u << CARD_ECDH) != 0 ? CKR_OK
							: CKR_MECHANISM_INVALID;
}

/* No wrong point reaches the card, and nothing leaves that is no secret of
 * this curve. */
static CK_RV
agree(const struct card_use *use, struct cursor peer, struct builder *secret)
{
	const struct curve *curve = use->key->public_key->curve;
	struct card_job job = { .primitive = CARD_ECDH, .key = use->key };
	struct builder point = builder_heap(POINT_MAX);
	struct builder result = builder_heap(SECRET_MAX);
	CK_RV rv = peer_point(curve, peer, &point);

	job.input = builder_read(&point);
	if (rv == CKR_OK)
		rv = card_compute(use, &job, &result);
	if (rv == CKR_OK && !peer_secret_fits(curve, builder_read(&result)))
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK)
		builder_append(secret, builder_read(&result));
	builder_free(&point);
	builder_free(&result);
	if (rv != CKR_OK)
		return rv;
	return builder_ok(secret) ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV
card_agree(struct token *token, const struct derivation *d,
	   struct builder *secret)
{
	struct card_use use = { .token = card_token_of(token),
				.id = d->key,
				.surrender = d->surrender,
				.caller = d->caller };
	struct card_key key;
	struct cursor peer;
	CK_RV rv;

	if (atomic_load(&use.token->card->removed))
		return CKR_DEVICE_REMOVED;
	if (!mechanism_agrees(d->mechanism->mechanism))
		return CKR_MECHANISM_INVALID;
	rv = agreement_read(d->mechanism, &peer);
	if (rv == CKR_OK)
		rv = card_key_get(use.token, d->key, &key);
	if (rv != CKR_OK)
		return rv;
	use.key = &key;
	rv = key_check(&key);
	if (rv == CKR_OK)
		rv = agree(&use, peer, secret);
	pubkey_free(key.public_key);
	return rv;
}
