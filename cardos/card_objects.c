/* The objects of a card token: listed at once, read when they are asked for. */
#include "cache.h"
#include "card_token.h"
#include "iso7816.h"
#include "log.h"

/* Under either lock, as all that follow but those in a transaction. */
struct card_object *
card_object_find(const struct card_token *t, uint64_t id)
{
	struct card_object *o = t->objects;

	while (o != NULL && o->id != id)
		o = o->next;
	return o;
}

/* Private objects are hidden while nobody is logged in; whether one is private
 * may be among what reading tells. */
bool
card_object_visible(const struct card_token *t, const struct card_object *o)
{
	const struct attr *private = attrs_find(&o->attrs, CKA_PRIVATE);

	if (o->state == CARD_OBJECT_ABSENT)
		return false;
	return t->login != LOGIN_NONE ||
	       (private != NULL && private->state == ATTR_UNREAD) ||
	       !attrs_bool(&o->attrs, CKA_PRIVATE, true);
}

/* Must the card be asked before this object is shown or left out? */
static bool
object_unread(const struct card_token *t, const struct card_object *o,
	      struct template match)
{
	if (o->state != CARD_OBJECT_LISTED || !card_object_visible(t, o))
		return false;
	if (o->pin_first && t->login == LOGIN_NONE)
		return false;
	return card_object_match(o, match) != MATCH_NO;
}

bool
card_objects_private(const struct card_token *t)
{
	bool seen = false;

	for (const struct card_object *o = t->objects; o != NULL; o = o->next) {
		if (attrs_bool(&o->attrs, CKA_PRIVATE, true) &&
		    o->state != CARD_OBJECT_ABSENT)
			return true;
		seen = true;
	}
	return !seen;
}

/* What cannot be forgotten for want of memory stays hidden. */
void
card_objects_hide(struct card_token *t)
{
	for (struct card_object *o = t->objects; o != NULL; o = o->next)
		if (o->state == CARD_OBJECT_READ &&
		    attrs_ulong(&o->attrs, CKA_CLASS, CKO_DATA) == CKO_DATA &&
		    attrs_bool(&o->attrs, CKA_PRIVATE, true))
			DROP(card_object_unread(o)); /* nobody to tell */
}

/* Gives the object what was read of it; what is left of FOUND is freed. */
static void
object_fill(struct card_object *o, struct card_object *found)
{
	struct card_object old = *o;

	while (found != NULL && found->id != o->id)
		found = found->next;
	if (found == NULL) {
		o->state = CARD_OBJECT_ABSENT;
		return;
	}
	o->state = CARD_OBJECT_READ;
	o->attrs = found->attrs;
	o->key = found->key;
	found->attrs = old.attrs;
	found->key = old.key;
}

/* In a transaction: publishes what a read told of a group. */
static void
group_publish(struct card_token *t, unsigned group, struct card_object *found)
{
	pthread_mutex_lock(&t->lock);
	for (struct card_object *o = t->objects; o != NULL; o = o->next)
		if (o->group == group)
			object_fill(o, found);
	pthread_mutex_unlock(&t->lock);
	card_objects_free(found);
}

/*
 * In a transaction: reads an object and its group. That something is not there
 * is believed only of the right applet. CKR_OBJECT_HANDLE_INVALID: absent.
 */
CK_RV
card_object_read(struct card_token *t, struct card_object *o)
{
	struct card_applet *a = t->applet;
	struct card_object *found = NULL;
	bool switched = false;
	CK_RV rv = a->driver->read(a, o, &found), guarded;

	if (rv != CKR_OK && !applet_mute(a, rv) && !a->proven) {
		guarded = applet_guard(a, &switched);
		if (guarded != CKR_OK)
			return guarded;
		if (switched)
			rv = a->driver->read(a, o, &found);
	}
	/* another program may have ended what the PIN allowed */
	if (rv == CKR_USER_NOT_LOGGED_IN && t->login == LOGIN_USER &&
	    card_login_renew(t) == CKR_OK)
		rv = a->driver->read(a, o, &found);
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		group_publish(t, o->group, found);
	if (rv == CKR_USER_NOT_LOGGED_IN) {
		pthread_mutex_lock(&t->lock);
		o->pin_first = true;
		pthread_mutex_unlock(&t->lock);
	}
	if (rv == CKR_OK && o->state != CARD_OBJECT_READ)
		return CKR_OBJECT_HANDLE_INVALID;
	return rv;
}

