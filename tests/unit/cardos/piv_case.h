/* What the tests of writing to a PIV card begin with: an applet of which the
 * security officer is logged in, and keys to be made. */
#ifndef TESTS_PIV_CASE_H
#define TESTS_PIV_CASE_H

#include "piv_applet.h"

#define ID(slot, class) ((uint64_t)(slot) << 8 | (class))
#define DELETE_9A	"> 00DB3FFF075C035FC1055300\n"
#define ATR_YUBIKEY_4	"3BF81300008131FE15597562696B657934D4"
#define ATR_YUBIKEY_5	"3BFD1300008131FE158073C021C057597562694B657940"

static inline int
setup(void **state)
{
	int result = applet_setup(state);

	applet.by_so = true;
	return result;
}

/* As if the card had told it. */
static inline void
firmware(uint8_t major, uint8_t minor, uint8_t patch)
{
	((struct piv *)applet.state)->version =
		(struct piv_version){ true, major, minor, patch };
}

static inline struct card_new
ec_pair(const char *curve)
{
	return (struct card_new){ .class = CKO_PRIVATE_KEY,
				  .key_type = CKK_EC,
				  .curve = curve_named(curve),
				  .bits = curve_named(curve)->bits };
}

static const struct card_new rsa_pair = { .class = CKO_PRIVATE_KEY,
					  .key_type = CKK_RSA,
					  .bits = 2048 };

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, applet_teardown, NULL \
	}

#endif
