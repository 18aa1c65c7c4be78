// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/http/http_client.h"

#define RETRY_AFTER_MAX_S 86400

struct cap_http {
	CURL *curl;
	uint64_t timeout_ns;
	size_t max_reply;
	const atomic_bool *stop;
	char *token_file;
	char *proxy, *unix_socket;
	struct cap_http_pem ca, cert, key;	/* copies */
	bool no_verify, open_token;
	char msg[CURL_ERROR_SIZE];
	struct cap_http_reply *reply;		/* of the request that runs */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- What curl calls -------------------------------------------------------------------------- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct cap_http *c = arg;
	struct cap_http_reply *r = c->reply;
	size_t len = size * n, room = c->max_reply - r->body.len;

	if (len > room) {
		r->truncated = true;
		buf__add(&r->body, p, room);
		return 0;	/* ends the transfer */
	}
	buf__add(&r->body, p, len);
	return len;
}

static int on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	const struct cap_http *c = arg;

	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	return c->stop && atomic_load_explicit(c->stop, memory_order_relaxed);
}

/* --- Options ------------------------------------------------------------------------------------ */

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static struct cap_http_pem pem__copy(const struct cap_http_pem *p)
{
	return (struct cap_http_pem){ dup_or_null(p->file), dup_or_null(p->text) };
}

static void pem__done(struct cap_http_pem *p)
{
	free((char *)p->file);
	free((char *)p->text);
}

static void set_pem(CURL *h, const struct cap_http_pem *p, CURLoption file, CURLoption blob)
{
	struct curl_blob b = { .data = (void *)p->text, .flags = CURL_BLOB_NOCOPY };

	if (p->text) {
		b.len = strlen(p->text);
		curl_easy_setopt(h, blob, &b);
	} else if (p->file) {
		curl_easy_setopt(h, file, p->file);
	}
}

/* What stays from request to request; a reset of the handle takes it away. */
static void set_lasting(struct cap_http *c)
{
	CURL *h = c->curl;

	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->msg);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "spoor");
	curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, c->no_verify ? 0L : 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, c->no_verify ? 0L : 2L);
	set_pem(h, &c->ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
	set_pem(h, &c->cert, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
	set_pem(h, &c->key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
	if (c->unix_socket)
		curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
	curl_easy_setopt(h, CURLOPT_PROXY, c->proxy ? c->proxy : "");
	curl_easy_setopt(h, CURLOPT_NOPROXY, "");
}

static int check_readable(const char *path, const char *what, struct err *err)
{
	int rc;

	if (!path || access(path, R_OK) == 0)
		return 0;
	rc = -errno;
	err__file(err, path);
	return err__set(err, rc, "cannot read the %s: %s", what, strerror(-rc));
}

int cap_http__new(struct cap_http **ret, const struct cap_http_opts *o, struct err *err)
{
	struct cap_http *c;
	int rc;

	rc = check_readable(o->ca.text ? NULL : o->ca.file, "certificates of authorities", err);
	if (!rc)
		rc = check_readable(o->cert.text ? NULL : o->cert.file, "certificate", err);
	if (!rc)
		rc = check_readable(o->key.text ? NULL : o->key.file, "key", err);
	if (rc)
		return rc;
	pthread_once(&once, init_curl);
	c = xcalloc(1, sizeof(*c));
	c->timeout_ns = o->timeout_ns ? o->timeout_ns : CAP_HTTP_TIMEOUT_NS;
	c->max_reply = o->max_reply ? o->max_reply : CAP_HTTP_REPLY_MAX;
	c->stop = o->stop;
	c->no_verify = o->no_verify;
	c->open_token = o->open_token;
	c->token_file = dup_or_null(o->token_file);
	c->proxy = dup_or_null(o->proxy);
	c->unix_socket = dup_or_null(o->unix_socket);
	c->ca = pem__copy(&o->ca);
	c->cert = pem__copy(&o->cert);
	c->key = pem__copy(&o->key);
	c->curl = curl_easy_init();
	if (!c->curl) {
		cap_http__free(c);
		return err__set(err, -ENOMEM, "libcurl does not start");
	}
	*ret = c;
	return 0;
}

void cap_http__free(struct cap_http *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	pem__done(&c->ca);
	pem__done(&c->cert);
	pem__done(&c->key);
	free(c->token_file);
	free(c->proxy);
	free(c->unix_socket);
	free(c);
}

/* --- A token ------------------------------------------------------------------------------------ */

static bool is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= 0x20 || (unsigned char)s[i] >= 0x7f)
			return false;
	return n > 0;
}

