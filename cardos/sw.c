/* Status words as CK_RV: the one table (ISO/IEC 7816-4, 5.6). */
#include "apdu.h"

struct sw_row {
	uint16_t sw, mask;
	CK_RV rv;
};

/* The first row that fits counts; what is in none is CKR_DEVICE_ERROR. */
static const struct sw_row sw_rows[] = {
	{ 0x9000, 0xFFFF, CKR_OK },
	/* More is there than was asked for, or less: what came is good. */
	{ 0x6100, 0xFF00, CKR_OK },
	{ 0x6282, 0xFFFF, CKR_OK },
	/* 63Cx and, on older cards, 630x: a wrong PIN. */
	{ 0x6300, 0xFF00, CKR_PIN_INCORRECT },
	{ 0x6581, 0xFFFF, CKR_DEVICE_MEMORY },
	/* The person did not touch the token. */
	{ 0x6600, 0xFFFF, CKR_FUNCTION_REJECTED },
	{ 0x6700, 0xFFFF, CKR_DATA_LEN_RANGE },
	{ 0x6881, 0xFFFF, CKR_FUNCTION_NOT_SUPPORTED },
	{ 0x6882, 0xFFFF, CKR_FUNCTION_NOT_SUPPORTED },
	{ 0x6884, 0xFFFF, CKR_FUNCTION_NOT_SUPPORTED },
	{ 0x6982, 0xFFFF, CKR_USER_NOT_LOGGED_IN },
	{ 0x6983, 0xFFFF, CKR_PIN_LOCKED },
	{ 0x6984, 0xFFFF, CKR_USER_PIN_NOT_INITIALIZED },
	{ 0x6985, 0xFFFF, CKR_FUNCTION_FAILED },
	{ 0x6986, 0xFFFF, CKR_FUNCTION_FAILED },
	{ 0x6A80, 0xFFFF, CKR_DATA_INVALID },
	{ 0x6A81, 0xFFFF, CKR_FUNCTION_NOT_SUPPORTED },
	{ 0x6A82, 0xFFFF, CKR_OBJECT_HANDLE_INVALID },
	{ 0x6A83, 0xFFFF, CKR_OBJECT_HANDLE_INVALID },
	{ 0x6A84, 0xFFFF, CKR_DEVICE_MEMORY },
	{ 0x6A88, 0xFFFF, CKR_OBJECT_HANDLE_INVALID },
};

CK_RV
sw_rv(uint16_t sw)
{
	for (size_t i = 0; i < sizeof(sw_rows) / sizeof(sw_rows[0]); i++)
		if ((sw & sw_rows[i].mask) == sw_rows[i].sw)
			return sw_rows[i].rv;
	return CKR_DEVICE_ERROR;
}
