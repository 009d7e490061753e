/*
** SHA-256 (FIPS 180-4), by which a page's policy names the style and the script that it allows, and messages are signed.
*/
#ifndef LOOM_SHA256_H
#define LOOM_SHA256_H

#include <stddef.h>

#define LOOM_SHA256_SIZE 32 /* bytes of a digest */

/* The digest of bytes that are all there. It is for what is ours: nothing here hides how long it takes. */
void loom_sha256(const void *bytes, size_t length, unsigned char digest[LOOM_SHA256_SIZE]);

/* HMAC-SHA256 (RFC 2104) of a text, by which a receiver knows who sent it. */
void loom_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                      unsigned char digest[LOOM_SHA256_SIZE]);

#endif
