/* C_EncapsulateKey and C_DecapsulateKey (PKCS#11 3.2, 5.18.8 and 6.68.6). */
#include "soft_base.h"
#include "soft_template.h"

enum { SECRET_MAX = 64 };

static CK_RV
kem_base(struct soft_token *t, const struct derivation *d,
	 CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE usage, struct base *base)
{
	CK_RV rv = base_take(t, d, base);

	if (rv != CKR_OK)
		return rv;
	rv = base_is(base, class, CKK_ML_KEM) ? base_permits(base, d, usage)
					      : CKR_KEY_TYPE_INCONSISTENT;
	if (rv != CKR_OK)
		base_free(base);
	return rv;
}

static CK_RV
kem_check(const CK_MECHANISM *mechanism)
{
	if (mechanism->mechanism != CKM_ML_KEM ||
	    !key_type_available(CKK_ML_KEM))
		return CKR_MECHANISM_INVALID;
	return mechanism->ulParameterLen > 0 ? CKR_MECHANISM_PARAM_INVALID
					     : CKR_OK;
}

/* The secret has the length that it has. */
static CK_RV
secret_become(struct soft_token *t, struct template with, struct cursor secret,
	      struct attrs *object)
{
	static const struct origin origin = { CK_UNAVAILABLE_INFORMATION, false,
					      false };
	struct wish wish;
	struct maker maker;
	CK_RV rv = wish_read(with, CKK_GENERIC_SECRET, &wish);

	if (rv != CKR_OK)
		return rv;
	maker = maker_for(t, &wish);
	if (wish.class != CKO_SECRET_KEY)
		return CKR_TEMPLATE_INCONSISTENT;
	if ((wish.size > 0 && wish.size != secret.left) ||
	    !secret_size_fits(wish.type, secret.left))
		return CKR_KEY_SIZE_RANGE;
	rv = secret_make(&maker, &origin, with, &wish, secret, object);
	return rv == CKR_OK ? extractable_default(with, object) : rv;
}

/* With what the private key adds. */
static CK_RV
secret_merge(struct soft_token *t, const struct derivation *d,
	     const struct base *base, struct cursor secret,
	     struct attrs *object)
{
	struct merged merged = { .room = 0 };
	CK_RV rv = merged_make(base->attrs, CKA_DECAPSULATE_TEMPLATE, d->object,
			       &merged);

	if (rv == CKR_OK)
		rv = secret_become(t, merged.all, secret, object);
	merged_free(&merged);
	return rv;
}

/* If it is what the public key wants of it: 5.18.8 has a code that says so. */
static CK_RV
secret_match(struct soft_token *t, const struct derivation *d,
	     const struct base *base, struct cursor secret,
	     struct attrs *object)
{
	struct attrs made = { NULL, 0, 0 };
	bool match = false;
	CK_RV rv = secret_become(t, d->object, secret, &made);

	if (rv == CKR_OK)
		rv = nested_match(base->attrs, CKA_ENCAPSULATE_TEMPLATE, &made,
				  &match);
	if (rv == CKR_OK && !match)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		*object = made;
	else
		attrs_free(&made);
	return rv;
}

CK_RV
soft_encapsulate(struct token *token, const struct derivation *d,
		 struct builder *out, struct attrs *object)
{
	struct builder secret = builder_heap(SECRET_MAX);
	struct base base;
	CK_RV rv = kem_check(d->mechanism);

	if (rv == CKR_OK)
		rv = kem_base(soft_of(token), d, CKO_PUBLIC_KEY,
			      CKA_ENCAPSULATE, &base);
	if (rv != CKR_OK)
		return rv;
	rv = soft_key_encapsulate(base.key, out, &secret);
	if (rv == CKR_OK)
		rv = secret_match(soft_of(token), d, &base,
				  builder_read(&secret), object);
	builder_free(&secret);
	base_free(&base);
	return rv;
}

CK_RV
soft_decapsulate(struct token *token, const struct derivation *d,
		 struct attrs *object)
{
	struct builder secret = builder_heap(SECRET_MAX);
	struct base base;
	CK_RV rv = kem_check(d->mechanism);

	if (rv == CKR_OK)
		rv = kem_base(soft_of(token), d, CKO_PRIVATE_KEY,
			      CKA_DECAPSULATE, &base);
	if (rv != CKR_OK)
		return rv;
	rv = soft_key_decapsulate(base.key, d->input, &secret);
	if (rv == CKR_OK)
		rv = secret_merge(soft_of(token), d, &base,
				  builder_read(&secret), object);
	builder_free(&secret);
	base_free(&base);
	return rv;
}
