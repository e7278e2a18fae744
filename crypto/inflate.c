/* Compressed certificates (SP 800-73-4 part 1, 4.3): gzip and zlib. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "context.h"

enum {
	INFLATE_CHUNK = 4096,
	INFLATE_ANY = MAX_WBITS + 32, /* zlib looks whether it is gzip */
	DEFLATE_GZIP = MAX_WBITS + 16,
	MEMORY_USUAL = 8,
};

/* Each round gives at least a byte or ends, so OUT's limit bounds the loop. */
static CK_RV
inflate_all(z_stream *stream, struct builder *out)
{
	int status;
	do {
		uint8_t chunk[INFLATE_CHUNK];
		stream->next_out = chunk;
		stream->avail_out = sizeof(chunk);
		status = inflate(stream, Z_NO_FLUSH);
		if (status == Z_MEM_ERROR)
			return CKR_HOST_MEMORY;
		if (status != Z_OK && status != Z_STREAM_END)
			return CKR_DATA_INVALID;
		builder_put(out, chunk, sizeof(chunk) - stream->avail_out);
		if (!builder_ok(out))
			return CKR_DATA_INVALID;
	} while (status != Z_STREAM_END);
	return CKR_OK;
}

CK_RV
inflate_bytes(struct cursor in, struct builder *out)
{
	if (in.bad || in.left > UINT_MAX)
		return CKR_DATA_INVALID;
	z_stream stream = { .next_in = (z_const Bytef *)in.at,
			    .avail_in = (uInt)in.left };
	if (inflateInit2(&stream, INFLATE_ANY) != Z_OK)
		return CKR_HOST_MEMORY;
	struct builder plain = builder_heap(out->limit - out->used);
	/* Bytes after the stream are skipped: a card's file may be longer than
	 * what was stored in it. */
	CK_RV rv = inflate_all(&stream, &plain);
	inflateEnd(&stream);
	if (rv == CKR_OK) {
		builder_append(out, builder_read(&plain));
		rv = crypto_written(out);
	}
	builder_free(&plain);
	return rv;
}

CK_RV
deflate_bytes(struct cursor in, struct builder *out)
{
	if (in.bad || in.left > UINT_MAX / 2)
		return CKR_DATA_INVALID;
	z_stream stream = { .next_in = (z_const Bytef *)in.at,
			    .avail_in = (uInt)in.left };
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, DEFLATE_GZIP,
			 MEMORY_USUAL, Z_DEFAULT_STRATEGY) != Z_OK)
		return CKR_HOST_MEMORY;
	struct builder packed =
		builder_heap(deflateBound(&stream, stream.avail_in));
	stream.avail_out = (uInt)packed.limit;
	stream.next_out = builder_space(&packed, packed.limit);
	CK_RV rv = CKR_HOST_MEMORY;
	if (stream.next_out != NULL &&
	    deflate(&stream, Z_FINISH) == Z_STREAM_END) {
		builder_trim(&packed, stream.avail_out);
		builder_append(out, builder_read(&packed));
		rv = builder_ok(out) ? CKR_OK : CKR_DEVICE_MEMORY;
	}
	deflateEnd(&stream);
	builder_free(&packed);
	return rv;
}
