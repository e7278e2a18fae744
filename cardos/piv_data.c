/* PIV's data objects as CKO_DATA, by the names that OpenSC has for them
 * (SP 800-73-4 part 1, table 3 and appendix A). */
#include "card_new.h"
#include "log.h"
#include "piv.h"
#include "tlv.h"

enum {
	ID_SHIFT = 16, /* an object's id: tag, 0, class, which is 0 */
	TAG_OID = 0x06,
	PRINTED = 0x5FC109,
	KEY_HISTORY = 0x5FC10C,
	RETIRED_FIRST = 0x5FC10D,
	RETIRED_LAST = 0x5FC120,
	TAG_MAX = 4,
};

struct piv_data {
	uint32_t tag;
	const char *label;
	struct cursor oid; /* DER */
	bool private;	   /* the card reads it after VERIFY only */
};

/* What is under 2.16.840.1.101.3.7, of SIZE bytes. */
#define OID(size, ...)                                                      \
	PIV_BYTES(0x06, 7 + size, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x07, \
		  __VA_ARGS__)
#define RETIRED(number)                                      \
	{                                                    \
		RETIRED_FIRST + number - 1,                  \
			"Retired X.509 Certificate for Key " \
			"Management " #number,               \
			OID(3, 0x02, 0x10, number), false    \
	}

static const struct piv_data piv_data[] = {
	{ 0x5FC107, "Card Capability Container", OID(4, 0x01, 0x81, 0x5B, 0x00),
	  false },
	{ 0x5FC102, "Card Holder Unique Identifier", OID(3, 0x02, 0x30, 0x00),
	  false },
	{ 0x5FC105, "X.509 Certificate for PIV Authentication",
	  OID(3, 0x02, 0x01, 0x01), false },
	{ 0x5FC103, "Cardholder Fingerprints", OID(3, 0x02, 0x60, 0x10), true },
	{ 0x5FC109, "Printed Information", OID(3, 0x02, 0x30, 0x01), true },
	{ 0x5FC108, "Cardholder Facial Image", OID(3, 0x02, 0x60, 0x30), true },
	{ 0x5FC10A, "X.509 Certificate for Digital Signature",
	  OID(3, 0x02, 0x01, 0x00), false },
	{ 0x5FC10B, "X.509 Certificate for Key Management",
	  OID(3, 0x02, 0x01, 0x02), false },
	{ 0x5FC101, "X.509 Certificate for Card Authentication",
	  OID(3, 0x02, 0x05, 0x00), false },
	{ 0x5FC106, "Security Object", OID(4, 0x02, 0x81, 0x10, 0x00), false },
	{ PIV_DISCOVERY, "Discovery Object", OID(3, 0x02, 0x60, 0x50), false },
	{ 0x5FC10C, "Key History Object", OID(3, 0x02, 0x60, 0x60), false },
	RETIRED(1),
	RETIRED(2),
	RETIRED(3),
	RETIRED(4),
	RETIRED(5),
	RETIRED(6),
	RETIRED(7),
	RETIRED(8),
	RETIRED(9),
	RETIRED(10),
	RETIRED(11),
	RETIRED(12),
	RETIRED(13),
	RETIRED(14),
	RETIRED(15),
	RETIRED(16),
	RETIRED(17),
	RETIRED(18),
	RETIRED(19),
	RETIRED(20),
	{ 0x5FC121, "Cardholder Iris Image", OID(3, 0x02, 0x10, 0x15), true },
	{ 0x7F61, "Biometric Information Templates Group Template",
	  OID(3, 0x02, 0x10, 0x16), false },
	{ 0x5FC122, "Secure Messaging Certificate Signer",
	  OID(3, 0x02, 0x10, 0x17), false },
	{ 0x5FC123, "Pairing Code Reference Data Container",
	  OID(3, 0x02, 0x10, 0x18), true },
};

enum { PIV_DATA = sizeof(piv_data) / sizeof(piv_data[0]) };

static const struct piv_data *
data_find(uint64_t id)
{
	for (size_t i = 0; i < PIV_DATA; i++)
		if ((uint64_t)piv_data[i].tag << ID_SHIFT == id)
			return &piv_data[i];
	return NULL;
}

