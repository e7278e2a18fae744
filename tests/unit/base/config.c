/* Tests of base/config.c, which is built here with a file of ours as the
 * system's, and with a secure_getenv() that can be that of a setuid process. */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

enum { PATH_SIZE = 4096 };

static char folder[] = "config-XXXXXX"; /* in the working directory */
static char before[PATH_SIZE], home[PATH_SIZE];
static bool setuid_process;

char *__real_secure_getenv(const char *name);
char *__wrap_secure_getenv(const char *name);

char *
__wrap_secure_getenv(const char *name)
{
	return setuid_process ? NULL : __real_secure_getenv(name);
}

static const char *const variables[] = {
	"HOME",
	"XDG_CONFIG_HOME",
	"XDG_DATA_HOME",
	"XDG_CACHE_HOME",
	"SIGNET_APPLETS",
	"SIGNET_SOFTTOKEN",
	"SIGNET_CACHE",
	"SIGNET_SOFTTOKEN_PATH",
	"SIGNET_SOFTTOKEN_TRIES",
	"SIGNET_LOG_FILE",
	"SIGNET_LOG_LEVEL",
	"SIGNET_PIN_KEEP",
	"SIGNET_LOGOUT_LEAVE",
	"SIGNET_SOFTTOKEN_KDF",
	"SIGNET_SLOTS_HIDE",
	"SIGNET_READERS_IGNORE",
};

static const char user_file[] = ".config/signet/signet.conf";
static const char log_settings[] = "log.level = error\nlog.file = log\n";

static int
setup(void **state)
{
	if (getcwd(before, sizeof(before)) == NULL)
		return -1;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	if (getcwd(home, sizeof(home)) == NULL)
		return -1;
	return mkdir(".config", 0700) || mkdir(".config/signet", 0700);
}

static int
teardown(void **state)
{
	return rmdir(".config/signet") || rmdir(".config") || chdir(before) ||
	       rmdir(folder);
}

static int
clean_before(void **state)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setuid_process = false;
	return setenv("HOME", home, 1);
}

static int
clean_after(void **state)
{
	log_close();
	unlink("signet.conf");
	unlink(user_file);
	unlink("log");
	return 0;
}

static void
write_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The system's file: TEXT, and that errors go to the log. */
static void
write_system(const char *text)
{
	char all[PATH_SIZE];

	snprintf(all, sizeof(all), "%s%s", text, log_settings);
	write_bytes("signet.conf", all, strlen(all));
}

static void
write_user(const char *text)
{
	write_bytes(user_file, text, strlen(text));
}

static struct config *
load(void)
{
	struct config *config = config_load();

	assert_non_null(config);
	return config;
}

/* All of the log; "" when there is none. */
static const char *
log_content(void)
{
	static char log[128 * 1024];
	FILE *file = fopen("log", "r");
	size_t size = 0;

	if (file != NULL) {
		size = fread(log, 1, sizeof(log) - 1, file);
		fclose(file);
	}
	log[size] = '\0';
	return log;
}

/* The log has just this one line. */
static void
assert_logged(const char *wanted)
{
	const char *line = strstr(log_content(), "error: ");

	assert_non_null(line);
	line += strlen("error: ");
	assert_int_equal(strncmp(line, wanted, strlen(wanted)), 0);
	assert_string_equal(line + strlen(wanted), "\n");
}

/* All that can be had without asking for anything. */
static void
assert_defaults(const struct config *c)
{
	assert_string_equal(c->applets, "");
	assert_string_equal(c->slots_hide, "");
	assert_string_equal(c->readers_ignore, "");
	assert_true(c->pin_keep);
	assert_false(c->logout_leave);
	assert_false(c->piv_retired_all);
	assert_true(c->piv_always_authenticate);
	assert_false(c->softtoken_init);
	assert_string_equal(c->softtoken_kdf, "scrypt");
	assert_int_equal(c->softtoken_tries, 10);
}

/* A system file of these lines means the defaults and this log line. */
static void
assert_complaint(const char *lines, const char *wanted)
{
	struct config *config;

	write_system(lines);
	config = load();
	assert_defaults(config);
	assert_int_equal(config->log_level, LOG_ERROR);
	assert_logged(wanted);
	config_free(config);
	clean_after(NULL);
}

