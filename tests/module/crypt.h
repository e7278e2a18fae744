/* Encryption and decryption as one: what crypt.c and limit.c share. */
#ifndef SIGNET_TESTS_CRYPT_H
#define SIGNET_TESTS_CRYPT_H

#include "suite.h"

CK_RV crypt_begin(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
		  bool encrypt, CK_OBJECT_HANDLE key);
CK_RV crypt_single(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to,
		   CK_ULONG *to_size);
CK_RV crypt_update(bool encrypt, CK_BYTE *in, CK_ULONG size, CK_BYTE *to,
		   CK_ULONG *to_size);
CK_RV crypt_final(bool encrypt, CK_BYTE *to, CK_ULONG *to_size);

/* No such operation is active. */
void assert_over(bool encrypt);
/* Neither begins with it: CKR_MECHANISM_PARAM_INVALID. */
void assert_param_invalid(CK_MECHANISM_TYPE type, void *parameter,
			  CK_ULONG size, CK_OBJECT_HANDLE key);
/* What decryption answers to what nobody has encrypted; then it is over. */
void assert_cannot_decrypt(CK_RV rv);

#endif
