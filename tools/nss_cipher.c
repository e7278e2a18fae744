/*
 * How NSS seals values in its key database: DER of an algorithm identifier and
 * an OCTET STRING. Today PBES2 (RFC 8018) with AES-256-CBC, beside it a PBMAC1
 * signature; before 2019 a form of PKCS#12's first draft with triple DES.
 */
#include <openssl/hmac.h>
#include <string.h>

#include "import.h"
#include "tlv.h"

enum {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	KEY_MAX = 64,
	SALT_MAX = 64,
	SHA1_SIZE = 20,
	SHA384_SIZE = 48,
	DES3_KEY = 24,
	DES3_IV = 8,
};

#define PKCS5	     0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05
#define RSADSI	     0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02
#define PKCS12_DRAFT 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x05, 0x01
#define AES	     0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01

struct oid {
	uint8_t size;
	uint8_t bytes[12];
};
static const struct oid oid_pbkdf2 = { 9, { PKCS5, 12 } };
static const struct oid oid_pbes2 = { 9, { PKCS5, 13 } };
static const struct oid oid_pbmac1 = { 9, { PKCS5, 14 } };
static const struct oid oid_des3 = { 11, { PKCS12_DRAFT, 3 } };

static const struct digest_oid {
	struct oid oid;
	const EVP_MD *(*md)(void);
} hmacs[] = {
	{ { 8, { RSADSI, 7 } }, EVP_sha1 },
	{ { 8, { RSADSI, 9 } }, EVP_sha256 },
	{ { 8, { RSADSI, 10 } }, EVP_sha384 },
	{ { 8, { RSADSI, 11 } }, EVP_sha512 },
};

static const struct cipher_oid {
	struct oid oid;
	const EVP_CIPHER *(*cipher)(void);
} ciphers[] = {
	{ { 9, { AES, 2 } }, EVP_aes_128_cbc },
	{ { 9, { AES, 22 } }, EVP_aes_192_cbc },
	{ { 9, { AES, 42 } }, EVP_aes_256_cbc },
};

/* An algorithm with its parameters, and what it was used on. */
struct sealed {
	struct cursor algorithm, parameters, data;
};

static bool
is_oid(struct cursor c, const struct oid *oid)
{
	return cursor_is(c, oid->bytes, oid->size);
}

/* The value of the next element, which has to have TAG. */
static struct cursor
element(struct cursor *c, uint32_t tag)
{
	struct tlv t = { 0 };
	if (!tlv_next(c, &t) || t.tag != tag) {
		cursor_fail(c);
		t.value = cursor_of(NULL, 0);
		cursor_fail(&t.value);
	}
	return t.value;
}

/* AlgorithmIdentifier: all that follows the OID are parameters. */
static bool
algorithm_parse(struct cursor *c, struct cursor *oid, struct cursor *parameters)
{
	struct cursor inner = element(c, DER_SEQUENCE);
	*oid = element(&inner, DER_OID);
	*parameters = cursor_rest(&inner);
	return cursor_ok(oid) && cursor_ok(parameters);
}

static bool
sealed_parse(struct cursor value, struct sealed *s)
{
	struct cursor c = element(&value, DER_SEQUENCE);
	if (!algorithm_parse(&c, &s->algorithm, &s->parameters))
		return false;
	s->data = element(&c, DER_OCTETS);
	return cursor_end(&c);
}

/* An INTEGER from 1 to MAX; 0 when it is none. */
static unsigned
number(struct cursor *c, unsigned max)
{
	struct cursor value = cursor_unpadded(element(c, DER_INTEGER));
	unsigned n = 0;
	if (!cursor_ok(&value) || value.left > 4)
		return 0;
	while (value.left > 0)
		n = n << 8 | cursor_u8(&value);
	return n <= max ? n : 0;
}

