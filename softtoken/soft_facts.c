/* What the use of an object asks of its attributes, read once. */
#include "soft_token.h"

static const CK_ATTRIBUTE_TYPE permissions[OPERATION_KINDS] = {
	[OPERATION_SIGN] = CKA_SIGN,
	[OPERATION_VERIFY] = CKA_VERIFY,
	[OPERATION_ENCRYPT] = CKA_ENCRYPT,
	[OPERATION_DECRYPT] = CKA_DECRYPT,
	[OPERATION_SIGN_RECOVER] = CKA_SIGN_RECOVER,
	[OPERATION_VERIFY_RECOVER] = CKA_VERIFY_RECOVER,
};

static unsigned
uses_read(const struct attrs *attrs)
{
	unsigned uses = 0;

	for (unsigned kind = OPERATION_SIGN; kind < OPERATION_KINDS; kind++) {
		if (attrs_bool(attrs, permissions[kind], false))
			uses |= 1u << kind;
	}
	return uses;
}

const struct facts *
item_facts(struct item *item)
{
	const struct attrs *attrs = &item->attrs;

	if (item->facts.known)
		return &item->facts;
	item->facts = (struct facts){
		.known = true,
		.private = attrs_bool(attrs, CKA_PRIVATE, true),
		.restricted =
			attrs_value(attrs, CKA_ALLOWED_MECHANISMS).left > 0,
		.login_each_time =
			attrs_bool(attrs, CKA_ALWAYS_AUTHENTICATE, false),
		.class = attrs_ulong(attrs, CKA_CLASS, CKO_DATA),
		.type = attrs_ulong(attrs, CKA_KEY_TYPE,
				    CK_UNAVAILABLE_INFORMATION),
		.uses = uses_read(attrs),
	};
	return &item->facts;
}
