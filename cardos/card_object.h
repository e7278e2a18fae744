/* Objects of a card: made by drivers, kept by the token. */
#ifndef SIGNET_CARD_OBJECT_H
#define SIGNET_CARD_OBJECT_H

#include "card_driver.h"

/* Frees a chain with all that is in it; NULL is fine. */
void card_objects_free(struct card_object *list);

/* What is known of an object before it is read. */
struct card_object_name {
	uint64_t id;
	unsigned group;
	CK_OBJECT_CLASS class;
	uint8_t cka_id; /* of all but CKO_DATA, which has none */
	const char *label;
	bool private; /* CKA_PRIVATE */
	bool removable, modifiable; /* CKA_DESTROYABLE, CKA_MODIFIABLE */
	/* of CKO_DATA, which has no CKA_ID */
	const char *application;
	struct cursor object_id; /* DER; empty: none */
};

/*
 * Appends an object to the chain that ends at *END and moves END on; its
 * attributes are those of NAME, and unread for the rest of its class. With
 * COMPLETE none is unread: the rest is to be set.
 */
CK_RV card_object_add(struct card_object ***end,
		      const struct card_object_name *name, bool complete,
		      struct card_object **object) MUST_CHECK;

/* The card tells where a key comes from: made on it, or brought in. */
CK_RV card_object_origin(struct attrs *a, bool made) MUST_CHECK;

/* Forgets what was read of the object: it is as card_object_add() made it. */
CK_RV card_object_unread(struct card_object *o) MUST_CHECK;

/* Does a search ask for data objects? They are looked for only then. */
bool card_object_data_named(struct template match);

/* card_data.c: attrs_match() of an object that a search may not mean at all. */
enum attrs_match card_object_match(const struct card_object *o,
				   struct template match);

/* Sets the attributes that follow from a certificate and from its key. */
CK_RV card_object_certificate(struct attrs *a,
			      const struct certificate *c) MUST_CHECK;
CK_RV card_object_public_key(struct attrs *a, const struct card_key *key,
			     const struct certificate *c) MUST_CHECK;
CK_RV card_object_private_key(struct attrs *a, const struct card_key *key,
			      const struct certificate *c) MUST_CHECK;

#endif
