/* Small applets that stand beside PIV on a chip. */
#include "others.h"

#include <stdio.h>

static uint16_t
dummy_select(void *applet, bool again, struct pile *answer)
{
	(void)applet;
	(void)again;
	(void)answer;
	return SW_OK;
}

static uint16_t
dummy_serve(void *applet, const struct command *command, struct pile *answer)
{
	(void)applet;
	(void)command;
	(void)answer;
	return SW_INS;
}

const struct applet_ops dummy_applet = {
	.name = "dummy",
	.aid = {
		0xd2, 0x76, 0x00, 0x01, 0x24, 0x01, 0x03, 0x04, 0x00, 0x06,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	},
	.aid_size = 16,
	.select = dummy_select,
	.serve = dummy_serve,
};

static void
version_write(const struct yubico *device, struct pile *answer)
{
	pile_byte(answer, (uint8_t)(device->version >> 16));
	pile_byte(answer, (uint8_t)(device->version >> 8));
	pile_byte(answer, (uint8_t)device->version);
}

static uint16_t
management_select(void *applet, bool again, struct pile *answer)
{
	const struct yubico *device = applet;
	char text[60];

	(void)again;
	(void)snprintf(text, sizeof(text), "Virtual mgr - FW version %u.%u.%u",
		       (unsigned)device->version >> 16 & 0xff,
		       (unsigned)device->version >> 8 & 0xff,
		       (unsigned)device->version & 0xff);
	pile_text(answer, text);
	return SW_OK;
}

/* 1D: the device's configuration, a list of TLV behind its length. */
static uint16_t
management_serve(void *applet, const struct command *command,
		 struct pile *answer)
{
	const struct yubico *device = applet;
	uint8_t bytes[64];
	uint8_t serial[4];
	struct pile list = pile_of(bytes, sizeof(bytes));
	static const uint8_t applications[] = { 0x00, 0x10 };
	static const uint8_t form = 1;

	if (command->ins != 0x1d)
		return SW_INS;
	for (int i = 0; i < 4; i++)
		serial[i] = (uint8_t)(device->serial >> (24 - 8 * i));
	pile_tlv(&list, 0x01, applications, sizeof(applications));
	pile_tlv(&list, 0x02, serial, sizeof(serial));
	pile_tlv(&list, 0x03, applications, sizeof(applications));
	pile_tlv(&list, 0x04, &form, 1);
	pile_header(&list, 0x05, 3);
	version_write(device, &list);
	pile_byte(answer, (uint8_t)list.used);
	pile_bytes(answer, list.at, list.used);
	return SW_OK;
}

const struct applet_ops yubico_management = {
	.name = "management",
	.aid = { 0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17 },
	.aid_size = 8,
	.select = management_select,
	.serve = management_serve,
};

static uint16_t
otp_select(void *applet, bool again, struct pile *answer)
{
	static const uint8_t status[] = { 0x01, 0x05, 0x00 };

	(void)again;
	version_write(applet, answer);
	pile_bytes(answer, status, sizeof(status));
	return SW_OK;
}

/* 03: the status. 01 10: the serial number, which PIV tells from 5.0 on
 * only. */
static uint16_t
otp_serve(void *applet, const struct command *command, struct pile *answer)
{
	const struct yubico *device = applet;

	if (command->ins == 0x03)
		return otp_select(applet, true, answer);
	if (command->ins != 0x01)
		return SW_INS;
	if (command->p1 != 0x10)
		return SW_WRONG_P1P2;
	for (int shift = 24; shift >= 0; shift -= 8)
		pile_byte(answer, (uint8_t)(device->serial >> shift));
	return SW_OK;
}

const struct applet_ops yubico_otp = {
	.name = "otp",
	.aid = { 0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01 },
	.aid_size = 8,
	.select = otp_select,
	.serve = otp_serve,
};
