/* Templates as attributes: CKA_WRAP_TEMPLATE and its like. */
#ifndef SIGNET_SOFT_TEMPLATE_H
#define SIGNET_SOFT_TEMPLATE_H

#include "derive.h"

/* A caller's array of attributes in a value, as bytes that stand for
 * themselves. CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV nested_pack(struct cursor value, struct attrs *attrs,
		  CK_ATTRIBUTE_TYPE type) MUST_CHECK;
/* C_GetAttributeValue of one (PKCS#11 3.2, 5.7.5). */
CK_RV nested_answer(struct cursor packed, CK_ATTRIBUTE *a) MUST_CHECK;
/* Does OBJECT have all that the key's template of this type asks for? */
CK_RV nested_match(const struct attrs *key, CK_ATTRIBUTE_TYPE type,
		   const struct attrs *object, bool *match) MUST_CHECK;

/*
 * A template with what a key's own template adds to it (4.9, 4.10).
 * CKR_TEMPLATE_INCONSISTENT when both say something different.
 */
struct merged {
	struct attrs added;
	CK_ATTRIBUTE *list;
	size_t room;
	struct template all;
};
CK_RV merged_make(const struct attrs *key, CK_ATTRIBUTE_TYPE type,
		  struct template given, struct merged *merged) MUST_CHECK;
void merged_free(struct merged *merged);

#endif
