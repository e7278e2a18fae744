/* What is put into a PIV card's data objects: PUT DATA; and the containers of
 * certificates, both ways. */
#include "cache.h"
#include "crypto.h"
#include "log.h"
#include "piv.h"
#include "tlv.h"

enum {
	INS_PUT_DATA = 0xDB,
	PUT_DATA_P1 = 0x3F,
	PUT_DATA_P2 = 0xFF,
	TAG_CERTIFICATE = 0x70,
	TAG_CERT_INFO = 0x71,
	TAG_CHECK = 0xFE,
	INFO_PLAIN = 0,
	INFO_GZIP = 1,
	INFO_COMPRESSED = 0x81, /* 80 on early cards that counted bits so */
	NET_ID_HEADER = 4,	/* 01 00 and a length before zlib data */
	OBJECT_MAX = 32768,	/* of cards that nothing is known of */
	DATA_MAX = OBJECT_MAX + 32,
	SHORT_TAG_MAX = 2,
	EXTENDED_MAX =
		2000, /* what a YubiKey 4 takes at once; then it chains */
	SW_REFUSED = 0x6982,
};

static uint32_t
tag_number(struct cursor tag)
{
	return tag.left == 1 ? cursor_u8(&tag) : cursor_u16(&tag);
}

CK_RV
piv_put_data(struct card_applet *a, struct cursor tag, struct cursor content)
{
	struct builder data = builder_heap(DATA_MAX);
	struct apdu command = { .ins = INS_PUT_DATA,
				.p1 = PUT_DATA_P1,
				.p2 = PUT_DATA_P2 };
	struct piv *piv = a->state;
	const bool extended = a->extended;
	CK_RV rv = CKR_DEVICE_MEMORY;

	a->sw = 0;
	/* what goes by a short tag has no other around it */
	if (tag.left <= SHORT_TAG_MAX) {
		tlv_put(&data, tag_number(tag), content);
	} else {
		tlv_put(&data, PIV_TAG_LIST, tag);
		tlv_put(&data, PIV_CONTENT, content);
	}
	command.data = builder_read(&data);
	a->extended = extended && data.used <= EXTENDED_MAX;
	if (builder_ok(&data))
		rv = applet_exchange(a, &command, NULL);
	a->extended = extended;
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	builder_free(&data);
	return rv;
}

/* How much an object holds, by a text in the historical bytes; the longer of
 * two that begin alike first. */
struct object_limit {
	const char *text;
	size_t max;
};

static const struct object_limit object_limits[] = {
	{ "YubikeyNEO", 2025 },
	{ "Yubikey", 3049 },
	{ "YubiKey", 3049 },
};

size_t
piv_object_max(const struct card_applet *a)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	struct cursor text =
		iso_historical(cursor_of(info->atr, info->atr_size));

	for (size_t i = 0; i < sizeof(object_limits) / sizeof(object_limits[0]);
	     i++)
		if (iso_contains_text(text, object_limits[i].text))
			return object_limits[i].max;
	return OBJECT_MAX;
}

/* The container of a certificate (SP 800-73-4 part 1, appendix A). */
static CK_RV
container_put(struct cursor der, uint8_t info, struct builder *content)
{
	tlv_put(content, TAG_CERTIFICATE, der);
	tlv_put(content, TAG_CERT_INFO, cursor_of(&info, 1));
	tlv_put(content, TAG_CHECK, cursor_of(NULL, 0));
	return builder_ok(content) ? CKR_OK : CKR_DEVICE_MEMORY;
}

/* One that is too large for the card is compressed, as the standard has it. */
static CK_RV
container_make(struct cursor der, struct builder *content)
{
	struct builder packed = builder_heap(CERTIFICATE_MAX);
	CK_RV rv = container_put(der, INFO_PLAIN, content);

	if (rv == CKR_OK) {
		builder_free(&packed);
		return rv;
	}
	builder_reset(content);
	rv = deflate_bytes(der, &packed);
	if (rv == CKR_OK)
		rv = container_put(builder_read(&packed), INFO_GZIP, content);
	builder_free(&packed);
	return rv;
}

CK_RV
piv_certificate_check(const struct card_applet *a, struct cursor der)
{
	struct builder content = builder_heap(piv_object_max(a));
	CK_RV rv = container_make(der, &content);

	builder_free(&content);
	return rv;
}

CK_RV
piv_certificate_put(struct card_applet *a, struct cursor object,
		    struct cursor der)
{
	struct builder content = builder_heap(piv_object_max(a));
	CK_RV rv = container_make(der, &content);

	if (rv == CKR_OK)
		rv = piv_put_data(a, object, builder_read(&content));
	builder_free(&content);
	return rv;
}

CK_RV
piv_certificate_remove(struct card_applet *a, const struct piv_slot *slot)
{
	CK_RV rv = piv_put_data(a, slot->object, cursor_of(NULL, 0));

	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	log_line(LOG_ERROR, "PIV %02X: the old certificate stays",
		 slot->reference);
	return CKR_OK;
}

/*
 * Appends the certificate in the content of its container (SP 800-73-4 part 1,
 * appendix A): tags come in any order, 71 and FE may miss, some cards hold the
 * bare certificate. What is compressed shows by itself: DER begins with 30.
 */
static CK_RV
certificate_unpack(struct cursor content, struct builder *der)
{
	static const uint8_t plain = 0x30, net_id[] = { 0x01, 0x00 };
	struct cursor body, info = cursor_of(NULL, 0);
	bool compressed;

	if (!tlv_find(content, TAG_CERTIFICATE, &body))
		body = content;
	DROP(tlv_find(content, TAG_CERT_INFO, &info)); /* may be missing */
	compressed = (cursor_u8(&info) & INFO_COMPRESSED) != 0;
	if (cursor_begins(body, &plain, sizeof(plain))) {
		builder_append(der, body);
		return builder_ok(der) ? CKR_OK : CKR_DATA_INVALID;
	}
	if (compressed && cursor_begins(body, net_id, sizeof(net_id)))
		cursor_take(&body, NET_ID_HEADER);
	return inflate_bytes(body, der);
}

/*
 * The container of a certificate. Where it comes in pieces, the first tells
 * whether what is kept of it still holds.
 */
static CK_RV
container_read(struct card_applet *a, const struct piv_slot *slot,
	       struct builder *answer, struct cursor *content)
{
	bool pieces = cache_on(a) && applet_pieces(a);
	size_t le = pieces ? APDU_SHORT_ANSWER : APDU_ANSWER_MAX;
	bool found, known;
	struct cursor c;
	CK_RV rv = piv_get_data(a, slot->object, le, answer, content);

	if (rv != CKR_OK)
		return rv;
	found = pieces && !piv_whole(answer) &&
		cache_find(a, slot->reference, answer);
	if (pieces && !piv_whole(answer))
		rv = piv_get_more(a, answer);
	if (rv != CKR_OK)
		return rv;
	known = found || (!pieces && cache_has(a, slot->reference));
	if (!known && piv_whole(answer))
		cache_keep(a, slot->reference, builder_read(answer));
	c = builder_read(answer);
	if (!tlv_enter(&c, PIV_CONTENT))
		return CKR_OBJECT_HANDLE_INVALID;
	*content = cursor_rest(&c);
	return CKR_OK;
}

CK_RV
piv_certificate_read(struct card_applet *a, const struct piv_slot *slot,
		     struct builder *der)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	CK_RV rv;

	rv = container_read(a, slot, &answer, &content);
	if (rv == CKR_OK)
		rv = certificate_unpack(content, der);
	builder_free(&answer);
	return rv;
}
