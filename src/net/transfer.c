/*
** Requests of HTTP and mails, by libcurl's multi interface.
*/
#include "net/transfer.h"
#include "net/setting.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct transfer {
  struct transfer *next;
  loom_transfers *all;
  uint64_t number;
  CURL *easy;
  struct curl_slist *headers, *recipients;
  char *body;
  size_t length, sent;
  char answer[LOOM_ANSWER_KEPT];
  size_t kept, read;
  bool plain, ended, complete; /* `complete`: the headers of a final answer have been read */
  long status;
  char refused[LOOM_ADDRESS_SIZE]; /* the address that was, "" for none */
  const char *kind;                /* what that is */
  char message[LOOM_MESSAGE_SIZE];
};

struct loom_transfers {
  CURLM *multi;
  struct transfer *list; /* in the order in which they were started */
  struct transfer *told; /* what loom_transfers_next gave last */
  size_t count;
  uint64_t number;
  size_t range_count;
  struct loom_range ranges[];
};

/* ---- what libcurl asks and tells ---- */

static bool may_connect(struct transfer *t, const unsigned char bytes[16]) {
  t->kind = loom_address_kind(bytes);
  if (t->plain && !(t->kind && strcmp(t->kind, "loopback") == 0))
    return false;
  for (size_t i = 0; t->kind && i < t->all->range_count; i++)
    if (loom_range_has(&t->all->ranges[i], bytes))
      return true;
  return !t->kind;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to) {
  struct transfer *t = context;
  unsigned char bytes[16];
  if (purpose != CURLSOCKTYPE_IPCXN || !loom_address_bytes(&to->addr, bytes))
    return CURL_SOCKET_BAD;
  if (!may_connect(t, bytes)) {
    loom_address_text(bytes, t->refused);
    return CURL_SOCKET_BAD;
  }
  curl_socket_t fd = socket(to->family, to->socktype, to->protocol);
  if (fd != CURL_SOCKET_BAD)
    fcntl(fd, F_SETFD,
          FD_CLOEXEC); /* commands that are started are none of the receiver's business */
  return fd;
}

/* What is more than enough is not read: that is an error of libcurl's, but an answer. */
static size_t take_body(char *bytes, size_t one, size_t length, void *context) {
  struct transfer *t = context;
  size_t room = sizeof t->answer - t->kept;
  (void)one; /* 1 */
  memcpy(t->answer + t->kept, bytes, length < room ? length : room);
  t->kept += length < room ? length : room;
  t->read += length;
  return t->read > LOOM_ANSWER_READ ? 0 : length;
}

static size_t take_header(char *bytes, size_t one, size_t length, void *context) {
  struct transfer *t = context;
  long status = 0;
  (void)one;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  if (length <= 2 && (*bytes == '\r' || *bytes == '\n')) /* the empty line after them */
    t->complete = status >= 200;
  return length;
}

/* Of what a mail's receiver says the refusals are kept: of recipients, too, whom the others need not wait for. */
static size_t take_refusal(char *bytes, size_t one, size_t length, void *context) {
  struct transfer *t = context;
  size_t room = sizeof t->answer - t->kept;
  (void)one;
  if (length > 0 && (*bytes == '4' || *bytes == '5')) {
    memcpy(t->answer + t->kept, bytes, length < room ? length : room);
    t->kept += length < room ? length : room;
  }
  return length;
}

static size_t give_body(char *bytes, size_t one, size_t room, void *context) {
  struct transfer *t = context;
  size_t left = t->length - t->sent, now = left < room ? left : room;
  (void)one;
  memcpy(bytes, t->body + t->sent, now);
  t->sent += now;
  return now;
}

/* ---- a request ---- */

static void free_transfer(struct transfer *t) {
  if (!t)
    return;
  if (t->easy) {
    curl_multi_remove_handle(t->all->multi, t->easy); /* if it has come that far */
    curl_easy_cleanup(t->easy);
  }
  curl_slist_free_all(t->headers);
  curl_slist_free_all(t->recipients);
  free(t->body);
  free(t);
}

/* Text without control characters, which could begin a line of the protocol. */
static bool is_line(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7f)
      return false;
  return true;
}

static bool begins_with(const char *text, const char *const *beginnings) {
  for (; *beginnings; beginnings++)
    if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
      return true;
  return false;
}

static loom_status check_lines(const char *const *list, const char *what, loom_error *error) {
  for (size_t i = 0; list && list[i]; i++)
    if (!is_line(list[i]))
      return loom_fail(error, LOOM_EINVAL, "%s %zu has a control character", what, i + 1);
  return LOOM_OK;
}

