/* The list of mechanisms follows from what crypto/ can do. */
#include "soft_token.h"

enum { EC_BITS_MIN = 224, EC_BITS_MAX = 521 };

static const CK_MECHANISM_TYPE digest_types[] = {
	CKM_SHA_1, CKM_SHA224, CKM_SHA256, CKM_SHA384, CKM_SHA512,
};
enum { DIGEST_TYPES = 5 };

static const CK_FLAGS ec_flags = CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS;

static const struct mechanism generators[] = {
	{ CKM_RSA_PKCS_KEY_PAIR_GEN,
	  { RSA_BITS_MIN, RSA_BITS_GENERATE_MAX, CKF_GENERATE_KEY_PAIR } },
	{ CKM_EC_KEY_PAIR_GEN,
	  { EC_BITS_MIN, EC_BITS_MAX,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_F_P | CKF_EC_OID |
		    CKF_EC_UNCOMPRESS } },
};
enum { GENERATORS = 2 };

static struct mechanism
of_scheme(const struct scheme_row *row)
{
	struct mechanism m = { .type = row->type };

	m.info.flags = row->flags;
	if (row->kind == SCHEME_ECDSA) {
		m.info.flags |= ec_flags;
		m.info.ulMinKeySize = EC_BITS_MIN;
		m.info.ulMaxKeySize = EC_BITS_MAX;
	} else {
		m.info.ulMinKeySize = RSA_BITS_MIN;
		m.info.ulMaxKeySize = RSA_BITS_MAX;
	}
	return m;
}

size_t
soft_mechanisms(struct token *token, struct mechanism *list, size_t room)
{
	size_t schemes;
	const struct scheme_row *rows = scheme_rows(&schemes);
	size_t total = GENERATORS + schemes + DIGEST_TYPES;

	for (size_t i = 0; i < total && i < room; i++) {
		if (i < GENERATORS)
			list[i] = generators[i];
		else if (i < GENERATORS + schemes)
			list[i] = of_scheme(&rows[i - GENERATORS]);
		else
			list[i] = (struct mechanism){
				.type = digest_types[i - GENERATORS - schemes],
				.info.flags = CKF_DIGEST,
			};
	}
	return total;
}