/* A tag in as many bytes as it has. */
static void
tag_put(struct builder *out, uint32_t tag)
{
	if (tag > 0xFFFF)
		builder_u8(out, (uint8_t)(tag >> 16));
	if (tag > 0xFF)
		builder_u8(out, (uint8_t)(tag >> 8));
	builder_u8(out, (uint8_t)tag);
}

/* What says which PIN counts, and what is written as a certificate. */
static bool
data_fixed(const struct piv_data *data)
{
	uint8_t bytes[TAG_MAX];
	struct builder tag = builder_over(bytes, sizeof(bytes));
	const struct piv_slot *slot;

	tag_put(&tag, data->tag);
	for (size_t i = 0; (slot = piv_slot_at(i)) != NULL; i++)
		if (cursor_same(slot->object, builder_read(&tag)))
			return true;
	return data->tag == PIV_DISCOVERY;
}

static CK_RV
data_add(struct card_object ***end, const struct piv_data *data, bool complete,
	 struct card_object **object)
{
	const struct card_object_name name = {
		.id = (uint64_t)data->tag << ID_SHIFT,
		.group = data->tag,
		.class = CKO_DATA,
		.label = data->label,
		.private = data->private,
		.removable = !data_fixed(data),
		.modifiable = !data_fixed(data),
		.application = data->label,
		.object_id = data->oid,
	};

	return card_object_add(end, &name, complete, object);
}

CK_RV
piv_data_list(struct card_object **list)
{
	struct card_object *first = NULL, **end = &first, *o;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; rv == CKR_OK && i < PIV_DATA; i++)
		rv = data_add(&end, &piv_data[i], false, &o);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

bool
piv_is_data(uint64_t id)
{
	return data_find(id) != NULL;
}

/* The certificates of retired keys are there by the rule of their keys. */
static CK_RV
data_get(struct card_applet *a, uint32_t number, struct builder *answer)
{
	bool retired = number >= RETIRED_FIRST && number <= RETIRED_LAST;
	const struct piv_slot *slot = NULL;
	uint8_t bytes[TAG_MAX];
	struct builder tag = builder_over(bytes, sizeof(bytes));
	struct cursor content;
	CK_RV rv = CKR_OK;

	tag_put(&tag, number);
	if (retired) {
		slot = piv_slot_find(
			(uint8_t)(PIV_RETIRED + number - RETIRED_FIRST));
		rv = piv_retired_check(a, slot);
	}
	if (rv != CKR_OK)
		return rv;
	rv = piv_get_data(a, builder_read(&tag), APDU_ANSWER_MAX, answer,
			  &content);
	if (retired && (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID))
		piv_retired_seen(a, slot, rv == CKR_OK);
	return rv;
}

/* By CKA_OBJECT_ID, in DER or, as OpenSC's tools have it, without the tag. */
static const struct piv_data *
data_named(struct cursor name)
{
	for (size_t i = 0; i < PIV_DATA; i++) {
		struct cursor oid = piv_data[i].oid;

		if (cursor_same(oid, name))
			return &piv_data[i];
		if (tlv_enter(&oid, TAG_OID) && cursor_same(oid, name))
			return &piv_data[i];
	}
	return NULL;
}

/* What the card is to keep: it adds its tag itself, and what GET DATA gave has
 * it already. */
static struct cursor
data_content(const struct piv_data *data, struct cursor value)
{
	struct cursor c = value;
	struct tlv whole;
	uint32_t tag = data->tag > 0xFFFF ? (uint32_t)PIV_CONTENT : data->tag;

	if (tlv_next(&c, &whole) && whole.tag == tag && cursor_end(&c))
		return whole.value;
	return value;
}

static CK_RV
data_check(const struct card_applet *a, const struct piv_data *data,
	   struct cursor value)
{
	struct cursor content = data_content(data, value);

	if (content.left == 0)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return content.left <= piv_object_max(a) ? CKR_OK : CKR_DEVICE_MEMORY;
}

/* Nothing is written over by accident: what may be there is changed by
 * C_SetAttributeValue, or destroyed first. */
