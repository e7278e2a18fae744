/* What is kept of cards from one program to the next: public objects. */
#ifndef SIGNET_CACHE_H
#define SIGNET_CACHE_H

#include "card_driver.h"

/*
 * An object is kept by its card, its applet and its number, and is believed
 * when it begins with what the card answers now. Whatever fails here is as if
 * nothing were kept. A card without a serial number has nothing kept.
 */

/* Is anything of this card looked for? */
bool cache_on(const struct card_applet *a);
/* Is there such an object? It may have changed on the card. */
bool cache_has(const struct card_applet *a, unsigned object);
/* Puts the object in place of its beginning, which is in BYTES. */
bool cache_find(const struct card_applet *a, unsigned object,
		struct builder *bytes);
void cache_keep(const struct card_applet *a, unsigned object,
		struct cursor bytes);
void cache_drop(const struct card_applet *a, unsigned object);

#endif
