/* Gravitation among five bodies: scalar doubles, square roots, divisions. */
#include <math.h>

#include "rounds.h"

enum { BODIES = 5 };
struct body { double x, y, z, vx, vy, vz, mass; };

static void advance(struct body *bodies, double dt) {
  for (int i = 0; i < BODIES; i++) {
    struct body *p = &bodies[i];
    for (int j = i + 1; j < BODIES; j++) {
      struct body *q = &bodies[j];
      double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
      double squared = dx * dx + dy * dy + dz * dz + 0.01;
      double force = dt / (squared * sqrt(squared));
      p->vx -= dx * q->mass * force, p->vy -= dy * q->mass * force, p->vz -= dz * q->mass * force;
      q->vx += dx * p->mass * force, q->vy += dy * p->mass * force, q->vz += dz * p->mass * force;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    struct body *p = &bodies[i];
    p->x += dt * p->vx, p->y += dt * p->vy, p->z += dt * p->vz;
  }
}

static uint64_t work(void) {
  struct body bodies[BODIES];
  for (int i = 0; i < BODIES; i++) {
    bodies[i] = (struct body){i * 3.0, 7.0 - i * i, 0.5 * i, 0.1 * i, 0.3 - 0.1 * i, 0.05, i == 0 ? 40.0 : 0.1 * i};
  }
  for (int i = 0; i < 700000; i++) advance(bodies, 0.001);
  uint64_t bits;
  memcpy(&bits, &bodies[1].x, sizeof bits);
  return bits;
}
