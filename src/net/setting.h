/*
** Options of libcurl's handles, and those by which a request goes where it is sent and nowhere else.
*/
#ifndef LOOM_SETTING_H
#define LOOM_SETTING_H

#include <curl/curl.h>
#include <stdbool.h>

/* Carries the first failure: SET does nothing after one. */
struct setting {
  CURL *easy;
  CURLcode code;
};

#define SET(setting, option, value)                                                                \
  ((setting)->code =                                                                               \
       (setting)->code ? (setting)->code : curl_easy_setopt((setting)->easy, option, value))

static inline void set_bounds(struct setting *s, bool is_mail) {
  SET(s, CURLOPT_FOLLOWLOCATION, 0L);
  SET(s, CURLOPT_PROXY, ""); /* none, whatever the environment says */
  SET(s, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
#if CURL_AT_LEAST_VERSION(7, 85, 0)
  SET(s, CURLOPT_PROTOCOLS_STR, is_mail ? "smtp,smtps" : "http,https");
#else
  SET(s, CURLOPT_PROTOCOLS,
      is_mail ? (long)(CURLPROTO_SMTP | CURLPROTO_SMTPS)
              : (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

#endif
