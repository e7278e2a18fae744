/* C_GenerateKeyPair (5.18.2). */
#include "cross.h"
#include "data.h"
#include "mechanism.h"
#include "mem.h"
#include "module.h"

/*
 * What C_GenerateKeyPair was asked for. One token makes both keys, the one that
 * the private key is for. When the public one is for another, as in the
 * standard's own example, it is made there too and then moves.
 */
struct pair {
	const CK_MECHANISM *mechanism;
	struct template public_key, private_key;
	struct making public_making, private_making;
	CK_ATTRIBUTE *beside; /* the public template, if it is to move */
	size_t beside_size;
};

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static bool
is_to_move(const struct pair *pair)
{
	return pair->private_making.token != pair->public_making.token;
}

static CK_RV
pair_check(struct session *s, struct pair *pair)
{
	CK_RV rv = data_mechanism(pair->mechanism);

	if (rv == CKR_OK)
		rv = mechanism_check(s->presence, pair->mechanism->mechanism,
				     CKF_GENERATE_KEY_PAIR);
	if (rv == CKR_OK)
		rv = making_read(pair->public_key, CKO_PUBLIC_KEY,
				 &pair->public_making);
	if (rv == CKR_OK)
		rv = making_read(pair->private_key, CKO_PRIVATE_KEY,
				 &pair->private_making);
	if (rv == CKR_OK)
		rv = making_check(s, &pair->public_making);
	if (rv == CKR_OK)
		rv = making_check(s, &pair->private_making);
	/* cards have no public key without its private one */
	if (rv == CKR_OK && is_to_move(pair) && pair->public_making.token &&
	    s->presence->token->ops->adopt == NULL)
		rv = CKR_TEMPLATE_INCONSISTENT;
	return rv;
}

/* The public template as that of an object where the private key is. */
static CK_RV
template_beside(struct pair *pair)
{
	const CK_BBOOL *token = pair->private_making.token ? &yes : &no;
	CK_ULONG count = 0, i;

	pair->beside_size =
		(pair->public_key.count + 1) * sizeof(*pair->beside);
	pair->beside = mem_new(pair->beside_size);
	if (pair->beside == NULL)
		return CKR_HOST_MEMORY;
	for (i = 0; i < pair->public_key.count; i++) {
		if (pair->public_key.list[i].type != CKA_TOKEN)
			pair->beside[count++] = pair->public_key.list[i];
	}
	pair->beside[count++] =
		(CK_ATTRIBUTE){ CKA_TOKEN, (void *)token, sizeof(*token) };
	pair->public_key = (struct template){ pair->beside, count };
	return CKR_OK;
}

/* A card's public key stays where its private key is. */
static CK_RV
public_move(struct session *s, const struct pair *pair, struct token *owner,
	    uint64_t id, CK_OBJECT_HANDLE *handle)
{
	const struct making here = { .token = pair->private_making.token };
	const CK_BBOOL *token = pair->public_making.token ? &yes : &no;
	CK_ATTRIBUTE there = { CKA_TOKEN, (void *)token, sizeof(*token) };
	struct template changes = { &there, 1 };
	struct attrs object = { 0 };
	CK_RV rv;

	if (owner->ops->copy == NULL || owner->ops->destroy == NULL)
		return making_handle(s, &here, id, handle);
	rv = owner->ops->copy(owner, id, changes, &object);
	if (rv == CKR_OK)
		rv = cross_adopt(s, &object, 1, handle);
	return rv == CKR_OK ? owner->ops->destroy(owner, id) : rv;
}

/* Never one key without the other. */
static void
pair_undo(struct token *owner, uint64_t public_id, uint64_t private_id)
{
	if (owner->ops->destroy == NULL)
		return;
	(void)owner->ops->destroy(owner, private_id);
	(void)owner->ops->destroy(owner, public_id);
}

static CK_RV
pair_generate(struct session *s, const struct pair *pair,
	      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct token *owner = making_owner(s, &pair->private_making);
	CK_OBJECT_HANDLE public_handle, private_handle;
	uint64_t public_id, private_id;
	CK_RV rv;

	if (owner->ops->generate_pair == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = owner->ops->generate_pair(owner, pair->mechanism, pair->public_key,
				       pair->private_key, &public_id,
				       &private_id);
	if (rv != CKR_OK)
		return rv;
	rv = making_handle(s, &pair->private_making, private_id,
			   &private_handle);
	if (rv == CKR_OK && is_to_move(pair))
		rv = public_move(s, pair, owner, public_id, &public_handle);
	else if (rv == CKR_OK)
		rv = making_handle(s, &pair->public_making, public_id,
				   &public_handle);
	if (rv != CKR_OK) {
		pair_undo(owner, public_id, private_id);
		return rv;
	}
	*public_key = public_handle;
	*private_key = private_handle;
	return CKR_OK;
}

CK_RV
C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		  CK_ATTRIBUTE *public_attributes, CK_ULONG public_count,
		  CK_ATTRIBUTE *private_attributes, CK_ULONG private_count,
		  CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct pair pair = { .mechanism = mechanism };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (public_key == NULL || private_key == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = data_template(public_attributes, public_count, &pair.public_key);
	if (rv == CKR_OK)
		rv = data_template(private_attributes, private_count,
				   &pair.private_key);
	if (rv == CKR_OK)
		rv = pair_check(s, &pair);
	if (rv == CKR_OK && is_to_move(&pair))
		rv = template_beside(&pair);
	if (rv == CKR_OK)
		rv = pair_generate(s, &pair, public_key, private_key);
	mem_free(pair.beside, pair.beside_size);
	return session_leave(__func__, s, rv);
}
