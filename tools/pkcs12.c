/* PKCS#12 files (RFC 7292): every key and certificate of every bag. */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "import.h"

enum { DEPTH_MAX = 4 };

struct reading {
	const struct wish *wish;
	const char *file_label;
	struct items *items;
	struct secret *password;
	const char *text; /* the password, NUL-ended; NULL is none */
	int size;
	int depth;
};

static void
refuse(struct reading *r, const char *name, const char *reason)
{
	struct item *item = items_add(r->items);
	if (!item)
		return;
	item_refuse(item, "%s", reason);
	struct builder b = builder_over(item->name, sizeof item->name - 1);
	builder_text(&b, name);
	ERR_clear_error();
}

static void
key_read(struct reading *r, const PKCS8_PRIV_KEY_INFO *info, const char *label)
{
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	if (pkey)
		pkey_add(pkey, true, r->wish, label, r->items);
	else
		refuse(r, "private key", "it does not decrypt, or is damaged");
	EVP_PKEY_free(pkey);
}

static void
certificate_read(struct reading *r, const PKCS12_SAFEBAG *bag,
		 const char *label)
{
	X509 *x509 = PKCS12_SAFEBAG_get1_cert(bag);
	if (x509)
		x509_add(x509, r->wish, label, r->items);
	else
		refuse(r, "certificate", "it is damaged or no X.509 one");
	X509_free(x509);
}

static void bags_read(struct reading *r, const STACK_OF(PKCS12_SAFEBAG) * bags);

static void
bag_read(struct reading *r, PKCS12_SAFEBAG *bag)
{
	char *name = PKCS12_get_friendlyname(bag);
	const char *label = name ? name : r->file_label;
	PKCS8_PRIV_KEY_INFO *info;
	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_keyBag:
		key_read(r, PKCS12_SAFEBAG_get0_p8inf(bag), label);
		break;
	case NID_pkcs8ShroudedKeyBag:
		info = PKCS12_decrypt_skey(bag, r->text, r->size);
		key_read(r, info, label);
		PKCS8_PRIV_KEY_INFO_free(info);
		break;
	case NID_certBag:
		certificate_read(r, bag, label);
		break;
	case NID_safeContentsBag:
		bags_read(r, PKCS12_SAFEBAG_get0_safes(bag));
		break;
	default:
		refuse(r, "PKCS#12 bag", "it holds no key nor certificate");
	}
	OPENSSL_free(name);
}

static void
bags_read(struct reading *r, const STACK_OF(PKCS12_SAFEBAG) * bags)
{
	if (!bags || r->depth == DEPTH_MAX) {
		refuse(r, "PKCS#12 bags",
		       "they do not decrypt, or are damaged");
		return;
	}
	r->depth++;
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
		bag_read(r, sk_PKCS12_SAFEBAG_value(bags, i));
	r->depth--;
}

static void
safe_read(struct reading *r, PKCS7 *safe)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	if (PKCS7_type_is_data(safe))
		bags = PKCS12_unpack_p7data(safe);
	else if (PKCS7_type_is_encrypted(safe))
		bags = PKCS12_unpack_p7encdata(safe, r->text, r->size);
	bags_read(r, bags);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

/* No password, an empty one, else the caller's: whichever the MAC proves. */
static bool
password_find(struct reading *r, PKCS12 *p12)
{
	bool has_mac = PKCS12_mac_present(p12);
	if (has_mac && PKCS12_verify_mac(p12, NULL, 0))
		return true;
	r->text = "";
	if (has_mac && PKCS12_verify_mac(p12, "", 0))
		return true;
	r->password = pin_get(&r->wish->source_pin);
	if (!r->password)
		return false;
	r->text = secret_data(r->password);
	r->size = (int)secret_size(r->password);
	if (!has_mac || PKCS12_verify_mac(p12, r->text, r->size))
		return true;
	complain("the password of the PKCS#12 file is wrong");
	return false;
}

bool
pkcs12_read(struct cursor data, const struct wish *wish, const char *file_label,
	    struct items *items)
{
	const uint8_t *at = data.at;
	PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)data.left);
	if (!p12) {
		ERR_clear_error();
		return false;
	}
	struct reading r = { .wish = wish,
			     .file_label = file_label,
			     .items = items };
	STACK_OF(PKCS7) *safes = NULL;
	if (!password_find(&r, p12))
		refuse(&r, "PKCS#12 file", "no right password");
	else if (!(safes = PKCS12_unpack_authsafes(p12)))
		refuse(&r, "PKCS#12 file", "it is damaged");
	for (int i = 0; safes && i < sk_PKCS7_num(safes); i++)
		safe_read(&r, sk_PKCS7_value(safes, i));
	sk_PKCS7_pop_free(safes, PKCS7_free);
	secret_free(r.password);
	PKCS12_free(p12);
	ERR_clear_error();
	return true;
}
