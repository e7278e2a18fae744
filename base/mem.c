/* Memory that is wiped before it is given back, and pages for secrets. */
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bytes.h"

enum { SECRET_MAX = 1 << 20 };

void *
mem_new(size_t size)
{
	return calloc(1, size > 0 ? size : 1);
}

void
mem_free(void *p, size_t size)
{
	mem_wipe(p, size);
	free(p);
}

void
mem_wipe(void *p, size_t size)
{
	if (p != NULL && size > 0)
		explicit_bzero(p, size);
}

bool
mem_equal(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *left = a, *right = b;
	uint8_t difference = 0;

	for (; size > 0; size--)
		difference |= *left++ ^ *right++;
	return difference == 0;
}

/* The size stands in the page too: a forked child finds an empty secret there,
 * not one of zeros. */
struct secret_page {
	size_t size;
	uint8_t data[];
};

struct secret {
	struct secret_page *page;
	size_t mapped;
};

static struct secret_page *
secret_map(size_t size)
{
	struct secret_page *page;

	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	/* each of these is a precaution that a limit or an old kernel may
	 * refuse; the secret is wanted all the same */
	DROP(mlock(page, size));
	DROP(madvise(page, size, MADV_DONTDUMP));
	DROP(madvise(page, size, MADV_WIPEONFORK));
	return page;
}

struct secret *
secret_new(const void *data, size_t size)
{
	struct secret *s;
	struct builder bytes;

	if (size > SECRET_MAX)
		return NULL;
	s = mem_new(sizeof(*s));
	if (s == NULL)
		return NULL;
	s->mapped = sizeof(*s->page) + size;
	s->page = secret_map(s->mapped);
	if (s->page == NULL) {
		mem_free(s, sizeof(*s));
		return NULL;
	}
	s->page->size = size;
	bytes = builder_over(s->page->data, size);
	builder_put(&bytes, data, size);
	if (!builder_ok(&bytes)) {
		secret_free(s);
		return NULL;
	}
	return s;
}

const void *
secret_data(const struct secret *s)
{
	return s->page->data;
}

size_t
secret_size(const struct secret *s)
{
	return s->page->size;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	mem_wipe(s->page, s->mapped);
	munmap(s->page, s->mapped);
	mem_free(s, sizeof(*s));
}
