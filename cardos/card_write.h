/* Templates judged as Cryptoki's rules say, before a card hears of them. */
#ifndef SIGNET_CARD_WRITE_H
#define SIGNET_CARD_WRITE_H

#include "card_driver.h"

/* C_CreateObject: a certificate, data, or a private key. CKR_TEMPLATE_*,
 * CKR_ATTRIBUTE_*, and those of private_key_of(). */
CK_RV card_new_object(const struct card_driver *driver, struct template object,
		      struct card_new *new) MUST_CHECK;
/* C_GenerateKeyPair. Also CKR_MECHANISM_INVALID and
 * CKR_MECHANISM_PARAM_INVALID. */
CK_RV card_new_pair(const struct card_driver *driver,
		    const CK_MECHANISM *mechanism, struct template public_key,
		    struct template private_key,
		    struct card_new *new) MUST_CHECK;
/* Wipes and frees what is its own. */
void card_new_end(struct card_new *new);

/* The key pair mechanisms, by the type of their keys. */
struct card_pair_row {
	CK_MECHANISM_TYPE mechanism;
	CK_KEY_TYPE type;
};
/* Those that a card makes, one after the other; NULL: no more. */
const struct card_pair_row *card_pair_row(const struct card_abilities *can,
					  size_t index);

#endif
