/* Private keys that are brought to a PIV card by Yubico's IMPORT ASYMMETRIC
 * KEY. */
#include "piv.h"

#include "cache.h"
#include "tlv.h"

enum {
	INS_IMPORT = 0xFE,
	TAG_PRIME_1 = 0x01,
	TAG_PRIME_2 = 0x02,
	TAG_EXPONENT_1 = 0x03, /* on a Nitrokey 3 the public exponent */
	TAG_EXPONENT_2 = 0x04,
	TAG_COEFFICIENT = 0x05,
	TAG_EC = 0x06,
	TAG_ED25519 = 0x07,
	TAG_X25519 = 0x08,
	IMPORT_MAX = 2048,
	SW_REFUSED = 0x6982,
};

/* Such a card takes the two primes and the public exponent. */
static bool
takes_exponent(const struct card_applet *a)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	struct cursor atr = cursor_of(info->atr, info->atr_size);

	return iso_contains_text(iso_historical(atr), "Nitrokey");
}

static void
rsa_put(const struct card_applet *a, const struct private_key *key,
	struct builder *data)
{
	tlv_put(data, TAG_PRIME_1, key->prime_1);
	tlv_put(data, TAG_PRIME_2, key->prime_2);
	if (takes_exponent(a)) {
		tlv_put(data, TAG_EXPONENT_1, key->public_key->exponent);
		return;
	}
	tlv_put(data, TAG_EXPONENT_1, key->exponent_1);
	tlv_put(data, TAG_EXPONENT_2, key->exponent_2);
	tlv_put(data, TAG_COEFFICIENT, key->coefficient);
}

static CK_RV
key_put(const struct card_applet *a, const struct card_new *new,
	struct builder *data)
{
	CK_RV rv;

	switch (new->key_type) {
	case CKK_RSA:
		rsa_put(a, new->key, data);
		break;
	case CKK_EC:
		tlv_put(data, TAG_EC, new->key->scalar);
		break;
	case CKK_EC_EDWARDS:
		tlv_put(data, TAG_ED25519, new->key->scalar);
		break;
	default:
		tlv_put(data, TAG_X25519, new->key->scalar);
		break;
	}
	rv = piv_policies_put(new, data);
	if (rv != CKR_OK)
		return rv;
	return builder_ok(data) ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
import_send(struct card_applet *a, const struct card_new *new,
	    uint8_t reference)
{
	struct builder data = builder_heap(IMPORT_MAX);
	struct apdu command = { .ins = INS_IMPORT,
				.p1 = piv_new_algorithm(new),
				.p2 = reference };
	struct piv *piv = a->state;
	CK_RV rv = key_put(a, new, &data);

	a->sw = 0;
	command.data = builder_read(&data);
	if (rv == CKR_OK)
		rv = piv_key_refused(a, applet_exchange(a, &command, NULL),
				     CKR_ATTRIBUTE_VALUE_INVALID);
	builder_free(&data);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	return rv;
}

/* Is there a certificate of this key? */
static bool
certificate_fits(const struct card_object *found,
		 const struct pubkey *public_key)
{
	struct cursor info;

	for (; found != NULL; found = found->next) {
		if (attrs_ulong(&found->attrs, CKA_CLASS, CKO_DATA) !=
		    CKO_CERTIFICATE)
			continue;
		info = attrs_value(&found->attrs, CKA_PUBLIC_KEY_INFO);
		return cursor_same(info, public_key->info);
	}
	return false;
}

/* A certificate may have come before its key; another key's is not right any
 * more. */
static CK_RV
certificate_settle(struct card_applet *a, uint8_t reference,
		   const struct pubkey *public_key)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct card_object object = { 0 }, *found = NULL;
	struct cursor container, content;
	bool fits = false;
	CK_RV rv = CKR_OK;

	cache_drop(a, reference);
	if (piv_slot_id(reference, CKO_CERTIFICATE, &object.id, &container)) {
		rv = piv_read(a, &object, &found);
		fits = rv == CKR_OK && certificate_fits(found, public_key);
	}
	if (!fits && !applet_mute(a, rv))
		rv = piv_get_data(a, container, APDU_SHORT_ANSWER, &answer,
				  &content);
	if (!fits && rv == CKR_OK)
		rv = piv_put_data(a, container, cursor_of(NULL, 0));
	card_objects_free(found);
	builder_free(&answer);
	return applet_mute(a, rv) ? rv : CKR_OK;
}

CK_RV
piv_import(struct card_applet *a, const struct card_new *new,
	   uint8_t reference)
{
	CK_RV rv = import_send(a, new, reference);

	if (rv != CKR_OK)
		return rv;
	piv_made_keep(a, reference, pubkey_ref(new->key->public_key));
	return certificate_settle(a, reference, new->key->public_key);
}
