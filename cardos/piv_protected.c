/* The management key that the PIN protects, so that the user may write: kept
 * in the printed information, or made of the PIN (Yubico's conventions). */
#include "piv.h"

#include "kdf.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

enum {
	TAG_ADMIN = 0x80,
	TAG_FLAGS = 0x81,
	TAG_SALT = 0x82,
	TAG_PROTECTED = 0x88,
	TAG_KEY = 0x89,
	FLAG_STORED = 0x02,
	SALT_SIZE = 16,
	ROUNDS = 10000,
	DERIVED_SIZE = 24,
	KEY_MAX = 32,
	ADMIN_MAX = 256,
};

static const struct cursor admin_object = PIV_BYTES(0x5F, 0xFF, 0x00);
static const struct cursor printed_object = PIV_BYTES(0x5F, 0xC1, 0x09);

/* What the card says of it; none of it is secret. */
struct admin_data {
	uint8_t flags;
	bool stored; /* in the printed information */
	bool derived;
	uint8_t salt[SALT_SIZE];
};

static CK_RV
admin_read(struct card_applet *a, struct admin_data *out)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content, body, flags, salt;
	CK_RV rv = piv_get_data(a, admin_object, APDU_ANSWER_MAX, &answer,
				&content);

	*out = (struct admin_data){ 0 };
	if (rv == CKR_OK && tlv_find(content, TAG_ADMIN, &body)) {
		if (tlv_find(body, TAG_FLAGS, &flags))
			out->flags = cursor_u8(&flags);
		out->stored = (out->flags & FLAG_STORED) != 0;
		if (tlv_find(body, TAG_SALT, &salt) &&
		    salt.left == SALT_SIZE) {
			cursor_copy(&salt, out->salt, SALT_SIZE);
			out->derived = !out->stored;
		}
	}
	builder_free(&answer);
	return applet_mute(a, rv) ? rv : CKR_OK;
}

/* The card gives it after VERIFY. */
static CK_RV
stored_read(struct card_applet *a, struct builder *key)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content, body, value;
	CK_RV rv = piv_get_data(a, printed_object, APDU_ANSWER_MAX, &answer,
				&content);

	if (rv == CKR_OK && tlv_find(content, TAG_PROTECTED, &body) &&
	    tlv_find(body, TAG_KEY, &value))
		builder_append(key, value);
	builder_free(&answer);
	return applet_mute(a, rv) ? rv : CKR_OK;
}

static CK_RV
derived_make(const struct admin_data *admin, struct cursor pin,
	     struct builder *key)
{
	return kdf_password(DIGEST_SHA1, pin,
			    cursor_of(admin->salt, SALT_SIZE), ROUNDS,
			    DERIVED_SIZE, key);
}

CK_RV
piv_protected_kept(struct card_applet *a, bool *kept)
{
	struct admin_data admin;
	CK_RV rv = admin_read(a, &admin);

	if (rv == CKR_OK)
		*kept = admin.stored;
	return rv;
}

/* The key stays empty when there is none. */
static CK_RV
protected_get(struct card_applet *a, struct builder *key)
{
	struct admin_data admin;
	CK_RV rv = admin_read(a, &admin);

	if (rv == CKR_OK && admin.stored)
		rv = stored_read(a, key);
	else if (rv == CKR_OK && admin.derived && a->kept != NULL)
		rv = derived_make(&admin,
				  cursor_of(secret_data(a->kept),
					    secret_size(a->kept)),
				  key);
	if (rv == CKR_OK && !builder_ok(key))
		builder_reset(key);
	return rv;
}

CK_RV
piv_admin_need(struct card_applet *a)
{
	const struct piv *piv = a->state;
	uint8_t bytes[KEY_MAX];
	struct builder key = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (a->by_so || piv->admin)
		return CKR_OK;
	rv = protected_get(a, &key);
	if (rv == CKR_OK && key.used > 0)
		rv = piv_admin_authenticate(a, builder_read(&key));
	else if (rv == CKR_OK)
		rv = CKR_USER_NOT_LOGGED_IN;
	mem_wipe(bytes, sizeof(bytes));
	if (rv != CKR_USER_NOT_LOGGED_IN && rv != CKR_PIN_INCORRECT)
		return rv;
	/* no refusal of the card's that another VERIFY would mend */
	a->sw = 0;
	log_line(LOG_ERROR,
		 "PIV: to write, log in as SO with the management key, or let "
		 "the PIN protect it (ykman piv access change-management-key "
		 "--protect)");
	return CKR_USER_NOT_LOGGED_IN;
}

/* The key that is kept is written again; one that was made of the PIN is not
 * any more, and what says so goes. The key has changed also when that fails. */
void
piv_protected_follow(struct card_applet *a, struct cursor key)
{
	uint8_t bytes[ADMIN_MAX], inner_bytes[ADMIN_MAX];
	struct builder content = builder_over(bytes, sizeof(bytes));
	struct builder inner = builder_over(inner_bytes, sizeof(inner_bytes));
	struct admin_data admin;
	CK_RV rv = admin_read(a, &admin);

	if (rv == CKR_OK && admin.stored) {
		tlv_put(&inner, TAG_KEY, key);
		tlv_put(&content, TAG_PROTECTED, builder_read(&inner));
		rv = piv_put_data(a, printed_object, builder_read(&content));
	} else if (rv == CKR_OK && admin.derived) {
		tlv_put(&inner, TAG_FLAGS, cursor_of(&admin.flags, 1));
		tlv_put(&content, TAG_ADMIN, builder_read(&inner));
		rv = piv_put_data(a, admin_object, builder_read(&content));
	}
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "PIV: the PIN protects an old key now");
	mem_wipe(bytes, sizeof(bytes));
	mem_wipe(inner_bytes, sizeof(inner_bytes));
}

/* In the same transaction as the change of the PIN, which stands whatever comes
 * of this. */
void
piv_derived_follow(struct card_applet *a, struct cursor old_pin,
		   struct cursor new_pin)
{
	uint8_t old_bytes[KEY_MAX], new_bytes[KEY_MAX];
	struct builder old_key = builder_over(old_bytes, sizeof(old_bytes));
	struct builder new_key = builder_over(new_bytes, sizeof(new_bytes));
	struct admin_data admin;
	CK_RV rv = admin_read(a, &admin);

	if (rv == CKR_OK && !admin.derived)
		return;
	if (rv != CKR_OK ||
	    (rv = derived_make(&admin, old_pin, &old_key)) ||
	    (rv = derived_make(&admin, new_pin, &new_key)) ||
	    (rv = piv_admin_authenticate(a, builder_read(&old_key))) ||
	    (rv = piv_admin_set(a, builder_read(&new_key))))
		log_line(LOG_ERROR, "PIV: the management key may be made of "
				    "the old PIN");
	mem_wipe(old_bytes, sizeof(old_bytes));
	mem_wipe(new_bytes, sizeof(new_bytes));
}
