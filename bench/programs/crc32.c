/* CRC-32 by table: a chain of dependent loads. */
#include "rounds.h"

static uint32_t table[256];
static unsigned char buffer[1 << 20];

static uint64_t work(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
  for (unsigned i = 0; i < sizeof buffer; i++) buffer[i] = (unsigned char)next_random();
  uint32_t crc = ~0u;
  for (int pass = 0; pass < 40; pass++) {
    for (unsigned i = 0; i < sizeof buffer; i++) crc = crc >> 8 ^ table[(crc ^ buffer[i]) & 255];
  }
  return ~crc;
}
