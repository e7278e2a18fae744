/* What the files of p11bench share: options, the module, cases, results. */
#ifndef SIGNET_TESTS_BENCH_H
#define SIGNET_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "cryptoki.h"

enum {
	ROUNDS_MAX = 31,
	THREADS_MAX = 64,
	MIB = 1024 * 1024,
};

struct options {
	const char *module, *token, *pin, *so_pin;
	const char *only, *init_args, *folder, *exactly;
	double seconds;	       /* per case and side */
	double populate_limit; /* seconds */
	unsigned long objects;
	int rounds, threads;
	bool json, keep;
};
extern struct options options;

/* The module under test. */
struct run {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* logged in; owns the session objects */
	CK_SESSION_HANDLE work;	   /* replaced after a failure */
	CK_BBOOL key_on_token;
	unsigned long objects_made;
	char library[128], token[128];
	int wrong; /* results that libcrypto did not confirm */
};
extern struct run run;

#define A(type, value, size)                  \
	{                                     \
		(type), (void *)(value), size \
	}
#define AB(type, flag)                                \
	{                                             \
		(type), (void *)&(flag), sizeof(flag) \
	}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

extern const CK_BBOOL yes, no;

/* report.c */
enum verdict { WRONG = -1, UNCHECKED, CONFIRMED };

struct result {
	char name[80];
	double module_min, module_median, module_max; /* per second */
	double library, ratio; /* 0 when there is no reference */
	double busy;	       /* per second of processor time */
	CK_RV rv;	       /* why it is not available */
	bool absent;
	enum verdict verdict;
	char note[96];
	long rss;
};

struct result *result_add(const char *name);
void result_show(const struct result *r);
void result_absent(const char *name, CK_RV rv, const char *note);
void result_memory(const char *name);
/* COUNT things done in SECONDS. */
void result_span(const char *name, double seconds, double count,
		 const char *note);
void results_json(void);

/* measure.c */
double now(void);
/* Processor time of this process. */
double worked(void);
long resident_kib(void);
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
double median(double *values, int count);
/* One operation; anything but CKR_OK is a failure. */
typedef CK_RV (*op_fn)(void *);

struct work {
	const char *name;
	op_fn op;
	void *context;
	op_fn reference; /* the same with libcrypto; may be NULL */
	void *reference_context;
	enum verdict verdict;
	const char *note;
	/* The module waits for a disk: the ratio is one of time as it passes,
	 * else of processor time, which other programs take nothing of. */
	bool waits;
};

void work_session_renew(void);
double run_for(op_fn op, void *context, double seconds, CK_RV *rv,
	       double *busy);
/* Interleaved rounds of both sides; the result is added and shown. */
void measure(const struct work *work);

/* token.c */
CK_RV module_start(void);
CK_RV slot_find(void);
CK_RV slots_list(CK_SLOT_ID *ids, CK_ULONG *count);
CK_RV token_make(void);
CK_RV token_login(void);
void text_unpad(char *out, const CK_UTF8CHAR *field, size_t size);

/* keys.c */
enum { K_RSA2048, K_RSA3072, K_P256, K_P384, K_ED, K_MLDSA, K_COUNT };

struct keypair {
	CK_OBJECT_HANDLE public_key, private_key;
	EVP_PKEY *check; /* the token's public key */
	EVP_PKEY *own;	 /* a libcrypto key of the same kind */
	CK_RV rv;
};

/* Made on first use. */
struct keypair *key(int which);
const char *key_id(int which);
bool key_made(int which);
/* One attribute in fresh memory; NULL when it is not there. */
unsigned char *attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
			 size_t *size);

struct pair_request {
	CK_MECHANISM_TYPE mechanism;
	CK_ULONG bits;	    /* RSA */
	const void *params; /* EC */
	size_t params_size;
	CK_ULONG set; /* ML-DSA */
	CK_BBOOL on_token, derive;
	const char *id;
};
CK_RV pair_make(const struct pair_request *request,
		CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);
