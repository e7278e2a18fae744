/* The data objects of the simulated PIV application. */
#include "piv.h"

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
	if (store_get(&piv->objects, TAG_DISCOVERY, &stored)) {
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
	present = store_get(&piv->objects, tag, &content);
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
	return store_put(&piv->objects, tag, content) ? SW_OK : SW_MEMORY;
}
