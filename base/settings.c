/* What settings there are, and what the text of each may be. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_MAX = 100000000 };

/* This and its like set a field; false when the text does not suit it. */
static bool
set_text(void *field, const char *text)
{
	char **old = field;
	char *copy = strdup(text);

	if (copy == NULL)
		return false;
	free(*old);
	*old = copy;
	return true;
}

/* What a relative path means would depend on the program we are in. */
static bool
set_folder(void *field, const char *text)
{
	if (strcasecmp(text, "off") == 0)
		return set_text(field, "");
	return *text == '/' && set_text(field, text);
}

static bool
set_number(void *field, const char *text)
{
	unsigned *number = field;
	unsigned value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || value > NUMBER_MAX / 10)
			return false;
		value = 10 * value + (unsigned)(*text - '0');
	}
	*number = value;
	return true;
}

static bool
set_kdf(void *field, const char *text)
{
	size_t name = strcspn(text, ":");
	unsigned rounds = 1;

	if (strncmp(text, "scrypt", name) != 0 &&
	    strncmp(text, "pbkdf2", name) != 0)
		return false;
	if (name != strlen("scrypt"))
		return false;
	if (text[name] == ':' && !set_number(&rounds, text + name + 1))
		return false;
	return rounds > 0 && set_text(field, text);
}

static bool
set_switch(void *field, const char *text)
{
	static const struct {
		const char *text;
		bool on;
	} words[] = {
		{ "on", true },	  { "yes", true }, { "true", true },
		{ "off", false }, { "no", false }, { "false", false },
	};
	bool *on = field;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(words[i].text, text) == 0) {
			*on = words[i].on;
			return true;
		}
	}
	return false;
}

static bool
set_keep(void *field, const char *text)
{
	bool *keep = field;

	if (strcasecmp(text, "login") != 0 && strcasecmp(text, "never") != 0)
		return false;
	*keep = strcasecmp(text, "login") == 0;
	return true;
}

static bool
set_retired(void *field, const char *text)
{
	bool *all = field;

	if (strcasecmp(text, "history") != 0 && strcasecmp(text, "all") != 0)
		return false;
	*all = strcasecmp(text, "all") == 0;
	return true;
}

static bool
set_level(void *field, const char *text)
{
	static const char *const words[] = {
		[LOG_OFF] = "off",
		[LOG_ERROR] = "error",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	enum log_level *level = field;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(words[i], text) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

struct setting_kind {
	bool (*set)(void *field, const char *text);
	const char *wanted;
};

static const struct setting_kind kind_text = { set_text, "a text" };
static const struct setting_kind kind_folder = { set_folder,
						 "an absolute path, or off" };
static const struct setting_kind kind_kdf = {
	set_kdf, "scrypt or pbkdf2, also with :ROUNDS"
};
static const struct setting_kind kind_number = { set_number, "a number" };
static const struct setting_kind kind_switch = { set_switch, "on or off" };
static const struct setting_kind kind_keep = { set_keep, "login or never" };
static const struct setting_kind kind_retired = { set_retired,
						  "history or all" };
static const struct setting_kind kind_level = { set_level,
						"off, error, info or debug" };

#define FIELD(name) offsetof(struct config, name)

static const struct setting settings[] = {
	{ "applets", "SIGNET_APPLETS", "", &kind_text, FIELD(applets) },
	{ "slots.hide", "SIGNET_SLOTS_HIDE", "", &kind_text,
	  FIELD(slots_hide) },
	{ "readers.ignore", "SIGNET_READERS_IGNORE", "", &kind_text,
	  FIELD(readers_ignore) },
	{ "pin.keep", "SIGNET_PIN_KEEP", "login", &kind_keep, FIELD(pin_keep) },
	{ "logout.leave", "SIGNET_LOGOUT_LEAVE", "off", &kind_switch,
	  FIELD(logout_leave) },
	{ "cache", "SIGNET_CACHE", NULL, &kind_folder, FIELD(cache) },
	{ "piv.retired", "SIGNET_PIV_RETIRED", "history", &kind_retired,
	  FIELD(piv_retired_all) },
	{ "piv.always_authenticate", "SIGNET_PIV_ALWAYS_AUTHENTICATE", "yes",
	  &kind_switch, FIELD(piv_always_authenticate) },
	{ "softtoken.init", "SIGNET_SOFTTOKEN", "off", &kind_switch,
	  FIELD(softtoken_init) },
	{ "softtoken.path", "SIGNET_SOFTTOKEN_PATH", NULL, &kind_folder,
	  FIELD(softtoken_path) },
	{ "softtoken.kdf", "SIGNET_SOFTTOKEN_KDF", "scrypt", &kind_kdf,
	  FIELD(softtoken_kdf) },
	{ "softtoken.tries", "SIGNET_SOFTTOKEN_TRIES", "10", &kind_number,
	  FIELD(softtoken_tries) },
	{ "log.level", "SIGNET_LOG_LEVEL", "off", &kind_level,
	  FIELD(log_level) },
	{ "log.file", "SIGNET_LOG_FILE", "", &kind_text, FIELD(log_file) },
};
enum { SETTINGS = sizeof(settings) / sizeof(*settings) };

const struct setting *
setting_at(size_t number)
{
	return number < SETTINGS ? &settings[number] : NULL;
}

const struct setting *
setting_find(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].key, key) == 0)
			return &settings[i];
	}
	return NULL;
}

bool
setting_set(const struct setting *setting, const char *text,
	    struct config *config)
{
	if (strlen(text) > CONFIG_TEXT_MAX)
		return false;
	return setting->kind->set((char *)config + setting->offset, text);
}

const char *
setting_wanted(const struct setting *setting)
{
	return setting->kind->wanted;
}
