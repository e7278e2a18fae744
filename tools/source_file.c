/* Files: PEM with any number of parts, or one DER object of a kind we know. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "import.h"

struct reading {
	const struct wish *wish;
	char label[64]; /* the file's name without folder and suffix */
	struct items *items;
};

static void
set_label(struct reading *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t size = strcspn(name, ".");
	struct builder b = builder_over(r->label, sizeof r->label - 1);
	if (size < sizeof r->label)
		builder_put(&b, name, size);
}

static void
refuse(struct reading *r, const char *name, const char *reason)
{
	struct item *item = items_add(r->items);
	if (!item)
		return;
	struct builder b = builder_over(item->name, sizeof item->name - 1);
	builder_put(&b, name, strnlen(name, sizeof item->name - 1));
	item_refuse(item, "%s", reason);
	ERR_clear_error();
}

static bool
add_private(struct reading *r, EVP_PKEY *pkey)
{
	if (pkey)
		pkey_add(pkey, true, r->wish, r->label, r->items);
	EVP_PKEY_free(pkey);
	return pkey != NULL;
}

static bool
add_public(struct reading *r, EVP_PKEY *pkey)
{
	if (pkey)
		pkey_add(pkey, false, r->wish, r->label, r->items);
	EVP_PKEY_free(pkey);
	return pkey != NULL;
}

static bool
add_certificate(struct reading *r, X509 *x509)
{
	if (x509)
		x509_add(x509, r->wish, r->label, r->items);
	X509_free(x509);
	return x509 != NULL;
}

/* Each of these is false when DATA is something else, which no byte over. */

static bool
take_pkcs8(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	PKCS8_PRIV_KEY_INFO *info =
		d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)data.left);
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	return add_private(r, pkey);
}

static bool
take_encrypted(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)data.left);
	PKCS8_PRIV_KEY_INFO *info = NULL;
	if (!sealed)
		return false;
	struct secret *password = pin_get(&r->wish->source_pin);
	if (password)
		info = PKCS8_decrypt(sealed, secret_data(password),
				     (int)secret_size(password));
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	if (!add_private(r, pkey))
		refuse(r, "encrypted private key",
		       "the password is wrong, or it is damaged");
	PKCS8_PRIV_KEY_INFO_free(info);
	secret_free(password);
	X509_SIG_free(sealed);
	return true;
}

static bool
take_traditional(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	return add_private(r, d2i_AutoPrivateKey(NULL, &at, (long)data.left));
}

static bool
take_certificate(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	return add_certificate(r, d2i_X509(NULL, &at, (long)data.left));
}

static bool
take_trusted(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	return add_certificate(r, d2i_X509_AUX(NULL, &at, (long)data.left));
}

static bool
take_public(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	return add_public(r, d2i_PUBKEY(NULL, &at, (long)data.left));
}

static bool
take_rsa_public(struct reading *r, struct cursor data)
{
	const uint8_t *at = data.at;
	return add_public(
		r, d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)data.left));
}

static bool
take_parameters(struct reading *r, struct cursor data)
{
	(void)r;
	return data.left > 0; /* the key that follows names its curve again */
}

static const struct part {
	const char *name;
	bool (*take)(struct reading *r, struct cursor data);
} parts[] = {
	{ "PRIVATE KEY", take_pkcs8 },
	{ "ENCRYPTED PRIVATE KEY", take_encrypted },
	{ "RSA PRIVATE KEY", take_traditional },
	{ "EC PRIVATE KEY", take_traditional },
	{ "CERTIFICATE", take_certificate },
	{ "X509 CERTIFICATE", take_certificate },
	{ "TRUSTED CERTIFICATE", take_trusted },
	{ "PUBLIC KEY", take_public },
	{ "RSA PUBLIC KEY", take_rsa_public },
	{ "EC PARAMETERS", take_parameters },
};
enum { PARTS = sizeof parts / sizeof *parts };

static int
give_password(char *out, int size, int writing, void *context)
{
	const struct wish *wish = context;
	struct secret *password = pin_get(&wish->source_pin);
	int used = -1;
	(void)writing;
	if (password && secret_size(password) <= (size_t)size) {
		struct cursor c = secret_read(password);
		used = (int)c.left;
		cursor_copy(&c, out, c.left);
	}
	secret_free(password);
	return used;
}

/* Undoes the encryption that a PEM header tells of (RFC 1421). */
static bool
unseal(struct reading *r, char *header, uint8_t *data, long *size)
{
	EVP_CIPHER_INFO cipher;
	return PEM_get_EVP_CIPHER_INFO(header, &cipher) > 0 &&
	       PEM_do_header(&cipher, data, size, give_password,
			     (void *)r->wish) > 0;
}

static void
take_part(struct reading *r, const char *name, struct cursor data)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (strcmp(parts[i].name, name) != 0)
			continue;
		if (!parts[i].take(r, data))
			refuse(r, name, "it is damaged, or of an unknown kind");
		return;
	}
	refuse(r, name, "parts of this kind are not imported");
}

static bool
take_pem(struct reading *r, struct cursor data)
{
	BIO *bio = BIO_new_mem_buf(data.at, (int)data.left);
	char *name, *header;
	uint8_t *part;
	long size;
	bool found = false;
	while (bio && r->items->count < OBJECTS_MAX &&
	       PEM_read_bio(bio, &name, &header, &part, &size) > 0) {
		long held = size;
		found = true;
		if (unseal(r, header, part, &size))
			take_part(r, name, cursor_of(part, (size_t)size));
		else
			refuse(r, name, "the password is wrong");
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(part, (size_t)held);
	}
	bool cut = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	if (found && cut)
		refuse(r, "the rest of the file", "it is no PEM");
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

static bool
take_der(struct reading *r, struct cursor data)
{
	static bool (*const kinds[])(struct reading *, struct cursor) = {
		take_certificate, take_pkcs8,	  take_public,
		take_traditional, take_encrypted,
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i](r, data)) {
			ERR_clear_error();
			return true;
		}
	ERR_clear_error();
	return false;
}

bool
source_file(const char *path, const struct wish *wish, struct items *items)
{
	struct reading r = { .wish = wish, .items = items };
	struct builder b;
	if (!file_load(path, FILE_MAX, &b))
		return false;
	set_label(&r, path);
	struct cursor data = builder_read(&b);
	bool known = take_pem(&r, data) ||
		     pkcs12_read(data, wish, r.label, items) ||
		     take_der(&r, data);
	builder_free(&b);
	if (!known)
		complain("%s: no key or certificate in PEM, DER, PKCS#8 or"
			 " PKCS#12",
			 path);
	return known;
}
