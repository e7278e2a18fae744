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
	const struct piv_slot *slot, struct builder *data)
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
	rv = piv_policies_put(new, slot, data);
	if (rv != CKR_OK)
		return rv;
	return builder_ok(data) ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
import_send(struct card_applet *a, const struct card_new *new,
	    const struct piv_slot *slot)
{
	struct builder data = builder_heap(IMPORT_MAX);
	struct apdu command = { .ins = INS_IMPORT,
				.p1 = piv_new_algorithm(new),
				.p2 = slot->reference };
	struct piv *piv = a->state;
	CK_RV rv = key_put(a, new, slot, &data);

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

/* A certificate may have come before its key; another key's, and what is none,
 * is not right any more. */
static CK_RV
certificate_settle(struct card_applet *a, const struct piv_slot *slot,
		   const struct pubkey *public_key)
{
	struct builder der = builder_heap(CERTIFICATE_MAX);
	struct certificate c;
	bool fits = false;
	CK_RV rv;

	cache_drop(a, slot->reference);
	rv = piv_certificate_read(a, slot, &der);
	if (rv == CKR_OK)
		rv = certificate_parse(builder_read(&der), &c);
	if (rv == CKR_OK)
		fits = cursor_same(c.public_key_info, public_key->info);
	builder_free(&der);
	if (applet_mute(a, rv))
		return rv;
	if (fits || (rv != CKR_OK && rv != CKR_DATA_INVALID))
		return CKR_OK;
	return piv_certificate_remove(a, slot);
}

CK_RV
piv_import(struct card_applet *a, const struct card_new *new,
	   uint8_t reference)
{
	const struct piv_slot *slot = piv_slot_find(reference);
	CK_RV rv = import_send(a, new, slot);

	if (rv != CKR_OK)
		return rv;
	piv_made_keep(a, reference, pubkey_ref(new->key->public_key));
	return certificate_settle(a, slot, new->key->public_key);
}
