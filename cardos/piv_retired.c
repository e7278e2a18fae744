/* Which of the 20 retired keys there are, with few questions. */
#include "config.h"
#include "piv.h"
#include "tlv.h"

enum {
	TAG_ON_CARD = 0xC1, /* keys whose certificate is on the card */
};

static const struct cursor first_certificate = PIV_BYTES(0x5F, 0xC1, 0x0D);
static const struct cursor key_history = PIV_BYTES(0x5F, 0xC1, 0x0C);

/* What the key history counts (SP 800-73-4 part 1, 3.3.3); 0 when it tells
 * nothing: a YubiKey does not keep it. */
static CK_RV
history_count(struct card_applet *a, unsigned *count)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content, number = cursor_of(NULL, 0);
	CK_RV rv = piv_find_data(a, key_history, APDU_SHORT_ANSWER, &answer,
				 &content);

	if (rv == CKR_OK && tlv_find(content, TAG_ON_CARD, &number) &&
	    number.left == 1)
		*count = cursor_u8(&number);
	builder_free(&answer);
	return applet_mute(a, rv) || rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* The first certificate is there: the history counts, and without one all are
 * asked for until one is missing. */
static CK_RV
end_by_history(struct card_applet *a)
{
	struct piv *piv = a->state;
	unsigned count = 0;
	CK_RV rv = history_count(a, &count);

	if (rv != CKR_OK)
		return rv;
	piv->retired_end = PIV_RETIRED_END;
	piv->retired_walk = count == 0;
	if (count > 0 && count < PIV_RETIRED_END - PIV_RETIRED)
		piv->retired_end = (uint8_t)(PIV_RETIRED + count);
	return CKR_OK;
}

/* Those with a certificate on the card fill the places from 82 upwards, so that
 * without the first there is none. */
static CK_RV
end_find(struct card_applet *a)
{
	struct piv *piv = a->state;
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	CK_RV rv = CKR_OK;

	if (!piv->retired_first)
		rv = piv_find_data(a, first_certificate, APDU_SHORT_ANSWER,
				   &answer, &content);
	builder_free(&answer);
	if (rv == CKR_OBJECT_HANDLE_INVALID) {
		piv->retired_end = PIV_RETIRED;
		return CKR_OK;
	}
	return rv == CKR_OK ? end_by_history(a) : rv;
}

CK_RV
piv_retired_check(struct card_applet *a, const struct piv_slot *slot)
{
	struct piv *piv = a->state;
	CK_RV rv = CKR_OK;

	if (!piv_slot_retired(slot) || slot->reference == PIV_RETIRED ||
	    (a->config != NULL && a->config->piv_retired_all))
		return CKR_OK;
	if ((piv->retired_shown & 1u << (slot->reference - PIV_RETIRED)) != 0)
		return CKR_OK;
	if (piv->retired_end == 0)
		rv = end_find(a);
	if (rv != CKR_OK)
		return rv;
	return slot->reference < piv->retired_end ? CKR_OK
						  : CKR_OBJECT_HANDLE_INVALID;
}

void
piv_retired_seen(struct card_applet *a, const struct piv_slot *slot,
		 bool present)
{
	struct piv *piv = a->state;

	if (!piv_slot_retired(slot))
		return;
	if (slot->reference == PIV_RETIRED) {
		piv->retired_first = present;
		if (!present)
			piv->retired_end = PIV_RETIRED;
		else if (piv->retired_end == PIV_RETIRED)
			piv->retired_end = 0;
	} else if (!present && piv->retired_walk &&
		   slot->reference < piv->retired_end) {
		piv->retired_end = slot->reference;
	}
}

void
piv_retired_forget(struct card_applet *a)
{
	struct piv *piv = a->state;

	piv->retired_end = 0;
	piv->retired_walk = false;
}

void
piv_retired_show(struct card_applet *a, uint8_t reference)
{
	struct piv *piv = a->state;

	if (reference >= PIV_RETIRED && reference < PIV_RETIRED_END)
		piv->retired_shown |= 1u << (reference - PIV_RETIRED);
}