/* In a transaction. */
static CK_RV
object_list_read(struct card_token *t)
{
	struct card_applet *a = t->applet;
	struct card_object *list = NULL;
	CK_RV rv;

	if (t->listed)
		return CKR_OK;
	/* what is kept of a card is found by its serial number */
	if (a->cache != NULL && *a->cache != '\0') {
		rv = card_token_identify(t);
		if (rv != CKR_OK)
			return rv;
	}
	rv = a->driver->list(a, t->pin_index, CK_UNAVAILABLE_INFORMATION,
			     &list);
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	t->objects = list;
	t->listed = true;
	pthread_mutex_unlock(&t->lock);
	return CKR_OK;
}

/* Anything but a card that has gone is the login's to find. */
CK_RV
card_objects_prove(struct card_token *t)
{
	struct card_applet *a = t->applet;
	struct card_object *o;
	CK_RV rv;

	if (a->proven || !cache_on(a))
		return CKR_OK;
	rv = object_list_read(t);
	if (rv != CKR_OK)
		return rv;
	for (o = t->objects; o != NULL; o = o->next)
		if (o->state == CARD_OBJECT_LISTED && !o->pin_first)
			break;
	if (o == NULL || !cache_has(a, o->group))
		return CKR_OK;
	rv = card_object_read(t, o);
	return rv == CKR_DEVICE_REMOVED || rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* In a transaction: takes what LIST has more than the token; an object that is
 * known stays as it is. */
static void
objects_merge(struct card_token *t, struct card_object *list)
{
	struct card_object **end = &t->objects, *next;

	while (*end != NULL)
		end = &(*end)->next;
	for (; list != NULL; list = next) {
		next = list->next;
		list->next = NULL;
		if (card_object_find(t, list->id) != NULL) {
			card_objects_free(list);
			continue;
		}
		*end = list;
		end = &list->next;
	}
}

/* In a transaction: what there may be of data, once. */
static CK_RV
data_list_read(struct card_token *t)
{
	struct card_applet *a = t->applet;
	struct card_object *list = NULL;
	CK_RV rv = object_list_read(t);

	if (rv != CKR_OK || t->data_listed)
		return rv;
	rv = a->driver->list(a, t->pin_index, CKO_DATA, &list);
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	objects_merge(t, list);
	t->data_listed = true;
	pthread_mutex_unlock(&t->lock);
	return CKR_OK;
}

/* In a transaction: reads all that may match. An object that cannot be read
 * does not keep the others from being found. */
static CK_RV
search_read(struct card_token *t, struct template match)
{
	bool data = card_object_data_named(match);
	CK_RV rv = data ? data_list_read(t) : object_list_read(t);

	if (rv != CKR_OK)
		return rv;
	for (struct card_object *o = t->objects; o != NULL; o = o->next) {
		if (!object_unread(t, o, match))
			continue;
		rv = card_object_read(t, o);
		if (rv == CKR_HOST_MEMORY || applet_mute(t->applet, rv))
			return rv;
	}
	return CKR_OK;
}

static bool
search_unread(struct card_token *t, struct template match)
{
	bool unread;

	pthread_mutex_lock(&t->lock);
	unread = card_object_data_named(match) ? !t->data_listed : !t->listed;
	for (struct card_object *o = t->objects; o != NULL; o = o->next)
		unread = unread || object_unread(t, o, match);
	pthread_mutex_unlock(&t->lock);
	return unread;
}

static CK_RV
search_collect(struct card_token *t, struct template match, struct ids *found)
{
	CK_RV rv = CKR_OK;

	pthread_mutex_lock(&t->lock);
	for (struct card_object *o = t->objects; o != NULL; o = o->next) {
		if (o->state != CARD_OBJECT_READ ||
		    !card_object_visible(t, o) ||
		    card_object_match(o, match) != MATCH_YES)
			continue;
		rv = ids_add(found, o->id);
		if (rv != CKR_OK)
			break;
	}
	pthread_mutex_unlock(&t->lock);
	return rv;
}

CK_RV
card_search(struct token *token, struct template match, struct ids *found)
{
	struct card_token *t = card_token_of(token);
	CK_RV rv;

	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	if (search_unread(t, match)) {
		rv = card_token_begin(t);
		if (rv == CKR_OK)
			rv = card_end(t->card, search_read(t, match));
		if (rv != CKR_OK)
			return rv;
	}
	return search_collect(t, match, found);
}

/* Makes sure that an object is read, unless all that is asked for is known. */
CK_RV
card_object_need(struct card_token *t, uint64_t id, struct template wanted)
{
	struct card_object *o;
	bool needed;
	CK_RV rv;

	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	needed = o != NULL && o->state == CARD_OBJECT_LISTED &&
		 card_object_visible(t, o) &&
		 (wanted.list == NULL ||
		  attrs_unread(&o->attrs, wanted.list, wanted.count));
	pthread_mutex_unlock(&t->lock);
	if (!needed)
		return CKR_OK;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, card_object_read(t, o));
}

/* In a transaction: the attestation becomes an attribute of its key, unless
 * there is none. */