/* The password with the database's salt; a SHA-384 salt asks for SHA-384. */
static bool
password_digest(const struct nss_key *key, uint8_t *out, size_t *size)
{
	bool sha384 = key->salt.left == SHA384_SIZE;
	struct builder b = builder_heap(VALUE_MAX);
	builder_append(&b, key->salt);
	builder_append(&b, key->password);
	struct cursor c = builder_read(&b);
	bool ok = builder_ok(&b) &&
		  EVP_Digest(c.at, c.left, out, NULL,
			     sha384 ? EVP_sha384() : EVP_sha1(), NULL) > 0;
	builder_free(&b);
	*size = sha384 ? SHA384_SIZE : SHA1_SIZE;
	return ok;
}

static const EVP_MD *
hmac_of(struct cursor oid)
{
	for (size_t i = 0; i < sizeof hmacs / sizeof *hmacs; i++)
		if (is_oid(oid, &hmacs[i].oid))
			return hmacs[i].md();
	return NULL;
}

static const EVP_CIPHER *
cipher_of(struct cursor oid)
{
	for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
		if (is_oid(oid, &ciphers[i].oid))
			return ciphers[i].cipher();
	return NULL;
}

/* Takes PBKDF2's algorithm identifier off C; SIZE is the wanted key's, or 0
 * for the one that the parameters name. */
static bool
pbkdf2(const struct nss_key *key, struct cursor *c, uint8_t out[KEY_MAX],
       size_t *size)
{
	struct cursor oid, parameters, prf, none;
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t digest_size;
	if (!algorithm_parse(c, &oid, &parameters) || !is_oid(oid, &oid_pbkdf2))
		return false;
	struct cursor inner = element(&parameters, DER_SEQUENCE);
	struct cursor salt = element(&inner, DER_OCTETS);
	unsigned rounds = number(&inner, ITERATIONS_MAX);
	unsigned named = number(&inner, KEY_MAX);
	if (!algorithm_parse(&inner, &prf, &none) || rounds == 0 ||
	    named == 0 || salt.left > VALUE_MAX || !hmac_of(prf) ||
	    (*size != 0 && *size != named))
		return false;
	*size = named;
	bool ok = password_digest(key, digest, &digest_size) &&
		  PKCS5_PBKDF2_HMAC((const char *)digest, (int)digest_size,
				    salt.at, (int)salt.left, (int)rounds,
				    hmac_of(prf), (int)named, out) > 0;
	mem_wipe(digest, sizeof digest);
	return ok;
}

/*
 * The IV is the whole DER of an OCTET STRING of 14 bytes: an old mistake that
 * NSS keeps so that its databases can be read.
 */
static bool
pbes2_decrypt(const struct nss_key *key, struct sealed *s, struct builder *out)
{
	struct cursor scheme, iv;
	uint8_t derived[KEY_MAX];
	size_t size = 0;
	struct cursor c = element(&s->parameters, DER_SEQUENCE);
	bool ok = pbkdf2(key, &c, derived, &size) &&
		  algorithm_parse(&c, &scheme, &iv);
	const EVP_CIPHER *cipher = ok ? cipher_of(scheme) : NULL;
	ok = cipher && size == (size_t)EVP_CIPHER_get_key_length(cipher) &&
	     iv.left == (size_t)EVP_CIPHER_get_iv_length(cipher) &&
	     cbc_decrypt(cipher, derived, iv.at, s->data, out);
	mem_wipe(derived, sizeof derived);
	return ok;
}

static bool
hmac_sha1(struct cursor key, struct cursor a, struct cursor b,
	  uint8_t out[SHA1_SIZE])
{
	uint8_t joined[2 * SALT_MAX];
	struct builder in = builder_over(joined, sizeof joined);
	builder_append(&in, a);
	builder_append(&in, b);
	struct cursor c = builder_read(&in);
	return builder_ok(&in) && HMAC(EVP_sha1(), key.at, (int)key.left, c.at,
				       c.left, out, NULL) != NULL;
}

/* Key and IV: HMACs over a state that is the salt, padded, then its HMAC. */
static bool
des3_expand(struct cursor hash, struct cursor salt, uint8_t out[2 * SHA1_SIZE])
{
	uint8_t padded[SALT_MAX] = { 0 }, next[SHA1_SIZE];
	struct cursor rest = salt, none = cursor_of(NULL, 0);
	cursor_copy(&rest, padded, rest.left);
	struct cursor state = cursor_of(
		padded, salt.left > SHA1_SIZE ? salt.left : SHA1_SIZE);
	bool ok = hmac_sha1(hash, state, salt, out) &&
		  hmac_sha1(hash, state, none, next) &&
		  hmac_sha1(hash, cursor_of(next, sizeof next), salt,
			    out + SHA1_SIZE);
	mem_wipe(next, sizeof next);
	return ok;
}

