/* Keys and certificates as they might be on a card, made for one test. */
#include "maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { DATES = 3600 };

static void
extension_add(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
certify(struct maker *m, const char *usage, const char *comment)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();
	const EVP_MD *md = EVP_sha256();
	unsigned char *at = m->der;
	int size;

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"Made", -1, -1, 0);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_set_subject_name(x, name);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20240102000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20340203000000Z");
	X509_set_pubkey(x, m->key);
	if (usage != NULL)
		extension_add(x, NID_key_usage, usage);
	if (comment != NULL)
		extension_add(x, NID_netscape_comment, comment);
	if (EVP_PKEY_get_base_id(m->key) == EVP_PKEY_ED25519)
		md = NULL;
	assert_true(X509_sign(x, m->key, md) > 0);
	size = i2d_X509(x, NULL);
	assert_in_range(size, 1, MAKER_DER_MAX);
	m->size = (size_t)i2d_X509(x, &at);
	X509_NAME_free(name);
	X509_free(x);
}

void
maker_rsa(struct maker *m, unsigned bits, const char *usage)
{
	m->key = EVP_RSA_gen(bits);
	assert_non_null(m->key);
	certify(m, usage, NULL);
}

void
maker_ec(struct maker *m, const char *curve, const char *usage)
{
	m->key = EVP_EC_gen(curve);
	assert_non_null(m->key);
	certify(m, usage, NULL);
}

void
maker_ed25519(struct maker *m)
{
	m->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(m->key);
	certify(m, NULL, NULL);
}

void
maker_pad(struct maker *m, size_t size)
{
	char comment[MAKER_DER_MAX];
	struct builder b = builder_over(comment, sizeof(comment));

	assert_in_range(m->size, 1, size - 1);
	builder_fill(&b, 'x', size - m->size);
	builder_u8(&b, 0);
	certify(m, NULL, comment);
}

void
maker_free(struct maker *m)
{
	EVP_PKEY_free(m->key);
	m->key = NULL;
}

struct cursor
maker_certificate(const struct maker *m)
{
	return cursor_of(m->der, m->size);
}

void
maker_compute(struct maker *m, struct cursor in, struct builder *out)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(m->key, NULL);
	bool rsa = EVP_PKEY_get_base_id(m->key) == EVP_PKEY_RSA;
	size_t size = (size_t)EVP_PKEY_get_size(m->key), room = size;
	uint8_t *space = builder_space(out, room);
	int done;

	assert_non_null(space);
	if (rsa) {
		assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
		EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING);
		done = EVP_PKEY_decrypt(c, space, &size, in.at, in.left);
	} else {
		assert_int_equal(EVP_PKEY_sign_init(c), 1);
		done = EVP_PKEY_sign(c, space, &size, in.at, in.left);
	}
	assert_int_equal(done, 1);
	builder_trim(out, room - size);
	EVP_PKEY_CTX_free(c);
}

void
maker_agree(struct maker *m, struct cursor point, struct builder *out)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(m->key, NULL);
	EVP_PKEY *peer = EVP_PKEY_new();
	uint8_t *space;
	size_t size;

	assert_int_equal(EVP_PKEY_copy_parameters(peer, m->key), 1);
	assert_int_equal(
		EVP_PKEY_set1_encoded_public_key(peer, point.at, point.left),
		1);
	assert_int_equal(EVP_PKEY_derive_init(c), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(c, peer), 1);
	assert_int_equal(EVP_PKEY_derive(c, NULL, &size), 1);
	space = builder_space(out, size);
	assert_int_equal(EVP_PKEY_derive(c, space, &size), 1);
	EVP_PKEY_free(peer);
	EVP_PKEY_CTX_free(c);
}

void
maker_encrypt(struct maker *m, int padding, struct cursor in,
	      struct builder *out)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(m->key, NULL);
	size_t size = (size_t)EVP_PKEY_get_size(m->key);
	uint8_t *space = builder_space(out, size);

	assert_int_equal(EVP_PKEY_encrypt_init(c), 1);
	EVP_PKEY_CTX_set_rsa_padding(c, padding);
	assert_int_equal(EVP_PKEY_encrypt(c, space, &size, in.at, in.left), 1);
	EVP_PKEY_CTX_free(c);
}
