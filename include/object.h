/* Attributes (present, absent, not yet read), templates and lists of ids. */
#ifndef SIGNET_OBJECT_H
#define SIGNET_OBJECT_H

#include "bytes.h"
#include "cryptoki.h"

enum attr_state {
	ATTR_ABSENT,  /* this object has no such attribute */
	ATTR_UNREAD,  /* it may have; reading the object from the card tells */
	ATTR_PRESENT,
};

struct attr {
	CK_ATTRIBUTE_TYPE type;
	enum attr_state state;
	uint8_t *value;
	size_t size;
};

/* A set of attributes, at most one of a type. Zero-initialised is empty. */
struct attrs {
	struct attr *list;
	size_t count;
	size_t room;
};

/* Sets an attribute to a copy of the value. CKR_HOST_MEMORY. */
CK_RV attrs_set(struct attrs *a, CK_ATTRIBUTE_TYPE type,
		struct cursor value) MUST_CHECK;
CK_RV attrs_set_ulong(struct attrs *a, CK_ATTRIBUTE_TYPE type,
		      CK_ULONG value) MUST_CHECK;
CK_RV attrs_set_bool(struct attrs *a, CK_ATTRIBUTE_TYPE type,
		     bool value) MUST_CHECK;
CK_RV attrs_set_text(struct attrs *a, CK_ATTRIBUTE_TYPE type,
		     const char *text) MUST_CHECK;
CK_RV attrs_set_unread(struct attrs *a, CK_ATTRIBUTE_TYPE type) MUST_CHECK;
/* Is its value a template, whose bytes are the caller's pointers? */
bool attribute_nested(CK_ATTRIBUTE_TYPE type);
/* Sets every attribute of a template, or copies all of another set. */
CK_RV attrs_set_template(struct attrs *a, const CK_ATTRIBUTE *list,
			 CK_ULONG count) MUST_CHECK;
CK_RV attrs_copy(struct attrs *to, const struct attrs *from) MUST_CHECK;
void attrs_remove(struct attrs *a, CK_ATTRIBUTE_TYPE type);
/* Wipes and frees all values; the set is empty afterwards. */
void attrs_free(struct attrs *a);

/* The attribute, NULL when absent. */
const struct attr *attrs_find(const struct attrs *a, CK_ATTRIBUTE_TYPE type);
/* The value when present, else an empty, bad cursor / the fallback. */
struct cursor attrs_value(const struct attrs *a, CK_ATTRIBUTE_TYPE type);
CK_ULONG attrs_ulong(const struct attrs *a, CK_ATTRIBUTE_TYPE type,
		     CK_ULONG fallback);
bool attrs_bool(const struct attrs *a, CK_ATTRIBUTE_TYPE type, bool fallback);

enum attrs_match {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNREAD, /* so far, but an attribute asked for is not yet read */
};
enum attrs_match attrs_match(const struct attrs *a, const CK_ATTRIBUTE *list,
			     CK_ULONG count);

/* Is any attribute that this template asks for not yet read? */
bool attrs_unread(const struct attrs *a, const CK_ATTRIBUTE *list,
		  CK_ULONG count);

/*
 * Answers C_GetAttributeValue (PKCS#11 3.2, 5.7.5): lengths, values,
 * CK_UNAVAILABLE_INFORMATION with CKR_ATTRIBUTE_SENSITIVE,
 * CKR_ATTRIBUTE_TYPE_INVALID or CKR_BUFFER_TOO_SMALL, going on to the end. The
 * secret parts of a private or secret key that is sensitive or not extractable
 * are never handed out.
 */
CK_RV attrs_answer(const struct attrs *a, CK_ATTRIBUTE *list, CK_ULONG count);

/* A key pair or an object about to be made. */
struct template {
	const CK_ATTRIBUTE *list;
	CK_ULONG count;
};

/* Readers of a caller's template, whose values may have any length. */
const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *list, CK_ULONG count,
				  CK_ATTRIBUTE_TYPE type);
/* FALLBACK when absent; CKR_ATTRIBUTE_VALUE_INVALID for a wrong length. */
CK_RV template_ulong(const CK_ATTRIBUTE *list, CK_ULONG count,
		     CK_ATTRIBUTE_TYPE type, CK_ULONG fallback,
		     CK_ULONG *value) MUST_CHECK;
CK_RV template_bool(const CK_ATTRIBUTE *list, CK_ULONG count,
		    CK_ATTRIBUTE_TYPE type, bool fallback,
		    bool *value) MUST_CHECK;
/* CKR_ARGUMENTS_BAD for a NULL value with a length; CKR_TEMPLATE_INCONSISTENT
 * for a type that occurs twice with two values; with one it counts once, as
 * 4.1.1 encourages. */
CK_RV template_check(const CK_ATTRIBUTE *list, CK_ULONG count) MUST_CHECK;

/* A growing list of object ids. Zero-initialised is empty. */
struct ids {
	uint64_t *list;
	size_t count;
	size_t room;
};
CK_RV ids_add(struct ids *ids, uint64_t id) MUST_CHECK;
void ids_free(struct ids *ids);

#endif