struct pair_request pair_p256(CK_BBOOL on_token, CK_BBOOL derive,
			      const char *id);

/* signature.c */
enum padding { PAD_NONE, PAD_PKCS1, PAD_PSS };

struct signature_kind {
	const char *name;
	int key;
	CK_MECHANISM_TYPE mechanism;
	const char *md;
	enum padding padding;
	size_t message_size;
	bool digested, ecdsa;
};
enum { KIND_RSA2048 = 0, KIND_P256 = 3, KIND_COUNT = 8 };
extern const struct signature_kind signature_kinds[KIND_COUNT];

struct signature {
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	unsigned char message[256];
	size_t message_size;
	unsigned char value[8192];
	CK_ULONG size;
	/* reference side */
	EVP_PKEY *own;
	const EVP_MD *md; /* NULL: the message is a digest, or is pure */
	enum padding padding;
	bool digested; /* EVP_PKEY_sign on a ready digest */
	unsigned char own_value[8192];
	size_t own_size;
};

void signature_setup(struct signature *s, const struct signature_kind *kind,
		     CK_SESSION_HANDLE session);
CK_RV op_sign(void *signature);
CK_RV op_verify(void *signature);
CK_RV ref_sign(void *signature);
CK_RV ref_verify(void *signature);
enum verdict signature_check(const struct signature *s, EVP_PKEY *public_key,
			     bool ecdsa);

/* buffer.c */
struct buffer {
	unsigned char *in, *out, *own_out;
	size_t size;
	CK_MECHANISM mechanism;
	CK_OBJECT_HANDLE key;
	CK_ULONG out_size;
	CK_GCM_PARAMS gcm;
	unsigned char iv[16], key_value[32];
	EVP_MD_CTX *digest;
	EVP_MD *md;
	EVP_CIPHER_CTX *context;
	EVP_CIPHER *cipher;
	bool is_gcm;
	size_t chunk;
};
enum { SIZES = 3 };
extern const size_t sizes[SIZES];
extern const char *const size_names[SIZES];
void buffer_setup(struct buffer *b, size_t size);
void buffer_free(struct buffer *b);
/* One-shot work on a buffer, by the module and by libcrypto. */
void digest_setup(struct buffer *b, size_t size);
CK_RV op_digest(void *buffer);
CK_RV ref_digest(void *buffer);
CK_RV encrypt_setup(struct buffer *b, size_t size, bool gcm, bool update);
CK_RV op_encrypt(void *buffer);
CK_RV ref_encrypt(void *buffer);

/* objects.c */
struct search {
	unsigned long count, seed;
	CK_OBJECT_HANDLE handle;
	CK_ULONG found;
	bool miss;
};
CK_RV object_make(unsigned long number, CK_BBOOL on_token,
		  CK_OBJECT_HANDLE *object);
CK_OBJECT_HANDLE object_by_id(CK_OBJECT_CLASS class, const char *id);
CK_RV op_find(void *search);
CK_RV op_find_all(void *search);
CK_RV op_find_label(void *search);
CK_RV op_find_class(void *search);
CK_RV op_find_key_type(void *search);
CK_RV op_create_session(void *unused);
CK_RV op_create_token(void *unused);
void objects_destroy(void);

/* calls.c */
struct attribute_case {
	CK_OBJECT_HANDLE object;
	unsigned char modulus[1024], id[256], label[256];
};
CK_RV op_attribute(void *attribute_case);

/* exactly.c: REQUEST is WHAT=N. */
void exactly(const char *request);

/* The stages, in the order in which main.c runs them. */
void stage_start(void);
void stage_floor(void);
void stage_session(void);
void stage_login(void);
void stage_attributes(void);
void stage_sign(void);
void stage_verify(void);
void stage_decrypt(void);
void stage_derive(void);
void stage_digest(void);
void stage_cipher(void);
void stage_random(void);
void stage_keygen(void);
void stage_threads(void);
void stage_find(void);

#endif
