/* What changes a card: objects written and removed, keys made, a PIN set by the
 * security officer, the reset. */
#include "card_write.h"

#include "card_token.h"
#include "iso7816.h"
#include "log.h"

/* One change, made in one transaction after all that could be judged was. */
struct change {
	CK_RV (*make)(struct card_applet *a, const struct change *change);
	struct card_new *new;		  /* to be written or generated */
	const struct card_object *object; /* to be removed or moved */
	struct cursor cka_id;
	struct cursor pin; /* the new one of PIN_INDEX */
	size_t pin_index;
	uint64_t *id; /* where it goes, or has gone */
};

static CK_RV
change_write(struct card_applet *a, const struct change *change)
{
	return a->driver->write(a, change->new, *change->id);
}

static CK_RV
change_generate(struct card_applet *a, const struct change *change)
{
	return a->driver->generate(a, change->new, *change->id);
}

static CK_RV
change_remove(struct card_applet *a, const struct change *change)
{
	return a->driver->remove(a, change->object);
}

static CK_RV
change_move(struct card_applet *a, const struct change *change)
{
	return a->driver->move(a, change->object, change->cka_id, change->id);
}

static CK_RV
change_pin(struct card_applet *a, const struct change *change)
{
	return a->driver->pin_init(a, change->pin_index, change->pin);
}

/* What of a card's refusals may be answered to a change. */
static CK_RV
change_refusal(CK_RV rv)
{
	switch (rv) {
	case CKR_FUNCTION_REJECTED:
	case CKR_USER_PIN_NOT_INITIALIZED:
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_DATA_INVALID:
	case CKR_DATA_LEN_RANGE:
	case CKR_PIN_INCORRECT:
	case CKR_PIN_LOCKED:
		return CKR_DEVICE_ERROR;
	default:
		return rv;
	}
}