static void
test_unknown(void **state)
{
	assert_complaint("\nsoftoken.path = /x\n",
			 "signet.conf:2: there is no setting softoken.path");
	assert_complaint("[softtoken]\nsofttoken.init = on\n[]\n",
			 "signet.conf:2: there is no setting "
			 "softtoken.softtoken.init");
	assert_complaint("[softtoken]\npaht = /x\n[]\n",
			 "signet.conf:2: there is no setting softtoken.paht");
}

static void
test_bad_value(void **state)
{
	assert_complaint("pin.keep = forever\n",
			 "signet.conf:1: \"forever\" is not good for pin.keep, "
			 "which is login or never");
	assert_complaint("piv.retired = some\n",
			 "signet.conf:1: \"some\" is not good for piv.retired, "
			 "which is history or all");
	assert_complaint("logout.leave = maybe\n",
			 "signet.conf:1: \"maybe\" is not good for "
			 "logout.leave, which is on or off");
	assert_complaint("softtoken.init =\n",
			 "signet.conf:1: \"\" is not good for softtoken.init, "
			 "which is on or off");
	assert_complaint("softtoken.path = tokens\n",
			 "signet.conf:1: \"tokens\" is not good for "
			 "softtoken.path, which is an absolute path, or off");
}

static void
test_bad_number(void **state)
{
	static const char *const bad[] = { "-1",  "+1",
					   "1x",  "0x10",
					   "1 0", "999999999999999999999999",
					   "1.5" };
	char lines[128], wanted[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(lines, sizeof(lines), "softtoken.tries = %s\n",
			 bad[i]);
		snprintf(wanted, sizeof(wanted),
			 "signet.conf:1: \"%s\" is not good for "
			 "softtoken.tries, which is a number",
			 bad[i]);
		assert_complaint(lines, wanted);
	}
}

static void
test_bad_kdf(void **state)
{
	static const char *const bad[] = { "bcrypt",   "scryp",	   "scryptt",
					   "pbkdf2:",  "pbkdf2:0", "pbkdf2:-5",
					   "scrypt:x", ":1000" };
	char lines[128], wanted[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(lines, sizeof(lines), "softtoken.kdf = %s\n", bad[i]);
		snprintf(wanted, sizeof(wanted),
			 "signet.conf:1: \"%s\" is not good for softtoken.kdf, "
			 "which is scrypt or pbkdf2, also with :ROUNDS",
			 bad[i]);
		assert_complaint(lines, wanted);
	}
}

static void
test_bad_line(void **state)
{
	assert_complaint("# fine\nnonsense\n",
			 "signet.conf:2: neither a [section] nor key = value");
	assert_complaint("[pin\n",
			 "signet.conf:1: neither a [section] nor key = value");
}

static void
test_long_line(void **state)
{
	char lines[1024];
	struct config *config;

	snprintf(lines, sizeof(lines), "softtoken.tries = 5%600s\n", "");
	write_system(lines);
	config = load();
	assert_defaults(config);
	assert_non_null(strstr(log_content(), "signet.conf:1: longer than "));
	config_free(config);
}

static void
test_zero_byte(void **state)
{
	const char bytes[] = "softtoken.tries = 5\0\nlog.level = error\n"
			     "log.file = log\n";
	struct config *config;

	write_bytes("signet.conf", bytes, sizeof(bytes) - 1);
	config = load();
	assert_defaults(config);
	assert_logged("signet.conf:1: holds a zero byte");
	config_free(config);
}

/* Too long is all of it, so the log is switched on from elsewhere. */
static void
test_long_file(void **state)
{
	static char bytes[64 * 1024 + 1];
	struct builder b = builder_over(bytes, sizeof(bytes));
	struct config *config;

	builder_text(&b, "softtoken.tries = 5");
	builder_fill(&b, '\n', sizeof(bytes) - b.used);
	write_bytes("signet.conf", bytes, sizeof(bytes));
	write_user(log_settings);
	config = load();
	assert_defaults(config);
	assert_logged(
		"signet.conf: cannot be read, or is longer than 65536 bytes");
	config_free(config);
	clean_after(state);
	/* one byte less is fine */
	write_bytes("signet.conf", bytes, sizeof(bytes) - 1);
	config = load();
	assert_int_equal(config->softtoken_tries, 5);
	config_free(config);
}

static void
test_not_a_file(void **state)
{
	struct config *config;

	assert_int_equal(mkdir("signet.conf", 0700), 0);
	write_user(log_settings);
	config = load();
	assert_int_equal(rmdir("signet.conf"), 0);
	assert_defaults(config);
	assert_logged("signet.conf: not a regular file");
	config_free(config);
}

