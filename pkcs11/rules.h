/* Who may make which object (PKCS#11 3.2, 5.7.1). */
#ifndef SIGNET_RULES_H
#define SIGNET_RULES_H

#include "session.h"

/* What a template says of the object to be made. */
struct making {
	bool token;   /* CKA_TOKEN */
	bool private; /* CKA_PRIVATE; private and secret keys are by default */
};

/* CLASS is what it is when the template does not say.
 * CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV making_read(struct template template, CK_OBJECT_CLASS class,
		  struct making *making) MUST_CHECK;
/* CKR_OK of an R/W session, CKR_SESSION_READ_ONLY,
 * CKR_TOKEN_WRITE_PROTECTED. */
CK_RV writing_check(struct session *s) MUST_CHECK;
/* CKR_SESSION_READ_ONLY, CKR_TOKEN_WRITE_PROTECTED, CKR_USER_NOT_LOGGED_IN. */
CK_RV making_check(struct session *s, const struct making *making) MUST_CHECK;
/* CKR_SESSION_READ_ONLY: only session objects change in an R/O session. */
CK_RV change_check(struct session *s, struct object_ref ref) MUST_CHECK;

/* The token that a new object goes to. */
struct token *making_owner(struct session *s, const struct making *making);
/* Gives a new object its handle; without one it is destroyed. */
CK_RV making_handle(struct session *s, const struct making *making, uint64_t id,
		    CK_OBJECT_HANDLE *handle) MUST_CHECK;

#endif
