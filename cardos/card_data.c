/* What objects a search finds: data only when it means data, and some only when
 * it names them. */
#include "card_object.h"
#include "tlv.h"

enum { TAG_OID = 0x06 };

static bool
object_is_data(const struct card_object *o)
{
	return attrs_ulong(&o->attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) ==
	       CKO_DATA;
}

/* An object that programs are not to come across is named. */
static bool
object_named(struct template match)
{
	return template_find(match.list, match.count, CKA_ID) != NULL ||
	       template_find(match.list, match.count, CKA_LABEL) != NULL;
}

/* OpenSC's tools search for the bare object identifier, where CKA_OBJECT_ID is
 * its DER. */
static bool
is_bare_oid(const struct card_object *o, const CK_ATTRIBUTE *a)
{
	struct cursor oid = attrs_value(&o->attrs, CKA_OBJECT_ID);

	return a->type == CKA_OBJECT_ID && tlv_enter(&oid, TAG_OID) &&
	       cursor_is(oid, a->pValue, a->ulValueLen);
}

enum attrs_match
card_object_match(const struct card_object *o, struct template match)
{
	enum attrs_match all = MATCH_YES, one;

	if (o->aside && !object_named(match))
		return MATCH_NO;
	if (!object_is_data(o))
		return attrs_match(&o->attrs, match.list, match.count);
	if (!card_object_data_named(match))
		return MATCH_NO;
	for (CK_ULONG i = 0; i < match.count; i++) {
		if (is_bare_oid(o, &match.list[i]))
			continue;
		one = attrs_match(&o->attrs, &match.list[i], 1);
		if (one == MATCH_NO)
			return one;
		if (one == MATCH_UNREAD)
			all = one;
	}
	return all;
}
