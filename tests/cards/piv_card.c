/* The simulated PIV application: SELECT and the dispatch of instructions. */
#include "piv.h"

#include <stdio.h>
#include <string.h>

static const uint8_t aid[] = {
	0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00,
};
#define RID_SIZE 5

static void
apt_pix(struct pile *to)
{
	pile_tlv(to, 0x4f, aid + RID_SIZE, sizeof(aid) - RID_SIZE);
}

static void
apt_authority(struct pile *to)
{
	pile_header(to, 0x79, 2 + RID_SIZE);
	pile_tlv(to, 0x4f, aid, RID_SIZE);
}

/* One AC that packs all algorithms, and 79 last. */
static void
apt_label(struct pile *to)
{
	static const uint8_t ids[] = { 0x03, 0x0c, 0x11, 0x07, 0x05, 0x16 };
	static const uint8_t end[] = { 0x06, 0x01, 0x00 };

	apt_pix(to);
	pile_header(to, 0x50, 12);
	pile_text(to, "Nitrokey PIV");
	pile_header(to, 0x5f50, 19);
	pile_text(to, "https://example.org");
	pile_header(to, 0xac, 3 * sizeof(ids) + sizeof(end));
	for (size_t i = 0; i < sizeof(ids); i++)
		pile_tlv(to, 0x80, &ids[i], 1);
	pile_bytes(to, end, sizeof(end));
	apt_authority(to);
}

/* PIX moved by one byte and the authority without its 4F. */
static void
apt_shifted(struct pile *to)
{
	static const uint8_t bytes[] = {
		0x4f, 0x06, 0x00, 0x10, 0x00, 0x01, 0x00, 0x00,
		0x79, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08,
	};

	pile_bytes(to, bytes, sizeof(bytes));
}

static void
apt_write(const struct piv *piv, struct pile *answer)
{
	uint8_t bytes[160];
	struct pile apt = pile_of(bytes, sizeof(bytes));

	if (piv_has(piv, QUIRK_APT_EMPTY))
		return;
	if (piv_has(piv, QUIRK_APT_SHIFTED)) {
		apt_shifted(&apt);
	} else if (piv_has(piv, QUIRK_APT_LABEL)) {
		apt_label(&apt);
	} else {
		if (piv_has(piv, QUIRK_APT_FULL_AID))
			pile_tlv(&apt, 0x4f, aid, sizeof(aid));
		else
			apt_pix(&apt);
		apt_authority(&apt);
	}
	if (piv_has(piv, QUIRK_APT_NESTED))
		pile_header(answer, 0x61, apt.used + 2);
	pile_tlv(answer, 0x61, apt.at, apt.used);
}

static void
applet_forget(void *applet)
{
	struct piv *piv = applet;

	piv->pin.verified = false;
	piv->global.verified = false;
	piv->puk.verified = false;
	piv->fresh = false;
	piv->management.authenticated = false;
	piv->management.wait = WAIT_NOTHING;
	piv->management.challenged = false;
}

static uint16_t
applet_select(void *applet, bool again, struct pile *answer)
{
	struct piv *piv = applet;

	if (again && piv_has(piv, QUIRK_RESELECT_DROPS_PIN))
		applet_forget(piv);
	apt_write(piv, answer);
	return piv_has(piv, QUIRK_SELECT_6282) ? SW_WARNING : SW_OK;
}

/* PIN always (part 1, 5.5): only the links of one GENERAL AUTHENTICATE may
 * follow the VERIFY. */
static void
applet_notice(void *applet, const struct command *command, bool continues)
{
	struct piv *piv = applet;

	if (command->ins != INS_GENERAL_AUTHENTICATE ||
	    (piv->fresh_claimed && !continues))
		piv->fresh = false;
	piv->fresh_claimed = true;
}

static uint16_t
version_read(const struct piv *piv, struct pile *answer)
{
	pile_byte(answer, (uint8_t)(piv->version >> 16));
	pile_byte(answer, (uint8_t)(piv->version >> 8));
	pile_byte(answer, (uint8_t)piv->version);
	return SW_OK;
}

static uint16_t
serial_read(const struct piv *piv, struct pile *answer)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		pile_byte(answer, (uint8_t)(piv->serial >> shift));
	return SW_OK;
}

/* The first firmware that has an instruction. */
static uint32_t
instruction_since(uint8_t ins)
{
	switch (ins) {
	case INS_MOVE:
		return PIV_VERSION(5, 7, 0);
	case INS_METADATA:
		return PIV_VERSION(5, 3, 0);
	case INS_SERIAL:
		return PIV_VERSION(5, 0, 0);
	case INS_ATTEST:
		return PIV_VERSION(4, 3, 0);
	default:
		return 0;
	}
}

static uint16_t
serve_yubico(struct piv *piv, const struct command *command,
	     struct pile *answer)
{
	if (piv_has(piv, QUIRK_NO_YUBICO) ||
	    piv->version < instruction_since(command->ins))
		return SW_INS;
	switch (command->ins) {
	case INS_MOVE:
		return piv_move(piv, command);
	case INS_METADATA:
		return piv_metadata(piv, command, answer);
	case INS_SERIAL:
		return serial_read(piv, answer);
	case INS_ATTEST:
		return piv_attest(piv, command, answer);
	case INS_SET_RETRIES:
		return piv_set_retries(piv, command);
	case INS_RESET:
		return piv_reset(piv);
	case INS_VERSION:
		return version_read(piv, answer);
	case INS_IMPORT:
		return piv_import(piv, command);
	case INS_SET_MANAGEMENT:
		return piv_set_management(piv, command);
	default:
		return SW_INS;
	}
}

static uint16_t
applet_serve(void *applet, const struct command *command, struct pile *answer)
{
	struct piv *piv = applet;
	bool fresh = piv->fresh;

	piv->fresh = false;
	switch (command->ins) {
	case INS_VERIFY:
		return piv_verify(piv, command);
	case INS_CHANGE:
		return piv_change(piv, command);
	case INS_RESET_RETRY:
		return piv_reset_retry(piv, command);
	case INS_GENERATE:
		return piv_generate(piv, command, answer);
	case INS_GENERAL_AUTHENTICATE:
		return piv_authenticate(piv, command, fresh, answer);
	case INS_GET_DATA:
		return piv_get_data(piv, command, answer);
	case INS_PUT_DATA:
		return piv_put_data(piv, command);
	default:
		return serve_yubico(piv, command, answer);
	}
}

static void
applet_describe(void *applet, struct pile *text)
{
	const struct piv *piv = applet;
	char line[120];

	(void)snprintf(line, sizeof(line),
		       "pin=%u/%u puk=%u/%u verified=%d fresh=%d admin=%d",
		       piv->pin.tries, piv->pin.total, piv->puk.tries,
		       piv->puk.total, piv->pin.verified, piv->fresh,
		       piv->management.authenticated);
	pile_text(text, line);
}

static bool
applet_control(void *applet, const char *line)
{
	struct piv *piv = applet;

	if (!strcmp(line, "touch on"))
		piv->touched = true;
	else if (!strcmp(line, "touch off"))
		piv->touched = false;
	else
		return false;
	return true;
}

const struct applet_ops piv_applet = {
	.name = "piv",
	.aid = {
		0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01,
		0x00,
	},
	.aid_size = sizeof(aid),
	.slow_ins = INS_GENERAL_AUTHENTICATE,
	.select = applet_select,
	.serve = applet_serve,
	.notice = applet_notice,
	.forget = applet_forget,
	.describe = applet_describe,
	.control = applet_control,
};
