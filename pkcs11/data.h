/* What a caller may give us: bytes, templates, mechanisms, PINs, checked. */
#ifndef SIGNET_DATA_H
#define SIGNET_DATA_H

#include "object.h"
#include "token.h"

/* longest CKA_PUBLIC_KEY_INFO: RSA of 16,384 bits, ML-DSA-87 */
enum { PUBLIC_KEY_INFO_MAX = 4096 };

/* No bytes where a length says that there are some, or an absurd length. */
bool data_is_bad(const void *data, CK_ULONG size);

bool data_is_key(CK_OBJECT_CLASS class);

/*
 * A caller's template, as it may be read. CKR_ARGUMENTS_BAD: no list, an
 * absurd count, or a value without bytes. CKR_ATTRIBUTE_VALUE_INVALID: an
 * absurd length. CKR_TEMPLATE_INCONSISTENT: a type with two values.
 */
CK_RV data_template(const CK_ATTRIBUTE *list, CK_ULONG count,
		    struct template *template) MUST_CHECK;
/* The same of a list that is to be filled in: values are not looked at. */
CK_RV data_query(const CK_ATTRIBUTE *list, CK_ULONG count) MUST_CHECK;

/* CKR_MECHANISM_PARAM_INVALID for a parameter that cannot be read. */
CK_RV data_mechanism(const CK_MECHANISM *mechanism) MUST_CHECK;

/*
 * A PIN for this token. Without a pointer it is the keypad's: CKR_ARGUMENTS_BAD
 * when the token has none. An empty one, or an absurd length, is WRONG: no
 * token ever sees it.
 */
CK_RV data_pin(struct token *t, const CK_UTF8CHAR *pin, CK_ULONG size,
	       CK_RV wrong, struct cursor *out) MUST_CHECK;

#endif
