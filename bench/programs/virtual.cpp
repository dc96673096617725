// Virtual calls over a mix of classes.
#include <memory>
#include <vector>

#include "rounds.h"

namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual uint32_t area(uint32_t scale) const = 0;
  virtual void grow() = 0;
};

struct Square final : Shape {
  uint32_t side;
  explicit Square(uint32_t s) : side(s) {}
  uint32_t area(uint32_t scale) const override { return side * side * scale; }
  void grow() override { side = (side + 1) & 1023; }
};

struct Rectangle final : Shape {
  uint32_t width, height;
  Rectangle(uint32_t w, uint32_t h) : width(w), height(h) {}
  uint32_t area(uint32_t scale) const override { return width * height * scale; }
  void grow() override { width = (width + 3) & 1023; }
};

struct Triangle final : Shape {
  uint32_t base, height;
  Triangle(uint32_t b, uint32_t h) : base(b), height(h) {}
  uint32_t area(uint32_t scale) const override { return base * height / 2 * scale; }
  void grow() override { height ^= base; }
};

std::unique_ptr<Shape> make(uint32_t r) {
  uint32_t a = r >> 8 & 1023, b = r >> 18 & 1023;
  if (r % 3 == 0) return std::make_unique<Square>(a);
  if (r % 3 == 1) return std::make_unique<Rectangle>(a, b);
  return std::make_unique<Triangle>(a, b);
}

}  // namespace

static uint64_t work(void) {
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 0; i < 1000; i++) shapes.push_back(make(next_random()));
  uint64_t sum = 0;
  for (uint32_t pass = 0; pass < 18000; pass++) {
    for (auto &shape : shapes) {
      sum += shape->area(pass);
      shape->grow();
    }
  }
  return sum;
}
