/* The list of mechanisms follows from what crypto/ can do. */
#include "cipher.h"
#include "soft_base.h"

/* What soft_mechanisms() fills in; it counts on when there is no more room. */
struct listing {
	struct mechanism *list;
	size_t count, room;
};

enum {
	SAFE_BITS_MIN = 255,
	SAFE_BITS_MAX = 448,
	EC_BITS_MIN = 224,
	EC_BITS_MAX = 521,
	MADE_MAX = 96
};

static const CK_FLAGS ec_flags = CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS;

static const struct mechanism generators[] = {
	{ CKM_RSA_PKCS_KEY_PAIR_GEN,
	  { RSA_BITS_MIN, RSA_BITS_GENERATE_MAX, CKF_GENERATE_KEY_PAIR } },
	{ CKM_EC_KEY_PAIR_GEN,
	  { EC_BITS_MIN, EC_BITS_MAX,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_F_P | CKF_EC_OID |
		    CKF_EC_UNCOMPRESS } },
	{ CKM_EC_EDWARDS_KEY_PAIR_GEN,
	  { SAFE_BITS_MIN, SAFE_BITS_MAX,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_OID | CKF_EC_CURVENAME } },
	{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
	  { SAFE_BITS_MIN, SAFE_BITS_MAX,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_OID | CKF_EC_CURVENAME } },
};
enum { GENERATORS = 4 };

static struct mechanism
of_scheme(const struct scheme_row *row)
{
	struct mechanism m = { .type = row->type };

	m.info.flags = row->flags;
	/* what encrypts anything wraps keys */
	if (row->type == CKM_RSA_PKCS || row->type == CKM_RSA_PKCS_OAEP)
		m.info.flags |= CKF_WRAP | CKF_UNWRAP;
	if (row->kind == SCHEME_EDDSA) {
		m.info.flags |= CKF_EC_OID | CKF_EC_CURVENAME;
		m.info.ulMinKeySize = SAFE_BITS_MIN;
		m.info.ulMaxKeySize = SAFE_BITS_MAX;
	} else if (row->kind == SCHEME_ECDSA) {
		m.info.flags |= ec_flags;
		m.info.ulMinKeySize = EC_BITS_MIN;
		m.info.ulMaxKeySize = EC_BITS_MAX;
	} else {
		m.info.ulMinKeySize = RSA_BITS_MIN;
		m.info.ulMaxKeySize = RSA_BITS_MAX;
	}
	return m;
}

static void
list_add(struct listing *l, struct mechanism m)
{
	if (l->count < l->room)
		l->list[l->count] = m;
	l->count++;
}

/* A digest that this OpenSSL has. */
static void
digests_add(struct listing *l)
{
	for (enum digest d = DIGEST_NONE + 1; d < DIGESTS; d++) {
		struct mechanism m = { .type = digest_mechanism(d),
				       .info.flags = CKF_DIGEST };

		if (digest_algorithm(d) &&
		    m.type != CK_UNAVAILABLE_INFORMATION)
			list_add(l, m);
	}
}

static void
secrets_add(struct listing *l, const struct secret_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mechanism m = {
			rows[i].type,
			{ rows[i].key_min, rows[i].key_max, rows[i].flags },
		};

		list_add(l, m);
	}
}

size_t
soft_mechanisms(struct token *token, struct mechanism *list, size_t room)
{
	struct listing l = { list, 0, room };
	struct mechanism made[MADE_MAX];
	const struct secret_row *secrets;
	size_t count;
	const struct scheme_row *rows = scheme_rows(&count);

	for (size_t i = 0; i < GENERATORS; i++)
		list_add(&l, generators[i]);
	for (size_t i = 0; i < count; i++)
		list_add(&l, of_scheme(&rows[i]));
	digests_add(&l);
	secrets = cipher_rows(&count);
	secrets_add(&l, secrets, count);
	secrets = mac_rows(&count);
	secrets_add(&l, secrets, count);
	count = secret_generators(made, MADE_MAX);
	for (size_t i = 0; i < count; i++)
		list_add(&l, made[i]);
	count = derive_mechanisms(made, MADE_MAX);
	for (size_t i = 0; i < count; i++)
		list_add(&l, made[i]);
	return l.count;
}
