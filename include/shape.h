/* Which attributes an object has, and who may set them when (PKCS#11 3.2, 4).
 */
#ifndef SIGNET_SHAPE_H
#define SIGNET_SHAPE_H

#include "object.h"

enum form {
	FORM_BYTES,
	FORM_NUMBER, /* big-endian, not empty */
	FORM_BOOL,
	FORM_ULONG,
	FORM_DATE,	 /* CK_DATE or empty */
	FORM_MECHANISMS, /* array of CK_MECHANISM_TYPE */
	FORM_TEMPLATE,	 /* array of CK_ATTRIBUTE; kept packed */
};

enum fallback { NO_VALUE, IS_FALSE, IS_TRUE, IS_EMPTY, IS_ZERO };

enum {
	ON_CREATE = 1u << 0,	 /* C_CreateObject's template may have it */
	NEED_CREATE = 1u << 1,	 /* and must */
	ON_GENERATE = 1u << 2,	 /* a generation's template may have it */
	NEED_GENERATE = 1u << 3, /* and must */
	ON_SET = 1u << 4,	 /* C_SetAttributeValue may change it */
	ONLY_UP = 1u << 5,	 /* but never from TRUE to FALSE */
	ONLY_DOWN = 1u << 6,	 /* but never from FALSE to TRUE */
	BY_MECHANISM = 1u << 7,	 /* a generation makes it: no contradiction */
	ONLY_SAME = 1u << 8,	 /* changed to what it is, or not at all */
	ONLY_AWAY = 1u << 9,	 /* changed to nothing, or not at all */
};

struct rule {
	CK_ATTRIBUTE_TYPE type;
	enum form form;
	enum fallback fallback; /* when the template does not say */
	unsigned flags;
};

struct rules {
	const struct rule *list;
	size_t count;
};

/* One kind of object: its class, and the key or certificate type in it. */
struct shape {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE_TYPE type_attribute; /* CK_UNAVAILABLE_INFORMATION: none */
	CK_ULONG type;
	struct rules rules[4]; /* ends with an empty one, or is full */
};

/* NULL when we have no such objects. */
const struct shape *shape_find(CK_OBJECT_CLASS class, CK_ULONG type);
/* Is there any shape of this class, and which attribute has its type? */
bool shape_type_attribute(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE *type);
const struct rule *shape_rule(const struct shape *shape,
			      CK_ATTRIBUTE_TYPE type);
/* The form of an attribute wherever it occurs; FORM_BYTES when not known. */
enum form attribute_form(CK_ATTRIBUTE_TYPE type);
/* Does it occur anywhere? */
bool attribute_known(CK_ATTRIBUTE_TYPE type);

/*
 * Holds a template against the rules, for ON_CREATE or ON_GENERATE:
 * CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY,
 * CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT,
 * CKR_TEMPLATE_INCOMPLETE.
 */
CK_RV shape_check(const struct shape *shape, const CK_ATTRIBUTE *list,
		  CK_ULONG count, unsigned when) MUST_CHECK;
/* The same of what is there alone, whatever may be missing. Types in BESIDE,
 * which 0 ends, are passed over; NULL: none. */
CK_RV shape_check_given(const struct shape *shape, struct template given,
			unsigned when,
			const CK_ATTRIBUTE_TYPE *beside) MUST_CHECK;
/* Adds the defaults of all that is absent. */
CK_RV shape_complete(const struct shape *shape, struct attrs *attrs) MUST_CHECK;
/* Holds a change against the rules: the same codes. SO: the security officer
 * makes it, who alone may set CKA_TRUSTED. */
CK_RV shape_check_change(const struct shape *shape, const struct attrs *attrs,
			 const CK_ATTRIBUTE *list, CK_ULONG count,
			 bool so) MUST_CHECK;
/* CKR_ATTRIBUTE_VALUE_INVALID unless the value has its form. */
CK_RV form_check(enum form form, const CK_ATTRIBUTE *a) MUST_CHECK;

#endif