static loom_status check_request(const struct loom_request *request, loom_error *error) {
  static const char *const web[] = {"http://", "https://", NULL};
  static const char *const mail[] = {"smtp://", "smtps://", NULL};
  bool is_mail = request->recipients != NULL;
  if (!is_line(request->url) || !begins_with(request->url, is_mail ? mail : web))
    return loom_fail(error, LOOM_EINVAL, "the address is none of %s",
                     is_mail ? "smtp:// or smtps://" : "http:// or https://");
  if (is_mail && (!request->from || !*request->recipients))
    return loom_fail(error, LOOM_EINVAL, "a mail needs a sender and somebody who gets it");
  if ((request->from && !is_line(request->from)) || (request->method && !is_line(request->method)))
    return loom_fail(error, LOOM_EINVAL, "the sender or the method has a control character");
  loom_status status = check_lines(request->headers, "header", error);
  return status == LOOM_OK ? check_lines(request->recipients, "recipient", error) : status;
}

static bool copy_list(const char *const *list, struct curl_slist **copy) {
  for (; list && *list; list++) {
    struct curl_slist *longer = curl_slist_append(*copy, *list);
    if (!longer)
      return false;
    *copy = longer;
  }
  return true;
}

static bool copy_request(struct transfer *t, const struct loom_request *request) {
  t->plain = request->plain;
  t->length = request->length;
  t->body = malloc(request->length + 1);
  t->easy = curl_easy_init();
  if (!t->body || !t->easy)
    return false;
  if (request->length > 0)
    memcpy(t->body, request->body, request->length);
  return copy_list(request->headers, &t->headers) && copy_list(request->recipients, &t->recipients);
}

static void set_limits(struct setting *s, const struct transfer *t, bool is_mail, long time_limit) {
  SET(s, CURLOPT_TIMEOUT_MS, time_limit);
  SET(s, CURLOPT_CONNECTTIMEOUT_MS, time_limit);
  set_bounds(s, is_mail);
  SET(s, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(s, CURLOPT_OPENSOCKETDATA, t);
  SET(s, CURLOPT_WRITEFUNCTION, take_body);
  SET(s, CURLOPT_WRITEDATA, t);
  SET(s, CURLOPT_PRIVATE, t);
}

static void set_web(struct setting *s, const struct transfer *t,
                    const struct loom_request *request) {
  SET(s, CURLOPT_HEADERFUNCTION, take_header);
  SET(s, CURLOPT_HEADERDATA, t);
  SET(s, CURLOPT_USERAGENT, "loom");
  if (request->body) {
    SET(s, CURLOPT_POST, 1L);
    SET(s, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->length);
    SET(s, CURLOPT_POSTFIELDS, t->body);
  }
  if (request->method)
    SET(s, CURLOPT_CUSTOMREQUEST, request->method);
  SET(s, CURLOPT_HTTPHEADER, t->headers);
}

static void set_mail(struct setting *s, const struct transfer *t,
                     const struct loom_request *request) {
  SET(s, CURLOPT_MAIL_FROM, request->from);
  SET(s, CURLOPT_MAIL_RCPT, t->recipients);
#if CURL_AT_LEAST_VERSION(8, 2, 0)
  SET(s, CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L);
#elif CURL_AT_LEAST_VERSION(7, 69, 0)
  SET(s, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L); /* so it was spelt */
#endif
  SET(s, CURLOPT_HEADERFUNCTION, take_refusal);
  SET(s, CURLOPT_HEADERDATA, t);
  SET(s, CURLOPT_UPLOAD, 1L);
  SET(s, CURLOPT_READFUNCTION, give_body);
  SET(s, CURLOPT_READDATA, t);
  SET(s, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->length);
  SET(s, CURLOPT_USE_SSL, request->plain ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL);
}

static CURLcode set_request(struct transfer *t, const struct loom_request *request) {
  struct setting s = {t->easy, CURLE_OK};
  long limit = request->time_limit > 0 && request->time_limit < LOOM_TRANSFER_TIME
                   ? request->time_limit
                   : LOOM_TRANSFER_TIME;
  set_limits(&s, t, t->recipients != NULL, limit);
  SET(&s, CURLOPT_URL, request->url);
  if (t->recipients)
    set_mail(&s, t, request);
  else
    set_web(&s, t, request);
  if (request->username)
    SET(&s, CURLOPT_USERNAME, request->username);
  if (request->password)
    SET(&s, CURLOPT_PASSWORD, request->password);
  if (request->ca_file)
    SET(&s, CURLOPT_CAINFO, request->ca_file);
  return s.code;
}

/* ---- all of them ---- */

loom_status loom_transfers_new(const struct loom_range *allowed, size_t count,
                               loom_transfers **transfers, loom_error *error) {
  *transfers = NULL;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return loom_fail(error, LOOM_EIO, "libcurl cannot be set up");
  loom_transfers *all = calloc(1, sizeof *all + count * sizeof *allowed);
  if (all)
    all->multi = curl_multi_init();
  if (!all || !all->multi) {
    free(all);
    curl_global_cleanup();
    return loom_no_memory(error);
  }
  all->range_count = count;
  if (count > 0)
    memcpy(all->ranges, allowed, count * sizeof *allowed);
  *transfers = all;
  return LOOM_OK;
}

void loom_transfers_free(loom_transfers *transfers) {
  if (!transfers)
    return;
  free_transfer(transfers->told);
  for (struct transfer *t = transfers->list, *next; t; t = next) {
    next = t->next;
    free_transfer(t);
  }
  curl_multi_cleanup(transfers->multi);
  free(transfers);
  curl_global_cleanup();
}

static loom_status begin(loom_transfers *transfers, struct transfer *t,
                         const struct loom_request *request, loom_error *error) {
  if (!copy_request(t, request))
    return loom_no_memory(error);
  CURLcode code = set_request(t, request);
  if (code != CURLE_OK)
    return loom_fail(error, code == CURLE_OUT_OF_MEMORY ? LOOM_ENOMEM : LOOM_EINVAL, "%s",
                     curl_easy_strerror(code));
  CURLMcode added = curl_multi_add_handle(transfers->multi, t->easy);
  return added == CURLM_OK ? LOOM_OK : loom_fail(error, LOOM_EIO, "%s", curl_multi_strerror(added));
}

loom_status loom_transfers_start(loom_transfers *transfers, const struct loom_request *request,
                                 uint64_t *number, loom_error *error) {
  loom_status status = check_request(request, error);
  if (status != LOOM_OK)
    return status;
  if (transfers->count >= LOOM_TRANSFERS_MAX)
    return loom_fail(error, LOOM_EAGAIN, "%d transfers are under way", LOOM_TRANSFERS_MAX);
  struct transfer *t = calloc(1, sizeof *t), **last = &transfers->list;
  if (!t)
    return loom_no_memory(error);
  t->all = transfers;
  status = begin(transfers, t, request, error);
  if (status != LOOM_OK) {
    free_transfer(t);
    return status;
  }
  t->number = *number = ++transfers->number;
  while (*last)
    last = &(*last)->next;
  *last = t;
  transfers->count++;
  return LOOM_OK;
}

/* A status whose answer broke off is an answer all the same: what it says is done is not sent again. */
static bool is_answered(const struct transfer *t, CURLcode code) {
  if (t->recipients) /* a mail is taken or not when its end has been answered */
    return code == CURLE_OK || t->status >= 400;
  return t->complete || (code == CURLE_OK && t->status >= 200);
}

static void end(struct transfer *t, CURLcode code) {
  t->ended = true;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
  if (is_answered(t, code)) {
    t->refused[0] = '\0';
    return;
  }
  t->status = 0;
  if (t->refused[0] && code == CURLE_COULDNT_CONNECT && t->plain)
    snprintf(t->message, sizeof t->message, "%s is not the loopback: a mail to it needs TLS",
             t->refused);
  else if (t->refused[0] && code == CURLE_COULDNT_CONNECT)
    snprintf(t->message, sizeof t->message,
             "%s is not a public address (%s), and is not listed as allowed", t->refused, t->kind);
  else
    snprintf(t->message, sizeof t->message, "%s", curl_easy_strerror(code));
  if (code != CURLE_COULDNT_CONNECT)
    t->refused[0] = '\0';
}

/* Notes which have ended; how many. */
static size_t collect(loom_transfers *transfers) {
  size_t ended = 0;
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(transfers->multi, &left));) {
    char *context = NULL;
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
    end((struct transfer *)(void *)context, message->data.result);
    ended++;
  }
  return ended;
}

