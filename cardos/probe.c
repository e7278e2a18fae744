/* Which applets a card has: the ATR nominates, the applet decides. */
#include "card_token.h"
#include "iso7816.h"
#include "log.h"

const struct card_driver *const card_drivers[] = { &piv_driver, NULL };

enum {
	RANK_FIRST = 1,
	RANK_POSSIBLE = 0,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
};

/* One harmless question; what is no proof is no error either. */
static CK_RV
applet_ask(struct card_applet *a, const struct card_proof *proof)
{
	struct builder b = builder_heap(APDU_ANSWER_MAX);
	struct cursor answer;
	CK_RV rv = applet_exchange(a, &proof->command, &b);

	if (applet_mute(a, rv) && rv != CKR_DEVICE_MEMORY)
		goto out;
	answer = builder_read(&b);
	if (rv == CKR_OK &&
	    cursor_begins(answer, proof->begins.at, proof->begins.left)) {
		rv = a->driver->open(a, answer);
		a->proven = rv == CKR_OK;
		a->proof = proof;
		goto out;
	}
	rv = CKR_OK;
out:
	builder_free(&b);
	return rv;
}

/* An applet that does not even know the instruction is not asked again. */
CK_RV
applet_prove(struct card_applet *a)
{
	const struct card_proof *proof = a->proof;
	CK_RV rv = CKR_OK;

	if (proof != NULL)
		return applet_ask(a, proof);
	for (proof = a->driver->proofs; proof->begins.left > 0; proof++) {
		rv = applet_ask(a, proof);
		if (rv != CKR_OK || a->proven || a->sw == SW_NO_INSTRUCTION ||
		    a->sw == SW_NO_CLASS)
			return rv;
	}
	return CKR_OK;
}

/* Does the answer to SELECT name the applet? Some cards say 9000 to any. */
static bool
applet_named(const struct card_applet *a, struct cursor answer)
{
	for (const struct cursor *m = a->driver->marks; m->left > 0; m++)
		if (iso_contains(answer, *m))
			return true;
	return false;
}

/* NAMED tells whether the answer alone is reason to believe it. */
static CK_RV
applet_select_named(struct card_applet *a, bool *named)
{
	struct builder b = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = iso_select(a, a->driver->aid, &b);

	if (rv == CKR_OK)
		rv = a->driver->open(a, builder_read(&b));
	*named = rv == CKR_OK && applet_named(a, builder_read(&b));
	builder_free(&b);
	return rv;
}

CK_RV
applet_select(struct card_applet *a)
{
	bool named;
	CK_RV rv = applet_select_named(a, &named);

	a->proven = rv == CKR_OK;
	if (rv == CKR_OK || rv == CKR_HOST_MEMORY || rv == CKR_DEVICE_REMOVED)
		return rv;
	return CKR_DEVICE_ERROR;
}

CK_RV
applet_guard(struct card_applet *a, bool *switched)
{
	CK_RV rv;

	*switched = false;
	if (a->proven)
		return CKR_OK;
	rv = applet_prove(a);
	if (rv != CKR_OK || a->proven)
		return rv;
	rv = applet_select(a);
	*switched = rv == CKR_OK;
	return rv;
}

/*
 * Is this applet on the card? a->proven tells. In a reader that others use the
 * harmless question comes first, as SELECT would take their applet away.
 */
static CK_RV
applet_probe(struct card_applet *a, bool shared)
{
	bool named;
	CK_RV rv;

	if (shared) {
		rv = applet_ask(a, a->driver->proofs);
		if (rv != CKR_OK || a->proven)
			return rv;
	}
	rv = applet_select_named(a, &named);
	if (applet_mute(a, rv) || rv == CKR_HOST_MEMORY)
		return rv;
	if (rv != CKR_OK)
		return CKR_OK;
	if (!named)
		return applet_prove(a);
	a->proven = true;
	return CKR_OK;
}

static CK_RV
card_probe_driver(struct card *card, const struct card_driver *driver,
		  const struct transport_info *info)
{
	struct card_applet *a = &card->applets[card->applet_count];
	CK_RV rv;

	*a = (struct card_applet){ .driver = driver,
				   .transport = card->transport };
	rv = applet_probe(a, info->shared);
	if (rv == CKR_OK && a->proven) {
		card->applet_count++;
		return CKR_OK;
	}
	driver->close(a);
	*a = (struct card_applet){ 0 };
	return rv;
}

static bool
driver_wanted(const struct card_driver *driver, const struct config *config,
	      struct cursor atr, int rank)
{
	if (*config->applets != '\0' &&
	    !config_listed(config->applets, driver->name))
		return false;
	return driver->nominate(atr) == rank;
}

/* In a transaction: the applets whose drivers the ATR nominates first. */
static CK_RV
card_probe(struct card *card, const struct config *config)
{
	const struct transport_info *info =
		card->transport->ops->info(card->transport);
	struct cursor atr = cursor_of(info->atr, info->atr_size);
	CK_RV rv = CKR_OK;

	card->keypad = info->pinpad;
	for (int rank = RANK_FIRST; rank >= RANK_POSSIBLE; rank--) {
		for (const struct card_driver *const *d = card_drivers;
		     *d != NULL && card->applet_count < CARD_TOKENS_MAX; d++) {
			if (!driver_wanted(*d, config, atr, rank))
				continue;
			rv = card_probe_driver(card, *d, info);
			if (rv != CKR_OK)
				return rv;
		}
	}
	log_line(LOG_INFO, "%s: %zu applets found", info->name,
		 card->applet_count);
	return CKR_OK;
}

/* One token for each PIN of each applet. */
static CK_RV
card_tokens_make(struct card *card, struct token **tokens, size_t *count)
{
	struct token *made[CARD_TOKENS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < card->applet_count; i++) {
		struct card_applet *a = &card->applets[i];

		for (size_t pin = 0;
		     pin < a->pin_count && used < CARD_TOKENS_MAX; pin++) {
			made[used] = card_token_new(card, a, pin);
			if (made[used] == NULL)
				goto failed;
			used++;
		}
	}
	for (*count = 0; *count < used; (*count)++)
		tokens[*count] = made[*count];
	return CKR_OK;
failed:
	while (used > 0)
		token_unref(made[--used]);
	return CKR_HOST_MEMORY;
}

CK_RV
card_tokens_open(struct transport *wire, const struct config *config,
		 struct token **tokens, size_t *count)
{
	struct card *card = card_new(wire, config);
	CK_RV rv;

	if (card == NULL)
		return CKR_HOST_MEMORY;
	rv = card_begin(card);
	if (rv == CKR_OK)
		rv = card_end(card, card_probe(card, config));
	if (rv == CKR_OK)
		rv = card_tokens_make(card, tokens, count);
	card_unref(card);
	return rv;
}
