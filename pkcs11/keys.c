/* C_GenerateKey and C_GenerateKeyPair (5.18.1, 5.18.2). */
#include "data.h"
#include "mechanism.h"
#include "module.h"
#include "rules.h"
#include "session.h"

static CK_RV
generate(struct session *s, const CK_MECHANISM *mechanism,
	 struct template template, CK_OBJECT_HANDLE *key)
{
	struct making making = { 0 };
	struct token *owner;
	uint64_t id;
	CK_RV rv = data_mechanism(mechanism);

	if (rv == CKR_OK)
		rv = mechanism_check(s->presence, mechanism->mechanism,
				     CKF_GENERATE);
	if (rv == CKR_OK)
		rv = making_read(template, CKO_SECRET_KEY, &making);
	if (rv == CKR_OK)
		rv = making_check(s, &making);
	if (rv != CKR_OK)
		return rv;
	owner = making_owner(s, &making);
	if (owner->ops->generate == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = owner->ops->generate(owner, mechanism, template, &id);
	return rv == CKR_OK ? making_handle(s, &making, id, key) : rv;
}

CK_RV
C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	      CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
	struct template template = { 0 };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (key == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = data_template(attributes, count, &template);
	if (rv == CKR_OK)
		rv = generate(s, mechanism, template, key);
	return session_leave(__func__, s, rv);
}

/* What C_GenerateKeyPair was asked for. */
struct pair {
	const CK_MECHANISM *mechanism;
	struct template public_key, private_key;
	struct making public_making, private_making;
};

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
	/* both are made by one token, and stay with it */
	if (rv == CKR_OK &&
	    pair->public_making.token != pair->private_making.token)
		rv = CKR_TEMPLATE_INCONSISTENT;
	return rv;
}

static CK_RV
pair_generate(struct session *s, const struct pair *pair,
	      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct token *owner = making_owner(s, &pair->private_making);
	CK_OBJECT_HANDLE public_handle, private_handle;
	uint64_t public_id, private_id;
	CK_RV rv;

	if (owner->ops->generate_pair == NULL || owner->ops->destroy == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = owner->ops->generate_pair(owner, pair->mechanism, pair->public_key,
				       pair->private_key, &public_id,
				       &private_id);
	if (rv != CKR_OK)
		return rv;
	rv = making_handle(s, &pair->private_making, private_id,
			   &private_handle);
	if (rv == CKR_OK)
		rv = making_handle(s, &pair->public_making, public_id,
				   &public_handle);
	/* never one key without the other */
	if (rv != CKR_OK) {
		(void)owner->ops->destroy(owner, private_id);
		(void)owner->ops->destroy(owner, public_id);
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
	if (rv == CKR_OK)
		rv = pair_generate(s, &pair, public_key, private_key);
	return session_leave(__func__, s, rv);
}