static bool
des3_hash(const struct nss_key *key, struct cursor salt, unsigned rounds,
	  uint8_t hash[SHA1_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE], in[EVP_MAX_MD_SIZE + SALT_MAX];
	size_t size;
	struct builder b = builder_over(in, sizeof in);
	if (!password_digest(key, digest, &size))
		return false;
	builder_put(&b, digest, size);
	builder_append(&b, salt);
	struct cursor c = builder_read(&b);
	bool ok = builder_ok(&b);
	for (unsigned i = 0; ok && i < rounds; i++) {
		ok = EVP_Digest(c.at, c.left, hash, NULL, EVP_sha1(), NULL) > 0;
		c = cursor_of(hash, SHA1_SIZE);
	}
	mem_wipe(in, sizeof in);
	mem_wipe(digest, sizeof digest);
	return ok;
}

static bool
des3_decrypt(const struct nss_key *key, struct sealed *s, struct builder *out)
{
	uint8_t hash[SHA1_SIZE], derived[2 * SHA1_SIZE];
	struct cursor c = element(&s->parameters, DER_SEQUENCE);
	struct cursor salt = element(&c, DER_OCTETS);
	unsigned rounds = number(&c, ITERATIONS_MAX);
	bool ok = cursor_end(&c) && rounds > 0 && salt.left <= SALT_MAX &&
		  des3_hash(key, salt, rounds, hash) &&
		  des3_expand(cursor_of(hash, sizeof hash), salt, derived) &&
		  cbc_decrypt(EVP_des_ede3_cbc(), derived,
			      derived + sizeof derived - DES3_IV, s->data, out);
	mem_wipe(hash, sizeof hash);
	mem_wipe(derived, sizeof derived);
	return ok;
}

bool
nss_decrypt(const struct nss_key *key, struct cursor value, struct builder *out)
{
	struct sealed s;
	if (!sealed_parse(value, &s))
		return false;
	if (is_oid(s.algorithm, &oid_pbes2))
		return pbes2_decrypt(key, &s, out);
	if (is_oid(s.algorithm, &oid_des3))
		return des3_decrypt(key, &s, out);
	return false;
}

bool
nss_is_signed(struct cursor value)
{
	struct sealed s;
	return sealed_parse(value, &s) && is_oid(s.algorithm, &oid_pbes2);
}

/* Over an object number, which is zero for encrypted values, the attribute's
 * type and the plain value. */
bool
nss_verify(const struct nss_key *key, struct cursor signature,
	   CK_ATTRIBUTE_TYPE type, struct cursor plain)
{
	struct sealed s;
	struct cursor scheme, none;
	uint8_t derived[KEY_MAX], mac[EVP_MAX_MD_SIZE];
	size_t size = 0;
	unsigned mac_size = 0;
	if (!sealed_parse(signature, &s) || !is_oid(s.algorithm, &oid_pbmac1))
		return false;
	struct builder b = builder_heap(2 * VALUE_MAX);
	builder_u32(&b, 0);
	builder_u32(&b, (uint32_t)type);
	builder_append(&b, plain);
	struct cursor in = builder_read(&b);
	struct cursor c = element(&s.parameters, DER_SEQUENCE);
	bool ok = builder_ok(&b) && pbkdf2(key, &c, derived, &size) &&
		  algorithm_parse(&c, &scheme, &none) && hmac_of(scheme) &&
		  HMAC(hmac_of(scheme), derived, (int)size, in.at, in.left, mac,
		       &mac_size) != NULL &&
		  s.data.left == mac_size &&
		  mem_equal(s.data.at, mac, mac_size);
	mem_wipe(derived, sizeof derived);
	builder_free(&b);
	return ok;
}
