/* Inside crypto/: the few DER types (X.690) that keys and certificates use. */
#ifndef SIGNET_CRYPTO_DER_H
#define SIGNET_CRYPTO_DER_H

#include "tlv.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_PRINTABLE_STRING = 0x13,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* Is the next byte of C this tag? */
bool der_next_is(const struct cursor *c, uint8_t tag);

/* Takes the next element and gives its value; C goes bad when it has another
 * tag or is none. RAW, when not NULL, gets the element with its header. */
struct cursor der_take(struct cursor *c, uint8_t tag, struct cursor *raw);

/* Takes an INTEGER that is not negative, without its leading zeros. */
struct cursor der_take_unsigned(struct cursor *c);

/* Takes a BIT STRING of whole bytes. */
struct cursor der_take_bytes(struct cursor *c);

/* Appends an INTEGER; VALUE is big-endian and unsigned. */
void der_put_unsigned(struct builder *b, struct cursor value);

#endif
