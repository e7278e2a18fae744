/* Whole files of a bounded size, and their names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import.h"

static bool
load(int fd, size_t max, struct builder *out)
{
	uint8_t block[16384];
	bool whole = false;
	for (size_t total = 0; total <= max;) {
		ssize_t got = read(fd, block, sizeof block);
		if (got <= 0) {
			whole = got == 0;
			break;
		}
		builder_put(out, block, (size_t)got);
		total += (size_t)got;
	}
	mem_wipe(block, sizeof block);
	return whole && builder_ok(out);
}

bool
file_load(const char *path, size_t max, struct builder *out)
{
	*out = builder_heap(max);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		complain("%s: %s", path, strerror(errno));
		return false;
	}
	bool whole = load(fd, max, out);
	close(fd);
	if (!whole) {
		complain("%s: cannot be read, or has over %zu bytes", path,
			 max);
		builder_free(out);
	}
	return whole;
}

bool
path_join(char *out, size_t size, const char *folder, const char *name)
{
	int used = snprintf(out, size, "%s/%s", folder, name);
	if (used > 0 && (size_t)used < size)
		return true;
	complain("%s/%s: the name is too long", folder, name);
	return false;
}

bool
path_exists(const char *folder, const char *name)
{
	char path[4096];
	struct stat status;
	return path_join(path, sizeof path, folder, name) &&
	       stat(path, &status) == 0;
}
