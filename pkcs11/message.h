/* Message-based operations: one key, one mechanism, message after message. */
#ifndef SIGNET_MESSAGE_H
#define SIGNET_MESSAGE_H

#include "activity.h"
#include "aead.h"

/*
 * What C_MessageSignInit and its like begin. Each message is an operation of
 * its own as C_SignInit would begin it, so that every token has them.
 */
struct message {
	enum operation_kind kind; /* of each message */
	CK_OBJECT_HANDLE key;
	CK_MECHANISM mechanism; /* to sign and verify; owns its parameter: */
	struct builder parameter, context;
	struct activity work; /* on the message at hand */
	bool under_way;	      /* begun in parts, not yet ended */
	bool keyless;	      /* its key is gone: it cannot go on */
	size_t tag_size;      /* of the message under way */
	struct iv_maker ivs;
};

/* A mechanism that C_MessageSignInit and C_MessageVerifyInit can do without
 * parameters for each message. */
bool message_signs(CK_MECHANISM_TYPE type);

/* C_MessageEncryptInit and its like. No mechanism: cancels. */
CK_RV message_init(struct session *s, unsigned kind,
		   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
/* C_MessageEncryptFinal and its like: CKR_OPERATION_ACTIVE while a message is
 * under way. */
CK_RV message_final(struct session *s, unsigned kind);
/* Starts the work on a message, or has it started already. When its key is
 * gone message_give() will end the process: CKR_OPERATION_NOT_INITIALIZED. */
CK_RV message_start(struct session *s, struct message *m,
		    const CK_MECHANISM *mechanism);
/* Checks the activity of a message process in. */
void message_give(struct session *s, struct activity *a);

#endif
