/* 5.1.1, 5.1.2, 5.1.3: functions whose card is pulled out, fails or is full
 * while it works for them. The suite tells the card to (--tell). */
#include "suite.h"

enum { ROOM = 512, EXCHANGES = 24 };

/* One function that has a card do something: all that it needs before, and the
 * call in which the card goes wrong. */
struct trial {
	void (*prepare)(void);
	CK_RV (*call)(void);
	const char *fault;
	CK_RV rv;
};

static CK_MECHANISM rsa_sha256 = { CKM_SHA256_RSA_PKCS, NULL, 0 };
static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
static CK_BYTE text[] = "to be signed", out[ROOM], cipher[ROOM];
static CK_BYTE value[4096];
static CK_ULONG cipher_size, value_size;
static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_HANDLE object;

static CK_RV
call_sign(void)
{
	CK_ULONG size = ROOM;

	return suite.p11->C_Sign(suite.session, text, sizeof(text), out, &size);
}

/* The key has been used before, so that it is all that the card is asked for.
 */
static void
begin_sign(void)
{
	CK_OBJECT_HANDLE key;

	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_ok(suite.p11->C_SignInit(suite.session, &rsa_sha256, key));
	assert_ok(call_sign());
	assert_ok(suite.p11->C_SignInit(suite.session, &rsa_sha256, key));
}

static void
begin_sign_final(void)
{
	begin_sign();
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, sizeof(text)));
}

static CK_RV
call_sign_final(void)
{
	CK_ULONG size = ROOM;

	return suite.p11->C_SignFinal(suite.session, out, &size);
}

static CK_RV
call_sign_message(void)
{
	CK_ULONG size = ROOM;

	return suite.p11_3_0->C_SignMessage(suite.session, NULL, 0, text,
					    sizeof(text), out, &size);
}

static void
begin_sign_message(void)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();

	need_mechanism(CKM_SHA256_RSA_PKCS, CKF_MESSAGE_SIGN);
	login();
	assert_ok(p->C_MessageSignInit(suite.session, &rsa_sha256,
				       object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(call_sign_message());
}

static void
begin_sign_message_next(void)
{
	begin_sign_message();
	assert_ok(suite.p11_3_0->C_SignMessageBegin(suite.session, NULL, 0));
}

static CK_RV
call_sign_message_next(void)
{
	CK_ULONG size = ROOM;

	return suite.p11_3_0->C_SignMessageNext(suite.session, NULL, 0, text,
						sizeof(text), out, &size);
}

static CK_RV
call_decrypt(void)
{
	CK_ULONG size = ROOM;

	return suite.p11->C_Decrypt(suite.session, cipher, cipher_size, out,
				    &size);
}

static void
begin_decrypt(void)
{
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_RSA_PKCS, CKF_ENCRYPT | CKF_DECRYPT);
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.decrypt);
	cipher_size = ROOM;
	assert_ok(suite.p11->C_EncryptInit(
		suite.session, &rsa,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_ok(suite.p11->C_Encrypt(suite.session, text, sizeof(text),
				       cipher, &cipher_size));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, key));
	assert_ok(call_decrypt());
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, key));
}

static void
begin_nothing(void)
{
}

static CK_RV
call_login(void)
{
	return login_as(CKU_USER, suite.pin);
}

static void
begin_login_user(void)
{
	(void)need_3_0();
}

static CK_RV
call_login_user(void)
{
	return suite.p11_3_0->C_LoginUser(suite.session, CKU_USER,
					  (CK_UTF8CHAR *)suite.pin,
					  strlen(suite.pin), NULL, 0);
}

static CK_RV
call_set_pin(void)
{
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;

	return suite.p11->C_SetPIN(suite.session, pin, strlen(suite.pin), pin,
				   strlen(suite.pin));
}

static void
begin_officer(void)
{
	if (!suite.officer)
		skip();
	assert_ok(login_as(CKU_SO, suite.so_pin));
}

