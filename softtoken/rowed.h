/* An object as a row of the store, and back. */
#ifndef SIGNET_ROWED_H
#define SIGNET_ROWED_H

#include "seal.h"

/* A row and the memory that its cursors point into. */
struct rowed {
	struct row row;
	struct builder tags, blob;
};

/*
 * The row of an object with this id and version, sealed under RING (NULL: no
 * login; CKR_USER_NOT_LOGGED_IN for a private object). rowed_free() ends it,
 * also after an error.
 */
CK_RV rowed_make(struct ring *ring, uint64_t id, uint64_t version,
		 const struct attrs *attrs, struct rowed *out) MUST_CHECK;
void rowed_free(struct rowed *r);

/*
 * The object of a row: unsealed, and compared with the row's columns. When
 * ONLY names attributes, no others need come.
 * CKR_USER_NOT_LOGGED_IN; CKR_DEVICE_ERROR, logged, when the row was tampered
 * with or cut: it is never used then.
 */
CK_RV row_open(struct ring *ring, const struct row *row, struct template only,
	       struct attrs *attrs) MUST_CHECK;

/* What of a search the index can answer. False: nothing can match. */
bool row_match_of(struct ring *ring, const CK_ATTRIBUTE *list, CK_ULONG count,
		  struct builder *tag, struct row_match *match) MUST_CHECK;

#endif