int cap_http__read_token(const char *path, bool may_be_open, char **ret, struct err *err)
{
	struct stat st;
	char text[CAP_HTTP_TOKEN_MAX + 1];
	size_t len = 0, from = 0;
	ssize_t n;
	int fd, rc;

	err__file(err, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = -errno;
		return err__set(err, rc, "cannot read the token: %s", strerror(-rc));
	}
	if (!may_be_open && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & S_IROTH) {
		close(fd);
		return err__set(err, -EPERM, "everybody can read this token: chmod o-r");
	}
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	while (from < len && isspace((unsigned char)text[from]))
		from++;
	rc = len > CAP_HTTP_TOKEN_MAX || !is_token(text + from, len - from) ? -EINVAL : 0;
	if (rc)
		err__set(err, rc, "no token in it: one line of printable characters is expected, without spaces");
	else
		*ret = xmemdup0(text + from, len - from);
	explicit_bzero(text, sizeof(text));
	return rc;
}

/* --- One request -------------------------------------------------------------------------------- */

int cap_http__check_url(const char *url, struct err *err)
{
	CURLU *u = curl_url();
	char *host = NULL;
	int rc = 0;

	if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8))
		rc = err__set(err, -EINVAL, "'%s' is no URL that begins with http:// or https://", url);
	else if (curl_url_set(u, CURLUPART_URL, url, 0) || curl_url_get(u, CURLUPART_HOST, &host, 0) || !*host)
		rc = err__set(err, -EINVAL, "'%s' is no URL", url);
	curl_free(host);
	curl_url_cleanup(u);
	return rc;
}

static int add_header(struct curl_slist **list, const char *text, struct err *err)
{
	if (strpbrk(text, "\r\n"))
		return err__set(err, -EINVAL, "a header with a line break in it");
	*list = curl_slist_append(*list, text);
	return 0;
}

static int add_token(struct cap_http *c, const struct cap_http_request *rq, struct curl_slist **list, struct err *err)
{
	char *token = NULL, *line;
	int rc;

	if (!rq->token && !c->token_file)
		return 0;
	rc = rq->token ? 0 : cap_http__read_token(c->token_file, c->open_token, &token, err);
	if (rc)
		return rc;
	line = xasprintf("Authorization: Bearer %s", rq->token ? rq->token : token);
	rc = add_header(list, line, err);
	explicit_bzero(line, strlen(line));
	free(line);
	free(token);
	return rc;
}

static int set_headers(struct cap_http *c, const struct cap_http_request *rq, struct curl_slist **list,
		       struct err *err)
{
	int rc = add_token(c, rq, list, err);

	for (unsigned i = 0; !rc && i < rq->n_headers; i++)
		rc = add_header(list, rq->headers[i], err);
	if (!rc)
		rc = add_header(list, "Expect:", err);	/* a body is sent at once */
	if (!rc)
		curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, *list);
	return rc;
}

static void set_method(struct cap_http *c, const struct cap_http_request *rq)
{
	const char *method = rq->method ? rq->method : "GET";

	if (rq->body) {
		curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, rq->body);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
	} else if (!strcmp(method, "HEAD")) {
		curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
}

static int code_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_ABORTED_BY_CALLBACK:
		return -ECANCELED;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return -EINVAL;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return -EPROTO;
	default:
		return -EIO;
	}
}

static void read_status(struct cap_http *c, struct cap_http_reply *r)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	r->status = (unsigned)status;
	if (curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0) {
		r->has_retry_after = true;
		r->retry_after_ns = (uint64_t)(wait < RETRY_AFTER_MAX_S ? wait : RETRY_AFTER_MAX_S) * 1000000000ull;
	}
}

int cap_http__do(struct cap_http *c, const struct cap_http_request *rq, struct cap_http_reply *ret, struct err *err)
{
	uint64_t timeout = rq->timeout_ns ? rq->timeout_ns : c->timeout_ns;
	struct curl_slist *list = NULL;
	CURLcode code;
	int rc;

	ret->body.len = 0;
	ret->status = 0;
	ret->truncated = ret->has_retry_after = false;
	ret->retry_after_ns = 0;
	c->reply = ret;
	c->msg[0] = 0;
	curl_easy_reset(c->curl);	/* keeps connections */
	set_lasting(c);
	set_method(c, rq);
	curl_easy_setopt(c->curl, CURLOPT_URL, rq->url);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)(timeout / 1000000 ? timeout / 1000000 : 1));
	rc = set_headers(c, rq, &list, err);
	if (rc)
		goto out;
	code = curl_easy_perform(c->curl);
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && ret->truncated)) {
		read_status(c, ret);
	} else {
		rc = code_of(code);
		err__set(err, rc, "%s", c->msg[0] ? c->msg : curl_easy_strerror(code));
	}
out:
	c->reply = NULL;
	curl_slist_free_all(list);
	return rc;
}

void cap_http_reply__done(struct cap_http_reply *r)
{
	buf__done(&r->body);
}
