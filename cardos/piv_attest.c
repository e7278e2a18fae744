/* Attestation: a YubiKey signs a certificate for a key that it made. */
#include "crypto.h"
#include "iso7816.h"
#include "log.h"
#include "piv.h"

enum {
	INS_ATTEST = 0xF9,
};

static CK_RV
attest_able(struct card_applet *a, bool *able)
{
	struct piv_version version = { 0 };
	CK_RV rv = CKR_OK;

	if (piv_versioned(a))
		rv = piv_version(a, &version);
	*able = rv == CKR_OK && piv_version_least(&version, 4, 3);
	return rv;
}

/* The card has no certificate for a key that was brought to it, and answers
 * so with several words. */
static CK_RV
attest_send(struct card_applet *a, uint8_t reference, struct builder *der)
{
	const struct apdu command = { .ins = INS_ATTEST,
				      .p1 = reference,
				      .le = APDU_ANSWER_MAX };
	struct certificate certificate;
	CK_RV rv = applet_exchange(a, &command, der);

	if (applet_mute(a, rv) || rv == CKR_HOST_MEMORY)
		return rv;
	if (rv == CKR_OK)
		rv = certificate_parse(builder_read(der), &certificate);
	if (rv == CKR_OK || rv == CKR_HOST_MEMORY)
		return rv;
	log_line(LOG_INFO, "PIV %02X: no attestation, %04X", reference,
		 (unsigned)a->sw);
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

CK_RV
piv_attest(struct card_applet *a, const struct card_object *object,
	   struct builder *der)
{
	const struct piv_slot *slot =
		piv_slot_find(piv_reference(object->id));
	bool able = false, switched;
	CK_RV rv;

	if (slot == NULL)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	rv = applet_guard(a, &switched);
	if (rv == CKR_OK)
		rv = attest_able(a, &able);
	if (rv == CKR_OK && !able)
		rv = CKR_ATTRIBUTE_TYPE_INVALID;
	return rv == CKR_OK ? attest_send(a, slot->reference, der) : rv;
}