static CK_RV
object_attest(struct card_token *t, uint64_t id)
{
	struct builder der = builder_heap(CERTIFICATE_MAX);
	struct card_object *o = card_object_find(t, id);
	CK_RV rv = CKR_ATTRIBUTE_TYPE_INVALID;

	if (o != NULL && o->state == CARD_OBJECT_READ)
		rv = t->applet->driver->attest(t->applet, o, &der);
	if (rv == CKR_OK) {
		pthread_mutex_lock(&t->lock);
		rv = attrs_set(&o->attrs, SIGNET_ATTESTATION,
			       builder_read(&der));
		pthread_mutex_unlock(&t->lock);
	}
	builder_free(&der);
	return rv == CKR_ATTRIBUTE_TYPE_INVALID ? CKR_OK : rv;
}

/* Reads the attestation of a private key that is to be seen, when it is asked
 * for by its type. */
static CK_RV
attestation_need(struct card_token *t, uint64_t id, struct template wanted)
{
	struct card_object *o;
	bool needed;
	CK_RV rv;

	if (t->applet->driver->attest == NULL ||
	    template_find(wanted.list, wanted.count, SIGNET_ATTESTATION) ==
		    NULL)
		return CKR_OK;
	rv = card_object_need(t, id, (struct template){ 0 });
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	needed = o != NULL && card_object_visible(t, o) &&
		 o->key.public_key != NULL &&
		 attrs_find(&o->attrs, SIGNET_ATTESTATION) == NULL;
	pthread_mutex_unlock(&t->lock);
	if (!needed)
		return CKR_OK;
	rv = card_token_begin(t);
	return rv != CKR_OK ? rv : card_end(t->card, object_attest(t, id));
}

CK_RV
card_attributes_get(struct token *token, uint64_t id, CK_ATTRIBUTE *list,
		    CK_ULONG count)
{
	struct card_token *t = card_token_of(token);
	struct card_object *o;
	CK_RV rv;

	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	rv = card_object_need(t, id, (struct template){ list, count });
	if (rv == CKR_OK)
		rv = attestation_need(t, id, (struct template){ list, count });
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	if (o == NULL || !card_object_visible(t, o))
		rv = CKR_OBJECT_HANDLE_INVALID;
	else
		rv = attrs_answer(&o->attrs, list, count);
	pthread_mutex_unlock(&t->lock);
	return rv;
}

struct card_object *
card_object_get(struct card_token *t, uint64_t id)
{
	struct card_object *o = card_object_find(t, id);

	return o != NULL && card_object_visible(t, o) ? o : NULL;
}

uint64_t
card_object_half(struct card_token *t, uint64_t id, CK_OBJECT_CLASS class)
{
	const struct card_object *found = card_object_find(t, id);

	for (struct card_object *o = t->objects; found != NULL && o != NULL;
	     o = o->next)
		if (o->group == found->group &&
		    attrs_ulong(&o->attrs, CKA_CLASS, CKO_DATA) == class)
			return o->id;
	return 0;
}

/* In a transaction: an object that is not in the list may be in a new one. */
static CK_RV
objects_complete(struct card_token *t, uint64_t id, CK_OBJECT_CLASS class)
{
	struct card_applet *a = t->applet;
	struct card_object *list = NULL;
	CK_RV rv = object_list_read(t);

	if (rv != CKR_OK || card_object_find(t, id) != NULL)
		return rv;
	rv = a->driver->list(a, t->pin_index, class, &list);
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	objects_merge(t, list);
	pthread_mutex_unlock(&t->lock);
	return CKR_OK;
}

static CK_RV
group_forget(struct card_token *t, unsigned group)
{
	CK_RV rv = CKR_OK;

	cache_drop(t->applet, group);
	pthread_mutex_lock(&t->lock);
	for (struct card_object *o = t->objects; o != NULL; o = o->next)
		if (o->group == group && rv == CKR_OK)
			rv = card_object_unread(o);
	pthread_mutex_unlock(&t->lock);
	return rv;
}

CK_RV
card_objects_written(struct card_token *t, uint64_t id, CK_OBJECT_CLASS class)
{
	CK_RV rv = objects_complete(t, id, class);
	struct card_object *o = card_object_find(t, id);

	if (rv != CKR_OK || o == NULL)
		return rv;
	pthread_mutex_lock(&t->lock);
	if (class == CKO_PRIVATE_KEY)
		t->identity.keyless = false;
	pthread_mutex_unlock(&t->lock);
	return group_forget(t, o->group);
}

/* What cannot be forgotten for want of memory is read anew some other day. */
void
card_objects_reset(struct card_token *t)
{
	for (struct card_object *o = t->objects; o != NULL; o = o->next)
		DROP(group_forget(t, o->group));
}
