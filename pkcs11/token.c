/* C_GetTokenInfo, and the functions that make tokens and PINs. */
#include "token.h"

#include "data.h"
#include "module.h"
#include "rules.h"
#include "session.h"
#include "slots.h"

enum { LABEL_SIZE = 32 };

/* What only we know of a token: its sessions, the host's generator, that a
 * session has room for an operation of each kind, and that saved states keep
 * their keys. */
static void
info_complete(struct presence *p, CK_TOKEN_INFO *info)
{
	lock_take(&p->lock);
	info->ulSessionCount = p->session_count;
	info->ulRwSessionCount = p->rw_count;
	lock_give(&p->lock);
	info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	info->flags |= CKF_RNG | CKF_DUAL_CRYPTO_OPERATIONS |
		       CKF_RESTORE_KEY_NOT_NEEDED;
}

static CK_RV
get_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct slots *slots = module_slots();
	CK_TOKEN_INFO own = { 0 };
	struct presence *p;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = slots_token(slots, slot, &p);
	if (rv != CKR_OK)
		return rv;
	rv = p->token->ops->info(p->token, &own);
	if (rv == CKR_OK) {
		info_complete(p, &own);
		*info = own;
	} else if (rv == CKR_DEVICE_REMOVED) {
		slots_lost(slots, p);
	}
	presence_unref(p);
	return rv;
}

CK_RV
C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__, get_info(slot, info));
}

static CK_RV
init_token(CK_SLOT_ID slot, const CK_UTF8CHAR *pin, CK_ULONG pin_len,
	   const CK_UTF8CHAR *label)
{
	struct slots *slots = module_slots();
	struct cursor so_pin;
	struct presence *p;
	CK_RV rv;

	if (label == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = slots_token(slots, slot, &p);
	if (rv != CKR_OK)
		return rv;
	rv = data_pin(p->token, pin, pin_len, CKR_PIN_INCORRECT, &so_pin);
	if (rv == CKR_OK)
		rv = presence_init(p, so_pin, cursor_of(label, LABEL_SIZE));
	if (rv == CKR_DEVICE_REMOVED)
		slots_lost(slots, p);
	presence_unref(p);
	return rv;
}

CK_RV
C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG pin_len,
	    CK_UTF8CHAR *label)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__, init_token(slot, pin, pin_len, label));
}

/* A PIN changes when nobody logs in or out. */
static CK_RV
init_pin(struct session *s, const CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
	struct presence *p = s->presence;
	struct token *t = p->token;
	struct cursor new_pin;
	CK_RV rv;

	if (session_state(s) != CKS_RW_SO_FUNCTIONS)
		return CKR_USER_NOT_LOGGED_IN;
	if (t->ops->pin_init == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = data_pin(t, pin, pin_len, CKR_PIN_LEN_RANGE, &new_pin);
	if (rv != CKR_OK)
		return rv;
	lock_take(&p->login_lock);
	rv = t->ops->pin_init(t, new_pin);
	lock_give(&p->login_lock);
	return rv;
}

CK_RV
C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, init_pin(s, pin, pin_len));
}

static CK_RV
set_pin(struct session *s, struct cursor old_pin, struct cursor new_pin)
{
	struct presence *p = s->presence;
	struct token *t = p->token;
	CK_RV rv;

	if (t->ops->pin_change == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	lock_take(&p->login_lock);
	rv = t->ops->pin_change(t, old_pin, new_pin);
	lock_give(&p->login_lock);
	return rv;
}

CK_RV
C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old_pin, CK_ULONG old_pin_len,
	 CK_UTF8CHAR *new_pin, CK_ULONG new_pin_len)
{
	struct cursor old_one, new_one;
	struct session *s;
	struct token *t;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = writing_check(s);
	if (rv != CKR_OK)
		return session_leave(__func__, s, rv);
	t = s->presence->token;
	rv = data_pin(t, old_pin, old_pin_len, CKR_PIN_INCORRECT, &old_one);
	if (rv == CKR_OK)
		rv = data_pin(t, new_pin, new_pin_len, CKR_PIN_LEN_RANGE,
			      &new_one);
	if (rv == CKR_OK)
		rv = set_pin(s, old_one, new_one);
	return session_leave(__func__, s, rv);
}
