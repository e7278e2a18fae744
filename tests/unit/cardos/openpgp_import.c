/* The extended header list: tags and lengths, and apart from them the numbers,
 * each as long as the attributes of its place say. */
#include "../../../cardos/openpgp.h"

#include "script.h"

/* RSA of 64 bits, whose parts have zeros to begin with. */
static struct pubkey public_key;
static struct private_key private_key;
static struct openpgp_key as;

static int
setup(void **state)
{
	public_key = (struct pubkey){
		.type = CKK_RSA,
		.modulus = hex("C1C2C3C4C5C6C7C8"),
		.exponent = hex("010001"),
	};
	private_key = (struct private_key){
		.public_key = &public_key,
		.prime_1 = hex("D1D2D3D4"),
		.prime_2 = hex("E1E2E3E4"),
		.exponent_1 = hex("A3A4"),
		.exponent_2 = hex("B2B3B4"),
		.coefficient = hex("F4"),
	};
	as = (struct openpgp_key){ .algorithm = OPENPGP_RSA,
				   .bits = 64,
				   .exponent_bits = 32 };
	return 0;
}

static void
is(enum openpgp_use use, const char *wanted)
{
	struct builder out = builder_heap(1024);
	struct cursor list = hex(wanted);

	assert_int_equal(openpgp_import_put(use, &as, &private_key, &out),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&out), list));
	builder_free(&out);
}

static void
rsa(void **state)
{
	is(OPENPGP_SIGN, "4D1AB6007F4806910492049304"
			 "5F480C00010001D1D2D3D4E1E2E3E4");
	as.exponent_bits = 17;
	is(OPENPGP_DECIPHER, "4D19B8007F4806910392049304"
			     "5F480B010001D1D2D3D4E1E2E3E4");
	as.format = 1;
	is(OPENPGP_AUTHENTICATE, "4D23A4007F48089103920493049708"
				 "5F4813010001D1D2D3D4E1E2E3E4"
				 "C1C2C3C4C5C6C7C8");
	as.format = 2;
	is(OPENPGP_SIGN, "4D2BB6007F480C910392049304940495049604"
			 "5F4817010001D1D2D3D4E1E2E3E4"
			 "000000F40000A3A400B2B3B4");
	as.format = 3;
	is(OPENPGP_SIGN, "4D35B6007F480E9103920493049404950496049708"
			 "5F481F010001D1D2D3D4E1E2E3E4"
			 "000000F40000A3A400B2B3B4C1C2C3C4C5C6C7C8");
}

/* Primes of two lengths, and an exponent that is too long for the card. */
static void
bad(void **state)
{
	struct builder out = builder_heap(1024);

	private_key.prime_1 = hex("D0D1D2D3D4");
	assert_int_equal(
		openpgp_import_put(OPENPGP_SIGN, &as, &private_key, &out),
		CKR_ATTRIBUTE_VALUE_INVALID);
	builder_free(&out);
	out = builder_heap(1024);
	setup(NULL);
	public_key.exponent = hex("0100000001");
	assert_int_equal(
		openpgp_import_put(OPENPGP_SIGN, &as, &private_key, &out),
		CKR_ATTRIBUTE_VALUE_INVALID);
	builder_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/openpgp_import/rsa", rsa, setup, NULL, NULL },
		{ "/cardos/openpgp_import/bad", bad, setup, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