static void
test_unreadable(void **state)
{
	struct config *config;

	/* a loop of links cannot be read by root either */
	assert_int_equal(symlink("signet.conf", "signet.conf"), 0);
	write_user(log_settings);
	config = load();
	assert_defaults(config);
	assert_logged("signet.conf: Too many levels of symbolic links");
	config_free(config);
}

/* Garbage of every kind: messages without end stay within bounds. */
static void
test_garbage(void **state)
{
	static const char letters[] = "a=[];# .\n\0\xFF\t\nb=[";
	static char bytes[60 * 1024];
	uint32_t number = 1;
	struct config *config;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		number = number * 1664525 + 1013904223;
		bytes[i] = letters[number >> 28];
	}
	write_bytes("signet.conf", bytes, sizeof(bytes));
	write_user(log_settings);
	config = load();
	assert_defaults(config);
	assert_in_range(strlen(log_content()), 1000, 100000);
	config_free(config);
}

static void
test_long_variable(void **state)
{
	static char text[CONFIG_TEXT_MAX + 2];
	struct config *config;

	write_system("");
	memset(text, 'x', CONFIG_TEXT_MAX + 1);
	setenv("SIGNET_APPLETS", text, 1);
	config = load();
	assert_defaults(config);
	assert_non_null(strstr(log_content(), "error: SIGNET_APPLETS: \"xxx"));
	config_free(config);
	text[CONFIG_TEXT_MAX] = '\0';
	setenv("SIGNET_APPLETS", text, 1);
	config = load();
	assert_string_equal(config->applets, text);
	config_free(config);
}

static void
test_foreign_user_file(void **state)
{
	char wanted[PATH_SIZE + 128];
	struct config *config;

	if (geteuid() != 0)
		skip();
	write_system("applets = piv\n");
	write_user("softtoken.tries = 5\n");
	assert_int_equal(chown(user_file, 65534, 65534), 0);
	setenv("SIGNET_SOFTTOKEN", "on", 1);
	config = load();
	assert_string_equal(config->applets, "piv");
	assert_int_equal(config->softtoken_tries, 10);
	assert_false(config->softtoken_init);
	assert_string_equal(config->softtoken_path, "");
	assert_string_equal(config->cache, "");
	snprintf(wanted, sizeof(wanted),
		 "%s/%s: belongs to somebody else, so it does not count, nor "
		 "does the environment",
		 home, user_file);
	assert_logged(wanted);
	config_free(config);
}

static void
test_setuid(void **state)
{
	struct config *config;

	write_system("applets = piv\n");
	write_user("softtoken.tries = 5\n");
	setenv("SIGNET_SOFTTOKEN", "on", 1);
	setuid_process = true;
	config = load();
	assert_string_equal(config->applets, "piv");
	assert_int_equal(config->softtoken_tries, 10);
	assert_false(config->softtoken_init);
	assert_string_equal(config->softtoken_path, "");
	assert_string_equal(config->cache, "");
	config_free(config);
}

static void
test_no_home(void **state)
{
	static const char *const homes[] = { NULL, "", "relative" };
	struct config *config;

	write_user("softtoken.tries = 5\n");
	for (size_t i = 0; i < 3; i++) {
		if (homes[i] == NULL)
			unsetenv("HOME");
		else
			setenv("HOME", homes[i], 1);
		config = load();
		assert_defaults(config);
		assert_string_equal(config->softtoken_path, "");
		assert_string_equal(config->cache, "");
		config_free(config);
	}
}

static void
test_relative_folders(void **state)
{
	char wanted[PATH_SIZE + 64];
	struct config *config;

	write_user("softtoken.tries = 5\n");
	setenv("XDG_CONFIG_HOME", "elsewhere", 1);
	setenv("XDG_DATA_HOME", "", 1);
	setenv("XDG_CACHE_HOME", "./x", 1);
	config = load();
	assert_int_equal(config->softtoken_tries, 5);
	snprintf(wanted, sizeof(wanted), "%s/.local/share/signet/tokens", home);
	assert_string_equal(config->softtoken_path, wanted);
	snprintf(wanted, sizeof(wanted), "%s/.cache/signet", home);
	assert_string_equal(config->cache, wanted);
	config_free(config);
}

