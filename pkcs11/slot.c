/* C_GetSlotList and C_GetSlotInfo, and what a slot is called. */
#include "slot.h"

#include <string.h>

#include "module.h"

enum { TEXT_MAX = READER_NAME_MAX + APPLET_NAME_SIZE + 8 };

/* What tells this slot from others of the same reader. */
static void
suffix(const struct slot *slot, struct builder *out)
{
	if (slot->reader == NULL) {
		builder_text(out, slot->serial);
	} else if (slot->applet_name[0] != '\0') {
		builder_text(out, " (");
		builder_text(out, slot->applet_name);
		builder_text(out, ")");
	} else if (slot->applet > 0) {
		builder_text(out, " (");
		builder_u8(out, (uint8_t)('1' + slot->applet));
		builder_text(out, ")");
	}
}

static const char *
stem(const struct slot *slot)
{
	return slot->reader == NULL ? "Software token "
				    : slot->reader->state.name;
}

bool
slot_hidden(const struct slots *slots, const struct slot *slot)
{
	char text[TEXT_MAX] = { 0 };
	struct builder out = builder_over(text, sizeof(text) - 1);

	if (slots->config->slots_hide[0] == '\0')
		return false;
	builder_text(&out, stem(slot));
	suffix(slot, &out);
	return config_listed(slots->config->slots_hide, text);
}

/* A reader's name that is too long is cut, never the applet's. */
void
slot_describe(const struct slot *slot, CK_SLOT_INFO *info)
{
	static const char maker[] = "signet";
	uint8_t end[APPLET_NAME_SIZE + 8];
	uint8_t text[sizeof(info->slotDescription)];
	struct builder tail = builder_over(end, sizeof(end));
	struct builder out = builder_over(text, sizeof(text));
	size_t name = strlen(stem(slot)), room;

	suffix(slot, &tail);
	room = sizeof(text) - tail.used;
	text_pad(builder_space(&out, name < room ? name : room),
		 name < room ? name : room, cursor_of(stem(slot), name));
	builder_append(&out, builder_read(&tail));
	text_pad(info->slotDescription, sizeof(info->slotDescription),
		 builder_read(&out));
	text_pad(info->manufacturerID, sizeof(info->manufacturerID),
		 cursor_of(maker, sizeof(maker) - 1));
}

static CK_RV
get_list(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count)
{
	struct slots *slots = module_slots();
	CK_ULONG room, found;
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = slots_refresh(slots, list == NULL);
	if (rv != CKR_OK)
		return rv;
	room = list == NULL ? 0 : *count;
	found = slots_list(slots, token_present != CK_FALSE, list, room);
	*count = found;
	return list != NULL && found > room ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV
C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__, get_list(token_present, slots, count));
}

CK_RV
C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return module_leave(__func__, CKR_ARGUMENTS_BAD);
	return module_leave(__func__, slots_info(module_slots(), slot, info));
}
