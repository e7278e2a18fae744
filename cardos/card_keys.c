/* The private keys of a card token, as those who use one have them. */
#include "cache.h"
#include "card_token.h"

CK_RV
card_key_get(struct card_token *t, uint64_t id, struct card_key *key)
{
	struct card_object *o;
	CK_RV rv = card_object_need(t, id, (struct template){ 0 });

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	if (o == NULL || !card_object_visible(t, o)) {
		rv = CKR_KEY_HANDLE_INVALID;
	} else if (o->key.public_key == NULL) {
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	} else {
		*key = o->key;
		key->public_key = pubkey_ref(o->key.public_key);
	}
	pthread_mutex_unlock(&t->lock);
	return rv;
}

/* In a transaction. What is kept of the object is believed no more; in a
 * folder of the system's it may not be ours to throw away. */
static CK_RV
object_reread(struct card_token *t, struct card_object *o)
{
	struct card_applet *a = t->applet;
	const char *cache = a->cache;
	CK_RV rv;

	cache_drop(a, o->group);
	if (cache_has(a, o->group))
		a->cache = NULL;
	rv = card_object_read(t, o);
	a->cache = cache;
	return rv;
}

CK_RV
card_key_reload(struct card_token *t, uint64_t id, struct pubkey **key)
{
	struct card_object *o;
	CK_RV rv = card_token_begin(t);

	if (rv != CKR_OK)
		return rv;
	o = card_object_find(t, id);
	rv = o == NULL ? CKR_DEVICE_ERROR : object_reread(t, o);
	if (rv == CKR_OK && o->key.public_key != NULL)
		*key = pubkey_ref(o->key.public_key);
	else if (rv == CKR_OK)
		rv = CKR_DEVICE_ERROR;
	return card_end(t->card, rv);
}

bool
card_key_slow(struct card_token *t, uint64_t id)
{
	struct card_object *o;
	bool slow;

	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	slow = o != NULL && o->slow;
	pthread_mutex_unlock(&t->lock);
	return slow;
}

void
card_key_used(struct card_token *t, uint64_t id, bool slow)
{
	struct card_object *o;

	pthread_mutex_lock(&t->lock);
	o = card_object_find(t, id);
	if (o != NULL)
		o->slow = slow;
	pthread_mutex_unlock(&t->lock);
}
