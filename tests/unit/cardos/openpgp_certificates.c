/* The certificates of OpenPGP cards: where they are written, and what is read
 * of them. */
#include "openpgp_case.h"

#define CERTIFICATES "/cardos/openpgp_certificates/"
#define CHOOSE(n)    "> 00A50" n "040660045C027F2100\n"
#define GET_7F21     "> 00CA7F2100\n"
static CK_RV
certificate_write(const char *cka_id, const char *der)
{
	struct card_new new = { .class = CKO_CERTIFICATE,
				.certificate.der = hex(der),
				.cka_id = hex(cka_id) };
	uint64_t id = 0;
	CK_RV rv = openpgp_driver.place(&applet, &new, &id);

	return rv != CKR_OK ? rv : openpgp_driver.write(&applet, &new, id);
}

/* AUT is the first occurrence, or on one card the last; a YubiKey before 5.4.4
 * wants the length twice. */
static void
certificates(void **state)
{
	struct openpgp *o = applet.state;

	script_add(script, "> 00F1000000\n< 0504039000\n"
			   "> 00A50204070660045C027F2100\n< 9000\n"
			   "> 00DA7F21023000\n< 9000\n");
	assert_int_equal(certificate_write("01", "3000"), CKR_OK);
	script_add(script, "> 00F1000000\n< 0507019000\n"
			   "> 00A500040660045C027F2100\n< 9000\n"
			   "> 00DA7F21023000\n< 6982\n");
	assert_int_equal(certificate_write("03", "3000"),
			 CKR_USER_NOT_LOGGED_IN);
	o->facts.manufacturer = OPENPGP_CANOKEYS;
	o->reversed = true;
	script_add(script, "> 00A500040660045C027F2100\n< 9000\n"
			   "> 00DA7F21023000\n< 9000\n");
	assert_int_equal(certificate_write("01", "3000"), CKR_OK);
	script_add(script, "> 00A502040660045C027F2100\n< 9000\n"
			   "> 00DA7F21\n< 9000\n");
	assert_int_equal(removed(OPENPGP_AUTHENTICATE, CKO_CERTIFICATE),
			 CKR_OK);
	o->facts.certificate_max = 1;
	assert_int_equal(certificate_write("01", "3000"), CKR_DEVICE_MEMORY);
}

/* A Gnuk takes blocks, the last of an even length; no room ends it. */
static void
certificate_blocks(void **state)
{
	struct openpgp *o = applet.state;

	o->facts.version = 0x0200;
	o->facts.certificates = 1;
	assert_int_equal(certificate_write("01", "3000"),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	script_add(script, "> 00DA7F2103300101\n< 6A88\n"
			   "> 00D685000430010100\n< 9000\n");
	assert_int_equal(certificate_write("03", "300101"), CKR_OK);
	script_add(script, "> 00DA7F21\n< 6A88\n> 00D68500\n< 9000\n");
	assert_int_equal(removed(OPENPGP_AUTHENTICATE, CKO_CERTIFICATE),
			 CKR_OK);
	script_add(script, "> 00DA7F2103300101\n< 6982\n");
	assert_int_equal(certificate_write("03", "300101"),
			 CKR_USER_NOT_LOGGED_IN);
}

static size_t
found_count(CK_RV wanted)
{
	struct card_object *found = NULL;
	size_t count = 0;

	assert_int_equal(openpgp_certificates_read(&applet, &found), wanted);
	for (const struct card_object *o = found; o != NULL; o = o->next)
		count++;
	card_objects_free(found);
	return count;
}

/* What is no certificate is left out, and so is what cannot be chosen. */
static void
read_bad(void **state)
{
	script_add(script, CHOOSE("0") "< 9000\n" GET_7F21 "< 30039000\n");
	script_add(script, CHOOSE("1") "< 9000\n" GET_7F21 "< 6A88\n");
	script_add(script, CHOOSE("2") "< 6A80\n");
	assert_int_equal(found_count(CKR_OBJECT_HANDLE_INVALID), 0);
}

/* A card of version 3 that chooses nothing still gives one. */
static void
read_unchosen(void **state)
{
	script_add(script, CHOOSE("0") "< 6D00\n" GET_7F21 "< 9000\n");
	script_add(script, CHOOSE("1") "< 6D00\n" CHOOSE("2") "< 6D00\n");
	applet.proven = true;
	assert_int_equal(found_count(CKR_OBJECT_HANDLE_INVALID), 0);
}

/* The PIN is wanted for the choice, or for what was chosen. */
static void
read_refused(void **state)
{
	script_add(script, CHOOSE("0") "< 6982\n");
	assert_int_equal(found_count(CKR_USER_NOT_LOGGED_IN), 0);
	script_add(script, CHOOSE("0") "< 9000\n" GET_7F21 "< 6982\n");
	assert_int_equal(found_count(CKR_USER_NOT_LOGGED_IN), 0);
}

/* Nothing of a key is known: each occurrence is of the key that it is for. */
static void
read_good(void **state)
{
	struct builder line = builder_heap(1 << 14);
	struct maker m;

	maker_ec(&m, "prime256v1", NULL);
	builder_text(&line, "> 00CA7F21000000\n< ");
	builder_hex(&line, maker_certificate(&m));
	builder_text(&line, "9000\n");
	builder_u8(&line, 0);
	applet.extended = true;
	script_add(script, CHOOSE("0") "< 9000\n");
	script_add(script, (char *)line.data);
	script_add(script, CHOOSE("1") "< 9000\n> 00CA7F21000000\n< 9000\n");
	script_add(script, CHOOSE("2") "< 9000\n> 00CA7F21000000\n< 9000\n");
	script_add(script, "> 00478100000002B6000000\n< 6A88\n"
			   "> 00478100000002A4000000\n< 6A88\n");
	assert_int_equal(found_count(CKR_OK), 1);
	builder_free(&line);
	maker_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(CERTIFICATES "read/bad", read_bad, setup),
		CASE(CERTIFICATES "read/unchosen", read_unchosen, setup),
		CASE(CERTIFICATES "read/refused", read_refused, setup),
		CASE(CERTIFICATES "read/good", read_good, setup),
		CASE(CERTIFICATES "write", certificates, setup_yubikey),
		CASE(CERTIFICATES "write/blocks", certificate_blocks, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
