/* What a template asks a card for: a new object, judged before it is sent. */
#ifndef SIGNET_CARD_NEW_H
#define SIGNET_CARD_NEW_H

#include "card.h"
#include "object.h"
#include "private_key.h"

/* The cursors and the template are the caller's. */
struct card_new {
	CK_OBJECT_CLASS class;	/* CKO_PRIVATE_KEY of a pair, too */
	struct cursor cka_id;	/* empty when the template has none */
	struct template template; /* for what only the driver knows; of a pair
				     the private key's */
	struct cursor value;	/* CKO_DATA */
	struct certificate certificate;
	/* a key */
	CK_KEY_TYPE key_type;
	size_t bits;
	const struct curve *curve; /* NULL: RSA */
	struct cursor exponent;	   /* of RSA; empty: as the card likes */
	struct private_key *key;   /* to be brought in; NULL: to be made */
};

/* Does a card with these abilities make pairs of this key type? */
bool card_generates(const struct card_abilities *can, CK_KEY_TYPE type);

#endif
