// Work of a Go program: maps, sorting, channels between goroutines, JSON, regular expressions, hashing, big numbers.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
)

type record struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Tags  []string `json:"tags"`
	Value float64  `json:"value"`
}

type shape interface{ area() float64 }
type square struct{ side float64 }
type circle struct{ radius float64 }

func (s square) area() float64 { return s.side * s.side }
func (c circle) area() float64 { return 3 * c.radius * c.radius }

func words() int {
	counts := map[string]int{}
	for i := 0; i < 900000; i++ {
		counts["w"+strconv.Itoa(i*7919%20011)] += i % 13
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool {
		if counts[names[a]] != counts[names[b]] {
			return counts[names[a]] < counts[names[b]]
		}
		return names[a] < names[b]
	})
	sum := 0
	for i, name := range names {
		sum = (sum*31 + i*counts[name] + len(name)) % 1000003
	}
	return sum
}

func records() int {
	var list []record
	for i := 0; i < 12000; i++ {
		list = append(list, record{i, fmt.Sprintf("name %d", i*31%977), []string{"a", strconv.Itoa(i % 7)}, float64(i) * 0.25})
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	var back []record
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	found := regexp.MustCompile(`name (\d+)5\b`).FindAllSubmatch(text, -1)
	hash := sha256.Sum256(bytes.Repeat(text, 8))
	return len(back) + len(found) + int(hash[0])
}

func channels() int {
	jobs, results := make(chan int, 16), make(chan int, 16)
	var group sync.WaitGroup
	for w := 0; w < 4; w++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range jobs {
				sum := 0
				for i := 1; i <= n%500; i++ {
					sum += n % i
				}
				results <- sum
			}
		}()
	}
	go func() {
		for i := 0; i < 60000; i++ {
			jobs <- i
		}
		close(jobs)
		group.Wait()
		close(results)
	}()
	total := 0
	for r := range results {
		total += r
	}
	return total
}

func shapes() float64 {
	var all []shape
	for i := 0; i < 1000; i++ {
		if i%3 == 0 {
			all = append(all, circle{float64(i)})
		} else {
			all = append(all, square{float64(i)})
		}
	}
	sum := 0.0
	for round := 0; round < 6000; round++ {
		for _, s := range all {
			sum += s.area()
		}
	}
	return sum
}

func factorial(n int64) string {
	product := big.NewInt(1)
	for i := int64(2); i <= n; i++ {
		product.Mul(product, big.NewInt(i))
	}
	return product.String()
}

func main() {
	for round := 0; round < 4; round++ {
		digits := factorial(4000)
		upper := strings.ToUpper(strings.Repeat("lorem ipsum ", 100000))
		fmt.Fprintln(os.Stdout, words(), records(), channels(), shapes(), len(digits), digits[:9], strings.Count(upper, "SUM"))
	}
}