static CK_RV
data_vacant(struct card_applet *a, const struct piv_data *data)
{
	uint8_t bytes[TAG_MAX];
	struct builder tag = builder_over(bytes, sizeof(bytes));
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	CK_RV rv;

	tag_put(&tag, data->tag);
	rv = piv_find_data(a, builder_read(&tag), APDU_SHORT_ANSWER, &answer,
			   &content);
	builder_free(&answer);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_OK;
	if (rv != CKR_OK && rv != CKR_USER_NOT_LOGGED_IN)
		return rv;
	log_line(LOG_ERROR, "PIV: %s %s there", data->label,
		 rv == CKR_OK ? "is" : "may be");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
piv_data_place(struct card_applet *a, const struct card_new *new, uint64_t *id)
{
	const CK_ATTRIBUTE *name = template_find(
		new->template.list, new->template.count, CKA_OBJECT_ID);
	const struct piv_data *data;
	bool private;
	CK_RV rv;

	if (name == NULL || new->value.at == NULL) {
		log_line(LOG_ERROR, "PIV: data goes where its CKA_OBJECT_ID "
				    "says");
		return CKR_TEMPLATE_INCOMPLETE;
	}
	data = data_named(cursor_of(name->pValue, name->ulValueLen));
	if (data == NULL || data_fixed(data))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = template_bool(new->template.list, new->template.count, CKA_PRIVATE,
			   data->private, &private);
	if (rv == CKR_OK && private && !data->private)
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = data_check(a, data, new->value);
	if (rv == CKR_OK)
		rv = data_vacant(a, data);
	if (rv == CKR_OK)
		*id = (uint64_t)data->tag << ID_SHIFT;
	return rv;
}

/* Without content it is gone. The printed information may hold the management
 * key that the PIN protects. */
static CK_RV
data_put(struct card_applet *a, const struct piv_data *data,
	 struct cursor content)
{
	uint8_t bytes[TAG_MAX];
	struct builder tag = builder_over(bytes, sizeof(bytes));
	bool kept = false;
	CK_RV rv = piv_admin_need(a);

	if (rv == CKR_OK && data->tag == PRINTED)
		rv = piv_protected_kept(a, &kept);
	if (rv != CKR_OK)
		return rv;
	if (kept) {
		a->sw = 0; /* the card was not asked */
		log_line(LOG_ERROR, "PIV: the management key is kept there");
		return CKR_ACTION_PROHIBITED;
	}
	tag_put(&tag, data->tag);
	rv = piv_put_data(a, builder_read(&tag), content);
	if (data->tag == KEY_HISTORY)
		piv_retired_forget(a);
	return rv;
}

CK_RV
piv_data_write(struct card_applet *a, uint64_t id, struct cursor value)
{
	const struct piv_data *data = data_find(id);
	CK_RV rv;

	if (data_fixed(data))
		return CKR_ACTION_PROHIBITED;
	rv = data_check(a, data, value);
	return rv == CKR_OK ? data_put(a, data, data_content(data, value)) : rv;
}

CK_RV
piv_data_remove(struct card_applet *a, uint64_t id)
{
	const struct piv_data *data = data_find(id);

	return data_fixed(data) ? CKR_ACTION_PROHIBITED
				: data_put(a, data, cursor_of(NULL, 0));
}

static CK_RV
data_object(const struct piv_data *data, struct cursor value,
	    struct card_object **found)
{
	struct card_object *first = NULL, **end = &first, *o;
	CK_RV rv = data_add(&end, data, true, &o);

	if (rv == CKR_OK)
		rv = attrs_set(&o->attrs, CKA_VALUE, value);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return CKR_OK;
}

/* The value is what the card answers, tag and all, as OpenSC gives it. */
CK_RV
piv_data_read(struct card_applet *a, const struct card_object *object,
	      struct card_object **found)
{
	const struct piv_data *data = data_find(object->id);
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = data_get(a, data->tag, &answer);

	if (rv == CKR_OK)
		rv = data_object(data, builder_read(&answer), found);
	builder_free(&answer);
	return rv;
}
