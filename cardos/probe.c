/* Which applets a card has: the ATR nominates, the applet decides. */
#include <string.h>

#include "cache.h"
#include "card_token.h"
#include "iso7816.h"
#include "log.h"

const struct card_driver *const card_drivers[] = { &piv_driver, &openpgp_driver,
						   NULL };

enum {
	RANK_FIRST = 1,
	RANK_POSSIBLE = 0,
	CACHE_APPLETS = 0x10000, /* in the cache, beside objects' numbers */
	INS_ACTIVATE = 0x44,
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

/* An applet that was terminated is empty, and good for nothing before it is
 * activated (ISO/IEC 7816-9). */
static CK_RV
applet_enter(struct card_applet *a, struct builder *answer)
{
	const struct apdu activate = { .ins = INS_ACTIVATE };
	CK_RV rv = iso_select(a, a->driver->aid, answer);

	if (!sw_listed(a->driver->terminated, a->sw))
		return rv;
	log_line(LOG_INFO, "%s: was terminated, and is activated",
		 a->driver->name);
	builder_reset(answer);
	rv = applet_exchange(a, &activate, NULL);
	return rv != CKR_OK ? rv : iso_select(a, a->driver->aid, answer);
}

/* NAMED tells whether the answer alone is reason to believe it. */
static CK_RV
applet_select_named(struct card_applet *a, bool *named)
{
	struct builder b = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = applet_enter(a, &b);

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

CK_RV
applet_identify(struct card_applet *a)
{
	struct card_identity identity = { 0 };
	struct builder card = builder_over(a->card, sizeof(a->card) - 1);
	CK_RV rv;

	if (a->identified)
		return CKR_OK;
	rv = a->driver->identify(a, &identity);
	if (rv != CKR_OK)
		return rv;
	builder_text(&card, identity.serial);
	a->identity = identity;
	a->identified = true;
	return CKR_OK;
}

/* Is this applet on the card, as far as SELECT tells? */
static CK_RV
applet_probe(struct card_applet *a, bool *present)
{
	bool named;
	CK_RV rv = applet_select_named(a, &named);

	if (applet_mute(a, rv) || rv == CKR_HOST_MEMORY)
		return rv;
	a->proven = a->proven || named;
	if (rv == CKR_OK && !a->proven)
		rv = applet_prove(a);
	else
		rv = CKR_OK;
	*present = a->proven;
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

/*
 * The applets to ask for: those whose drivers the ATR nominates first, and of
 * these the last one first, so that the card's first slot stays selected.
 */
static size_t
card_candidates(struct card *card, const struct config *config,
		struct cursor atr, struct card_applet *list)
{
	size_t drivers = 0, count = 0;

	while (card_drivers[drivers] != NULL)
		drivers++;
	for (int rank = RANK_FIRST; rank >= RANK_POSSIBLE; rank--) {
		for (size_t d = drivers; d-- > 0 && count < CARD_TOKENS_MAX;) {
			if (!driver_wanted(card_drivers[d], config, atr, rank))
				continue;
			list[count++] = (struct card_applet){
				.driver = card_drivers[d],
				.transport = card->transport,
				.config = config,
				.cache = card->cache,
			};
		}
	}
	return count;
}

/*
 * In a reader that others use the harmless question comes first, as SELECT
 * would take their applet away. GIVES the one that answered.
 */
static CK_RV
card_ask(struct card_applet *list, size_t count, struct card_applet **active)
{
	CK_RV rv;

	for (size_t i = 0; i < count; i++) {
		rv = applet_ask(&list[i], list[i].driver->proofs);
		if (rv != CKR_OK)
			return rv;
		if (!list[i].proven)
			continue;
		*active = &list[i];
		return CKR_OK;
	}
	return CKR_OK;
}

/* What was asked for and what was found, as the cache keeps it. */
static void
found_text(const struct card_applet *list, size_t count, const bool *present,
	   struct builder *out)
{
	for (size_t i = 0; i < count; i++) {
		builder_text(out, list[i].driver->name);
		builder_text(out, present[i] ? "+ " : "- ");
	}
}

/* Does the cache, by A's card, say that of LIST the one at ALONE is there and
 * no other? */
static bool
found_alone(const struct card_applet *a, const struct card_applet *list,
	    size_t count, size_t alone)
{
	char text[CARD_FOUND_MAX];
	bool present[CARD_TOKENS_MAX] = { false }, same;
	struct builder wanted = builder_over(text, sizeof(text));
	struct builder kept = builder_heap(sizeof(text));

	present[alone] = true;
	found_text(list, count, present, &wanted);
	same = builder_ok(&wanted) && cache_find(a, CACHE_APPLETS, &kept) &&
	       cursor_same(builder_read(&kept), builder_read(&wanted));
	builder_free(&kept);
	return same;
}

/* Stands for all cards with this ATR, whose latest tells where to begin. */
static struct card_applet
card_alike(struct card *card)
{
	return (struct card_applet){ .driver = card_drivers[0],
				     .transport = card->transport,
				     .cache = card->cache,
				     .card = "*" };
}

void
card_found_keep(struct card *card, const struct card_applet *a)
{
	struct cursor found = cursor_of(card->found, strlen(card->found));
	struct card_applet alike = card_alike(card);

	if (found.left == 0)
		return;
	cache_keep(a, CACHE_APPLETS, found);
	cache_keep(&alike, CACHE_APPLETS, found);
	*card->found = '\0';
}

/* Of a card like this one only one applet was there: it is tried first. */
static CK_RV
card_guess(struct card *card, struct card_applet *list, size_t count,
	   struct card_applet **active)
{
	struct card_applet alike = card_alike(card);
	bool present = false;
	CK_RV rv;

	for (size_t i = 0; count > 1 && i < count; i++) {
		if (!found_alone(&alike, list, count, i))
			continue;
		rv = applet_probe(&list[i], &present);
		if (present)
			*active = &list[i];
		return rv;
	}
	return CKR_OK;
}

/* Is ACTIVE known to be alone on this very card? */
static CK_RV
card_known(struct card_applet *list, size_t count, struct card_applet *active,
	   bool *known)
{
	CK_RV rv;

	*known = false;
	if (active == NULL || count < 2 || active->cache == NULL ||
	    *active->cache == '\0')
		return CKR_OK;
	rv = applet_identify(active);
	if (rv != CKR_OK)
		return rv;
	*known = found_alone(active, list, count, (size_t)(active - list));
	return CKR_OK;
}

/* Which of them are there. The applet that others use is selected again when
 * another one was. */
static CK_RV
card_select(struct card_applet *list, size_t count, struct card_applet *active,
	    bool *present)
{
	bool selected = false;
	CK_RV rv;

	for (size_t i = 0; i < count; i++) {
		present[i] = &list[i] == active;
		if (present[i])
			continue;
		rv = applet_probe(&list[i], &present[i]);
		if (rv != CKR_OK)
			return rv;
		selected = true;
	}
	return active != NULL && selected ? applet_select(active) : CKR_OK;
}

/* Keeps what is there, in the order in which slots show it. */
static void
card_keep(struct card *card, struct card_applet *list, size_t count,
	  const bool *present)
{
	for (const struct card_driver *const *d = card_drivers; *d != NULL; d++)
		for (size_t i = 0; i < count; i++)
			if (present[i] && list[i].driver == *d)
				card->applets[card->applet_count++] = list[i];
	for (size_t i = 0; i < count; i++)
		if (!present[i])
			list[i].driver->close(&list[i]);
}

/* In a transaction. */
static CK_RV
card_probe(struct card *card, const struct config *config)
{
	const struct transport_info *info =
		card->transport->ops->info(card->transport);
	struct card_applet list[CARD_TOKENS_MAX], *active = NULL;
	bool present[CARD_TOKENS_MAX] = { false };
	size_t count = card_candidates(
		card, config, cursor_of(info->atr, info->atr_size), list);
	struct builder found = builder_over(card->found, CARD_FOUND_MAX - 1);
	bool known = false;
	CK_RV rv;

	card->keypad = info->pinpad;
	if (info->shared)
		rv = card_ask(list, count, &active);
	else
		rv = card_guess(card, list, count, &active);
	if (rv == CKR_OK)
		rv = card_known(list, count, active, &known);
	if (rv == CKR_OK && known)
		present[active - list] = true;
	else if (rv == CKR_OK)
		rv = card_select(list, count, active, present);
	if (rv == CKR_OK && !known && *config->applets == '\0')
		found_text(list, count, present, &found);
	card_keep(card, list, count, present);
	if (rv == CKR_OK)
		log_line(LOG_INFO, "%s: %zu applets found", info->name,
			 card->applet_count);
	return rv;
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
