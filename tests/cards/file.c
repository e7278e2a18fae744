/* Files that are put on a card. */
#include "file.h"

#include <openssl/pem.h>

#include <stdio.h>

bool
file_read(const char *path, struct pile *to)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file)
		return false;
	n = fread(to->at + to->used, 1, to->room - to->used, file);
	to->used += n;
	to->bad = n == 0 || to->used == to->room;
	(void)fclose(file);
	return !to->bad;
}

bool
file_certificate(const char *path, struct pile *der)
{
	uint8_t bytes[FILE_MAX];
	struct pile file = pile_of(bytes, sizeof(bytes));
	char *name = NULL, *header = NULL;
	uint8_t *data = NULL;
	long n = 0;
	BIO *bio;

	if (!file_read(path, &file))
		return false;
	if (file.at[0] == 0x30) {
		pile_bytes(der, file.at, file.used);
		return !der->bad;
	}
	bio = BIO_new_mem_buf(file.at, (int)file.used);
	if (bio && PEM_read_bio(bio, &name, &header, &data, &n))
		pile_bytes(der, data, (size_t)n);
	BIO_free(bio);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return n > 0 && !der->bad;
}