static CK_RV
call_init_pin(void)
{
	return suite.p11->C_InitPIN(suite.session, (CK_UTF8CHAR *)suite.pin,
				    strlen(suite.pin));
}

static void
begin_init_token(void)
{
	if (!suite.officer)
		skip();
	assert_ok(suite.p11->C_CloseAllSessions(suite.slot));
}

static CK_RV
call_init_token(void)
{
	CK_UTF8CHAR label[33] = "nobody's                        ";

	return suite.p11->C_InitToken(suite.slot, (CK_UTF8CHAR *)suite.so_pin,
				      strlen(suite.so_pin), label);
}

static CK_RV
call_generate_pair(void)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_ID, &suite.ec, 1 },
				{ CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_OBJECT_HANDLE keys[2];

	return suite.p11->C_GenerateKeyPair(suite.session, &mechanism, list, 3,
					    list, 2, &keys[0], &keys[1]);
}

/* The card's own certificate, to be written once more or destroyed. */
static void
begin_certificate(void)
{
	CK_ATTRIBUTE one = { CKA_VALUE, value, sizeof(value) };

	begin_officer();
	object = object_get(CKO_CERTIFICATE, suite.rsa);
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, object, &one, 1));
	value_size = one.ulValueLen;
}

static CK_RV
call_create(void)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
				{ CKA_TOKEN, &yes, 1 },
				{ CKA_ID, &suite.rsa, 1 },
				{ CKA_VALUE, value, value_size } };
	CK_OBJECT_HANDLE made;

	return suite.p11->C_CreateObject(suite.session, list, 5, &made);
}

static CK_RV
call_destroy(void)
{
	return suite.p11->C_DestroyObject(suite.session, object);
}

static CK_RV
call_find(void)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found;
	CK_ULONG count = 0;
	CK_RV rv;

	rv = suite.p11->C_FindObjectsInit(suite.session, &match, 1);
	while (rv == CKR_OK) {
		rv = suite.p11->C_FindObjects(suite.session, &found, 1, &count);
		if (count == 0)
			break;
	}
	return rv;
}

/* The card has not been looked at yet. */
static void
begin_afresh(void)
{
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_ok(suite.p11->C_Initialize(NULL));
}

static void
begin_first_init_token(void)
{
	if (!suite.officer)
		skip();
	begin_afresh();
}

static CK_RV
call_token_info(void)
{
	CK_TOKEN_INFO info;

	return suite.p11->C_GetTokenInfo(suite.slot, &info);
}

static CK_RV
call_open_session(void)
{
	CK_SESSION_HANDLE session;

	return suite.p11->C_OpenSession(suite.slot, CKF_SERIAL_SESSION, NULL,
					NULL, &session);
}

static CK_RV
call_mechanism_list(void)
{
	CK_ULONG count = 0;

	return suite.p11->C_GetMechanismList(suite.slot, NULL, &count);
}

static CK_RV
call_mechanism_info(void)
{
	CK_MECHANISM_INFO info;

	return suite.p11->C_GetMechanismInfo(suite.slot, CKM_RSA_PKCS, &info);
}

/* Now, or whatever the card is asked for from now on, or from then on: "+"
 * leaves out the first exchange, which only asks whether the card is the right
 * one. */
static void
go_wrong(const char *word)
{
	bool later = word[0] == '+';
	char line[32];
	int i;

	if (strcmp(word, "remove") == 0) {
		card_tell("fault remove");
		return;
	}
	for (i = 1; i <= EXCHANGES; i++) {
		(void)snprintf(line, sizeof(line), "fault +%d:%s", i + later,
			       &word[later]);
		card_tell(line);
	}
}