static void
test_defaults(void **state)
{
	char wanted[PATH_SIZE + 64];
	struct config *config = load();

	assert_defaults(config);
	assert_int_equal(config->log_level, LOG_OFF);
	assert_string_equal(config->log_file, "");
	assert_false(log_on(LOG_ERROR));
	snprintf(wanted, sizeof(wanted), "%s/.local/share/signet/tokens", home);
	assert_string_equal(config->softtoken_path, wanted);
	snprintf(wanted, sizeof(wanted), "%s/.cache/signet", home);
	assert_string_equal(config->cache, wanted);
	config_free(config);
	config_free(NULL);
}

static void
test_folders(void **state)
{
	struct config *config;
	char path[PATH_SIZE + 64];

	write_user("softtoken.tries = 5\n");
	snprintf(path, sizeof(path), "%s/.config", home);
	setenv("HOME", "/nonexistent", 1);
	setenv("XDG_CONFIG_HOME", path, 1);
	setenv("XDG_DATA_HOME", "/data", 1);
	setenv("XDG_CACHE_HOME", "/cache", 1);
	config = load();
	assert_int_equal(config->softtoken_tries, 5);
	assert_string_equal(config->softtoken_path, "/data/signet/tokens");
	assert_string_equal(config->cache, "/cache/signet");
	config_free(config);
}

/* Every setting, dotted and in sections, with what an editor may leave. */
static void
test_every_setting(void **state)
{
	struct config *c;

	write_user("\xEF\xBB\xBF# with a mark of its coding\r\n"
		   "applets = piv,openpgp\r\n"
		   "  slots.hide = *PIV* ; a comment\n"
		   "\treaders.ignore: Some Reader [one]*\n"
		   "pin.keep = Never\nlogout.leave = YES\ncache = off\n\n"
		   "[softtoken]\ninit = true\npath = /tokens\n"
		   "kdf = pbkdf2:1000\ntries = 0\n"
		   "[piv]\nretired = All\nalways_authenticate = no\n"
		   "[log]\nfile = log\nlevel = info");
	c = load();
	assert_string_equal(c->applets, "piv,openpgp");
	assert_string_equal(c->slots_hide, "*PIV*");
	assert_string_equal(c->readers_ignore, "Some Reader [one]*");
	assert_false(c->pin_keep);
	assert_true(c->logout_leave);
	assert_string_equal(c->cache, "");
	assert_true(c->piv_retired_all);
	assert_false(c->piv_always_authenticate);
	assert_true(c->softtoken_init);
	assert_string_equal(c->softtoken_path, "/tokens");
	assert_string_equal(c->softtoken_kdf, "pbkdf2:1000");
	assert_int_equal(c->softtoken_tries, 0);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_string_equal(c->log_file, "log");
	assert_true(log_on(LOG_INFO));
	assert_string_equal(log_content(), "");
	config_free(c);
}

static void
test_later_wins(void **state)
{
	struct config *config;

	write_system("applets = a\nsofttoken.tries = 1\nslots.hide = a\n"
		     "softtoken.tries = 2\n");
	write_user("applets = b\nslots.hide = b\nsofttoken.init = on\n");
	setenv("SIGNET_APPLETS", "c", 1);
	setenv("SIGNET_SLOTS_HIDE", "", 1);
	setenv("SIGNET_SOFTTOKEN", "off", 1);
	setenv("SIGNET_LOG_LEVEL", "debug", 1);
	config = load();
	assert_string_equal(config->applets, "c");
	assert_string_equal(config->slots_hide, "b");
	assert_int_equal(config->softtoken_tries, 2);
	assert_false(config->softtoken_init);
	assert_int_equal(config->log_level, LOG_DEBUG);
	config_free(config);
}

/* A bad later one does not undo a good earlier one. */
static void
test_bad_later(void **state)
{
	struct config *config;

	write_system("softtoken.tries = 3\n");
	setenv("SIGNET_SOFTTOKEN_TRIES", "many", 1);
	config = load();
	assert_int_equal(config->softtoken_tries, 3);
	assert_logged("SIGNET_SOFTTOKEN_TRIES: \"many\" is not good for "
		      "softtoken.tries, which is a number");
	config_free(config);
}

