/* Open-addressing hash table: multiplication, masks, unpredictable loads. */
#include "rounds.h"

enum { SLOTS = 1 << 18, KEYS = 150000 };
static struct { uint64_t key, value; } table[SLOTS];

static uint32_t slot_of(uint64_t key) {
  uint32_t slot = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 46);
  while (table[slot].key != 0 && table[slot].key != key) slot = (slot + 1) & (SLOTS - 1);
  return slot;
}

static uint64_t work(void) {
  memset(table, 0, sizeof table);
  uint64_t sum = 0;
  for (int pass = 0; pass < 24; pass++) {
    random_state = 7;
    for (int i = 0; i < KEYS; i++) {
      uint64_t key = (uint64_t)next_random() << 1 | 1;
      uint32_t slot = slot_of(key);
      table[slot].key = key;
      table[slot].value += (uint64_t)i;
      sum ^= table[slot].value * key;
    }
  }
  return sum;
}
