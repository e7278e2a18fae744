/* What a key or certificate of a file becomes: objects with a common CKA_ID. */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "import.h"

static bool
set_name(struct attrs *attrs, const struct wish *wish, const char *label,
	 EVP_PKEY *pkey)
{
	uint8_t id[20];
	bool ok = attrs_set_text(attrs, CKA_LABEL,
				 wish->label ? wish->label : label) == CKR_OK;
	if (ok && cursor_ok(&wish->id))
		return attrs_set(attrs, CKA_ID, wish->id) == CKR_OK;
	if (ok && pkey && key_id(pkey, id))
		return attrs_set(attrs, CKA_ID, cursor_of(id, sizeof id)) ==
		       CKR_OK;
	return ok;
}

static bool
set_uses(struct attrs *attrs, bool private, EVP_PKEY *pkey)
{
	bool rsa = EVP_PKEY_is_a(pkey, "RSA");
	bool agrees = EVP_PKEY_is_a(pkey, "EC") ||
		      EVP_PKEY_is_a(pkey, "X25519") ||
		      EVP_PKEY_is_a(pkey, "X448");
	bool signs =
		!EVP_PKEY_is_a(pkey, "X25519") && !EVP_PKEY_is_a(pkey, "X448");
	if (!private)
		return attrs_set_bool(attrs, CKA_VERIFY, signs) == CKR_OK &&
		       attrs_set_bool(attrs, CKA_ENCRYPT, rsa) == CKR_OK &&
		       attrs_set_bool(attrs, CKA_WRAP, rsa) == CKR_OK;
	return attrs_set_bool(attrs, CKA_SIGN, signs) == CKR_OK &&
	       attrs_set_bool(attrs, CKA_DECRYPT, rsa) == CKR_OK &&
	       attrs_set_bool(attrs, CKA_UNWRAP, rsa) == CKR_OK &&
	       attrs_set_bool(attrs, CKA_DERIVE, agrees) == CKR_OK;
}

static bool
set_key(struct attrs *attrs, EVP_PKEY *pkey, bool private,
	const struct wish *wish)
{
	CK_OBJECT_CLASS class = private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
	if (attrs_set_ulong(attrs, CKA_CLASS, class) != CKR_OK ||
	    attrs_set_bool(attrs, CKA_PRIVATE, private) != CKR_OK ||
	    !set_uses(attrs, private, pkey))
		return false;
	if (!private)
		return true;
	return attrs_set_bool(attrs, CKA_SENSITIVE, true) == CKR_OK &&
	       attrs_set_bool(attrs, CKA_EXTRACTABLE, wish->extractable) ==
		       CKR_OK;
}

void
pkey_add(EVP_PKEY *pkey, bool private, const struct wish *wish,
	 const char *label, struct items *items)
{
	const char *reason = NULL;
	struct item *item = items_add(items);
	if (!item)
		return;
	if (!set_key(&item->attrs, pkey, private, wish) ||
	    !set_name(&item->attrs, wish, label, pkey))
		item_refuse(item, "no memory");
	else if (!key_attributes(pkey, private, &item->attrs, &reason))
		item_refuse(item, "%s", reason);
	ERR_clear_error();
	if (private)
		pkey_add(pkey, false, wish, label, items);
}

/* The DER of a part of a certificate as an attribute. */
static bool
set_der(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, uint8_t *der, int size)
{
	bool ok = size > 0 && attrs_set(attrs, type,
					cursor_of(der, (size_t)size)) == CKR_OK;
	OPENSSL_free(der);
	return ok;
}

static bool
set_certificate(struct attrs *attrs, X509 *x509)
{
	uint8_t *whole = NULL, *subject = NULL, *issuer = NULL, *serial = NULL;
	int whole_size = i2d_X509(x509, &whole);
	int subject_size = i2d_X509_NAME(X509_get_subject_name(x509), &subject);
	int issuer_size = i2d_X509_NAME(X509_get_issuer_name(x509), &issuer);
	int serial_size =
		i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
	bool ok = set_der(attrs, CKA_VALUE, whole, whole_size);
	ok = set_der(attrs, CKA_SUBJECT, subject, subject_size) && ok;
	ok = set_der(attrs, CKA_ISSUER, issuer, issuer_size) && ok;
	ok = set_der(attrs, CKA_SERIAL_NUMBER, serial, serial_size) && ok;
	return ok &&
	       attrs_set_ulong(attrs, CKA_CLASS, CKO_CERTIFICATE) == CKR_OK &&
	       attrs_set_ulong(attrs, CKA_CERTIFICATE_TYPE, CKC_X_509) ==
		       CKR_OK &&
	       attrs_set_bool(attrs, CKA_PRIVATE, false) == CKR_OK;
}

void
x509_add(X509 *x509, const struct wish *wish, const char *label,
	 struct items *items)
{
	struct item *item = items_add(items);
	if (!item)
		return;
	if (!set_certificate(&item->attrs, x509) ||
	    !set_name(&item->attrs, wish, label, X509_get0_pubkey(x509)))
		item_refuse(item, "the certificate is damaged");
	ERR_clear_error();
}
