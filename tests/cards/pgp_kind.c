/* Kinds of OpenPGP cards, and the names of what they do otherwise. */
#include "pgp.h"

#include <string.h>

static const char *const quirk_names[PGP_QUIRKS] = {
	[PGP_SELECT_FCI] = "pgp-select-fci",
	[PGP_RESELECT_KEEPS_PIN] = "pgp-reselect-keeps-pin",
	[PGP_TERMINATED_6985] = "pgp-terminated-6985",
	[PGP_WRONG_63CX] = "pgp-wrong-63cx",
	[PGP_LENGTH_6A80] = "pgp-length-6a80",
	[PGP_LENGTH_6700] = "pgp-length-6700",
	[PGP_NO_EMPTY_VERIFY] = "pgp-no-empty-verify",
	[PGP_EMPTY_VERIFY_ENDS] = "pgp-empty-verify-ends",
	[PGP_NO_VERIFY_FF] = "pgp-no-verify-ff",
	[PGP_ONE_SHOT_6985] = "pgp-one-shot-6985",
	[PGP_FAIL_ENDS_81] = "pgp-fail-ends-81",
	[PGP_CODE_6985] = "pgp-code-6985",
	[PGP_CODE_COUNTED] = "pgp-code-counted",
	[PGP_ACTIVATE_KEEPS_PIN] = "pgp-activate-keeps-pin",
	[PGP_KDF_EXACT] = "pgp-kdf-exact",
	[PGP_PW1_OF_KEYS] = "pgp-pw1-of-keys",
	[PGP_OUTER_TAG] = "pgp-outer-tag",
	[PGP_EMPTY_73] = "pgp-empty-73",
	[PGP_LENGTHS_INSIDE] = "pgp-lengths-inside",
	[PGP_FOUR_KEYS] = "pgp-four-keys",
	[PGP_ABSENT_6A88] = "pgp-absent-6a88",
	[PGP_UNKNOWN_6A83] = "pgp-unknown-6a83",
	[PGP_APPLICATION_SHORT] = "pgp-application-short",
	[PGP_ALGORITHMS_SHORT] = "pgp-algorithms-short",
	[PGP_ALGORITHMS_25519] = "pgp-algorithms-25519",
	[PGP_ATTRIBUTES_TRAIL] = "pgp-attributes-trail",
	[PGP_EXACT_EXPONENT] = "pgp-exact-exponent",
	[PGP_ATTRIBUTES_6F00] = "pgp-attributes-6f00",
	[PGP_LATER_OBJECTS] = "pgp-later-objects",
	[PGP_IMPORT_POINT] = "pgp-import-point",
	[PGP_SELECT_DATA_BYTE] = "pgp-select-data-byte",
	[PGP_SELECT_DATA_6982] = "pgp-select-data-6982",
	[PGP_CERTS_REVERSED] = "pgp-certs-reversed",
	[PGP_CERT_BINARY] = "pgp-cert-binary",
	[PGP_EXACT_HASH] = "pgp-exact-hash",
	[PGP_NUMBERS_OF_DER] = "pgp-numbers-of-der",
	[PGP_FULL_POINT] = "pgp-full-point",
	[PGP_POINT_40] = "pgp-point-40",
	[PGP_EMPTY_KEY_6F00] = "pgp-empty-key-6f00",
};

/* clang-format off */
#define BIT(name) (1u << ALGORITHM_##name)
#define RSA_ALL (BIT(RSA2048) | BIT(RSA3072) | BIT(RSA4096))
#define NIST_ALL (BIT(P256) | BIT(P384) | BIT(P521))
#define BRAINPOOL_ALL (BIT(B256) | BIT(B384) | BIT(B512))
#define ALGORITHMS_ALL ((1u << PGP_ALGORITHMS) - 1)

#define YUBIKEY5_ATR "3BFD1300008131FE158073C021C057597562694B657940"
#define YUBIKEY_QUIRKS (PGP_QUIRK(OUTER_TAG) | PGP_QUIRK(LENGTHS_INSIDE) | \
	PGP_QUIRK(FOUR_KEYS) | PGP_QUIRK(LENGTH_6A80) | \
	PGP_QUIRK(ACTIVATE_KEEPS_PIN) | \
	PGP_QUIRK(EMPTY_KEY_6F00))
/* What ended with 5.6. */
#define YUBIKEY_EARLY (PGP_QUIRK(NO_EMPTY_VERIFY) | PGP_QUIRK(NO_VERIFY_FF) | \
	PGP_QUIRK(ALGORITHMS_SHORT) | PGP_QUIRK(ALGORITHMS_25519) | \
	PGP_QUIRK(SELECT_DATA_BYTE))
#define YUBIKEY_TRANSPORT (QUIRK(UNKNOWN_AID_DESELECTS) | \
	QUIRK(NONE_SELECTED) | QUIRK(SELECT_0C_6D00))

