/* Tests of crypto/inflate.c, with zlib's deflate as the judge. */
#include "judge.h"

#include <zlib.h>

enum { GZIP = 31, ZLIB = 15, RAW = -15, PACKED_MAX = 65536 };

static void
pack(struct cursor in, int window, struct builder *out)
{
	z_stream s = { .next_in = (z_const Bytef *)in.at,
		       .avail_in = (uInt)in.left };
	assert_int_equal(
		deflateInit2(&s, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	uint8_t *space = builder_space(out, PACKED_MAX);
	s.next_out = space;
	s.avail_out = PACKED_MAX;
	assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
	builder_trim(out, s.avail_out);
	deflateEnd(&s);
}

static struct builder
plain_new(size_t size)
{
	struct builder b = builder_heap(size);
	for (uint32_t i = 0; b.used < size; i++)
		builder_u8(&b, (uint8_t)(i * i >> 7));
	return b;
}

static void
test_garbage(void **state)
{
	struct builder out = builder_heap(1000);
	assert_int_equal(inflate_bytes(text("not compressed"), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(inflate_bytes(text(""), &out), CKR_DATA_INVALID);
	struct cursor bad = text("");
	cursor_fail(&bad);
	assert_int_equal(inflate_bytes(bad, &out), CKR_DATA_INVALID);
	struct builder packed = builder_heap(PACKED_MAX);
	pack(text("raw deflate has no header"), RAW, &packed);
	assert_int_equal(inflate_bytes(builder_read(&packed), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(out.used, 0);
	builder_free(&packed);
	builder_free(&out);
}

/* Also zlib's streams that want a dictionary are refused. */
static void
test_dictionary(void **state)
{
	struct builder out = builder_heap(1000);
	assert_int_equal(inflate_bytes(hex("78bb00000000"), &out),
			 CKR_DATA_INVALID);
	builder_free(&out);
}

static void
test_truncated(void **state)
{
	struct builder plain = plain_new(1200), packed = builder_heap(65536);
	pack(builder_read(&plain), GZIP, &packed);
	for (size_t size = 0; size < packed.used; size++) {
		struct builder out = builder_heap(65536);
		struct cursor c = builder_read(&packed);
		struct cursor cut = cursor_take(&c, size);
		uint8_t *copy = copy_of(cut);
		assert_int_equal(inflate_bytes(cursor_of(copy, size), &out),
				 CKR_DATA_INVALID);
		assert_int_equal(out.used, 0);
		free(copy);
		builder_free(&out);
	}
	builder_free(&plain);
	builder_free(&packed);
}

static void
test_checksum(void **state)
{
	struct builder plain = plain_new(100), packed = builder_heap(65536);
	struct builder out = builder_heap(1000);
	pack(builder_read(&plain), GZIP, &packed);
	packed.data[packed.used - 5] ^= 1;
	assert_int_equal(inflate_bytes(builder_read(&packed), &out),
			 CKR_DATA_INVALID);
	builder_free(&plain);
	builder_free(&packed);
	builder_free(&out);
}

/* A bomb of 16 MiB stops at the limit, and the limit counts what is there. */
static void
test_limit(void **state)
{
	struct builder bomb = builder_heap(1 << 24);
	struct builder packed = builder_heap(PACKED_MAX);
	struct builder out = builder_heap(CERTIFICATE_MAX);
	builder_fill(&bomb, 0, 1 << 24);
	pack(builder_read(&bomb), GZIP, &packed);
	assert_int_equal(inflate_bytes(builder_read(&packed), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(out.used, 0);
	builder_free(&bomb);
	builder_free(&out);

	struct builder plain = plain_new(1000);
	builder_reset(&packed);
	pack(builder_read(&plain), GZIP, &packed);
	out = builder_heap(1000);
	builder_u8(&out, 1);
	assert_int_equal(inflate_bytes(builder_read(&packed), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(out.used, 1);
	builder_free(&plain);
	builder_free(&packed);
	builder_free(&out);
}

static void
test_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 60000 };
	static const int windows[] = { GZIP, ZLIB };
	for (size_t i = 0; i < COUNT(sizes) * COUNT(windows); i++) {
		size_t size = sizes[i / 2];
		struct builder plain = plain_new(size);
		struct builder packed = builder_heap(1 << 18);
		struct builder out = builder_heap(size + 1);
		pack(builder_read(&plain), windows[i % 2], &packed);
		builder_u8(&out, 0x5A);
		if (i % 3 == 0) /* a file may be longer than its content */
			builder_fill(&packed, 0xFF, 10);
		assert_int_equal(inflate_bytes(builder_read(&packed), &out),
				 CKR_OK);
		struct cursor found = builder_read(&out);
		assert_int_equal(cursor_u8(&found), 0x5A);
		assert_same(found, builder_read(&plain));
		builder_free(&plain);
		builder_free(&packed);
		builder_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/inflate/garbage", test_garbage),
		CASE("/crypto/inflate/dictionary", test_dictionary),
		CASE("/crypto/inflate/truncated", test_truncated),
		CASE("/crypto/inflate/checksum", test_checksum),
		CASE("/crypto/inflate/limit", test_limit),
		CASE("/crypto/inflate/whole", test_whole),
	};
	return cmocka_run_group_tests_name("/crypto/inflate", tests, NULL,
					   NULL);
}
