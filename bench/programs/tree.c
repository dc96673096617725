/* Binary trees built and thrown away: malloc and free, pointer chasing. */
#include "rounds.h"

struct node { struct node *left, *right; uint32_t value; };

static struct node *build(int depth) {
  struct node *n = malloc(sizeof *n);
  n->value = next_random() & 255;
  n->left = depth > 0 ? build(depth - 1) : NULL;
  n->right = depth > 0 ? build(depth - 1) : NULL;
  return n;
}

static uint64_t fold(const struct node *n) { return n ? fold(n->left) * 3 + n->value + fold(n->right) : 1; }

static void release(struct node *n) {
  if (n == NULL) return;
  release(n->left);
  release(n->right);
  free(n);
}

static uint64_t work(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 30; i++) {
    struct node *root = build(15);
    sum += fold(root);
    release(root);
  }
  return sum;
}
