/* A card in its reader: its lock, its transactions, who wants it kept. */
#include "card_token.h"

struct card *
card_new(struct transport *wire, const struct config *config)
{
	struct transport *layer = apdu_layer_new(wire);
	struct card *card;

	if (layer == NULL)
		return NULL;
	card = mem_new(sizeof(*card));
	if (card == NULL || pthread_mutex_init(&card->lock, NULL) != 0) {
		mem_free(card, sizeof(*card));
		layer->ops->close(layer);
		return NULL;
	}
	card->transport = layer;
	card->pin_keep = config->pin_keep;
	card->logout_leave = config->logout_leave;
	card->cache = config->cache;
	atomic_init(&card->references, 1);
	return card;
}

struct card *
card_ref(struct card *card)
{
	atomic_fetch_add(&card->references, 1);
	return card;
}

void
card_unref(struct card *card)
{
	if (card == NULL || atomic_fetch_sub(&card->references, 1) > 1)
		return;
	for (size_t i = 0; i < card->applet_count; i++)
		card->applets[i].driver->close(&card->applets[i]);
	card->transport->ops->close(card->transport);
	pthread_mutex_destroy(&card->lock);
	mem_free(card, sizeof(*card));
}

/* The lock says nothing of a card that was let go in the meantime. */
CK_RV
card_begin(struct card *card)
{
	CK_RV rv = CKR_DEVICE_REMOVED;

	if (atomic_load(&card->removed))
		return rv;
	pthread_mutex_lock(&card->lock);
	if (!atomic_load(&card->removed))
		rv = card->transport->ops->begin(card->transport,
						 &card->generation);
	if (rv == CKR_DEVICE_REMOVED)
		atomic_store(&card->removed, true);
	if (rv != CKR_OK) {
		pthread_mutex_unlock(&card->lock);
		return rv;
	}
	for (size_t i = 0; i < card->applet_count; i++) {
		card->applets[i].proven = false;
		card->applets[i].pin_for = NULL;
	}
	return CKR_OK;
}

CK_RV
card_end(struct card *card, CK_RV rv)
{
	card->transport->ops->end(card->transport);
	if (rv == CKR_DEVICE_REMOVED)
		atomic_store(&card->removed, true);
	if (atomic_load(&card->holders) == 0)
		card->transport->ops->release(card->transport);
	pthread_mutex_unlock(&card->lock);
	return rv;
}

void
card_hold(struct card *card)
{
	atomic_fetch_add(&card->holders, 1);
}

void
card_unhold(struct card *card)
{
	atomic_fetch_sub(&card->holders, 1);
}

void
card_drop(struct card *card)
{
	if (atomic_fetch_sub(&card->holders, 1) > 1)
		return;
	pthread_mutex_lock(&card->lock);
	if (atomic_load(&card->holders) == 0)
		card->transport->ops->release(card->transport);
	pthread_mutex_unlock(&card->lock);
}
