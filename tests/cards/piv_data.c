/* The data objects of the simulated PIV application. */
#include "piv.h"

#include <stdlib.h>
#include <string.h>

/* Part 1, table 2: readable with the PIN only. */
static const uint32_t guarded[] = {
	0x5fc103, 0x5fc108, TAG_PRINTED, 0x5fc121, 0x5fc123,
};

static bool
object_guarded(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		if (guarded[i] == tag)
			return true;
	}
	return false;
}

/* Tags that the application has a place for. */
static bool
object_known(const struct piv *piv, uint32_t tag)
{
	if (tag == TAG_DISCOVERY)
		return piv_has(piv, QUIRK_NO_YUBICO);
	if (tag == TAG_BIT_GROUP)
		return true;
	if (tag >= 0x5fc101 && tag <= 0x5fc123)
		return true;
	return tag >= 0x5fff00 && tag <= 0x5fff15 &&
	       !piv_has(piv, QUIRK_NO_YUBICO);
}

static struct piv_object *
object_find(const struct piv *piv, uint32_t tag)
{
	for (size_t i = 0; i < PIV_OBJECTS; i++) {
		if (piv->objects[i].content && piv->objects[i].tag == tag)
			return (struct piv_object *)&piv->objects[i];
	}
	return NULL;
}

static void
object_clear(struct piv_object *object)
{
	free(object->content);
	*object = (struct piv_object){ 0 };
}

bool
piv_object_put(struct piv *piv, uint32_t tag, struct span content)
{
	struct piv_object *object = object_find(piv, tag);
	uint8_t *copy;

	if (content.left == 0) {
		if (object)
			object_clear(object);
		return true;
	}
	for (size_t i = 0; i < PIV_OBJECTS && !object; i++) {
		if (!piv->objects[i].content)
			object = &piv->objects[i];
	}
	copy = object ? malloc(content.left) : NULL;
	if (!copy)
		return false;
	memcpy(copy, content.at, content.left);
	object_clear(object);
	*object = (struct piv_object){
		.tag = tag,
		.content = copy,
		.size = content.left,
	};
	return true;
}

bool
piv_object_get(const struct piv *piv, uint32_t tag, struct span *content)
{
	const struct piv_object *object = object_find(piv, tag);

	if (!object)
		return false;
	*content = span_of(object->content, object->size);
	return true;
}

void
piv_objects_clear(struct piv *piv)
{
	for (size_t i = 0; i < PIV_OBJECTS; i++)
		object_clear(&piv->objects[i]);
}

/* Part 1, 3.3.2: the AID and the PIN usage policy, without 53. */
static uint16_t
discovery_read(const struct piv *piv, struct pile *answer)
{
	uint8_t policy[2] = { 0x40, 0x00 };
	struct span stored;

	if (piv_has(piv, QUIRK_DISCOVERY_6A80))
		return SW_DATA;
	if (piv_has(piv, QUIRK_NO_DISCOVERY))
		return SW_NOT_FOUND;
	if (piv_object_get(piv, TAG_DISCOVERY, &stored)) {
		pile_tlv(answer, TAG_DISCOVERY, stored.at, stored.left);
		return SW_OK;
	}
	if (piv_has(piv, QUIRK_DISCOVERY_GLOBAL)) {
		policy[0] = 0x60;
		policy[1] = 0x20;
	} else if (piv_has(piv, QUIRK_METADATA_EMPTY)) {
		policy[1] = 0x10;
	}
	pile_header(answer, TAG_DISCOVERY, 18);
	pile_tlv(answer, 0x4f, piv_applet.aid, piv_applet.aid_size);
	pile_tlv(answer, 0x5f2f, policy, sizeof(policy));
	return SW_OK;
}

static uint16_t
object_absent(const struct piv *piv, struct pile *answer)
{
	if (piv_has(piv, QUIRK_ABSENT_EMPTY))
		return SW_OK;
	if (!piv_has(piv, QUIRK_ABSENT_5300))
		return SW_NOT_FOUND;
	pile_header(answer, 0x53, 0);
	return SW_OK;
}

static uint16_t
object_read(struct piv *piv, uint32_t tag, struct pile *answer)
{
	struct span content;
	bool present;

	if (tag == TAG_ATTESTATION && piv->version >= PIV_VERSION(4, 3, 0))
		(void)piv_attestation_ready(piv);
	present = piv_object_get(piv, tag, &content);
	if (object_guarded(tag) && !piv_pin_given(piv) &&
	    (present || piv_has(piv, QUIRK_PIN_BEFORE_ABSENT)))
		return SW_SECURITY;
	if (!present)
		return object_known(piv, tag) ? object_absent(piv, answer)
					      : SW_NOT_FOUND;
	if (tag == TAG_BIT_GROUP)
		pile_tlv(answer, tag, content.at, content.left);
	else
		pile_tlv(answer, 0x53, content.at, content.left);
	return SW_OK;
}

/* The tag list 5C holds one tag of 1 to 3 bytes. */
static bool
tag_list(struct span *data, uint32_t *tag)
{
	struct span list;
	uint32_t seen;

	if (!span_tlv(data, &seen, &list) || seen != 0x5c || list.left == 0 ||
	    list.left > 3)
		return false;
	*tag = span_number(&list, list.left);
	return true;
}

uint16_t
piv_get_data(struct piv *piv, const struct command *command,
	     struct pile *answer)
{
	struct span data = command->data;
	uint32_t tag;

	if (command->p1 != 0x3f || command->p2 != 0xff)
		return SW_P1P2;
	if (!tag_list(&data, &tag) || data.left > 0)
		return SW_DATA;
	if (tag == TAG_DISCOVERY)
		return discovery_read(piv, answer);
	return object_read(piv, tag, answer);
}

uint16_t
piv_put_data(struct piv *piv, const struct command *command)
{
	struct span data = command->data;
	struct span content;
	uint32_t tag, seen;

	if (command->p1 != 0x3f || command->p2 != 0xff)
		return SW_P1P2;
	if (!piv->management.authenticated)
		return SW_SECURITY;
	if (data.left > 0 && data.at[0] == 0x5c) {
		if (!tag_list(&data, &tag) ||
		    !span_tlv(&data, &seen, &content) || seen != 0x53)
			return SW_DATA;
	} else if (!span_tlv(&data, &tag, &content)) {
		return SW_DATA;
	}
	if (data.left > 0)
		return SW_DATA;
	if (!object_known(piv, tag))
		return SW_NOT_FOUND;
	if (content.left > piv->object_max)
		return SW_MEMORY;
	return piv_object_put(piv, tag, content) ? SW_OK : SW_MEMORY;
}
