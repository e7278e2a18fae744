/* Where a new key or certificate goes when its template does not say it: many
 * programs give no CKA_ID, or a hash. */
#include "card_new.h"
#include "iso7816.h"
#include "log.h"
#include "piv.h"

/* A key in 9E would work without the PIN: it is never chosen. */
enum { PIV_CARD_AUTHENTICATION = 0x9E };

/* CKR_OK: there is such a key. CKR_OBJECT_HANDLE_INVALID: there is none. */
static CK_RV
slot_key(struct card_applet *a, const struct piv_slot *slot,
	 struct pubkey **key)
{
	struct piv_metadata metadata = { 0 };
	CK_RV rv = piv_metadata_read(a, slot->reference, &metadata);

	*key = metadata.public_key;
	return rv;
}

CK_RV
piv_place_empty(struct card_applet *a, const struct piv_slot *slot, bool *empty)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	struct pubkey *key = NULL;
	CK_RV rv = slot_key(a, slot, &key);

	*empty = false;
	pubkey_free(key);
	if (rv == CKR_OBJECT_HANDLE_INVALID) {
		rv = piv_find_data(a, slot->object, APDU_SHORT_ANSWER, &answer,
				   &content);
		*empty = rv == CKR_OBJECT_HANDLE_INVALID;
	}
	builder_free(&answer);
	return applet_mute(a, rv) || rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* Does the slot hold the key of a certificate? */
static CK_RV
slot_matches(struct card_applet *a, const struct piv_slot *slot, bool metadata,
	     struct cursor info, bool *matches)
{
	struct pubkey *key = pubkey_ref(piv_made(a, slot->reference));
	CK_RV rv = CKR_OK;

	if (metadata) {
		pubkey_free(key);
		key = NULL;
		rv = slot_key(a, slot, &key);
	}
	*matches = key != NULL && cursor_same(info, key->info);
	pubkey_free(key);
	return applet_mute(a, rv) || rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* Is the key to sign, as far as its template tells? */
static CK_RV
key_signs(const struct card_new *new, bool *signs)
{
	const CK_ATTRIBUTE *list = new->template.list;
	CK_ULONG count = new->template.count;
	bool decrypts, derives;
	CK_RV rv;

	if ((rv = template_bool(list, count, CKA_DECRYPT, false, &decrypts)) ||
	    (rv = template_bool(list, count, CKA_DERIVE, false, &derives)))
		return rv;
	return template_bool(list, count, CKA_SIGN, !decrypts && !derives,
			     signs);
}

/* The first place that is empty, of those that this pass looks at. */
static CK_RV
place_search(struct card_applet *a, bool management, uint8_t *reference)
{
	const struct piv_slot *slot;
	bool empty;
	CK_RV rv;

	for (size_t i = 0; (slot = piv_slot_at(i)) != NULL; i++) {
		if (slot->reference == PIV_CARD_AUTHENTICATION ||
		    (slot->reference == PIV_KEY_MANAGEMENT && !management))
			continue;
		rv = piv_place_empty(a, slot, &empty);
		if (rv != CKR_OK)
			return rv;
		if (empty) {
			*reference = slot->reference;
			return CKR_OK;
		}
	}
	return CKR_DEVICE_MEMORY;
}

/* 9D is for keys that decrypt or derive: another one gets it last. */
static CK_RV
place_key(struct card_applet *a, const struct card_new *new, bool metadata,
	  uint8_t *reference)
{
	bool signs;
	CK_RV rv = key_signs(new, &signs);

	if (rv != CKR_OK)
		return rv;
	if (!metadata) {
		log_line(LOG_ERROR, "PIV: the card does not tell which places "
				    "are empty: a key needs a CKA_ID");
		return CKR_TEMPLATE_INCOMPLETE;
	}
	rv = place_search(a, !signs, reference);
	if (rv == CKR_DEVICE_MEMORY && signs)
		rv = place_search(a, true, reference);
	if (rv == CKR_DEVICE_MEMORY)
		log_line(LOG_ERROR, "PIV: no place is empty");
	return rv;
}

static CK_RV
place_certificate(struct card_applet *a, const struct card_new *new,
		  bool metadata, uint8_t *reference)
{
	struct cursor info = new->certificate.public_key_info;
	const struct piv_slot *slot;
	bool matches;
	CK_RV rv;

	for (size_t i = 0; (slot = piv_slot_at(i)) != NULL; i++) {
		rv = slot_matches(a, slot, metadata, info, &matches);
		if (rv != CKR_OK)
			return rv;
		if (matches) {
			*reference = slot->reference;
			return CKR_OK;
		}
	}
	log_line(LOG_ERROR, "PIV: no key of this certificate is known: it "
			    "needs a CKA_ID");
	return new->cka_id.left == 0 ? CKR_TEMPLATE_INCOMPLETE
				     : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
piv_place_find(struct card_applet *a, const struct card_new *new,
	       uint8_t *reference)
{
	bool metadata = false, switched;
	CK_RV rv = applet_guard(a, &switched);

	if (rv == CKR_OK)
		rv = piv_metadata_had(a, &metadata);
	if (rv != CKR_OK)
		return rv;
	return new->class == CKO_CERTIFICATE
		       ? place_certificate(a, new, metadata, reference)
		       : place_key(a, new, metadata, reference);
}
