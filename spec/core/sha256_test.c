/*
** SHA-256: the digests that FIPS 180-4's examples have, a million letters, and every length around the ends of blocks.
*/
#include "base/sha256.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

#define HEX_SIZE (2 * LOOM_SHA256_SIZE + 1)

static void write_hex(char hex[HEX_SIZE], const unsigned char digest[LOOM_SHA256_SIZE]) {
  for (int i = 0; i < LOOM_SHA256_SIZE; i++)
    snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void put_hex(char hex[HEX_SIZE], const void *bytes, size_t length) {
  unsigned char digest[LOOM_SHA256_SIZE];
  loom_sha256(bytes, length, digest);
  write_hex(hex, digest);
}

static void digests_are_those_of_the_examples(void **state) {
  (void)state;
  static const struct {
    const char *text, *digest;
  } examples[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  char hex[HEX_SIZE];
  for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
    put_hex(hex, examples[i].text, strlen(examples[i].text));
    assert_string_equal(hex, examples[i].digest);
  }
}

static void a_million_letters(void **state) {
  (void)state;
  static char text[1000000];
  char hex[HEX_SIZE];
  memset(text, 'a', sizeof text);
  put_hex(hex, text, sizeof text);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths at which the end needs another block: digests of digests, so that one stands for all of them. The
** expected one is Python's hashlib's. */
static void every_length_up_to_three_blocks(void **state) {
  (void)state;
  unsigned char text[192];
  unsigned char digests[sizeof text + 1][LOOM_SHA256_SIZE];
  char hex[HEX_SIZE];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (unsigned char)(i * 7);
  for (size_t length = 0; length <= sizeof text; length++)
    loom_sha256(text, length, digests[length]);
  put_hex(hex, digests, sizeof digests);
  assert_string_equal(hex, "f7de515a7bd64de06cd0cfdbb0da87ce309206d794f2c683477993c391e25258");
}

/* Test cases 1, 2 and 6 of RFC 4231: a short key, a text for a key that is one, a key longer than a block. */
static void signatures_are_those_of_rfc_4231(void **state) {
  (void)state;
  char filled[2][131];
  memset(filled[0], 0x0b, sizeof filled[0]);
  memset(filled[1], 0xaa, sizeof filled[1]);
  const struct {
    const char *key;
    size_t length;
    const char *text, *digest;
  } cases[] = {
      {filled[0], 20, "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", 4, "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {filled[1], 131, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char digest[LOOM_SHA256_SIZE];
    char hex[HEX_SIZE];
    loom_hmac_sha256(cases[i].key, cases[i].length, cases[i].text, strlen(cases[i].text), digest);
    write_hex(hex, digest);
    assert_string_equal(hex, cases[i].digest);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digests_are_those_of_the_examples),
      cmocka_unit_test(a_million_letters),
      cmocka_unit_test(signatures_are_those_of_rfc_4231),
      cmocka_unit_test(every_length_up_to_three_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
