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
	SW_SELECT_FAILED = 0x6999,
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
	a->chained = a->chained && rv != CKR_OK;
	if (rv == CKR_OK || rv == CKR_HOST_MEMORY || rv == CKR_DEVICE_REMOVED)
		return rv;
	return CKR_DEVICE_ERROR;
}

CK_RV
applet_guard(struct card_applet *a, bool *switched)
{
	CK_RV rv = CKR_OK;

	*switched = false;
	if (a->proven && !a->chained)
		return CKR_OK;
	if (!a->chained)
		rv = applet_prove(a);
	if (rv != CKR_OK || (a->proven && !a->chained))
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
	/* a card that was reset may have another, or none */
	mem_wipe(a->card, sizeof(a->card));
	builder_text(&card, identity.serial);
	a->identity = identity;
	a->identified = true;
	return CKR_OK;
}

/* Who is asked for on a card, and what became of it. */
struct look {
	struct card_applet list[CARD_TOKENS_MAX];
	bool present[CARD_TOKENS_MAX];
	size_t count;
	struct card_applet *active; /* others have it selected, or a guess */
	bool whole;		    /* nobody was in trouble */
	CK_RV mute;		    /* the last one that gave no answer */
};

/* Is this no matter of one applet alone? */
static bool
look_over(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_HOST_MEMORY;
}

/* What says that an applet is in trouble, rather than not there: 6F00 and the
 * like, 6999 of a Java Card, data that is not its own. */
static bool
applet_failed(const struct card_applet *a, CK_RV rv)
{
	switch (a->sw >> 8) {
	case 0x64:
	case 0x65:
	case 0x6F:
		return true;
	case 0x90:
		return rv != CKR_OK;
	default:
		return a->sw == SW_SELECT_FAILED;
	}
}

/* Is this applet on the card, as far as SELECT tells? One that fails is not,
 * and hides no other. */
static CK_RV
look_probe(struct look *look, size_t i)
{
	struct card_applet *a = &look->list[i];
	bool named;
	CK_RV rv = applet_select_named(a, &named);

	a->proven = a->proven || named;
	if (rv == CKR_OK && !a->proven)
		rv = applet_prove(a);
	if (look_over(rv))
		return rv;
	look->present[i] = a->proven;
	if (applet_mute(a, rv))
		look->mute = rv;
	else if (a->proven || !applet_failed(a, rv))
		return CKR_OK;
	look->whole = false;
	log_line(LOG_ERROR, "%s: the applet fails, and is left out",
		 a->driver->name);
	return CKR_OK;
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
static void
look_candidates(struct look *look, struct card *card,
		const struct config *config)
{
	const struct transport_info *info =
		card->transport->ops->info(card->transport);
	struct cursor atr = cursor_of(info->atr, info->atr_size);
	size_t drivers = 0;

	while (card_drivers[drivers] != NULL)
		drivers++;
	for (int rank = RANK_FIRST; rank >= RANK_POSSIBLE; rank--) {
		for (size_t d = drivers;
		     d-- > 0 && look->count < CARD_TOKENS_MAX;) {
			if (!driver_wanted(card_drivers[d], config, atr, rank))
				continue;
			look->list[look->count++] = (struct card_applet){
				.driver = card_drivers[d],
				.transport = card->transport,
				.config = config,
				.cache = card->cache,
			};
		}
	}
}

/*
 * In a reader that others use the harmless question comes first, as SELECT
 * would take their applet away.
 */
static CK_RV
look_ask(struct look *look)
{
	CK_RV rv;

	for (size_t i = 0; i < look->count; i++) {
		rv = applet_ask(&look->list[i], look->list[i].driver->proofs);
		if (look_over(rv))
			return rv;
		if (!look->list[i].proven)
			continue;
		look->active = &look->list[i];
		return CKR_OK;
	}
	return CKR_OK;
}

/* What was asked for and what was found, as the cache keeps it. */
static void
found_text(const struct look *look, const bool *present, struct builder *out)
{
	for (size_t i = 0; i < look->count; i++) {
		builder_text(out, look->list[i].driver->name);
		builder_text(out, present[i] ? "+ " : "- ");
	}
}

/* Does the cache, by A's card, say that of LOOK the one at ALONE is there and
 * no other? */
static bool
found_alone(const struct card_applet *a, const struct look *look, size_t alone)
{
	char text[CARD_FOUND_MAX];
	bool present[CARD_TOKENS_MAX] = { false }, same;
	struct builder wanted = builder_over(text, sizeof(text));
	struct builder kept = builder_heap(sizeof(text));

	present[alone] = true;
	found_text(look, present, &wanted);
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
look_guess(struct look *look, struct card *card)
{
	struct card_applet alike = card_alike(card);
	CK_RV rv;

	for (size_t i = 0; look->count > 1 && i < look->count; i++) {
		if (!found_alone(&alike, look, i))
			continue;
		rv = look_probe(look, i);
		if (look->present[i])
			look->active = &look->list[i];
		return rv;
	}
	return CKR_OK;
}

/* Is the active one known to be alone on this very card? */
static CK_RV
look_known(struct look *look, bool *known)
{
	struct card_applet *active = look->active;
	CK_RV rv;

	*known = false;
	if (active == NULL || look->count < 2 || active->cache == NULL ||
	    *active->cache == '\0')
		return CKR_OK;
	rv = applet_identify(active);
	if (rv == CKR_OK)
		*known = found_alone(active, look,
				     (size_t)(active - look->list));
	return look_over(rv) ? rv : CKR_OK;
}

/* Which of them are there. The applet that others use is selected again when
 * another one was. */
static CK_RV
look_select(struct look *look)
{
	struct card_applet *active = look->active;
	bool selected = false;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < look->count; i++) {
		if (&look->list[i] == active) {
			look->present[i] = true;
			continue;
		}
		rv = look_probe(look, i);
		if (rv != CKR_OK)
			return rv;
		selected = true;
	}
	if (active != NULL && selected)
		rv = applet_select(active);
	return look_over(rv) ? rv : CKR_OK;
}

/* Keeps what is there, in the order in which slots show it. */
static void
look_keep(struct look *look, struct card *card)
{
	for (const struct card_driver *const *d = card_drivers; *d != NULL; d++)
		for (size_t i = 0; i < look->count; i++)
			if (look->present[i] && look->list[i].driver == *d)
				card->applets[card->applet_count++] =
					look->list[i];
	for (size_t i = 0; i < look->count; i++)
		if (!look->present[i])
			look->list[i].driver->close(&look->list[i]);
}

/* In a transaction. */
static CK_RV
card_probe(struct card *card, const struct config *config)
{
	const struct transport_info *info =
		card->transport->ops->info(card->transport);
	struct look look = { .whole = true };
	struct builder found = builder_over(card->found, CARD_FOUND_MAX - 1);
	bool known = false;
	CK_RV rv;

	card->keypad = info->pinpad;
	look_candidates(&look, card, config);
	rv = info->shared ? look_ask(&look) : look_guess(&look, card);
	if (rv == CKR_OK)
		rv = look_known(&look, &known);
	if (rv == CKR_OK && known)
		look.present[look.active - look.list] = true;
	else if (rv == CKR_OK)
		rv = look_select(&look);
	if (rv == CKR_OK && !known && look.whole && *config->applets == '\0')
		found_text(&look, look.present, &found);
	look_keep(&look, card);
	if (rv == CKR_OK && card->applet_count == 0)
		rv = look.mute;
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
