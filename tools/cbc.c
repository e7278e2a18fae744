/* Block ciphers in CBC mode, as both kinds of token files use them. */
#include "import.h"

bool
cbc_decrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv,
	    struct cursor in, struct builder *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int used = 0, last = 0;
	bool ok = false;
	if (!context || !cursor_ok(&in) || in.left > VALUE_MAX)
		goto out;
	size_t room = in.left + EVP_MAX_BLOCK_LENGTH;
	uint8_t *plain = builder_space(out, room);
	if (!plain)
		goto out;
	ok = EVP_DecryptInit_ex2(context, cipher, key, iv, NULL) > 0 &&
	     EVP_DecryptUpdate(context, plain, &used, in.at, (int)in.left) >
		     0 &&
	     EVP_DecryptFinal_ex(context, plain + used, &last) > 0;
	builder_trim(out, ok ? room - (size_t)used - (size_t)last : room);
out:
	EVP_CIPHER_CTX_free(context);
	return ok;
}
