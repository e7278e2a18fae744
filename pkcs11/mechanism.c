/* C_GetMechanismList and C_GetMechanismInfo. */
#include "mechanism.h"

#include "crypto.h"
#include "message.h"
#include "module.h"
#include "slots.h"

/* What the host does with public keys of any token. */
#define PUBLIC_FLAGS \
	((CK_FLAGS)(CKF_VERIFY | CKF_VERIFY_RECOVER | CKF_ENCRYPT | CKF_WRAP))

/* How a mechanism of key pairs works; NULL for others. */
static const struct scheme_row *
row_find(CK_MECHANISM_TYPE type)
{
	size_t count, i;
	const struct scheme_row *rows = scheme_rows(&count);

	for (i = 0; i < count; i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

static struct mechanism *
find(struct mechanism *list, size_t count, CK_MECHANISM_TYPE type)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].type == type)
			return &list[i];
	}
	return NULL;
}

/* Signatures of bare digests come of one part. */
static bool
is_single(CK_MECHANISM_TYPE type)
{
	const struct scheme_row *row = row_find(type);

	return row != NULL && row->digest == DIGEST_NONE &&
	       !scheme_whole(row->kind);
}

/* What C_MessageEncryptInit and its like can do with a mechanism that does
 * this much with C_EncryptInit and its like. */
static CK_FLAGS
message_flags(const struct mechanism *m)
{
	CK_FLAGS flags = 0;

	if (aead_is(m->type) && (m->info.flags & CKF_ENCRYPT))
		flags |= CKF_MESSAGE_ENCRYPT;
	if (aead_is(m->type) && (m->info.flags & CKF_DECRYPT))
		flags |= CKF_MESSAGE_DECRYPT;
	if (message_signs(m->type) && (m->info.flags & CKF_SIGN))
		flags |= CKF_MESSAGE_SIGN;
	if (message_signs(m->type) && (m->info.flags & CKF_VERIFY))
		flags |= CKF_MESSAGE_VERIFY;
	if (flags != 0 && !is_single(m->type))
		flags |= CKF_MULTI_MESSAGE;
	return flags;
}

static size_t
token_list(struct token *t, struct mechanism *list, size_t room)
{
	size_t count = t->ops->mechanisms(t, list, room);

	return count < room ? count : room;
}

/* The host adds its digests, and its work with public keys to what the token
 * does with private ones. A mechanism that is there for public keys alone is
 * not listed: NSS goes by the list, not by the flags, and would sign with it.
 * Gives how many there are. */
static size_t
mechanism_list(struct presence *p, struct mechanism list[static MECHANISMS_MAX])
{
	struct mechanism host[MECHANISMS_MAX];
	size_t hosts = token_list(p->host, host, MECHANISMS_MAX);
	size_t count = token_list(p->token, list, MECHANISMS_MAX), i;

	for (i = 0; i < hosts; i++) {
		CK_FLAGS digests = host[i].info.flags & CKF_DIGEST;
		struct mechanism *own = find(list, count, host[i].type);

		if (own != NULL && row_find(own->type) != NULL) {
			own->info.flags |= host[i].info.flags & PUBLIC_FLAGS;
		} else if (own == NULL && digests != 0 &&
			   count < MECHANISMS_MAX) {
			list[count] = host[i];
			list[count++].info.flags = digests;
		}
	}
	for (i = 0; i < count; i++)
		list[i].info.flags |= message_flags(&list[i]);
	return count;
}

CK_RV
mechanism_check(struct presence *p, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	struct mechanism list[MECHANISMS_MAX];
	size_t count = mechanism_list(p, list);
	const struct mechanism *m = find(list, count, type);

	if (m == NULL || (m->info.flags & flags) != flags)
		return CKR_MECHANISM_INVALID;
	return CKR_OK;
}

/* What a card can do is known when it was looked at once. */
static size_t
looked_list(struct presence *p, struct mechanism list[static MECHANISMS_MAX])
{
	CK_TOKEN_INFO info;

	/* one that cannot be looked at has what others of its kind have */
	DROP(p->token->ops->info(p->token, &info));
	return mechanism_list(p, list);
}

static CK_RV
get_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
	struct mechanism list[MECHANISMS_MAX];
	struct presence *p;
	CK_ULONG room, found, i;
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = slots_token(module_slots(), slot, &p);
	if (rv != CKR_OK)
		return rv;
	found = looked_list(p, list);
	presence_unref(p);
	room = *count;
	*count = found;
	if (types == NULL)
		return CKR_OK;
	if (room < found)
		return CKR_BUFFER_TOO_SMALL;
	for (i = 0; i < found; i++)
		types[i] = list[i].type;
	return CKR_OK;
}

CK_RV
C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms,
		   CK_ULONG *count)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__, get_list(slot, mechanisms, count));
}

static CK_RV
get_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	struct mechanism list[MECHANISMS_MAX];
	const struct mechanism *m;
	struct presence *p;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = slots_token(module_slots(), slot, &p);
	if (rv != CKR_OK)
		return rv;
	m = find(list, looked_list(p, list), type);
	presence_unref(p);
	if (m == NULL)
		return CKR_MECHANISM_INVALID;
	*info = m->info;
	return CKR_OK;
}

CK_RV
C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
		   CK_MECHANISM_INFO *info)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__, get_info(slot, type, info));
}
