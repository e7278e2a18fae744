/* The private data objects of an OpenPGP card: DO 0101 to 0104. */
#include <string.h>

#include "openpgp.h"

#include "log.h"

enum {
	TAG_FIRST = 0x0101,
	OBJECTS = 4,
	ID_BASE = 0x10, /* after the keys' ids and groups */
	ID_SHIFT = 8,
	DATA_MAX = 65535,
};

/* Who reads and writes it: with PW1 or, as security officer, with PW3. */
struct openpgp_private {
	const char *label; /* OpenSC's */
	bool private;	   /* not to be read without */
	bool officer;
};

static const struct openpgp_private openpgp_privates[OBJECTS] = {
	{ "PrivDO1", false, false },
	{ "PrivDO2", false, true },
	{ "PrivDO3", true, false },
	{ "PrivDO4", true, true },
};

static size_t
number_of(uint64_t id)
{
	return (size_t)(id >> ID_SHIFT) - ID_BASE;
}

static uint64_t
id_of(size_t number)
{
	return (uint64_t)(ID_BASE + number) << ID_SHIFT | CKO_DATA;
}

static uint16_t
tag_of(uint64_t id)
{
	return (uint16_t)(TAG_FIRST + number_of(id));
}

static CK_RV
data_add(struct card_object ***end, size_t number, bool complete,
	 struct card_object **object)
{
	const struct card_object_name name = {
		.id = id_of(number),
		.group = ID_BASE + (unsigned)number,
		.class = CKO_DATA,
		.label = openpgp_privates[number].label,
		.private = openpgp_privates[number].private,
		.removable = true,
		.modifiable = true,
		.application = "OpenPGP card",
	};

	return card_object_add(end, &name, complete, object);
}

CK_RV
openpgp_data_list(struct card_applet *a, struct card_object **list)
{
	const struct openpgp *o = a->state;
	struct card_object *first = NULL, **end = &first, *new;
	CK_RV rv = CKR_OK;

	if (!o->facts.private_data)
		return CKR_OK;
	for (size_t i = 0; i < OBJECTS && rv == CKR_OK; i++)
		rv = data_add(&end, i, false, &new);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

/* What was never written is empty, or unknown to the card. */
CK_RV
openpgp_data_read(struct card_applet *a, uint64_t id,
		  struct card_object **found)
{
	struct builder value = builder_heap(DATA_MAX);
	struct card_object *first = NULL, **end = &first, *new;
	CK_RV rv = openpgp_get_data(a, tag_of(id), APDU_ANSWER_MAX, &value);

	if (rv == CKR_OK && value.used > 0) {
		rv = data_add(&end, number_of(id), true, &new);
		if (rv == CKR_OK)
			rv = attrs_set(&new->attrs, CKA_VALUE,
				       builder_read(&value));
	} else if (!applet_mute(a, rv) && rv != CKR_USER_NOT_LOGGED_IN) {
		rv = CKR_OBJECT_HANDLE_INVALID;
	}
	builder_free(&value);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return CKR_OK;
}

/* The label is the place. */
CK_RV
openpgp_data_place(struct card_applet *a, const struct card_new *new,
		   uint64_t *id)
{
	const struct openpgp *o = a->state;
	const CK_ATTRIBUTE *label = template_find(
		new->template.list, new->template.count, CKA_LABEL);
	struct cursor said;

	if (label == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if (new->value.left == 0 || !o->facts.private_data)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (o->facts.data_max > 0 && new->value.left > o->facts.data_max)
		return CKR_DEVICE_MEMORY;
	said = cursor_of(label->pValue, label->ulValueLen);
	for (size_t i = 0; i < OBJECTS; i++) {
		const char *text = openpgp_privates[i].label;

		if (cursor_is(said, text, strlen(text))) {
			*id = id_of(i);
			return CKR_OK;
		}
	}
	log_line(LOG_INFO, "OpenPGP: data goes to PrivDO1 to PrivDO4");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
openpgp_data_write(struct card_applet *a, uint64_t id, struct cursor value)
{
	const struct openpgp_private *p = &openpgp_privates[number_of(id)];

	if (p->officer == a->by_so)
		return openpgp_put_data(a, tag_of(id), value);
	a->sw = 0; /* the card was not asked */
	log_line(LOG_INFO, "OpenPGP: %s is written by the %s", p->label,
		 p->officer ? "security officer" : "user");
	return CKR_USER_NOT_LOGGED_IN;
}
