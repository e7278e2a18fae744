/* BER-TLV (ISO/IEC 7816-4, 5.2.2; X.690) on cursor and builder. */
#ifndef SIGNET_TLV_H
#define SIGNET_TLV_H

#include "bytes.h"

/* One data object; the tag holds its bytes as they stand: 0x5FC105, 0x7F49. */
struct tlv {
	uint32_t tag;
	struct cursor value;
};

/*
 * Takes the next data object off C. False at the end of C, and with C bad at
 * anything that is not one: a tag over 4 bytes, an indefinite length, a length
 * over what is left. Filler bytes 00 and FF before a tag are skipped on
 * purpose (ISO/IEC 7816-4 allows them); lengths longer than needed are taken.
 */
bool tlv_next(struct cursor *c, struct tlv *out) MUST_CHECK;

/* The first data object with TAG in C, not looking inside others. False when
 * there is none or C is malformed before it. */
bool tlv_find(struct cursor c, uint32_t tag, struct cursor *value) MUST_CHECK;

/* Takes the header of a data object with TAG whose value may be cut short; C is
 * then at what there is of the value. False (and C bad) at anything else. */
bool tlv_enter(struct cursor *c, uint32_t tag) MUST_CHECK;

/* Appends a header for SIZE bytes to come, or a whole data object. */
void tlv_header(struct builder *b, uint32_t tag, size_t size);
void tlv_put(struct builder *b, uint32_t tag, struct cursor value);

#endif
