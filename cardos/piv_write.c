/* What is written to a PIV card, taken away, and moved. */
#include "piv.h"

enum {
	INS_MOVE = 0xF6,
	MOVE_AWAY = 0xFF, /* deletes */
	SW_REFUSED = 0x6982,
};

/* CKA_ID to key reference: OpenSC's numbers, which count retired keys in
 * decimal digits, and ykcs11's where they are none of those. */
struct id_range {
	uint8_t first, last, reference;
};

static const struct id_range id_ranges[] = {
	{ 0x01, 0x01, 0x9A }, { 0x02, 0x02, 0x9C }, { 0x03, 0x03, 0x9D },
	{ 0x04, 0x04, 0x9E }, { 0x05, 0x09, 0x82 }, { 0x0A, 0x0F, 0x87 },
	{ 0x10, 0x19, 0x87 }, { 0x20, 0x24, 0x91 },
};

/* One byte that stands for a key; 0: none does. */
static uint8_t
id_reference(struct cursor cka_id)
{
	uint8_t id = cka_id.left == 1 ? cursor_u8(&cka_id) : 0;

	for (size_t i = 0; i < sizeof(id_ranges) / sizeof(id_ranges[0]); i++) {
		const struct id_range *r = &id_ranges[i];

		if (id >= r->first && id <= r->last)
			return (uint8_t)(r->reference + (id - r->first));
	}
	return 0;
}

CK_RV
piv_place(struct card_applet *a, const struct card_new *new, uint64_t *id)
{
	uint8_t reference = id_reference(new->cka_id);
	struct cursor object;
	CK_RV rv;

	if (new->class == CKO_DATA)
		return piv_data_place(a, new, id);
	rv = new->class == CKO_CERTIFICATE
		     ? piv_certificate_check(a, new->certificate.der)
		     : piv_key_check(a, new);
	if (rv != CKR_OK)
		return rv;
	if (new->cka_id.left != 1)
		rv = piv_place_find(a, new, &reference);
	if (rv != CKR_OK)
		return rv;
	if (!piv_slot_id(reference, new->class, id, &object))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

CK_RV
piv_write(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	struct cursor object;
	CK_RV rv;

	if (new->class == CKO_DATA)
		return piv_data_write(a, id, new->value);
	if (!piv_slot_id(piv_reference(id), new->class, &id, &object))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_admin_need(a);
	if (rv == CKR_OK && new->class == CKO_PRIVATE_KEY)
		rv = piv_import(a, new, piv_reference(id));
	else if (rv == CKR_OK)
		rv = piv_certificate_put(a, object, new->certificate.der);
	if (rv == CKR_OK)
		piv_retired_show(a, piv_reference(id));
	return rv;
}

/* On other cards the command to move keys may be another. */
bool
piv_moves_keys(const struct card_applet *a)
{
	const struct piv *piv = a->state;

	return piv_version_least(&piv->version, 5, 7);
}

/* Firmware before 5.7 moves none. */
static CK_RV
move_check(struct card_applet *a, CK_RV cannot)
{
	struct piv_version version;
	CK_RV rv = piv_version(a, &version);

	return rv == CKR_OK && !piv_moves_keys(a) ? cannot : rv;
}

/* To another place, or away. */
static CK_RV
key_move(struct card_applet *a, uint8_t from, uint8_t to, CK_RV cannot)
{
	const struct apdu command = { .ins = INS_MOVE, .p1 = to, .p2 = from };
	struct piv *piv = a->state;
	CK_RV rv = move_check(a, cannot);

	if (rv == CKR_OK)
		rv = piv_admin_need(a);
	if (rv != CKR_OK)
		return rv;
	rv = applet_exchange(a, &command, NULL);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	if (rv == CKR_OK)
		piv_made_keep(a, from, NULL);
	return rv;
}

/* A public key goes with its private one. */
CK_RV
piv_remove(struct card_applet *a, const struct card_object *object)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA);
	uint8_t reference = piv_reference(object->id);
	struct cursor container;
	uint64_t id;
	CK_RV rv;

	if (class == CKO_DATA)
		return piv_data_remove(a, object->id);
	if (class == CKO_PUBLIC_KEY || reference == PIV_ATTESTATION ||
	    !piv_slot_id(reference, class, &id, &container))
		return CKR_ACTION_PROHIBITED;
	if (class == CKO_PRIVATE_KEY)
		return key_move(a, reference, MOVE_AWAY, CKR_ACTION_PROHIBITED);
	rv = piv_admin_need(a);
	if (rv != CKR_OK)
		return rv;
	return piv_put_data(a, container, cursor_of(NULL, 0));
}

/* A longer CKA_ID, a hash as some programs make them of a key, is no place: it
 * is taken and not kept. A key is never moved over another, nor where one may
 * be. */
CK_RV
piv_move(struct card_applet *a, const struct card_object *object,
	 struct cursor cka_id, uint64_t *id)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA);
	uint8_t from = piv_reference(object->id), to = id_reference(cka_id);
	struct cursor container;
	uint64_t place;
	bool empty;
	CK_RV rv;

	if (class == CKO_DATA)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (cka_id.left > 1 || to == from)
		return CKR_OK;
	if (!piv_slot_id(to, class, &place, &container))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (class != CKO_PRIVATE_KEY)
		return CKR_ATTRIBUTE_READ_ONLY;
	rv = move_check(a, CKR_ATTRIBUTE_READ_ONLY);
	if (rv == CKR_OK)
		rv = piv_place_empty(a, piv_slot_find(to), &empty);
	if (rv == CKR_OK && !empty)
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = key_move(a, from, to, CKR_ATTRIBUTE_READ_ONLY);
	if (rv != CKR_OK)
		return rv;
	/* a retired key without a certificate is not looked for */
	piv_made_keep(a, to, pubkey_ref(object->key.public_key));
	piv_retired_show(a, to);
	*id = place;
	return CKR_OK;
}
