/* New objects: from a template, and material that a computation brings. */
#ifndef SIGNET_SOFT_MADE_H
#define SIGNET_SOFT_MADE_H

#include "derive.h"
#include "shape.h"
#include "soft_token.h"

/* Where a key comes from, for good (PKCS#11 3.2, 4.7 to 4.10). */
struct origin {
	CK_MECHANISM_TYPE generated; /* CK_UNAVAILABLE_INFORMATION: not here */
	bool always_sensitive, never_extractable; /* as far as it goes */
};

/* Holds a template against the rules of a shape and completes it: all but
 * material and origin. */
CK_RV shaped_make(const struct maker *maker, const struct shape *shape,
		  struct template t, unsigned when,
		  struct attrs *attrs) MUST_CHECK;
CK_RV origin_set(const struct shape *shape, struct attrs *attrs,
		 const struct origin *origin) MUST_CHECK;
/* Of what comes from elsewhere: it may leave again, unless its template says
 * otherwise (5.18.4, 5.18.8). Frees ATTRS on failure. */
CK_RV extractable_default(struct template t, struct attrs *attrs) MUST_CHECK;
CK_RV unique_id_set(struct attrs *attrs) MUST_CHECK;
/* The shape of an object that there is. */
const struct shape *shape_of_attrs(const struct attrs *attrs);
/* Sets all attributes of a template that was found right. */
CK_RV attributes_put(struct attrs *attrs, struct template t) MUST_CHECK;
/* Completes an object whose material is there. */
CK_RV material_import(const struct shape *shape,
		      struct attrs *attrs) MUST_CHECK;
/* The check value is optional, but a wrong one is an error (PKCS#11 3.2,
 * 4.10.2); an empty one asks for none. */
CK_RV check_value_set(struct attrs *attrs, struct cursor whole) MUST_CHECK;
CK_RV sha1_check_value(struct attrs *attrs) MUST_CHECK;

/* Completes a secret key that has its CKA_VALUE: length and check value.
 * CKR_ATTRIBUTE_VALUE_INVALID for a length that its type does not have. */
CK_RV secret_import(struct attrs *attrs) MUST_CHECK;
bool secret_size_fits(CK_KEY_TYPE type, size_t size);

/* The key type and length that a template asks for, with what is meant when it
 * does not say. */
struct wish {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG size; /* 0: not said and not fixed */
	bool token;
};
CK_RV wish_read(struct template t, CK_KEY_TYPE type,
		struct wish *wish) MUST_CHECK;
/* The same, with a length that no key of this type may have. */
CK_RV wish_read_any(struct template t, CK_KEY_TYPE type,
		    struct wish *wish) MUST_CHECK;
/* The same for CKO_DATA, whose CKA_VALUE_LEN says how much. */
CK_RV data_wish_read(struct template t, struct wish *wish) MUST_CHECK;
/* A secret key of VALUE. */
CK_RV secret_make(const struct maker *maker, const struct origin *origin,
		  struct template t, const struct wish *wish,
		  struct cursor value, struct attrs *attrs) MUST_CHECK;

/* Who makes an object that some token is to adopt. */
struct maker maker_of(struct soft_token *t);
struct maker maker_for(struct soft_token *t, const struct wish *wish);

CK_RV soft_generate(struct token *token, const CK_MECHANISM *mechanism,
		    struct template object, uint64_t *id);
CK_RV soft_lend(struct token *token, uint64_t id, struct attrs *object);
CK_RV soft_adopt_objects(struct token *token, struct attrs *objects,
			 size_t count, uint64_t *ids);
CK_RV soft_copy(struct token *token, uint64_t id, struct template changes,
		struct attrs *object);

/* All mechanisms of C_GenerateKey. */
size_t secret_generators(struct mechanism *list, size_t room);

#endif
