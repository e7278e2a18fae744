/* cryptoki.h alone, and function lists filled from its list of functions. */

#include "cryptoki.h"

#define ENTRY(name, parameters) .name = name,

extern const CK_FUNCTION_LIST list_2_40;
extern const CK_FUNCTION_LIST_3_0 list_3_0;
extern const CK_FUNCTION_LIST_3_2 list_3_2;

/* clang-format off */
const CK_FUNCTION_LIST list_2_40 = {
	.version = { 2, 40 },
	CK_FUNCTIONS_2_40(ENTRY)
};

const CK_FUNCTION_LIST_3_0 list_3_0 = {
	.version = { 3, 0 },
	CK_FUNCTIONS_2_40(ENTRY)
	CK_FUNCTIONS_3_0(ENTRY)
};

const CK_FUNCTION_LIST_3_2 list_3_2 = {
	.version = { 3, 2 },
	CK_FUNCTIONS_2_40(ENTRY)
	CK_FUNCTIONS_3_0(ENTRY)
	CK_FUNCTIONS_3_2(ENTRY)
};
