/* A conformance suite for any PKCS#11 module: what its files share. */
#ifndef SIGNET_TESTS_SUITE_H
#define SIGNET_TESTS_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cryptoki.h"

/* The module, and a token in one of its slots: the suite has made it itself,
 * with PINs and two key pairs, or it is a card that was there, of which less
 * can be asked. */
struct suite {
	const char *path;
	const char *pin, *so_pin;
	bool card;
	bool officer; /* so_pin is the token's */
	bool strict;  /* what signet promises beyond the standard is asked */
	const char *label; /* what a card's label begins with */
	const char *tell;  /* a command that removes and inserts, or NULL */
	/* CKA_ID of a pair that signs, one that decrypts, and an EC pair */
	CK_BYTE rsa, decrypt, ec;
	CK_FUNCTION_LIST *p11;
	CK_FUNCTION_LIST_3_0 *p11_3_0; /* NULL when the module has none */
	CK_FUNCTION_LIST_3_2 *p11_3_2;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* R/W, of the case that runs */
};
extern struct suite suite;

/* The module's own list, with what each function answers kept; NULL of NULL. */
CK_FUNCTION_LIST *answers_of_CK_FUNCTION_LIST(CK_FUNCTION_LIST *real);
CK_FUNCTION_LIST_3_0 *
answers_of_CK_FUNCTION_LIST_3_0(CK_FUNCTION_LIST_3_0 *real);
CK_FUNCTION_LIST_3_2 *
answers_of_CK_FUNCTION_LIST_3_2(CK_FUNCTION_LIST_3_2 *real);
/* Adds a line with function and value for each answer that was given. */
bool answers_write(const char *path);

/* A function that the module does not have makes the case not applicable, and
 * the module's list says whether that may be (5.1.6). CKR_ARGUMENTS_BAD and
 * CKR_FUNCTION_FAILED may stand for values that tell more of the input (5.1.1,
 * 5.1.7), but not with --strict. */
#define assert_rv(expected, call) \
	rv_assert((call), (expected), __FILE__, __LINE__)
void rv_assert(CK_RV answered, CK_RV wanted, const char *file, int line);
#define assert_ok(call) assert_rv(CKR_OK, call)
/* The same where the standard leaves a choice. */
#define assert_one_of(answered, ...)                                          \
	one_of_assert((answered), (const CK_RV[]){ __VA_ARGS__ },             \
		      sizeof((const CK_RV[]){ __VA_ARGS__ }) / sizeof(CK_RV), \
		      __FILE__, __LINE__)
void one_of_assert(CK_RV answered, const CK_RV *wanted, size_t count,
		   const char *file, int line);

/* Of a key that is of the wrong class. */
void assert_unfit(CK_RV answered);

CK_SESSION_HANDLE session_open(CK_FLAGS flags);
CK_STATE session_state(CK_SESSION_HANDLE session);
CK_RV login_as(CK_USER_TYPE user, const char *pin);
void login(void);
/* The one object of this class and CKA_ID; asserts that there is one. */
CK_OBJECT_HANDLE object_get(CK_OBJECT_CLASS class, CK_BYTE id);
/* How many objects match. */
CK_ULONG object_count(CK_ATTRIBUTE *match, CK_ULONG count);
/* A data object of the session or the token, with this label; skips the case
 * when the token makes none (5.7.1). */
CK_OBJECT_HANDLE data_make(CK_SESSION_HANDLE session, CK_BBOOL token,
			   CK_BBOOL private, const char *label);
/* Result of asking for the object's class. */
CK_RV object_peek(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
/* An EC P-256 pair, of the session or of the token. */
CK_RV pair_make(CK_SESSION_HANDLE session, CK_BBOOL token,
		CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);
/* DigestInfo of SHA-256 (RFC 8017, 9.2): some cards sign nothing else by RSA.
 */
enum { DIGEST_INFO_SIZE = 51 };
extern CK_BYTE digest_info[DIGEST_INFO_SIZE];
/* Keys of the session with these uses (CKF_SIGN ...) and no others. */
CK_OBJECT_HANDLE secret_make(CK_KEY_TYPE type, CK_ULONG size, CK_FLAGS usage);
/* A wrapped key as one of this type; a LENGTH of 0 is not told. */
enum { WRAPPED_ROOM = 512 };
struct wrapped {
	CK_BYTE bytes[WRAPPED_ROOM];
	CK_ULONG size;
};
CK_RV secret_unwrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
		    struct wrapped *wrapped, CK_KEY_TYPE type, CK_ULONG length,
		    CK_OBJECT_HANDLE *key);
