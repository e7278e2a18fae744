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
	DSA_BITS_MIN = 512,
	DSA_BITS_MAX = 3072,
	DH_BITS_MIN = 512,
	DH_BITS_MAX = 8192,
	ML_DSA_MIN = 8 * 1312,
	ML_DSA_MAX = 8 * 2592,
	ML_KEM_MIN = 8 * 800,
	ML_KEM_MAX = 8 * 1568,
	SLH_DSA_MIN = 8 * 32,
	SLH_DSA_MAX = 8 * 64,
	MADE_MAX = 96
};

/* Key pairs, and what keys of a type do beside signing and encrypting. */
static const struct {
	CK_KEY_TYPE type;
	struct mechanism mechanism;
} of_types[] = {
	{ CKK_RSA,
	  { CKM_RSA_PKCS_KEY_PAIR_GEN,
	    { RSA_BITS_MIN, RSA_BITS_GENERATE_MAX, CKF_GENERATE_KEY_PAIR } } },
	{ CKK_EC,
	  { CKM_EC_KEY_PAIR_GEN,
	    { EC_BITS_MIN, EC_BITS_MAX,
	      CKF_GENERATE_KEY_PAIR | CKF_EC_F_P | CKF_EC_OID |
		      CKF_EC_UNCOMPRESS } } },
	{ CKK_EC_EDWARDS,
	  { CKM_EC_EDWARDS_KEY_PAIR_GEN,
	    { SAFE_BITS_MIN, SAFE_BITS_MAX,
	      CKF_GENERATE_KEY_PAIR | CKF_EC_OID | CKF_EC_CURVENAME } } },
	{ CKK_EC_MONTGOMERY,
	  { CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
	    { SAFE_BITS_MIN, SAFE_BITS_MAX,
	      CKF_GENERATE_KEY_PAIR | CKF_EC_OID | CKF_EC_CURVENAME } } },
	{ CKK_DH,
	  { CKM_DH_PKCS_KEY_PAIR_GEN,
	    { DH_BITS_MIN, DH_BITS_MAX, CKF_GENERATE_KEY_PAIR } } },
	{ CKK_ML_KEM,
	  { CKM_ML_KEM_KEY_PAIR_GEN,
	    { ML_KEM_MIN, ML_KEM_MAX, CKF_GENERATE_KEY_PAIR } } },
	{ CKK_ML_KEM,
	  { CKM_ML_KEM,
	    { ML_KEM_MIN, ML_KEM_MAX, CKF_ENCAPSULATE | CKF_DECAPSULATE } } },
	{ CKK_ML_DSA,
	  { CKM_ML_DSA_KEY_PAIR_GEN,
	    { ML_DSA_MIN, ML_DSA_MAX, CKF_GENERATE_KEY_PAIR } } },
	{ CKK_SLH_DSA,
	  { CKM_SLH_DSA_KEY_PAIR_GEN,
	    { SLH_DSA_MIN, SLH_DSA_MAX, CKF_GENERATE_KEY_PAIR } } },
};
enum { OF_TYPES = sizeof(of_types) / sizeof(of_types[0]) };

/* The keys that schemes take. Sizes are bits; of parameter sets, which have
 * none, those of the public keys. */
static const struct {
	CK_KEY_TYPE type;
	CK_ULONG min, max;
	CK_FLAGS flags;
} key_kinds[] = {
	{ CKK_RSA, RSA_BITS_MIN, RSA_BITS_MAX, 0 },
	{ CKK_DSA, DSA_BITS_MIN, DSA_BITS_MAX, 0 },
	{ CKK_EC, EC_BITS_MIN, EC_BITS_MAX,
	  CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS },
	{ CKK_EC_EDWARDS, SAFE_BITS_MIN, SAFE_BITS_MAX,
	  CKF_EC_OID | CKF_EC_CURVENAME },
	{ CKK_ML_DSA, ML_DSA_MIN, ML_DSA_MAX, 0 },
	{ CKK_SLH_DSA, SLH_DSA_MIN, SLH_DSA_MAX, 0 },
};
enum { KEY_KINDS = sizeof(key_kinds) / sizeof(key_kinds[0]) };

static struct mechanism
of_scheme(const struct scheme_row *row)
{
	struct mechanism m = { .type = row->type };

	m.info.flags = row->flags;
	/* what encrypts anything wraps keys */
	if (row->type == CKM_RSA_PKCS || row->type == CKM_RSA_PKCS_OAEP)
		m.info.flags |= CKF_WRAP | CKF_UNWRAP;
	for (size_t i = 0; i < KEY_KINDS; i++) {
		if (key_kinds[i].type != scheme_key_type(row->kind))
			continue;
		m.info.flags |= key_kinds[i].flags;
		m.info.ulMinKeySize = key_kinds[i].min;
		m.info.ulMaxKeySize = key_kinds[i].max;
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

	for (size_t i = 0; i < OF_TYPES; i++) {
		if (key_type_available(of_types[i].type))
			list_add(&l, of_types[i].mechanism);
	}
	for (size_t i = 0; i < count; i++) {
		if (scheme_can(&rows[i]))
			list_add(&l, of_scheme(&rows[i]));
	}
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
