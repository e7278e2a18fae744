/* The parameter sets of FIPS 203 (ML-KEM), 204 (ML-DSA) and 205 (SLH-DSA). */
#include "context.h"
#include "der.h"
#include "key.h"

/* NIST's signature algorithms, and its KEMs, count on in the last number. */
#define SIGNATURE_OID(last)                                                 \
	{                                                                   \
		DER_OID, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, \
			last                                                \
	}
#define KEM_OID(last)                                                       \
	{                                                                   \
		DER_OID, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, \
			last                                                \
	}
enum { OID_SIZE = 11, SIGNATURE_FIRST = 17, SIGNATURES = 15, KEMS = 3 };

static const uint8_t signature_oids[SIGNATURES][OID_SIZE] = {
	SIGNATURE_OID(17), SIGNATURE_OID(18), SIGNATURE_OID(19),
	SIGNATURE_OID(20), SIGNATURE_OID(21), SIGNATURE_OID(22),
	SIGNATURE_OID(23), SIGNATURE_OID(24), SIGNATURE_OID(25),
	SIGNATURE_OID(26), SIGNATURE_OID(27), SIGNATURE_OID(28),
	SIGNATURE_OID(29), SIGNATURE_OID(30), SIGNATURE_OID(31),
};
static const uint8_t kem_oids[KEMS][OID_SIZE] = { KEM_OID(1), KEM_OID(2),
						  KEM_OID(3) };

#define ML_KEM(number, k, public, private, ciphertext)                         \
	{                                                                      \
		CKK_ML_KEM, CKP_ML_KEM_##number, "ML-KEM-" #number,            \
			{ .at = kem_oids[k], .left = OID_SIZE }, public, private, \
			64, ciphertext                                         \
	}
#define SIGNATURE_SET(type, id, name, oid, public, private, seed, size)      \
	{                                                                    \
		type, id, name,                                              \
			{ .at = signature_oids[(oid) - SIGNATURE_FIRST],     \
			  .left = OID_SIZE },                                \
			public, private, seed, size                          \
	}
#define ML_DSA(number, oid, public, private, size)                         \
	SIGNATURE_SET(CKK_ML_DSA, CKP_ML_DSA_##number, "ML-DSA-" #number, \
		      oid, public, private, 32, size)
/* N is the security parameter in bytes: keys are of 2 and 4 of them. */
#define SLH_DSA(id, name, oid, n, size)                                 \
	SIGNATURE_SET(CKK_SLH_DSA, CKP_SLH_DSA_##id, "SLH-DSA-" name, oid, \
		      2 * (n), 4 * (n), 0, size)

static const struct parameter_set sets[] = {
	ML_KEM(512, 0, 800, 1632, 768),
	ML_KEM(768, 1, 1184, 2400, 1088),
	ML_KEM(1024, 2, 1568, 3168, 1568),
	ML_DSA(44, 17, 1312, 2560, 2420),
	ML_DSA(65, 18, 1952, 4032, 3309),
	ML_DSA(87, 19, 2592, 4896, 4627),
	SLH_DSA(SHA2_128S, "SHA2-128s", 20, 16, 7856),
	SLH_DSA(SHA2_128F, "SHA2-128f", 21, 16, 17088),
	SLH_DSA(SHA2_192S, "SHA2-192s", 22, 24, 16224),
	SLH_DSA(SHA2_192F, "SHA2-192f", 23, 24, 35664),
	SLH_DSA(SHA2_256S, "SHA2-256s", 24, 32, 29792),
	SLH_DSA(SHA2_256F, "SHA2-256f", 25, 32, 49856),
	SLH_DSA(SHAKE_128S, "SHAKE-128s", 26, 16, 7856),
	SLH_DSA(SHAKE_128F, "SHAKE-128f", 27, 16, 17088),
	SLH_DSA(SHAKE_192S, "SHAKE-192s", 28, 24, 16224),
	SLH_DSA(SHAKE_192F, "SHAKE-192f", 29, 24, 35664),
	SLH_DSA(SHAKE_256S, "SHAKE-256s", 30, 32, 29792),
	SLH_DSA(SHAKE_256F, "SHAKE-256f", 31, 32, 49856),
};
enum { SETS = sizeof(sets) / sizeof(sets[0]) };
_Static_assert((int)SETS == (int)PARAMETER_SETS, "a place for each set");

const struct parameter_set *
parameter_set_find(CK_KEY_TYPE type, CK_ULONG id)
{
	for (size_t i = 0; i < SETS; i++)
		if (sets[i].type == type && sets[i].id == id)
			return &sets[i];
	return NULL;
}

const struct parameter_set *
parameter_set_of_oid(struct cursor oid)
{
	for (size_t i = 0; i < SETS; i++)
		if (cursor_same(oid, sets[i].oid))
			return &sets[i];
	return NULL;
}

static enum availability
set_look(const struct crypto *c, const struct parameter_set *set)
{
	crypto_enter();
	EVP_KEYMGMT *algorithm =
		EVP_KEYMGMT_fetch(c->library, set->name, NULL);
	EVP_KEYMGMT_free(algorithm);
	return crypto_leave(algorithm != NULL, CKR_MECHANISM_INVALID) == CKR_OK
		       ? AVAILABLE
		       : UNAVAILABLE;
}

/* One set stands for all of its type. */
bool
key_type_available(CK_KEY_TYPE type)
{
	struct crypto *c = crypto_get();
	size_t i = 0;
	while (i < SETS && sets[i].type != type)
		i++;
	if (c == NULL || i == SETS)
		return c != NULL;
	enum availability known = atomic_load(&c->sets[i]);
	if (known == AVAILABLE_UNKNOWN) {
		known = set_look(c, &sets[i]);
		atomic_store(&c->sets[i], known);
	}
	return known == AVAILABLE;
}