/* What the card did not do is told, and it serves on when it can. */
static void
test_trial(void **state)
{
	const struct trial *t = *state;
	CK_RV rv;

	need_tell();
	t->prepare();
	go_wrong(t->fault);
	rv = t->call();
	card_tell("fault none");
	/* what is full has failed as well; a slot may come with its token */
	if (t->prepare == begin_afresh || t->prepare == begin_first_init_token)
		assert_one_of(rv, t->rv, CKR_SLOT_ID_INVALID);
	else if (t->rv == CKR_DEVICE_MEMORY)
		assert_one_of(rv, CKR_DEVICE_MEMORY, CKR_DEVICE_ERROR);
	else
		assert_rv(t->rv, rv);
	if (strcmp(t->fault, "remove") == 0)
		return;
	(void)suite.p11->C_CloseAllSessions(suite.slot);
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(case_begin(state), 0);
	login();
	(void)object_get(CKO_PRIVATE_KEY, suite.rsa);
}

#define TRIAL(name, prepare, call, fault, rv)      \
	CASE_REMOVING("/faulty/" name, test_trial, \
		      &((struct trial){ prepare, call, fault, rv }))
#define REMOVED(name, prepare, call) \
	TRIAL(name "/removed", prepare, call, "remove", CKR_DEVICE_REMOVED)
#define ERROR(name, prepare, call) \
	TRIAL(name "/error", prepare, call, "6F00", CKR_DEVICE_ERROR)
#define MEMORY(name, prepare, call) \
	TRIAL(name "/memory", prepare, call, "6581", CKR_DEVICE_MEMORY)
#define FULL(name, prepare, call) \
	TRIAL(name "/memory", prepare, call, "+6581", CKR_DEVICE_MEMORY)
#define ALL_LATER(name, prepare, call)                            \
	REMOVED(name, prepare, call), ERROR(name, prepare, call), \
		FULL(name, prepare, call)
#define ALL(name, prepare, call)                                  \
	REMOVED(name, prepare, call), ERROR(name, prepare, call), \
		MEMORY(name, prepare, call)
/* ISO 7816-4: nobody has touched the card, or it is no time for that */
#define ALL_OF_KEY(name, prepare, call)                        \
	ALL(name, prepare, call),                              \
		TRIAL(name "/rejected", prepare, call, "6600", \
		      CKR_FUNCTION_REJECTED),                  \
		TRIAL(name "/failed", prepare, call, "6986",   \
		      CKR_FUNCTION_FAILED)
/* "it may not be able to make a distinction between a token being removed
 * before ... and during a function invocation" (5.1.8) */
#define LOOK(name, prepare, call)                             \
	TRIAL(name "/removed", prepare, call, "remove",       \
	      CKR_TOKEN_NOT_PRESENT),                         \
		TRIAL(name "/unknown", prepare, call, "6F00", \
		      CKR_TOKEN_NOT_RECOGNIZED)

static const struct CMUnitTest list[] = {
	ALL_OF_KEY("sign", begin_sign, call_sign),
	ALL_OF_KEY("sign-final", begin_sign_final, call_sign_final),
	ALL_OF_KEY("sign-message", begin_sign_message, call_sign_message),
	ALL_OF_KEY("sign-message-next", begin_sign_message_next,
		   call_sign_message_next),
	ALL("decrypt", begin_decrypt, call_decrypt),
	ALL_LATER("login", begin_nothing, call_login),
	ALL_LATER("login-user", begin_login_user, call_login_user),
	ALL_LATER("set-pin", begin_nothing, call_set_pin),
	ALL_LATER("init-pin", begin_officer, call_init_pin),
	REMOVED("init-token", begin_init_token, call_init_token),
	ERROR("init-token", begin_init_token, call_init_token),
	ALL_LATER("generate-pair", begin_officer, call_generate_pair),
	ALL_LATER("create", begin_certificate, call_create),
	ALL_LATER("destroy", begin_certificate, call_destroy),
	REMOVED("find", begin_nothing, call_find),
	LOOK("token-info", begin_afresh, call_token_info),
	LOOK("open-session", begin_afresh, call_open_session),
	LOOK("mechanism-list", begin_afresh, call_mechanism_list),
	LOOK("mechanism-info", begin_afresh, call_mechanism_info),
	LOOK("first-init-token", begin_first_init_token, call_init_token),
};

const struct cases faulty_cases = CASES("faulty", list);
