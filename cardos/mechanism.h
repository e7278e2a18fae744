/* What the host adds to a card's primitive to make a mechanism of it. */
#ifndef SIGNET_MECHANISM_H
#define SIGNET_MECHANISM_H

#include "card_driver.h"
#include "token.h"

/*
 * The primitive of KEY that serves a scheme for signing or deciphering.
 * CKR_MECHANISM_INVALID, CKR_KEY_TYPE_INCONSISTENT,
 * CKR_KEY_FUNCTION_NOT_PERMITTED.
 */
CK_RV mechanism_primitive(const struct scheme *scheme, enum operation_kind kind,
			  const struct card_key *key,
			  enum card_primitive *primitive) MUST_CHECK;

/*
 * What the card gets, from the digest of a message or, without one, from the
 * caller's bytes. CKR_DATA_INVALID, CKR_DATA_LEN_RANGE,
 * CKR_ENCRYPTED_DATA_LEN_RANGE.
 */
CK_RV mechanism_input(const struct scheme *scheme, const struct card_job *job,
		      enum operation_kind kind, struct cursor message,
		      struct builder *input) MUST_CHECK;

/*
 * The plaintext in what the card gave. In time that does not depend on it.
 * CKR_ENCRYPTED_DATA_INVALID.
 */
CK_RV mechanism_plaintext(const struct scheme *scheme,
			  enum card_primitive primitive, struct cursor block,
			  struct builder *out) MUST_CHECK;

/* Is it an ECDH? The cofactor of all curves of cards is 1, or in the function
 * already (X25519), so that one is as good as the other. */
bool mechanism_agrees(CK_MECHANISM_TYPE type);

/* All mechanisms of a card that can do so much; gives how many there are, of
 * which at most ROOM are put into LIST. */
size_t mechanisms_of(const struct card_abilities *can, struct mechanism *list,
		     size_t room);

#endif
