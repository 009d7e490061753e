#include "base/sha256.h"

#include <stdint.h>
#include <string.h>

#define BLOCK 64 /* bytes that are taken in at once */
#define LENGTH 8 /* bytes of the length in bits, at the end of the last block */
#define ROUNDS 64
#define WORDS 8 /* of the state */

/* FIPS 180-4, section 4.2.2: of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t word, unsigned by) {
  return word >> by | word << (32 - by);
}

static uint32_t word_at(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Section 6.2.2, step 1. */
static void expand(const unsigned char *block, uint32_t schedule[ROUNDS]) {
  for (int t = 0; t < 16; t++)
    schedule[t] = word_at(block + 4 * t);
  for (int t = 16; t < ROUNDS; t++) {
    uint32_t far = schedule[t - 15];
    uint32_t near = schedule[t - 2];
    schedule[t] = schedule[t - 16] + (rotated(far, 7) ^ rotated(far, 18) ^ far >> 3) +
                  schedule[t - 7] + (rotated(near, 17) ^ rotated(near, 19) ^ near >> 10);
  }
}

/* Section 6.2.2, steps 2 to 4, where v holds a to h. */
static void take_block(uint32_t state[WORDS], const unsigned char *block) {
  uint32_t schedule[ROUNDS];
  uint32_t v[WORDS];
  expand(block, schedule);
  memcpy(v, state, sizeof v);
  for (int t = 0; t < ROUNDS; t++) {
    uint32_t chosen = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    uint32_t first = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) + chosen +
                     constants[t] + schedule[t];
    uint32_t second = (rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) + majority;
    memmove(v + 1, v, (WORDS - 1) * sizeof *v);
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < WORDS; i++)
    state[i] += v[i];
}

/* What is left over, a bit that ends it, and the length in bits, in one block or two: section 5.1.1. */
static void take_end(uint32_t state[WORDS], const unsigned char *rest, size_t count,
                     uint64_t bits) {
  unsigned char end[2 * BLOCK] = {0};
  size_t size = count + 1 + LENGTH <= BLOCK ? BLOCK : 2 * BLOCK;
  if (count > 0)
    memcpy(end, rest, count);
  end[count] = 0x80;
  for (size_t i = 1; i <= LENGTH; i++, bits >>= 8)
    end[size - i] = (unsigned char)bits;
  for (size_t at = 0; at < size; at += BLOCK)
    take_block(state, end + at);
}

/* The digest of a block, if there is one, and of what comes after it. */
static void digest_after(const unsigned char *block, const void *bytes, size_t length,
                         unsigned char digest[LOOM_SHA256_SIZE]) {
  /* Section 5.3.3: of the square roots of the first eight primes. */
  uint32_t state[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const unsigned char *at = bytes;
  size_t left = length;
  if (block)
    take_block(state, block);
  for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
    take_block(state, at);
  take_end(state, at, left, ((uint64_t)length + (block ? BLOCK : 0)) * 8);
  for (int i = 0; i < WORDS; i++)
    for (int byte = 0; byte < 4; byte++)
      digest[4 * i + byte] = (unsigned char)(state[i] >> (24 - 8 * byte));
}

void loom_sha256(const void *bytes, size_t length, unsigned char digest[LOOM_SHA256_SIZE]) {
  digest_after(NULL, bytes, length, digest);
}

void loom_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                      unsigned char digest[LOOM_SHA256_SIZE]) {
  unsigned char block[BLOCK] = {0}, inner[LOOM_SHA256_SIZE];
  if (key_length > BLOCK)
    loom_sha256(key, key_length, block);
  else if (key_length > 0)
    memcpy(block, key, key_length);
  for (int i = 0; i < BLOCK; i++)
    block[i] ^= 0x36;
  digest_after(block, bytes, length, inner);
  for (int i = 0; i < BLOCK; i++)
    block[i] ^= 0x36 ^ 0x5c;
  digest_after(block, inner, sizeof inner, digest);
}