/* Without a login nothing is sent. */
static CK_RV
change_allowed(struct card_token *t)
{
	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	if (card_login_state(&t->token) == LOGIN_NONE)
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

/* In a transaction: proves the applet, and that who is logged in still is. */
static CK_RV
change_prepare(struct card_token *t)
{
	bool switched;
	CK_RV rv = applet_guard(t->applet, &switched);

	t->applet->by_so = t->login == LOGIN_SO;
	t->wrote = true;
	if (rv != CKR_OK)
		return rv;
	if (!switched && t->verified_in == t->card->generation)
		return CKR_OK;
	return card_login_renew(t);
}

/* In a transaction. The PIN is not there any more when it ends. */
static CK_RV
change_try(struct card_token *t, const struct change *change)
{
	CK_RV rv;

	t->applet->kept = t->pin;
	rv = change->make(t->applet, change);
	t->applet->kept = NULL;
	return rv;
}

/* In a transaction. The applet may be the right one and yet have been left in
 * the meantime: it has forgotten then. */
static CK_RV
change_make(struct card_token *t, const struct change *change)
{
	struct card_applet *a = t->applet;
	CK_RV rv = change_prepare(t);

	if (rv != CKR_OK)
		return rv;
	rv = change_try(t, change);
	if (rv != CKR_USER_NOT_LOGGED_IN ||
	    !sw_listed(a->driver->pin_wanted, a->sw))
		return change_refusal(rv);
	rv = card_login_renew(t);
	return rv != CKR_OK ? rv : change_refusal(change_try(t, change));
}

/* In a transaction, with what became of a change: the object is to be found
 * anew, also when it failed half way and may have taken away what was there. */
static CK_RV
change_settle(struct card_token *t, uint64_t id, CK_OBJECT_CLASS class,
	      CK_RV rv)
{
	CK_RV forgotten = card_objects_written(t, id, class);

	return rv != CKR_OK ? rv : forgotten;
}

/* In a transaction: judges a new object, writes it, and finds it again. */
static CK_RV
change_place(struct card_token *t, const struct change *change)
{
	struct card_applet *a = t->applet;
	CK_RV rv;

	if (t->login == LOGIN_NONE)
		return CKR_USER_NOT_LOGGED_IN;
	rv = a->driver->place(a, change->new, change->id);
	if (rv != CKR_OK)
		return change_refusal(rv);
	rv = change_make(t, change);
	return change_settle(t, *change->id, change->new->class, rv);
}

CK_RV
card_create(struct token *token, struct template object, uint64_t *id)
{
	struct card_token *t = card_token_of(token);
	const struct card_driver *driver = t->applet->driver;
	struct card_new new = { 0 };
	uint64_t made = 0;
	const struct change change = { .make = change_write,
				       .new = &new,
				       .id = &made };
	CK_RV rv;

	if (driver->write == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = change_allowed(t);
	if (rv == CKR_OK)
		rv = card_new_object(driver, object, &new);
	if (rv != CKR_OK)
		return rv;
	rv = card_token_begin(t);
	if (rv == CKR_OK)
		rv = card_end(t->card, change_place(t, &change));
	card_new_end(&new);
	if (rv == CKR_OK)
		*id = made;
	return rv;
}

CK_RV
card_generate_pair(struct token *token, const CK_MECHANISM *mechanism,
		   struct template public_key, struct template private_key,
		   uint64_t *public_id, uint64_t *private_id)
{
	struct card_token *t = card_token_of(token);
	struct card_new new = { 0 };
	uint64_t made = 0, half = 0;
	const struct change change = { .make = change_generate,
				       .new = &new,
				       .id = &made };
	CK_RV rv;

	if (t->applet->driver->generate == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = change_allowed(t);
	if (rv == CKR_OK)
		rv = card_new_pair(t->applet->driver, mechanism, public_key,
				   private_key, &new);
	if (rv == CKR_OK)
		rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	rv = change_place(t, &change);
	if (rv == CKR_OK)
		half = card_object_half(t, made, CKO_PUBLIC_KEY);
	rv = card_end(t->card, rv);
	if (rv != CKR_OK)
		return rv;
	*public_id = half;
	*private_id = made;
	return CKR_OK;
}

/* In a transaction. */
static CK_RV
destroy(struct card_token *t, uint64_t id)
{
	struct change change = { .make = change_remove,
				 .object = card_object_get(t, id) };
	CK_OBJECT_CLASS class;

	if (change.object == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	if (!attrs_bool(&change.object->attrs, CKA_DESTROYABLE, true))
		return CKR_ACTION_PROHIBITED;
	class = attrs_ulong(&change.object->attrs, CKA_CLASS, CKO_DATA);
	return change_settle(t, id, class, change_make(t, &change));
}

CK_RV
card_destroy(struct token *token, uint64_t id)
{
	struct card_token *t = card_token_of(token);
	CK_RV rv;

	if (t->applet->driver->remove == NULL)
		return CKR_ACTION_PROHIBITED;
	rv = change_allowed(t);
	if (rv == CKR_OK)
		rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, destroy(t, id));
}

/* In a transaction: an object that has moved is to be found anew. What is in it
 * has to be known before, as its new place may not tell. */
static CK_RV
move(struct card_token *t, uint64_t id, struct cursor cka_id)
{
	struct card_object *o = card_object_get(t, id);
	uint64_t moved = id;
	struct change change = { .make = change_move,
				 .object = o,
				 .cka_id = cka_id,
				 .id = &moved };
	CK_OBJECT_CLASS class;
	CK_RV rv = CKR_OK;

	if (o == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	if (o->state == CARD_OBJECT_LISTED)
		rv = card_object_read(t, o);
	if (rv != CKR_OK)
		return rv;
	class = attrs_ulong(&o->attrs, CKA_CLASS, CKO_DATA);
	rv = change_make(t, &change);
	if (rv == CKR_OK && moved == id)
		return rv;
	rv = change_settle(t, id, class, rv);
	return rv != CKR_OK ? rv : card_objects_written(t, moved, class);
}

/* The value that an object has already is no change. */
static CK_RV
attribute_settable(struct token *token, uint64_t id, const CK_ATTRIBUTE *a)
{
	struct template match = { a, 1 };
	struct ids found = { 0 };
	CK_RV rv = card_search(token, match, &found);
	bool same = false;

	for (size_t i = 0; i < found.count; i++)
		same = same || found.list[i] == id;
	ids_free(&found);
	if (rv != CKR_OK)
		return rv;
	return same ? CKR_OK : CKR_ATTRIBUTE_READ_ONLY;
}

/* In a transaction: other content for a data object. */
static CK_RV
rewrite(struct card_token *t, uint64_t id, struct cursor value)
{
	struct card_new new = { .class = CKO_DATA, .value = value };
	const struct change change = { .make = change_write,
				       .new = &new,
				       .id = &id };

	if (card_object_get(t, id) == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	return change_settle(t, id, CKO_DATA, change_make(t, &change));
}

/* What a card can change: the place of a key, what is in data. */
static bool
is_changeable(const struct card_driver *driver, CK_OBJECT_CLASS class,
	      CK_ATTRIBUTE_TYPE type)
{
	if (class == CKO_DATA)
		return type == CKA_VALUE && driver->write != NULL;
	return type == CKA_ID && driver->move != NULL;
}

/* In a transaction. */
static CK_RV
attribute_change(struct card_token *t, uint64_t id, const CK_ATTRIBUTE *a)
{
	struct cursor value = cursor_of(a->pValue, a->ulValueLen);

	return a->type == CKA_ID ? move(t, id, value) : rewrite(t, id, value);
}

static CK_RV
attributes_set(struct token *token, uint64_t id, struct template changes)
{
	struct card_token *t = card_token_of(token);
	CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
	CK_ATTRIBUTE asked = { CKA_CLASS, &class, sizeof(class) };
	const CK_ATTRIBUTE *to = NULL;
	CK_RV rv = change_allowed(t);

	if (rv == CKR_OK)
		rv = card_attributes_get(token, id, &asked, 1);
	for (CK_ULONG i = 0; rv == CKR_OK && i < changes.count; i++) {
		if (is_changeable(t->applet->driver, class,
				  changes.list[i].type))
			to = &changes.list[i];
		else
			rv = attribute_settable(token, id, &changes.list[i]);
	}
	if (rv != CKR_OK || to == NULL)
		return rv;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, attribute_change(t, id, to));
}

/* "Calling C_SetAttributeValue on such objects will result in the
 * CKR_ACTION_PROHIBITED error code" (5.7.6). */
CK_RV
card_attributes_set(struct token *token, uint64_t id, struct template changes)
{
	CK_BBOOL modifiable = CK_TRUE;
	CK_ATTRIBUTE a = { CKA_MODIFIABLE, &modifiable, sizeof(modifiable) };
	CK_RV rv = attributes_set(token, id, changes);

	if (rv != CKR_ATTRIBUTE_READ_ONLY ||
	    card_attributes_get(token, id, &a, 1) != CKR_OK)
		return rv;
	return modifiable == CK_FALSE ? CKR_ACTION_PROHIBITED : rv;
}

/* In a transaction. What was known of the card is not so any more. */
static CK_RV
init(struct card_token *t, struct cursor so_pin)
{
	struct card_applet *a = t->applet;
	bool switched;
	CK_RV rv = applet_guard(a, &switched);

	if (rv == CKR_OK)
		rv = a->driver->reset(a, so_pin);
	if (rv != CKR_OK)
		return rv;
	card_objects_reset(t);
	a->identified = false;
	pthread_mutex_lock(&t->lock);
	t->identified = false;
	t->looked = false;
	t->tries = (struct card_pin_status){ 0 };
	t->so_tries = (struct card_pin_status){ 0 };
	pthread_mutex_unlock(&t->lock);
	log_line(LOG_INFO, "%s: reset", a->driver->name);
	return CKR_OK;
}

/* A card keeps no label of ours. */
CK_RV
card_init(struct token *token, struct cursor so_pin, struct cursor label)
{
	struct card_token *t = card_token_of(token);
	CK_RV rv;

	(void)label;
	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	if (t->applet->driver->reset == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (so_pin.at == NULL || !card_pin_sendable(t, CARD_PIN_SO, so_pin))
		return CKR_PIN_INCORRECT;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, init(t, so_pin));
}

CK_RV
card_pin_init(struct token *token, struct cursor new_pin)
{
	struct card_token *t = card_token_of(token);
	const struct card_pin *pin = card_token_pin(t);
	const struct change change = { .make = change_pin,
				       .pin = new_pin,
				       .pin_index = t->pin_index };
	const struct card_pin_status anew = { 0 }; /* all tries are there */
	CK_RV rv;

	if (t->applet->driver->pin_init == NULL || new_pin.at == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (new_pin.left < pin->min || new_pin.left > pin->max)
		return CKR_PIN_LEN_RANGE;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	if (t->login != LOGIN_SO)
		return card_end(t->card, CKR_USER_NOT_LOGGED_IN);
	rv = change_make(t, &change);
	if (rv == CKR_OK)
		card_pin_seen(t, t->pin_index, &anew);
	return card_end(t->card, rv);
}