static void
test_variables(void **state)
{
	struct config *c;

	setenv("SIGNET_APPLETS", "piv", 1);
	setenv("SIGNET_SLOTS_HIDE", "x*", 1);
	setenv("SIGNET_READERS_IGNORE", "y*", 1);
	setenv("SIGNET_PIN_KEEP", "never", 1);
	setenv("SIGNET_LOGOUT_LEAVE", "on", 1);
	setenv("SIGNET_CACHE", "/c", 1);
	setenv("SIGNET_SOFTTOKEN", "on", 1);
	setenv("SIGNET_SOFTTOKEN_PATH", "/t", 1);
	setenv("SIGNET_SOFTTOKEN_KDF", "pbkdf2", 1);
	setenv("SIGNET_SOFTTOKEN_TRIES", "3", 1);
	setenv("SIGNET_LOG_FILE", "log", 1);
	setenv("SIGNET_LOG_LEVEL", "error", 1);
	c = load();
	assert_string_equal(c->applets, "piv");
	assert_string_equal(c->slots_hide, "x*");
	assert_string_equal(c->readers_ignore, "y*");
	assert_false(c->pin_keep);
	assert_true(c->logout_leave);
	assert_string_equal(c->cache, "/c");
	assert_true(c->softtoken_init);
	assert_string_equal(c->softtoken_path, "/t");
	assert_string_equal(c->softtoken_kdf, "pbkdf2");
	assert_int_equal(c->softtoken_tries, 3);
	assert_int_equal(c->log_level, LOG_ERROR);
	assert_string_equal(c->log_file, "log");
	assert_string_equal(log_content(), "");
	config_free(c);
}

static void
test_listed(void **state)
{
	const char *name = "Maker Reader [CCID] (0123) 00 00";
	static char longer[2 * CONFIG_TEXT_MAX];

	memset(longer, 'x', sizeof(longer) - 1);
	assert_false(config_listed("", name));
	assert_false(config_listed(" , ,, ", name));
	assert_false(config_listed("", ""));
	assert_false(config_listed("Maker", name));
	assert_false(config_listed("maker*", name));
	assert_false(config_listed("piv,openpgp", "pi"));
	assert_false(config_listed("piv,openpgp", "openpgpx"));
	assert_false(config_listed(longer, longer));
	assert_true(config_listed("piv,openpgp", "piv"));
	assert_true(config_listed("piv, openpgp ", "openpgp"));
	assert_true(config_listed(",piv", "piv"));
	assert_true(config_listed("x,Maker*", name));
	assert_true(config_listed("*CCID*,x", name));
	assert_true(config_listed("Maker Reader [CCID] (0123) 00 00", name));
	assert_true(
		config_listed("Maker Reader ?CCID? (0123) 00 0[0-9]", name));
}

#define LOAD_CASE(name, function)                               \
	{                                                       \
		name, function, clean_before, clean_after, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_CASE("/base/config/file/unknown", test_unknown),
		LOAD_CASE("/base/config/file/bad-value", test_bad_value),
		LOAD_CASE("/base/config/file/bad-number", test_bad_number),
		LOAD_CASE("/base/config/file/bad-kdf", test_bad_kdf),
		LOAD_CASE("/base/config/file/bad-line", test_bad_line),
		LOAD_CASE("/base/config/file/long-line", test_long_line),
		LOAD_CASE("/base/config/file/zero-byte", test_zero_byte),
		LOAD_CASE("/base/config/file/too-long", test_long_file),
		LOAD_CASE("/base/config/file/not-regular", test_not_a_file),
		LOAD_CASE("/base/config/file/unreadable", test_unreadable),
		LOAD_CASE("/base/config/file/garbage", test_garbage),
		LOAD_CASE("/base/config/file/foreign", test_foreign_user_file),
		LOAD_CASE("/base/config/variable/long", test_long_variable),
		LOAD_CASE("/base/config/variable/bad", test_bad_later),
		LOAD_CASE("/base/config/setuid", test_setuid),
		LOAD_CASE("/base/config/no-home", test_no_home),
		LOAD_CASE("/base/config/relative", test_relative_folders),
		LOAD_CASE("/base/config/defaults", test_defaults),
		LOAD_CASE("/base/config/folders", test_folders),
		LOAD_CASE("/base/config/every-setting", test_every_setting),
		LOAD_CASE("/base/config/later-wins", test_later_wins),
		LOAD_CASE("/base/config/variables", test_variables),
		LOAD_CASE("/base/config/listed", test_listed),
	};

	return cmocka_run_group_tests_name("/base/config", tests, setup,
					   teardown);
}
