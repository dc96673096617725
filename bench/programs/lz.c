/* A small LZ77: hash chains of length one, greedy matches; packs and unpacks a text. */
#include "rounds.h"

enum { BYTES = 1 << 20, HASHES = 1 << 14, SHORTEST = 4, LONGEST = 255, WINDOW = 65535 };
static unsigned char text[BYTES], packed[BYTES * 2], again[BYTES];
static uint32_t last_seen[HASHES];

static uint32_t hash_at(const unsigned char *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return word * 2654435761u >> 18;
}

/* A literal is 0 and the byte; a match is its length, then the distance in two bytes. */
static size_t pack(void) {
  size_t out = 0, at = 0;
  memset(last_seen, 0, sizeof last_seen);
  while (at < BYTES) {
    size_t length = 0, from = 0;
    if (at + SHORTEST <= BYTES) {
      uint32_t slot = hash_at(text + at);
      from = last_seen[slot];
      last_seen[slot] = (uint32_t)at;
      if (from < at && at - from <= WINDOW) {
        while (length < LONGEST && at + length < BYTES && text[from + length] == text[at + length]) length++;
      }
    }
    if (length >= SHORTEST) {
      packed[out++] = (unsigned char)length;
      packed[out++] = (unsigned char)(at - from);
      packed[out++] = (unsigned char)((at - from) >> 8);
      at += length;
    } else {
      packed[out++] = 0;
      packed[out++] = text[at++];
    }
  }
  return out;
}

static size_t unpack(size_t bytes) {
  size_t at = 0, in = 0;
  while (in < bytes) {
    size_t length = packed[in++];
    if (length == 0) {
      again[at++] = packed[in++];
      continue;
    }
    size_t distance = packed[in] | (size_t)packed[in + 1] << 8;
    in += 2;
    for (; length > 0; length--, at++) again[at] = again[at - distance];
  }
  return at;
}

static uint64_t work(void) {
  static const char *const words[8] = {"request ", "header ", "body\n", "length: ", "host ", "GET / ", "cache-", "1234 "};
  for (size_t at = 0; at < BYTES;) {
    const char *word = words[next_random() >> 5 & 7];
    while (*word && at < BYTES) text[at++] = (unsigned char)*word++;
    if (at < BYTES && next_random() % 3 == 0) text[at++] = (unsigned char)next_random();
  }
  uint64_t sum = 0;
  for (int pass = 0; pass < 10; pass++) {
    size_t bytes = pack();
    if (unpack(bytes) != BYTES || memcmp(text, again, BYTES) != 0) abort();
    sum = sum * 31 + bytes;
  }
  return sum;
}