loom_status loom_transfers_wait(loom_transfers *transfers, int milliseconds, loom_error *error) {
  int running = 0;
  CURLMcode code = curl_multi_perform(transfers->multi, &running);
  size_t ended = collect(transfers);
  if (code == CURLM_OK && ended == 0) {
    code = curl_multi_poll(transfers->multi, NULL, 0, milliseconds, NULL);
    if (code == CURLM_OK)
      code = curl_multi_perform(transfers->multi, &running);
    collect(transfers);
  }
  return code == CURLM_OK ? LOOM_OK : loom_fail(error, LOOM_EIO, "%s", curl_multi_strerror(code));
}

static struct transfer *take_ended(loom_transfers *transfers) {
  for (struct transfer **at = &transfers->list; *at; at = &(*at)->next)
    if ((*at)->ended) {
      struct transfer *t = *at;
      *at = t->next;
      return t;
    }
  return NULL;
}

loom_status loom_transfers_next(loom_transfers *transfers, struct loom_answer *answer) {
  curl_off_t pause = 0;
  free_transfer(transfers->told);
  struct transfer *t = transfers->told = take_ended(transfers);
  if (!t)
    return LOOM_DONE;
  transfers->count--;
  curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &pause);
  *answer = (struct loom_answer){.number = t->number,
                                 .status = t->status,
                                 .body = t->answer,
                                 .length = t->kept,
                                 .retry_after = t->status ? (int64_t)pause : 0,
                                 .refused = t->refused[0] != '\0',
                                 .message = t->message[0] ? t->message : NULL};
  return LOOM_OK;
}

size_t loom_transfers_count(const loom_transfers *transfers) {
  return transfers->count;
}