static const struct pgp_kind kinds[] = {
	{
		.name = "yubikey-5.4", .atr = YUBIKEY5_ATR,
		.historical = "00730000E0059000",
		.capabilities = "7D000BFE080000FF0000",
		.attributes = "010800001100",
		.firmware = 0x050403, .version = 0x0304, .manufacturer = 6,
		.command_max = 0x0bfe, .pin_max = 127, .several = true,
		.extended = true, .algorithms = ALGORITHMS_ALL,
		.quirks = YUBIKEY_QUIRKS | YUBIKEY_EARLY,
		.transport = YUBIKEY_TRANSPORT,
	}, {
		.name = "yubikey-5.2", .atr = YUBIKEY5_ATR,
		.historical = "00730000E0059000",
		.capabilities = "7D000BFE080000FF0000",
		.attributes = "010800001100",
		.firmware = 0x050204, .version = 0x0304, .manufacturer = 6,
		.command_max = 0x0bfe, .pin_max = 127, .several = true,
		.extended = true, .algorithms = ALGORITHMS_ALL,
		.quirks = YUBIKEY_QUIRKS | YUBIKEY_EARLY |
			  PGP_QUIRK(ATTRIBUTES_TRAIL),
		.transport = YUBIKEY_TRANSPORT,
	}, {
		.name = "yubikey-5.7", .atr = YUBIKEY5_ATR,
		.historical = "00730000E0059000",
		.capabilities = "7D000BFE080000FF0000",
		.attributes = "010800001100",
		.firmware = 0x050704, .version = 0x0304, .manufacturer = 6,
		.command_max = 0x0bfe, .pin_max = 127, .several = true,
		.extended = true, .algorithms = ALGORITHMS_ALL,
		.quirks = YUBIKEY_QUIRKS, .transport = YUBIKEY_TRANSPORT,
	}, {
		.name = "yubikey-4.3",
		.atr = "3BF81300008131FE15597562696B657934D4",
		.historical = "0073000080059000",
		.capabilities = "3C00000004C000FF00FF",
		.attributes = "010800001100",
		.firmware = 0x040307, .version = 0x0201, .manufacturer = 6,
		.pin_max = 127, .several = true, .algorithms = RSA_ALL,
		.quirks = PGP_QUIRK(OUTER_TAG) | PGP_QUIRK(LENGTH_6A80) |
			  PGP_QUIRK(EXACT_EXPONENT) |
			  PGP_QUIRK(EMPTY_KEY_6F00),
		.transport = YUBIKEY_TRANSPORT,
	}, {
		.name = "yubikey-neo",
		.atr = "3BFC1300008131FE15597562696B65794E454F7233E1",
		.historical = "007300008000000000000000000000",
		.capabilities = "F00000FF04C000FF00FF",
		.attributes = "010800001103",
		.firmware = 0x010010, .version = 0x0200, .manufacturer = 6,
		.pin_max = 127, .algorithms = BIT(RSA2048),
		.quirks = PGP_QUIRK(OUTER_TAG) | PGP_QUIRK(EMPTY_73) |
			  PGP_QUIRK(WRONG_63CX) | PGP_QUIRK(UNKNOWN_6A83) |
			  PGP_QUIRK(EMPTY_KEY_6F00) | PGP_QUIRK(CODE_COUNTED) |
			  PGP_QUIRK(CODE_6985),
		.transport = QUIRK(UNKNOWN_AID_DESELECTS) |
			     QUIRK(NONE_SELECTED),
	}, {
		.name = "nitrokey3",
		.atr = "3B8F01805D4E6974726F6B657900000000006A",
		.historical = "0031F573C00160059000",
		.capabilities = "3F0000001DB91DB90001",
		.attributes = "010800002000",
		.version = 0x0304, .manufacturer = 0x000f,
		.command_max = 0x1db9, .pin_max = 127, .extended = true,
		.algorithms = ALGORITHMS_ALL & ~BIT(K256),
		.quirks = PGP_QUIRK(WRONG_63CX) | PGP_QUIRK(EXACT_HASH),
		.transport = QUIRK(NO_LE_61XX) | QUIRK(NONE_SELECTED) |
			     QUIRK(UNKNOWN_AID_DESELECTS),
	}, {
		.name = "gnuk",
		.atr = "3BDA11FF81B1FE551F0300318473800180059000E1",
		.historical = "00318473800180059000",
		.capabilities = "75000020080000FF0100",
		.attributes = "010800002000",
		.version = 0x0200, .manufacturer = 0xf517, .pin_max = 127,
		.algorithms = BIT(RSA2048) | BIT(RSA4096) | BIT(P256) |
			      BIT(K256) | BIT(ED25519) | BIT(X25519),
		.quirks = PGP_QUIRK(ABSENT_6A88) | PGP_QUIRK(CERT_BINARY) |
			  PGP_QUIRK(EXACT_HASH) | PGP_QUIRK(FULL_POINT) |
			  PGP_QUIRK(FAIL_ENDS_81) | PGP_QUIRK(KDF_EXACT) |
			  PGP_QUIRK(PW1_OF_KEYS) | PGP_QUIRK(CODE_COUNTED) |
			  PGP_QUIRK(EXACT_EXPONENT) |
			  PGP_QUIRK(ATTRIBUTES_6F00) |
			  PGP_QUIRK(LATER_OBJECTS),
		.transport = QUIRK(NO_LE_61XX),
	}, {
		.name = "zeitcontrol-2.1",
		.atr = "3BDA18FF81B1FE751F030031C573C001400090000C",
		.historical = "0031C573C00140059000",
		.capabilities = "7C000800080008000800",
		.attributes = "011000002000",
		.version = 0x0201, .manufacturer = 5, .pin_max = 32,
		.several = true, .extended = true, .algorithms = RSA_ALL,
		.quirks = PGP_QUIRK(CODE_COUNTED),
		.transport = QUIRK(NO_CHAINING),
	}, {
		.name = "zeitcontrol-3.4",
		.atr = "3BDA18FF81B1FE751F030031F573C001600090001C",
		.historical = "0031F573C00160059000",
		.capabilities = "7D000800080008000001",
		.attributes = "010800002000",
		.version = 0x0304, .manufacturer = 5, .command_max = 0x0800,
		.pin_max = 64, .extended = true,
		.algorithms = RSA_ALL | NIST_ALL | BRAINPOOL_ALL,
	}, {
		.name = "smartpgp", .atr = "3B80800101",
		.historical = "00C1C573C00180059000",
		.capabilities = "FF030020048000FF0100",
		.attributes = "010800001103",
		.version = 0x0302, .manufacturer = 0xafaf, .pin_max = 127,
		.extended = true,
		.algorithms = RSA_ALL | NIST_ALL | BRAINPOOL_ALL,
		.quirks = PGP_QUIRK(OUTER_TAG) | PGP_QUIRK(LENGTH_6700) |
			  PGP_QUIRK(EXACT_EXPONENT) |
			  PGP_QUIRK(NUMBERS_OF_DER) |
			  PGP_QUIRK(IMPORT_POINT),
		.transport = QUIRK(GET_DATA_6CXX),
	}, {
		.name = "canokey", .atr = "3BF711000081FE6543616E6F6B657999",
		.historical = "00318573C00180059000",
		.capabilities = "74000100080008000000",
		.attributes = "010800002000",
		.version = 0x0304, .manufacturer = 0xf1d0,
		.command_max = 0x0800, .pin_max = 64, .extended = true,
		.algorithms = ALGORITHMS_ALL & ~BRAINPOOL_ALL,
		.quirks = PGP_QUIRK(OUTER_TAG) | PGP_QUIRK(CERTS_REVERSED) |
			  PGP_QUIRK(EMPTY_VERIFY_ENDS),
	}, {
		.name = "generic", .atr = "3B80800101",
		.historical = "0031F573C00160059000",
		.capabilities = "7F000800080008000001",
		.attributes = "010800002000",
		.version = 0x0304, .manufacturer = 0xffff,
		.command_max = 0x0800, .pin_max = 127, .extended = true,
		.algorithms = ALGORITHMS_ALL, .quirks = PGP_QUIRK(WRONG_63CX),
	},
};
/* clang-format on */

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *
pgp_kind_name(size_t n)
{
	return n < KINDS ? kinds[n].name : NULL;
}

