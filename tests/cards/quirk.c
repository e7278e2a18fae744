/* The names of the quirks. */
#include "quirk.h"

#include <stddef.h>
#include <string.h>

static const char *const names[QUIRKS] = {
	[QUIRK_APT_FULL_AID] = "apt-full-aid",
	[QUIRK_APT_SHIFTED] = "apt-shifted",
	[QUIRK_APT_NESTED] = "apt-nested",
	[QUIRK_APT_LABEL] = "apt-label",
	[QUIRK_APT_EMPTY] = "apt-empty",
	[QUIRK_SELECT_61XX] = "select-61xx",
	[QUIRK_SELECT_6282] = "select-6282",
	[QUIRK_SELECT_0C_6D00] = "select-0c-6d00",
	[QUIRK_AID_9_OR_11] = "aid-9-or-11",
	[QUIRK_RESELECT_DROPS_PIN] = "reselect-drops-pin",
	[QUIRK_UNKNOWN_AID_DESELECTS] = "unknown-aid-deselects",
	[QUIRK_NONE_SELECTED] = "none-selected",
	[QUIRK_NO_CHAINING] = "no-chaining",
	[QUIRK_CHAIN_STAYS] = "chain-stays",
	[QUIRK_CHUNK_255] = "chunk-255",
	[QUIRK_NO_LE_61XX] = "no-le-61xx",
	[QUIRK_BARE_61XX] = "bare-61xx",
	[QUIRK_HIDE_MORE] = "hide-more",
	[QUIRK_GET_DATA_6CXX] = "get-data-6cxx",
	[QUIRK_630X] = "630x",
	[QUIRK_PLAIN_6300] = "plain-6300",
	[QUIRK_LAST_TRY_6983] = "last-try-6983",
	[QUIRK_NO_EMPTY_VERIFY] = "no-empty-verify",
	[QUIRK_EMPTY_VERIFY_COUNTS] = "empty-verify-counts",
	[QUIRK_NO_VERIFY_FF] = "no-verify-ff",
	[QUIRK_LENGTH_6700] = "length-6700",
	[QUIRK_PIN_DIGITS] = "pin-digits",
	[QUIRK_NO_DISCOVERY] = "no-discovery",
	[QUIRK_DISCOVERY_6A80] = "discovery-6a80",
	[QUIRK_DISCOVERY_GLOBAL] = "discovery-global",
	[QUIRK_PIN_BEFORE_ABSENT] = "pin-before-absent",
	[QUIRK_ABSENT_5300] = "absent-5300",
	[QUIRK_ABSENT_EMPTY] = "absent-empty",
	[QUIRK_EXACT_HASH_LENGTH] = "exact-hash-length",
	[QUIRK_ESTABLISH_ONLY] = "establish-only",
	[QUIRK_MUTUAL_NO_82] = "mutual-no-82",
	[QUIRK_MUTUAL_EMPTY] = "mutual-empty",
	[QUIRK_NO_9B] = "no-9b",
	[QUIRK_CHALLENGE_ONCE] = "challenge-once",
	[QUIRK_METADATA_EMPTY] = "metadata-empty",
	[QUIRK_METADATA_NONSENSE] = "metadata-nonsense",
	[QUIRK_IMPORT_E] = "import-e",
	[QUIRK_NO_YUBICO] = "no-yubico",
};

bool
quirk_find(const char *name, enum quirk *quirk)
{
	for (unsigned i = 0; i < QUIRKS; i++) {
		if (!strcmp(names[i], name)) {
			*quirk = (enum quirk)i;
			return true;
		}
	}
	return false;
}

const char *
quirk_name(unsigned n)
{
	return n < QUIRKS ? names[n] : NULL;
}