CK_OBJECT_HANDLE rsa_public_make(const CK_BYTE *modulus, CK_ULONG size,
				 CK_FLAGS usage);
/* The token's public key of this id, once more. */
CK_OBJECT_HANDLE rsa_public_copy(CK_BYTE id, CK_FLAGS usage);
/* Pairs; the user is logged in. */
void rsa_pair_make(CK_FLAGS usage, CK_OBJECT_HANDLE *public_key,
		   CK_OBJECT_HANDLE *private_key);
void ec_pair_make(CK_FLAGS usage, CK_OBJECT_HANDLE *public_key,
		  CK_OBJECT_HANDLE *private_key);
/* Skips the case, which asks what the standard leaves open. */
void need_strict(void);
/* A private RSA key of the token that does not sign, or decrypt; skips the case
 * when each one does. */
CK_OBJECT_HANDLE rsa_private_without(CK_FLAGS usage);
/* Skips the case when the security officer's PIN is not known. */
void need_officer(void);
/* The user's PIN and the officer's with a character changed, so that they are
 * what such a PIN is, and wrong. */
const char *wrong_pin(void);
const char *wrong_so_pin(void);
/* Skips the case when the token makes no objects of a session (5.7.1). */
void need_session_objects(void);
/* Skips the case when the token is not ours to change. */
void need_made(void);
/* Skips the case when the token has no such mechanism with these flags. */
void need_mechanism(CK_MECHANISM_TYPE type, CK_FLAGS flags);
/* Skips the case when a session has one operation at a time (3.2.3). */
void need_dual(void);
/* Skips the case when the module is of another version. */
CK_FUNCTION_LIST_3_0 *need_3_0(void);
CK_FUNCTION_LIST_3_2 *need_3_2(void);

/* A fresh module with one R/W session, and its end. */
int case_begin(void **state);
int case_end(void **state);

/* The same of a card that is told what to do by --tell: however the case ends,
 * the next one finds the card. */
void need_tell(void);
void card_tell(const char *what);
/* Waits until the card is in its slot, or is not. */
void card_wait(bool present);
int card_back(void **state);

#define CASE_REMOVING(name, function, data)                 \
	{                                                   \
		name, function, case_begin, card_back, data \
	}
#define CASE(name, function)                               \
	{                                                  \
		name, function, case_begin, case_end, NULL \
	}
/* A case for each of several functions; DATA is what *state is. */
#define CASE_OF(name, function, data)                      \
	{                                                  \
		name, function, case_begin, case_end, data \
	}
/* A case that starts and stops the module itself. */
#define CASE_BARE(name, function)                    \
	{                                            \
		name, function, NULL, case_end, NULL \
	}

/* The cases of one file. */
struct cases {
	const char *name;
	const struct CMUnitTest *list;
	size_t count;
};
#define CASES(name, list)                                    \
	{                                                    \
		name, list, sizeof(list) / sizeof((list)[0]) \
	}

extern const struct cases general_cases, slot_cases, session_cases, login_cases,
	object_cases, find_cases, sign_cases, cipher_cases, digest_cases,
	key_cases, secret_cases, input_cases, thread_cases, fork_cases,
	token_cases, init_cases, life_cases, template_cases, message_cases,
	state_cases, profile_cases, wrap_cases, verify_cases, dual_cases,
	wrapping_cases, attribute_cases, user_cases, context_cases, other_cases,
	removal_cases, saved_cases, refusal_cases, kem_cases, rule_cases,
	protected_cases, faulty_cases, surrender_cases, made_cases,
	locked_cases, crypt_cases, aead_cases, unwrap_cases, envelope_cases,
	limit_cases, storage_cases;

#endif