/* "yubikey-5.4" is also "5.4" and "5.4.3". */
const struct pgp_kind *
pgp_kind_find(const char *name)
{
	static const char prefix[] = "yubikey-";
	const char *rest;

	if (!name)
		return &kinds[0];
	for (size_t i = 0; i < KINDS; i++) {
		rest = kinds[i].name;
		if (!strcmp(rest, name))
			return &kinds[i];
		if (strncmp(rest, prefix, sizeof(prefix) - 1) != 0)
			continue;
		rest += sizeof(prefix) - 1;
		if (!strncmp(rest, name, strlen(rest)) &&
		    (!name[strlen(rest)] || name[strlen(rest)] == '.'))
			return &kinds[i];
	}
	return NULL;
}

void
pgp_kind_apply(struct pgp *pgp, const struct pgp_kind *kind)
{
	pgp->kind = kind;
	pgp->quirks = kind->quirks;
	pgp->transport = kind->transport;
	pgp->serial = 0x12345678;
	pgp->touched = true;
	pgp_init(pgp);
}

bool
pgp_quirk_find(const char *name, enum pgp_quirk *quirk)
{
	for (unsigned i = 0; i < PGP_QUIRKS; i++) {
		if (!strcmp(quirk_names[i], name)) {
			*quirk = (enum pgp_quirk)i;
			return true;
		}
	}
	return false;
}

const char *
pgp_quirk_name(unsigned n)
{
	return n < PGP_QUIRKS ? quirk_names[n] : NULL;
}
